//! Values as JSON, their schemas as JSON Schema in a Schema Registry: `io.confluent.connect.json.JsonSchemaConverter`.
//!
//! A schema of Connect becomes the text that Confluent's `JsonSchemaData` registers, member by member in the order of Java's
//! hash maps, so that registries know schemas again whoever registered them. A text of the registry becomes a schema of
//! Connect by the rules of the same class, with its references resolved. For each schema there is a plan, made once: to write
//! values of it, or to read records of a registry's id. JSON itself is read and written by `sluice_converters`.

mod codec;
mod compatible;
mod converter;
mod document;
mod from_connect;
mod json;
mod names;
mod read;
mod to_connect;
mod write;

#[doc(hidden)]
pub use codec::fuzzing;
pub use converter::JsonSchemaConverter;

/// What settings say of the way between the two kinds of schemas.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is a key of its own")]
struct Options {
    /// `object.additional.properties`
    additional: bool,
    /// `use.optional.for.nonrequired`
    optional: bool,
    /// `ignore.modern.dialects`
    old_drafts: bool,
    /// `decimal.format` is NUMERIC
    numeric: bool,
    /// `flatten.singleton.unions`
    flatten: bool,
    /// `generalized.sum.type.support`
    sums: bool,
    /// `ignore.default.for.nullables`
    ignore_default: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            additional: true,
            optional: false,
            old_drafts: false,
            numeric: false,
            flatten: true,
            sums: false,
            ignore_default: false,
        }
    }
}
