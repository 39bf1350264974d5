//! The worker pods: volumes, placement, security.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    ConfigMap, ConfigMapVolumeSource, EmptyDirVolumeSource, KeyToPath, PodSecurityContext, PodSpec,
    PodTemplateSpec, SeccompProfile, SecretVolumeSource, TopologySpreadConstraint, Volume,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use sluice_crds::PodTemplate;

use super::super::Cluster;
use super::container;
use crate::names;

/// Changes whenever a pod would start with other settings than it runs with.
const CONFIG_HASH: &str = "sluice.dev/config-hash";

/// User of the worker image. Volumes are given to its group, so that connectors can write to them.
const GROUP: i64 = 65_532;

pub(super) fn template(cluster: &Cluster, config_map: &ConfigMap) -> PodTemplateSpec {
    let given = cluster.template.pod.clone().unwrap_or_default();
    PodTemplateSpec {
        metadata: Some(metadata(cluster, &given, config_map)),
        spec: Some(spec(cluster, given)),
    }
}

fn metadata(cluster: &Cluster, given: &PodTemplate, config_map: &ConfigMap) -> ObjectMeta {
    let added = given.metadata.clone().unwrap_or_default();
    let mut labels = added.labels;
    labels.extend(names::labels(&cluster.name));
    let mut annotations = added.annotations;
    annotations.insert(CONFIG_HASH.to_owned(), config_hash(cluster, config_map));
    ObjectMeta { labels: Some(labels), annotations: Some(annotations), ..ObjectMeta::default() }
}

/// Over the worker file and the versions of the Secrets: values of Secrets would show through a hash of them.
fn config_hash(cluster: &Cluster, config_map: &ConfigMap) -> String {
    let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
    let files = config_map.data.iter().flat_map(BTreeMap::values);
    for part in files.chain(&cluster.worker_file.versions) {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finish();
    let head = digest.as_ref().first_chunk().expect("a digest has 32 bytes");
    format!("{:016x}", u64::from_be_bytes(*head))
}

fn spec(cluster: &Cluster, given: PodTemplate) -> PodSpec {
    PodSpec {
        service_account_name: Some(names::workers(&cluster.name)),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        termination_grace_period_seconds: Some(
            given.termination_grace_period_seconds.unwrap_or(30),
        ),
        security_context: Some(given.security_context.unwrap_or_else(restricted)),
        topology_spread_constraints: Some(
            given.topology_spread_constraints.unwrap_or_else(|| spread(cluster)),
        ),
        affinity: given.affinity,
        tolerations: some(given.tolerations),
        image_pull_secrets: some(given.image_pull_secrets),
        host_aliases: some(given.host_aliases),
        priority_class_name: given.priority_class_name,
        scheduler_name: given.scheduler_name,
        containers: vec![container::worker(cluster)],
        volumes: Some(volumes(cluster, given.volumes)),
        ..PodSpec::default()
    }
}

fn restricted() -> PodSecurityContext {
    PodSecurityContext {
        run_as_non_root: Some(true),
        fs_group: Some(GROUP),
        fs_group_change_policy: Some("OnRootMismatch".to_owned()),
        seccomp_profile: Some(SeccompProfile {
            type_: "RuntimeDefault".to_owned(),
            ..SeccompProfile::default()
        }),
        ..PodSecurityContext::default()
    }
}

/// Evenly over zones and nodes, where possible.
fn spread(cluster: &Cluster) -> Vec<TopologySpreadConstraint> {
    ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
        .map(|topology| TopologySpreadConstraint {
            max_skew: 1,
            topology_key: topology.to_owned(),
            when_unsatisfiable: "ScheduleAnyway".to_owned(),
            label_selector: Some(LabelSelector {
                match_labels: Some(super::selector(cluster)),
                ..LabelSelector::default()
            }),
            ..TopologySpreadConstraint::default()
        })
        .into()
}

fn volumes(cluster: &Cluster, given: Vec<sluice_crds::Volume>) -> Vec<Volume> {
    let config = ConfigMapVolumeSource {
        name: names::config_map(&cluster.name),
        ..ConfigMapVolumeSource::default()
    };
    let tmp = EmptyDirVolumeSource {
        size_limit: Some(Quantity("64Mi".to_owned())),
        ..EmptyDirVolumeSource::default()
    };
    // It is there once a connector refers to something.
    let secrets = SecretVolumeSource {
        secret_name: Some(names::connector_secrets(&cluster.name)),
        optional: Some(true),
        ..SecretVolumeSource::default()
    };
    let mut volumes = vec![
        Volume { name: "config".to_owned(), config_map: Some(config), ..Volume::default() },
        Volume { name: "tmp".to_owned(), empty_dir: Some(tmp), ..Volume::default() },
        Volume { name: "secrets".to_owned(), secret: Some(secrets), ..Volume::default() },
    ];
    let mounts = cluster.worker_file.mounts.iter().enumerate();
    volumes.extend(mounts.map(|(index, (name, keys))| Volume {
        name: secret_volume(index),
        secret: Some(SecretVolumeSource {
            secret_name: Some(name.clone()),
            items: Some(keys.iter().map(|key| key_to_path(key)).collect()),
            ..SecretVolumeSource::default()
        }),
        ..Volume::default()
    }));
    volumes.extend(given.into_iter().map(|volume| Volume {
        name: volume.name,
        secret: volume.secret,
        config_map: volume.config_map,
        empty_dir: volume.empty_dir,
        persistent_volume_claim: volume.persistent_volume_claim,
        csi: volume.csi,
        image: volume.image,
        ..Volume::default()
    }));
    volumes
}

/// Name of the volume of the Secret that comes at a place in the order of their names.
pub(super) fn secret_volume(index: usize) -> String {
    format!("secret-{index}")
}

fn key_to_path(key: &str) -> KeyToPath {
    KeyToPath { key: key.to_owned(), path: key.to_owned(), mode: None }
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}
