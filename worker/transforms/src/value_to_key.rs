//! `ValueToKey`: makes the key of fields of the value.

use bytestring::ByteString;
use sluice_config::{Config, Validator};
use sluice_plugin::{
    Error, Result, Transform, Verdict,
    model::{ConnectRecord, Schema, SchemaAndValue, SchemaRef, Struct, Type, Value, kept_text},
};

use crate::{
    record::{maps, plans::Plans, require, rows, schemas},
    settings,
};

const PURPOSE: &str = "copying fields from value to key";

/// Keys of [`ValueToKey`].
#[derive(Debug, Config)]
pub struct ValueToKeyConfig {
    /// Fields of the value that make up the key, in this order.
    #[config(key = "fields", importance = High, valid = Validator::SOME_NAMES)]
    fields: Vec<String>,
    /// Whether a field that is null gets the default of its schema. If false it stays null.
    #[config(key = "replace.null.with.default", default = "true", importance = Medium)]
    replace_null_with_default: bool,
}

/// Makes the key of fields of the value.
pub struct ValueToKey {
    fields: Vec<ByteString>,
    defaults: bool,
    plans: Plans<Plan>,
}

/// The key's schema, and where in the value its fields are.
struct Plan {
    key: SchemaRef,
    sources: Vec<usize>,
}

impl Transform for ValueToKey {
    type Config = ValueToKeyConfig;
    const NAME: &'static str = "org.apache.kafka.connect.transforms.ValueToKey";

    fn configure(config: ValueToKeyConfig) -> Result<Self> {
        Ok(Self {
            fields: settings::distinct(&config.fields).into_iter().map(kept_text).collect(),
            defaults: config.replace_null_with_default,
            plans: Plans::new(),
        })
    }

    fn apply(&mut self, record: &mut ConnectRecord) -> Result<Verdict> {
        if record.value.schema.is_none() {
            let entries = require::map(&mut record.value.value, PURPOSE)?;
            let pair =
                |name: &ByteString| (Value::String(name.clone()), maps::get(entries, name).clone());
            record.key =
                SchemaAndValue::schemaless(Value::Map(self.fields.iter().map(pair).collect()));
            return Ok(Verdict::Keep);
        }
        let row = require::row(&mut record.value.value, PURPOSE)?;
        let fields = &self.fields;
        let plan = self.plans.get(row.schema(), |schema| plan(schema, fields))?;
        let schema = row.schema();
        let mut key = Vec::with_capacity(plan.sources.len());
        for (field, source) in plan.key.fields().iter().zip(&plan.sources) {
            let from = &schema.fields()[*source].schema;
            let value = rows::checked(field, from, &row.values()[*source], self.defaults)?;
            key.push(value.clone());
        }
        record.key = SchemaAndValue {
            schema: Some(SchemaRef::clone(&plan.key)),
            value: Value::Struct(Struct::new(SchemaRef::clone(&plan.key), key)),
        };
        record.value.schema = Some(SchemaRef::clone(row.schema()));
        Ok(Verdict::Keep)
    }
}

fn plan(schema: &Schema, names: &[ByteString]) -> Result<Plan> {
    let (mut fields, mut sources) = (Vec::new(), Vec::new());
    for name in names {
        let index = schema
            .field_index(name)
            .ok_or_else(|| Error::bad_record(format!("Field does not exist: {name}")))?;
        schemas::add(&mut fields, schema.fields()[index].clone())?;
        sources.push(index);
    }
    Ok(Plan { key: SchemaRef::kept(Schema::required(Type::Struct(fields))), sources })
}
