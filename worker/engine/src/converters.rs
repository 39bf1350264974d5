//! The three converters of a task: which classes, and with which settings.

use std::sync::Arc;

use bytes::Bytes;
use sluice_plugin::{
    self as plugin, Converter, ConverterRole, Properties,
    model::{ConnectRecord, Header, Headers, SchemaAndValue},
};

pub(crate) use sluice_plugin::RawHeaders;

use crate::{plugins::PluginSource, settings, trace::Failure};

const SIMPLE_HEADER_CONVERTER: &str = "org.apache.kafka.connect.storage.SimpleHeaderConverter";

pub(crate) const JSON_CONVERTER: &str = "org.apache.kafka.connect.json.JsonConverter";

/// A record as bytes, with the number under which the ledger knows it.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) number: u64,
    pub(crate) topic: Arc<str>,
    pub(crate) partition: Option<i32>,
    pub(crate) timestamp: Option<i64>,
    pub(crate) key: Option<Bytes>,
    pub(crate) value: Option<Bytes>,
    pub(crate) headers: RawHeaders,
}

impl Encoded {
    /// What needs no conversion.
    pub(crate) fn of(record: &ConnectRecord) -> Self {
        Self {
            partition: record.partition,
            timestamp: record.timestamp,
            ..Self::empty(Arc::clone(&record.topic))
        }
    }

    /// Bytes of key and value.
    pub(crate) fn size(&self) -> usize {
        self.key.as_ref().map_or(0, Bytes::len) + self.value.as_ref().map_or(0, Bytes::len)
    }

    /// Nothing but a topic.
    pub(crate) const fn empty(topic: Arc<str>) -> Self {
        Self {
            number: 0,
            topic,
            partition: None,
            timestamp: None,
            key: None,
            value: None,
            headers: Vec::new(),
        }
    }
}

/// Key, value and header converter of one task.
pub(crate) struct Converters {
    pub(crate) key: Named,
    pub(crate) value: Named,
    pub(crate) header: Named,
}

/// A converter with its class.
pub(crate) struct Named {
    class: Arc<str>,
    converter: Box<dyn Converter>,
}

impl Converters {
    /// Makes the converters that a connector names, or else the worker's.
    pub(crate) fn new(
        catalog: &dyn PluginSource,
        connector: &Properties,
        worker: &Properties,
    ) -> Result<Self, Failure> {
        let named = |prefix: &str, role| {
            let (class, settings) = choose(prefix, connector, worker)?;
            Named::new(catalog, &class, &settings, role)
        };
        Ok(Self {
            key: named("key.converter", ConverterRole::Key)?,
            value: named("value.converter", ConverterRole::Value)?,
            header: named("header.converter", ConverterRole::Header)?,
        })
    }

    /// JSON with schemas for every part.
    pub(crate) fn json(catalog: &dyn PluginSource) -> Result<Self, Failure> {
        let settings = Properties::from([("schemas.enable".to_owned(), "true".to_owned())]);
        let named = |role| Named::new(catalog, JSON_CONVERTER, &settings, role);
        Ok(Self {
            key: named(ConverterRole::Key)?,
            value: named(ConverterRole::Value)?,
            header: named(ConverterRole::Header)?,
        })
    }

    /// All parts of a record as bytes.
    pub(crate) fn encode_all(&mut self, record: &ConnectRecord) -> plugin::Result<Encoded> {
        let mut encoded = Encoded::of(record);
        encoded.headers = self.encode_headers(record)?;
        let Encoded { headers, key, value, .. } = &mut encoded;
        *key = self.key.encode(&record.topic, headers, &record.key)?;
        *value = self.value.encode(&record.topic, headers, &record.value)?;
        Ok(encoded)
    }

    /// The headers of a record as bytes.
    pub(crate) fn encode_headers(&mut self, record: &ConnectRecord) -> plugin::Result<RawHeaders> {
        let mut none = RawHeaders::new();
        let one = |Header { key, value }: &Header| {
            Ok((Arc::clone(key), self.header.encode(&record.topic, &mut none, value)?))
        };
        record.headers.0.iter().map(one).collect()
    }

    /// The headers of a message as values.
    pub(crate) fn decode_headers(
        &mut self,
        topic: &str,
        headers: RawHeaders,
    ) -> plugin::Result<Headers> {
        let none = RawHeaders::new();
        let one =
            |(key, bytes)| Ok(Header { key, value: self.header.decode(topic, &none, bytes)? });
        headers.into_iter().map(one).collect::<plugin::Result<_>>().map(Headers)
    }
}

impl Named {
    /// Makes a converter of a class.
    pub(crate) fn new(
        catalog: &dyn PluginSource,
        class: &str,
        settings: &Properties,
        role: ConverterRole,
    ) -> Result<Self, Failure> {
        let kind = if role == ConverterRole::Header { "HeaderConverter" } else { "Converter" };
        let factory = catalog.converter(class).filter(|it| it.kinds().contains(&role.kind()));
        let factory = factory.ok_or_else(|| {
            Failure::new(format!(
                "Failed to find any class that implements {kind} and which name matches {class}"
            ))
        })?;
        let converter = factory.create(settings, role)?;
        Ok(Self { class: factory.name().into(), converter })
    }

    /// Full class name.
    pub(crate) fn class(&self) -> Arc<str> {
        Arc::clone(&self.class)
    }

    #[inline]
    pub(crate) fn decode(
        &mut self,
        topic: &str,
        headers: &RawHeaders,
        bytes: Option<Bytes>,
    ) -> plugin::Result<SchemaAndValue> {
        self.converter.decode_with_headers(topic, headers, bytes)
    }

    #[inline]
    pub(crate) fn encode(
        &mut self,
        topic: &str,
        headers: &mut RawHeaders,
        data: &SchemaAndValue,
    ) -> plugin::Result<Option<Bytes>> {
        self.converter.encode_with_headers(topic, headers, data.schema.as_ref(), &data.value)
    }
}

/// Class and settings of a converter. A connector that names a class inherits none of the worker's settings.
pub(crate) fn choose(
    prefix: &str,
    connector: &Properties,
    worker: &Properties,
) -> Result<(String, Properties), Failure> {
    let subkeys = format!("{prefix}.");
    let named = [connector, worker].into_iter().find_map(|layer| Some((layer.get(prefix)?, layer)));
    match named {
        Some((class, layer)) => Ok((class.trim().to_owned(), settings::under(layer, &subkeys))),
        None if prefix == "header.converter" => {
            Ok((SIMPLE_HEADER_CONVERTER.to_owned(), settings::under(worker, &subkeys)))
        }
        None => Err(Failure::of(
            "org.apache.kafka.common.config.ConfigException",
            format!("Missing required configuration \"{prefix}\" which has no default value."),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(entries: &[(&str, &str)]) -> Properties {
        entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_connector_s_own_converter_inherits_nothing() {
        let worker = of(&[("key.converter", "Json"), ("key.converter.schemas.enable", "false")]);
        for (connector, class, subkeys) in [
            (of(&[]), "Json", of(&[("schemas.enable", "false")])),
            (
                of(&[("key.converter.schemas.enable", "true")]),
                "Json",
                of(&[("schemas.enable", "false")]),
            ),
            (of(&[("key.converter", "Json")]), "Json", of(&[])),
            (
                of(&[("key.converter", "Avro"), ("key.converter.url", "x")]),
                "Avro",
                of(&[("url", "x")]),
            ),
        ] {
            let chosen = choose("key.converter", &connector, &worker).expect("named");
            assert_eq!(chosen, (class.to_owned(), subkeys), "{connector:?}");
        }
    }

    #[test]
    fn only_headers_have_a_default() {
        let none = Properties::new();
        let (class, _) = choose("header.converter", &none, &none).expect("the default");
        assert_eq!(class, SIMPLE_HEADER_CONVERTER);
        let missing = choose("value.converter", &none, &none).expect_err("required").to_string();
        assert_eq!(
            missing,
            "org.apache.kafka.common.config.ConfigException: Missing required configuration \
             \"value.converter\" which has no default value."
        );
    }
}
