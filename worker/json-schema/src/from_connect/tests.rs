//! Texts as Confluent's converter registers them.

use sluice_plugin::model::{Field, SchemaRef, Value};

use super::*;

fn field(name: &str, schema: Schema) -> Field {
    Field { name: name.into(), schema: SchemaRef::new(schema) }
}

fn row(fields: Vec<Field>) -> Schema {
    Schema::required(Type::Struct(fields))
}

fn with_parameter(mut schema: Schema, name: &str, value: &str) -> Schema {
    schema.parameters.set(name, value);
    schema
}

fn with_default(mut schema: Schema, default: Value) -> Schema {
    schema.default = Some(default);
    schema
}

fn list(r#type: Type) -> SchemaRef {
    SchemaRef::new(Schema::required(r#type))
}

#[test]
fn plain_types_say_their_connect_types() {
    let documented = Schema { doc: Some("how many".into()), ..Schema::required(Type::Int16) };
    for (schema, expected) in [
        (Schema::required(Type::Boolean), r#"{"type":"boolean"}"#),
        (Schema::required(Type::String), r#"{"type":"string"}"#),
        (Schema::required(Type::Int8), r#"{"type":"integer","connect.type":"int8"}"#),
        (
            documented.named("Count"),
            r#"{"type":"integer","title":"Count","description":"how many","connect.type":"int16"}"#,
        ),
        (Schema::required(Type::Float64), r#"{"type":"number","connect.type":"float64"}"#),
        (Schema::required(Type::Bytes), r#"{"type":"string","connect.type":"bytes"}"#),
        (
            Schema::optional(Type::Int64),
            r#"{"oneOf":[{"type":"null"},{"type":"integer","connect.type":"int64"}]}"#,
        ),
        (
            with_default(Schema::required(Type::Float32), Value::Float32(2.0)),
            r#"{"type":"number","default":2,"connect.type":"float32"}"#,
        ),
        (
            with_default(Schema::required(Type::Boolean), Value::Boolean(false)),
            r#"{"type":"boolean","default":false}"#,
        ),
        (
            Schema::required(Type::Array(list(Type::String))),
            r#"{"type":"array","items":{"type":"string"}}"#,
        ),
        (
            Schema::required(Type::Map(list(Type::String), list(Type::Int32))),
            r#"{"type":"object","connect.type":"map","additionalProperties":{"type":"integer","connect.type":"int32"}}"#,
        ),
        (
            Schema::required(Type::Map(list(Type::Int32), list(Type::String))),
            r#"{"type":"array","connect.type":"map","items":{"type":"object","properties":{"value":{"type":"string","connect.index":1},"key":{"type":"integer","connect.index":0,"connect.type":"int32"}}}}"#,
        ),
    ] {
        let found = text(&schema, &Options::default()).unwrap();
        // Where hash maps decide, the members are what matters here; their order has its own test.
        assert_eq!(Json::parse(&found).unwrap().sorted(), Json::parse(expected).unwrap().sorted());
        if !expected.contains("connect.index") {
            assert_eq!(found, expected);
        }
    }
}

impl Json {
    /// The same with members in alphabetical order.
    fn sorted(self) -> Self {
        match self {
            Self::Object(members) => {
                let mut members: Vec<_> =
                    members.into_iter().map(|(name, it)| (name, it.sorted())).collect();
                members.sort_by(|left, right| left.0.cmp(&right.0));
                Self::Object(members)
            }
            Self::List(items) => Self::List(items.into_iter().map(Self::sorted).collect()),
            other => other,
        }
    }
}

#[test]
fn rows_say_the_places_of_their_fields() {
    let schema = row(vec![
        field("id", Schema::required(Type::Int32)),
        field("note", Schema::optional(Type::String)),
    ])
    .named("shop.Order");
    let expected = r#"{"type":"object","title":"shop.Order","properties":{"note":{"connect.index":1,"oneOf":[{"type":"null"},{"type":"string"}]},"id":{"type":"integer","connect.index":0,"connect.type":"int32"}}}"#;
    let json = |text: &str| Json::parse(text).unwrap().sorted();
    let found = text(&schema, &Options::default()).unwrap();
    assert_eq!(json(&found), json(expected));
    let closed = Options { additional: false, ..Options::default() };
    let found = text(&schema, &closed).unwrap();
    assert!(
        found.starts_with(r#"{"type":"object","additionalProperties":false,"title""#),
        "{found}"
    );
    let nested = row(vec![field("o", Schema { optional: true, ..row(Vec::new()).named("P") })]);
    assert_eq!(
        text(&nested, &Options::default()).unwrap(),
        r#"{"type":"object","properties":{"o":{"connect.index":0,"oneOf":[{"type":"null"},{"type":"object","title":"P"}]}}}"#
    );
}

#[test]
fn logical_types_are_told_by_title_version_and_parameters() {
    let decimal = Logical::Decimal.schema(2);
    let json = |text: &str| Json::parse(text).unwrap().sorted();
    for (options, r#type) in [
        (Options::default(), "string"),
        (Options { numeric: true, ..Options::default() }, "number"),
    ] {
        let expected = format!(
            r#"{{"type":"{type}","title":"org.apache.kafka.connect.data.Decimal","connect.version":1,"connect.type":"bytes","connect.parameters":{{"scale":"2"}}}}"#
        );
        assert_eq!(json(&text(&decimal, &options).unwrap()), json(&expected));
    }
    let found = text(&Logical::Date.schema(0), &Options::default()).unwrap();
    let expected = r#"{"type":"integer","title":"org.apache.kafka.connect.data.Date","connect.version":1,"connect.type":"int32"}"#;
    assert_eq!(json(&found), json(expected));
}

#[test]
fn unions_and_enums_are_those_of_json_schema() {
    let union = |optional| {
        let fields = vec![
            field("io.confluent.connect.json.OneOf.field.0", Schema::optional(Type::Int8)),
            field("io.confluent.connect.json.OneOf.field.1", Schema::optional(Type::String)),
        ];
        Schema { optional, ..row(fields).named(crate::names::ONE_OF) }
    };
    let json = |text: &str| Json::parse(text).unwrap().sorted();
    let types = r#"{"type":"integer","connect.index":0,"connect.type":"int8"},{"type":"string","connect.index":1}"#;
    for (optional, expected) in [
        (false, format!(r#"{{"oneOf":[{types}]}}"#)),
        (true, format!(r#"{{"oneOf":[{{"type":"null"}},{types}]}}"#)),
    ] {
        let found = text(&union(optional), &Options::default()).unwrap();
        assert_eq!(json(&found), json(&expected));
    }
    let mut symbols = Schema::required(Type::String);
    for name in ["", ".one", ".two", ".<NULL>"] {
        symbols = with_parameter(symbols, &format!("{}{name}", crate::names::ENUM), "");
    }
    let found = text(&symbols, &Options::default()).unwrap();
    assert_eq!(found, r#"{"enum":[null,"one","two"]}"#);
}

#[test]
fn parameters_of_others_are_kept() {
    let schema = with_parameter(Schema::required(Type::String), "a", "b");
    let schema = with_parameter(schema, "io.confluent.connect.json.X", "c");
    assert_eq!(
        text(&schema, &Options::default()).unwrap(),
        r#"{"type":"string","connect.parameters":{"a":"b"}}"#
    );
}

#[test]
fn what_json_schema_cannot_say_is_told() {
    let mut deep = Schema::required(Type::String);
    for _ in 0..200 {
        deep = Schema::required(Type::Array(SchemaRef::new(deep)));
    }
    let not_a_number = with_default(Schema::required(Type::Float64), Value::Float64(f64::NAN));
    let unknown = Schema::required(Type::Array(list(Type::Untyped)));
    for (schema, expected) in
        [(deep, "deeper than"), (not_a_number, "no number of JSON"), (unknown, "says nothing")]
    {
        let error = text(&schema, &Options::default()).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}
