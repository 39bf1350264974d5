//! What Protobuf brings to the frame of converters with a registry.

use bytes::Bytes;
use prost_reflect::MessageDescriptor;
use sluice_plugin::model::{SchemaRef, Value};
use sluice_registry::{Codec, Derived, KnownText, SchemaFormat, Wrong};

use crate::compile::ProtoText;
use crate::indexes;
use crate::mapping::{Decoding, Encoding, message};
use crate::options::MappingOptions;

/// Protobuf, as settings say.
pub(crate) struct ProtobufCodec {
    pub(crate) options: MappingOptions,
    /// Whether the registry's text has to describe what is written by it.
    pub(crate) is_strict: bool,
}

/// How the values of one schema are written.
pub(crate) struct Writing {
    encoding: Encoding,
    /// Those of the message in the registry's text.
    indexes: Vec<u32>,
}

impl Codec for ProtobufCodec {
    const FORMAT: SchemaFormat = SchemaFormat::Protobuf;
    const NULL_HAS_SCHEMA: bool = true;
    type Own = Encoding;
    type Write = Writing;
    type Known = MessageDescriptor;
    type Read = Decoding;

    fn is_tombstone(&self, _schema: Option<&SchemaRef>) -> Result<bool, Wrong> {
        Ok(true)
    }

    fn own(&self, schema: Option<&SchemaRef>) -> Result<Derived<Encoding>, Wrong> {
        let schema = schema.ok_or("Protobuf needs a schema, and the value has none")?;
        let own = Encoding::new(schema, &self.options)?;
        Ok(Derived { text: own.text().to_owned(), name: Some(own.name().to_owned()), own })
    }

    fn plan_to_write(
        &self,
        _schema: Option<&SchemaRef>,
        own: Encoding,
        other: Option<KnownText<'_>>,
    ) -> Result<Writing, Wrong> {
        let indexes = match other {
            None => own.indexes().to_vec(),
            Some(other) => {
                let imports = imports(&other);
                let text = ProtoText { text: other.text, imports: &imports };
                own.indexes_in(text, self.is_strict)?
            }
        };
        Ok(Writing { encoding: own, indexes })
    }

    fn put_behind_id(plan: &Writing, out: &mut Vec<u8>) {
        indexes::put(&plan.indexes, out);
    }

    fn write(&mut self, plan: &Writing, value: &Value, out: &mut Vec<u8>) -> Result<bool, Wrong> {
        plan.encoding.write(value, out)?;
        Ok(true)
    }

    fn length_behind_id(bytes: &[u8]) -> Result<usize, Wrong> {
        // As nearly every record has it: the first message.
        if bytes.first() == Some(&0) {
            return Ok(1);
        }
        Ok(indexes::read(bytes)?.1)
    }

    fn understand(
        &self,
        text: KnownText<'_>,
        behind_id: &[u8],
    ) -> Result<(MessageDescriptor, Option<String>), Wrong> {
        let (indexes, _) = indexes::read(behind_id)?;
        let imports = imports(&text);
        let message = message(ProtoText { text: text.text, imports: &imports }, &indexes)?;
        let name = message.full_name().to_owned();
        Ok((message, Some(name)))
    }

    fn plan_to_read(
        &self,
        known: MessageDescriptor,
        version: Option<i32>,
    ) -> Result<(Option<SchemaRef>, Decoding), Wrong> {
        let decoding = Decoding::of(&known, version, &self.options)?;
        Ok((Some(decoding.schema().clone()), decoding))
    }

    fn read(&self, plan: &Decoding, record: Bytes) -> Result<Value, Wrong> {
        Ok(plan.read(&record)?)
    }
}

/// The texts that a schema names, by the names that it uses.
fn imports(text: &KnownText<'_>) -> Vec<(String, String)> {
    text.named.iter().map(|(name, it)| (name.clone(), it.text.to_string())).collect()
}
