//! A row of a table: a number that is its key, and then text, a double and a number in turns.

use std::iter::once;

use super::wire::{avro_long, avro_string};

/// Kinds of columns behind the key.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Double,
    Long,
}

/// The columns behind the key, with their names.
fn columns(count: u32) -> impl Iterator<Item = (String, Kind)> {
    let kinds = [Kind::Text, Kind::Double, Kind::Long];
    (1..count).zip(kinds.into_iter().cycle()).map(|(number, kind)| (format!("c{number}"), kind))
}

/// The schema for Avro.
pub(super) fn schema(count: u32) -> String {
    let of = |(name, kind)| {
        let kind = match kind {
            Kind::Text => "string",
            Kind::Double => "double",
            Kind::Long => "long",
        };
        format!(r#"{{"name":"{name}","type":"{kind}"}}"#)
    };
    let key = r#"{"name":"id","type":"long"}"#.to_owned();
    let fields: Vec<String> = once(key).chain(columns(count).map(of)).collect();
    format!(r#"{{"type":"record","name":"row","fields":[{}]}}"#, fields.join(","))
}

/// A row as Avro.
pub(super) fn avro(number: u64, count: u32) -> Vec<u8> {
    let mut out = Vec::new();
    avro_long(number, &mut out);
    for (_, kind) in columns(count) {
        match kind {
            Kind::Text => avro_string(&text(number), &mut out),
            Kind::Double => out.extend(double(number).to_le_bytes()),
            Kind::Long => avro_long(number % 1000, &mut out),
        }
    }
    out
}

/// The same row as a line of PostgreSQL's `COPY`.
pub(crate) fn copied(number: u64, count: u32) -> String {
    let mut line = number.to_string();
    for (_, kind) in columns(count) {
        line.push('\t');
        line += &match kind {
            Kind::Text => text(number),
            Kind::Double => double(number).to_string(),
            Kind::Long => (number % 1000).to_string(),
        };
    }
    line.push('\n');
    line
}

/// The columns of the table, for `CREATE TABLE`.
pub(crate) fn definition(count: u32) -> String {
    let of = |(name, kind)| {
        let kind = match kind {
            Kind::Text => "text",
            Kind::Double => "double precision",
            Kind::Long => "bigint",
        };
        format!("{name} {kind}")
    };
    let key = "id bigint PRIMARY KEY".to_owned();
    once(key).chain(columns(count).map(of)).collect::<Vec<_>>().join(", ")
}

/// What stands in a row before it is written, for `SELECT`; `c1` is "old".
pub(crate) fn before(count: u32) -> String {
    let of = |(_, kind)| match kind {
        Kind::Text => "'old'".to_owned(),
        Kind::Double | Kind::Long => "0".to_owned(),
    };
    once("id".to_owned()).chain(columns(count).map(of)).collect::<Vec<_>>().join(", ")
}

/// Rows like those that are written, for `SELECT` from numbers named `id`.
pub(crate) fn generated(count: u32) -> String {
    let of = |(_, kind)| match kind {
        Kind::Text => "'customer ' || lpad((id % 100000)::text, 5, '0')".to_owned(),
        Kind::Double => "(id % 50000) / 100.0::double precision".to_owned(),
        Kind::Long => "id % 1000".to_owned(),
    };
    once("id".to_owned()).chain(columns(count).map(of)).collect::<Vec<_>>().join(", ")
}

/// What a row that is there already gets, for `ON CONFLICT`.
pub(crate) fn assignments(count: u32) -> String {
    let of = |(name, _)| format!("{name} = EXCLUDED.{name}");
    columns(count).map(of).collect::<Vec<_>>().join(", ")
}

fn text(number: u64) -> String {
    format!("customer {:05}", number % 100_000)
}

fn double(number: u64) -> f64 {
    (number % 50_000) as f64 / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_its_columns_in_each_form() {
        let expected = b"\xd8\x04\x1ccustomer 00300\0\0\0\0\0\0\x08\x40\xd8\x04";
        assert_eq!(avro(300, 4), expected);
        assert_eq!(copied(300, 4), "300\tcustomer 00300\t3\t300\n");
        assert_eq!(definition(4), "id bigint PRIMARY KEY, c1 text, c2 double precision, c3 bigint");
        assert_eq!(before(4), "id, 'old', 0, 0");
        assert_eq!(assignments(3), "c1 = EXCLUDED.c1, c2 = EXCLUDED.c2");
        assert!(
            schema(2).ends_with(r#"[{"name":"id","type":"long"},{"name":"c1","type":"string"}]}"#)
        );
    }
}
