//! Paths to fields (`org.apache.kafka.connect.transforms.field.SingleFieldPath`; KIP-821).

use sluice_plugin::{
    Error, Result,
    model::{Schema, SchemaRef, Struct, Type, Value},
};

use crate::{
    record::{maps, require, rows},
    settings,
};

const PURPOSE: &str = "nested field access";

/// Indexes of fields, from the outermost struct to the field. There is at least one.
pub(crate) type Steps = Vec<usize>;

/// Names of fields, from the outermost to the one that is meant. There is at least one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FieldPath(Vec<String>);

impl FieldPath {
    /// Reads a path in version `V1` or `V2` of the syntax.
    pub(crate) fn new(path: &str, version: &str) -> Result<Self> {
        if version.eq_ignore_ascii_case("v1") {
            return Ok(Self(vec![path.to_owned()]));
        }
        let steps = split(path)?;
        if steps.is_empty() {
            let message = "Invalid value  for configuration field: the path names no field";
            return Err(settings::error(message));
        }
        Ok(Self(steps))
    }

    /// The schema of the field and the way to it; none if a name on the way is unknown.
    pub(crate) fn in_schema(&self, schema: &Schema) -> Result<Option<(SchemaRef, Steps)>> {
        let mut steps = Vec::with_capacity(self.0.len());
        let mut found: Option<&SchemaRef> = None;
        for name in &self.0 {
            let schema = found.map_or(schema, |it| it);
            let Type::Struct(fields) = &schema.r#type else {
                return Err(Error::bad_record("Cannot look up fields on non-struct type"));
            };
            let Some(index) = schema.field_index(name) else { return Ok(None) };
            steps.push(index);
            found = Some(&fields[index].schema);
        }
        Ok(found.map(|it| (SchemaRef::clone(it), steps)))
    }

    /// Takes the value out of a map without a schema; null if there is none.
    pub(crate) fn take_from_map(&self, mut entries: &mut Vec<(Value, Value)>) -> Result<Value> {
        let Some((last, before)) = self.0.split_last() else { return Ok(Value::Null) };
        for name in before {
            let Some(at) = maps::position(entries, name) else { return Ok(Value::Null) };
            if entries[at].1.is_null() {
                return Ok(Value::Null);
            }
            entries = require::map(&mut entries[at].1, PURPOSE)?;
        }
        let at = maps::position(entries, last);
        Ok(at.map_or(Value::Null, |at| entries.swap_remove(at).1))
    }
}

/// Takes the value out of a row. Java gives defaults on the way in any case, at the end if `defaults` says so.
pub(crate) fn take_from_row(row: &mut Struct, steps: &[usize], defaults: bool) -> Result<Value> {
    let Some((step, rest)) = steps.split_first() else { return Ok(Value::Null) };
    let is_last = rest.is_empty();
    if row.values()[*step].is_null() {
        let schema = &row.schema().fields()[*step].schema;
        return match (&schema.default, is_last) {
            (Some(default), true) if defaults => Ok(default.clone()),
            (Some(Value::Struct(default)), false) => {
                take_from_row(&mut default.clone(), rest, defaults)
            }
            _ => Ok(Value::Null),
        };
    }
    let value = &mut row.values_mut()[*step];
    if is_last {
        return Ok(rows::take(value));
    }
    take_from_row(require::row(value, PURPOSE)?, rest, defaults)
}

/// The names of a path of version 2. Dots divide them; one that begins with a backtick goes on to the next backtick that
/// is followed by a dot or by the end and has no backslash before it.
fn split(path: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let mut rest = path;
    let mut ended_by_dot = false;
    while !rest.is_empty() {
        let (name, after) = if let Some(quoted) = rest.strip_prefix('`') {
            let at = path.encode_utf16().count() - rest.encode_utf16().count();
            unquote(quoted).ok_or_else(|| incomplete(path, at))?
        } else {
            rest.split_once('.')
                .map_or((rest.to_owned(), None), |(name, after)| (name.to_owned(), Some(after)))
        };
        names.push(name);
        ended_by_dot = after.is_some();
        rest = after.unwrap_or_default();
    }
    if ended_by_dot {
        names.push(String::new());
    }
    Ok(names)
}

/// The name up to its closing backtick, and what follows the dot after it, if there is one.
fn unquote(quoted: &str) -> Option<(String, Option<&str>)> {
    let mut name = String::new();
    let (mut start, mut from) = (0, 0);
    loop {
        let at = from + quoted[from..].find('`')?;
        let is_escaped = quoted[..at].ends_with('\\');
        let after = &quoted[at + 1..];
        from = at + 1;
        if after.is_empty() {
            return (!is_escaped).then(|| (name + &quoted[start..at], None));
        }
        let Some(after) = after.strip_prefix('.') else { continue };
        if !is_escaped {
            return Some((name + &quoted[start..at], Some(after)));
        }
        name.push_str(&quoted[start..at - 1]);
        name.push('`');
        start = from;
    }
}

fn incomplete(path: &str, at: usize) -> Error {
    settings::error(format!(
        "Incomplete backtick pair in path: [{path}], consider adding a backslash before backtick at position {at} to \
         escape it"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    // The scenarios of Kafka's FieldPathNotationTest.
    #[test]
    fn paths_are_divided_as_java_divides_them() {
        for (path, expected) in [
            ("", vec![]),
            ("foo", vec!["foo"]),
            ("foo.bar.baz", vec!["foo", "bar", "baz"]),
            ("`foo.bar`", vec!["foo.bar"]),
            ("`foo.bar`.baz", vec!["foo.bar", "baz"]),
            ("foo.`bar.baz`", vec!["foo", "bar.baz"]),
            ("foo`.bar", vec!["foo`", "bar"]),
            ("foo.`bar\\`.`baz`", vec!["foo", "bar`.`baz"]),
            ("foo.bar.`baz`", vec!["foo", "bar", "baz"]),
            ("foo.bar.", vec!["foo", "bar", ""]),
            (".foo", vec!["", "foo"]),
            ("``.a", vec!["", "a"]),
            ("`a`.", vec!["a", ""]),
        ] {
            assert_eq!(
                split(path).ok(),
                Some(expected.into_iter().map(str::to_owned).collect()),
                "{path}"
            );
        }
        for path in ["`foo", "foo.`bar", "`foo\\`", "`", "foo.`bar\\`.baz"] {
            assert!(split(path).is_err(), "{path}");
        }
        assert_eq!(
            split("é.`foo").err().map(|it| it.to_string()).as_deref(),
            Some(
                "Incomplete backtick pair in path: [é.`foo], consider adding a backslash before backtick at position 2 \
                 to escape it"
            )
        );
    }
}
