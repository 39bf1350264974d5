//! Values to bytes, with a plan for each schema of each topic.

use std::sync::Arc;

use bytes::Bytes;
use sluice_plugin::{
    Error, RawHeaders, Result,
    model::{SchemaRef, Value},
};
use sluice_registry::{
    Registry, RegistrySettings, SchemaFormat, SchemaIdPlace, SchemaText, SchemaToUse, Subjects,
    Work, Writer, frame, header_name,
};

use crate::{
    Options,
    derive::{anything, derive},
    schema::{Avro, Kind},
    write::{self, Write},
};

/// Room for bytes that is kept from one record to the next.
const KEPT: usize = 64 << 10;

pub(crate) struct Encoder {
    writer: Writer,
    registry: Registry,
    subjects: Subjects,
    place: SchemaIdPlace,
    header: Arc<str>,
    options: Options,
    most: usize,
    /// The one that was used last comes first.
    plans: Vec<Plan>,
    out: Vec<u8>,
}

/// How to write the values of one schema to one topic.
struct Plan {
    topic: Box<str>,
    schema: Option<SchemaRef>,
    used: SchemaToUse,
    write: Write,
    /// Bytes alone have no length before them.
    is_bare: bool,
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
            options,
            most,
            plans: Vec::new(),
            out: Vec::new(),
        }
    }

    pub(crate) fn encode(
        &mut self,
        topic: &str,
        headers: &mut RawHeaders,
        schema: Option<&SchemaRef>,
        value: &Value,
    ) -> Result<Option<Bytes>> {
        if value.is_null() {
            return match schema {
                Some(schema) if !schema.optional => {
                    Err(Error::bad_record("Found null value for non-optional schema"))
                }
                _ => Ok(None),
            };
        }
        self.find(topic, schema)?;
        let Some(plan) = self.plans.first() else { return Ok(None) };
        self.out.clear();
        if self.place == SchemaIdPlace::Prefix {
            frame(plan.used.id, &mut self.out);
        }
        let begun = self.out.len();
        plan.write.write(value, &mut self.out).map_err(Error::bad_record)?;
        if plan.is_bare {
            let length = match value {
                Value::Bytes(it) => it.len(),
                _ => bare_length(&self.out[begun..]),
            };
            let prefix = self.out.len() - begun - length;
            self.out.drain(begun..begun + prefix);
        }
        if self.place == SchemaIdPlace::Header {
            let mut id = Vec::new();
            frame(plan.used.id, &mut id);
            headers.push((Arc::clone(&self.header), Some(id.into())));
        }
        let bytes = Bytes::copy_from_slice(&self.out);
        if self.out.capacity() > KEPT {
            self.out = Vec::new();
        }
        Ok(Some(bytes))
    }

    /// Puts the plan of the schema in front.
    fn find(&mut self, topic: &str, schema: Option<&SchemaRef>) -> Result<()> {
        let is_same = |known: Option<&SchemaRef>, exactly: bool| match (known, schema) {
            (None, None) => true,
            (Some(known), Some(schema)) => {
                SchemaRef::ptr_eq(known, schema) || !exactly && known == schema
            }
            _ => false,
        };
        let place = |exactly| {
            let is_it = |it: &Plan| *it.topic == *topic && is_same(it.schema.as_ref(), exactly);
            self.plans.iter().position(is_it)
        };
        match place(true).or_else(|| place(false)) {
            Some(place) if self.plans[place].used.is_fresh() => {
                self.plans[..=place].rotate_right(1);
                // The next record likelier has this one.
                self.plans[0].schema = schema.cloned();
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

    fn plan(&mut self, topic: &str, schema: Option<&SchemaRef>) -> Result<Plan> {
        let wrong = |error: String| Work::Serializing.failed(SchemaFormat::Avro, topic, &error);
        let own = match schema {
            Some(schema) => derive(schema, &self.options).map_err(Error::bad_record)?,
            None => Avro::parse(anything(), []).map_err(wrong)?,
        };
        let text = own.to_text().map_err(wrong)?;
        let name = own.record_name();
        let subject = self.subjects.name(topic, name.as_deref()).map_err(wrong)?;
        let text = SchemaText::new(SchemaFormat::Avro, text);
        let asked = format!("{} {}", self.writer.asks_for(), text.text);
        let used = self.writer.schema_to_use(&subject, &text);
        let used =
            used.map_err(|it| it.of_record(SchemaFormat::Avro, Work::Serializing, topic, &asked))?;
        let target = match &used.other {
            None => own,
            Some(other) if other.format != SchemaFormat::Avro => {
                return Err(wrong(format!("the schema of the registry is {}", other.format)));
            }
            Some(other) => {
                let named = self.registry.references(other).map_err(|it| {
                    it.of_record(SchemaFormat::Avro, Work::Serializing, topic, &asked)
                })?;
                let named = named.iter().map(|(_, it)| &*it.text);
                Avro::parse(&other.text, named).map_err(wrong)?
            }
        };
        let write = match schema {
            Some(schema) => write::plan(schema, &target, &self.options).map_err(wrong)?,
            None if target.to_text().as_deref() == Ok(anything()) => Write::Anything,
            None => {
                return Err(wrong(
                    "a value without a schema does not fit that of the registry".to_owned(),
                ));
            }
        };
        let is_bare = matches!(target.kind(target.root), Kind::Bytes);
        Ok(Plan { topic: topic.into(), schema: schema.cloned(), used, write, is_bare })
    }
}

/// How many bytes stand behind their length.
fn bare_length(written: &[u8]) -> usize {
    let prefix = written.iter().take_while(|it| **it >= 0x80).count() + 1;
    written.len().saturating_sub(prefix)
}
