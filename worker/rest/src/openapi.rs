//! `/openapi.json`: the routes as an OpenAPI 3.1 document, whose schemas are those of the wire types.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use schemars::{Schema, SchemaGenerator, generate::SchemaSettings, transform};
use serde_json::{Map, Value, json};
use sluice_herder::signature::{ALGORITHM_HEADER, SIGNATURE_HEADER};
use sluice_rest_model::ErrorMessage;

use crate::{
    operation::{Asker, Operation, Query, Shape, Takes},
    routes::Route,
    server::Worker,
};

/// How clients say who they are (RFC 7617, RFC 6750).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Basic,
    Bearer,
}

impl Scheme {
    /// Its name, under which the document has it too.
    const fn name(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Bearer => "bearer",
        }
    }
}

pub(crate) async fn document(State(worker): State<Worker>) -> Response {
    Json(&*worker.document).into_response()
}

/// The document of these routes. `guard` is how clients have to say who they are.
pub(crate) fn of(routes: &[Route], guard: Option<Scheme>) -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|it| {
        it.definitions_path = "/components/schemas".into();
        it.meta_schema = None;
    });
    let settings = settings.with_transform(transform::RecursiveTransform(words));
    let mut schemas = settings.into_generator();
    let paths: Map<String, Value> =
        routes.iter().map(|it| (it.path.to_owned(), path(it, guard, &mut schemas))).collect();
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Kafka Connect REST API",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE") },
        },
        "paths": paths,
        "components": { "schemas": schemas.take_definitions(true) },
    });
    if let Some(name) = guard.map(Scheme::name) {
        document["components"]["securitySchemes"] =
            json!({ name: { "type": "http", "scheme": name } });
    }
    document
}

fn path(route: &Route, guard: Option<Scheme>, schemas: &mut SchemaGenerator) -> Value {
    let inside = route.path.split('/').filter_map(|it| it.strip_prefix('{')?.strip_suffix('}'));
    let inside: Vec<Value> = inside.map(path_parameter).collect();
    let methods = route.operations.iter().map(|it| {
        let method = it.method.as_str().to_ascii_lowercase();
        (method, operation(it, inside.clone(), guard, schemas))
    });
    Value::Object(methods.collect())
}

fn operation(
    operation: &Operation,
    mut parameters: Vec<Value>,
    guard: Option<Scheme>,
    schemas: &mut SchemaGenerator,
) -> Value {
    parameters.extend(operation.query.iter().map(query_parameter));
    if operation.asker == Asker::Worker {
        let headers = [SIGNATURE_HEADER, ALGORITHM_HEADER];
        parameters.extend(headers.map(|it| parameter(it, "header", &json!({ "type": "string" }))));
    }
    let guard = guard.filter(|_| operation.asker == Asker::Client);
    let mut told = json!({
        "summary": operation.summary,
        "parameters": parameters,
        "responses": answers(operation, guard, schemas),
    });
    if let Some(body) = operation.body {
        told["requestBody"] = json!({ "required": true, "content": json_of(body, schemas) });
    }
    if let Some(guard) = guard {
        told["security"] = json!([{ guard.name(): [] }]);
    }
    told
}

/// All answers: those when all is well, and failures, which have one form.
fn answers(operation: &Operation, guard: Option<Scheme>, schemas: &mut SchemaGenerator) -> Value {
    let failure = json_of(SchemaGenerator::subschema_for::<ErrorMessage>, schemas);
    let mut all = Map::new();
    for status in operation.failures {
        let told = json!({ "description": reason(*status), "content": failure });
        all.insert(status.as_str().to_owned(), told);
    }
    for (status, body) in &operation.answers {
        let mut told = json!({ "description": reason(*status) });
        if let Some(body) = body {
            told["content"] = json_of(*body, schemas);
        }
        if *status == StatusCode::CREATED {
            let schema = json!({ "type": "string", "format": "uri-reference" });
            told["headers"] =
                json!({ "Location": { "description": "Where it is", "schema": schema } });
        }
        all.insert(status.as_str().to_owned(), told);
    }
    let unknown = match guard {
        None => None,
        Some(Scheme::Basic) => Some(json!({
            "description": "Names no user, or another password; the body is a sentence",
        })),
        Some(Scheme::Bearer) => Some(json!({
            "description": "Shows no token, or one that Kubernetes does not know",
            "content": failure,
        })),
    };
    all.extend(unknown.map(|told| ("401".to_owned(), told)));
    let told =
        "Any other failure, such as 503 while the worker starts and 500 for what takes too long";
    all.insert("default".to_owned(), json!({ "description": told, "content": failure }));
    Value::Object(all)
}

fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or_default()
}

fn json_of(shape: Shape, schemas: &mut SchemaGenerator) -> Value {
    json!({ "application/json": { "schema": shape(schemas) } })
}

fn path_parameter(name: &str) -> Value {
    let schema = match name {
        "task" => json!({ "type": "integer", "format": "int32", "minimum": 0 }),
        _ => json!({ "type": "string" }),
    };
    let mut told = parameter(name, "path", &schema);
    told["required"] = Value::Bool(true);
    told
}

fn query_parameter(query: &Query) -> Value {
    let schema = match query.takes {
        Takes::Text => json!({ "type": "string" }),
        Takes::Flag(default) => json!({ "type": "boolean", "default": default }),
        Takes::Word(words) => {
            json!({ "type": "string", "enum": words, "default": words.first() })
        }
        Takes::Words(words) => {
            json!({ "type": "array", "items": { "type": "string", "enum": words } })
        }
    };
    let mut told = parameter(query.name, "query", &schema);
    told["description"] = query.means.into();
    told
}

fn parameter(name: &str, place: &str, schema: &Value) -> Value {
    json!({ "name": name, "in": place, "schema": schema })
}

/// Writes a choice of words as the list that generators of clients make an enumeration of; what the words mean goes into
/// the description.
fn words(schema: &mut Schema) {
    let Some(choices) = schema.get("oneOf").and_then(Value::as_array) else { return };
    let word = |it: &Value| {
        Some((it["const"].as_str()?.to_owned(), it["description"].as_str()?.to_owned()))
    };
    let Some(words) = choices.iter().map(word).collect::<Option<Vec<_>>>() else { return };
    let means: String =
        words.iter().map(|(word, means)| format!("\n- `{word}`: {means}")).collect();
    let heading = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let description = format!("{heading}\n{means}");
    schema.remove("oneOf");
    schema.insert("type".to_owned(), "string".into());
    schema.insert("enum".to_owned(), words.into_iter().map(|(word, _)| word).collect());
    schema.insert("description".to_owned(), description.into());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes;

    fn of_all(guard: Option<Scheme>) -> Value {
        let mut all = routes::regular();
        all.extend(routes::admin());
        of(&all, guard)
    }

    fn names(operation: &Value) -> Vec<String> {
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        parameters.iter().map(|it| format!("{} {}", it["in"], it["name"])).collect()
    }

    #[test]
    fn each_path_names_its_methods_and_parameters() {
        let paths = &of_all(None)["paths"];
        let restart = &paths["/connectors/{name}/tasks/{task}/restart"]["post"];
        assert_eq!(names(restart), [r#""path" "name""#, r#""path" "task""#]);
        let level = &paths["/admin/loggers/{logger}"]["put"];
        assert_eq!(names(level), [r#""path" "logger""#, r#""query" "scope""#]);
        let count = paths.as_object().map_or(0, Map::len);
        assert_eq!(count, routes::regular().len() + routes::admin().len(), "each path once");
    }

    #[test]
    fn each_operation_has_an_answer_and_each_reference_a_definition() {
        let document = of_all(Some(Scheme::Basic));
        let paths = document["paths"].as_object().expect("paths");
        for (path, method, operation) in paths.iter().flat_map(|(path, methods)| {
            let methods = methods.as_object().expect("methods");
            methods.iter().map(move |(method, it)| (path, method, it))
        }) {
            let answers = operation["responses"].as_object().expect("answers");
            assert!(answers.keys().any(|it| it.starts_with('2')), "{method} {path}");
        }
        let text = document.to_string();
        for reference in text.split(r##""$ref":"#"##).skip(1) {
            let place = reference.split('"').next().unwrap_or_default();
            assert!(document.pointer(place).is_some(), "{place}");
        }
    }

    #[test]
    fn clients_name_a_user_where_they_have_to() {
        let tasks = |guard| of_all(guard)["paths"]["/connectors/{name}/tasks"].clone();
        for scheme in [Scheme::Basic, Scheme::Bearer] {
            let guarded = tasks(Some(scheme));
            assert_eq!(guarded["get"]["security"], json!([{ scheme.name(): [] }]));
            assert!(guarded["get"]["responses"]["401"].is_object());
            assert!(guarded["post"]["security"].is_null(), "workers sign");
        }
        assert!(tasks(None)["get"]["security"].is_null());
    }

    #[test]
    fn a_choice_of_words_is_an_enumeration() {
        let document = of_all(None);
        let states = &document["components"]["schemas"]["State"];
        let expected = ["UNASSIGNED", "RUNNING", "PAUSED", "STOPPED", "FAILED", "RESTARTING"];
        assert_eq!(states["enum"], json!(expected), "{states}");
    }
}
