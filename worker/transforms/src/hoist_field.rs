//! `HoistField`: wraps a key or value into a struct or map with one field.

use std::sync::Arc;

use bytestring::ByteString;
use sluice_config::Config;
use sluice_plugin::{
    Result,
    model::{Field, Schema, SchemaAndValue, SchemaRef, Struct, Type, Value, kept_text},
};

use crate::record::{
    part::{Around, OfPart},
    plans::Plans,
    rows, schemas,
};

/// Keys of [`HoistField`].
#[derive(Debug, Config)]
pub struct HoistFieldConfig {
    /// Name of the one field that the new struct or map has.
    #[config(key = "field", importance = Medium)]
    field: String,
}

/// Wraps a key or value into a struct, or into a map if it has no schema.
pub struct HoistField {
    name: Arc<str>,
    key: ByteString,
    plans: Plans<SchemaRef>,
}

impl OfPart for HoistField {
    type Config = HoistFieldConfig;
    const KEY: &'static str = "org.apache.kafka.connect.transforms.HoistField$Key";
    const VALUE: &'static str = "org.apache.kafka.connect.transforms.HoistField$Value";

    fn configure(config: HoistFieldConfig) -> Result<Self> {
        let key = kept_text(&config.field);
        Ok(Self { name: config.field.into(), key, plans: Plans::new() })
    }

    fn apply(&mut self, part: &mut SchemaAndValue, _: Around<'_>) -> Result<()> {
        let Some(schema) = &part.schema else {
            let value = rows::take(&mut part.value);
            part.value = Value::Map(vec![(Value::String(self.key.clone()), value)]);
            return Ok(());
        };
        let name = &self.name;
        let wrapped = self.plans.get(schema, |schema| {
            let mut fields = Vec::with_capacity(1);
            let field = Field { name: Arc::clone(name), schema: SchemaRef::clone(schema) };
            schemas::add(&mut fields, field)?;
            Ok(SchemaRef::kept(Schema::required(Type::Struct(fields))))
        })?;
        rows::check(name, schema, &part.value)?;
        let value = rows::take(&mut part.value);
        part.value = Value::Struct(Struct::new(SchemaRef::clone(wrapped), vec![value]));
        part.schema = Some(SchemaRef::clone(wrapped));
        Ok(())
    }
}
