//! The one list of built-in plugins, and how users' names find them.

mod names;
#[cfg(test)]
mod reference;

use std::sync::Arc;

use sluice_avro::AvroConverter;
use sluice_connector_datagen::Datagen;
use sluice_connector_file::{FileStreamSink, FileStreamSource};
use sluice_connector_null::{LoadSource, NullSink};
use sluice_connector_tools::{
    MockSink, MockSource, SchemaSource, VerifiableSink, VerifiableSource,
};
use sluice_converters::{
    BooleanConverter, ByteArrayConverter, DoubleConverter, FloatConverter, IntegerConverter,
    JsonConverter, LongConverter, ShortConverter, SimpleHeaderConverter, StringConverter,
};
use sluice_jdbc::{
    AivenJdbcSink, AivenJdbcSource, ConfluentJdbcSink, DebeziumJdbcSink, JdbcSource,
};
use sluice_json_schema::JsonSchemaConverter;
use sluice_plugin::{
    AnySinkConnector, AnySourceConnector, ConnectorPlugin, ConverterFactory, ConverterPlugin,
    PluginType, Predicate, PredicatePlugin, Transform, TransformPlugin,
};
use sluice_protobuf::ProtobufConverter;
use sluice_transforms::{
    Cast, DropHeaders, ExtractField, Filter, Flatten, HasHeaderKey, HeaderFrom, HoistField,
    InsertField, InsertHeader, MaskField, OfPart, OnKey, OnValue, RecordIsTombstone, RegexRouter,
    ReplaceField, SetSchemaMetadata, TimestampConverter, TimestampRouter, TopicNameMatches,
    ValueToKey,
};

use names::Names;

/// Every plugin that this build has.
pub fn builtin() -> Catalog {
    Catalog::default()
        .sink(AivenJdbcSink)
        .sink(ConfluentJdbcSink)
        .sink(DebeziumJdbcSink)
        .sink(FileStreamSink)
        .sink(MockSink)
        .sink(NullSink)
        .sink(VerifiableSink)
        .source(AivenJdbcSource)
        .source(Datagen)
        .source(FileStreamSource)
        .source(JdbcSource)
        .source(LoadSource)
        .source(MockSource)
        .source(SchemaSource)
        .source(VerifiableSource)
        .converter(AvroConverter)
        .converter(BooleanConverter::NEW)
        .converter(ByteArrayConverter)
        .converter(DoubleConverter::NEW)
        .converter(FloatConverter::NEW)
        .converter(IntegerConverter::NEW)
        .converter(JsonConverter)
        .converter(JsonSchemaConverter)
        .converter(LongConverter::NEW)
        .converter(ProtobufConverter)
        .converter(ShortConverter::NEW)
        .converter(SimpleHeaderConverter)
        .converter(StringConverter)
        .transforms()
}

impl Catalog {
    /// The transforms and predicates of Apache Kafka Connect.
    fn transforms(self) -> Self {
        self.of_part::<Cast>()
            .of_part::<ExtractField>()
            .of_part::<Flatten>()
            .of_part::<HeaderFrom>()
            .of_part::<HoistField>()
            .of_part::<InsertField>()
            .of_part::<MaskField>()
            .of_part::<ReplaceField>()
            .of_part::<SetSchemaMetadata>()
            .of_part::<TimestampConverter>()
            .transform::<DropHeaders>()
            .transform::<Filter>()
            .transform::<InsertHeader>()
            .transform::<RegexRouter>()
            .transform::<TimestampRouter>()
            .transform::<ValueToKey>()
            .predicate::<HasHeaderKey>()
            .predicate::<RecordIsTombstone>()
            .predicate::<TopicNameMatches>()
    }

    /// A transform for keys and for values.
    fn of_part<T: OfPart>(self) -> Self {
        self.transform::<OnKey<T>>().transform::<OnValue<T>>()
    }
}

/// Plugins by the names that users write: full class name, simple name, or simple name without its suffix.
#[derive(Default)]
pub struct Catalog {
    connectors: Names<ConnectorPlugin>,
    converters: Names<ConverterPlugin>,
    transforms: Names<TransformPlugin>,
    predicates: Names<PredicatePlugin>,
    listed: Vec<Listed>,
}

/// A plugin as `GET /connector-plugins` lists it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Kind; plugins are listed in the order of the kinds.
    pub r#type: PluginType,
    /// Full class name.
    pub class: &'static str,
    /// Version.
    pub version: &'static str,
}

impl Catalog {
    /// Adds a source.
    ///
    /// # Panics
    /// If another connector has its name: a mistake of the build, which its own test finds.
    #[must_use]
    pub fn source(mut self, plugin: impl AnySourceConnector + 'static) -> Self {
        let (class, version) = (plugin.name(), plugin.version());
        self.connectors.add(class, "Connector", ConnectorPlugin::Source(Arc::new(plugin)));
        self.list(PluginType::Source, class, version)
    }

    /// Adds a sink.
    ///
    /// # Panics
    /// If another connector has its name: a mistake of the build, which its own test finds.
    #[must_use]
    pub fn sink(mut self, plugin: impl AnySinkConnector + 'static) -> Self {
        let (class, version) = (plugin.name(), plugin.version());
        self.connectors.add(class, "Connector", ConnectorPlugin::Sink(Arc::new(plugin)));
        self.list(PluginType::Sink, class, version)
    }

    /// Adds a converter.
    ///
    /// # Panics
    /// If another converter has its name: a mistake of the build, which its own test finds.
    #[must_use]
    pub fn converter(mut self, plugin: impl ConverterFactory + 'static) -> Self {
        let (class, version, kinds) = (plugin.name(), plugin.version(), plugin.kinds());
        // Java cuts the name of the kind off: what serves headers alone has it longer.
        let is_converter = kinds.contains(&PluginType::Converter);
        let suffix = if is_converter { "Converter" } else { "HeaderConverter" };
        self.converters.add(class, suffix, Arc::new(plugin));
        let list = |it: Self, kind: &PluginType| it.list(*kind, class, version);
        kinds.iter().fold(self, list)
    }

    /// Adds a transform.
    ///
    /// # Panics
    /// If another transform has its name: a mistake of the build, which its own test finds.
    #[must_use]
    pub fn transform<T: Transform>(mut self) -> Self {
        let plugin = TransformPlugin::of::<T>();
        self.transforms.add(plugin.name, "Transformation", plugin);
        self.list(PluginType::Transformation, plugin.name, plugin.version)
    }

    /// Adds a predicate.
    ///
    /// # Panics
    /// If another predicate has its name: a mistake of the build, which its own test finds.
    #[must_use]
    pub fn predicate<P: Predicate>(mut self) -> Self {
        let plugin = PredicatePlugin::of::<P>();
        self.predicates.add(plugin.name, "Predicate", plugin);
        self.list(PluginType::Predicate, plugin.name, plugin.version)
    }

    fn list(mut self, r#type: PluginType, class: &'static str, version: &'static str) -> Self {
        self.listed.push(Listed { r#type, class, version });
        self.listed.sort();
        self
    }

    /// All plugins in the order in which the REST API lists them.
    pub fn list_all(&self) -> &[Listed] {
        &self.listed
    }

    /// The connector that users mean by `class`.
    pub fn connector(&self, class: &str) -> Option<&ConnectorPlugin> {
        self.connectors.find(class)
    }

    /// The converter or header converter that users mean by `class`; its kinds say which of them it is.
    pub fn converter_named(&self, class: &str) -> Option<&ConverterPlugin> {
        self.converters.find(class)
    }

    /// The transform that users mean by `class`.
    pub fn transform_named(&self, class: &str) -> Option<&TransformPlugin> {
        self.transforms.find(class)
    }

    /// The predicate that users mean by `class`.
    pub fn predicate_named(&self, class: &str) -> Option<&PredicatePlugin> {
        self.predicates.find(class)
    }

    /// Java's words for a class that is no connector here.
    pub fn unknown_connector(&self, class: &str) -> String {
        let describe = |it: &Listed| {
            let kind = if it.r#type == PluginType::Source { "source" } else { "sink" };
            format!(
                "PluginDesc{{klass=class {class}, name='{class}', version='{version}', encodedVersion={version}, \
                 type={kind}, typeName='{kind}', location='classpath'}}",
                class = it.class,
                version = it.version,
            )
        };
        let is_connector =
            |it: &&Listed| matches!(it.r#type, PluginType::Source | PluginType::Sink);
        let known: Vec<String> = self.listed.iter().filter(is_connector).map(describe).collect();
        format!(
            "Failed to find any class that implements Connector and which name matches {class}, available connectors \
             are: {}",
            known.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugins_are_found_by_all_their_names() {
        let catalog = builtin();
        for name in [
            "org.apache.kafka.connect.file.FileStreamSinkConnector",
            "FileStreamSinkConnector",
            "FileStreamSink",
            "FileStreamSource",
            "io.confluent.kafka.connect.datagen.DatagenConnector",
            "Datagen",
            "NullSink",
        ] {
            assert!(catalog.connector(name).is_some(), "{name}");
        }
        for name in ["org.apache.kafka.connect.json.JsonConverter", "JsonConverter", "Json"] {
            assert!(catalog.converter_named(name).is_some(), "{name}");
        }
        assert!(catalog.connector("Json").is_none());
        assert!(catalog.unknown_connector("x").starts_with(
            "Failed to find any class that implements Connector and which name matches x, available connectors are: \
             PluginDesc{klass=class "
        ));
    }

    #[test]
    fn converters_serve_headers_as_java_s_do() {
        let catalog = builtin();
        let listed = |kind| {
            let listed = catalog.list_all().iter().filter(move |it| it.r#type == kind);
            listed.map(|it| it.class.rsplit('.').next().unwrap_or_default()).collect::<Vec<_>>()
        };
        let both = [
            "BooleanConverter",
            "ByteArrayConverter",
            "DoubleConverter",
            "FloatConverter",
            "IntegerConverter",
            "LongConverter",
            "ShortConverter",
            "JsonConverter",
            "StringConverter",
        ];
        // They keep their schemas in a registry under the subject of keys or values, of which headers have none.
        let registered = ["AvroConverter", "JsonSchemaConverter", "ProtobufConverter"];
        assert_eq!(listed(PluginType::Converter), [&registered[..], &both].concat());
        let headers = [&both[..8], &["SimpleHeaderConverter"], &both[8..]].concat();
        assert_eq!(listed(PluginType::HeaderConverter), headers);
    }
}
