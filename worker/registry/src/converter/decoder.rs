//! Bytes to values, with a plan for each id of each topic.

use bytes::Bytes;
use sluice_plugin::{
    ConverterRole, RawHeaders, Result,
    model::{SchemaAndValue, SchemaRef},
};

use crate::{
    Codec, KnownText, Registry, RegistryError, RegistrySettings, SchemaFormat, SchemaId,
    SchemaText, Subjects, Work, Wrong, unframe,
};

/// Reads by plans of a kind.
pub(super) struct Decoder<R> {
    registry: Registry,
    subjects: Subjects,
    role: ConverterRole,
    most: usize,
    /// The one that was used last comes first.
    plans: Vec<Plan<R>>,
}

/// How to read the records of one schema in one topic: its version is one of the topic's subject.
struct Plan<R> {
    topic: Box<str>,
    id: SchemaId,
    behind_id: Box<[u8]>,
    schema: Option<SchemaRef>,
    read: R,
}

impl<R> Decoder<R> {
    pub(super) fn new(registry: Registry, settings: &RegistrySettings, most: usize) -> Self {
        let (subjects, role) = (settings.subjects(), settings.role());
        Self { registry, subjects, role, most, plans: Vec::new() }
    }

    pub(super) fn decode<C: Codec<Read = R>>(
        &mut self,
        codec: &C,
        topic: &str,
        headers: &RawHeaders,
        bytes: Bytes,
    ) -> Result<SchemaAndValue> {
        let framed = unframe(self.role, headers, bytes);
        let framed = framed.map_err(|cause| Work::Deserializing.failed(C::FORMAT, topic, cause))?;
        let wrong = |it: Wrong| it.read(C::FORMAT, topic, framed.id);
        let behind = framed.beside.as_ref().unwrap_or(&framed.payload);
        let length = C::length_behind_id(behind).map_err(wrong)?;
        self.find(codec, topic, framed.id, &behind[..length])?;
        let Some(plan) = self.plans.first() else { return Ok(SchemaAndValue::NULL) };
        let begin = if framed.beside.is_some() { 0 } else { length };
        let value = codec.read(&plan.read, framed.payload.slice(begin..)).map_err(wrong)?;
        if value.is_null() && !C::NULL_HAS_SCHEMA {
            return Ok(SchemaAndValue::NULL);
        }
        Ok(SchemaAndValue { schema: plan.schema.clone(), value })
    }

    /// Puts the plan of the id in front.
    fn find<C: Codec<Read = R>>(
        &mut self,
        codec: &C,
        topic: &str,
        id: SchemaId,
        behind_id: &[u8],
    ) -> Result<()> {
        let is_it =
            |it: &Plan<R>| it.id == id && *it.topic == *topic && *it.behind_id == *behind_id;
        if let Some(place) = self.plans.iter().position(is_it) {
            self.plans[..=place].rotate_right(1);
            return Ok(());
        }
        let plan = self.plan(codec, topic, id, behind_id)?;
        self.plans.truncate(self.most - 1);
        self.plans.insert(0, plan);
        Ok(())
    }

    fn plan<C: Codec<Read = R>>(
        &self,
        codec: &C,
        topic: &str,
        id: SchemaId,
        behind_id: &[u8],
    ) -> Result<Plan<R>> {
        let asked = asked(C::FORMAT, self.role, id);
        let failed =
            |it: RegistryError| it.of_record(C::FORMAT, Work::Deserializing, topic, &asked);
        let wrong = |it: Wrong| it.read(C::FORMAT, topic, id);
        // A subject of the topic can be named before the schema is known.
        let subject = self.subjects.are_of_topics().then(|| self.subjects.name(topic, None));
        let subject = subject.transpose().map_err(|it| wrong(it.into()))?;
        let (text, _) = self.registry.schema(id, subject.as_deref()).map_err(failed)?;
        if text.format != C::FORMAT {
            let (is, of) = (text.format, C::FORMAT.name());
            return Err(wrong(format!("the schema is {is} and not {of}").into()));
        }
        let named = self.registry.references(&text).map_err(failed)?;
        let known = KnownText { text: &text.text, named: &named };
        let (known, name) = codec.understand(known, behind_id).map_err(wrong)?;
        let version = self.version(topic, name.as_deref(), &text).map_err(failed)?;
        let (schema, read) = codec.plan_to_read(known, version).map_err(wrong)?;
        Ok(Plan { topic: topic.into(), id, behind_id: behind_id.into(), schema, read })
    }

    /// The version that the schema has in the subject; none where it has none, as in a topic that was copied.
    fn version(
        &self,
        topic: &str,
        name: Option<&str>,
        text: &SchemaText,
    ) -> std::result::Result<Option<i32>, RegistryError> {
        let Ok(subject) = self.subjects.name(topic, name) else { return Ok(None) };
        match self.registry.find(&subject, text, false) {
            Ok(registered) => Ok(registered.version),
            Err(RegistryError::Refused { status: 404 | 422, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What the registry was asked for, in Java's words: its deserializer of Avro alone says which part of the record it is.
fn asked(format: SchemaFormat, role: ConverterRole, id: SchemaId) -> String {
    let of = format.name();
    match (format, role) {
        (SchemaFormat::Avro, ConverterRole::Key) => {
            format!("Error retrieving {of} key schema for id {id}")
        }
        (SchemaFormat::Avro, _) => format!("Error retrieving {of} value schema for id {id}"),
        _ => format!("Error retrieving {of} schema for id {id}"),
    }
}
