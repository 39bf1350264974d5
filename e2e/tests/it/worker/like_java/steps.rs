//! What a user asks, the same of each worker.

use std::path::Path;

use serde_json::{Value, json};

const SOURCE: &str = "org.apache.kafka.connect.file.FileStreamSourceConnector";

/// What a user does.
pub(super) enum Step {
    /// A request whose answers must be the same.
    Ask(&'static str, &'static str, Value),
    /// Waits until connector and tasks are in this state.
    Until(&'static str),
    /// Waits until the connector has used these topics.
    Uses(&'static [&'static str]),
}
use Step::{Ask, Until, Uses};

fn get(path: &'static str) -> Step {
    Ask("GET", path, Value::Null)
}

/// A source's configuration with one setting changed; null takes it out.
pub(super) fn with(file: &Path, key: &str, value: Value) -> Value {
    let mut config = json!({
        "connector.class": SOURCE, "tasks.max": "1", "topic": "asked", "file": file,
    });
    config[key] = value;
    if let Some(config) = config.as_object_mut() {
        config.retain(|_, value| !value.is_null());
    }
    config
}

fn creation(config: &Value) -> Step {
    Ask("POST", "/connectors", json!({"name": "it", "config": config}))
}

pub(super) fn validation(plugin: &str, config: Value) -> Step {
    let path = format!("/connector-plugins/{plugin}/config/validate");
    Ask("PUT", path.leak(), config)
}

/// What is refused while nothing is there.
pub(super) fn refusals(file: &Path) -> Vec<Step> {
    let mut steps: Vec<Step> = [
        ("GET", "/connectors/none"),
        ("GET", "/connectors/none/config"),
        ("GET", "/connectors/none/status"),
        ("GET", "/connectors/none/tasks"),
        ("GET", "/connectors/none/tasks/0/status"),
        ("PUT", "/connectors/none/pause"),
        ("PUT", "/connectors/none/resume"),
        ("PUT", "/connectors/none/stop"),
        ("POST", "/connectors/none/restart"),
        ("POST", "/connectors/none/restart?includeTasks=true"),
        ("POST", "/connectors/none/tasks/0/restart"),
        ("DELETE", "/connectors/none"),
        ("GET", "/nowhere"),
        ("DELETE", "/connectors"),
        ("GET", "/connectors"),
    ]
    .map(|(method, path)| Ask(method, path, Value::Null))
    .into();
    steps.extend([
        Ask("POST", "/connectors", json!({"name": "it", "config": {"name": "other"}})),
        Ask("POST", "/connectors", json!({"config": with(file, "x", Value::Null)})),
        Ask("POST", "/connectors", json!({"name": "", "config": with(file, "x", Value::Null)})),
        creation(&with(file, "topic", Value::Null)),
        creation(&with(file, "topic", json!(""))),
        creation(&with(file, "batch.size", json!("many"))),
        creation(&with(file, "tasks.max", json!("0"))),
        creation(&with(file, "tasks.max", json!("x"))),
        creation(&with(file, "connector.class", json!("com.example.None"))),
        creation(&with(file, "value.converter", json!("com.example.None"))),
        creation(&with(file, "errors.tolerance", json!("some"))),
        Ask("PUT", "/connectors/it/config", with(file, "name", json!("other"))),
        Ask("POST", "/connectors", json!({"name": "a\nb", "config": with(file, "x", Value::Null)})),
        validation("None", with(file, "x", Value::Null)),
    ]);
    steps
}

/// A connector's life.
pub(super) fn life(file: &Path) -> Vec<Step> {
    let put = |path| Ask("PUT", path, Value::Null);
    let post = |path| Ask("POST", path, Value::Null);
    let reads = || {
        [
            get("/connectors/it/status"),
            get("/connectors/it/tasks"),
            get("/connectors/it/tasks/0/status"),
        ]
    };
    let mut steps = vec![
        creation(&with(file, "x", Value::Null)),
        Until("RUNNING"),
        creation(&with(file, "x", Value::Null)),
        get("/connectors"),
        get("/connectors/it"),
        get("/connectors/it/config"),
        get("/connectors?expand=status"),
        get("/connectors?expand=info"),
        get("/connectors?expand=info&expand=status"),
        get("/connectors/it/tasks/7/status"),
        post("/connectors/it/tasks/7/restart"),
        Uses(&["asked"]),
        get("/connectors/it/topics"),
        get("/connectors/none/topics"),
        put("/connectors/it/topics/reset"),
        put("/connectors/none/topics/reset"),
        Uses(&[]),
        get("/connectors/it/topics"),
    ];
    steps.extend(reads());
    steps.extend([put("/connectors/it/pause"), Until("PAUSED")]);
    steps.extend(reads());
    steps.extend([put("/connectors/it/resume"), Until("RUNNING")]);
    steps.extend([put("/connectors/it/stop"), Until("STOPPED")]);
    steps.extend(reads());
    steps.extend([put("/connectors/it/resume"), Until("RUNNING")]);
    steps.extend(reads());
    steps.extend([
        post("/connectors/it/restart"),
        Until("RUNNING"),
        post("/connectors/it/restart?includeTasks=true&onlyFailed=true"),
        post("/connectors/it/tasks/0/restart"),
        Until("RUNNING"),
        Ask("PUT", "/connectors/it/config", with(file, "batch.size", json!("0"))),
        Until("RUNNING"),
        get("/connectors/it/tasks"),
        Ask("DELETE", "/connectors/it", Value::Null),
        Ask("DELETE", "/connectors/it", Value::Null),
        get("/connectors/it"),
        get("/connectors"),
        Ask(
            "POST",
            "/connectors",
            json!({"name": "it", "config": with(file, "x", Value::Null), "initial_state": "STOPPED"}),
        ),
        Until("STOPPED"),
        get("/connectors/it/status"),
        get("/connectors/it/tasks"),
    ]);
    steps
}
