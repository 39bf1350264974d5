//! `spec.rack`: where a worker finds out where it is.

use sluice_crds::{KafkaConnectSpec, RackType, Template};

use super::validate::Error;

/// Labels of nodes that Kubernetes repeats on pods (KEP-4742).
const ON_PODS: [&str; 2] = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

/// Where the rack comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rack {
    /// A label of the pod.
    Label(String),
    /// A variable of the container.
    Variable(String),
}

/// What a spec says.
pub(super) fn of(spec: &KafkaConnectSpec) -> Result<Option<Rack>, Error> {
    let Some(rack) = &spec.rack else { return Ok(None) };
    let required = |field: &str| Error::field(&format!("spec.rack.{field}"), "is required");
    match rack.kind.unwrap_or_default() {
        RackType::TopologyLabel => {
            let key = rack.topology_key.clone().ok_or_else(|| required("topologyKey"))?;
            if !ON_PODS.contains(&key.as_str()) {
                let known = ON_PODS.join(" and ");
                let message = format!(
                    "Kubernetes repeats {known} of a node on its pods, but not {key}; choose one of them, or type environment-variable"
                );
                return Err(Error::field("spec.rack.topologyKey", message));
            }
            Ok(Some(Rack::Label(key)))
        }
        RackType::EnvironmentVariable => {
            let name = rack.env_var_name.clone().ok_or_else(|| required("envVarName"))?;
            if !has_variable(spec.template.as_ref(), &name) {
                let message =
                    format!("no variable {name} in spec.template.connectContainer.env; add it");
                return Err(Error::field("spec.rack.envVarName", message));
            }
            Ok(Some(Rack::Variable(name)))
        }
    }
}

/// Whether the container has a variable, or may have it.
fn has_variable(template: Option<&Template>, name: &str) -> bool {
    let container = template.and_then(|it| it.connect_container.as_ref());
    container.is_some_and(|it| {
        !it.env_from.is_empty() || it.env.iter().any(|variable| variable.name == name)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::worker_file::tests::spec;
    use super::*;

    #[test]
    fn racks_are_labels_of_pods_or_variables_that_are_there() {
        let variable = json!({"type": "environment-variable", "envVarName": "RACK"});
        let env = json!({"connectContainer": {"env": [{"name": "RACK", "value": "a"}]}});
        let env_from = json!({"connectContainer": {"envFrom": [{"configMapRef": {"name": "m"}}]}});
        let zone = json!({"topologyKey": ON_PODS[0]});
        let table = [
            (json!({}), Ok(None)),
            (json!({"rack": zone}), Ok(Some(Rack::Label(ON_PODS[0].into())))),
            (json!({"rack": variable, "template": env}), Ok(Some(Rack::Variable("RACK".into())))),
            (
                json!({"rack": variable, "template": env_from}),
                Ok(Some(Rack::Variable("RACK".into()))),
            ),
            (
                json!({"rack": variable}),
                Err(
                    "spec.rack.envVarName: no variable RACK in spec.template.connectContainer.env; add it",
                ),
            ),
            (
                json!({"rack": {"type": "topology-label", "topologyKey": "rack"}}),
                Err(
                    "spec.rack.topologyKey: Kubernetes repeats topology.kubernetes.io/zone and topology.kubernetes.io/region of a node on its pods, but not rack; choose one of them, or type environment-variable",
                ),
            ),
        ];
        for (change, expected) in table {
            let found = of(&spec(&change)).map_err(|error| error.to_string());
            assert_eq!(found, expected.map_err(str::to_owned));
        }
    }
}
