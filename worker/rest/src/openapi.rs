//! `/openapi.json`: the routes as an OpenAPI document.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use serde_json::{Map, Value, json};

use crate::{
    routes::{Operation, Route},
    server::Worker,
};

pub(crate) async fn document(State(worker): State<Worker>) -> Response {
    Json(&*worker.document).into_response()
}

/// The document of these routes.
pub(crate) fn of(routes: &[Route]) -> Value {
    let paths: Map<String, Value> =
        routes.iter().map(|it| (it.path.to_owned(), path(it))).collect();
    json!({
        "openapi": "3.0.1",
        "info": { "title": "Kafka Connect REST API", "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
        "components": { "schemas": { "ErrorMessage": {
            "type": "object",
            "properties": { "error_code": { "type": "integer" }, "message": { "type": "string" } },
        } } },
    })
}

fn path(route: &Route) -> Value {
    let inside = route.path.split('/').filter_map(|it| it.strip_prefix('{')?.strip_suffix('}'));
    let inside: Vec<&str> = inside.collect();
    let methods = route.operations.iter();
    let methods =
        methods.map(|it| (it.method.as_str().to_ascii_lowercase(), operation(it, &inside)));
    Value::Object(methods.collect())
}

fn operation(operation: &Operation, inside: &[&str]) -> Value {
    let parameter = |name: &&str, place: &str| {
        let is_needed = place == "path";
        json!({ "name": name, "in": place, "required": is_needed, "schema": { "type": "string" } })
    };
    let parameters: Vec<Value> = inside
        .iter()
        .map(|it| parameter(it, "path"))
        .chain(operation.query.iter().map(|it| parameter(it, "query")))
        .collect();
    let schema = json!({ "$ref": "#/components/schemas/ErrorMessage" });
    json!({
        "summary": operation.summary,
        "parameters": parameters,
        "responses": { "default": {
            "description": "The answer; errors have this form",
            "content": { "application/json": { "schema": schema } },
        } },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes;

    #[test]
    fn each_path_names_its_methods_and_parameters() {
        let mut all = routes::regular();
        all.extend(routes::admin());
        let document = of(&all);
        let restart = &document["paths"]["/connectors/{name}/tasks/{task}/restart"]["post"];
        let names = |it: &Value| {
            let parameters = it["parameters"].as_array().cloned().unwrap_or_default();
            parameters.iter().map(|it| format!("{} {}", it["in"], it["name"])).collect::<Vec<_>>()
        };
        assert_eq!(names(restart), [r#""path" "name""#, r#""path" "task""#]);
        let level = &document["paths"]["/admin/loggers/{logger}"]["put"];
        assert_eq!(names(level), [r#""path" "logger""#, r#""query" "scope""#]);
        let count = document["paths"].as_object().map_or(0, Map::len);
        assert_eq!(count, all.len(), "each path once");
    }
}
