//! The parts of the pods that `spec.template.pod` gives freely: containers, volumes, claims. Parsed and checked.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{
    Container, EphemeralVolumeSource, Lifecycle, PersistentVolumeClaim, Probe,
    ProjectedVolumeSource, Volume,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sluice_crds::{ConnectContainerTemplate, PodTemplate, Template};

use super::overlay;
use super::validate::Error;

/// What users add to the pods.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PodParts {
    /// Containers that run before the worker.
    pub init_containers: Vec<Container>,
    /// Containers that run beside it.
    pub sidecars: Vec<Container>,
    /// Volumes.
    pub volumes: Vec<Volume>,
    /// Claims of each pod.
    pub claims: Vec<PersistentVolumeClaim>,
    /// What happens after the start and before the end of the worker's container.
    pub lifecycle: Option<Lifecycle>,
    /// The check of the worker's container that goes before the others.
    pub startup_probe: Option<Probe>,
}

const POD: &str = "spec.template.pod";

/// Checks what a template adds. The API server would refuse the rest with a text about a StatefulSet that the user has
/// never seen.
pub(super) fn of(template: &Template) -> Result<PodParts, Error> {
    let given = template.pod.clone().unwrap_or_default();
    if !given.templated_volumes.is_empty() {
        let message = "all pods of a StatefulSet are alike; use volumeClaimTemplates for a claim of each worker, or a volume whose mount has subPathExpr $(POD_NAME)";
        return Err(Error::field(&format!("{POD}.templatedVolumes"), message));
    }
    let parts = PodParts {
        init_containers: containers("initContainers", &given.init_containers)?,
        sidecars: containers("sidecars", &given.sidecars)?,
        volumes: volumes(&given)?,
        claims: claims(&given.volume_claim_templates)?,
        lifecycle: of_worker(template, "lifecycle", |it| it.lifecycle.as_ref())?,
        startup_probe: of_worker(template, "startupProbe", |it| it.startup_probe.as_ref())?,
    };
    check_names(&parts)?;
    check_mounts(template, &parts)?;
    Ok(parts)
}

fn containers(list: &str, given: &[Value]) -> Result<Vec<Container>, Error> {
    let mut containers = Vec::new();
    for (index, value) in given.iter().enumerate() {
        let field = format!("{POD}.{list}[{index}]");
        containers.push(strict(value).map_err(|message| Error::field(&field, message))?);
    }
    Ok(containers)
}

fn claims(given: &[Value]) -> Result<Vec<PersistentVolumeClaim>, Error> {
    let mut claims = Vec::new();
    for (index, value) in given.iter().enumerate() {
        let field = format!("{POD}.volumeClaimTemplates[{index}]");
        let claim: PersistentVolumeClaim =
            strict(value).map_err(|message| Error::field(&field, message))?;
        if claim.metadata.name.is_none() {
            return Err(Error::field(&format!("{field}.metadata.name"), "is required"));
        }
        claims.push(claim);
    }
    Ok(claims)
}

fn volumes(given: &PodTemplate) -> Result<Vec<Volume>, Error> {
    let mut volumes = Vec::new();
    for (index, volume) in given.volumes.iter().enumerate() {
        let volume = volume.clone();
        let free = |name: &str, source: &Map<String, Value>| {
            (format!("{POD}.volumes[{index}].{name}"), Value::Object(source.clone()))
        };
        let ephemeral = volume.ephemeral.as_ref().map(|it| free("ephemeral", it));
        let projected = volume.projected.as_ref().map(|it| free("projected", it));
        volumes.push(Volume {
            name: volume.name,
            secret: volume.secret,
            config_map: volume.config_map,
            empty_dir: volume.empty_dir,
            persistent_volume_claim: volume.persistent_volume_claim,
            csi: volume.csi,
            image: volume.image,
            ephemeral: ephemeral.map(parsed::<EphemeralVolumeSource>).transpose()?,
            projected: projected.map(parsed::<ProjectedVolumeSource>).transpose()?,
            ..Volume::default()
        });
    }
    Ok(volumes)
}

/// A free field of the worker's container.
fn of_worker<T: DeserializeOwned + Serialize>(
    template: &Template,
    name: &str,
    field: impl Fn(&ConnectContainerTemplate) -> Option<&Map<String, Value>>,
) -> Result<Option<T>, Error> {
    let given = template.connect_container.as_ref().and_then(field);
    let named = |given: &Map<String, Value>| {
        (format!("spec.template.connectContainer.{name}"), Value::Object(given.clone()))
    };
    given.map(named).map(parsed).transpose()
}

fn parsed<T: DeserializeOwned + Serialize>((field, value): (String, Value)) -> Result<T, Error> {
    strict(&value).map_err(|message| Error::field(&field, message))
}

/// Names that the operator uses itself, and those that are there twice.
fn check_names(parts: &PodParts) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    let lists = [("initContainers", &parts.init_containers), ("sidecars", &parts.sidecars)];
    for (list, containers) in lists {
        for (index, container) in containers.iter().enumerate() {
            let field = format!("{POD}.{list}[{index}].name");
            check_name(&field, &container.name, container.name == "connect", &mut seen)?;
        }
    }
    let mut seen = BTreeSet::new();
    for (index, volume) in parts.volumes.iter().enumerate() {
        let field = format!("{POD}.volumes[{index}].name");
        check_name(&field, &volume.name, is_own_volume(&volume.name), &mut seen)?;
    }
    for (index, claim) in parts.claims.iter().enumerate() {
        let field = format!("{POD}.volumeClaimTemplates[{index}].metadata.name");
        let name = claim.metadata.name.as_deref().unwrap_or_default();
        check_name(&field, name, is_own_volume(name), &mut seen)?;
    }
    Ok(())
}

fn is_own_volume(name: &str) -> bool {
    ["config", "tmp", "secrets"].contains(&name) || name.starts_with("secret-")
}

fn check_name(
    field: &str,
    name: &str,
    is_own: bool,
    seen: &mut BTreeSet<String>,
) -> Result<(), Error> {
    if name.is_empty() {
        return Err(Error::field(field, "is required"));
    }
    if is_own {
        let message = format!("{name} is a name that the operator uses; choose another");
        return Err(Error::field(field, message));
    }
    if !seen.insert(name.to_owned()) {
        return Err(Error::field(field, format!("{name} is there twice")));
    }
    Ok(())
}

/// Mounts of volumes that nobody defines.
fn check_mounts(template: &Template, parts: &PodParts) -> Result<(), Error> {
    let overlaid = overlay::volume_names(&template.pod_template);
    let is_there = |name: &str| {
        overlaid.contains(&name)
            || parts.volumes.iter().any(|it| it.name == name)
            || parts.claims.iter().any(|it| it.metadata.name.as_deref() == Some(name))
    };
    let worker = template.connect_container.iter();
    let worker = worker.map(|it| ("connectContainer".to_owned(), it.volume_mounts.as_slice()));
    let lists = [("initContainers", &parts.init_containers), ("sidecars", &parts.sidecars)];
    let others = lists.into_iter().flat_map(|(list, containers)| {
        let mounts = |it: &'_ Container| it.volume_mounts.as_deref().unwrap_or_default().to_vec();
        let named = containers.iter().enumerate();
        named.map(move |(index, it)| (format!("pod.{list}[{index}]"), mounts(it)))
    });
    let worker = worker.map(|(field, mounts)| (field, mounts.to_vec()));
    for (container, mounts) in worker.chain(others) {
        let is_worker = container == "connectContainer";
        for (index, mount) in mounts.iter().enumerate() {
            // Containers beside the worker may use its volumes; the worker has them already.
            if !is_there(&mount.name) && (is_worker || !is_own_volume(&mount.name)) {
                let field = format!("spec.template.{container}.volumeMounts[{index}].name");
                let message = format!("no volume {} in {POD}.volumes", mount.name);
                return Err(Error::field(&field, message));
            }
        }
    }
    Ok(())
}

/// A value as a type of Kubernetes, or what does not fit. A field that the type does not have is told, as it would be
/// dropped in silence.
pub(super) fn strict<T: DeserializeOwned + Serialize>(given: &Value) -> Result<T, String> {
    let parsed: T = serde_path_to_error::deserialize(given).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if path == "." { inner.to_string() } else { format!("{path}: {inner}") }
    })?;
    let kept = serde_json::to_value(&parsed).map_err(|error| error.to_string())?;
    match lost(given, &kept, "") {
        Some(path) => Err(format!("{}: unknown field; correct or remove it", &path[1..])),
        None => Ok(parsed),
    }
}

/// The path of the first field that is given and not kept.
fn lost(given: &Value, kept: &Value, path: &str) -> Option<String> {
    match (given, kept) {
        (Value::Object(given), Value::Object(kept)) => given.iter().find_map(|(key, value)| {
            let path = format!("{path}.{key}");
            match kept.get(key) {
                Some(kept) => lost(value, kept, &path),
                None if value.is_null() => None,
                None => Some(path),
            }
        }),
        (Value::Array(given), Value::Array(kept)) => {
            let mut both = given.iter().zip(kept).enumerate();
            both.find_map(|(index, (given, kept))| lost(given, kept, &format!("{path}[{index}]")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(template: &Value) -> String {
        let template: Template = serde_json::from_value(template.clone()).unwrap();
        of(&template).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn sound_parts_are_parsed() {
        let template = json!({
            "pod": {
                "initContainers": [{"name": "first", "image": "i", "restartPolicy": "Always"}],
                "sidecars": [{"name": "side", "image": "s", "volumeMounts": [{"name": "tmp", "mountPath": "/t"}]}],
                "volumes": [
                    {"name": "scratch", "ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"]}}}},
                    {"name": "both", "projected": {"sources": [{"secret": {"name": "s"}}]}},
                ],
                "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}],
            },
            "connectContainer": {"volumeMounts": [{"name": "data", "mountPath": "/data"}]},
        });
        let parts = of(&serde_json::from_value(template).unwrap()).unwrap();
        assert_eq!(parts.init_containers[0].name, "first");
        assert_eq!(parts.sidecars[0].image.as_deref(), Some("s"));
        assert!(parts.volumes[0].ephemeral.is_some() && parts.volumes[1].projected.is_some());
        assert_eq!(parts.claims[0].metadata.name.as_deref(), Some("data"));
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_path() {
        let table = [
            (
                json!({"pod": {"sidecars": [{"name": "a", "imag": "x"}]}}),
                "spec.template.pod.sidecars[0]: imag: unknown field; correct or remove it",
            ),
            (
                json!({"pod": {"initContainers": [{"name": "a", "ports": [{"containerPort": "x"}]}]}}),
                "spec.template.pod.initContainers[0]: ports[0].containerPort: invalid type: string \"x\", expected i32",
            ),
            (
                json!({"pod": {"sidecars": [{"name": "connect"}]}}),
                "spec.template.pod.sidecars[0].name: connect is a name that the operator uses; choose another",
            ),
            (
                json!({"pod": {"sidecars": [{"name": "a"}], "initContainers": [{"name": "a"}]}}),
                "spec.template.pod.sidecars[0].name: a is there twice",
            ),
            (
                json!({"pod": {"sidecars": [{"name": "a", "volumeMounts": [{"name": "x", "mountPath": "/"}]}]}}),
                "spec.template.pod.sidecars[0].volumeMounts[0].name: no volume x in spec.template.pod.volumes",
            ),
            (
                json!({"connectContainer": {"lifecycle": {"preStop": {"sleep": {"second": 1}}}}}),
                "spec.template.connectContainer.lifecycle: preStop.sleep.second: unknown field; correct or remove it",
            ),
            (
                json!({"pod": {"volumeClaimTemplates": [{"spec": {}}]}}),
                "spec.template.pod.volumeClaimTemplates[0].metadata.name: is required",
            ),
            (
                json!({"pod": {"volumes": [{"name": "v", "projected": {"source": []}}]}}),
                "spec.template.pod.volumes[0].projected: source: unknown field; correct or remove it",
            ),
        ];
        for (template, expected) in table {
            assert_eq!(refused(&template), expected);
        }
        let volumes = refused(&json!({"pod": {"templatedVolumes": [{"name": "a"}]}}));
        assert!(volumes.starts_with("spec.template.pod.templatedVolumes: all pods"), "{volumes}");
    }
}
