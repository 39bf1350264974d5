//! The converter: settings, and the two directions.

use bytes::Bytes;
use sluice_plugin::{
    Converter, ConverterFactory, ConverterRole, Error, PluginType, Properties, RawHeaders, Result,
    config::{Config, ConfigDef},
    converter_type,
    model::{SchemaAndValue, SchemaRef, Value},
};
use sluice_registry::{Registry, RegistrySettings};

use crate::{Options, decoder::Decoder, encoder::Encoder};

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
        let registry = Registry::open(&registry_settings)?;
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
        Ok(Box::new(Avro {
            encoder: Encoder::new(
                registry.clone(),
                &registry_settings,
                options.clone(),
                own.cache_size,
            ),
            decoder: Decoder::new(registry, &registry_settings, options, own.cache_size),
        }))
    }
}

struct Avro {
    encoder: Encoder,
    decoder: Decoder,
}

impl Converter for Avro {
    fn encode(
        &mut self,
        topic: &str,
        schema: Option<&SchemaRef>,
        value: &Value,
    ) -> Result<Option<Bytes>> {
        self.encoder.encode(topic, &mut RawHeaders::new(), schema, value)
    }

    fn encode_with_headers(
        &mut self,
        topic: &str,
        headers: &mut RawHeaders,
        schema: Option<&SchemaRef>,
        value: &Value,
    ) -> Result<Option<Bytes>> {
        self.encoder.encode(topic, headers, schema, value)
    }

    fn decode(&mut self, topic: &str, bytes: Option<Bytes>) -> Result<SchemaAndValue> {
        self.decoder.decode(topic, &RawHeaders::new(), bytes)
    }

    fn decode_with_headers(
        &mut self,
        topic: &str,
        headers: &RawHeaders,
        bytes: Option<Bytes>,
    ) -> Result<SchemaAndValue> {
        self.decoder.decode(topic, headers, bytes)
    }
}
