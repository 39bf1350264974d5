//! The suites that come with the SDK, and what is particular to these plugins.

use custom_worker::{CsvConverter, RemovePii, RemovePiiConfig, TickerSource};
use sluice_plugin::{
    ConverterFactory as _, ConverterRole, Properties, Transform as _, TransformPlugin,
    config::Config as _,
    conformance::{Broken, ConverterCase, SourceCase, TransformCase, converter, source, transform},
    model::{ConnectRecord, Field, Schema, SchemaAndValue, SchemaRef, Struct, Type, Value},
};

fn settings(pairs: &[(&str, &str)]) -> Properties {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn the_ticker_keeps_what_sources_owe() -> Result<(), Broken> {
    let settings = settings(&[("topic", "ticks"), ("interval.ms", "1")]);
    source(&SourceCase::new(&TickerSource, settings).tasks(3)).await
}

#[test]
fn the_transform_keeps_what_transforms_owe() -> Result<(), Broken> {
    transform(&TransformCase::new(TransformPlugin::of::<RemovePii<true>>(), Properties::new()))?;
    transform(&TransformCase::new(TransformPlugin::of::<RemovePii<false>>(), Properties::new()))
}

#[test]
fn the_converter_keeps_what_converters_owe() -> Result<(), Broken> {
    // Columns of its own are what it reads with, so what comes back depends.
    let case = ConverterCase::new(&CsvConverter, settings(&[("columns", "a")]));
    converter(&case.expected(|_| None))
}

fn row(fields: &[(&str, Value)]) -> Value {
    let schema = |value: &Value| match value {
        Value::Struct(row) => row.schema().clone(),
        _ => SchemaRef::new(Schema::optional(Type::String)),
    };
    let named =
        |(name, value): &(&str, Value)| Field { name: (*name).into(), schema: schema(value) };
    let fields_of = Type::Struct(fields.iter().map(named).collect());
    let values = fields.iter().map(|(_, value)| value.clone()).collect();
    Value::Struct(Struct::new(SchemaRef::new(Schema::required(fields_of)), values))
}

#[test]
fn personal_data_goes_wherever_it_is() {
    let text = |it: &str| Value::from(it);
    let map = |pairs: &[(&str, Value)]| {
        Value::Map(pairs.iter().map(|(key, value)| (text(key), value.clone())).collect())
    };
    for (before, after) in [
        (
            row(&[("id", text("7")), ("phone", text("1")), ("email", Value::Null)]),
            row(&[("id", text("7"))]),
        ),
        (
            row(&[("user", row(&[("name", text("n")), ("email", text("@"))]))]),
            row(&[("user", row(&[("name", text("n"))]))]),
        ),
        (
            map(&[("id", text("7")), ("users", Value::Array(vec![map(&[("phone", text("1"))])]))]),
            map(&[("id", text("7")), ("users", Value::Array(vec![map(&[])]))]),
        ),
        (text("phone"), text("phone")),
    ] {
        let part = |value: &Value| SchemaAndValue {
            schema: if let Value::Struct(row) = value { Some(row.schema().clone()) } else { None },
            value: value.clone(),
        };
        let mut record = ConnectRecord::new("t", SchemaAndValue::NULL, part(&before));
        let config = RemovePiiConfig::parse(&Properties::new()).expect("all has a default");
        let mut transform = RemovePii::<false>::configure(config).expect("it is right");
        let _ = transform.apply(&mut record).expect("it takes every record");
        assert_eq!(record.value, part(&after));
    }
}

#[test]
fn lines_are_read_as_they_are_written() {
    let settings = settings(&[("columns", "a,b"), ("converter.type", "value")]);
    let mut csv = CsvConverter.create(&settings, ConverterRole::Value).expect("it is right");
    for (line, cells) in [
        ("1,x", Ok(["1", "x"].map(Value::from))),
        (",\"\"", Ok([Value::Null, Value::from("")])),
        ("\"a,\"\"b\"\"\",\"c\nd\"", Ok(["a,\"b\"", "c\nd"].map(Value::from))),
        ("1", Err("the line has 1 cells, and columns names 2")),
        ("\"1", Err("a closing quote is missing")),
        ("\"1\"2,", Err("a comma has to follow a cell in quotes")),
    ] {
        let decoded = csv.decode("t", Some(line.into()));
        match cells {
            Ok(cells) => {
                let decoded = decoded.expect("it is a line");
                let Value::Struct(row) = &decoded.value else { panic!("{decoded:?}") };
                assert_eq!(row.values(), cells);
                let bytes = csv.encode("t", decoded.schema.as_ref(), &decoded.value);
                assert_eq!(bytes.expect("it is flat").as_deref(), Some(line.as_bytes()));
            }
            Err(told) => assert_eq!(decoded.expect_err("it is none").to_string(), told),
        }
    }
}
