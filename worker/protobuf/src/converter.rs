//! `ProtobufConverter`: values as Protobuf, with their schemas in a registry.

use sluice_plugin::{
    Converter, ConverterFactory, ConverterRole, Error, Properties, Result,
    config::{Config, ConfigDef},
    converter_type,
};
use sluice_registry::{RegistryConverter, RegistrySettings};

use crate::codec::ProtobufCodec;
use crate::options::MappingOptions;

/// `io.confluent.connect.protobuf.ProtobufConverter`.
pub struct ProtobufConverter;

#[derive(Config)]
#[allow(clippy::struct_excessive_bools, reason = "each is a key of its own")]
struct Settings {
    /// Schemas that are kept ready in each direction.
    #[config(key = "schemas.cache.config", default = "1000", min = 1, importance = Low)]
    cache_size: usize,
    /// Whether schemas in Connect have the full names of messages, with their packages.
    #[config(key = "enhanced.protobuf.schema.support", default = "false")]
    full_names: bool,
    /// Whether what is not allowed in names of Protobuf is replaced; otherwise such a name is an error.
    #[config(key = "scrub.invalid.names", default = "false")]
    scrub_names: bool,
    /// Whether enums are integers in Connect, and not texts.
    #[config(key = "int.for.enums", default = "false")]
    int_for_enums: bool,
    /// Whether fields that may be null have the label `optional`, so that null stays apart from zero.
    #[config(key = "optional.for.nullables", default = "false")]
    optional_for_nullables: bool,
    /// Whether optional fields of proto2 files that are not there are null.
    #[config(key = "optional.for.proto2", default = "true")]
    optional_for_proto2: bool,
    /// Whether fields that may be null are messages such as `google.protobuf.Int32Value`.
    #[config(key = "wrapper.for.nullables", default = "false")]
    wrapper_for_nullables: bool,
    /// Whether a message such as `google.protobuf.Int32Value` is a plain value in Connect.
    #[config(key = "wrapper.for.raw.primitives", default = "true")]
    wrapper_for_raw_primitives: bool,
    /// Whether fields that are not there get the values of an empty message, and not null.
    #[config(key = "generate.struct.for.nulls", default = "false")]
    struct_for_nulls: bool,
    /// Whether the name of a union's field ends with an underscore and the index of the union.
    #[config(key = "generate.index.for.unions", default = "true")]
    index_for_unions: bool,
    /// Whether the members of a union are fields of the struct itself.
    #[config(key = "flatten.unions", default = "false")]
    flatten_unions: bool,
    /// Whether unions and enums are named as in all formats alike.
    #[config(key = "generalized.sum.type.support", default = "false")]
    generalized_sum_types: bool,
    /// Whether null stays null where the schema has a default.
    #[config(key = "ignore.default.for.nullables", default = "false")]
    ignore_default: bool,
}

impl Settings {
    const fn options(&self) -> MappingOptions {
        MappingOptions {
            full_names: self.full_names,
            scrub_names: self.scrub_names,
            int_for_enums: self.int_for_enums,
            optional_for_nullables: self.optional_for_nullables,
            optional_for_proto2: self.optional_for_proto2,
            wrapper_for_nullables: self.wrapper_for_nullables,
            wrapper_for_raw_primitives: self.wrapper_for_raw_primitives,
            struct_for_nulls: self.struct_for_nulls,
            index_for_unions: self.index_for_unions,
            flatten_unions: self.flatten_unions,
            generalized_sum_types: self.generalized_sum_types,
            ignore_default: self.ignore_default,
        }
    }
}

impl ConverterFactory for ProtobufConverter {
    fn name(&self) -> &'static str {
        "io.confluent.connect.protobuf.ProtobufConverter"
    }

    fn kinds(&self) -> &'static [sluice_plugin::PluginType] {
        &[sluice_plugin::PluginType::Converter]
    }

    fn definition(&self) -> ConfigDef {
        let own = Settings::definition().keys;
        ConfigDef { keys: [vec![converter_type()], RegistrySettings::keys(), own].concat() }
    }

    fn create(&self, settings: &Properties, role: ConverterRole) -> Result<Box<dyn Converter>> {
        let registry_settings = RegistrySettings::read(settings, role)?;
        let own = Settings::parse(settings).map_err(|report| Error::fatal(report.to_string()))?;
        let codec =
            ProtobufCodec { options: own.options(), is_strict: registry_settings.is_strict() };
        Ok(Box::new(RegistryConverter::open(codec, &registry_settings, own.cache_size)?))
    }
}
