//! Words that only this converter's schemas have (`io.confluent.connect.json.JsonSchemaData`).

use sluice_plugin::model::{Schema, Type};

use crate::Options;

/// Parameters that begin so are this converter's own, and not registered.
pub(crate) const NAMESPACE: &str = "io.confluent.connect.json";
pub(crate) const ID: &str = "io.confluent.connect.json.Id";
pub(crate) const ENUM: &str = "io.confluent.connect.json.Enum";
pub(crate) const ONE_OF: &str = "io.confluent.connect.json.OneOf";
/// Parameters of sums (`ConnectUnion`, `ConnectEnum`).
pub(crate) const SUM_UNION: &str = "org.apache.kafka.connect.data.Union";
pub(crate) const SUM_ENUM: &str = "org.apache.kafka.connect.data.Enum";
/// Stands for null among the symbols of an enum.
pub(crate) const NULL_SYMBOL: &str = "<NULL>";

pub(crate) const TYPE: &str = "connect.type";
pub(crate) const VERSION: &str = "connect.version";
pub(crate) const PARAMETERS: &str = "connect.parameters";
pub(crate) const INDEX: &str = "connect.index";
/// `connect.type` of maps.
pub(crate) const MAP: &str = "map";
/// `connect.type` of bytes.
pub(crate) const BYTES: &str = "bytes";
/// Members of an entry of a map whose keys are no names.
pub(crate) const KEY: &str = "key";
pub(crate) const VALUE: &str = "value";

/// Whether a struct stands for a union, each field for one of its types.
pub(crate) fn is_union(schema: &Schema) -> bool {
    matches!(schema.r#type, Type::Struct(_))
        && (schema.name.as_deref() == Some(ONE_OF) || schema.parameters.get(SUM_UNION).is_some())
}

/// The parameter that lists the symbols of a text, if it is an enum.
pub(crate) fn enum_parameter(schema: &Schema, options: &Options) -> Option<&'static str> {
    let is_enum = matches!(schema.r#type, Type::String)
        && [SUM_ENUM, ENUM].into_iter().any(|it| schema.parameters.get(it).is_some());
    is_enum.then_some(if options.sums { SUM_ENUM } else { ENUM })
}

/// Whether the map is an object of JSON: its keys are names. Any other is a list of entries.
pub(crate) fn has_names(keys: &Schema) -> bool {
    matches!(keys.r#type, Type::String) && !keys.optional
}
