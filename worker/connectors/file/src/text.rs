//! The text of a value as Java's `toString` gives it: what the sink writes.

use std::fmt::Write as _;

use sluice_plugin::model::Value;

/// Appends the text of a value.
pub(crate) fn write(out: &mut String, value: &Value) {
    // Writing to a String cannot fail.
    let _ = match value {
        Value::Null => write!(out, "null"),
        Value::Boolean(it) => write!(out, "{it}"),
        Value::Int8(it) => write!(out, "{it}"),
        Value::Int16(it) => write!(out, "{it}"),
        Value::Int32(it) => write!(out, "{it}"),
        Value::Int64(it) => write!(out, "{it}"),
        Value::Float32(it) => write!(out, "{it:?}"),
        Value::Float64(it) => write!(out, "{it:?}"),
        Value::String(it) => write!(out, "{it}"),
        // Java prints the identity of a byte array or buffer, which helps nobody: the bytes as text are what users want.
        Value::Bytes(it) => write!(out, "{}", String::from_utf8_lossy(it)),
        Value::Array(items) => {
            list(out, "[", "]", items.iter(), write);
            Ok(())
        }
        Value::Map(entries) => {
            list(out, "{", "}", entries.iter(), |out, (key, value)| {
                write(out, key);
                out.push('=');
                write(out, value);
            });
            Ok(())
        }
        Value::Struct(row) => {
            let fields = row.schema().fields().iter().zip(row.values());
            // `Struct.toString` leaves out what is null and has no space after its commas.
            out.push_str("Struct{");
            for (index, (field, value)) in fields.filter(|(_, value)| !value.is_null()).enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&field.name);
                out.push('=');
                write(out, value);
            }
            out.push('}');
            Ok(())
        }
    };
}

fn list<T>(out: &mut String, open: &str, close: &str, items: impl Iterator<Item = T>, each: impl Fn(&mut String, T)) {
    out.push_str(open);
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        each(out, item);
    }
    out.push_str(close);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sluice_plugin::model::{Field, Schema, Struct, Type};

    use super::*;

    #[test]
    fn texts_are_those_of_java() {
        let field = |name: &str, r#type| Field { name: name.into(), schema: Arc::new(Schema::optional(r#type)) };
        let schema = Arc::new(Schema::required(Type::Struct(vec![
            field("a", Type::Int32),
            field("b", Type::String),
            field("c", Type::String),
        ])));
        let row = Struct::new(schema, vec![Value::Int32(1), Value::Null, Value::from("x")]);
        for (value, expected) in [
            (Value::from("a b"), "a b"),
            (Value::Float64(1.0), "1.0"),
            (Value::Array(vec![Value::Int64(1), Value::Null]), "[1, null]"),
            (Value::Map(vec![(Value::from("k"), Value::Boolean(true)), (Value::from("l"), Value::Int8(2))]), "{k=true, l=2}"),
            (Value::Struct(row), "Struct{a=1,c=x}"),
        ] {
            let mut text = String::new();
            write(&mut text, &value);
            assert_eq!(text, expected);
        }
    }
}
