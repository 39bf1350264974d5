//! `ReplaceField`: leaves fields out and renames them.

use std::sync::Arc;

use bytestring::ByteString;
use sluice_config::Config;
use sluice_plugin::{
    Error, Result,
    model::{Field, Schema, SchemaAndValue, SchemaRef, Type, Value, kept_text},
};

use crate::{
    record::{
        part::{Around, OfPart},
        plans::Plans,
        require::{self, Entries},
        rows, schemas,
    },
    settings,
};

const PURPOSE: &str = "field replacement";

/// What `renames` has to be.
const PAIRS: &str = "list of colon-delimited pairs, e.g. <code>foo:bar,abc:xyz</code>";

/// Keys of [`ReplaceField`].
#[derive(Debug, Config)]
pub struct ReplaceFieldConfig {
    /// Fields to leave out, also those that `include` names.
    #[config(key = "exclude", default = "", importance = Medium, list)]
    exclude: Vec<String>,
    /// The only fields to keep. If empty, all are kept that `exclude` does not name.
    #[config(key = "include", default = "", importance = Medium, list)]
    include: Vec<String>,
    /// New names of fields, as a list of pairs `old:new`. The other two keys mean the old names.
    #[config(key = "renames", default = "", importance = Medium, valid = settings::readable(PAIRS, renames))]
    renames: Vec<String>,
    /// Whether a field that is null gets the default of its schema. If false it stays null.
    #[config(key = "replace.null.with.default", default = "true", importance = Medium)]
    replace_null_with_default: bool,
}

/// Leaves fields out and renames them.
pub struct ReplaceField {
    names: Names,
    defaults: bool,
    plans: Plans<Plan>,
}

/// What becomes of fields, by name.
struct Names {
    exclude: Vec<String>,
    include: Vec<String>,
    renames: Vec<(ByteString, ByteString)>,
}

/// The output schema, and for each of its fields where its value is.
struct Plan {
    schema: SchemaRef,
    /// Place of each field's value, up to the first that has none.
    sources: Vec<usize>,
    /// Why a field has no value: it is told once those before it are fine.
    missing: Option<String>,
}

impl OfPart for ReplaceField {
    type Config = ReplaceFieldConfig;
    const KEY: &'static str = "org.apache.kafka.connect.transforms.ReplaceField$Key";
    const VALUE: &'static str = "org.apache.kafka.connect.transforms.ReplaceField$Value";

    fn configure(config: ReplaceFieldConfig) -> Result<Self> {
        let names = Names {
            exclude: config.exclude,
            include: config.include,
            renames: renames(&config.renames).map_err(settings::error)?,
        };
        Ok(Self { names, defaults: config.replace_null_with_default, plans: Plans::new() })
    }

    fn apply(&mut self, part: &mut SchemaAndValue, _: Around<'_>) -> Result<()> {
        if part.value.is_null() {
            return Ok(());
        }
        if part.schema.is_none() {
            return self.names.apply(require::map(&mut part.value, PURPOSE)?);
        }
        let row = require::row(&mut part.value, PURPOSE)?;
        let (names, defaults) = (&self.names, self.defaults);
        let plan = self.plans.get(row.schema(), |it| names.plan(it))?;
        let own = SchemaRef::clone(row.schema());
        for (field, source) in plan.schema.fields().iter().zip(&plan.sources) {
            let from = &own.fields()[*source].schema;
            let value = rows::checked(field, from, &row.values()[*source], defaults)?;
            // By Java's quirk, a field may get the value of another.
            if !SchemaRef::ptr_eq(&field.schema, from) {
                rows::check(&field.name, &field.schema, value)?;
            }
        }
        if let Some(missing) = &plan.missing {
            return Err(Error::bad_record(missing));
        }
        row.recast(SchemaRef::clone(&plan.schema), |values| {
            rows::fill(own.fields(), values, defaults);
            gather(values, &plan.sources);
        });
        part.schema = Some(SchemaRef::clone(&plan.schema));
        Ok(())
    }
}

/// Keeps the values at these places, in this order. No place comes twice.
fn gather(values: &mut Vec<Value>, sources: &[usize]) {
    if sources.is_sorted() {
        for (to, from) in sources.iter().enumerate() {
            values.swap(to, *from);
        }
        values.truncate(sources.len());
    } else {
        let take = |from: &usize| rows::take(&mut values[*from]);
        *values = sources.iter().map(take).collect();
    }
}

impl Names {
    fn keeps(&self, name: &str) -> bool {
        !self.exclude.iter().any(|it| it == name)
            && (self.include.is_empty() || self.include.iter().any(|it| it == name))
    }

    fn renamed(&self, name: &str) -> Option<&ByteString> {
        self.renames.iter().find(|(old, _)| **old == *name).map(|(_, new)| new)
    }

    /// The old name. As in Java, a name that some field would be renamed to means that field, whether or not there is one.
    fn original<'a>(&'a self, name: &'a str) -> &'a str {
        self.renames.iter().rfind(|(_, new)| **new == *name).map_or(name, |(old, _)| &**old)
    }

    fn plan(&self, schema: &Schema) -> Result<Plan> {
        let mut fields = Vec::new();
        for field in schema.fields().iter().filter(|it| self.keeps(&it.name)) {
            let name = self
                .renamed(&field.name)
                .map_or_else(|| Arc::clone(&field.name), |it| (**it).into());
            schemas::add(&mut fields, Field { name, schema: SchemaRef::clone(&field.schema) })?;
        }
        let (mut sources, mut missing) = (Vec::new(), None);
        for field in &fields {
            let original = self.original(&field.name);
            let Some(source) = schema.field_index(original) else {
                missing = Some(format!("{original} is not a valid field name"));
                break;
            };
            sources.push(source);
        }
        let schema = SchemaRef::kept(schemas::like(schema, Type::Struct(fields)));
        Ok(Plan { schema, sources, missing })
    }

    fn apply(&self, entries: &mut Entries) -> Result<()> {
        for (key, _) in entries.iter().filter(|(key, _)| !key.is_null()) {
            require::text_key(key)?;
        }
        entries.retain(|(key, _)| match key {
            Value::String(name) => self.keeps(name),
            // No list names a null.
            _ => self.include.is_empty(),
        });
        if self.renames.is_empty() {
            return Ok(());
        }
        for (key, _) in entries.iter_mut() {
            if let Value::String(name) = key
                && let Some(new) = self.renamed(name)
            {
                *key = Value::String(new.clone());
            }
        }
        keep_last(entries, |key| self.renames.iter().any(|(_, new)| key == new));
        Ok(())
    }
}

/// Of entries with the same name, which only these names can have, keeps the last.
fn keep_last(entries: &mut Entries, may_repeat: impl Fn(&ByteString) -> bool) {
    for at in (0..entries.len()).rev() {
        let (key, _) = &entries[at];
        let repeats = matches!(key, Value::String(name) if may_repeat(name))
            && entries[at + 1..].iter().any(|(later, _)| later == key);
        if repeats {
            entries.remove(at);
        }
    }
}

/// Pairs `old:new` in the order of a `HashMap`; of two for the same field the last counts.
fn renames(mappings: &[String]) -> std::result::Result<Vec<(ByteString, ByteString)>, String> {
    let mut renames: Vec<(ByteString, ByteString)> = Vec::new();
    for mapping in mappings {
        let (old, new) = pair(mapping).ok_or_else(|| {
            let reason = format!("Invalid rename mapping: {mapping}");
            settings::invalid_list("renames", mappings, &reason)
        })?;
        match renames.iter_mut().find(|(known, _)| **known == *old) {
            Some((_, known)) => *known = kept_text(new),
            None => renames.push((old.into(), kept_text(new))),
        }
    }
    let order: Vec<String> = renames.iter().map(|(old, _)| old.to_string()).collect();
    let order = settings::as_a_set(&order);
    renames.sort_by_key(|(old, _)| order.iter().position(|it| **it == **old));
    Ok(renames)
}

/// Both parts of what one colon divides. As in Java, colons at the end do not count.
fn pair(mapping: &str) -> Option<(&str, &str)> {
    let (old, new) = mapping.trim_end_matches(':').split_once(':')?;
    (!new.contains(':')).then_some((old, new))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_are_divided_as_java_divides_them() {
        for (mapping, expected) in [
            ("a:b", Some(("a", "b"))),
            (":b", Some(("", "b"))),
            ("a:b:", Some(("a", "b"))),
            ("a:", None),
            ("a", None),
            ("a::b", None),
            ("a:b:c", None),
        ] {
            assert_eq!(pair(mapping), expected, "{mapping}");
        }
    }

    #[test]
    fn values_are_gathered_in_place() {
        for (sources, expected) in
            [(vec![0, 2], vec![0, 2]), (vec![2, 1], vec![2, 1]), (vec![], vec![])]
        {
            let mut values: Vec<Value> = (0..3).map(Value::Int64).collect();
            gather(&mut values, &sources);
            assert_eq!(values, expected.into_iter().map(Value::Int64).collect::<Vec<_>>());
        }
    }
}
