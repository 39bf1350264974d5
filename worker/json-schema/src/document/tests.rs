//! What texts are understood as.

use super::*;

fn parsed(text: &str) -> Result<Document, String> {
    Document::parse(text, [], false)
}

#[test]
fn what_says_several_things_is_all_of_them() {
    for (text, expected) in [
        (r#"{"type":"integer","format":"int32"}"#, "All[Number Text]"),
        (r#"{"type":["null","integer"],"format":"int32"}"#, "All[Any[Null Number] Text]"),
        (r#"{"type":"string","format":"uuid"}"#, "Text"),
        (r#"{"const":"a","type":"string"}"#, "All[Const Text]"),
        (r#"{"properties":{}}"#, "Object"),
        (r#"{"minimum":1}"#, "Number"),
        (r##"{"$ref":"#/definitions/a","type":"string","definitions":{"a":true}}"##, "Reference"),
        (
            r##"{"$schema":"https://json-schema.org/draft/2020-12/schema","$ref":"#/$defs/a","type":"string","$defs":{"a":true}}"##,
            "All[Reference Text]",
        ),
        ("{}", "Anything"),
        ("true", "Anything"),
        ("false", "Other"),
    ] {
        let document = parsed(text).unwrap();
        assert_eq!(shown(&document, document.root), expected, "{text}");
    }
}

fn shown(document: &Document, id: Id) -> String {
    let all = |ids: &[Id]| ids.iter().map(|it| shown(document, *it)).collect::<Vec<_>>().join(" ");
    match &document.node(id).kind {
        Kind::Anything => "Anything".to_owned(),
        Kind::Null => "Null".to_owned(),
        Kind::Boolean => "Boolean".to_owned(),
        Kind::Number { .. } => "Number".to_owned(),
        Kind::Text => "Text".to_owned(),
        Kind::Const(_) => "Const".to_owned(),
        Kind::Enum(_) => "Enum".to_owned(),
        Kind::Array(_) => "Array".to_owned(),
        Kind::Object(_) => "Object".to_owned(),
        Kind::All(ids) => format!("All[{}]", all(ids)),
        Kind::Any(ids) => format!("Any[{}]", all(ids)),
        Kind::Reference(_) => "Reference".to_owned(),
        Kind::Other(_) => "Other".to_owned(),
    }
}

#[test]
fn a_schema_may_name_itself() {
    let document = parsed(r##"{"properties":{"next":{"$ref":"#"}}}"##).unwrap();
    let Kind::Object(object) = &document.node(document.root).kind else { panic!() };
    let next = document.node(object.properties[0].1);
    assert!(matches!(next.kind, Kind::Reference(target) if target == document.root));
}

#[test]
fn what_is_no_schema_is_told_with_its_place() {
    let deep = format!("{}true{}", r#"{"items":"#.repeat(140), "}".repeat(140));
    for (text, expected) in [
        ("", "no JSON"),
        ("1", "#: a schema is an object or a boolean, and not a number"),
        (r#"{"type":"text"}"#, r#"#/type: "text" is no type"#),
        (r#"{"type":1}"#, "#/type is neither"),
        (r#"{"type":[1]}"#, "#/type has no name"),
        (r#"{"properties":{"a":{"items":[],"allOf":{}}}}"#, "#/properties/a/allOf is no list"),
        (r#"{"properties":[]}"#, "#/properties is no object"),
        (r#"{"required":[1]}"#, "#/required has no name"),
        (r#"{"enum":"a"}"#, "#/enum is no list"),
        (r#"{"$ref":1}"#, "#/$ref is no text"),
        (r##"{"$ref":"#/a"}"##, "the reference #/a is neither"),
        (r#"{"title":1}"#, "#/title is no text"),
        (r#"{"connect.version":"1"}"#, "#/connect.version is no integer"),
        (r#"{"connect.parameters":{"a":1}}"#, "#/connect.parameters/a is no text"),
        (&deep, "deeper than"),
    ] {
        let error = parsed(text).unwrap_err();
        assert!(error.contains(expected), "{text}: {error}");
    }
}
