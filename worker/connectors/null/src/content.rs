//! What the values of generated records are.

use sluice_plugin::model::{Field, Schema, SchemaAndValue, SchemaRef, Struct, Type, Value};

/// A kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The same bytes each time.
    Bytes,
    /// An order: a struct of five fields.
    Order,
    /// When the record was due.
    Due,
}

impl Kind {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "bytes" => Some(Self::Bytes),
            "order" => Some(Self::Order),
            "due" => Some(Self::Due),
            _ => None,
        }
    }
}

/// Makes values, which share text and bytes: making one allocates at most a row.
pub(crate) enum Content {
    Bytes(Value, SchemaRef),
    Order { schema: SchemaRef, phones: Vec<Value>, emails: Vec<Value> },
    Due(SchemaRef),
}

impl Content {
    /// Values of a kind; `size` is that of bytes.
    pub(crate) fn new(kind: Kind, size: usize) -> Self {
        let plain = |r#type| SchemaRef::new(Schema::required(r#type));
        match kind {
            Kind::Bytes => {
                let bytes: Vec<u8> = (b'a'..=b'z').cycle().take(size).collect();
                Self::Bytes(Value::Bytes(bytes.into()), plain(Type::Bytes))
            }
            Kind::Order => Self::Order {
                schema: order(),
                phones: (0..1000).map(|it| Value::from(format!("555-{it:04}"))).collect(),
                emails: (0..1000).map(|it| Value::from(format!("c{it}@example.org"))).collect(),
            },
            Kind::Due => Self::Due(plain(Type::String)),
        }
    }

    /// The value of a number; `due` is in microseconds since 1970.
    pub(crate) fn value(&self, number: u64, due: u64) -> SchemaAndValue {
        let (schema, value) = match self {
            Self::Bytes(value, schema) => (schema, value.clone()),
            Self::Order { schema, phones, emails } => {
                let choice = (number % 1000) as usize;
                let row = vec![
                    Value::Int64(number as i64),
                    phones[choice].clone(),
                    emails[choice].clone(),
                    Value::Float64((number % 50_000) as f64 / 100.0),
                    Value::Boolean(number.is_multiple_of(3)),
                ];
                (schema, Value::Struct(Struct::new(SchemaRef::clone(schema), row)))
            }
            Self::Due(schema) => (schema, Value::from(due.to_string())),
        };
        SchemaAndValue { schema: Some(SchemaRef::clone(schema)), value }
    }
}

fn order() -> SchemaRef {
    let required = |r#type| Schema::required(r#type);
    let fields = [
        ("id", required(Type::Int64)),
        ("phone", required(Type::String)),
        ("email", Schema { optional: true, ..required(Type::String) }),
        ("total", required(Type::Float64)),
        ("paid", required(Type::Boolean)),
    ];
    let field = |(name, schema): (&str, Schema)| Field { name: name.into(), schema: schema.into() };
    let fields = fields.into_iter().map(field).collect();
    SchemaRef::new(Schema::required(Type::Struct(fields)).named("order"))
}
