//! What can be generated: the schema of each quickstart and how a record of it is made.

use sluice_plugin::model::{Field, Schema, SchemaRef, Struct, Type, Value};

use crate::random::Random;

/// Time of the first record of quickstarts whose records have a time, in milliseconds.
const START: i64 = 1_487_715_775_521;

/// Something that can be generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quickstart {
    Orders,
    Users,
    Pageviews,
}

/// Makes the records of one quickstart.
pub(crate) struct Generator {
    kind: Quickstart,
    schema: SchemaRef,
    address: SchemaRef,
}

impl Quickstart {
    pub(crate) const NAMES: [&'static str; 3] = ["orders", "users", "pageviews"];

    pub(crate) fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "orders" => Some(Self::Orders),
            "users" => Some(Self::Users),
            "pageviews" => Some(Self::Pageviews),
            _ => None,
        }
    }

    /// The field that is the key unless the user names another.
    pub(crate) const fn key_field(self) -> &'static str {
        match self {
            Self::Orders => "orderid",
            Self::Users => "userid",
            Self::Pageviews => "viewtime",
        }
    }

    pub(crate) fn generator(self) -> Generator {
        let address = SchemaRef::new(
            structure(&[("city", Type::String), ("state", Type::String), ("zipcode", Type::Int64)])
                .named("ksql.address"),
        );
        let schema = match self {
            Self::Orders => {
                let mut fields = fields(&[
                    ("ordertime", Type::Int64),
                    ("orderid", Type::Int32),
                    ("itemid", Type::String),
                    ("orderunits", Type::Float64),
                ]);
                fields.push(Field { name: "address".into(), schema: SchemaRef::clone(&address) });
                Schema::required(Type::Struct(fields)).named("ksql.orders")
            }
            Self::Users => structure(&[
                ("registertime", Type::Int64),
                ("userid", Type::String),
                ("regionid", Type::String),
                ("gender", Type::String),
            ])
            .named("ksql.users"),
            Self::Pageviews => structure(&[
                ("viewtime", Type::Int64),
                ("userid", Type::String),
                ("pageid", Type::String),
            ])
            .named("ksql.pageviews"),
        };
        Generator { kind: self, schema: SchemaRef::new(schema), address }
    }
}

fn fields(list: &[(&str, Type)]) -> Vec<Field> {
    let field = |(name, r#type): &(&str, Type)| Field {
        name: (*name).into(),
        schema: SchemaRef::new(Schema::required(r#type.clone())),
    };
    list.iter().map(field).collect()
}

fn structure(list: &[(&str, Type)]) -> Schema {
    Schema::required(Type::Struct(fields(list)))
}

impl Generator {
    pub(crate) const fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The record of a number: the same for the same number and seed.
    pub(crate) fn record(&self, number: u64, random: &mut Random) -> Struct {
        let text = |prefix: &str, number: u64| Value::from(format!("{prefix}{number}"));
        let values = match self.kind {
            Quickstart::Orders => {
                let address = vec![
                    text("City_", random.below(100)),
                    text("State_", random.below(100)),
                    Value::Int64(10_000 + random.below(90_000) as i64),
                ];
                vec![
                    Value::Int64(START + random.below(31_536_000_000) as i64),
                    Value::Int32(number as i32),
                    text("Item_", random.below(1_000)),
                    Value::Float64((random.unit() * 10_000.0).round() / 1_000.0),
                    Value::Struct(Struct::new(SchemaRef::clone(&self.address), address)),
                ]
            }
            Quickstart::Users => {
                let genders = ["MALE", "FEMALE", "OTHER"];
                vec![
                    Value::Int64(START + random.below(31_536_000_000) as i64),
                    text("User_", 1 + random.below(9)),
                    text("Region_", 1 + random.below(9)),
                    Value::from(genders[random.below(3) as usize]),
                ]
            }
            Quickstart::Pageviews => vec![
                Value::Int64(1 + 10 * number as i64),
                text("User_", 1 + random.below(9)),
                text("Page_", 10 + random.below(90)),
            ],
        };
        Struct::new(SchemaRef::clone(&self.schema), values)
    }
}
