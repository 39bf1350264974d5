//! What settings say about the mapping between Connect and Protobuf (`ProtobufDataConfig`).

/// The choices of a mapping, named by their keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key that users set")]
pub struct MappingOptions {
    /// `enhanced.protobuf.schema.support`: full names in Connect schemas.
    pub full_names: bool,
    /// `scrub.invalid.names`.
    pub scrub_names: bool,
    /// `int.for.enums`.
    pub int_for_enums: bool,
    /// `optional.for.nullables`.
    pub optional_for_nullables: bool,
    /// `optional.for.proto2`.
    pub optional_for_proto2: bool,
    /// `wrapper.for.nullables`.
    pub wrapper_for_nullables: bool,
    /// `wrapper.for.raw.primitives`.
    pub wrapper_for_raw_primitives: bool,
    /// `generate.struct.for.nulls`.
    pub struct_for_nulls: bool,
    /// `generate.index.for.unions`.
    pub index_for_unions: bool,
    /// `flatten.unions`.
    pub flatten_unions: bool,
    /// `generalized.sum.type.support`.
    pub generalized_sum_types: bool,
    /// `ignore.default.for.nullables`.
    pub ignore_default: bool,
}

impl Default for MappingOptions {
    /// As Java has them where nothing is set.
    fn default() -> Self {
        Self {
            full_names: false,
            scrub_names: false,
            int_for_enums: false,
            optional_for_nullables: false,
            optional_for_proto2: true,
            wrapper_for_nullables: false,
            wrapper_for_raw_primitives: true,
            struct_for_nulls: false,
            index_for_unions: true,
            flatten_unions: false,
            generalized_sum_types: false,
            ignore_default: false,
        }
    }
}

/// Names of parameters and prefixes of names in Connect schemas.
pub(crate) mod parameter {
    /// The number of a field.
    pub(crate) const TAG: &str = "io.confluent.connect.protobuf.Tag";
    /// The scalar type of a field, where Connect's type does not say it.
    pub(crate) const TYPE: &str = "io.confluent.connect.protobuf.Type";
    /// The name of an enum; with a dot and a name behind it the number of a value.
    pub(crate) const ENUM: &str = "io.confluent.connect.protobuf.Enum";
    /// The same for all formats alike.
    pub(crate) const GENERAL_ENUM: &str = "org.apache.kafka.connect.data.Enum";
    /// What the name of a union's schema begins with; a dot and the name follow.
    pub(crate) const UNION: &str = "io.confluent.connect.protobuf.Union";
    /// The name of a union, for all formats alike.
    pub(crate) const GENERAL_UNION: &str = "org.apache.kafka.connect.data.Union";
    /// Whether a member of a union is a wrapper.
    pub(crate) const WRAPPER: &str = "io.confluent.connect.protobuf.Wrapper";
    /// The precision of a decimal.
    pub(crate) const PRECISION: &str = "connect.decimal.precision";
    /// The scale of a decimal.
    pub(crate) const SCALE: &str = "scale";
}
