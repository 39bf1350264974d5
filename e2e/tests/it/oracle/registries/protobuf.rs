//! Protobuf.
//!
//! | differs on purpose | why | here |
//! |---|---|---|
//! | 7.0.16 writes `deprecated = false` on optional fields and members of unions | later releases do not | left out of both texts |
//! | 7.0.16 forgets in maps which integers have 8 or 16 bits, and scales of decimals | later releases note them there as well | not drawn |
//! | 7.0.16 makes wrappers of the members of unions under `wrapper.for.nullables`, and cannot read them under `optional.for.nullables` | later releases leave them what they were | not drawn |
//! | Java writes `uint32` and `fixed32` in wrappers as an `int32`, in ten bytes from 2^31 on | both are read as the same | not drawn |
//! | Java leaves out a value that equals the schema's default, which the text does not hold: readers get zero | data would be lost | not drawn |
//! | Java writes a null in a list as a failure of its own (NullPointerException), ours names the field | | not drawn |
//! | Java writes the first of several members of a union, years before 1 without their era, and cuts what does not fit `uint32` or `fixed32` | data would be lost | not drawn |
//! | a message that stands in two places has the number of the first one in Java where it is the item of a list | an accident | not drawn |

mod draw;

use anyhow::Result;
use serde_json::{Value as Json, json};
use sluice_kit::confluent;
use sluice_plugin::model::Schema;
use sluice_protobuf::ProtobufConverter;

use super::{Case, Options, anywhere, expect_same};
use crate::oracle::{compare as drawing, notation};

/// Options that Confluent's 7.0 has as well; each changes what is written.
const OPTIONS: [Options; 5] = [
    &[],
    &[("enhanced.protobuf.schema.support", "true"), ("scrub.invalid.names", "true")],
    &[("wrapper.for.raw.primitives", "false"), ("optional.for.proto2", "false")],
    OPTIONAL,
    WRAPPERS,
];
const OPTIONAL: Options = &[("optional.for.nullables", "true")];
const WRAPPERS: Options = &[("wrapper.for.nullables", "true")];

fn has_union(schema: &Schema) -> bool {
    anywhere(schema, |it| it.name.as_deref().is_some_and(|it| it.contains(".Union.")))
}

fn has_narrow(schema: &Schema) -> bool {
    anywhere(schema, draw::is_narrow)
}

/// A text without what later releases leave out; maps and parameters in one order.
fn comparable(mut answer: Json) -> Json {
    let parts = ["deprecated = false", "optional ", "oneof "];
    let text = answer["text"].as_str().filter(|text| parts.iter().any(|it| text.contains(it)));
    if let Some(text) = text {
        let dense: String = text.chars().filter(|it| !it.is_whitespace()).collect();
        let without = dense.replace("[deprecated=false]", "").replace("deprecated=false,", "");
        answer["text"] = without.into();
    }
    notation::sorted(in_order(answer))
}

fn in_order(json: Json) -> Json {
    match json {
        Json::Array(items) => items.into_iter().map(in_order).collect(),
        Json::Object(parts) => {
            let part = |(key, part): (String, Json)| {
                let mut part = in_order(part);
                if let ("p", Json::Array(parameters)) = (key.as_str(), &mut part) {
                    parameters.sort_by_cached_key(ToString::to_string);
                }
                (key, part)
            };
            parts.into_iter().map(part).collect()
        }
        other => other,
    }
}

/// Schemas and values that Protobuf can say.
fn cases(count: usize) -> Vec<Case> {
    drawing::draw(&draw::described(), count)
        .into_iter()
        .enumerate()
        .map(|(number, (schema, value))| {
            let options = match OPTIONS[number % OPTIONS.len()] {
                OPTIONAL | WRAPPERS if has_union(&schema) => OPTIONS[0],
                WRAPPERS if has_narrow(&schema) => OPTIONS[0],
                options => options,
            };
            let names = "enhanced.protobuf.schema.support";
            let is_full = options.iter().any(|(key, _)| *key == names);
            Case {
                converter: &ProtobufConverter,
                provider: "protobuf.ProtobufSchemaProvider",
                number,
                options,
                fault: (names, if is_full { "false" } else { "true" }),
                schema: Some(schema),
                value,
                excused: json!({}),
                is_decoded: true,
            }
        })
        .collect()
}

#[tokio::test]
async fn values_are_written_and_read_as_confluent_s_protobuf_converter_does() -> Result<()> {
    sluice_kit::require!(confluent::missing());
    expect_same(&cases(drawing::share(20).max(1_000)), comparable).await
}
