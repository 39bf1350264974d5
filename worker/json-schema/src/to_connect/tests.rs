//! What texts of the registry mean in Connect.

use sluice_plugin::model::{Logical, Value};

use super::*;

fn schema_with(text: &str, options: &Options) -> Result<SchemaRef, String> {
    let document = Document::parse(text, [], options.old_drafts)?;
    translate(&document, None, options).map(|(schema, _)| schema)
}

fn schema(text: &str) -> Result<SchemaRef, String> {
    schema_with(text, &Options::default())
}

/// The type in short: optional ones with a question mark, names before parts.
fn shown(schema: &Schema) -> String {
    let optional = if schema.optional { "?" } else { "" };
    let name = schema.name.as_deref().map(|it| format!("{it}:")).unwrap_or_default();
    let of = match &schema.r#type {
        Type::Array(items) => format!("[{}]", shown(items)),
        Type::Map(keys, values) => format!("<{},{}>", shown(keys), shown(values)),
        Type::Struct(fields) => {
            let fields = fields.iter().map(|it| format!("{} {}", it.name, shown(&it.schema)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        _ => schema.type_name().to_lowercase(),
    };
    format!("{name}{of}{optional}")
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn texts_mean_schemas() {
    for (text, expected) in [
        (r#"{"type":"boolean"}"#, "boolean"),
        (r#"{"type":"integer"}"#, "int64"),
        (r#"{"type":"number"}"#, "float64"),
        (r#"{"type":"integer","connect.type":"int8"}"#, "int8"),
        (r#"{"type":"number","connect.type":"float32"}"#, "float32"),
        (r#"{"type":"string"}"#, "string"),
        (r#"{"type":"string","connect.type":"bytes"}"#, "bytes"),
        (r#"{"type":"string","title":"T"}"#, "T:string"),
        (r#"{"type":"string","format":"date"}"#, "string"),
        (r#"{"type":"integer","format":"int32"}"#, "int64"),
        (r#"{"type":["null","integer"],"format":"int32"}"#, "int64?"),
        (r#"{"type":["string","null"]}"#, "string?"),
        (r#"{"type":["string"]}"#, "string"),
        (r#"{"const":"a"}"#, "string"),
        (r#"{"const":"money","type":"string"}"#, "string"),
        (r#"{"const":1,"type":"integer"}"#, "int64"),
        (r#"{"enum":["a"],"type":"string"}"#, "string"),
        (r#"{"enum":[1],"type":"integer"}"#, "int64"),
        (r#"{"type":"boolean","const":true}"#, "boolean"),
        (r#"{"oneOf":[{"type":"null"},{"type":"integer","title":"I"}]}"#, "I:int64?"),
        (r#"{"anyOf":[{"type":"integer"},{"type":"null"}]}"#, "int64?"),
        (r#"{"allOf":[{"type":"string"}]}"#, "string"),
        (
            r#"{"oneOf":[{"type":"null"},{"type":"integer"},{"type":"string"}]}"#,
            "io.confluent.connect.json.OneOf:{io.confluent.connect.json.OneOf.field.0 int64?, io.confluent.connect.json.OneOf.field.1 string?}?",
        ),
        (
            r#"{"title":"T","type":"object","anyOf":[{"type":"object","properties":{"a":{"type":"string"}}},{"type":"object","properties":{"b":{"type":"string"}}}]}"#,
            "io.confluent.connect.json.OneOf:{io.confluent.connect.json.OneOf.field.0 {a string}?, io.confluent.connect.json.OneOf.field.1 {b string}?}",
        ),
        (r#"{"type":"array","items":{"type":["null","string"]}}"#, "[string?]"),
        (
            r#"{"type":"object","connect.type":"map","additionalProperties":{"type":"integer"}}"#,
            "<string,int64>",
        ),
        (
            r#"{"type":"array","connect.type":"map","items":{"type":"object","properties":{"key":{"type":"integer"},"value":{"type":"string"}}}}"#,
            "<int64,string>",
        ),
        (
            r#"{"type":"object","title":"shop.Order","properties":{"z":{"type":"string","connect.index":0},"a":{"type":"integer","connect.index":1}}}"#,
            "shop.Order:{z string, a int64}",
        ),
        (
            r##"{"properties":{"a":{"$ref":"#/definitions/t"},"b":{"$ref":"#/definitions/t"}},"definitions":{"t":{"type":"boolean"}}}"##,
            "{a boolean, b boolean}",
        ),
        (
            r##"{"allOf":[{"$ref":"#/definitions/base"}],"title":"T","type":"object","properties":{"own":{"type":"string"}},"definitions":{"base":{"properties":{"id":{"type":"string"}}}}}"##,
            "{id string, own string}",
        ),
        (
            r##"{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{"a":{"$ref":"#/$defs/t"}},"$defs":{"t":{"type":"number"}}}"##,
            "{a float64}",
        ),
        (
            r#"{"type":"object","properties":{"a":{"type":"string"}},"if":true,"then":{}}"#,
            "{a string}",
        ),
    ] {
        assert_eq!(schema(text).map(|it| shown(&it)).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn settings_change_what_texts_mean() {
    let base = Options::default();
    let optional = Options { optional: true, ..base.clone() };
    let kept = Options { flatten: false, ..base.clone() };
    let sums = Options { sums: true, ..base };
    for (options, text, expected) in [
        (
            &optional,
            r#"{"type":"object","required":["a"],"properties":{"a":{"type":"string","connect.index":0},"b":{"type":"string","connect.index":1}}}"#,
            "{a string, b string?}",
        ),
        (
            &kept,
            r#"{"oneOf":[{"type":"string"}]}"#,
            "io.confluent.connect.json.OneOf:{io.confluent.connect.json.OneOf.field.0 string?}",
        ),
        (
            &sums,
            r#"{"oneOf":[{"type":"string"},{"type":"integer"}]}"#,
            "connect_union_0:{connect_union_field_0 string?, connect_union_field_1 int64?}",
        ),
    ] {
        assert_eq!(schema_with(text, options).map(|it| shown(&it)).as_deref(), Ok(expected));
    }
    let symbols = schema_with(r#"{"enum":["a",null,1]}"#, &sums).unwrap();
    let parameters: Vec<_> = symbols.parameters.iter().map(|(name, it)| (&**name, &**it)).collect();
    let name = |it: &str| format!("{SUM_ENUM}{it}");
    assert_eq!(
        parameters,
        [
            (name("").as_str(), ""),
            (name(".a").as_str(), "0"),
            (name(".<NULL>").as_str(), "1"),
            (name(".1").as_str(), "2"),
        ]
    );
}

#[test]
fn what_connect_knows_comes_back() {
    let decimal = schema(
        r#"{"type":"string","title":"org.apache.kafka.connect.data.Decimal","connect.version":1,"connect.type":"bytes","connect.parameters":{"scale":"2"}}"#,
    );
    assert_eq!(*decimal.unwrap(), Logical::Decimal.schema(2));
    let with_default = schema(r#"{"type":"integer","description":"d","default":7}"#).unwrap();
    assert_eq!(
        (with_default.default.clone(), with_default.doc.as_deref()),
        (Some(Value::Int64(7)), Some("d"))
    );
    let document = Document::parse(r#"{"oneOf":[{"type":"null"},{"type":"string"}]}"#, [], false);
    let (versioned, _) = translate(&document.unwrap(), Some(3), &Options::default()).unwrap();
    assert_eq!((versioned.version, versioned.optional), (Some(3), true));
}

#[test]
fn schemas_come_back_from_their_own_texts() {
    let field = |name: &str, schema: Schema| Field { name: name.into(), schema: schema.into() };
    let list = SchemaRef::new(Schema::optional(Type::Float32));
    let fields = vec![
        field("id", Schema::required(Type::Int32)),
        field("note", Schema::optional(Type::String).named("Note")),
        field("at", Logical::Timestamp.schema(0)),
        field("parts", Schema::optional(Type::Array(list.clone()))),
        field(
            "by",
            Schema::required(Type::Map(Schema::required(Type::String).into(), list.clone())),
        ),
        field("of", Schema::required(Type::Map(Schema::required(Type::Int8).into(), list))),
        field(
            "kind",
            Schema { default: Some(Value::from("new")), ..Schema::required(Type::String) },
        ),
        field(
            "inner",
            Schema::optional(Type::Struct(vec![field("x", Schema::required(Type::Bytes))])),
        ),
    ];
    let own =
        Schema { version: Some(2), ..Schema::required(Type::Struct(fields)).named("shop.Order") };
    let text = crate::from_connect::text(&own, &Options::default()).unwrap();
    assert_eq!(*schema(&text).unwrap(), own, "{text}");
}

#[test]
fn what_is_no_schema_of_connect_is_told() {
    let mut doubling =
        String::from(r##"{"properties":{"a":{"$ref":"#/definitions/0"}},"definitions":{"##);
    for index in 0..20 {
        let next = index + 1;
        let reference = format!(r##"{{"$ref":"#/definitions/{next}"}}"##);
        let name = format!(r#""{index}""#);
        doubling.extend([
            &name,
            r#":{"properties":{"a":"#,
            &reference,
            r#","b":"#,
            &reference,
            "}},",
        ]);
    }
    doubling += r#""20":{"type":"string"}}}"#;
    for (text, expected) in [
        ("{}", "says nothing of its values"),
        (r#"{"type":"null"}"#, "null alone"),
        (r#"{"oneOf":[{"type":"null"},{"type":"null"}]}"#, "null alone"),
        ("false", "false alone"),
        (r#"{"not":{"type":"string"}}"#, "not alone"),
        (r#"{"type":"array"}"#, "Array schema did not specify the items type"),
        (r#"{"type":"integer","connect.type":"int7"}"#, "Unsupported type int7"),
        (r#"{"type":"object","connect.type":"map"}"#, "no schema of its values"),
        (
            r#"{"type":"array","connect.type":"map","items":{"properties":{"key":{"type":"integer"}}}}"#,
            "have no value",
        ),
        (r#"{"type":"integer","default":"a"}"#, "the default: an integer is expected"),
        (r##"{"title":"T","properties":{"next":{"$ref":"#"}}}"##, "a schema (T) contains itself"),
        (r##"{"$ref":"#"}"##, "contains itself"),
        (&doubling, "more than 20000 parts"),
    ] {
        let error = schema(text).map(|it| shown(&it)).unwrap_err();
        assert!(error.contains(expected), "{text}: {error}");
    }
}
