//! The CRDs as they are written to files.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use kube::api::ResourceExt;
use serde_json::Value;

use crate::{KafkaConnect, KafkaConnector, KafkaConnectorOffsets, schema, yaml};

/// One CRD.
pub struct Definition {
    /// Name of its file.
    pub file: String,
    /// The object, as plain JSON.
    pub object: Value,
}

impl Definition {
    /// The content of its file.
    pub fn text(&self) -> String {
        let head = "# Generated from the types in crds/src by `make gen`. Do not edit.\n";
        format!("{head}{}", yaml::write(&self.object).expect("a CRD can be written as YAML"))
    }
}

/// The CRDs of all kinds.
pub fn definitions() -> Vec<Definition> {
    let all = [KafkaConnect::crd(), KafkaConnector::crd(), KafkaConnectorOffsets::crd()];
    all.iter().map(definition).collect()
}

fn definition(crd: &CustomResourceDefinition) -> Definition {
    let mut object = serde_json::to_value(crd).expect("a CRD is JSON");
    schema::integers(&mut object);
    schema::status_default(&mut object);
    object["metadata"]["labels"] = serde_json::json!({
        "app.kubernetes.io/name": "sluice",
        "app.kubernetes.io/part-of": "sluice",
    });
    Definition { file: format!("{}.yaml", crd.name_any()), object }
}

#[cfg(test)]
mod tests;
