//! Values to bytes, with a plan for each schema of each topic.

use std::sync::Arc;

use bytes::Bytes;
use sluice_plugin::{
    RawHeaders, Result,
    model::{SchemaRef, Value},
};

use crate::{
    Codec, KnownText, Registry, RegistrySettings, SchemaIdPlace, SchemaText, SchemaToUse, Subjects,
    Work, Writer, Wrong, frame, header_name,
};

/// Room for bytes that is kept from one record to the next.
const KEPT: usize = 64 << 10;

/// Writes by plans of a kind.
pub(super) struct Encoder<W> {
    writer: Writer,
    registry: Registry,
    subjects: Subjects,
    place: SchemaIdPlace,
    header: Arc<str>,
    most: usize,
    /// The one that was used last comes first.
    plans: Vec<Plan<W>>,
    out: Vec<u8>,
}

/// How to write the values of one schema to one topic.
struct Plan<W> {
    topic: Box<str>,
    schema: Option<SchemaRef>,
    used: SchemaToUse,
    /// The id, and what belongs to it.
    head: Bytes,
    write: W,
}

impl<W> Encoder<W> {
    pub(super) fn new(registry: Registry, settings: &RegistrySettings, most: usize) -> Self {
        Self {
            writer: Writer::new(registry.clone(), settings),
            registry,
            subjects: settings.subjects(),
            place: settings.schema_id_place(),
            header: header_name(settings.role()).into(),
            most,
            plans: Vec::new(),
            out: Vec::new(),
        }
    }

    pub(super) fn encode<C: Codec<Write = W>>(
        &mut self,
        codec: &mut C,
        topic: &str,
        headers: &mut RawHeaders,
        (schema, value): (Option<&SchemaRef>, &Value),
    ) -> Result<Option<Bytes>> {
        let wrong = |it: Wrong| it.written(C::FORMAT, topic);
        if value.is_null() && codec.is_tombstone(schema).map_err(wrong)? {
            return Ok(None);
        }
        self.find(codec, topic, schema)?;
        let Some(plan) = self.plans.first() else { return Ok(None) };
        self.out.clear();
        if self.place == SchemaIdPlace::Prefix {
            self.out.extend_from_slice(&plan.head);
        }
        if !codec.write(&plan.write, value, &mut self.out).map_err(wrong)? {
            return Ok(None);
        }
        if self.place == SchemaIdPlace::Header {
            headers.push((Arc::clone(&self.header), Some(plan.head.clone())));
        }
        let bytes = Bytes::copy_from_slice(&self.out);
        if self.out.capacity() > KEPT {
            self.out = Vec::new();
        }
        Ok(Some(bytes))
    }

    /// Puts the plan of the schema in front.
    fn find<C: Codec<Write = W>>(
        &mut self,
        codec: &C,
        topic: &str,
        schema: Option<&SchemaRef>,
    ) -> Result<()> {
        let is_same = |known: Option<&SchemaRef>, exactly: bool| match (known, schema) {
            (None, None) => true,
            (Some(known), Some(schema)) => {
                SchemaRef::ptr_eq(known, schema) || !exactly && known == schema
            }
            _ => false,
        };
        let place = |exactly| {
            let is_it = |it: &Plan<W>| *it.topic == *topic && is_same(it.schema.as_ref(), exactly);
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
        let plan = self.plan(codec, topic, schema)?;
        self.plans.truncate(self.most - 1);
        self.plans.insert(0, plan);
        Ok(())
    }

    fn plan<C: Codec<Write = W>>(
        &mut self,
        codec: &C,
        topic: &str,
        schema: Option<&SchemaRef>,
    ) -> Result<Plan<W>> {
        let wrong = |it: Wrong| it.written(C::FORMAT, topic);
        let derived = codec.own(schema).map_err(wrong)?;
        let subject = self.subjects.name(topic, derived.name.as_deref());
        let subject = subject.map_err(|it| wrong(it.into()))?;
        let text = SchemaText::new(C::FORMAT, derived.text);
        let asked = format!("{} {}", self.writer.asks_for(), text.text);
        let failed =
            |it: crate::RegistryError| it.of_record(C::FORMAT, Work::Serializing, topic, &asked);
        let used = self.writer.schema_to_use(&subject, &text).map_err(failed)?;
        let named = match &used.other {
            Some(other) if other.format != C::FORMAT => {
                return Err(wrong(
                    format!("the schema of the registry is {}", other.format).into(),
                ));
            }
            Some(other) => self.registry.references(other).map_err(failed)?,
            None => Vec::new(),
        };
        let other = used.other.as_ref().map(|it| KnownText { text: &it.text, named: &named });
        let write = codec.plan_to_write(schema, derived.own, other).map_err(wrong)?;
        let mut head = Vec::new();
        frame(used.id, &mut head);
        C::put_behind_id(&write, &mut head);
        Ok(Plan { topic: topic.into(), schema: schema.cloned(), used, head: head.into(), write })
    }
}
