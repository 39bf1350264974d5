//! `Cast`: turns a key or value, or fields of it, into values of other types.

mod convert;
mod spec;

use std::sync::Arc;

use bytestring::ByteString;
use sluice_config::Config;
use sluice_plugin::{
    Result,
    model::{Field, Schema, SchemaAndValue, SchemaRef, Type, Value},
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
use convert::{Target, cast};
use spec::Spec;

const PURPOSE: &str = "cast types";

/// Keys of [`Cast`].
#[derive(Debug, Config)]
pub struct CastConfig {
    /// What to turn into what: pairs `field:type`, or one type alone for the whole key or value. Types are int8, int16,
    /// int32, int64, float32, float64, boolean and string. Bytes can be turned into a string alone, in base64.
    #[config(key = "spec", importance = High, valid = spec::validator())]
    spec: Vec<String>,
    /// Whether a field that is null gets the default of its schema. If false it stays null.
    #[config(key = "replace.null.with.default", default = "true", importance = Medium)]
    replace_null_with_default: bool,
}

/// Turns a key or value, or fields of it, into values of other types.
pub struct Cast {
    spec: Spec,
    defaults: bool,
    plans: Plans<Plan>,
    done: Vec<Value>,
}

/// The output schema, and for each field the type that it gets, if another.
struct Plan {
    schema: SchemaRef,
    targets: Vec<Option<Target>>,
}

impl OfPart for Cast {
    type Config = CastConfig;
    const KEY: &'static str = "org.apache.kafka.connect.transforms.Cast$Key";
    const VALUE: &'static str = "org.apache.kafka.connect.transforms.Cast$Value";

    fn configure(config: CastConfig) -> Result<Self> {
        Ok(Self {
            spec: Spec::parse(&config.spec).map_err(settings::error)?,
            defaults: config.replace_null_with_default,
            plans: Plans::new(),
            done: Vec::new(),
        })
    }

    fn apply(&mut self, part: &mut SchemaAndValue, _: Around<'_>) -> Result<()> {
        if part.value.is_null() {
            return Ok(());
        }
        self.done.clear();
        let Some(schema) = &part.schema else {
            return self.apply_to_map(&mut part.value);
        };
        let spec = &self.spec;
        let plan = self.plans.get(schema, |schema| plan(schema, spec))?;
        if let Spec::Whole(target) = spec {
            part.value = cast(Some(schema), &part.value, *target)?;
        } else {
            apply_to_row(schema, &mut part.value, plan, self.defaults, &mut self.done)?;
        }
        part.schema = Some(SchemaRef::clone(&plan.schema));
        Ok(())
    }
}

impl Cast {
    fn apply_to_map(&mut self, value: &mut Value) -> Result<()> {
        let fields = match &self.spec {
            Spec::Whole(target) => {
                *value = cast(None, value, *target)?;
                return Ok(());
            }
            Spec::Fields(fields) => fields,
        };
        let entries = require::map(value, PURPOSE)?;
        for (name, target) in fields {
            self.done.push(cast(None, maps::get(entries, name), *target)?);
        }
        for ((name, _), value) in fields.iter().zip(self.done.drain(..)) {
            maps::put(entries, name, value);
        }
        Ok(())
    }
}

fn apply_to_row(
    schema: &SchemaRef,
    value: &mut Value,
    plan: &Plan,
    defaults: bool,
    done: &mut Vec<Value>,
) -> Result<()> {
    let row = require::row_of(value, schema, PURPOSE)?;
    let outputs = plan.schema.fields().iter().zip(&plan.targets);
    for ((field, value), (output, target)) in schema.fields().iter().zip(row.values()).zip(outputs)
    {
        let Some(target) = target else {
            rows::checked(output, &field.schema, value, defaults)?;
            continue;
        };
        let value = cast(Some(&field.schema), rows::read(value, &field.schema, defaults), *target)?;
        rows::check(&output.name, &output.schema, &value)?;
        done.push(value);
    }
    row.recast(SchemaRef::clone(&plan.schema), |values| {
        rows::fill(schema.fields(), values, defaults);
        let targets = values.iter_mut().zip(&plan.targets).filter(|(_, it)| it.is_some());
        for ((value, _), done) in targets.zip(done.drain(..)) {
            *value = done;
        }
    });
    Ok(())
}

fn plan(schema: &Schema, spec: &Spec) -> Result<Plan> {
    let (mut output, targets) = match spec {
        Spec::Whole(target) => (schemas::like(schema, target.schema_type()), Vec::new()),
        Spec::Fields(casts) => {
            let fields = schemas::fields(schema)?;
            let target = |field: &Field| {
                casts.iter().find(|(name, _)| **name == *field.name).map(|(_, target)| *target)
            };
            let targets: Vec<Option<Target>> = fields.iter().map(target).collect();
            let field = |(field, target): (&Field, &Option<Target>)| {
                target.map_or_else(|| Ok(field.clone()), |target| cast_field(field, target))
            };
            let fields = fields.iter().zip(&targets).map(field).collect::<Result<_>>()?;
            (schemas::like(schema, Type::Struct(fields)), targets)
        }
    };
    output.optional = schema.optional;
    if let Some(default) = &schema.default {
        let default = match spec {
            Spec::Whole(target) => cast(Some(schema), default, *target)?,
            // Java casts it to a struct, which it refuses.
            Spec::Fields(_) => return Err(convert::unsupported(schema)),
        };
        schemas::set_default(&mut output, default)?;
    }
    Ok(Plan { schema: SchemaRef::kept(output), targets })
}

fn cast_field(field: &Field, target: Target) -> Result<Field> {
    let default = field.schema.default.as_ref();
    let schema = Schema {
        optional: field.schema.optional,
        default: default.map(|it| cast(Some(&field.schema), it, target)).transpose()?,
        ..Schema::required(target.schema_type())
    };
    Ok(Field { name: Arc::clone(&field.name), schema: SchemaRef::kept(schema) })
}

/// Casts by field name.
type Casts = Vec<(ByteString, Target)>;
