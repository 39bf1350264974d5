//! The converter and its settings.

use sluice_plugin::{
    Converter, ConverterFactory, ConverterRole, Error, PluginType, Properties, Result,
    config::{Config, ConfigDef},
    converter_type,
};
use sluice_registry::{RegistryConverter, RegistrySettings};

use crate::{Options, codec::AvroCodec};

/// `io.confluent.connect.avro.AvroConverter`.
pub struct AvroConverter;

#[derive(Config)]
#[allow(clippy::struct_excessive_bools, reason = "each is a key of its own")]
struct Settings {
    /// How many schemas are kept ready in each direction.
    #[config(key = "schemas.cache.config", default = "1000", min = 1, importance = Low)]
    cache_size: usize,
    /// Whether texts that stand for symbols are written as enums, and types of unions are named with their namespaces.
    #[config(key = "enhanced.avro.schema.support", default = "false")]
    enhanced: bool,
    /// Whether names that Avro does not take are changed into such that it takes.
    #[config(key = "scrub.invalid.names", default = "false")]
    scrub: bool,
    /// Whether schemas say in `connect.*` properties what Avro has no word for.
    #[config(key = "connect.meta.data", default = "true", importance = Low)]
    metadata: bool,
    /// Whether a map whose keys are texts that may be null is a map of Avro.
    #[config(key = "allow.optional.map.keys", default = "false", importance = Low)]
    optional_keys: bool,
    /// Whether a union of one type is read as that type.
    #[config(key = "flatten.singleton.unions", default = "true", importance = Low)]
    flatten: bool,
    /// Whether unions and enums are as those of Protobuf and JSON Schema.
    #[config(key = "generalized.sum.type.support", default = "false")]
    sums: bool,
    /// Whether null stays null in a field that has a default.
    #[config(key = "ignore.default.for.nullables", default = "false")]
    ignore_default: bool,
}

impl ConverterFactory for AvroConverter {
    fn name(&self) -> &'static str {
        "io.confluent.connect.avro.AvroConverter"
    }

    fn kinds(&self) -> &'static [PluginType] {
        &[PluginType::Converter]
    }

    fn definition(&self) -> ConfigDef {
        let own = Settings::definition().keys;
        ConfigDef { keys: [vec![converter_type()], RegistrySettings::keys(), own].concat() }
    }

    fn create(&self, settings: &Properties, role: ConverterRole) -> Result<Box<dyn Converter>> {
        let discard = settings.get("discard.type.doc.default");
        if discard.is_some_and(|it| it.trim().eq_ignore_ascii_case("true")) {
            return Err(Error::fatal("Configuration discard.type.doc.default is not supported"));
        }
        let registry_settings = RegistrySettings::read(settings, role)?;
        let own = Settings::parse(settings).map_err(|report| Error::fatal(report.to_string()))?;
        let options = Options {
            enhanced: own.enhanced,
            metadata: own.metadata,
            scrub: own.scrub,
            optional_keys: own.optional_keys,
            flatten: own.flatten,
            sums: own.sums,
            ignore_default: own.ignore_default,
        };
        let codec = AvroCodec { options };
        Ok(Box::new(RegistryConverter::open(codec, &registry_settings, own.cache_size)?))
    }
}
