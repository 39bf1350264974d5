//! Names of Connect as names of Avro, and back; the words that only this converter's schemas have
//! (`io.confluent.connect.avro.AvroData`).

use std::{borrow::Cow, fmt::Write as _};

use sluice_plugin::model::{Schema, Type};

use crate::{Options, schema::Name};

pub(crate) const NAMESPACE: &str = "io.confluent.connect.avro";
pub(crate) const DEFAULT_NAME: &str = "ConnectDefault";
pub(crate) const MAP_ENTRY: &str = "MapEntry";
pub(crate) const UNION: &str = "io.confluent.connect.avro.Union";
pub(crate) const ENUM: &str = "io.confluent.connect.avro.Enum";
pub(crate) const RECORD_DOC: &str = "io.confluent.connect.avro.record.doc";
pub(crate) const ENUM_DOC: &str = "io.confluent.connect.avro.enum.doc.";
pub(crate) const FIELD_DOC: &str = "io.confluent.connect.avro.field.doc.";
pub(crate) const FIELD_DEFAULT: &str = "io.confluent.connect.avro.field.default";
pub(crate) const ENUM_DEFAULT: &str = "io.confluent.connect.avro.enum.default.";
/// Parameters of sums (`ConnectUnion`, `ConnectEnum`).
pub(crate) const SUM_UNION: &str = "org.apache.kafka.connect.data.Union";
pub(crate) const SUM_ENUM: &str = "org.apache.kafka.connect.data.Enum";
pub(crate) const FIXED_SIZE: &str = "connect.fixed.size";
pub(crate) const PRECISION: &str = "connect.decimal.precision";
pub(crate) const USUAL_PRECISION: i64 = 64;

/// What `scrub.invalid.names` makes of one part of a name.
pub(crate) fn scrubbed(name: &str, options: &Options) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || it == '_';
    let begins_well = name.chars().next().is_none_or(|it| !it.is_ascii_digit());
    if !options.scrub || (begins_well && name.chars().all(is_plain)) {
        return name.to_owned();
    }
    // As `URLEncoder` does, and then each character that is still in the way becomes an underscore.
    let mut encoded = String::new();
    for it in name.chars() {
        let mut bytes = [0; 4];
        match it {
            it if is_plain(it) => encoded.push(it),
            ' ' | '.' | '-' | '*' => encoded.push('_'),
            it => {
                for byte in it.encode_utf8(&mut bytes).bytes() {
                    let _ = write!(encoded, "_{byte:02X}");
                }
            }
        }
    }
    if encoded.starts_with(|it: char| it.is_ascii_digit()) {
        encoded.insert(0, 'x');
    }
    encoded
}

/// A full name, part by part.
pub(crate) fn split(full: &str, options: &Options) -> Name {
    let mut parts: Vec<&str> = full.split('.').collect();
    // Java's `split` leaves out empty parts at the end.
    while parts.len() > 1 && parts.last().is_some_and(|it| it.is_empty()) {
        parts.pop();
    }
    let parts: Vec<String> = parts.into_iter().map(|it| scrubbed(it, options)).collect();
    let (name, space) =
        parts.split_last().map_or(("", &[][..]), |(name, space)| (name.as_str(), space));
    let space = space.join(".");
    Name { space: (!space.is_empty()).then(|| space.into()), name: name.into() }
}

/// Whether a struct stands for a union, each field for one of its types.
pub(crate) fn is_union(schema: &Schema) -> bool {
    matches!(schema.r#type, Type::Struct(_))
        && (schema.name.as_deref() == Some(UNION) || schema.parameters.get(SUM_UNION).is_some())
}

/// The parameter that makes a text an enum, if one does.
pub(crate) fn enum_parameter(schema: &Schema, options: &Options) -> Option<&'static str> {
    if !matches!(schema.r#type, Type::String) {
        return None;
    }
    let has = |name| schema.parameters.get(name).is_some();
    if options.sums && has(SUM_ENUM) {
        return Some(SUM_ENUM);
    }
    (options.enhanced && has(ENUM)).then_some(ENUM)
}

/// The size of bytes that are always as many.
pub(crate) fn fixed_size(schema: &Schema) -> Option<usize> {
    let is_named = matches!(schema.r#type, Type::Bytes) && schema.name.is_some();
    schema.parameters.get(FIXED_SIZE).filter(|_| is_named)?.parse().ok()
}

/// Whether the map is one of Avro: its keys are texts.
pub(crate) fn has_text_keys(keys: &Schema, options: &Options) -> bool {
    matches!(keys.r#type, Type::String) && (!keys.optional || options.optional_keys)
}

/// The field of a union's struct for one of its types.
pub(crate) fn member_name<'a>(
    kind: &'a crate::schema::Kind,
    index: usize,
    options: &Options,
) -> Cow<'a, str> {
    if options.sums {
        return format!("connect_union_field_{index}").into();
    }
    match kind.name() {
        Some(name) if options.enhanced => name.to_full().into(),
        Some(name) => (*name.name).into(),
        None => kind.word().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_scrubbed_as_java_scrubs_them() {
        let options = Options { scrub: true, ..Options::default() };
        for (name, expected) in [
            ("a_1", "a_1"),
            ("a-b.c", "a_b_c"),
            ("1a", "x1a"),
            ("é", "_C3_A9"),
            ("a b", "a_b"),
            ("", ""),
        ] {
            assert_eq!(scrubbed(name, &options), expected);
        }
        assert_eq!(split("my-ns.my-name", &options), Name::full("my_ns.my_name"));
        assert_eq!(scrubbed("a-b", &Options::default()), "a-b");
    }
}
