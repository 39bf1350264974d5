//! `ExtractField`: puts one field in place of the key or value that has it.

use sluice_config::Config;
use sluice_plugin::{
    Error, Result,
    model::{SchemaAndValue, SchemaRef, Value},
};

use crate::{
    field_path::{self, FieldPath, Steps},
    record::{
        part::{Around, OfPart},
        plans::Plans,
        require,
    },
};

const PURPOSE: &str = "field extraction";

/// Keys of [`ExtractField`].
#[derive(Debug, Config)]
pub struct ExtractFieldConfig {
    /// Field to extract: its name, or the path to it in the syntax that `field.syntax.version` names.
    #[config(key = "field", importance = Medium)]
    field: String,
    /// Whether a field that is null gets the default of its schema. If false it stays null.
    #[config(key = "replace.null.with.default", default = "true", importance = Medium)]
    replace_null_with_default: bool,
    /// How fields are named. V1: by name, at the top alone. V2: by a path with a dot between the names; a name that has
    /// a dot in it stands between backticks, and a backtick in it has a backslash before it.
    #[config(key = "field.syntax.version", default = "V1", importance = High, one_of_any_case("V1", "V2"))]
    field_syntax_version: String,
}

/// Puts one field in place of the key or value that has it.
pub struct ExtractField {
    name: String,
    path: FieldPath,
    defaults: bool,
    plans: Plans<Plan>,
}

/// Where the field is, and its schema.
struct Plan {
    schema: SchemaRef,
    steps: Steps,
}

impl OfPart for ExtractField {
    type Config = ExtractFieldConfig;
    const KEY: &'static str = "org.apache.kafka.connect.transforms.ExtractField$Key";
    const VALUE: &'static str = "org.apache.kafka.connect.transforms.ExtractField$Value";

    fn configure(config: ExtractFieldConfig) -> Result<Self> {
        Ok(Self {
            path: FieldPath::new(&config.field, &config.field_syntax_version)?,
            name: config.field,
            defaults: config.replace_null_with_default,
            plans: Plans::new(),
        })
    }

    fn apply(&mut self, part: &mut SchemaAndValue, _: Around<'_>) -> Result<()> {
        let Some(schema) = &part.schema else {
            if !part.value.is_null() {
                let entries = require::map(&mut part.value, PURPOSE)?;
                part.value = self.path.take_from_map(entries)?;
            }
            return Ok(());
        };
        if !matches!(part.value, Value::Null | Value::Struct(_)) {
            return Err(require::no_row(&part.value, PURPOSE));
        }
        let (path, name) = (&self.path, &self.name);
        let plan = self.plans.get(schema, |schema| {
            let unknown = || {
                Error::bad_record(format!("Unknown field: {name}"))
                    .named("java.lang.IllegalArgumentException")
            };
            let (schema, steps) = path.in_schema(schema)?.ok_or_else(unknown)?;
            Ok(Plan { schema, steps })
        })?;
        if !part.value.is_null() {
            let row = require::row_of(&mut part.value, schema, PURPOSE)?;
            let value = field_path::take_from_row(row, &plan.steps, self.defaults)?;
            part.value = value;
        }
        part.schema = Some(SchemaRef::clone(&plan.schema));
        Ok(())
    }
}
