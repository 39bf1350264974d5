//! `HeaderFrom`: copies or moves fields into headers.

use std::sync::Arc;

use sluice_config::Config;
use sluice_plugin::{
    Error, Result,
    model::{Header, Headers, Schema, SchemaAndValue, SchemaRef, Type, Value},
};

use crate::{
    record::{
        maps,
        part::{Around, OfPart},
        plans::Plans,
        require, rows, schemas,
    },
    settings,
};

/// Keys of [`HeaderFrom`].
#[derive(Debug, Config)]
pub struct HeaderFromConfig {
    /// Names of the fields whose values become headers.
    #[config(key = "fields", importance = High, valid = settings::non_empty_list())]
    fields: Vec<String>,
    /// Names of the headers, one for each field, in the same order.
    #[config(key = "headers", importance = High, valid = settings::non_empty_list())]
    headers: Vec<String>,
    /// `move` takes the fields out of the key or value, `copy` leaves them there.
    #[config(key = "operation", importance = High, one_of("move", "copy"))]
    operation: String,
    /// Whether a field that is null gets the default of its schema. If false it stays null.
    #[config(key = "replace.null.with.default", default = "true", importance = Medium)]
    replace_null_with_default: bool,
}

/// Copies or moves fields into headers.
pub struct HeaderFrom {
    pairs: Vec<(String, Arc<str>)>,
    moves: bool,
    defaults: bool,
    plans: Plans<Plan>,
    taken: Vec<SchemaAndValue>,
}

/// Where the fields are, and the schema and places of what is left.
struct Plan {
    fields: Vec<usize>,
    rest: Option<(SchemaRef, Vec<bool>)>,
}

impl OfPart for HeaderFrom {
    type Config = HeaderFromConfig;
    const KEY: &'static str = "org.apache.kafka.connect.transforms.HeaderFrom$Key";
    const VALUE: &'static str = "org.apache.kafka.connect.transforms.HeaderFrom$Value";

    fn configure(config: HeaderFromConfig) -> Result<Self> {
        if config.fields.len() != config.headers.len() {
            return Err(settings::error(
                "'fields' config must have the same number of elements as 'headers' config.",
            ));
        }
        let headers = config.headers.into_iter().map(Arc::from);
        Ok(Self {
            pairs: config.fields.into_iter().zip(headers).collect(),
            moves: config.operation == "move",
            defaults: config.replace_null_with_default,
            plans: Plans::new(),
            taken: Vec::new(),
        })
    }

    fn apply(&mut self, part: &mut SchemaAndValue, around: Around<'_>) -> Result<()> {
        self.taken.clear();
        match &part.schema {
            None => self.take_from_map(&mut part.value)?,
            Some(schema) => {
                let schema = SchemaRef::clone(schema);
                if let Some(rest) = self.take_from_row(&schema, &mut part.value)? {
                    part.schema = Some(rest);
                }
            }
        }
        add(around.headers, &self.pairs, &mut self.taken);
        Ok(())
    }
}

impl HeaderFrom {
    fn purpose(&self) -> &'static str {
        if self.moves { "header move" } else { "header copy" }
    }

    fn take_from_map(&mut self, value: &mut Value) -> Result<()> {
        let entries = require::map(value, self.purpose())?;
        for (name, _) in &self.pairs {
            let value = maps::get(entries, name).clone();
            // A header without a schema has that of its row (`ConnectHeader.schema`).
            let schema = match &value {
                Value::Struct(row) => Some(SchemaRef::clone(row.schema())),
                _ => None,
            };
            self.taken.push(SchemaAndValue { schema, value });
        }
        if self.moves {
            for (name, _) in &self.pairs {
                if let Some(at) = maps::position(entries, name) {
                    entries.swap_remove(at);
                }
            }
        }
        Ok(())
    }

    /// Collects the headers' values; returns the schema of what is left, if fields are moved.
    fn take_from_row(
        &mut self,
        schema: &SchemaRef,
        value: &mut Value,
    ) -> Result<Option<SchemaRef>> {
        let row = require::row_of(value, schema, self.purpose())?;
        let (pairs, moves, defaults) = (&self.pairs, self.moves, self.defaults);
        let plan = self.plans.get(schema, |schema| plan(schema, pairs, moves))?;
        let fields = schema.fields();
        if let Some((_, stays)) = &plan.rest {
            for ((field, value), _) in
                fields.iter().zip(row.values()).zip(stays).filter(|(_, stays)| **stays)
            {
                rows::checked(field, &field.schema, value, defaults)?;
            }
        }
        for index in &plan.fields {
            let schema = &fields[*index].schema;
            let value = rows::read(&row.values()[*index], schema, defaults);
            check_header(schema, value)?;
            self.taken.push(SchemaAndValue {
                schema: Some(SchemaRef::clone(schema)),
                value: value.clone(),
            });
        }
        let Some((rest, stays)) = &plan.rest else { return Ok(None) };
        row.recast(SchemaRef::clone(rest), |values| {
            rows::fill(fields, values, defaults);
            let mut stays = stays.iter();
            values.retain(|_| stays.next().copied().unwrap_or(false));
        });
        Ok(Some(SchemaRef::clone(rest)))
    }
}

fn plan(schema: &Schema, pairs: &[(String, Arc<str>)], moves: bool) -> Result<Plan> {
    let index = |(name, _): &(String, Arc<str>)| {
        let unknown = || Error::bad_record(format!("Field does not exist: {name}"));
        schema.field_index(name).ok_or_else(unknown)
    };
    let fields = pairs.iter().map(index).collect::<Result<_>>()?;
    let stays: Vec<bool> = schema
        .fields()
        .iter()
        .map(|it| !pairs.iter().any(|(name, _)| **name == *it.name))
        .collect();
    let left = schema.fields().iter().zip(&stays).filter(|(_, stays)| **stays);
    let left = left.map(|(field, _)| field.clone()).collect();
    let rest = moves.then(|| (schemas::like(schema, Type::Struct(left)).into(), stays));
    Ok(Plan { fields, rest })
}

fn add(headers: &mut Headers, pairs: &[(String, Arc<str>)], taken: &mut [SchemaAndValue]) {
    headers.0.reserve_exact(pairs.len());
    for ((_, name), it) in pairs.iter().zip(taken) {
        let value = SchemaAndValue { schema: it.schema.take(), value: rows::take(&mut it.value) };
        headers.0.push(Header { key: Arc::clone(name), value });
    }
}

/// Whether a header may have the value (`ConnectHeaders.checkSchemaMatches`).
fn check_header(schema: &Schema, value: &Value) -> Result<()> {
    if value.is_null() && !schema.optional {
        return Err(Error::bad_record(format!(
            "A null value requires an optional schema but was {schema}"
        )));
    }
    // What a field holds fits its schema otherwise.
    Ok(())
}
