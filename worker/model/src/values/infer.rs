//! The schema of a value that comes without one (`Values.inferSchema`).

use crate::{Schema, SchemaRef, Type, Value};

use super::{ValuesError, parse::untyped};

/// The schema of a value; none of null, of logical types, and of arrays and maps that are empty or mixed. What arrays
/// and maps hold is told by its type alone.
pub fn infer_schema(value: &Value) -> Result<Option<SchemaRef>, ValuesError> {
    let r#type = match value {
        Value::Null | Value::Date(_) | Value::Decimal(_) => return Ok(None),
        Value::Int8(_) => Type::Int8,
        Value::Int16(_) => Type::Int16,
        Value::Int32(_) => Type::Int32,
        Value::Int64(_) => Type::Int64,
        Value::Float32(_) => Type::Float32,
        Value::Float64(_) => Type::Float64,
        Value::Boolean(_) => Type::Boolean,
        Value::String(_) => Type::String,
        Value::Bytes(_) => Type::Bytes,
        Value::Struct(row) => return Ok(Some(row.schema().clone())),
        Value::Array(items) => {
            let Some(items) = common(items.iter())? else { return Ok(None) };
            Type::Array(items)
        }
        Value::Map(entries) => {
            let (mut keys, mut values) = (Detector::default(), Detector::default());
            for (key, value) in entries {
                if !keys.detects(key)? || !values.detects(value)? {
                    return Ok(None);
                }
            }
            if entries.is_empty() {
                return Ok(None);
            }
            Type::Map(keys.schema()?, values.schema()?)
        }
    };
    Ok(Some(Schema::required(r#type).into()))
}

fn common<'a>(
    items: impl ExactSizeIterator<Item = &'a Value>,
) -> Result<Option<SchemaRef>, ValuesError> {
    if items.len() == 0 {
        return Ok(None);
    }
    let mut detector = Detector::default();
    for item in items {
        if !detector.detects(item)? {
            return Ok(None);
        }
    }
    detector.schema().map(Some)
}

/// The one type of many values (`Values.SchemaDetector`).
#[derive(Default)]
struct Detector {
    known: Option<Type>,
    optional: bool,
}

impl Detector {
    /// Whether the value is null or of the same type as those before it.
    fn detects(&mut self, value: &Value) -> Result<bool, ValuesError> {
        if value.is_null() {
            self.optional = true;
            return Ok(true);
        }
        let Some(schema) = infer_schema(value)? else { return Ok(false) };
        // Of what has parts, Java takes the bare type.
        let bare = match &schema.r#type {
            Type::Array(_) => Type::Array(untyped()),
            Type::Map(..) => Type::Map(untyped(), untyped()),
            Type::Struct(_) => Type::Struct(Vec::new()),
            other => other.clone(),
        };
        Ok(*self.known.get_or_insert_with(|| bare.clone()) == bare)
    }

    fn schema(self) -> Result<SchemaRef, ValuesError> {
        let r#type = self.known.ok_or(ValuesError::AllNull)?;
        Ok(Schema { optional: self.optional, ..Schema::required(r#type) }.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_uniform_has_a_schema() {
        let array = |items: &[Value]| infer_schema(&Value::Array(items.to_vec()));
        let of = |r#type| Ok(Some(Schema::required(Type::Array(SchemaRef::new(r#type))).into()));
        let (one, text) = (Value::Int8(1), Value::from("a"));
        assert_eq!(array(&[one.clone(), Value::Int8(2)]), of(Schema::required(Type::Int8)));
        assert_eq!(array(&[one.clone(), Value::Null]), of(Schema::optional(Type::Int8)));
        assert_eq!(array(&[one, text]), Ok(None));
        assert_eq!(array(&[]), Ok(None));
        assert_eq!(array(&[Value::Null]), Err(ValuesError::AllNull));
        assert_eq!(infer_schema(&Value::Date(0)), Ok(None));
    }
}
