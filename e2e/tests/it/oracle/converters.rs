//! Converters: bytes, schemas, values and errors equal Java's.

use anyhow::Result;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use sluice_converters::{
    BooleanConverter, ByteArrayConverter, DoubleConverter, FloatConverter, IntegerConverter,
    JsonConverter, LongConverter, ShortConverter, StringConverter,
};
use sluice_kit::java;
use sluice_plugin::config::Properties;
use sluice_plugin::model::{SchemaRef, Value};
use sluice_plugin::{ConverterFactory, ConverterRole, Error};

use super::compare::{self, Asked};
use super::{generate, notation};

/// The converters, with their share of the cases in per cent.
const FACTORIES: [(&dyn ConverterFactory, usize); 9] = [
    (&JsonConverter, 60),
    (&StringConverter, 20),
    (&ByteArrayConverter, 5),
    (&ShortConverter::NEW, 2),
    (&IntegerConverter::NEW, 2),
    (&LongConverter::NEW, 2),
    (&FloatConverter::NEW, 3),
    (&DoubleConverter::NEW, 3),
    (&BooleanConverter::NEW, 3),
];

/// What a converter is asked.
#[derive(Clone, Debug)]
enum Question {
    Encode(Option<SchemaRef>, Value),
    Decode(Option<Bytes>),
}

#[derive(Clone)]
struct Case {
    factory: &'static dyn ConverterFactory,
    config: Properties,
    question: Question,
}

/// The options that a converter is asked with.
fn configs(class: &str) -> Vec<Properties> {
    let of = |entries: &[(&str, &str)]| -> Properties {
        entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    match class {
        "JsonConverter" => ["true", "false"]
            .into_iter()
            .flat_map(|schemas| ["true", "false"].map(|replace| (schemas, replace)))
            .flat_map(|(schemas, replace)| ["BASE64", "numeric"].map(|it| (schemas, replace, it)))
            .map(|(schemas, replace, decimals)| {
                of(&[
                    ("schemas.enable", schemas),
                    ("replace.null.with.default", replace),
                    ("decimal.format", decimals),
                ])
            })
            .collect(),
        _ => vec![of(&[])],
    }
}

fn questions(class: &str) -> BoxedStrategy<Question> {
    let encode = generate::described().prop_map(|(schema, value)| Question::Encode(schema, value));
    let raw = prop::option::weighted(0.95, prop::collection::vec(any::<u8>(), 0..12))
        .prop_map(|it| Question::Decode(it.map(Bytes::from)));
    let json = generate::json().prop_map(|it| Question::Decode(Some(Bytes::from(it))));
    match class {
        "JsonConverter" => {
            let envelope =
                generate::envelope().prop_map(|it| Question::Decode(Some(Bytes::from(it))));
            prop_oneof![4 => encode, 2 => json, 4 => envelope, 1 => raw].boxed()
        }
        "StringConverter" => {
            let textual = |it: &Question| match it {
                Question::Encode(_, value) => !generate::has_bytes(value),
                Question::Decode(_) => true,
            };
            prop_oneof![encode.prop_filter("the text of bytes is an identity", textual), raw]
                .boxed()
        }
        "ByteArrayConverter" => prop_oneof![encode, raw].boxed(),
        // Most values would be of the wrong type.
        _ => {
            let numbers = generate::leaf().prop_map(|it| Question::Encode(None, it));
            let short = prop::collection::vec(any::<u8>(), 0..9)
                .prop_map(|it| Question::Decode(Some(Bytes::from(it))));
            let flag = (0_u8..3).prop_map(|it| Question::Decode(Some(Bytes::from(vec![it]))));
            prop_oneof![1 => encode, 4 => numbers, 3 => short, 1 => flag, 1 => raw].boxed()
        }
    }
}

fn cases(factory: &'static dyn ConverterFactory, count: usize) -> Vec<Case> {
    let class = factory.name().rsplit('.').next().unwrap_or_default();
    let configs = configs(class);
    let drawn = compare::draw(&questions(class), count).into_iter().enumerate();
    drawn
        .map(|(index, question)| {
            let config = configs[index % configs.len()].clone();
            Case { factory, config, question }
        })
        .collect()
}

impl Case {
    fn question(&self) -> Json {
        let mut question = json!({
            "plugin": self.factory.name(),
            "config": self.config,
            "key": false,
            "topic": "t",
        });
        match &self.question {
            Question::Encode(schema, value) => {
                question["op"] = "encode".into();
                question["schema"] = notation::schema(schema.as_ref());
                question["value"] = notation::value(value);
            }
            Question::Decode(bytes) => {
                question["op"] = "decode".into();
                question["bytes"] = notation::bytes(bytes.as_deref());
            }
        }
        question
    }

    fn asked(&self) -> Asked {
        let answer = self.answer();
        Asked { question: self.question(), faulty: self.faulty(&answer), answer }
    }

    /// The answer of a converter that gets one thing wrong: null with a default, or the order of bytes.
    fn faulty(&self, answer: &Json) -> Json {
        let mut case = self.clone();
        if let Some(replace) = case.config.get_mut("replace.null.with.default") {
            "true".clone_into(replace);
            return case.answer();
        }
        let reversed = |bytes: &[u8]| bytes.iter().rev().copied().collect::<Bytes>();
        match &mut case.question {
            Question::Decode(bytes) => {
                *bytes = bytes.as_deref().map(reversed);
                case.answer()
            }
            Question::Encode(..) => {
                let text = answer["bytes"].as_str();
                let bytes = text.and_then(|it| BASE64_STANDARD.decode(it).ok());
                match bytes.as_deref().map(reversed) {
                    // One byte has no order.
                    Some(bytes) if bytes.len() > 1 => {
                        json!({"bytes": notation::bytes(Some(&bytes))})
                    }
                    _ => json!({"bytes": null}),
                }
            }
        }
    }

    fn answer(&self) -> Json {
        let made = self.factory.create(&self.config, ConverterRole::Value);
        let answered = made.and_then(|mut converter| {
            Ok(match &self.question {
                Question::Encode(schema, value) => {
                    let bytes = converter.encode("t", schema.as_ref(), value)?;
                    json!({"bytes": notation::bytes(bytes.as_deref())})
                }
                Question::Decode(bytes) => {
                    let data = converter.decode("t", bytes.clone())?;
                    json!({
                        "schema": notation::schema(data.schema.as_ref()),
                        "value": notation::value(&data.value),
                    })
                }
            })
        });
        answered.unwrap_or_else(
            |error: Error| json!({"class": error.java_class(), "message": error.to_string()}),
        )
    }
}

#[tokio::test]
async fn converters_answer_as_java_s_do() -> Result<()> {
    sluice_kit::require!(java::missing());
    let mut found = Vec::new();
    for (factory, share) in FACTORIES {
        let cases = cases(factory, compare::share(share));
        let asked = cases.iter().map(Case::asked).collect();
        found.extend(compare::differences(factory.name(), asked).await?);
    }
    compare::refuse(&found)
}
