//! Whole clusters against golden manifests (`UPDATE=1` rewrites them), and the rules they must keep.

use std::fs;
use std::path::Path;

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::{Value, json};
use sluice_crds::{KafkaConnect, yaml};

use super::super::installation::Installation;
use super::super::references::{ConfigMapView, References, SecretView};
use super::super::validate;
use super::*;

type Change = fn(&mut Value);

fn cluster(change: impl FnOnce(&mut Value)) -> KafkaConnect {
    let mut object = json!({
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "KafkaConnect",
        "metadata": {"name": "my-connect", "namespace": "shop", "uid": "u-1", "generation": 1},
        "spec": {
            "replicas": 2,
            "bootstrapServers": "kafka:9092",
            "groupId": "my-connect",
            "configStorageTopic": "my-connect-configs",
            "statusStorageTopic": "my-connect-status",
            "offsetStorageTopic": "my-connect-offsets",
        }
    });
    change(&mut object["spec"]);
    serde_json::from_value(object).unwrap()
}

fn secured(spec: &mut Value) {
    spec["tls"] =
        json!({"trustedCertificates": [{"secretName": "kafka-ca", "certificate": "ca.crt"}]});
    spec["authentication"] = json!({
        "type": "scram-sha-512",
        "username": "connect",
        "passwordSecret": {"secretName": "connect-user", "password": "password"},
    });
    spec["resources"] = json!({"requests": {"cpu": "500m"}, "limits": {"memory": "1Gi"}});
    spec["readinessProbe"] = json!({"periodSeconds": 7});
    spec["template"] = json!({
        "pod": {
            "metadata": {"labels": {"team": "shop"}, "annotations": {"note": "x"}},
            "terminationGracePeriodSeconds": 60,
            "tolerations": [{"key": "kafka", "operator": "Exists"}],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
        },
        "connectContainer": {
            "env": [{"name": "A", "value": "b"}],
            "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        },
        "podDisruptionBudget": {"maxUnavailable": 2},
        "podTemplate": {"spec": {"hostUsers": false, "containers": [{"name": "side", "image": "side:1"}]}},
    });
}

/// Fields that the other two leave out.
fn full(spec: &mut Value) {
    let rest = json!({"secretName": "rest"});
    let users = json!({"type": "basic", "users": {"secretName": "rest", "key": "users"}});
    spec["rest"] = json!({"tls": rest, "authentication": users});
    spec["rack"] = json!({"topologyKey": "topology.kubernetes.io/zone"});
    spec["logging"] = json!({"type": "inline", "loggers": {"root": "WARN", "org.x": "DEBUG"}});
    spec["networkPolicy"] = json!({
        "restPeers": [{"podSelector": {"matchLabels": {"app": "console"}}}],
        "metricsPeers": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}],
    });
    let dual = json!({"ipFamilyPolicy": "PreferDualStack", "ipFamilies": ["IPv6", "IPv4"]});
    spec["template"] = json!({
        "podSet": {"metadata": {"labels": {"set": "x"}}},
        "apiService": dual,
        "headlessService": {"ipFamilyPolicy": "SingleStack"},
        "podDisruptionBudget": {"unhealthyPodEvictionPolicy": "IfHealthyBudget"},
        "pod": {
            "dnsPolicy": "None",
            "dnsConfig": {"nameservers": ["10.0.0.1"]},
            "enableServiceLinks": true,
            "hostUsers": false,
            "tmpDirSizeLimit": "1Gi",
            "initContainers": [{"name": "first", "image": "first:1"}],
            "sidecars": [{"name": "side", "image": "side:1"}],
            "volumes": [{"name": "scratch", "ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"]}}}}],
            "volumeClaimTemplates": [{
                "metadata": {"name": "data"},
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
            }],
        },
        "connectContainer": {
            "envFrom": [{"configMapRef": {"name": "settings"}}],
            "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
            "startupProbe": {"periodSeconds": 1, "failureThreshold": 60},
        },
    });
}

fn references() -> References {
    let view = |keys: &[&str]| SecretView {
        keys: keys.iter().map(|&key| key.to_owned()).collect(),
        digests: keys.iter().map(|&key| (key.to_owned(), format!("#{key}"))).collect(),
    };
    let settings = ConfigMapView { digest: "#map".into(), ..ConfigMapView::default() };
    References {
        secrets: [
            ("kafka-ca", view(&["ca.crt"])),
            ("connect-user", view(&["password"])),
            ("rest", view(&["tls.crt", "tls.key", "ca.crt", "users"])),
        ]
        .map(|(name, view)| (name.to_owned(), view))
        .into(),
        config_maps: [("settings".to_owned(), settings)].into(),
    }
}

fn installation() -> Installation {
    Installation {
        worker_image: "sluice/worker:test".into(),
        namespace: "sluice-system".into(),
        ..Installation::default()
    }
}

fn built(change: impl FnOnce(&mut Value)) -> Resources {
    resources(&validate::cluster(&cluster(change), &references(), &installation()).unwrap())
}

fn manifests(resources: &Resources) -> String {
    let objects = [
        json!(resources.service_account),
        json!(resources.config_map),
        json!(resources.headless_service),
        json!(resources.api_service),
        json!(resources.disruption_budget),
        json!(resources.network_policy),
        json!(resources.stateful_set),
    ];
    objects.map(|object| yaml::write(&object).unwrap()).join("---\n")
}

fn pod_hash(resources: &Resources) -> String {
    let template = resources.stateful_set.spec.as_ref().unwrap().template.clone();
    template.metadata.unwrap().annotations.unwrap()["sluice.dev/config-hash"].clone()
}

#[test]
fn clusters_become_these_manifests() {
    let table: [(&str, Change); 3] = [("plain", |_| {}), ("secured", secured), ("full", full)];
    for (name, change) in table {
        let text = manifests(&built(change));
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("src/cluster/build/tests/{name}.yaml"));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &text).unwrap();
        }
        let golden = fs::read_to_string(&path).unwrap_or_default();
        assert!(golden == text, "{name}.yaml differs; look at it with UPDATE=1. Now:\n{text}");
    }
}

#[test]
fn pods_roll_when_what_they_read_at_start_changes_and_only_then() {
    let same = pod_hash(&built(|_| {}));
    assert_eq!(pod_hash(&built(|spec| spec["replicas"] = json!(5))), same);
    assert_eq!(pod_hash(&built(|spec| spec["template"] = json!({"pod": {}}))), same);
    assert_ne!(pod_hash(&built(|spec| spec["config"] = json!({"a": 1}))), same);
    let levels = |level: &str| {
        let logging = json!({"type": "inline", "loggers": {"root": level}});
        built(|spec| spec["logging"] = logging).stateful_set
    };
    assert_eq!(levels("WARN"), levels("DEBUG"), "levels change without a new pod");

    for (spec, secret, key, rolls) in [
        (secured as fn(&mut Value), "connect-user", "password", true),
        (full, "rest", "tls.crt", false),
        (full, "rest", "users", false),
        (secured, "rest", "users", false),
    ] {
        let before = pod_hash(&built(spec));
        let mut rotated = references();
        let digests = &mut rotated.secrets.get_mut(secret).unwrap().digests;
        digests.insert(key.to_owned(), "#other".to_owned());
        let rotated = validate::cluster(&cluster(spec), &rotated, &installation()).unwrap();
        assert_eq!(pod_hash(&resources(&rotated)) != before, rolls, "{secret}/{key}");
    }
}

#[test]
fn workers_of_a_guarded_api_have_what_they_know_the_operator_by() {
    let guarded = |spec: &mut Value| spec["rest"] = json!({"authorization": {"type": "readOnly"}});
    let pod = |resources: Resources| resources.stateful_set.spec.unwrap().template.spec.unwrap();
    let (with, without) = (pod(built(guarded)), pod(built(|_| {})));
    let volume = |pod: &k8s_openapi::api::core::v1::PodSpec| {
        let volumes = pod.volumes.iter().flatten();
        let secrets = volumes.filter_map(|it| it.secret.as_ref()?.secret_name.clone());
        secrets.filter(|it| it == "my-connect-connect-rest").count()
    };
    assert_eq!((volume(&with), volume(&without)), (1, 0));
    let mount = with.containers[0].volume_mounts.iter().flatten();
    let mount = mount.clone().find(|it| it.mount_path == "/etc/sluice-rest").unwrap();
    assert_eq!((mount.name.as_str(), mount.read_only), ("secret-rest", Some(true)));
    let named = "sluice.rest.authorization.cluster=$(POD_NAMESPACE)/my-connect".to_owned();
    assert!(with.containers[0].args.as_ref().unwrap().contains(&named));
}

#[test]
fn workers_ask_about_tokens_where_the_operator_answers() {
    let installation =
        Installation { reviews: Some("https://operator:8443".to_owned()), ..installation() };
    for kind in ["kubernetes", "readOnly"] {
        let raw = cluster(|spec| {
            let bearer = json!({"type": "bearer"});
            spec["rest"] = json!({"authentication": bearer, "authorization": {"type": kind}});
        });
        let valid = validate::cluster(&raw, &references(), &installation).unwrap();
        let settings = &valid.worker_file.settings;
        assert_eq!(settings["sluice.rest.reviews.url"], "https://operator:8443");
        assert_eq!(settings["sluice.rest.authorization"], kind);
        assert!(!settings.contains_key("rest.extension.classes"), "there are no other users");
        // The kubelet shows no token.
        let pod = resources(&valid).stateful_set.spec.unwrap().template.spec.unwrap();
        let probe = pod.containers[0].readiness_probe.clone().unwrap().http_get.unwrap();
        assert_eq!(probe.port, IntOrString::String("metrics".to_owned()));
    }
}

#[test]
fn labels_of_the_operator_win_over_those_of_the_user() {
    let resources = built(|spec| {
        spec["template"] = json!({
            "pod": {"metadata": {"labels": {"app.kubernetes.io/instance": "other"}}},
        });
    });
    let spec = resources.stateful_set.spec.unwrap();
    let labels = spec.template.metadata.unwrap().labels.unwrap();
    assert_eq!(labels["app.kubernetes.io/instance"], "my-connect");
}

#[test]
fn what_the_api_server_would_refuse_is_refused_with_the_field() {
    let table: [(Change, &str); 7] = [
        (
            |spec| {
                let bearer = json!({"type": "bearer"});
                spec["rest"] =
                    json!({"authentication": bearer, "authorization": {"type": "kubernetes"}});
            },
            "spec.rest.authentication: type bearer is not possible here: this operator has no --reviews-url, as one of some namespaces may not ask whose a token is; install it for all namespaces, or use type basic",
        ),
        (
            |spec| {
                spec["rest"] = json!({"authorization": {"type": "readOnly"}});
                spec["config"] = json!({"connect.protocol": "compatible"});
            },
            "spec.config[connect.protocol]: must be sessioned, or left out, with spec.rest.authorization: other workers sign nothing",
        ),
        (
            |spec| {
                spec["template"] = json!({"pod": {"volumes": [{"name": "tmp", "emptyDir": {}}]}});
            },
            "spec.template.pod.volumes[0].name: tmp is a name that the operator uses; choose another",
        ),
        (
            |spec| {
                spec["template"] = json!({"connectContainer": {"volumeMounts": [{"name": "x", "mountPath": "/x"}]}});
            },
            "spec.template.connectContainer.volumeMounts[0].name: no volume x in spec.template.pod.volumes",
        ),
        (
            |spec| spec["config"] = json!({"a": [1]}),
            "spec.config[a]: is a list; write one text, usually with commas",
        ),
        (|spec| spec["replicas"] = json!(-1), "spec.replicas: must not be negative"),
        (
            |spec| spec["version"] = json!("9"),
            "spec.version: the operator has no image of version 9; start it with --worker-version VERSION=IMAGE, name spec.image, or leave the field out for the image that it was installed with",
        ),
    ];
    for (change, expected) in table {
        let refused =
            validate::cluster(&cluster(change), &references(), &installation()).unwrap_err();
        assert_eq!(refused.to_string(), expected);
    }
}
