//! Bytes to values: `JsonConverter.toConnectData`, with a plan for each schema that was seen.
//!
//! Records of one producer begin alike, down to the last byte of their schema. That beginning is compared as raw bytes;
//! what follows is read by the plan of the schema. Where the plan gives up, the record is read as a tree.

use bytes::Bytes;
use sluice_plugin::model::{SchemaAndValue, SchemaRef, Value};
use sluice_plugin::{Error, Result};

use super::document::Document;
use super::keys::Keys;
use super::node::{self, Node};
use super::plan::Plan;
use super::recent::Recent;
use super::scan::{Malformed, Scanner};
use super::{read, schema, schemaless};

const ENVELOPE: &str = "JsonConverter with schemas.enable requires \"schema\" and \"payload\" fields and may not contain \
                        additional fields. If you are trying to deserialize plain JSON data, set schemas.enable=false in \
                        your converter configuration.";

/// Reads records.
pub(super) struct Decoder {
    source: Source,
    replace_null: bool,
}

/// Where the schema of a record comes from.
enum Source {
    /// There is none.
    None(Keys),
    /// The configuration.
    Content(SchemaRef, Plan),
    /// The record itself.
    Envelope(Recent<Known>),
}

/// A schema that was read before.
struct Known {
    /// The text of a record up to its payload: `{"schema":…,"payload":`.
    beginning: Box<[u8]>,
    schema: Option<SchemaRef>,
    plan: Plan,
}

impl Decoder {
    /// For records without a schema.
    pub(super) fn schemaless() -> Self {
        Self { source: Source::None(Keys::new()), replace_null: false }
    }

    /// For records that carry their schema; so many of them are kept.
    pub(super) const fn envelope(cache_size: usize, replace_null: bool) -> Self {
        Self { source: Source::Envelope(Recent::new(cache_size)), replace_null }
    }

    /// For records that have the schema of this text, unless it is JSON's null.
    pub(super) fn content(text: &str, replace_null: bool) -> Result<Option<Self>> {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        let document = Document::new(&bytes, 0);
        let node = node::parse(&document).map_err(|error| {
            Error::bad_record(
                "Failed to parse schema in converter config due to serialization error: ",
            )
            .because(serialization(error))
        })?;
        let schema = schema::read(&node.unwrap_or(Node::Null), replace_null)?;
        Ok(schema.map(|schema| {
            let plan = Plan::new(Some(&schema), replace_null);
            Self { source: Source::Content(schema, plan), replace_null }
        }))
    }

    pub(super) fn decode(&mut self, bytes: &Bytes) -> Result<SchemaAndValue> {
        let known = match &mut self.source {
            Source::None(keys) => {
                let document = Document::new(bytes, 0);
                let value =
                    schemaless::document(&mut Scanner::new(&document), keys).map_err(not_json)?;
                return Ok(SchemaAndValue { schema: None, value: value.unwrap_or(Value::Null) });
            }
            Source::Content(schema, plan) => {
                let value = with_schema(schema, plan, bytes, self.replace_null)?;
                return Ok(SchemaAndValue { schema: Some(SchemaRef::clone(schema)), value });
            }
            Source::Envelope(known) => known,
        };
        // Of these beginnings none begins with another, because JSON says itself where a schema ends: the last one that
        // is not greater than the record is the only one that it can have.
        let found =
            known.find(|it| (*it.beginning).cmp(&**bytes), |it| bytes.starts_with(&it.beginning));
        let is_known = found.is_some();
        if let Some(read) = found.and_then(|it| it.read(bytes, self.replace_null)) {
            return read;
        }
        let (read, added) = envelope(bytes, known.latest(), is_known, self.replace_null)?;
        if let Some(added) = added {
            let (weight, beginning) = (added.beginning.len(), added.beginning.clone());
            known.add(added, weight, |it| it.beginning.cmp(&beginning));
        }
        Ok(read)
    }
}

impl Known {
    /// The rest of a record that begins alike; none unless that is the payload alone.
    fn read(&self, bytes: &Bytes, replace_null: bool) -> Option<Result<SchemaAndValue>> {
        let document = Document::new(bytes, self.beginning.len());
        let schema = self.schema.clone();
        if let Some(value) = self.planned(&document) {
            return Some(Ok(SchemaAndValue { schema, value }));
        }
        let mut scanner = Scanner::inside(&document);
        let payload = node::value(&mut scanner).ok()?;
        let value = || described(schema.as_ref(), &payload, replace_null);
        scanner.takes(b'}').then(value).map(|it| it.map(|value| SchemaAndValue { schema, value }))
    }

    /// The value, if it is ordinary.
    fn planned(&self, document: &Document<'_>) -> Option<Value> {
        let mut scanner = Scanner::inside(document);
        let value = self.plan.read(&mut scanner).ok()?;
        scanner.takes(b'}').then_some(value)
    }
}

/// A record of the configured schema. A text of nothing but white space is null.
fn with_schema(
    schema: &SchemaRef,
    plan: &Plan,
    bytes: &Bytes,
    replace_null: bool,
) -> Result<Value> {
    let document = Document::new(bytes, 0);
    if let Ok(Some(value)) = Scanner::new(&document).document(|it| plan.read(it)) {
        return Ok(value);
    }
    let node = node::parse(&document).map_err(not_json)?;
    read::typed(schema, node.as_ref(), replace_null)
}

/// A record that carries its schema, by way of a tree: exactly the members `schema` and `payload`. The second part is what
/// to know of it next time, if it begins with the schema and is not known.
fn envelope(
    bytes: &Bytes,
    latest: Option<&Known>,
    is_known: bool,
    replace_null: bool,
) -> Result<(SchemaAndValue, Option<Known>)> {
    let no_envelope = || Error::bad_record(ENVELOPE);
    let document = Document::new(bytes, 0);
    let node = node::parse(&document).map_err(not_json)?.ok_or_else(no_envelope)?;
    let (Node::Object(members), Some(schema), Some(payload)) =
        (&node, node.get("schema"), node.get("payload"))
    else {
        return Err(no_envelope());
    };
    if members.len() != 2 {
        return Err(no_envelope());
    }
    let schema = schema::read(schema, replace_null)?;
    // One schema in memory for all that are equal: what comes after looks at its address first.
    let schema = latest.map(|it| &it.schema).filter(|it| **it == schema).cloned().unwrap_or(schema);
    let value = described(schema.as_ref(), payload, replace_null)?;
    let added = if is_known { None } else { known(&document, schema.as_ref(), replace_null) };
    Ok((SchemaAndValue { schema, value }, added))
}

fn described(schema: Option<&SchemaRef>, payload: &Node<'_>, replace_null: bool) -> Result<Value> {
    schema.map_or_else(
        || Ok(schemaless::of(payload)),
        |schema| read::typed(schema, Some(payload), replace_null),
    )
}

/// What to know of a record that was read: none if it does not begin with its schema, or has a member twice.
fn known(document: &Document<'_>, schema: Option<&SchemaRef>, replace_null: bool) -> Option<Known> {
    let mut scanner = Scanner::new(document);
    let begins = scanner.takes(b'{') && scanner.name().ok()? == "schema";
    begins.then(|| node::value(&mut scanner).ok())??;
    let goes_on = scanner.takes(b',') && scanner.name().ok()? == "payload";
    let beginning = scanner.passed().into();
    goes_on.then(|| node::value(&mut scanner).ok())??;
    let plan = || Plan::new(schema, replace_null);
    scanner.takes(b'}').then(|| Known { beginning, schema: schema.cloned(), plan: plan() })
}

fn not_json(error: Malformed) -> Error {
    Error::bad_record("Converting byte[] to Kafka Connect data failed due to serialization error: ")
        .because(serialization(error))
}

fn serialization(error: Malformed) -> Error {
    let cause = Error::bad_record(error.to_string()).named(error.class);
    Error::bad_record(format!("{}: {error}", error.class))
        .named("org.apache.kafka.common.errors.SerializationException")
        .because(cause)
}

#[cfg(test)]
mod tests;
