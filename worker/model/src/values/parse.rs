//! Reads the text of a value and infers its schema (`Values.parseString`).

use bytestring::ByteString;

use crate::{Schema, SchemaAndValue, SchemaRef, Type, Value, digits::digit};

use super::{
    ValuesError,
    convert::convert_to,
    identity::{Entries, rekeyed},
    merge::Common,
    number, temporal,
    tokens::{Tokens, trim},
};

/// How deep arrays and maps in a text may nest. Java's limit is its stack: from 1,785 to 6,551 levels were seen.
pub const MAX_DEPTH: usize = 1_000;

/// The value that a text stands for, with the schema that it shows: null, a boolean, a number, a date or time, an array
/// or a map of those, or else the text itself, which shares the bytes of `text`.
///
/// Nothing but the end of [`MAX_DEPTH`] is an error: what is malformed is a string.
pub fn parse_string(text: &ByteString) -> Result<SchemaAndValue, ValuesError> {
    if text.is_empty() {
        return Ok(string(text.clone()));
    }
    if let Some(literal) = literal(trim(text)) {
        return Ok(literal);
    }
    let mut tokens = Tokens::new(text);
    if let Some(frame) = open(&mut tokens) {
        if let Some(collection) = collection(&mut tokens, frame)? {
            return Ok(collection);
        }
        tokens.rewind(0);
    }
    // What follows the first token is lost where that is blank, or a number of its own.
    let token = tokens.take();
    if trim(token).is_empty() {
        return Ok(string(text.slice_ref(token)));
    }
    Ok(scalar(&mut tokens, trim(token)).unwrap_or_else(|| string(text.clone())))
}

/// An array or a map that is being read.
enum Frame {
    Array { items: Vec<Value>, common: Common },
    Map { entries: Entries, keys: Common, values: Common, key: Option<SchemaAndValue> },
}

/// Takes the beginning of an array or a map.
fn open(tokens: &mut Tokens<'_>) -> Option<Frame> {
    if tokens.take_if("[") {
        Some(Frame::Array { items: Vec::new(), common: Common::default() })
    } else if tokens.take_if("{") {
        let (entries, keys, values) = Default::default();
        Some(Frame::Map { entries, keys, values, key: None })
    } else {
        None
    }
}

/// Reads the array or map that began, with all that is in it; none if it is malformed.
fn collection(
    tokens: &mut Tokens<'_>,
    outer: Frame,
) -> Result<Option<SchemaAndValue>, ValuesError> {
    let mut frames = vec![outer];
    while let Some(frame) = frames.last_mut() {
        let part = match frame.next(tokens) {
            Next::Malformed => return Ok(None),
            Next::Part => None,
            Next::End => match frames.pop().and_then(Frame::close) {
                Some(value) => Some(value),
                None => return Ok(None),
            },
        };
        let part = match part {
            Some(part) => part,
            None => match begin(tokens) {
                Some(Begun::Whole(value)) => value,
                Some(Begun::Opened(_)) if frames.len() == MAX_DEPTH => {
                    return Err(ValuesError::TooDeep);
                }
                Some(Begun::Opened(frame)) => {
                    frames.push(frame);
                    continue;
                }
                None => return Ok(None),
            },
        };
        let Some(frame) = frames.last_mut() else { return Ok(Some(part)) };
        if !frame.accept(part, tokens) {
            return Ok(None);
        }
    }
    Ok(None)
}

/// How an array or a map goes on.
enum Next {
    Part,
    End,
    Malformed,
}

/// What a part of an array or a map begins with.
enum Begun {
    Whole(SchemaAndValue),
    Opened(Frame),
}

impl Frame {
    fn next(&self, tokens: &mut Tokens<'_>) -> Next {
        let end = match self {
            Self::Array { .. } => "]",
            Self::Map { key: None, .. } => "}",
            Self::Map { key: Some(_), .. } => return Next::Part,
        };
        if !tokens.has_next() {
            Next::Malformed
        } else if tokens.take_if(end) {
            Next::End
        } else if tokens.take_if(",") {
            Next::Malformed
        } else {
            Next::Part
        }
    }

    /// Adds a part and takes the delimiter behind it. False if the text is malformed.
    fn accept(&mut self, part: SchemaAndValue, tokens: &mut Tokens<'_>) -> bool {
        match self {
            Self::Array { items, common } => {
                common.merge(part.schema.as_ref());
                items.push(part.value);
                let mark = tokens.mark();
                let is_last = tokens.take_if("]");
                if is_last {
                    tokens.rewind(mark);
                }
                is_last || tokens.take_if(",")
            }
            Self::Map { key: key @ None, .. } => {
                let is_key = !part.value.is_null() && tokens.take_if(":");
                *key = Some(part);
                is_key
            }
            Self::Map { entries, keys, values, key } => {
                if let Some(key) = key.take() {
                    keys.merge(key.schema.as_ref());
                    values.merge(part.schema.as_ref());
                    entries.put(key.value, part.value);
                }
                // Between entries the comma may be missing.
                tokens.take_if(",");
                true
            }
        }
    }

    /// The whole, its parts converted to the schema that they have in common; none if one cannot be.
    fn close(self) -> Option<SchemaAndValue> {
        let align = |schema: &SchemaRef, value| convert_to(schema, None, value).ok();
        let (r#type, value) = match self {
            Self::Array { mut items, common } => {
                let schema = common.into_schema();
                if let Some(schema) = &schema {
                    let aligned = items.into_iter().map(|it| align(schema, it));
                    items = aligned.collect::<Option<_>>()?;
                }
                (Type::Array(schema.unwrap_or_else(untyped)), Value::Array(items))
            }
            Self::Map { entries, keys, values, .. } => {
                let mut entries = entries.into_vec();
                let keys = keys.into_schema();
                // Without a schema of the keys, that of the values is lost as well.
                let values = values.into_schema().filter(|_| keys.is_some());
                if let Some(keys) = &keys {
                    let aligned = entries.into_iter().map(|(key, value)| {
                        let value = match &values {
                            Some(values) => align(values, value)?,
                            None => value,
                        };
                        Some((align(keys, key)?, value))
                    });
                    entries = rekeyed(aligned.collect::<Option<Vec<_>>>()?);
                }
                let types = [keys, values].map(|it| it.unwrap_or_else(untyped));
                let [keys, values] = types;
                (Type::Map(keys, values), Value::Map(entries))
            }
        };
        Some(SchemaAndValue { schema: Some(Schema::required(r#type).into()), value })
    }
}

/// Begins a part of an array or a map. None if it is malformed.
fn begin(tokens: &mut Tokens<'_>) -> Option<Begun> {
    if !tokens.has_next() {
        return Some(Begun::Whole(SchemaAndValue::NULL));
    }
    if tokens.take_if("\"") {
        return Some(Begun::Whole(quoted(tokens)));
    }
    let mark = tokens.mark();
    if let Some(literal) = literal(trim(tokens.take())) {
        return Some(Begun::Whole(literal));
    }
    tokens.rewind(mark);
    if let Some(frame) = open(tokens) {
        return Some(Begun::Opened(frame));
    }
    let token = tokens.take();
    if trim(token).is_empty() {
        return Some(Begun::Whole(string(token.into())));
    }
    scalar(tokens, trim(token)).map(Begun::Whole)
}

/// The text up to the next quote or the end; blank tokens before delimiters are lost. It may be a date or time.
fn quoted(tokens: &mut Tokens<'_>) -> SchemaAndValue {
    let mut content = String::new();
    while tokens.has_next() && !tokens.take_if("\"") {
        content.push_str(tokens.take());
    }
    temporal::parse(&content).unwrap_or_else(|| string(content.into()))
}

/// A date, a time or a number that begins with the token, if there is one.
fn scalar(tokens: &mut Tokens<'_>, token: &str) -> Option<SchemaAndValue> {
    let first = token.chars().next()?;
    if digit(first).is_some() {
        // The colons of a time are delimiters, so that it comes in five tokens.
        let mark = tokens.mark();
        if let Some(rest) = tokens.take_many(4)
            && token.len() + rest.len() <= temporal::LONGEST
            && let Some(temporal) = temporal::parse(&[token, rest].concat())
        {
            return Some(temporal);
        }
        tokens.rewind(mark);
        if let Some(temporal) = temporal::parse(token) {
            return Some(temporal);
        }
    } else if !matches!(first, '+' | '-') {
        return None;
    }
    number::parse(token)
}

/// A value with a schema that is always the same.
pub(super) fn constant(schema: &'static Schema, value: Value) -> SchemaAndValue {
    SchemaAndValue { schema: Some(SchemaRef::constant(schema)), value }
}

fn string(text: ByteString) -> SchemaAndValue {
    static SCHEMA: Schema = Schema::required(Type::String);
    constant(&SCHEMA, Value::String(text))
}

pub(super) fn untyped() -> SchemaRef {
    static SCHEMA: Schema = Schema::required(Type::Untyped);
    SchemaRef::constant(&SCHEMA)
}

fn literal(text: &str) -> Option<SchemaAndValue> {
    static BOOLEAN: Schema = Schema::required(Type::Boolean);
    match text {
        "null" => Some(SchemaAndValue::NULL),
        "true" => Some(constant(&BOOLEAN, Value::Boolean(true))),
        "false" => Some(constant(&BOOLEAN, Value::Boolean(false))),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
