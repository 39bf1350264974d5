//! The worker's container: command line, ports, checks, mounts.

use k8s_openapi::api::core::v1::Probe as ContainerProbe;
use k8s_openapi::api::core::v1::{
    Capabilities, Container, ContainerPort, EnvVar, EnvVarSource, HTTPGetAction,
    ObjectFieldSelector, SecurityContext, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use sluice_crds::Probe;

use super::super::{Cluster, worker_file};
use super::{config_map, pod};
use crate::names;

/// Folder of the worker file.
const CONFIG: &str = "/etc/sluice";

pub(super) fn worker(cluster: &Cluster) -> Container {
    let given = cluster.template.connect_container.clone().unwrap_or_default();
    let mut env = vec![
        pod_field("POD_NAME", "metadata.name"),
        pod_field("POD_NAMESPACE", "metadata.namespace"),
    ];
    env.extend(given.env);
    let mut mounts = mounts(cluster);
    mounts.extend(given.volume_mounts);
    Container {
        name: "connect".to_owned(),
        image: Some(cluster.image.clone()),
        args: Some(arguments(cluster)),
        env: Some(env),
        ports: Some(vec![port("rest-api", names::REST_PORT), port("metrics", names::METRICS_PORT)]),
        readiness_probe: Some(readiness(cluster.spec.readiness_probe.as_ref())),
        liveness_probe: Some(liveness(cluster.spec.liveness_probe.as_ref())),
        resources: cluster.spec.resources.clone(),
        // The last lines of a worker that ends by itself say which setting is wrong; the status repeats them.
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        security_context: Some(given.security_context.unwrap_or_else(restricted)),
        volume_mounts: Some(mounts),
        ..Container::default()
    }
}

/// Each worker is known to the group by the name that the headless Service gives its pod.
fn arguments(cluster: &Cluster) -> Vec<String> {
    let file = format!("{CONFIG}/{}", config_map::FILE);
    let service = names::workers(&cluster.name);
    let host = format!("rest.advertised.host.name=$(POD_NAME).{service}.$(POD_NAMESPACE).svc");
    ["distributed", &file, "--override", &host].map(str::to_owned).into()
}

/// Ready once the worker has joined its group: what `/health` says.
fn readiness(given: Option<&Probe>) -> ContainerProbe {
    let times = Probe {
        initial_delay_seconds: Some(0),
        timeout_seconds: Some(5),
        period_seconds: Some(2),
        success_threshold: Some(1),
        failure_threshold: Some(3),
    };
    probe("/health", "rest-api", &times, given)
}

/// Alive as long as the process serves its metrics. Not `/health`: that waits for Kafka, and restarting the workers
/// does not bring a broker back.
fn liveness(given: Option<&Probe>) -> ContainerProbe {
    let times = Probe {
        initial_delay_seconds: Some(10),
        timeout_seconds: Some(5),
        period_seconds: Some(10),
        success_threshold: Some(1),
        failure_threshold: Some(6),
    };
    probe("/metrics", "metrics", &times, given)
}

fn probe(path: &str, port: &str, times: &Probe, given: Option<&Probe>) -> ContainerProbe {
    let pick = |field: fn(&Probe) -> Option<i32>| given.and_then(field).or_else(|| field(times));
    ContainerProbe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String(port.to_owned()),
            ..HTTPGetAction::default()
        }),
        initial_delay_seconds: pick(|it| it.initial_delay_seconds),
        timeout_seconds: pick(|it| it.timeout_seconds),
        period_seconds: pick(|it| it.period_seconds),
        success_threshold: pick(|it| it.success_threshold),
        failure_threshold: pick(|it| it.failure_threshold),
        ..ContainerProbe::default()
    }
}

fn mounts(cluster: &Cluster) -> Vec<VolumeMount> {
    let mut mounts = vec![
        VolumeMount { read_only: Some(true), ..mount("config", CONFIG.to_owned()) },
        mount("tmp", "/tmp".to_owned()),
        VolumeMount { read_only: Some(true), ..mount("secrets", worker_file::SECRETS.to_owned()) },
    ];
    for (index, name) in cluster.worker_file.mounts.keys().enumerate() {
        let folder = format!("{}/{name}", worker_file::CREDENTIALS);
        let volume = pod::secret_volume(index);
        mounts.push(VolumeMount { read_only: Some(true), ..mount(&volume, folder) });
    }
    mounts
}

fn mount(volume: &str, path: String) -> VolumeMount {
    VolumeMount { name: volume.to_owned(), mount_path: path, ..VolumeMount::default() }
}

fn pod_field(name: &str, path: &str) -> EnvVar {
    EnvVar {
        name: name.to_owned(),
        value_from: Some(EnvVarSource {
            field_ref: Some(ObjectFieldSelector {
                api_version: Some("v1".to_owned()),
                field_path: path.to_owned(),
            }),
            ..EnvVarSource::default()
        }),
        ..EnvVar::default()
    }
}

fn port(name: &str, number: i32) -> ContainerPort {
    ContainerPort {
        name: Some(name.to_owned()),
        container_port: number,
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    }
}

fn restricted() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        read_only_root_filesystem: Some(true),
        run_as_non_root: Some(true),
        capabilities: Some(Capabilities {
            drop: Some(vec!["ALL".to_owned()]),
            ..Capabilities::default()
        }),
        ..SecurityContext::default()
    }
}
