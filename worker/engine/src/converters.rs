//! The three converters of a task: which classes, with which settings, and the two directions through them.

use std::sync::Arc;

use bytes::Bytes;
use sluice_plugin::{
    self as plugin, Converter, ConverterRole, Properties,
    model::{ConnectRecord, Header, Headers, SinkRecord, SourceRecord, TimestampType},
};

use crate::{
    clients::{self, Batch, Message},
    guard::Guard,
    plugins::PluginSource,
    settings,
    trace::Failure,
};

const SIMPLE_HEADER_CONVERTER: &str = "org.apache.kafka.connect.storage.SimpleHeaderConverter";

/// A record as bytes, with the number under which the ledger knows it.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) number: u64,
    pub(crate) topic: Arc<str>,
    pub(crate) partition: Option<i32>,
    pub(crate) timestamp: Option<i64>,
    pub(crate) key: Option<Bytes>,
    pub(crate) value: Option<Bytes>,
    pub(crate) headers: Vec<(Arc<str>, Option<Bytes>)>,
}

/// Key, value and header converter of one task.
pub(crate) struct Converters {
    key: Box<dyn Converter>,
    value: Box<dyn Converter>,
    header: Box<dyn Converter>,
}

impl Converters {
    /// Makes the converters that a connector names, or else the worker's.
    pub(crate) fn new(
        catalog: &dyn PluginSource,
        connector: &Properties,
        worker: &Properties,
    ) -> Result<Self, Failure> {
        let create = |role: ConverterRole, prefix| {
            let (class, settings) = choose(prefix, connector, worker)?;
            let factory = catalog.converter(&class).filter(|it| it.kinds().contains(&role.kind()));
            let interface =
                if role == ConverterRole::Header { "HeaderConverter" } else { "Converter" };
            let factory = factory.ok_or_else(|| {
                Failure::new(format!(
                    "Failed to find any class that implements {interface} and which name matches {class}"
                ))
            })?;
            Ok::<_, Failure>(factory.create(&settings, role)?)
        };
        Ok(Self {
            key: create(ConverterRole::Key, "key.converter")?,
            value: create(ConverterRole::Value, "value.converter")?,
            header: create(ConverterRole::Header, "header.converter")?,
        })
    }

    /// One consumed batch as records, in order; records that the guard lets be skipped are left out.
    pub(crate) fn decode(
        &mut self,
        batch: &Batch,
        guard: &Guard,
    ) -> Result<Vec<SinkRecord>, Failure> {
        let mut records = Vec::with_capacity(batch.len());
        for message in batch.iter() {
            match self.decode_one(message) {
                Ok(record) => records.push(record),
                Err(error) => guard.skip(error)?,
            }
        }
        Ok(records)
    }

    #[inline]
    fn decode_one(&mut self, message: Message) -> plugin::Result<SinkRecord> {
        let key = self.key.decode(&message.topic, message.key)?;
        let value = self.value.decode(&message.topic, message.value)?;
        let mut headers = Headers::default();
        for (name, bytes) in message.headers {
            let value = self.header.decode(&message.topic, bytes)?;
            headers.0.push(Header { key: name, value });
        }
        let (timestamp_type, timestamp) = match message.timestamp_type {
            clients::TimestampType::NoTimestampType => (TimestampType::NoTimestampType, None),
            clients::TimestampType::CreateTime => {
                (TimestampType::CreateTime, Some(message.timestamp))
            }
            clients::TimestampType::LogAppendTime => {
                (TimestampType::LogAppendTime, Some(message.timestamp))
            }
        };
        let data = ConnectRecord {
            topic: message.topic,
            partition: Some(message.partition),
            key,
            value,
            timestamp,
            headers,
            offset: Some(message.offset),
        };
        Ok(SinkRecord::new(data, timestamp_type))
    }

    /// One record as bytes. The number is set by whoever sends it.
    pub(crate) fn encode(&mut self, record: &SourceRecord) -> plugin::Result<Encoded> {
        let topic = &record.topic;
        let key = self.key.encode(topic, record.key.schema.as_ref(), &record.key.value)?;
        let value = self.value.encode(topic, record.value.schema.as_ref(), &record.value.value)?;
        let mut headers = Vec::with_capacity(record.headers.0.len());
        for Header { key, value } in &record.headers.0 {
            let bytes = self.header.encode(topic, value.schema.as_ref(), &value.value)?;
            headers.push((Arc::clone(key), bytes));
        }
        Ok(Encoded {
            number: 0,
            topic: Arc::clone(topic),
            partition: record.partition,
            timestamp: record.timestamp,
            key,
            value,
            headers,
        })
    }
}

/// Class and settings of a converter. A connector that names a class inherits none of the worker's settings.
fn choose(
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
