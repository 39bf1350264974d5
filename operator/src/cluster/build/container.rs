//! The worker's container: command line, ports, checks, mounts.

use k8s_openapi::api::core::v1::Probe as ContainerProbe;
use k8s_openapi::api::core::v1::{
    Capabilities, Container, ContainerPort, EnvVar, EnvVarSource, HTTPGetAction,
    ObjectFieldSelector, SecurityContext, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use sluice_crds::Probe;

use super::super::rack::Rack;
use super::super::{Cluster, guard, worker_file};
use super::{config_map, pod};
use crate::names;

/// Variable with the rack of a worker, if it is a label.
const RACK: &str = "SLUICE_RACK";

pub(super) fn worker(cluster: &Cluster) -> Container {
    let given = cluster.template.connect_container.clone().unwrap_or_default();
    let mut env = vec![
        pod_field("POD_NAME", "metadata.name"),
        pod_field("POD_NAMESPACE", "metadata.namespace"),
    ];
    if let Some(Rack::Label(key)) = &cluster.rack {
        env.push(pod_field(RACK, &format!("metadata.labels['{key}']")));
    }
    env.extend(given.env);
    let mut mounts = mounts(cluster);
    mounts.extend(given.volume_mounts);
    Container {
        name: names::CONTAINER.to_owned(),
        image: Some(cluster.image.clone()),
        args: Some(arguments(cluster)),
        env: Some(env),
        env_from: Some(given.env_from).filter(|it| !it.is_empty()),
        lifecycle: cluster.parts.lifecycle.clone(),
        startup_probe: cluster.parts.startup_probe.clone().map(startup),
        ports: Some(vec![port("rest-api", names::REST_PORT), port("metrics", names::METRICS_PORT)]),
        readiness_probe: Some(readiness(cluster)),
        liveness_probe: Some(liveness(cluster.spec.liveness_probe.as_ref())),
        resources: cluster.spec.resources.clone(),
        // The last lines of a worker that ends by itself say which setting is wrong; the status repeats them.
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        security_context: Some(given.security_context.unwrap_or_else(restricted)),
        volume_mounts: Some(mounts),
        ..Container::default()
    }
}

/// Each worker is known to the group by the name that the headless Service gives its pod. Levels of loggers are not in
/// the worker file, as workers would be replaced when they change.
fn arguments(cluster: &Cluster) -> Vec<String> {
    let folder = worker_file::FOLDER;
    let service = names::workers(&cluster.name);
    let mut overrides = vec![
        format!("rest.advertised.host.name=$(POD_NAME).{service}.$(POD_NAMESPACE).svc"),
        format!("sluice.loggers.file={folder}/{}", config_map::LOGGERS),
    ];
    let variable = cluster.rack.as_ref().map(|rack| match rack {
        Rack::Label(_) => RACK,
        Rack::Variable(name) => name,
    });
    overrides.extend(variable.map(|name| format!("consumer.client.rack=$({name})")));
    if guard::is_wanted(&cluster.spec) {
        let name = &cluster.name;
        overrides.push(format!("sluice.rest.authorization.cluster=$(POD_NAMESPACE)/{name}"));
    }
    let mut arguments = vec!["distributed".to_owned(), format!("{folder}/{}", config_map::FILE)];
    arguments.extend(overrides.into_iter().flat_map(|it| ["--override".to_owned(), it]));
    arguments
}

/// Ready once the worker has joined its group: what `/health` says. The kubelet has neither certificate nor password, so
/// that of a secured API is asked for beside the metrics.
fn readiness(cluster: &Cluster) -> ContainerProbe {
    let times = Probe {
        initial_delay_seconds: Some(0),
        timeout_seconds: Some(5),
        period_seconds: Some(2),
        success_threshold: Some(1),
        failure_threshold: Some(3),
    };
    let rest = cluster.spec.rest.as_ref();
    let is_secured = rest.is_some_and(|it| it.tls.is_some() || it.authentication.is_some());
    let port = if is_secured { "metrics" } else { "rest-api" };
    probe("/health", port, &times, cluster.spec.readiness_probe.as_ref())
}

/// A check of the user's, which asks whether the worker serves its metrics unless it has an action of its own.
fn startup(given: ContainerProbe) -> ContainerProbe {
    let actions = [
        given.exec.is_some(),
        given.grpc.is_some(),
        given.http_get.is_some(),
        given.tcp_socket.is_some(),
    ];
    if actions.contains(&true) {
        return given;
    }
    ContainerProbe { http_get: Some(get("/metrics", "metrics")), ..given }
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
        http_get: Some(get(path, port)),
        initial_delay_seconds: pick(|it| it.initial_delay_seconds),
        timeout_seconds: pick(|it| it.timeout_seconds),
        period_seconds: pick(|it| it.period_seconds),
        success_threshold: pick(|it| it.success_threshold),
        failure_threshold: pick(|it| it.failure_threshold),
        ..ContainerProbe::default()
    }
}

fn get(path: &str, port: &str) -> HTTPGetAction {
    HTTPGetAction {
        path: Some(path.to_owned()),
        port: IntOrString::String(port.to_owned()),
        ..HTTPGetAction::default()
    }
}

fn mounts(cluster: &Cluster) -> Vec<VolumeMount> {
    let mut mounts = vec![
        VolumeMount { read_only: Some(true), ..mount("config", worker_file::FOLDER.to_owned()) },
        mount("tmp", "/tmp".to_owned()),
        VolumeMount { read_only: Some(true), ..mount("secrets", worker_file::SECRETS.to_owned()) },
    ];
    if guard::is_wanted(&cluster.spec) {
        let folder = mount(pod::REST_VOLUME, guard::FOLDER.to_owned());
        mounts.push(VolumeMount { read_only: Some(true), ..folder });
    }
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
