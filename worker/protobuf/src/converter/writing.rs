//! Values to records: which plan, under which id.

use bytes::Bytes;
use sluice_plugin::{
    ConverterRole, RawHeaders, Result,
    model::{SchemaRef, Value},
};
use sluice_registry::{
    Registry, RegistrySettings, SchemaFormat, SchemaIdPlace, SchemaText, SchemaToUse, Subjects,
    Work, Writer, frame, header_name,
};

use crate::compile::ProtoText;
use crate::indexes;
use crate::mapping::Encoding;
use crate::options::MappingOptions;

const FORMAT: SchemaFormat = SchemaFormat::Protobuf;

/// Writes records.
pub(super) struct Writing {
    registry: Registry,
    writer: Writer,
    subjects: Subjects,
    place: SchemaIdPlace,
    role: ConverterRole,
    is_strict: bool,
    options: MappingOptions,
    most: usize,
    /// The schema that was used last stands last.
    known: Vec<Known>,
}

/// A schema that values came with.
struct Known {
    schema: SchemaRef,
    encoding: Encoding,
    text: SchemaText,
    /// What records of the topic begin with that came last.
    header: Option<Header>,
}

struct Header {
    topic: Box<str>,
    used: SchemaToUse,
    bytes: Bytes,
}

impl Writing {
    pub(super) fn new(
        registry: Registry,
        settings: &RegistrySettings,
        options: MappingOptions,
        most: usize,
    ) -> Self {
        Self {
            writer: Writer::new(registry.clone(), settings),
            registry,
            subjects: settings.subjects(),
            place: settings.schema_id_place(),
            role: settings.role(),
            is_strict: settings.is_strict(),
            options,
            most,
            known: Vec::new(),
        }
    }

    pub(super) fn write(
        &mut self,
        topic: &str,
        headers: &mut RawHeaders,
        schema: Option<&SchemaRef>,
        value: &Value,
    ) -> Result<Option<Bytes>> {
        if value.is_null() {
            return Ok(None);
        }
        let failed = |cause: &str| Work::Serializing.failed(FORMAT, topic, cause);
        let schema =
            schema.ok_or_else(|| failed("Protobuf needs a schema, and the value has none"))?;
        let index = self.find(schema).map_err(|it| failed(&it))?;
        let known = &self.known[index];
        let is_fresh = |it: &Header| *it.topic == *topic && it.used.is_fresh();
        if !known.header.as_ref().is_some_and(is_fresh) {
            let header = self.header(topic, index)?;
            self.known[index].header = Some(header);
        }
        let known = &self.known[index];
        let header = known.header.as_ref().map(|it| it.bytes.clone()).unwrap_or_default();
        let mut out = Vec::with_capacity(64);
        if self.place == SchemaIdPlace::Prefix {
            out.extend_from_slice(&header);
        }
        known.encoding.write(value, &mut out).map_err(|it| failed(&it))?;
        if self.place == SchemaIdPlace::Header {
            headers.push((header_name(self.role).into(), Some(header)));
        }
        Ok(Some(out.into()))
    }

    /// The place of a schema among those that are ready.
    fn find(&mut self, schema: &SchemaRef) -> std::result::Result<usize, String> {
        let is_same = |it: &Known| SchemaRef::ptr_eq(&it.schema, schema);
        let found = self.known.iter().rposition(is_same);
        let found = found.or_else(|| self.known.iter().rposition(|it| it.schema == *schema));
        let known = if let Some(found) = found {
            if found + 1 == self.known.len() {
                return Ok(found);
            }
            self.known.remove(found)
        } else {
            let encoding = Encoding::new(schema, &self.options)?;
            let text = SchemaText::new(FORMAT, encoding.text());
            Known { schema: schema.clone(), encoding, text, header: None }
        };
        if self.known.len() >= self.most {
            self.known.remove(0);
        }
        self.known.push(known);
        Ok(self.known.len() - 1)
    }

    /// Asks the registry under which id records of the topic are written.
    fn header(&mut self, topic: &str, index: usize) -> Result<Header> {
        let known = &self.known[index];
        let failed = |cause: &str| Work::Serializing.failed(FORMAT, topic, cause);
        let name = known.encoding.name();
        let subject = self.subjects.name(topic, Some(name)).map_err(|it| failed(&it))?;
        let what = self.writer.asks_for();
        let refused = |it: sluice_registry::RegistryError| {
            it.of_record(FORMAT, Work::Serializing, topic, what)
        };
        let used = self.writer.schema_to_use(&subject, &known.text).map_err(refused)?;
        let indexes = match &used.other {
            None => known.encoding.indexes().to_vec(),
            Some(other) => {
                let imports = super::reading::imports(&self.registry, other).map_err(refused)?;
                let text = ProtoText { text: &other.text, imports: &imports };
                known.encoding.indexes_in(text, self.is_strict).map_err(|it| failed(&it))?
            }
        };
        let mut bytes = Vec::new();
        frame(used.id, &mut bytes);
        indexes::put(&indexes, &mut bytes);
        Ok(Header { topic: topic.into(), used, bytes: bytes.into() })
    }
}
