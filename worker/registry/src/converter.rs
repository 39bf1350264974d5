//! The frame of all converters with a registry: ids, subjects and the registry's schemas, and a plan for each schema in each
//! direction, made once. Records of a topic with one schema cost no look-up.

mod decoder;
mod encoder;

use bytes::Bytes;
use sluice_plugin::{
    Converter, RawHeaders, Result,
    model::{SchemaAndValue, SchemaRef, Value},
};

use crate::{Codec, Registry, RegistrySettings};
use decoder::Decoder;
use encoder::Encoder;

/// A converter of one format.
pub struct RegistryConverter<C: Codec> {
    codec: C,
    encoder: Encoder<C::Write>,
    decoder: Decoder<C::Read>,
}

impl<C: Codec> RegistryConverter<C> {
    /// One for a part of records, as settings say. It keeps so many plans in each direction, at least one.
    ///
    /// # Errors
    /// Why there can be no client of the registry.
    pub fn open(codec: C, settings: &RegistrySettings, most: usize) -> Result<Self> {
        let registry = Registry::open(settings)?;
        let most = most.max(1);
        Ok(Self {
            codec,
            encoder: Encoder::new(registry.clone(), settings, most),
            decoder: Decoder::new(registry, settings, most),
        })
    }
}

impl<C: Codec> Converter for RegistryConverter<C> {
    fn encode(
        &mut self,
        topic: &str,
        schema: Option<&SchemaRef>,
        value: &Value,
    ) -> Result<Option<Bytes>> {
        self.encode_with_headers(topic, &mut RawHeaders::new(), schema, value)
    }

    fn encode_with_headers(
        &mut self,
        topic: &str,
        headers: &mut RawHeaders,
        schema: Option<&SchemaRef>,
        value: &Value,
    ) -> Result<Option<Bytes>> {
        self.encoder.encode(&mut self.codec, topic, headers, (schema, value))
    }

    fn decode(&mut self, topic: &str, bytes: Option<Bytes>) -> Result<SchemaAndValue> {
        self.decode_with_headers(topic, &RawHeaders::new(), bytes)
    }

    fn decode_with_headers(
        &mut self,
        topic: &str,
        headers: &RawHeaders,
        bytes: Option<Bytes>,
    ) -> Result<SchemaAndValue> {
        let Some(bytes) = bytes else { return Ok(SchemaAndValue::NULL) };
        self.decoder.decode(&self.codec, topic, headers, bytes)
    }
}
