//! What JSON Schema brings to the frame of converters with a registry.

use bytes::Bytes;
use sluice_plugin::model::{Schema, SchemaRef, Value};
use sluice_registry::{Codec, Derived, KnownText, SchemaFormat, Wrong};

use crate::{
    Options, compatible, document::Document, from_connect, names::is_union, read::Read,
    to_connect::translate, write::Write,
};

/// Room for text that is kept from one record to the next.
const KEPT: usize = 64 << 10;

/// JSON Schema, as settings say.
pub(crate) struct JsonSchemaCodec {
    options: Options,
    /// Whether the registry's text has to describe what is written by it.
    is_strict: bool,
    text: String,
}

impl JsonSchemaCodec {
    pub(crate) const fn new(options: Options, is_strict: bool) -> Self {
        Self { options, is_strict, text: String::new() }
    }

    fn parsed(&self, text: KnownText<'_>) -> Result<Document, String> {
        let named = text.named.iter().map(|(name, it)| (name.as_str(), &*it.text));
        Document::parse(text.text, named, self.options.old_drafts)
    }
}

impl Codec for JsonSchemaCodec {
    const FORMAT: SchemaFormat = SchemaFormat::Json;
    const NULL_HAS_SCHEMA: bool = true;
    type Own = ();
    type Write = Write;
    type Known = Document;
    type Read = Read;

    /// Neither a default nor the schema takes the null.
    fn is_tombstone(&self, schema: Option<&SchemaRef>) -> Result<bool, Wrong> {
        Ok(schema.is_none_or(|it| !it.optional && it.default.is_none()))
    }

    fn own(&self, schema: Option<&SchemaRef>) -> Result<Derived<()>, Wrong> {
        let schema = with_schema(schema)?;
        let text = from_connect::text(schema, &self.options)?;
        Ok(Derived { text, name: title(schema).map(str::to_owned), own: () })
    }

    fn plan_to_write(
        &self,
        schema: Option<&SchemaRef>,
        _own: (),
        other: Option<KnownText<'_>>,
    ) -> Result<Write, Wrong> {
        let schema = with_schema(schema)?;
        if let Some(other) = other.filter(|_| self.is_strict) {
            let (known, _) = translate(&self.parsed(other)?, None, &self.options)?;
            compatible::check(schema, &known)?;
        }
        Ok(Write::new(schema, &self.options)?)
    }

    fn write(&mut self, plan: &Write, value: &Value, out: &mut Vec<u8>) -> Result<bool, Wrong> {
        self.text.clear();
        let is_written = plan.record(&mut self.text, value)?;
        out.extend_from_slice(self.text.as_bytes());
        if self.text.capacity() > KEPT {
            self.text = String::new();
        }
        Ok(is_written)
    }

    fn understand(
        &self,
        text: KnownText<'_>,
        _behind_id: &[u8],
    ) -> Result<(Document, Option<String>), Wrong> {
        let document = self.parsed(text)?;
        let title = document.title.clone();
        Ok((document, title))
    }

    fn plan_to_read(
        &self,
        known: Document,
        version: Option<i32>,
    ) -> Result<(Option<SchemaRef>, Read), Wrong> {
        let (schema, read) = translate(&known, version, &self.options)?;
        Ok((Some(schema), read))
    }

    fn read(&self, plan: &Read, record: Bytes) -> Result<Value, Wrong> {
        Ok(plan.record(&record)?)
    }
}

fn with_schema(schema: Option<&SchemaRef>) -> Result<&SchemaRef, Wrong> {
    schema.ok_or_else(|| {
        "a value without a schema has none to register: JsonSchemaConverter writes values with schemas alone".into()
    })
}

/// The title of a schema's text: one that may be null is a choice, which has none.
fn title(schema: &Schema) -> Option<&str> {
    let is_choice = schema.optional || is_union(schema);
    schema.name.as_deref().filter(|_| !is_choice)
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
