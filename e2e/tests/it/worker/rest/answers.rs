//! Answers in a form in which those of two workers are equal.

use serde_json::Value;
use sluice_kit::connect::{ConnectWorker, HttpAnswer};

/// Headers that clients look at.
const TELLING: [&str; 11] = [
    "content-type",
    "location",
    "www-authenticate",
    "access-control-allow-origin",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-max-age",
    "allow",
    "vary",
    "x-frame-options",
    "x-checked",
];

/// Where the names of Confluent's classes begin.
const CONFLUENT: &str = "io.confluent.";

/// An answer without what must differ: addresses, and the version of a worker.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Comparable {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    body: Value,
}

impl Comparable {
    pub(super) fn of(worker: &ConnectWorker, answer: &HttpAnswer) -> Self {
        let told = |text: &str| text.replace(worker.id(), "WORKER");
        let mut headers: Vec<(String, String)> = answer
            .headers
            .iter()
            .filter(|(name, _)| TELLING.contains(&name.as_str()))
            // Ours tells what is allowed in a refusal too, as RFC 9110 wants it.
            .filter(|(name, _)| name != "allow" || answer.status != 405)
            .map(|(name, value)| (name.clone(), in_order(name, told(value))))
            .collect();
        headers.sort();
        let text = told(&answer.body);
        let mut body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        forget(&mut body);
        Self { status: answer.status, headers, body }
    }

    /// The same with an error's message left out.
    pub(super) fn without_message(mut self) -> Self {
        if self.body.get("message").is_some() {
            self.body["message"] = Value::Null;
        }
        self
    }

    /// The same without the tasks of a connector.
    pub(super) fn without_tasks(mut self) -> Self {
        if let Some(body) = self.body.as_object_mut() {
            body.remove("tasks");
        }
        self
    }

    /// What another answer does not say: of a list, only those entries.
    pub(super) fn apart(&self, other: &Self) -> String {
        let mut own = self.clone();
        if let (Value::Array(own), Value::Array(others)) = (&mut own.body, &other.body)
            && own.len() == others.len()
        {
            own.retain(|it| !others.contains(it));
        }
        own.to_string()
    }

    /// Whether it asks for patience.
    pub(super) fn is_rebalance(&self) -> bool {
        let says = |it: &str| self.body["message"].as_str().is_some_and(|text| text.contains(it));
        says("rebalance is expected")
            || self.status == 409 && (says("rebalance") || says("stale configuration"))
    }
}

impl std::fmt::Display for Comparable {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {:?} {}", self.status, self.headers, self.body)
    }
}

/// Methods are a set.
fn in_order(name: &str, value: String) -> String {
    if !matches!(name, "allow" | "access-control-allow-methods") {
        return value;
    }
    let mut methods: Vec<&str> = value.split(',').map(str::trim).collect();
    methods.sort_unstable();
    methods.join(",")
}

/// Takes out what each side says in its own way: prose, and plugins that only one has; puts offsets in one order.
fn forget(body: &mut Value) {
    match body {
        Value::Array(entries) => {
            entries.iter_mut().for_each(forget);
            if entries.iter().all(|it| it.get("partition").is_some()) {
                entries.sort_by_key(Value::to_string);
            }
        }
        Value::Object(fields) => {
            if let Some(documentation) = fields.get_mut("documentation") {
                *documentation = Value::Null;
            }
            if let Some(Value::String(text)) = fields.get_mut("message")
                && let Some((head, _)) = text.split_once("available connectors are:")
            {
                *text = head.to_owned();
            }
            if let Some(Value::Array(classes)) = fields.get_mut("recommended_values") {
                // Converters that are not Kafka's own are on no class path of Java here.
                classes.retain(|it| !it.as_str().is_some_and(|it| it.starts_with(CONFLUENT)));
            }
            if let Some(time @ Value::Number(_)) = fields.get_mut("last_modified") {
                *time = Value::from(0);
            }
            // What is below the first line are places in the code.
            if let Some(Value::String(trace)) = fields.get_mut("trace") {
                *trace = trace.lines().next().unwrap_or_default().to_owned();
            }
            if fields.contains_key("kafka_cluster_id") {
                fields.retain(|name, _| !matches!(name.as_str(), "commit" | "version"));
            }
            fields.values_mut().for_each(forget);
        }
        _ => {}
    }
}
