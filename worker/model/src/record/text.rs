//! Records as `toString` shows them in Java's logs.

use std::fmt::{self, Display};

use crate::{ConnectRecord, Headers, Schema, SchemaRef, SourceRecord, Value};

impl Display for ConnectRecord {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "ConnectRecord{{topic='{}', kafkaPartition={}, key={}, keySchema={}, value={}, valueSchema={}, \
             timestamp={}, headers=ConnectHeaders(headers={})}}",
            self.topic,
            OrNull(self.partition.as_ref()),
            self.key.value,
            schema(self.key.schema.as_ref()),
            self.value.value,
            schema(self.value.schema.as_ref()),
            OrNull(self.timestamp.as_ref()),
            List(&self.headers),
        )
    }
}

impl Display for SourceRecord {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "SourceRecord{{sourcePartition={}, sourceOffset={}}} {}",
            Position(&self.source_partition.0),
            Position(&self.source_offset.0),
            self.data
        )
    }
}

fn schema(schema: Option<&SchemaRef>) -> OrNull<'_, Schema> {
    OrNull(schema.map(|it| &**it))
}

struct OrNull<'a, T>(Option<&'a T>);

impl<T: Display> Display for OrNull<'_, T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(it) => it.fmt(out),
            None => out.write_str("null"),
        }
    }
}

struct Position<'a>(&'a std::collections::BTreeMap<String, Value>);

impl Display for Position<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("{")?;
        for (index, (name, value)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(out, "{comma}{name}={value}")?;
        }
        out.write_str("}")
    }
}

struct List<'a>(&'a Headers);

impl Display for List<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.0.is_empty() {
            return Ok(());
        }
        out.write_str("[")?;
        for (index, header) in self.0.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let shown = schema(header.value.schema.as_ref());
            let (key, value) = (&header.key, &header.value.value);
            write!(out, "{comma}ConnectHeader(key={key}, value={value}, schema={shown})")?;
        }
        out.write_str("]")
    }
}
