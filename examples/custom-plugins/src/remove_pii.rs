//! A transform that takes personal data out of records, wherever it is in them.

use sluice_plugin::{
    Result, Transform, Verdict,
    config::Config,
    model::{ConnectRecord, Field, Schema, SchemaRef, Struct, Type, Value},
};

/// Settings of the transform.
#[derive(Debug, Clone, Config)]
pub struct RemovePiiConfig {
    /// Names of the fields to take out, at any depth.
    #[config(key = "fields", default = "phone,email", importance = High)]
    pub fields: Vec<String>,
}

/// Schemas that are kept with what became of them. Few come by at a time; more than these are made again.
const KNOWN: usize = 16;

/// `com.example.RemovePii$Key` and `com.example.RemovePii$Value`: takes fields out of structs and maps, also out of those
/// inside of others.
pub struct RemovePii<const KEY: bool> {
    fields: Vec<String>,
    known: Vec<(SchemaRef, SchemaRef)>,
}

impl<const KEY: bool> Transform for RemovePii<KEY> {
    type Config = RemovePiiConfig;
    const NAME: &'static str =
        if KEY { "com.example.RemovePii$Key" } else { "com.example.RemovePii$Value" };

    fn configure(config: RemovePiiConfig) -> Result<Self> {
        Ok(Self { fields: config.fields, known: Vec::new() })
    }

    fn apply(&mut self, record: &mut ConnectRecord) -> Result<Verdict> {
        let part = if KEY { &mut record.key } else { &mut record.value };
        let value = std::mem::replace(&mut part.value, Value::Null);
        part.value = self.cleaned(value);
        if let Some(schema) = &part.schema {
            part.schema = Some(self.schema_of(schema));
        }
        Ok(Verdict::Keep)
    }
}

impl<const KEY: bool> RemovePii<KEY> {
    fn is_personal(&self, name: &str) -> bool {
        self.fields.iter().any(|it| it == name)
    }

    fn cleaned(&mut self, value: Value) -> Value {
        match value {
            Value::Struct(row) => Value::Struct(self.row(row)),
            Value::Array(items) => {
                Value::Array(items.into_iter().map(|it| self.cleaned(it)).collect())
            }
            Value::Map(entries) => {
                let is_kept = |(key, _): &(Value, Value)| match key {
                    Value::String(name) => !self.is_personal(name),
                    _ => true,
                };
                let kept: Vec<_> = entries.into_iter().filter(is_kept).collect();
                let clean = |(key, value)| (self.cleaned(key), self.cleaned(value));
                Value::Map(kept.into_iter().map(clean).collect())
            }
            other => other,
        }
    }

    fn row(&mut self, row: Struct) -> Struct {
        let (schema, values) = row.into_parts();
        let kept: Vec<Value> = schema
            .fields()
            .iter()
            .zip(values)
            .filter(|(field, _)| !self.is_personal(&field.name))
            .map(|(_, value)| value)
            .collect();
        let values = kept.into_iter().map(|it| self.cleaned(it)).collect();
        Struct::new(self.schema_of(&schema), values)
    }

    /// The schema of what is left: made once for each schema that comes by.
    fn schema_of(&mut self, schema: &SchemaRef) -> SchemaRef {
        if let Some((_, left)) = self.known.iter().find(|(known, _)| known == schema) {
            return left.clone();
        }
        let r#type = match &schema.r#type {
            Type::Struct(fields) => {
                let kept: Vec<Field> =
                    fields.iter().filter(|it| !self.is_personal(&it.name)).cloned().collect();
                let left = |field: Field| Field { schema: self.schema_of(&field.schema), ..field };
                Type::Struct(kept.into_iter().map(left).collect())
            }
            Type::Array(items) => Type::Array(self.schema_of(items)),
            Type::Map(keys, values) => Type::Map(self.schema_of(keys), self.schema_of(values)),
            other => other.clone(),
        };
        let default = schema.default.clone().map(|it| self.cleaned(it));
        let left = SchemaRef::new(Schema { r#type, default, ..Schema::clone(schema) });
        self.known.truncate(KNOWN - 1);
        self.known.insert(0, (schema.clone(), left.clone()));
        left
    }
}
