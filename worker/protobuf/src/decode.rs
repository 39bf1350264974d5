//! Messages to values, by a plan that is made once for each schema (`ProtobufData.toConnectData`).
//!
//! What Protobuf says about odd messages holds: the last of several values of a field counts, messages of one field are
//! merged, numbers may come packed or not, and what is unknown or of another wire type is passed over.

mod leaf;

use std::sync::Arc;

use bytes::Bytes;
use sluice_plugin::model::{Logical, SchemaRef, Struct, Value};

use crate::logical;
use crate::scalar::Scalar;
use crate::wire::{DEEPEST, Malformed, Reader, WireType};

/// How messages of one type are read.
#[derive(Debug)]
pub(crate) struct RowReader {
    pub(crate) schema: SchemaRef,
    /// The values of a message without fields.
    pub(crate) absent: Vec<Value>,
    /// By their numbers, in order.
    pub(crate) fields: Vec<FieldReader>,
}

/// How one field is read.
#[derive(Debug)]
pub(crate) struct FieldReader {
    pub(crate) number: u32,
    pub(crate) name: Arc<str>,
    pub(crate) place: Place,
    pub(crate) is_repeated: bool,
    pub(crate) is_required: bool,
    pub(crate) part: Part,
}

/// Where a field's value goes.
#[derive(Debug)]
pub(crate) enum Place {
    /// The field of this index.
    Field(usize),
    /// The member of a union: its index in the union, which is at this index and has this schema.
    Member { union: usize, schema: SchemaRef, member: usize },
    /// The field of this index, which is a member of a union with these indexes, of which one has a value.
    Flat { index: usize, union: Arc<[usize]> },
}

/// How one value is read.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    Scalar(Scalar, Width),
    Wrapper(Scalar),
    Enum(Arc<EnumReader>),
    Logical(Logical),
    Row(Arc<RowReader>),
    Map(Arc<MapReader>),
}

/// How wide a 32-bit integer is in Connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    Int8,
    Int16,
    Own,
}

/// The values of an enum.
#[derive(Debug)]
pub(crate) struct EnumReader {
    pub(crate) name: String,
    /// Numbers in order, and the names that were defined first for them.
    pub(crate) values: Vec<(i32, bytestring::ByteString)>,
    /// Whether a number that is not there is a value all the same.
    pub(crate) is_open: bool,
    /// Whether values are their numbers.
    pub(crate) as_number: bool,
}

/// How the entries of a map are read.
#[derive(Debug)]
pub(crate) struct MapReader {
    pub(crate) key: Part,
    pub(crate) value: Part,
    /// What stands for a key and a value that are not there; none if they cannot be missing.
    pub(crate) absent: (Value, Value),
}

/// Why a message cannot be read; the path of its field is added on the way out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable(pub(crate) String);

impl From<Malformed> for Unreadable {
    fn from(error: Malformed) -> Self {
        Self(format!(": {error}"))
    }
}

impl Unreadable {
    fn new(reason: &str) -> Self {
        Self(format!(": {reason}"))
    }

    fn within(self, name: &str) -> Self {
        let separator = if self.0.starts_with(':') { "" } else { "." };
        Self(format!("{name}{separator}{}", self.0))
    }
}

/// A message that is being read: what its parts are slices of, and how deep it lies.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) whole: &'a Bytes,
    pub(crate) depth: usize,
}

impl RowReader {
    /// Reads a message.
    pub(crate) fn read(&self, bytes: &[u8], source: Source<'_>) -> Result<Value, Unreadable> {
        if source.depth > DEEPEST {
            return Err(Malformed::Deep.into());
        }
        let mut values = self.absent.clone();
        let mut seen = vec![Seen::default(); self.fields.len()];
        let mut reader = Reader::new(bytes);
        let mut hint = 0;
        loop {
            let start = bytes.len() - reader.rest.len();
            let Some((number, wire)) = reader.tag()? else { break };
            let Some(index) = self.find(number, hint) else {
                reader.skip(number, wire)?;
                continue;
            };
            hint = index + 1;
            let field = &self.fields[index];
            let before = reader;
            let read = field.read(&mut values, &mut reader, wire, source);
            if !read.map_err(|it| it.within(&field.name))? {
                reader = before;
                reader.skip(number, wire)?;
                continue;
            }
            self.note(index, start, &mut seen);
        }
        for (field, seen) in self.fields.iter().zip(&seen) {
            field.finish(*seen, bytes, &mut values, source).map_err(|it| it.within(&field.name))?;
        }
        Ok(Value::Struct(Struct::new(self.schema.clone(), values)))
    }

    /// The field of a number; fields mostly come in order.
    fn find(&self, number: u32, hint: usize) -> Option<usize> {
        if self.fields.get(hint).is_some_and(|it| it.number == number) {
            return Some(hint);
        }
        self.fields.binary_search_by_key(&number, |it| it.number).ok()
    }

    /// Notes that a field was read, and forgets the members of its union that were before.
    fn note(&self, index: usize, start: usize, seen: &mut [Seen]) {
        let field = &self.fields[index];
        if let Some(union) = field.place.union() {
            for (other, seen) in self.fields.iter().zip(&mut *seen) {
                if other.number != field.number && other.place.union() == Some(union) {
                    *seen = Seen::default();
                }
            }
        }
        let seen = &mut seen[index];
        if seen.times == 0 {
            seen.start = start;
        }
        seen.times = seen.times.saturating_add(1);
    }
}

/// What was read of a field so far.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    times: u32,
    /// Where the first of it begins.
    start: usize,
}

impl FieldReader {
    /// Puts together what came in several parts, and looks for what has to be there.
    fn finish(
        &self,
        seen: Seen,
        bytes: &[u8],
        values: &mut [Value],
        source: Source<'_>,
    ) -> Result<(), Unreadable> {
        if self.is_required && seen.times == 0 {
            return Err(Unreadable::new("Message was missing required fields"));
        }
        if let (Part::Map(_), Place::Field(index)) = (&self.part, &self.place)
            && let Value::Map(entries) = &mut values[*index]
        {
            leaf::keep_last(entries);
        }
        if seen.times < 2 || self.is_repeated || !self.part.is_message() {
            return Ok(());
        }
        // One message in several parts: they are read again as one.
        let mut merged = Vec::new();
        let mut reader = Reader::new(&bytes[seen.start..]);
        while let Some((number, wire)) = reader.tag()? {
            if number == self.number && wire == WireType::Delimited {
                merged.extend_from_slice(reader.delimited()?);
            } else {
                reader.skip(number, wire)?;
            }
        }
        let merged = Bytes::from(merged);
        let value = self.part.read_message(&merged, Source { whole: &merged, ..source })?;
        self.place.put(values, value);
        Ok(())
    }

    /// Reads a value into its place; false if the wire type is another field's.
    fn read(
        &self,
        values: &mut [Value],
        reader: &mut Reader<'_>,
        wire: WireType,
        source: Source<'_>,
    ) -> Result<bool, Unreadable> {
        if let (Part::Map(map), Place::Field(index)) = (&self.part, &self.place) {
            if wire != WireType::Delimited {
                return Ok(false);
            }
            let entry = map.read(reader.delimited()?, source.deeper())?;
            if let Value::Map(entries) = &mut values[*index] {
                entries.push(entry);
            }
            return Ok(true);
        }
        if !self.is_repeated {
            let Some(value) = self.part.read(reader, wire, source)? else { return Ok(false) };
            self.place.put(values, value);
            return Ok(true);
        }
        let Place::Field(index) = self.place else { return Ok(false) };
        let Value::Array(items) = &mut values[index] else { return Ok(false) };
        if wire == WireType::Delimited && self.part.wire_type() != WireType::Delimited {
            let mut packed = Reader::new(reader.delimited()?);
            while !packed.rest.is_empty() {
                items.extend(self.part.read(&mut packed, self.part.wire_type(), source)?);
            }
            return Ok(true);
        }
        let item = self.part.read(reader, wire, source)?;
        let is_read = item.is_some();
        items.extend(item);
        Ok(is_read)
    }
}

impl Place {
    /// What all members of a union have in common.
    fn union(&self) -> Option<usize> {
        match self {
            Self::Field(_) => None,
            Self::Member { union, .. } => Some(*union),
            Self::Flat { union, .. } => union.first().copied(),
        }
    }

    fn put(&self, values: &mut [Value], value: Value) {
        match self {
            Self::Field(index) => values[*index] = value,
            Self::Member { union, schema, member } => {
                let mut members = vec![Value::Null; schema.fields().len()];
                members[*member] = value;
                values[*union] = Value::Struct(Struct::new(schema.clone(), members));
            }
            Self::Flat { index, union } => {
                for member in &**union {
                    values[*member] = Value::Null;
                }
                values[*index] = value;
            }
        }
    }
}

impl Source<'_> {
    const fn deeper(self) -> Self {
        Self { whole: self.whole, depth: self.depth + 1 }
    }
}

impl Part {
    fn is_message(&self) -> bool {
        matches!(self, Self::Wrapper(_) | Self::Logical(_) | Self::Row(_))
    }

    fn wire_type(&self) -> WireType {
        match self {
            Self::Scalar(scalar, _) => scalar.wire_type(),
            Self::Enum(_) => WireType::Varint,
            _ => WireType::Delimited,
        }
    }

    /// Reads a value; none if it has another wire type, or is a number that its enum does not have.
    fn read(
        &self,
        reader: &mut Reader<'_>,
        wire: WireType,
        source: Source<'_>,
    ) -> Result<Option<Value>, Unreadable> {
        if wire != self.wire_type() {
            return Ok(None);
        }
        match self {
            Self::Scalar(scalar, width) => scalar.read(*width, reader, source.whole).map(Some),
            Self::Enum(values) => Ok(values.value(reader.varint()? as i32)),
            message => message.read_message(reader.delimited()?, source.deeper()).map(Some),
        }
    }

    /// Reads the value of a message from its fields.
    pub(crate) fn read_message(
        &self,
        payload: &[u8],
        source: Source<'_>,
    ) -> Result<Value, Unreadable> {
        match self {
            Self::Row(row) => row.read(payload, source),
            Self::Logical(it) => logical::read(*it, payload).map_err(|it| Unreadable::new(&it)),
            Self::Wrapper(scalar) => leaf::read_wrapper(*scalar, payload, source.whole),
            Self::Scalar(..) | Self::Enum(_) | Self::Map(_) => Err(Unreadable::new("no message")),
        }
    }
}

impl MapReader {
    fn read(&self, payload: &[u8], source: Source<'_>) -> Result<(Value, Value), Unreadable> {
        let (mut key, mut value) = (None, None);
        let mut reader = Reader::new(payload);
        while let Some((number, wire)) = reader.tag()? {
            let (slot, part) = match number {
                1 => (&mut key, &self.key),
                2 => (&mut value, &self.value),
                _ => {
                    reader.skip(number, wire)?;
                    continue;
                }
            };
            let before = reader;
            if let Some(read) = part.read(&mut reader, wire, source)? {
                *slot = Some(read);
            } else {
                reader = before;
                reader.skip(number, wire)?;
            }
        }
        let value = match value {
            Some(value) => value,
            None if self.value.is_message() => self.value.read_message(&[], source)?,
            None => self.absent.1.clone(),
        };
        Ok((key.unwrap_or_else(|| self.absent.0.clone()), value))
    }
}
