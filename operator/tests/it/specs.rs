//! What specs of clusters may say, on the real API server.

use anyhow::{Context, Result};
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{ConfigMap, Secret, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sluice_crds::KafkaConnect;
use sluice_kit::kubernetes::missing_for_control_plane;
use sluice_kit::require;

use crate::bed::{Bed, words};

async fn create<K>(bed: &Bed, object: Value) -> Result<()>
where
    K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + Serialize
        + DeserializeOwned,
{
    bed.api::<K>().create(&PostParams::default(), &serde_json::from_value(object)?).await?;
    Ok(())
}

/// Waits until a condition of a cluster has a message with a text in it.
async fn told(bed: &Bed, name: &str, condition: &str, text: &str) -> Result<()> {
    bed.until(&format!("{name} to tell {text:?}"), async || {
        let cluster: KafkaConnect = bed.api().get(name).await?;
        let conditions = cluster.status.unwrap_or_default().conditions;
        let found = conditions.iter().find(|it| it.type_ == condition && it.status == "True");
        Ok(found.is_some_and(|it| it.message.contains(text)))
    })
    .await
}

/// Every field that native workers have a use for.
fn every_field() -> Value {
    json!({
        "image": "sluice/worker:other",
        "tls": {"trustedCertificates": [{"secretName": "all", "pattern": "*.crt"}]},
        "authentication": {
            "type": "oauth",
            "tokenEndpointUri": "https://id/token",
            "clientId": "connect",
            "clientSecret": {"secretName": "all", "key": "password"},
        },
        "rack": {"topologyKey": "topology.kubernetes.io/zone"},
        "logging": {"type": "external", "valueFrom": {"configMapKeyRef": {"name": "levels", "key": "log4j2.properties"}}},
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
        "livenessProbe": {"failureThreshold": 9},
        "readinessProbe": {"periodSeconds": 3},
        "networkPolicy": {
            "restPeers": [{"podSelector": {"matchLabels": {"app": "console"}}}],
            "metricsPeers": [{"ipBlock": {"cidr": "10.0.0.0/8"}}],
        },
        "tracing": {"type": "opentelemetry"},
        "template": {
            "statefulSet": {"metadata": {"annotations": {"a": "b"}}},
            "podSet": {"metadata": {"annotations": {"a": "c"}}},
            "apiService": {"ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv4"]},
            "headlessService": {"metadata": {"labels": {"a": "b"}}},
            "serviceAccount": {"metadata": {"labels": {"a": "b"}}},
            "podDisruptionBudget": {"maxUnavailable": 2},
            "pod": {
                "dnsPolicy": "ClusterFirst",
                "dnsConfig": {"options": [{"name": "ndots", "value": "2"}]},
                "enableServiceLinks": true,
                "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["kafka"]}],
                "tmpDirSizeLimit": "1Gi",
                "initContainers": [restricted("first")],
                "sidecars": [restricted("side")],
                "volumes": [
                    {"name": "scratch", "ephemeral": {"volumeClaimTemplate": {"spec": {
                        "accessModes": ["ReadWriteOnce"],
                        "resources": {"requests": {"storage": "1Gi"}},
                    }}}},
                    {"name": "vault", "csi": {"driver": "secrets-store.csi.k8s.io", "readOnly": true}},
                    {"name": "both", "projected": {"sources": [{"secret": {"name": "all"}}]}},
                ],
                "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": "1Gi"}},
                }}],
            },
            "connectContainer": {
                "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "all", "key": "password"}}}],
                "envFrom": [{"configMapRef": {"name": "levels"}}],
                "lifecycle": {"preStop": {"exec": {"command": ["true"]}}},
                "startupProbe": {"periodSeconds": 1, "failureThreshold": 60},
                "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            },
        },
    })
}

fn restricted(name: &str) -> Value {
    json!({"name": name, "image": "x", "securityContext": {
        "allowPrivilegeEscalation": false,
        "capabilities": {"drop": ["ALL"]},
    }})
}

#[tokio::test]
async fn every_field_of_a_spec_reaches_the_objects() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    let all = json!({"metadata": {"name": "all"}, "stringData": {"ca.crt": "c", "password": "p"}});
    create::<Secret>(&bed, all).await?;
    let levels = json!({"metadata": {"name": "levels"}, "data": {"log4j2.properties": "rootLogger.level=WARN"}});
    create::<ConfigMap>(&bed, levels).await?;
    bed.cluster("my-connect", &every_field()).await?;
    let cluster = bed.ready_cluster("my-connect").await?;
    let words = words(&cluster.status.context("a status")?.conditions);
    assert!(!words.iter().any(|word| word.starts_with("Warning")), "{words:?}");

    let set: StatefulSet = bed.api().get("my-connect-connect").await?;
    assert_eq!(set.metadata.annotations.context("annotations")?["a"], "b");
    let spec = set.spec.context("a spec")?;
    assert_eq!(spec.volume_claim_templates.context("claims")?.len(), 1);
    let pod = spec.template.spec.context("a pod")?;
    let names: Vec<&str> = pod.containers.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["connect", "side"]);
    assert_eq!(pod.init_containers.context("init containers")?[0].name, "first");
    let drivers: Vec<&str> = pod
        .volumes
        .iter()
        .flatten()
        .filter_map(|it| Some(it.csi.as_ref()?.driver.as_str()))
        .collect();
    assert_eq!(drivers, ["secrets-store.csi.k8s.io"]);
    let worker = &pod.containers[0];
    assert_eq!(worker.image.as_deref(), Some("sluice/worker:other"));
    let startup = worker.startup_probe.clone().context("a check")?;
    assert_eq!(startup.http_get.and_then(|it| it.path).as_deref(), Some("/metrics"));
    assert!(worker.lifecycle.is_some() && worker.env_from.is_some());
    let arguments = worker.args.clone().unwrap_or_default();
    assert!(arguments.contains(&"consumer.client.rack=$(SLUICE_RACK)".to_owned()), "{arguments:?}");

    let map: ConfigMap = bed.api().get("my-connect-connect-config").await?;
    let file = map.data.context("files")?["worker.properties"].clone();
    assert!(file.contains("\nsluice.tracing=opentelemetry\n"), "{file}");

    let policy: NetworkPolicy = bed.api().get("my-connect-connect").await?;
    let rules = policy.spec.and_then(|it| it.ingress).context("rules")?;
    let peers: Vec<usize> =
        rules.iter().map(|rule| rule.from.as_ref().map_or(0, Vec::len)).collect();
    assert_eq!(peers, [3, 2]);
    let budget: PodDisruptionBudget = bed.api().get("my-connect-connect").await?;
    let budget = budget.spec.context("a budget")?;
    assert_eq!(budget.unhealthy_pod_eviction_policy.as_deref(), Some("AlwaysAllow"));
    let service: Service = bed.api().get("my-connect-connect-api").await?;
    let service = service.spec.context("a service")?;
    assert_eq!(service.ip_family_policy.as_deref(), Some("SingleStack"));
    Ok(())
}

#[tokio::test]
async fn what_has_no_meaning_is_told_and_the_rest_goes_on() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    let spec = json!({
        "config": {"group.id": "other", "rest.port": 1, "offset.flush.interval.ms": 1000},
        "build": {"output": {"type": "docker", "image": "x"}, "plugins": []},
        "plugins": [{"name": "x", "artifacts": []}],
        "jvmOptions": {"-Xmx": "1g"},
        "jmxOptions": {},
        "metricsConfig": {"type": "jmxPrometheusExporter"},
    });
    bed.cluster("my-connect", &spec).await?;
    let cluster = bed.ready_cluster("my-connect").await?;
    let conditions = cluster.status.context("a status")?.conditions;
    let warning = conditions.iter().find(|it| it.type_ == "Warning").context("a warning")?;
    assert_eq!(warning.reason, "PartlyIgnored");
    let fields = [
        "config[group.id]",
        "config[rest.port]",
        "build",
        "plugins",
        "jvmOptions",
        "metricsConfig",
    ];
    for field in fields {
        let line = format!("spec.{field} has no effect: ");
        assert!(warning.message.contains(&line), "{line}: {}", warning.message);
    }
    let map: ConfigMap = bed.api().get("my-connect-connect-config").await?;
    let file = map.data.context("files")?["worker.properties"].clone();
    assert!(file.contains("\ngroup.id=my-connect\n"), "{file}");
    assert!(file.contains("offset.flush.interval.ms=1000"), "{file}");
    Ok(())
}

#[tokio::test]
async fn levels_change_without_a_new_revision() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    bed.cluster("my-connect", &json!({})).await?;
    bed.ready_cluster("my-connect").await?;
    let sets: Api<StatefulSet> = bed.api();
    let before = sets.get("my-connect-connect").await?.metadata.generation;
    let change = json!({"spec": {"logging": {"type": "inline", "loggers": {"root": "DEBUG"}}}});
    bed.change::<KafkaConnect>("my-connect", &change).await?;
    bed.until("the levels", async || {
        let map: ConfigMap = bed.api().get("my-connect-connect-config").await?;
        Ok(map.data.unwrap_or_default()["loggers.properties"] == "root=DEBUG\n")
    })
    .await?;
    bed.ready_cluster("my-connect").await?;
    assert_eq!(sets.get("my-connect-connect").await?.metadata.generation, before);
    Ok(())
}

#[tokio::test]
async fn a_missing_config_map_or_version_is_told_and_healed() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    let external = json!({"type": "external", "valueFrom": {"configMapKeyRef": {"name": "levels", "key": "a"}}});
    bed.cluster("my-connect", &json!({"logging": external, "version": "9.9"})).await?;
    told(&bed, "my-connect", "Stalled", "ConfigMap levels does not exist").await?;
    let levels = json!({"metadata": {"name": "levels"}, "data": {"a": "root=INFO"}});
    create::<ConfigMap>(&bed, levels).await?;
    told(&bed, "my-connect", "Stalled", "the operator has no image of version 9.9").await?;
    bed.change::<KafkaConnect>("my-connect", &json!({"spec": {"version": null}})).await?;
    bed.ready_cluster("my-connect").await.map(drop)
}

#[tokio::test]
async fn the_younger_of_two_clusters_with_one_group_waits_for_the_older_to_go() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    // Equal times: names decide.
    bed.cluster("a-connect", &json!({})).await?;
    bed.ready_cluster("a-connect").await?;
    let same = json!({"groupId": "a-connect", "bootstrapServers": "other:1,kafka:9092"});
    bed.cluster("b-connect", &same).await?;
    let taken = format!("KafkaConnect {}/a-connect, which is older, has it", bed.namespace);
    told(&bed, "b-connect", "Stalled", &taken).await?;
    let sets: Api<StatefulSet> = bed.api();
    assert!(sets.get_opt("b-connect-connect").await?.is_none(), "nothing was made for it");
    bed.api::<KafkaConnect>().delete("a-connect", &DeleteParams::default()).await?;
    bed.ready_cluster("b-connect").await.map(drop)
}

#[tokio::test]
async fn a_cluster_without_workers_is_suspended() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    bed.cluster("my-connect", &json!({"replicas": 0})).await?;
    let cluster = bed.ready_cluster("my-connect").await?;
    let status = cluster.status.context("a status")?;
    assert!(words(&status.conditions).contains(&"Ready=True Suspended".to_owned()));
    assert_eq!(status.url, None);
    Ok(())
}

#[tokio::test]
async fn the_api_server_refuses_what_cannot_be_and_names_the_field() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = Bed::new().await?;
    let oauth = json!({"type": "oauth"});
    for (spec, expected) in [
        (json!({"bootstrapServers": "kafka"}), "spec.bootstrapServers"),
        (json!({"configStorageTopic": "a b"}), "spec.configStorageTopic"),
        (json!({"rack": {"type": "environment-variable"}}), "needs envVarName"),
        (json!({"rack": {}}), "needs topologyKey"),
        (json!({"logging": {"type": "external"}}), "needs valueFrom.configMapKeyRef"),
        (json!({"authentication": oauth}), "type oauth needs tokenEndpointUri"),
        (json!({"template": {"pod": {"tmpDirSizeLimit": "much"}}}), "tmpDirSizeLimit"),
        (json!({"rest": {"authentication": {"type": "bearer"}}}), "it needs authorization"),
        (
            json!({"rest": {"authorization": {"type": "kubernetes"}}}),
            "needs authentication of type bearer",
        ),
        (json!({"rest": {"authentication": {"type": "basic"}}}), "type basic needs users"),
        (json!({"rest": {"authorization": {"type": "any"}}}), "spec.rest.authorization.type"),
        (
            json!({"rest": {"authentication": {"type": "ldap", "users": {"secretName": "a", "key": "b"}}}}),
            "spec.rest.authentication.type",
        ),
    ] {
        let object = crate::bed::cluster("x", &spec);
        let api: Api<kube::api::DynamicObject> = Api::namespaced_with(
            bed.client.clone(),
            &bed.namespace,
            &kube::api::ApiResource::erase::<KafkaConnect>(&()),
        );
        let refused = api.create(&PostParams::default(), &serde_json::from_value(object)?).await;
        let refused = refused.err().with_context(|| format!("{spec} was taken"))?.to_string();
        assert!(refused.contains(expected), "{spec}: {refused}");
    }
    Ok(())
}
