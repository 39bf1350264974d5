//! Values to bytes, with a plan for each schema of each topic.

use std::sync::Arc;

use bytes::Bytes;
use sluice_plugin::{
    Error, RawHeaders, Result,
    model::{Schema, SchemaRef, Value},
};
use sluice_registry::{
    Registry, RegistrySettings, SchemaFormat, SchemaIdPlace, SchemaText, SchemaToUse, Subjects,
    Work, Writer, frame, header_name,
};

use crate::{
    Options, compatible, document::Document, from_connect, names::is_union, to_connect::translate,
    write::Write,
};

/// Room for text that is kept from one record to the next.
const KEPT: usize = 64 << 10;

pub(crate) struct Encoder {
    writer: Writer,
    registry: Registry,
    subjects: Subjects,
    place: SchemaIdPlace,
    header: Arc<str>,
    is_strict: bool,
    options: Options,
    most: usize,
    /// The one that was used last comes first.
    plans: Vec<Plan>,
    out: String,
}

/// How to write the values of one schema to one topic.
struct Plan {
    topic: Box<str>,
    schema: SchemaRef,
    used: SchemaToUse,
    write: Write,
}

impl Encoder {
    pub(crate) fn new(
        registry: Registry,
        settings: &RegistrySettings,
        options: Options,
        most: usize,
    ) -> Self {
        Self {
            writer: Writer::new(registry.clone(), settings),
            registry,
            subjects: settings.subjects(),
            place: settings.schema_id_place(),
            header: header_name(settings.role()).into(),
            is_strict: settings.is_strict(),
            options,
            most,
            plans: Vec::new(),
            out: String::new(),
        }
    }

    pub(crate) fn encode(
        &mut self,
        topic: &str,
        headers: &mut RawHeaders,
        schema: Option<&SchemaRef>,
        value: &Value,
    ) -> Result<Option<Bytes>> {
        let Some(schema) = schema else {
            if value.is_null() {
                return Ok(None);
            }
            return Err(failed(
                topic,
                "a value without a schema has none to register: JsonSchemaConverter writes values with schemas alone",
            ));
        };
        // Nothing is written, and so nothing registered: a null that neither a default nor the schema takes.
        if value.is_null() && !schema.optional && schema.default.is_none() {
            return Ok(None);
        }
        self.find(topic, schema)?;
        let Some(plan) = self.plans.first() else { return Ok(None) };
        self.out.clear();
        if !plan.write.record(&mut self.out, value).map_err(|error| failed(topic, &error))? {
            return Ok(None);
        }
        let mut id = Vec::new();
        frame(plan.used.id, &mut id);
        let bytes = if self.place == SchemaIdPlace::Prefix {
            id.extend_from_slice(self.out.as_bytes());
            Bytes::from(id)
        } else {
            headers.push((Arc::clone(&self.header), Some(id.into())));
            Bytes::copy_from_slice(self.out.as_bytes())
        };
        if self.out.capacity() > KEPT {
            self.out = String::new();
        }
        Ok(Some(bytes))
    }

    /// Puts the plan of the schema in front.
    fn find(&mut self, topic: &str, schema: &SchemaRef) -> Result<()> {
        let place = |exactly: bool| {
            let is_it = |it: &Plan| {
                let is_same =
                    SchemaRef::ptr_eq(&it.schema, schema) || !exactly && it.schema == *schema;
                is_same && *it.topic == *topic
            };
            self.plans.iter().position(is_it)
        };
        match place(true).or_else(|| place(false)) {
            Some(place) if self.plans[place].used.is_fresh() => {
                self.plans[..=place].rotate_right(1);
                // The next record likelier has this one.
                self.plans[0].schema = schema.clone();
                return Ok(());
            }
            Some(place) => drop(self.plans.remove(place)),
            None => {}
        }
        let plan = self.plan(topic, schema)?;
        self.plans.truncate(self.most - 1);
        self.plans.insert(0, plan);
        Ok(())
    }

    fn plan(&mut self, topic: &str, schema: &SchemaRef) -> Result<Plan> {
        let wrong = |error: String| failed(topic, &error);
        let text = from_connect::text(schema, &self.options).map_err(wrong)?;
        let subject = self.subjects.name(topic, title(schema)).map_err(wrong)?;
        let text = SchemaText::new(SchemaFormat::Json, text);
        let asked = format!("{} {}", self.writer.asks_for(), text.text);
        let used = self.writer.schema_to_use(&subject, &text);
        let used =
            used.map_err(|it| it.of_record(SchemaFormat::Json, Work::Serializing, topic, &asked))?;
        if let Some(other) = &used.other {
            if other.format != SchemaFormat::Json {
                return Err(wrong(format!("the schema of the registry is {}", other.format)));
            }
            if self.is_strict {
                let named = self.registry.references(other).map_err(|it| {
                    it.of_record(SchemaFormat::Json, Work::Serializing, topic, &asked)
                })?;
                let named = named.iter().map(|(name, it)| (name.as_str(), &*it.text));
                let document = Document::parse(&other.text, named, self.options.old_drafts);
                let known = document.and_then(|it| translate(&it, None, &self.options));
                let (known, _) = known.map_err(wrong)?;
                compatible::check(schema, &known).map_err(wrong)?;
            }
        }
        let write = Write::new(schema, &self.options).map_err(wrong)?;
        Ok(Plan { topic: topic.into(), schema: schema.clone(), used, write })
    }
}

fn failed(topic: &str, error: &str) -> Error {
    Work::Serializing.failed(SchemaFormat::Json, topic, error)
}

/// The title of a schema's text: one that may be null is a choice, which has none.
fn title(schema: &Schema) -> Option<&str> {
    let is_choice = schema.optional || is_union(schema);
    schema.name.as_deref().filter(|_| !is_choice)
}
