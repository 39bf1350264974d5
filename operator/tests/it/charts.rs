//! The charts as Helm renders them: whatever the values say, what comes out is sound. [`crate::install`] lets the API
//! server judge the same.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use sluice_crds::yaml;
use sluice_kit::kubernetes::{Helm, missing_for_control_plane};
use sluice_kit::require;

use crate::bed::root;
use crate::manifests;

/// Where what is rendered belongs.
pub(crate) const NAMESPACE: &str = "by-chart";

/// Values that each turn on what the others leave off, by what they are about.
pub(crate) fn switches() -> Vec<(&'static str, Value)> {
    let constraint = json!({
        "topologyKey": "rack", "maxSkew": 2, "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "sluice"}},
    });
    vec![
        ("as it is", json!({})),
        ("namespaced", json!({"watchNamespaces": ["one", "two"]})),
        ("alone", json!({"replicas": 1})),
        ("elsewhere", json!({"connectRest": ["https://connect.example.com:8083", "*"]})),
        ("pinned", json!({"image": {"digest": format!("sha256:{}", "0".repeat(64))}})),
        (
            "monitored",
            json!({"monitoring": {
                "serviceMonitor": true, "podMonitor": true, "rules": true, "dashboards": true,
                "interval": "10s", "labels": {"release": "prometheus"},
                "dashboardAnnotations": {"grafana_folder": "Kafka"},
                "runbooks": "https://wiki.example.com/sluice",
            }}),
        ),
        (
            "monitored in its namespaces",
            json!({"monitoring": {"podMonitor": true}, "watchNamespaces": ["one"]}),
        ),
        (
            "nothing but the operator",
            json!({
                "crds": {"install": false},
                "serviceAccount": {"create": false, "name": "mine"},
                "rbac": {"create": false, "userRoles": false},
            }),
        ),
        (
            "placed",
            json!({
                "replicas": 3, "podDisruptionBudget": false,
                "priorityClassName": "system-cluster-critical",
                "nodeSelector": {"kubernetes.io/os": "linux"},
                "tolerations": [{"key": "infra", "operator": "Exists"}],
                "affinity": {"nodeAffinity": {}}, "topologySpreadConstraints": [constraint],
                "podLabels": {"team": "data"}, "podAnnotations": {"note": "ours"},
                "imagePullSecrets": ["registry"], "workerImage": "example.com/worker:1",
                "crds": {"keep": false, "annotations": {"note": "ours"}},
                "serviceAccount": {"annotations": {"note": "ours"}},
                "resources": {"limits": {"cpu": 1, "memory": "1Gi"}},
            }),
        ),
    ]
}

/// What Helm makes of a chart with these values, as text.
pub(crate) async fn text(chart: &str, values: &Value) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("values.yaml");
    // JSON is YAML.
    fs::write(&file, values.to_string())?;
    let chart = root().join(chart).display().to_string();
    let file = file.display().to_string();
    let namespaced = ["--namespace", NAMESPACE, "--values", &file];
    let template = ["template", "sluice", &chart];
    Helm::offline(folder.path()).run(template.iter().chain(&namespaced)).await
}

/// The same as objects.
async fn objects(chart: &str, values: &Value) -> Result<Vec<Value>> {
    let documents = yaml::read(chart, &text(chart, values).await?)?;
    Ok(documents.into_iter().map(|it| it.value).collect())
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|it| it["kind"] == kind).collect()
}

fn the<'a>(objects: &'a [Value], kind: &str) -> Result<&'a Value> {
    let found = of_kind(objects, kind);
    found.first().copied().filter(|_| found.len() == 1).with_context(|| format!("one {kind}"))
}

#[tokio::test]
async fn no_switch_of_the_chart_makes_anything_unsound() -> Result<()> {
    require!(missing_for_control_plane());
    for (about, values) in switches() {
        let objects = objects("charts/sluice", &values).await?;
        let mut names = BTreeSet::new();
        for object in &objects {
            let name =
                (&object["kind"], &object["metadata"]["namespace"], &object["metadata"]["name"]);
            assert!(names.insert(format!("{name:?}")), "{about}: {name:?} is there twice");
            let labels = &object["metadata"]["labels"];
            assert_eq!(labels["app.kubernetes.io/instance"], "sluice", "{about}: {name:?}");
            assert_eq!(labels["app.kubernetes.io/managed-by"], "Helm", "{about}: {name:?}");
            for rule in object["rules"].as_array().into_iter().flatten() {
                assert!(!rule.to_string().contains('*'), "{about}: {name:?} has {rule}");
            }
        }
        let pod = &the(&objects, "Deployment")?["spec"]["template"]["spec"];
        assert_is_restricted(about, pod);
    }
    Ok(())
}

/// As Pod Security's level of that name wants it, and a root that nobody writes to.
fn assert_is_restricted(about: &str, pod: &Value) {
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{about}");
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{about}");
    for container in pod["containers"].as_array().into_iter().flatten() {
        let context = &container["securityContext"];
        assert_eq!(context["allowPrivilegeEscalation"], false, "{about}");
        assert_eq!(context["readOnlyRootFilesystem"], true, "{about}");
        assert_eq!(context["capabilities"], json!({"drop": ["ALL"]}), "{about}");
    }
}

#[tokio::test]
async fn an_operator_of_some_namespaces_has_no_cluster_role() -> Result<()> {
    require!(missing_for_control_plane());
    let objects = objects("charts/sluice", &json!({"watchNamespaces": ["one", "two"]})).await?;
    for kind in ["ClusterRole", "ClusterRoleBinding"] {
        assert_eq!(of_kind(&objects, kind), Vec::<&Value>::new());
    }
    for namespace in ["one", "two"] {
        let inside = |it: &&Value| it["metadata"]["namespace"] == namespace;
        let roles: Vec<&Value> = of_kind(&objects, "Role").into_iter().filter(inside).collect();
        assert_eq!(roles.len(), 1, "{namespace}");
        assert_eq!(roles[0]["rules"], manifests::rules()?);
        assert_eq!(of_kind(&objects, "RoleBinding").into_iter().filter(inside).count(), 1);
    }
    let container = &the(&objects, "Deployment")?["spec"]["template"]["spec"]["containers"][0];
    for namespace in ["one", "two"] {
        let argument = json!(format!("--watch-namespace={namespace}"));
        assert!(container["args"].as_array().context("arguments")?.contains(&argument));
    }
    let text = serde_json::to_string(&objects)?;
    assert!(!text.contains("reviews"), "tokens are asked about with a cluster role alone");
    Ok(())
}

#[tokio::test]
async fn values_are_where_they_belong() -> Result<()> {
    require!(missing_for_control_plane());
    let switches = switches();
    let with = |about: &str| {
        let found = switches.iter().find(|(it, _)| *it == about);
        found.map(|(_, values)| values.clone()).context("such values")
    };
    let plain = objects("charts/sluice", &with("as it is")?).await?;
    for definition in of_kind(&plain, "CustomResourceDefinition") {
        let annotations = &definition["metadata"]["annotations"];
        assert_eq!(annotations["helm.sh/resource-policy"], "keep");
        assert_eq!(
            annotations["argocd.argoproj.io/sync-options"],
            "Prune=false,ServerSideApply=true"
        );
    }
    for kind in ["ServiceMonitor", "PodMonitor", "PrometheusRule", "ConfigMap"] {
        assert_eq!(of_kind(&plain, kind), Vec::<&Value>::new(), "{kind} only if it is asked for");
    }

    let pinned = objects("charts/sluice", &with("pinned")?).await?;
    let image = &the(&pinned, "Deployment")?["spec"]["template"]["spec"]["containers"][0]["image"];
    assert_eq!(*image, format!("sluice/operator@sha256:{}", "0".repeat(64)));

    let pod = &the(&plain, "Deployment")?["spec"]["template"]["spec"];
    assert_eq!(pod["topologySpreadConstraints"][0]["topologyKey"], "kubernetes.io/hostname");

    assert_eq!(the(&plain, "Deployment")?["spec"]["replicas"], 2);
    assert_eq!(the(&plain, "PodDisruptionBudget")?["spec"]["maxUnavailable"], 1);
    let alone = objects("charts/sluice", &with("alone")?).await?;
    assert_eq!(of_kind(&alone, "PodDisruptionBudget"), Vec::<&Value>::new());

    let monitored = objects("charts/sluice", &with("monitored")?).await?;
    for kind in ["ServiceMonitor", "PodMonitor", "PrometheusRule"] {
        let labels = &the(&monitored, kind)?["metadata"]["labels"];
        assert_eq!(labels["release"], "prometheus", "{kind}");
    }
    let alert = &the(&monitored, "PrometheusRule")?["spec"]["groups"][0]["rules"][0];
    let runbook = alert["annotations"]["runbook_url"].as_str().context("a runbook")?;
    assert!(runbook.starts_with("https://wiki.example.com/sluice#sluice"), "{runbook}");
    assert_eq!(of_kind(&monitored, "ConfigMap").len(), 2, "two dashboards");
    let few = objects("charts/sluice", &with("monitored in its namespaces")?).await?;
    let selector = &the(&few, "PodMonitor")?["spec"]["namespaceSelector"];
    assert_eq!(*selector, json!({"matchNames": ["one"]}));

    let of_reviews = |it: &&Value| it["metadata"]["name"] == "sluice-operator-reviews";
    let reviews: Vec<&Value> =
        of_kind(&plain, "ClusterRole").into_iter().filter(of_reviews).collect();
    assert_eq!(reviews[0]["rules"], manifests::review_rules()?);
    let arguments = |objects: &[Value]| -> Result<Vec<String>> {
        let pod = &the(objects, "Deployment")?["spec"]["template"]["spec"];
        Ok(serde_json::from_value(pod["containers"][0]["args"].clone())?)
    };
    let url = format!("--reviews-url=https://sluice-operator.{NAMESPACE}.svc:8443");
    assert!(arguments(&plain)?.contains(&url));
    assert_eq!(the(&plain, "Service")?["spec"]["ports"][1]["port"], 8443);
    let elsewhere = arguments(&objects("charts/sluice", &with("elsewhere")?).await?)?;
    for address in ["https://connect.example.com:8083", "*"] {
        assert!(elsewhere.contains(&format!("--connect-rest={address}")), "{elsewhere:?}");
    }

    let bare = objects("charts/sluice", &with("nothing but the operator")?).await?;
    let kinds: BTreeSet<&str> = bare.iter().filter_map(|it| it["kind"].as_str()).collect();
    assert_eq!(kinds, BTreeSet::from(["Deployment", "PodDisruptionBudget", "Service"]));
    Ok(())
}

#[tokio::test]
async fn values_that_mean_nothing_are_refused_by_name() -> Result<()> {
    require!(missing_for_control_plane());
    let connector = |spec: Value| json!({"connectors": {"orders": {"spec": spec}}});
    let two = json!({"a": {"spec": {}}, "b": {"spec": {}}});
    for (chart, values, named) in [
        ("charts/sluice", json!({"podLabel": {}}), "podLabel"),
        ("charts/sluice", json!({"replicas": "two"}), "/replicas"),
        ("charts/sluice", json!({"image": {"digest": "latest"}}), "/image/digest"),
        ("charts/sluice", json!({"watchNamespaces": ["Not_a_name"]}), "/watchNamespaces/0"),
        ("charts/sluice", json!({"connectRest": ["connect:8083"]}), "/connectRest/0"),
        ("charts/sluice", json!({"monitoring": {"interval": "soon"}}), "/monitoring/interval"),
        (
            "charts/sluice",
            json!({"resources": {"limits": {"memory": "much"}}}),
            "/resources/limits/memory",
        ),
        ("charts/connect", json!({"clusters": {"my": {"replicas": 2}}}), "/clusters/my"),
        ("charts/connect", json!({"clusters": {"Big": {"spec": {}}}}), "Big"),
        (
            "charts/connect",
            connector(json!({"class": "X", "config": {"a": [1]}})),
            "/connectors/orders/spec/config/a",
        ),
        (
            "charts/connect",
            connector(json!({"class": "X", "config": {"tasks.max": 1}})),
            "tasks.max",
        ),
        ("charts/connect", connector(json!({"class": "X"})), "connectors.orders.cluster"),
        (
            "charts/connect",
            json!({"clusters": two, "connectors": {"orders": {"spec": {"class": "X"}}}}),
            "connectors.orders.cluster",
        ),
        (
            "charts/connect",
            json!({"connectors": {"orders": {"cluster": "a", "spec": {}}}}),
            "connectors.orders.spec.class",
        ),
    ] {
        let refused = text(chart, &values).await.err().with_context(|| format!("{values}"))?;
        assert!(refused.to_string().contains(named), "{values}: {refused}");
    }
    Ok(())
}

#[tokio::test]
async fn clusters_and_connectors_come_from_values() -> Result<()> {
    require!(missing_for_control_plane());
    let sample = fs::read_to_string(root().join("charts/connect/samples/quickstart.yaml"))?;
    let values = yaml::read("samples/quickstart.yaml", &sample)?.remove(0).value;
    let made = objects("charts/connect", &values).await?;
    let folder = root().join("deploy/samples/quickstart");
    let mut expected = Vec::new();
    for file in ["connect.yaml", "lines-source.yaml", "lines-sink.yaml", "orders.yaml"] {
        expected.extend(yaml::read(file, &fs::read_to_string(folder.join(file))?)?);
    }
    assert_eq!(made.len(), expected.len());
    for expected in expected.iter().map(|it| &it.value) {
        let name = &expected["metadata"]["name"];
        let made = made.iter().find(|it| it["metadata"]["name"] == *name).context("made")?;
        assert_eq!(made["kind"], expected["kind"]);
        assert_eq!(made["spec"], expected["spec"], "{name}");
        let cluster = "sluice.dev/cluster";
        assert_eq!(made["metadata"]["labels"][cluster], expected["metadata"]["labels"][cluster]);
    }

    // Great numbers stay numbers that Kafka Connect can read, and one's own word wins.
    let values = json!({
        "defaults": {"connector": {"tasksMax": 2, "config": {"a": "default", "b": "default"}}},
        "annotations": {"note": "all"},
        "connectors": {"orders": {
            "cluster": "elsewhere",
            "annotations": {"more": "mine"},
            "spec": {"class": "X", "config": {"a": "mine", "bytes": 5_000_000, "on": true}},
        }},
    });
    let made = objects("charts/connect", &values).await?;
    let config = json!({"a": "mine", "b": "default", "bytes": 5_000_000, "on": true});
    assert_eq!(made[0]["spec"], json!({"class": "X", "tasksMax": 2, "config": config}));
    assert_eq!(made[0]["metadata"]["labels"]["sluice.dev/cluster"], "elsewhere");
    assert_eq!(made[0]["metadata"]["annotations"], json!({"note": "all", "more": "mine"}));
    Ok(())
}
