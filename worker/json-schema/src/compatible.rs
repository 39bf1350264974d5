//! Whether what is written by one schema can be read by another: the check of `latest.compatibility.strict` and
//! `id.compatibility.strict`.
//!
//! Java compares the two texts keyword by keyword (`SchemaDiff`); here it is what each means in Connect.

use sluice_plugin::model::{Schema, Type};

/// Looks for a part that is written but means something else, or nothing, to readers of `other`.
///
/// # Errors
/// The place as a JSON pointer, and what differs there.
pub(crate) fn check(own: &Schema, other: &Schema) -> Result<(), String> {
    differs(own, other).map_err(|error| {
        format!(
            "The schema of the registry is not compatible: value{error}. Register the schema of the record, or set \
             latest.compatibility.strict or id.compatibility.strict to false"
        )
    })
}

fn differs(own: &Schema, other: &Schema) -> Result<(), String> {
    let at = |name: &str| {
        let name = name.to_owned();
        move |error: String| format!("/{name}{error}")
    };
    if own.optional && !other.optional {
        return Err(" may be null, but not there".to_owned());
    }
    match (&own.r#type, &other.r#type) {
        (Type::Struct(fields), Type::Struct(_)) => {
            for field in fields {
                let known = other.field_index(&field.name).map(|it| &other.fields()[it].schema);
                let known = known.ok_or_else(|| format!("/{} does not exist there", field.name))?;
                differs(&field.schema, known).map_err(at(&field.name))?;
            }
            Ok(())
        }
        (Type::Array(own), Type::Array(other)) => differs(own, other).map_err(at("items")),
        (Type::Map(own_keys, own), Type::Map(other_keys, other)) => {
            differs(own_keys, other_keys).map_err(at("key"))?;
            differs(own, other).map_err(at("value"))
        }
        (own, other) if sort(own) == sort(other) || sort(own) == 0 && sort(other) == 1 => Ok(()),
        _ => Err(format!(" is {} there, and not {}", other.type_name(), own.type_name())),
    }
}

/// Types that are one in JSON Schema; an integer is a number as well.
const fn sort(r#type: &Type) -> u8 {
    match r#type {
        Type::Int8 | Type::Int16 | Type::Int32 | Type::Int64 => 0,
        Type::Float32 | Type::Float64 => 1,
        Type::Boolean => 2,
        // Bytes are texts in Base64.
        Type::String | Type::Bytes => 3,
        Type::Array(_) => 4,
        Type::Map(..) => 5,
        Type::Struct(_) => 6,
        Type::Untyped => 7,
    }
}

#[cfg(test)]
mod tests {
    use sluice_plugin::model::{Field, SchemaRef};

    use super::*;

    fn row(fields: &[(&str, Schema)]) -> Schema {
        let field = |(name, schema): &(&str, Schema)| Field {
            name: (*name).into(),
            schema: SchemaRef::new(schema.clone()),
        };
        Schema::required(Type::Struct(fields.iter().map(field).collect()))
    }

    #[test]
    fn what_readers_would_not_know_is_named() {
        let (text, int) = (Schema::required(Type::String), Schema::required(Type::Int32));
        let own = row(&[("a", int.clone())]);
        for (other, expected) in [
            (row(&[("a", int)]), None),
            (row(&[("b", text.clone()), ("a", Schema::required(Type::Float64))]), None),
            (row(&[("a", Schema::optional(Type::Int64))]), None),
            (row(&[("b", text.clone())]), Some("value/a does not exist there")),
            (row(&[("a", text.clone())]), Some("value/a is STRING there, and not INT32")),
            (text, Some("value is STRING there, and not STRUCT")),
        ] {
            let found = check(&own, &other).err();
            match expected {
                None => assert_eq!(found, None),
                Some(expected) => assert!(found.unwrap().contains(expected)),
            }
        }
        let optional = row(&[("a", Schema::optional(Type::Int32))]);
        assert!(check(&optional, &own).unwrap_err().contains("value/a may be null"));
    }
}
