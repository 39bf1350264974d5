//! The worker pods: volumes, placement, security.

use k8s_openapi::api::core::v1::{
    ConfigMapVolumeSource, Container, EmptyDirVolumeSource, KeyToPath, PodSecurityContext, PodSpec,
    PodTemplateSpec, SeccompProfile, SecretVolumeSource, TopologySpreadConstraint, Volume,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use sluice_crds::{DnsPolicy, PodTemplate};

use super::super::exactly_once::{self, Support};
use super::super::{Cluster, guard};
use super::{config_map, container};
use crate::names;

/// Changes whenever a pod would start with other settings than it runs with.
const CONFIG_HASH: &str = "sluice.dev/config-hash";

/// User of the worker image. Volumes are given to its group, so that connectors can write to them.
const GROUP: i64 = 65_532;

pub(super) fn template(cluster: &Cluster) -> PodTemplateSpec {
    let given = cluster.template.pod.clone().unwrap_or_default();
    PodTemplateSpec { metadata: Some(metadata(cluster, &given)), spec: Some(spec(cluster, given)) }
}

fn metadata(cluster: &Cluster, given: &PodTemplate) -> ObjectMeta {
    let added = given.metadata.clone().unwrap_or_default();
    let mut labels = added.labels;
    labels.extend(names::labels(&cluster.name));
    let mut annotations = added.annotations;
    annotations.insert(CONFIG_HASH.to_owned(), config_hash(cluster));
    if cluster.exactly_once.support != Support::Disabled {
        let support = cluster.exactly_once.support.to_string();
        annotations.insert(exactly_once::ANNOTATION.to_owned(), support);
    }
    ObjectMeta { labels: Some(labels), annotations: Some(annotations), ..ObjectMeta::default() }
}

/// Over what workers read at their start and the versions of the Secrets and ConfigMaps: values of Secrets would show
/// through a hash of them.
fn config_hash(cluster: &Cluster) -> String {
    let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
    let files = config_map::read_at_start(cluster);
    for part in files.values().chain(&cluster.worker_file.versions) {
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
        enable_service_links: Some(given.enable_service_links.unwrap_or(false)),
        dns_policy: given.dns_policy.map(dns_policy),
        dns_config: given.dns_config,
        host_users: given.host_users,
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
        init_containers: some(cluster.parts.init_containers.clone()),
        containers: containers(cluster),
        volumes: Some(volumes(cluster, given.tmp_dir_size_limit)),
        ..PodSpec::default()
    }
}

/// The worker first: it is the one that `kubectl logs` shows unless told otherwise.
fn containers(cluster: &Cluster) -> Vec<Container> {
    let mut containers = vec![container::worker(cluster)];
    containers.extend(cluster.parts.sidecars.iter().cloned());
    containers
}

fn dns_policy(policy: DnsPolicy) -> String {
    let name = match policy {
        DnsPolicy::ClusterFirst => "ClusterFirst",
        DnsPolicy::ClusterFirstWithHostNet => "ClusterFirstWithHostNet",
        DnsPolicy::Default => "Default",
        DnsPolicy::None => "None",
    };
    name.to_owned()
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

fn volumes(cluster: &Cluster, tmp_limit: Option<String>) -> Vec<Volume> {
    let config = ConfigMapVolumeSource {
        name: names::config_map(&cluster.name),
        ..ConfigMapVolumeSource::default()
    };
    let tmp = EmptyDirVolumeSource {
        size_limit: Some(Quantity(tmp_limit.unwrap_or_else(|| "64Mi".to_owned()))),
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
    if guard::is_wanted(&cluster.spec) {
        let secret = SecretVolumeSource {
            secret_name: Some(names::rest_secret(&cluster.name)),
            ..SecretVolumeSource::default()
        };
        let name = REST_VOLUME.to_owned();
        volumes.push(Volume { name, secret: Some(secret), ..Volume::default() });
    }
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
    volumes.extend(cluster.parts.volumes.iter().cloned());
    volumes
}

/// Name of the volume with what workers know of who may do what.
pub(super) const REST_VOLUME: &str = "secret-rest";

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
