//! Bytes to values, with a plan for each id of each topic.

use bytes::Bytes;
use sluice_plugin::{
    ConverterRole, Error, RawHeaders, Result,
    model::{SchemaAndValue, SchemaRef},
};
use sluice_registry::{
    Registry, RegistryError, RegistrySettings, SchemaFormat, SchemaId, SchemaText, Subjects, Work,
    unframe,
};

use crate::{Options, connect::translate, read::Read, schema::Avro};

pub(crate) struct Decoder {
    registry: Registry,
    subjects: Subjects,
    role: ConverterRole,
    options: Options,
    most: usize,
    /// The one that was used last comes first.
    plans: Vec<Plan>,
}

/// How to read the records of one schema in one topic: its version is one of the topic's subject.
struct Plan {
    topic: Box<str>,
    id: SchemaId,
    schema: Option<SchemaRef>,
    read: Read,
}

impl Decoder {
    pub(crate) fn new(
        registry: Registry,
        settings: &RegistrySettings,
        options: Options,
        most: usize,
    ) -> Self {
        let (subjects, role) = (settings.subjects(), settings.role());
        Self { registry, subjects, role, options, most, plans: Vec::new() }
    }

    pub(crate) fn decode(
        &mut self,
        topic: &str,
        headers: &RawHeaders,
        bytes: Option<Bytes>,
    ) -> Result<SchemaAndValue> {
        let Some(bytes) = bytes else { return Ok(SchemaAndValue::NULL) };
        let wrong = |error: &str| Work::Deserializing.failed(SchemaFormat::Avro, topic, error);
        let framed = unframe(self.role, headers, bytes).map_err(wrong)?;
        self.find(topic, framed.id)?;
        let Some(plan) = self.plans.first() else { return Ok(SchemaAndValue::NULL) };
        let value = plan.read.record(framed.payload).map_err(|error| {
            wrong(&format!("Error deserializing Avro message for id {}: {error}", framed.id))
        })?;
        // Java has no schema for null.
        if value.is_null() {
            return Ok(SchemaAndValue::NULL);
        }
        Ok(SchemaAndValue { schema: plan.schema.clone(), value })
    }

    /// Puts the plan of the id in front.
    fn find(&mut self, topic: &str, id: SchemaId) -> Result<()> {
        if let Some(place) = self.plans.iter().position(|it| it.id == id && *it.topic == *topic) {
            self.plans[..=place].rotate_right(1);
            return Ok(());
        }
        let plan = self.plan(topic, id)?;
        self.plans.truncate(self.most - 1);
        self.plans.insert(0, plan);
        Ok(())
    }

    fn plan(&self, topic: &str, id: SchemaId) -> Result<Plan> {
        let part = if self.role == ConverterRole::Key { "key" } else { "value" };
        let asked = format!("Error retrieving Avro {part} schema for id {id}");
        let failed = |error: RegistryError| {
            error.of_record(SchemaFormat::Avro, Work::Deserializing, topic, &asked)
        };
        let wrong = |error: String| {
            let cause = format!("Error deserializing Avro message for id {id}: {error}");
            Work::Deserializing.failed(SchemaFormat::Avro, topic, &cause)
        };
        // A subject of the topic can be named before the schema is known.
        let subject = self.subjects.are_of_topics().then(|| self.subjects.name(topic, None));
        let subject = subject.transpose().map_err(wrong)?;
        let (text, _) = self.registry.schema(id, subject.as_deref()).map_err(failed)?;
        if text.format != SchemaFormat::Avro {
            return Err(wrong(format!("the schema is {}, not AVRO", text.format)));
        }
        let named = self.registry.references(&text).map_err(failed)?;
        let avro = Avro::parse(&text.text, named.iter().map(|(_, it)| &*it.text)).map_err(wrong)?;
        let version = self.version(topic, &avro, &text).map_err(failed)?;
        let translated = translate(&avro, version, &self.options);
        let (schema, read) = translated.map_err(Error::bad_record)?;
        Ok(Plan { topic: topic.into(), id, schema, read })
    }

    /// The version that the schema has in the subject; none where it has none, as in a topic that was copied.
    fn version(
        &self,
        topic: &str,
        avro: &Avro,
        text: &SchemaText,
    ) -> std::result::Result<Option<i32>, RegistryError> {
        let name = avro.record_name();
        let Ok(subject) = self.subjects.name(topic, name.as_deref()) else { return Ok(None) };
        match self.registry.find(&subject, text, false) {
            Ok(registered) => Ok(registered.version),
            Err(RegistryError::Refused { status: 404 | 422, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Any text for a schema, and any bytes for a record of it: for fuzzing.
#[doc(hidden)]
pub fn fuzzing(schema: &str, record: &[u8]) {
    let options = Options::default();
    let Ok(avro) = Avro::parse(schema, []) else { return };
    let Ok((schema, read)) = translate(&avro, Some(1), &options) else { return };
    let Ok(value) = read.record(Bytes::copy_from_slice(record)) else { return };
    if let Some(schema) = schema {
        let written = crate::derive::derive(&schema, &options)
            .and_then(|avro| crate::write::plan(&schema, &avro, &options))
            .and_then(|plan| plan.write(&value, &mut Vec::new()));
        drop(written);
    }
}
