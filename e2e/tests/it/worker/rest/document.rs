//! `/openapi.json` beside what the worker does: each answer, and each body that is accepted, has to be one that the document
//! names.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use sluice_kit::connect::{ConnectWorker, HttpAnswer, HttpRequest};

/// Bodies that the worker accepts as leniently as Java's, though the document does not offer them.
const LENIENT: &[&str] = &[r#""name": 5"#, r#""initial_state": "stopped""#, r#""more": "#];

/// What a worker says of itself.
pub(super) struct Document(Value);

impl Document {
    /// None of a worker that has no such document, as Java's.
    pub(super) async fn of(
        worker: &ConnectWorker,
        headers: &[(String, String)],
    ) -> Result<Option<Self>> {
        let request = HttpRequest {
            method: "GET".to_owned(),
            path: "/openapi.json".to_owned(),
            headers: headers.to_vec(),
            body: String::new(),
        };
        let answer = worker.send(&request).await?;
        Ok(if answer.status == 200 { Some(Self(answer.json()?)) } else { None })
    }

    /// Fails if it does not name such an answer, or such a request that was met.
    pub(super) fn covers(&self, request: &HttpRequest, answer: &HttpAnswer) -> Result<()> {
        let Some(operation) = self.operation(&request.method, &request.path) else { return Ok(()) };
        let answers = &operation["responses"];
        let named = answers.get(answer.status.to_string());
        // What goes well is named one by one.
        let told = named.or_else(|| answers.get("default").filter(|_| answer.status >= 400));
        let told = told.with_context(|| format!("no answer {}", answer.status))?;
        match told.pointer("/content/application~1json/schema") {
            Some(schema) => self.fits(schema, &answer.json()?).context("the answer")?,
            None => ensure!(answer.body.is_empty() || answer.status == 401, "{}", answer.body),
        }
        if answer.status >= 300 || LENIENT.iter().any(|it| request.body.contains(it)) {
            return Ok(());
        }
        match operation.pointer("/requestBody/content/application~1json/schema") {
            Some(schema) => {
                self.fits(schema, &serde_json::from_str(&request.body)?).context("the request")
            }
            None => Ok(()),
        }
    }

    /// What it says of a method of a path; of several paths, the one with the fewest parameters.
    fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let path = path.split('?').next().unwrap_or_default().trim_matches('/');
        let segments: Vec<&str> = path.split('/').collect();
        let fits = |template: &str| {
            let parts: Vec<&str> = template.trim_matches('/').split('/').collect();
            let fits = |(part, it): (&&str, &&str)| part.starts_with('{') || part == it;
            parts.len() == segments.len() && parts.iter().zip(&segments).all(fits)
        };
        let paths = self.0["paths"].as_object()?.iter().filter(|(template, _)| fits(template));
        let (_, operations) = paths.min_by_key(|(template, _)| template.matches('{').count())?;
        operations.get(method.to_lowercase())
    }

    /// Fails if a value is not what a schema asks for, and names the place. A keyword that is not known here fails too, as
    /// does a field that an object's schema does not name: it is to name all.
    fn fits(&self, schema: &Value, value: &Value) -> Result<()> {
        let Some(rules) = schema.as_object() else {
            ensure!(schema == true, "nothing fits {schema}");
            return Ok(());
        };
        for (keyword, rule) in rules {
            let broken = || format!("{keyword} {rule}: {value}");
            match keyword.as_str() {
                "description" | "title" | "format" | "default" => {}
                "$ref" => {
                    let place = rule.as_str().unwrap_or_default().trim_start_matches('#');
                    let definition = self.0.pointer(place).with_context(|| place.to_owned())?;
                    self.fits(definition, value).with_context(|| place.to_owned())?;
                }
                "type" => ensure!(words(rule).iter().any(|it| is_of(value, it)), broken()),
                "enum" => ensure!(rule.as_array().is_some_and(|it| it.contains(value)), broken()),
                "minimum" => ensure!(value.as_f64() >= rule.as_f64(), broken()),
                "anyOf" => {
                    let choices = rule.as_array().context("a list of choices")?;
                    ensure!(choices.iter().any(|it| self.fits(it, value).is_ok()), broken());
                }
                "items" => {
                    for (index, element) in value.as_array().into_iter().flatten().enumerate() {
                        self.fits(rule, element).with_context(|| index.to_string())?;
                    }
                }
                "required" => {
                    let is_there = |it: &&str| value.get(it).is_some();
                    ensure!(!value.is_object() || words(rule).iter().all(is_there), broken());
                }
                "properties" | "additionalProperties" => self.fields_fit(schema, value)?,
                _ => bail!("unknown: {}", broken()),
            }
        }
        Ok(())
    }

    fn fields_fit(&self, schema: &Value, value: &Value) -> Result<()> {
        for (name, field) in value.as_object().into_iter().flatten() {
            let own = schema["properties"].get(name).or_else(|| schema.get("additionalProperties"));
            let own = own.with_context(|| format!("the field {name} is not named"))?;
            self.fits(own, field).with_context(|| name.clone())?;
        }
        Ok(())
    }
}

/// One word, or a list of them.
fn words(rule: &Value) -> Vec<&str> {
    match rule {
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect(),
        word => word.as_str().into_iter().collect(),
    }
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

#[test]
fn what_is_not_named_is_found() -> Result<()> {
    let text = r##"{
        "paths": { "/a/{b}": { "put": {
            "requestBody": { "content": { "application/json": { "schema": { "type": "array" } } } },
            "responses": {
                "200": { "content": { "application/json": { "schema": { "$ref": "#/it" } } } },
                "204": {},
                "default": { "content": { "application/json": { "schema": { "type": "string" } } } }
            }
        } } },
        "it": {
            "type": "object",
            "properties": { "is": { "type": ["integer", "null"] }, "of": { "enum": ["x"] } },
            "required": ["is"]
        }
    }"##;
    let document = Document(serde_json::from_str(text)?);
    for (path, body, status, answer, is_named) in [
        ("/a/b", "[]", 200, r#"{"is": 1}"#, true),
        ("/a/b?c=d", "[]", 200, r#"{"is": null, "of": "x"}"#, true),
        ("/a/b", "[]", 204, "", true),
        ("/a/b", "{}", 500, r#""text""#, true),
        ("/a", "{}", 418, "nothing is said of it", true),
        ("/a/b", "{}", 204, "", false),
        ("/a/b", "[]", 204, "text", false),
        ("/a/b", "[]", 201, "", false),
        ("/a/b", "[]", 500, "1", false),
        ("/a/b", "[]", 200, r#"{"of": "x"}"#, false),
        ("/a/b", "[]", 200, r#"{"is": "1"}"#, false),
        ("/a/b", "[]", 200, r#"{"is": 1, "of": "y"}"#, false),
        ("/a/b", "[]", 200, r#"{"is": 1, "more": 1}"#, false),
    ] {
        let request = HttpRequest {
            method: "PUT".to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: body.to_owned(),
        };
        let answer = HttpAnswer { status, headers: Vec::new(), body: answer.to_owned() };
        let outcome = document.covers(&request, &answer);
        ensure!(outcome.is_ok() == is_named, "{request:?} {answer:?}: {outcome:?}");
    }
    Ok(())
}
