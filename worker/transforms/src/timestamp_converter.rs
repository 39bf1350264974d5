//! `TimestampConverter`: turns moments from one form into another.

mod form;

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use bytestring::ByteString;
use sluice_config::Config;
use sluice_plugin::{
    Result,
    model::{Field, Schema, SchemaAndValue, SchemaRef, Struct, Type, Value},
};

use crate::{
    dates::DateFormat,
    record::{
        maps,
        part::{Around, OfPart},
        plans::Plans,
        require, rows, schemas,
    },
    settings,
};
use form::{Converter, Form, Unit};

const PURPOSE: &str = "converting timestamp formats";

/// Keys of [`TimestampConverter`].
#[derive(Debug, Config)]
pub struct TimestampConverterConfig {
    /// Field that has the moment. If empty, the whole key or value is one.
    #[config(key = "field", default = "", importance = High)]
    field: String,
    /// Form that moments get: `string`, `unix` (a number counted from the epoch), `Date`, `Time` or `Timestamp`.
    #[config(key = "target.type", importance = High, one_of("string", "unix", "Date", "Time", "Timestamp"))]
    target_type: String,
    /// Pattern of moments as text, in the letters of `java.text.SimpleDateFormat`. The time zone is UTC.
    #[config(key = "format", default = "", importance = Medium)]
    format: String,
    /// What a `unix` number counts: seconds, milliseconds, microseconds or nanoseconds. Parts of a millisecond are lost.
    #[config(key = "unix.precision", default = "milliseconds", importance = Low, one_of("nanoseconds", "microseconds", "milliseconds", "seconds"))]
    unix_precision: String,
    /// Whether a field that is null gets the default of its schema. If false it stays null.
    #[config(key = "replace.null.with.default", default = "true", importance = Medium)]
    replace_null_with_default: bool,
}

/// Turns moments from one form into another.
pub struct TimestampConverter {
    field: Option<ByteString>,
    converter: Converter,
    defaults: bool,
    plans: Plans<Plan>,
}

/// The output schema, where the moment is (nowhere: it is the whole) and the form that it has; none if it can have none.
struct Plan {
    schema: SchemaRef,
    field: Option<usize>,
    form: Option<Form>,
}

impl OfPart for TimestampConverter {
    type Config = TimestampConverterConfig;
    const KEY: &'static str = "org.apache.kafka.connect.transforms.TimestampConverter$Key";
    const VALUE: &'static str = "org.apache.kafka.connect.transforms.TimestampConverter$Value";

    fn configure(config: TimestampConverterConfig) -> Result<Self> {
        let target = Form::named(&config.target_type).unwrap_or(Form::Text);
        let is_blank = config.format.chars().all(|it| it <= ' ');
        if target == Form::Text && is_blank {
            return Err(settings::error(
                "TimestampConverter requires format option to be specified when using string timestamps",
            ));
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let format = (!is_blank).then(|| DateFormat::new(&config.format, now as i64)).transpose();
        let format = format.map_err(|cause| {
            settings::error(settings::caused(&format!("TimestampConverter requires a SimpleDateFormat-compatible pattern for string timestamps: {}", config.format), &cause))
        })?;
        let unit = Unit::named(&config.unix_precision).unwrap_or(Unit::Millis);
        Ok(Self {
            field: (!config.field.is_empty()).then(|| config.field.into()),
            converter: Converter { target, format, unit },
            defaults: config.replace_null_with_default,
            plans: Plans::new(),
        })
    }

    fn apply(&mut self, part: &mut SchemaAndValue, _: Around<'_>) -> Result<()> {
        let (field, converter) = (self.field.as_ref(), &self.converter);
        let Some(schema) = &part.schema else {
            return apply_to_map(&mut part.value, field, converter);
        };
        if field.is_some() && !matches!(part.value, Value::Null | Value::Struct(_)) {
            return Err(require::no_row(&part.value, PURPOSE));
        }
        let defaults = self.defaults;
        let plan = self.plans.get(schema, |schema| match field {
            None => Ok(Plan {
                schema: SchemaRef::kept(converter.target.schema(schema.optional)),
                field: None,
                form: Some(Form::of(schema)?),
            }),
            Some(field) => plan(schema, field, converter, defaults),
        })?;
        match (&plan.field, plan.form) {
            _ if part.value.is_null() => {}
            (None, Some(form)) if field.is_none() => {
                part.value = converter.convert(&part.value, form)?;
            }
            _ => {
                let row = require::row_of(&mut part.value, schema, PURPOSE)?;
                apply_to_row(row, plan, converter, defaults)?;
            }
        }
        part.schema = Some(SchemaRef::clone(&plan.schema));
        Ok(())
    }
}

fn apply_to_map(
    value: &mut Value,
    field: Option<&ByteString>,
    converter: &Converter,
) -> Result<()> {
    let convert = |value: &Value| match value {
        Value::Null => Ok(Value::Null),
        value => converter.convert(value, Form::of_value(value)?),
    };
    match field {
        Some(field) if !value.is_null() => {
            let entries = require::map(value, PURPOSE)?;
            let converted = convert(maps::get(entries, field))?;
            maps::put(entries, field, converted);
        }
        _ => *value = convert(value)?,
    }
    Ok(())
}

fn apply_to_row(
    row: &mut Struct,
    plan: &Plan,
    converter: &Converter,
    defaults: bool,
) -> Result<()> {
    let schema = SchemaRef::clone(row.schema());
    let mut converted = None;
    let outputs = plan.schema.fields();
    for (index, (field, value)) in schema.fields().iter().zip(row.values()).enumerate() {
        if plan.field != Some(index) {
            rows::checked(field, &field.schema, value, defaults)?;
            continue;
        }
        let form = plan.form.map_or_else(|| Form::of(&field.schema), Ok)?;
        let value = converter.convert(rows::read(value, &field.schema, defaults), form)?;
        rows::check(&field.name, &outputs[index].schema, &value)?;
        converted = Some(value);
    }
    row.recast(SchemaRef::clone(&plan.schema), |values| {
        rows::fill(schema.fields(), values, defaults);
        if let (Some(index), Some(converted)) = (plan.field, converted) {
            values[index] = converted;
        }
    });
    Ok(())
}

fn plan(schema: &Schema, name: &str, converter: &Converter, defaults: bool) -> Result<Plan> {
    let mut fields = schemas::fields(schema)?.to_vec();
    let index = schema.field_index(name);
    let mut form = None;
    if let Some(index) = index {
        let field = &mut fields[index];
        form = Form::of(&field.schema).ok();
        let schema = SchemaRef::kept(converter.target.schema(field.schema.optional));
        *field = Field { name: Arc::clone(&field.name), schema };
    }
    let output = schemas::like(schema, Type::Struct(fields));
    let mut plan = Plan {
        schema: SchemaRef::kept(Schema { optional: schema.optional, ..output }),
        field: index,
        form,
    };
    if let Some(Value::Struct(default)) = &schema.default {
        let mut default = default.clone();
        apply_to_row(&mut default, &plan, converter, defaults)?;
        let mut output = Schema::clone(&plan.schema);
        output.default = Some(Value::Struct(default));
        plan.schema = SchemaRef::kept(output);
    }
    Ok(plan)
}
