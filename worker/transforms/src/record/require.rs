//! What a transform asks of the data that it is given (`org.apache.kafka.connect.transforms.util.Requirements`).

use bytestring::ByteString;
use sluice_plugin::{
    Error, Result,
    model::{Invalid, SchemaRef, Struct, Value},
};

/// Entries of a map.
pub(crate) type Entries = Vec<(Value, Value)>;

/// The entries of a map without a schema.
pub(crate) fn map<'a>(value: &'a mut Value, purpose: &str) -> Result<&'a mut Entries> {
    match value {
        Value::Map(entries) => Ok(entries),
        other => Err(Error::bad_record(format!(
            "Only Map objects supported in absence of schema for [{purpose}], found: {}",
            other.java_class()
        ))),
    }
}

/// A row, of whatever schema.
pub(crate) fn row<'a>(value: &'a mut Value, purpose: &str) -> Result<&'a mut Struct> {
    match value {
        Value::Struct(row) => Ok(row),
        other => Err(no_row(other, purpose)),
    }
}

/// A row of the schema that the record has beside it. Plans for the schema rely on that.
pub(crate) fn row_of<'a>(
    value: &'a mut Value,
    schema: &SchemaRef,
    purpose: &str,
) -> Result<&'a mut Struct> {
    let row = row(value, purpose)?;
    if row.schema() == schema {
        return Ok(row);
    }
    Err(Error::bad_record("Struct schemas do not match."))
}

/// The error for what is no row.
pub(crate) fn no_row(value: &Value, purpose: &str) -> Error {
    Error::bad_record(format!(
        "Only Struct objects supported for [{purpose}], found: {}",
        value.java_class()
    ))
}

/// The name that a key of a map without a schema is.
pub(crate) fn text_key(key: &Value) -> Result<&ByteString> {
    match key {
        Value::String(text) => Ok(text),
        other => Err(class_cast(other, "java.lang.String")),
    }
}

/// Java's error for an object of another class than expected.
pub(crate) fn class_cast(value: &Value, class: &str) -> Error {
    let found = value.java_class();
    let modules = if matches!(value, Value::Struct(_)) {
        format!("{found} is in unnamed module of loader 'app'; {class} is")
    } else {
        format!("{found} and {class} are")
    };
    Error::bad_record(format!(
        "class {found} cannot be cast to class {class} ({modules} in module java.base of loader 'bootstrap')"
    ))
    .named("java.lang.ClassCastException")
}

/// The error for a value that does not fit its schema.
pub(crate) fn invalid(error: &Invalid) -> Error {
    Error::bad_record(error.to_string())
}
