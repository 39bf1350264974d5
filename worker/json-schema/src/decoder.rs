//! Bytes to values, with a plan for each id of each topic.

use bytes::Bytes;
use sluice_plugin::{
    ConverterRole, RawHeaders, Result,
    model::{SchemaAndValue, SchemaRef},
};
use sluice_registry::{
    Registry, RegistryError, RegistrySettings, SchemaFormat, SchemaId, SchemaText, Subjects, Work,
    unframe,
};

use crate::{Options, document::Document, read::Read, to_connect::translate};

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
    schema: SchemaRef,
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
        let wrong = |error: &str| Work::Deserializing.failed(SchemaFormat::Json, topic, error);
        let framed = unframe(self.role, headers, bytes).map_err(wrong)?;
        self.find(topic, framed.id)?;
        let Some(plan) = self.plans.first() else { return Ok(SchemaAndValue::NULL) };
        let value = plan.read.record(&framed.payload).map_err(|error| {
            wrong(&format!("Error deserializing JSON message for id {}: {error}", framed.id))
        })?;
        Ok(SchemaAndValue { schema: Some(plan.schema.clone()), value })
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
        let asked = format!("Error retrieving JSON {part} schema for id {id}");
        let failed = |error: RegistryError| {
            error.of_record(SchemaFormat::Json, Work::Deserializing, topic, &asked)
        };
        let wrong = |error: String| {
            let cause = format!("Error deserializing JSON message for id {id}: {error}");
            Work::Deserializing.failed(SchemaFormat::Json, topic, &cause)
        };
        // A subject of the topic can be named before the schema is known.
        let subject = self.subjects.are_of_topics().then(|| self.subjects.name(topic, None));
        let subject = subject.transpose().map_err(wrong)?;
        let (text, _) = self.registry.schema(id, subject.as_deref()).map_err(failed)?;
        if text.format != SchemaFormat::Json {
            return Err(wrong(format!("the schema is {}, not JSON", text.format)));
        }
        let named = self.registry.references(&text).map_err(failed)?;
        let named = named.iter().map(|(name, it)| (name.as_str(), &*it.text));
        let document = Document::parse(&text.text, named, self.options.old_drafts);
        let document = document.map_err(wrong)?;
        let version = self.version(topic, &document, &text).map_err(failed)?;
        let (schema, read) = translate(&document, version, &self.options).map_err(wrong)?;
        Ok(Plan { topic: topic.into(), id, schema, read })
    }

    /// The version that the schema has in the subject; none where it has none, as in a topic that was copied.
    fn version(
        &self,
        topic: &str,
        document: &Document,
        text: &SchemaText,
    ) -> std::result::Result<Option<i32>, RegistryError> {
        let Ok(subject) = self.subjects.name(topic, document.title.as_deref()) else {
            return Ok(None);
        };
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
    for sums in [false, true] {
        let options = Options { sums, ..Options::default() };
        let Ok(document) = Document::parse(schema, [("other", schema)], false) else { return };
        let Ok((schema, read)) = translate(&document, Some(1), &options) else { continue };
        let value = read.record(&Bytes::copy_from_slice(record));
        let text = crate::from_connect::text(&schema, &options);
        let write = crate::write::Write::new(&schema, &options);
        if let (Ok(value), Ok(_), Ok(write)) = (value, text, write) {
            drop(write.record(&mut String::new(), &value));
        }
    }
}
