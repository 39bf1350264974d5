//! Values to bytes: `JsonConverter.fromConnectData`, with the text of each schema that was written.
//!
//! A record is written into one text that is used again, behind the schema that mostly stands there already, and copied
//! from there into a chunk that many records share: most records cost no allocation.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::discriminant;

use bytes::{Bytes, BytesMut};
use sluice_plugin::Result;
use sluice_plugin::model::{Schema, SchemaRef, Type, Value};

use super::names::Names;
use super::recent::Recent;
use super::{encode, schema};

/// Bytes that small records share. One record that is kept keeps them all.
const CHUNK: usize = 16 << 10;
/// A longer record has bytes of its own.
const SMALL: usize = CHUNK / 4;
/// Room for text that is kept from one record to the next.
const KEPT: usize = 64 << 10;

/// How deep schemas are looked at to tell them apart.
const NESTING: usize = 8;

/// Writes records.
pub(super) struct Encoder {
    options: encode::Options,
    /// Schemas written before; none if records do not carry them.
    schemas: Option<Recent<Written>>,
    text: String,
    /// So much of the text is the beginning that the latest schema has.
    begun: Option<usize>,
    chunk: BytesMut,
}

/// A schema that was written before.
struct Written {
    schema: SchemaRef,
    fingerprint: u64,
    /// The text of a record up to its payload: `{"schema":…,"payload":`.
    beginning: Box<str>,
    names: Names,
}

impl Encoder {
    /// For records that carry their schema, of which so many are kept; or for those that do not.
    pub(super) fn new(options: encode::Options, cache_size: Option<usize>) -> Self {
        Self {
            options,
            schemas: cache_size.map(Recent::new),
            text: String::new(),
            begun: None,
            chunk: BytesMut::new(),
        }
    }

    pub(super) fn encode(
        &mut self,
        schema: Option<&SchemaRef>,
        value: &Value,
    ) -> Result<Option<Bytes>> {
        if schema.is_none() && value.is_null() {
            return Ok(None);
        }
        self.begin(schema)?;
        let latest = self.schemas.as_ref().and_then(Recent::latest);
        let names = latest.filter(|_| self.begun.is_some()).map_or(Names::NONE, |it| &it.names);
        let described = (schema.map(|it| &**it), names);
        encode::write_named(&mut self.text, described, value, self.options)?;
        if self.schemas.is_some() {
            self.text.push('}');
        }
        let bytes = self.share();
        if self.text.capacity() > KEPT {
            (self.text, self.begun) = (String::new(), None);
        }
        Ok(Some(bytes))
    }

    /// Leaves in the text what stands before the payload.
    fn begin(&mut self, schema: Option<&SchemaRef>) -> Result<()> {
        let begun = self.begun.take();
        let Some(schemas) = &mut self.schemas else {
            self.text.clear();
            return Ok(());
        };
        let Some(schema) = schema else {
            self.text.clear();
            self.text.push_str("{\"schema\":null,\"payload\":");
            return Ok(());
        };
        let is_same = |it: &Written| SchemaRef::ptr_eq(&it.schema, schema);
        if let Some(begun) = begun.filter(|_| schemas.latest().is_some_and(is_same)) {
            self.text.truncate(begun);
            self.begun = Some(begun);
            return Ok(());
        }
        self.text.clear();
        let fingerprint = fingerprint(schema);
        let order = |it: &Written| it.fingerprint.cmp(&fingerprint);
        if let Some(found) = schemas.find(order, |it| it.schema == *schema) {
            self.text.push_str(&found.beginning);
            // The next record is likelier to have this one.
            found.schema = SchemaRef::clone(schema);
        } else {
            self.text.push_str("{\"schema\":");
            schema::write(&mut self.text, schema, None, self.options)?;
            self.text.push_str(",\"payload\":");
            let beginning = self.text.as_str().into();
            let (schema, names) = (SchemaRef::clone(schema), Names::of(schema));
            let written = Written { schema, fingerprint, beginning, names };
            schemas.add(written, self.text.len(), order);
        }
        self.begun = Some(self.text.len());
        Ok(())
    }

    /// The text as bytes.
    fn share(&mut self) -> Bytes {
        let text = self.text.as_bytes();
        if text.len() > SMALL {
            return Bytes::copy_from_slice(text);
        }
        if self.chunk.capacity() < text.len() && !self.chunk.try_reclaim(text.len()) {
            self.chunk = BytesMut::with_capacity(CHUNK);
        }
        self.chunk.extend_from_slice(text);
        self.chunk.split().freeze()
    }
}

/// A number that equal schemas share, and others hardly.
fn fingerprint(schema: &Schema) -> u64 {
    let mut hasher = DefaultHasher::new();
    hash(schema, NESTING, &mut hasher);
    hasher.finish()
}

fn hash(schema: &Schema, depth: usize, hasher: &mut DefaultHasher) {
    discriminant(&schema.r#type).hash(hasher);
    (schema.optional, &schema.name, schema.version).hash(hasher);
    let Some(depth) = depth.checked_sub(1) else { return };
    match &schema.r#type {
        Type::Array(items) => hash(items, depth, hasher),
        Type::Map(keys, values) => {
            hash(keys, depth, hasher);
            hash(values, depth, hasher);
        }
        Type::Struct(fields) => {
            fields.len().hash(hasher);
            for field in fields {
                field.name.hash(hasher);
                hash(&field.schema, depth, hasher);
            }
        }
        _ => {}
    }
}
