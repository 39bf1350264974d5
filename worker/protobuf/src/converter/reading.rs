//! Records to values: the id, the schema that the registry has for it, and the plan for that.

use std::sync::Arc;

use bytes::Bytes;
use sluice_plugin::{ConverterRole, RawHeaders, Result, model::SchemaAndValue};
use sluice_registry::{
    Recent, Registry, RegistryError, RegistrySettings, SchemaFormat, SchemaId, SchemaText,
    Subjects, Work, unframe,
};

use crate::compile::ProtoText;
use crate::indexes;
use crate::mapping::Decoding;
use crate::options::MappingOptions;

const FORMAT: SchemaFormat = SchemaFormat::Protobuf;

/// Reads records.
pub(super) struct Reading {
    registry: Registry,
    subjects: Subjects,
    role: ConverterRole,
    options: MappingOptions,
    known: Recent<(Box<str>, SchemaId, Vec<u32>), Arc<Decoding>>,
    last: Option<Last>,
}

/// How the record before was read.
struct Last {
    topic: Box<str>,
    id: SchemaId,
    /// The message indexes as they were written.
    indexes: Bytes,
    decoding: Arc<Decoding>,
}

/// The texts that a schema names, by the names that it uses.
pub(super) fn imports(
    registry: &Registry,
    schema: &SchemaText,
) -> std::result::Result<Vec<(String, String)>, RegistryError> {
    let found = registry.references(schema)?;
    Ok(found.into_iter().map(|(name, it)| (name, it.text.to_string())).collect())
}

impl Reading {
    pub(super) fn new(
        registry: Registry,
        settings: &RegistrySettings,
        options: MappingOptions,
        most: usize,
    ) -> Self {
        Self {
            registry,
            subjects: settings.subjects(),
            role: settings.role(),
            options,
            known: Recent::new(most),
            last: None,
        }
    }

    pub(super) fn read(
        &mut self,
        topic: &str,
        headers: &RawHeaders,
        bytes: Bytes,
    ) -> Result<SchemaAndValue> {
        let failed = |cause: &str| Work::Deserializing.failed(FORMAT, topic, cause);
        let framed = unframe(self.role, headers, bytes).map_err(failed)?;
        let is_beside = framed.beside.is_some();
        let written = framed.beside.unwrap_or_else(|| framed.payload.clone());
        let is_known = |it: &&Last| {
            it.id == framed.id && *it.topic == *topic && written.starts_with(&it.indexes)
        };
        let (decoding, length) = match self.last.as_ref().filter(is_known) {
            Some(last) => (Arc::clone(&last.decoding), last.indexes.len()),
            None => self.find(topic, framed.id, &written)?,
        };
        let message = if is_beside { framed.payload } else { framed.payload.slice(length..) };
        let value = decoding.read(&message).map_err(|it| failed(&it))?;
        Ok(SchemaAndValue { schema: Some(decoding.schema().clone()), value })
    }

    /// The plan for an id and the indexes that begin `written`, and how long those are.
    fn find(
        &mut self,
        topic: &str,
        id: SchemaId,
        written: &Bytes,
    ) -> Result<(Arc<Decoding>, usize)> {
        let failed = |cause: &str| Work::Deserializing.failed(FORMAT, topic, cause);
        let (indexes, length) = indexes::read(written).map_err(|it| failed(&it))?;
        let key = (Box::from(topic), id, indexes);
        let decoding = if let Some(known) = self.known.get(&key) {
            Arc::clone(known)
        } else {
            let made = Arc::new(self.ask(topic, id, &key.2)?);
            self.known.put(key, Arc::clone(&made));
            made
        };
        self.last = Some(Last {
            topic: topic.into(),
            id,
            indexes: written.slice(..length),
            decoding: Arc::clone(&decoding),
        });
        Ok((decoding, length))
    }

    fn ask(&self, topic: &str, id: SchemaId, indexes: &[u32]) -> Result<Decoding> {
        let failed = |cause: &str| Work::Deserializing.failed(FORMAT, topic, cause);
        let refused = |it: RegistryError| {
            let what = format!("Error retrieving Protobuf schema for id {id}");
            it.of_record(FORMAT, Work::Deserializing, topic, &what)
        };
        let of_topic = self.subjects.are_of_topics().then(|| self.subjects.name(topic, None));
        let of_topic = of_topic.and_then(std::result::Result::ok);
        let (text, _) = self.registry.schema(id, of_topic.as_deref()).map_err(refused)?;
        if text.format != FORMAT {
            return Err(failed(&format!(
                "the schema with id {id} is {} and not Protobuf",
                text.format
            )));
        }
        let imports = imports(&self.registry, &text).map_err(refused)?;
        let source = ProtoText { text: &text.text, imports: &imports };
        let name = Decoding::name(source, indexes).map_err(|it| failed(&it))?;
        let subject = self.subjects.name(topic, Some(&name)).map_err(|it| failed(&it))?;
        let version = match self.registry.find(&subject, &text, false) {
            Ok(registered) => registered.version,
            // A schema of another subject has no version in this one.
            Err(RegistryError::Refused { .. }) => None,
            Err(other) => return Err(refused(other)),
        };
        Decoding::new(source, indexes, version, &self.options).map_err(|it| failed(&it))
    }
}
