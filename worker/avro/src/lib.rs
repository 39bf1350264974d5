//! Values as Avro, their schemas in a Schema Registry: `io.confluent.connect.avro.AvroConverter`.
//!
//! A schema of Connect becomes one of Avro with `connect.*` properties that say what Avro has no word for, byte for byte as
//! Confluent's `AvroData` writes it, so that registries know schemas again whoever registered them. For each schema there is
//! a plan, made once: to write values of it, or to read records of a registry's id. Records of a topic with one schema cost
//! neither a look-up nor a tree in between.

mod codec;
mod connect;
mod converter;
mod derive;
mod json;
mod names;
mod read;
mod schema;
mod write;

#[doc(hidden)]
pub use codec::fuzzing;
pub use converter::AvroConverter;

/// What settings say of the way between the two kinds of schemas.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is a key of its own")]
struct Options {
    /// `enhanced.avro.schema.support`
    enhanced: bool,
    /// `connect.meta.data`
    metadata: bool,
    /// `scrub.invalid.names`
    scrub: bool,
    /// `allow.optional.map.keys`
    optional_keys: bool,
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
            enhanced: false,
            metadata: true,
            scrub: false,
            optional_keys: false,
            flatten: true,
            sums: false,
            ignore_default: false,
        }
    }
}
