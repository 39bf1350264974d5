//! What Avro brings to the frame of converters with a registry.

use bytes::Bytes;
use sluice_plugin::model::{SchemaRef, Value};
use sluice_registry::{Codec, Derived, KnownText, SchemaFormat, Wrong};

use crate::{
    Options,
    connect::translate,
    derive::{anything, derive},
    read::Read,
    schema::{Avro, Kind},
    write::{self, Write},
};

/// Avro, as settings say.
pub(crate) struct AvroCodec {
    pub(crate) options: Options,
}

/// How the values of one schema are written.
pub(crate) struct Writing {
    write: Write,
    /// Bytes alone have no length before them.
    is_bare: bool,
}

impl Codec for AvroCodec {
    const FORMAT: SchemaFormat = SchemaFormat::Avro;
    /// Java has no schema for null.
    const NULL_HAS_SCHEMA: bool = false;
    type Own = Avro;
    type Write = Writing;
    type Known = Avro;
    type Read = Read;

    fn is_tombstone(&self, schema: Option<&SchemaRef>) -> Result<bool, Wrong> {
        match schema {
            Some(schema) if !schema.optional => {
                Err(Wrong::Data("Found null value for non-optional schema".to_owned()))
            }
            _ => Ok(true),
        }
    }

    fn own(&self, schema: Option<&SchemaRef>) -> Result<Derived<Avro>, Wrong> {
        let own = match schema {
            Some(schema) => derive(schema, &self.options).map_err(Wrong::Data)?,
            None => Avro::parse(anything(), [])?,
        };
        Ok(Derived { text: own.to_text()?, name: own.record_name(), own })
    }

    fn plan_to_write(
        &self,
        schema: Option<&SchemaRef>,
        own: Avro,
        other: Option<KnownText<'_>>,
    ) -> Result<Writing, Wrong> {
        let target = other.map_or(Ok(own), parsed)?;
        let write = match schema {
            Some(schema) => write::plan(schema, &target, &self.options)?,
            None if target.to_text().as_deref() == Ok(anything()) => Write::Anything,
            None => return Err("a value without a schema does not fit that of the registry".into()),
        };
        Ok(Writing { write, is_bare: matches!(target.kind(target.root), Kind::Bytes) })
    }

    fn write(&mut self, plan: &Writing, value: &Value, out: &mut Vec<u8>) -> Result<bool, Wrong> {
        let begun = out.len();
        plan.write.write(value, out).map_err(Wrong::Data)?;
        if plan.is_bare {
            let length = match value {
                Value::Bytes(it) => it.len(),
                _ => bare_length(&out[begun..]),
            };
            let prefix = out.len() - begun - length;
            out.drain(begun..begun + prefix);
        }
        Ok(true)
    }

    fn understand(
        &self,
        text: KnownText<'_>,
        _behind_id: &[u8],
    ) -> Result<(Avro, Option<String>), Wrong> {
        let avro = parsed(text)?;
        let name = avro.record_name();
        Ok((avro, name))
    }

    fn plan_to_read(
        &self,
        known: Avro,
        version: Option<i32>,
    ) -> Result<(Option<SchemaRef>, Read), Wrong> {
        translate(&known, version, &self.options).map_err(Wrong::Data)
    }

    fn read(&self, plan: &Read, record: Bytes) -> Result<Value, Wrong> {
        Ok(plan.record(record)?)
    }
}

fn parsed(text: KnownText<'_>) -> Result<Avro, String> {
    Avro::parse(text.text, text.named.iter().map(|(_, it)| &*it.text))
}

/// How many bytes stand behind their length.
fn bare_length(written: &[u8]) -> usize {
    let prefix = written.iter().take_while(|it| **it >= 0x80).count() + 1;
    written.len().saturating_sub(prefix)
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
