//! Converters with a Schema Registry: bytes, the schema that is registered, and what is read back equal Confluent's.

use anyhow::Result;
use serde_json::{Value as Json, json};
use sluice_avro::AvroConverter;
use sluice_kit::confluent;
use sluice_plugin::config::Properties;
use sluice_plugin::model::{Schema, SchemaRef, Type, Value};
use sluice_plugin::{ConverterFactory, ConverterRole};
use sluice_registry::{Registry, RegistrySettings};

use super::compare::{self, Asked};
use super::{ask, generate, notation};

/// Options of the Avro converter that Confluent's 7.0 has as well; each changes what is written.
const OPTIONS: [&[(&str, &str)]; 5] = [
    &[],
    &[("enhanced.avro.schema.support", "true")],
    &[("connect.meta.data", "false")],
    &[("scrub.invalid.names", "true")],
    &[("allow.optional.map.keys", "true")],
];

#[derive(Clone)]
struct Case {
    number: usize,
    options: &'static [(&'static str, &'static str)],
    schema: Option<SchemaRef>,
    value: Value,
}

impl Case {
    fn settings(&self, fault: &str) -> Properties {
        let url = format!("mock://oracle-{}{fault}", self.number);
        let own = [("schema.registry.url", url.as_str())];
        let all = own.iter().chain(self.options);
        all.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn question(&self) -> Json {
        json!({
            "op": "registry",
            "plugin": AvroConverter.name(),
            "provider": "avro.AvroSchemaProvider",
            "config": self.settings(""),
            "key": false,
            "topic": "t",
            "schema": notation::schema(self.schema.as_ref()),
            "value": notation::value(&self.value),
            "excused": self.excused(),
            "decode": self.is_decoded(),
        })
    }

    fn asked(&self) -> Asked {
        let answer = self.answer(&self.settings(""));
        // A converter that knows an option less.
        let mut settings = self.settings("-faulty");
        settings.insert("connect.meta.data".to_owned(), "false".to_owned());
        Asked { question: self.question(), faulty: self.answer(&settings), answer }
    }

    fn answer(&self, settings: &Properties) -> Json {
        let answered = (|| {
            let role = ConverterRole::Value;
            let mut converter = AvroConverter.create(settings, role)?;
            let bytes = converter.encode("t", self.schema.as_ref(), &self.value)?;
            let mut answer = json!({"bytes": notation::bytes(bytes.as_deref())});
            if let Some(bytes) = bytes {
                let registry = Registry::open(&RegistrySettings::read(settings, role)?)?;
                let latest = registry.latest("t-value");
                answer["text"] = latest
                    .ok()
                    .and_then(|it| it.schema)
                    .map(|it| (*it.text).into())
                    .unwrap_or_default();
                if !self.is_decoded() {
                    return Ok(answer);
                }
                let data = converter.decode("t", Some(bytes))?;
                answer["decoded"] = json!({
                    "schema": notation::schema(data.schema.as_ref()),
                    "value": notation::value(&data.value),
                });
            }
            sluice_plugin::Result::Ok(answer)
        })();
        let mut answer = answered.unwrap_or_else(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            json!({"class": error.java_class(), "message": format!("{error} {cause:?}")})
        });
        answer["excused"] = self.excused();
        answer
    }

    /// What of an answer may differ, as `docs/differences.md` says: the order of entries in maps that have several, which
    /// Java's HashMap decides.
    fn excused(&self) -> Json {
        json!({"order": has_unordered(&self.value)})
    }

    /// Whether it is read back as well: a default with parts has null for some of them in Java, and one that is a struct
    /// has a schema without an end.
    fn is_decoded(&self) -> bool {
        !self.schema.as_deref().is_some_and(has_parted_default)
    }
}

/// Whether something holds of a schema or of any of its parts.
fn anywhere(schema: &Schema, holds: fn(&Schema) -> bool) -> bool {
    holds(schema)
        || match &schema.r#type {
            Type::Array(items) => anywhere(items, holds),
            Type::Map(keys, values) => anywhere(keys, holds) || anywhere(values, holds),
            Type::Struct(fields) => fields.iter().any(|it| anywhere(&it.schema, holds)),
            _ => false,
        }
}

fn has_parted_default(schema: &Schema) -> bool {
    anywhere(schema, |it| {
        matches!(it.default, Some(Value::Array(_) | Value::Map(_) | Value::Struct(_)))
    })
}

/// A name with a dot at an end, or with two in a row: Confluent's writes records under another one and finds them by neither.
fn has_odd_name(schema: &Schema) -> bool {
    anywhere(schema, |it| it.name.as_deref().is_some_and(|it| it.split('.').any(str::is_empty)))
}

/// Whether a map has entries whose order Java's HashMap decides.
fn has_unordered(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_unordered),
        Value::Map(entries) => {
            entries.len() > 1
                || entries.iter().any(|(key, it)| has_unordered(key) || has_unordered(it))
        }
        Value::Struct(row) => {
            let defaults = row.schema().fields().iter().filter_map(|it| it.schema.default.as_ref());
            row.values().iter().chain(defaults).any(has_unordered)
        }
        _ => false,
    }
}

/// What has to be equal: of errors that there is one; all but what is excused.
fn comparable(answer: Json) -> Json {
    let mut answer = notation::sorted(answer);
    if answer.get("class").is_some() {
        return json!({"fails": true});
    }
    if answer["excused"]["order"] == true {
        let length = answer["bytes"].as_str().map(str::len);
        answer["bytes"] = length.into();
    }
    answer
}

/// Schemas and values that Avro can say.
fn cases(count: usize) -> Vec<Case> {
    let mut drawn = compare::draw(&generate::described(), count * 3 / 2);
    // Java derives the schema of a null all the same, and fails if there is none.
    drawn.retain(|(schema, value)| {
        schema.is_none() || !value.is_null() && !schema.as_deref().is_some_and(has_odd_name)
    });
    drawn
        .into_iter()
        .take(count)
        .enumerate()
        .map(|(number, (schema, value))| {
            let options = OPTIONS[number % OPTIONS.len()];
            Case { number, options, schema, value }
        })
        .collect()
}

#[tokio::test]
async fn values_are_written_and_read_as_confluent_s_avro_converter_does() -> Result<()> {
    sluice_kit::require!(confluent::missing());
    let cases = cases(compare::share(20).max(1_000));
    let asked: Vec<Asked> = cases.iter().map(Case::asked).collect();
    let questions: Vec<Json> = asked.iter().map(|it| it.question.clone()).collect();
    let mut answers = ask::java_with(&confluent::class_path().await?, &questions).await?;
    for (answer, question) in answers.iter_mut().zip(&questions) {
        answer["excused"] = question["excused"].clone();
    }
    let found = compare::differences_to(AvroConverter.name(), asked, answers, comparable)?;
    compare::refuse(&found)
}
