//! `SetSchemaMetadata`: gives the schema of a key or value a name or version.

use std::sync::Arc;

use sluice_config::Config;
use sluice_plugin::{
    Error, Result,
    model::{Schema, SchemaAndValue, SchemaRef, Value},
};

use crate::{
    record::{
        part::{Around, OfPart},
        plans::Plans,
        rows, schemas,
    },
    settings,
};

/// Keys of [`SetSchemaMetadata`].
#[derive(Debug, Config)]
pub struct SetSchemaMetadataConfig {
    /// Name for the schema. If it is not set, the schema keeps the name that it has.
    #[config(key = "schema.name", importance = High)]
    schema_name: Option<String>,
    /// Version for the schema. If it is not set, the schema keeps the version that it has.
    #[config(key = "schema.version", importance = High)]
    schema_version: Option<i32>,
    /// Whether a field that is null gets the default of its schema. If false it stays null.
    #[config(key = "replace.null.with.default", default = "true", importance = Medium)]
    replace_null_with_default: bool,
}

/// Gives the schema of a key or value a name or version.
pub struct SetSchemaMetadata {
    name: Option<Arc<str>>,
    version: Option<i32>,
    defaults: bool,
    plans: Plans<SchemaRef>,
}

impl OfPart for SetSchemaMetadata {
    type Config = SetSchemaMetadataConfig;
    const KEY: &'static str = "org.apache.kafka.connect.transforms.SetSchemaMetadata$Key";
    const VALUE: &'static str = "org.apache.kafka.connect.transforms.SetSchemaMetadata$Value";

    fn configure(config: SetSchemaMetadataConfig) -> Result<Self> {
        if config.schema_name.is_none() && config.schema_version.is_none() {
            return Err(settings::error("Neither schema name nor version configured"));
        }
        Ok(Self {
            name: config.schema_name.map(Arc::from),
            version: config.schema_version,
            defaults: config.replace_null_with_default,
            plans: Plans::new(),
        })
    }

    fn apply(&mut self, part: &mut SchemaAndValue, _: Around<'_>) -> Result<()> {
        let Some(schema) = &part.schema else {
            if part.value.is_null() {
                return Ok(());
            }
            return Err(Error::bad_record("Schema required for [updating schema metadata]"));
        };
        let (name, version) = (&self.name, self.version);
        let updated = self.plans.get(schema, |schema| {
            // Java asks for the fields of whatever it is.
            schemas::fields(schema)?;
            let mut updated = Schema::clone(schema);
            updated.name = name.clone().or(updated.name);
            updated.version = version.or(updated.version);
            Ok(SchemaRef::kept(updated))
        })?;
        if let Value::Struct(row) = &mut part.value {
            if row.schema().fields().len() != updated.fields().len() {
                return Err(Error::bad_record("Struct schemas do not match."));
            }
            rows::check_all(updated.fields(), row.values(), self.defaults)?;
            row.recast(SchemaRef::clone(updated), |values| {
                rows::fill(updated.fields(), values, self.defaults);
            });
        }
        part.schema = Some(SchemaRef::clone(updated));
        Ok(())
    }
}
