//! The converter and its settings.

use sluice_plugin::{
    Converter, ConverterFactory, ConverterRole, Error, PluginType, Properties, Result,
    config::{Config, ConfigDef},
    converter_type,
};
use sluice_registry::{RegistryConverter, RegistrySettings};

use crate::{Options, codec::JsonSchemaCodec};

/// `io.confluent.connect.json.JsonSchemaConverter`.
pub struct JsonSchemaConverter;

/// Keys of Confluent's that change what is written or read, and that nothing here honours.
const REFUSED: [(&str, &str, &str); 4] = [
    (
        "json.fail.invalid.schema",
        "false",
        "records are not validated against the text of their schema",
    ),
    ("json.indent.output", "false", "JSON is written without white space"),
    (
        "preserve.additional.properties",
        "false",
        "properties that the schema does not name are left out",
    ),
    ("validation.rules.execution", "DISABLED", "rules of schemas are not run"),
];

#[derive(Config)]
#[allow(clippy::struct_excessive_bools, reason = "each is a key of its own")]
struct Settings {
    /// How many schemas are kept ready in each direction.
    #[config(key = "schemas.cache.config", default = "1000", min = 1, importance = Low)]
    cache_size: usize,
    /// Whether objects may have properties that their schemas do not name, as registered schemas say.
    #[config(key = "object.additional.properties", default = "true")]
    additional: bool,
    /// Whether properties that are not required may be null.
    #[config(key = "use.optional.for.nonrequired", default = "false")]
    optional: bool,
    /// Whether schemas of drafts after 7 are read as those of draft 7.
    #[config(key = "ignore.modern.dialects", default = "false", importance = Low)]
    old_drafts: bool,
    /// How decimals are written: as BASE64 of their bytes, or as NUMERIC.
    #[config(key = "decimal.format", default = "BASE64", importance = Low)]
    #[config(one_of_any_case("BASE64", "NUMERIC"))]
    decimal_format: String,
    /// Whether a union of one type is read as that type.
    #[config(key = "flatten.singleton.unions", default = "true", importance = Low)]
    flatten: bool,
    /// Whether unions and enums are as those of Protobuf and Avro.
    #[config(key = "generalized.sum.type.support", default = "false")]
    sums: bool,
    /// Whether null stays null in a field that has a default.
    #[config(key = "ignore.default.for.nullables", default = "false")]
    ignore_default: bool,
}

impl ConverterFactory for JsonSchemaConverter {
    fn name(&self) -> &'static str {
        "io.confluent.connect.json.JsonSchemaConverter"
    }

    fn kinds(&self) -> &'static [PluginType] {
        &[PluginType::Converter]
    }

    fn definition(&self) -> ConfigDef {
        let own = Settings::definition().keys;
        ConfigDef { keys: [vec![converter_type()], RegistrySettings::keys(), own].concat() }
    }

    fn create(&self, settings: &Properties, role: ConverterRole) -> Result<Box<dyn Converter>> {
        for (key, usual, reason) in REFUSED {
            let set = settings.get(key).map(|it| it.trim());
            if set.is_some_and(|it| !it.is_empty() && !it.eq_ignore_ascii_case(usual)) {
                return Err(Error::fatal(format!(
                    "Configuration {key} is not supported: {reason}"
                )));
            }
        }
        let registry_settings = RegistrySettings::read(settings, role)?;
        let own = Settings::parse(settings).map_err(|report| Error::fatal(report.to_string()))?;
        let options = Options {
            additional: own.additional,
            optional: own.optional,
            old_drafts: own.old_drafts,
            numeric: own.decimal_format.eq_ignore_ascii_case("NUMERIC"),
            flatten: own.flatten,
            sums: own.sums,
            ignore_default: own.ignore_default,
        };
        let codec = JsonSchemaCodec::new(options, registry_settings.is_strict());
        Ok(Box::new(RegistryConverter::open(codec, &registry_settings, own.cache_size)?))
    }
}
