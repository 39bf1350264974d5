//! Converters with a Schema Registry: bytes, the schema that is registered, and what is read back equal those of Confluent's
//! 7.0.16.

mod avro;
mod protobuf;

use anyhow::{Result, ensure};
use serde_json::{Value as Json, json};
use sluice_kit::confluent;
use sluice_plugin::config::Properties;
use sluice_plugin::model::{Schema, SchemaRef, Type, Value};
use sluice_plugin::{ConverterFactory, ConverterRole};
use sluice_registry::{Registry, RegistrySettings};

use super::compare::{self, Asked};
use super::{ask, notation};

type Options = &'static [(&'static str, &'static str)];

/// Data that a converter and Confluent's of that name write and read, each with a registry of its own.
struct Case {
    converter: &'static dyn ConverterFactory,
    /// The class that knows the format's texts, below Confluent's package.
    provider: &'static str,
    number: usize,
    options: Options,
    /// An option that is not as in `options`, and shows.
    fault: (&'static str, &'static str),
    schema: Option<SchemaRef>,
    value: Value,
    /// What of the answer may differ, as `docs/differences.md` says.
    excused: Json,
    /// Whether it is read back as well.
    is_decoded: bool,
}

impl Case {
    fn settings(&self, name: &str) -> Properties {
        let url = format!("mock://oracle-{}-{}{name}", self.provider, self.number);
        let own = [("schema.registry.url", url.as_str())];
        let all = own.iter().chain(self.options);
        all.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn question(&self) -> Json {
        json!({
            "op": "registry",
            "plugin": self.converter.name(),
            "provider": self.provider,
            "config": self.settings(""),
            "key": false,
            "topic": "t",
            "schema": notation::schema(self.schema.as_ref()),
            "value": notation::value(&self.value),
            "excused": self.excused,
            "decode": self.is_decoded,
        })
    }

    fn asked(&self) -> Asked {
        let answer = self.answer(&self.settings(""));
        let mut settings = self.settings("-faulty");
        let (key, value) = self.fault;
        settings.insert(key.to_owned(), value.to_owned());
        Asked { question: self.question(), faulty: self.answer(&settings), answer }
    }

    fn answer(&self, settings: &Properties) -> Json {
        let mut answer = self.tried(settings).unwrap_or_else(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            json!({"class": error.java_class(), "message": format!("{error} {cause:?}")})
        });
        answer["excused"] = self.excused.clone();
        answer
    }

    fn tried(&self, settings: &Properties) -> sluice_plugin::Result<Json> {
        let role = ConverterRole::Value;
        let mut converter = self.converter.create(settings, role)?;
        let bytes = converter.encode("t", self.schema.as_ref(), &self.value)?;
        let mut answer = json!({"bytes": notation::bytes(bytes.as_deref())});
        let Some(bytes) = bytes else { return Ok(answer) };
        let registry = Registry::open(&RegistrySettings::read(settings, role)?)?;
        let latest = registry.latest("t-value").ok().and_then(|it| it.schema);
        answer["text"] = latest.map(|it| (*it.text).into()).unwrap_or_default();
        if self.is_decoded {
            let data = converter.decode("t", Some(bytes))?;
            answer["decoded"] = json!({
                "schema": notation::schema(data.schema.as_ref()),
                "value": notation::value(&data.value),
            });
        }
        Ok(answer)
    }
}

/// Asks both, and fails where they differ. Of errors it counts that there is one.
async fn expect_same(cases: &[Case], comparable: impl Fn(Json) -> Json) -> Result<()> {
    let mut asked: Vec<Asked> = cases.iter().map(Case::asked).collect();
    let questions: Vec<Json> = asked.iter().map(|it| it.question.clone()).collect();
    let mut answers = ask::java_with(&confluent::class_path().await?, &questions).await?;
    let mut refused = 0;
    for (case, java) in asked.iter_mut().zip(&mut answers) {
        java["excused"] = case.question["excused"].clone();
        if java.get("class").is_some() {
            refused += 1;
            for ours in [&mut case.answer, &mut case.faulty] {
                if ours.get("class").is_some() {
                    ours.clone_from(java);
                }
            }
        }
    }
    ensure!(refused * 5 < cases.len(), "{refused} of {} cases say nothing", cases.len());
    let name = cases.first().map_or("", |it| it.converter.name());
    compare::refuse(&compare::differences_to(name, asked, answers, comparable)?)
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
