//! The rights of the operator are exactly those that it uses, and an object that does not fit harms only itself.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use http::{Method, Request, Response};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{DynamicObject, PostParams};
use kube::client::{Body, ClientBuilder};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::{ApiResource, PartialObjectMeta};
use kube::{Api, Client, Config};
use serde_json::{Value, json};
use sluice_crds::{KafkaConnect, KafkaConnector, KafkaConnectorOffsets};
use sluice_kit::kubernetes::{ControlPlane, missing_for_control_plane};
use sluice_kit::require;
use sluice_rest_model::token_audience;
use tower::util::{MapRequestLayer, MapResponseLayer};

use crate::bed::{self, Bed, create_namespace};
use crate::manifests;
use crate::reviews;
use crate::workers::Connector;

/// `verb group/resource`.
type Rights = BTreeSet<String>;

/// What a client asked for, and what it was refused.
#[derive(Clone, Default)]
struct Record {
    used: Arc<Mutex<Rights>>,
    refused: Arc<Mutex<u32>>,
}

impl Record {
    fn request(&self, request: &Request<Body>) {
        let kind = request.headers().get("content-type").and_then(|it| it.to_str().ok());
        let apply = kind.is_some_and(|kind| kind.contains("apply-patch"));
        let query = request.uri().query().unwrap_or_default();
        let used = used(request.method(), request.uri().path(), query, apply);
        self.used.lock().expect("nobody panics with the lock").extend(used);
    }
}

/// The rights that a request needs.
fn used(method: &Method, path: &str, query: &str, apply: bool) -> Vec<String> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (group, rest) = match parts.as_slice() {
        ["api", _, rest @ ..] => ("", rest),
        ["apis", group, _, rest @ ..] => (*group, rest),
        _ => return vec![],
    };
    let rest = match rest {
        ["namespaces", _, rest @ ..] => rest,
        other => other,
    };
    let resource = match rest {
        [resource, _, sub] => format!("{resource}/{sub}"),
        [resource, ..] => (*resource).to_owned(),
        [] => return vec![],
    };
    let verbs: &[&str] = match (method.as_str(), rest.len()) {
        ("GET", 1) if query.contains("watch=true") => &["watch"],
        ("GET", 1) => &["list"],
        ("GET", _) => &["get"],
        ("POST", _) => &["create"],
        // What is applied is created if it is not there.
        ("PATCH", 2) if apply => &["create", "patch"],
        ("PATCH", _) => &["patch"],
        ("PUT", _) => &["update"],
        ("DELETE", _) => &["delete"],
        _ => &["something else"],
    };
    verbs.iter().map(|verb| format!("{verb} {group}/{resource}")).collect()
}

fn granted(rules: &Value) -> Rights {
    let list = |value: &Value| -> Vec<String> {
        let items = value.as_array().into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut granted = Rights::new();
    for rule in rules.as_array().into_iter().flatten() {
        for group in list(&rule["apiGroups"]) {
            for resource in list(&rule["resources"]) {
                let right = |verb: String| format!("{verb} {group}/{resource}");
                granted.extend(list(&rule["verbs"]).into_iter().map(right));
            }
        }
    }
    granted
}

/// A client with the rights of the deployed operator, in one namespace.
async fn operators_client(plane: &ControlPlane, namespace: &str, record: Record) -> Result<Client> {
    let account = format!("--serviceaccount={namespace}:default");
    let here = format!("--namespace={namespace}");
    for (name, rules) in [("operator", manifests::rules()?), ("leader", manifests::leader_rules()?)]
    {
        let role = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {"name": name, "namespace": namespace},
            "rules": rules,
        });
        plane.kubectl().apply(&role.to_string()).await?;
        let role = format!("--role={name}");
        plane.kubectl().run(["create", "rolebinding", name, &role, &account, &here]).await?;
    }
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "reviews"},
        "rules": manifests::review_rules()?,
    });
    plane.kubectl().apply(&role.to_string()).await?;
    let role = "--clusterrole=reviews";
    plane.kubectl().run(["create", "clusterrolebinding", "reviews", role, &account]).await?;
    let token = plane.kubectl().run(["create", "token", "default", &here]).await?;
    let mut kubeconfig = Kubeconfig::read_from(plane.kubeconfig())?;
    for user in &mut kubeconfig.auth_infos {
        user.auth_info = serde_json::from_value(json!({"token": token.trim()}))?;
    }
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    let refused = Arc::clone(&record.refused);
    let requests = MapRequestLayer::new(move |request: Request<Body>| {
        record.request(&request);
        request
    });
    let responses = MapResponseLayer::new(move |response: Response<_>| {
        if response.status() == http::StatusCode::FORBIDDEN {
            *refused.lock().expect("nobody panics with the lock") += 1;
        }
        response
    });
    let builder = ClientBuilder::try_from(config)?;
    Ok(builder.with_layer(&requests).with_layer(&responses).build())
}

/// Lets anything into the spec, as an older CRD might.
fn relax(crd: &mut Value) {
    let schema = &mut crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    schema["properties"]["spec"] =
        json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
}

async fn create_raw(bed: &Bed, plural: &str, object: &Value) -> Result<()> {
    let kind = object["kind"].as_str().context("a kind")?;
    let resource = ApiResource {
        group: sluice_crds::GROUP.to_owned(),
        version: "v1alpha1".to_owned(),
        api_version: format!("{}/v1alpha1", sluice_crds::GROUP),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
    };
    let api: Api<DynamicObject> =
        Api::namespaced_with(bed.client.clone(), &bed.namespace, &resource);
    api.create(&PostParams::default(), &serde_json::from_value(object.clone())?).await?;
    Ok(())
}

/// Has the operator do what it does now and then.
async fn make_use(bed: &Bed) -> Result<()> {
    // The same events twice make a series, which is a patch.
    for state in ["paused", "running", "paused", "running"] {
        bed.change::<KafkaConnector>("orders", &json!({"spec": {"state": state}})).await?;
        let reason = if state == "paused" { "Paused" } else { "Running" };
        bed.connector_is("orders", &format!("Ready=True {reason}")).await?;
    }
    // Old revisions go once there have been more than ten.
    for a in 0..10 {
        bed.change::<KafkaConnector>("orders", &json!({"spec": {"config": {"a": a}}})).await?;
        bed.connector_is("orders", "Ready=True Running").await?;
    }
    bed.change::<KafkaConnector>("orders", &json!({"spec": {"rollbackTo": "none"}})).await?;
    bed.connector_is("orders", "Stalled=True InvalidSpec").await?;
    bed.change::<KafkaConnector>("orders", &json!({"spec": {"rollbackTo": null}})).await?;
    bed.connector_is("orders", "Ready=True Running").await?;
    let stray = Connector::running([("connector.class".to_owned(), "X".to_owned())].into());
    bed.workers.world().connectors.insert("stray".to_owned(), stray);
    let adopt = json!({"spec": {"unmanagedConnectors": "Adopt"}});
    bed.change::<KafkaConnect>("my-connect", &adopt).await?;
    bed.until("the adoption", async || {
        Ok(bed.api::<PartialObjectMeta<KafkaConnector>>().get_opt("stray").await?.is_some())
    })
    .await?;
    let source = json!({"alterOffsets": {"fromConfigMap": {"name": "positions"}}});
    let annotation = json!({"annotations": {"sluice.dev/connector-offsets": "alter"}});
    let mut change = json!({"metadata": annotation, "spec": source});
    change["spec"]["state"] = "stopped".into();
    bed.change::<KafkaConnector>("orders", &change).await?;
    bed.connector_is("orders", "Warning=True OffsetsRefused").await?;
    let list = json!({
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "KafkaConnectorOffsets",
        "metadata": {"name": "list"},
        "spec": {"connector": "orders", "operation": "List", "ttlSecondsAfterFinished": 0},
    });
    create_raw(bed, "kafkaconnectoroffsets", &list).await?;
    bed.gone::<KafkaConnectorOffsets>("list").await
}

/// A cluster that names a Secret and a ConfigMap, which are there.
async fn cluster_with_references(bed: &Bed) -> Result<()> {
    let secret: Secret = serde_json::from_value(
        json!({"metadata": {"name": "user"}, "stringData": {"password": "hunter2"}}),
    )?;
    bed.api::<Secret>().create(&PostParams::default(), &secret).await?;
    let levels: ConfigMap = serde_json::from_value(
        json!({"metadata": {"name": "levels"}, "data": {"a": "root=INFO"}}),
    )?;
    bed.api::<ConfigMap>().create(&PostParams::default(), &levels).await?;
    let levels = json!({"configMapKeyRef": {"name": "levels", "key": "a"}});
    let spec = json!({
        "authentication": {
            "type": "plain",
            "username": "u",
            "passwordSecret": {"secretName": "user", "password": "password"},
        },
        "logging": {"type": "external", "valueFrom": levels},
        "rest": reviews::tokens("kubernetes"),
    });
    bed.cluster("my-connect", &spec).await.map(drop)
}

#[tokio::test]
async fn rights_are_exact_and_bad_objects_harm_only_themselves() -> Result<()> {
    require!(missing_for_control_plane());
    let plane = ControlPlane::start().await?;
    bed::install_crds(&plane, relax).await?;
    let admin = plane.client().await?;
    let namespace = create_namespace(&admin).await?;
    let account = format!("--namespace={namespace}");
    let created = ["wait", "--for=create", "serviceaccount/default", "--timeout=60s", &account];
    plane.kubectl().run(created).await?;
    let record = Record::default();
    let theirs = operators_client(&plane, &namespace, record.clone()).await?;
    let mut bed = Bed::within_and(admin, namespace, theirs, reviews::answering).await?;

    create_raw(&bed, "kafkaconnects", &bed::cluster("bad", &json!({"groupId": 5}))).await?;
    let bad = bed::connector("bad", &json!({"class": ["X"]}));
    create_raw(&bed, "kafkaconnectors", &bad).await?;
    cluster_with_references(&bed).await?;
    bed.ready_cluster("my-connect").await?;
    let config = json!({"p": {"secretKeyRef": {"name": "user", "key": "password"}}});
    bed.connector("orders", &json!({"class": "X", "config": config})).await?;
    bed.connector_is("orders", "Ready=True Running").await?;

    for (plural, field) in [("kafkaconnects", "spec.groupId"), ("kafkaconnectors", "spec.class")] {
        bed.until("the field to be named", async || {
            let here = format!("--namespace={}", bed.namespace);
            let resource = format!("{plural}.sluice.dev");
            let object = plane.kubectl().run(["get", &resource, "bad", &here, "-o=json"]).await?;
            let object: Value = serde_json::from_str(&object)?;
            let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
            Ok(conditions.iter().any(|condition| {
                condition["type"] == "Stalled"
                    && condition["message"].as_str().is_some_and(|it| it.starts_with(field))
            }))
        })
        .await?;
    }
    make_use(&bed).await?;
    let audience = format!("--audience={}", token_audience(&bed.namespace, "my-connect"));
    let token = plane.kubectl().run(["create", "token", "default", &account, &audience]).await?;
    let workers = reviews::Asker::of(&bed, "my-connect").await?;
    let verdict = workers.ask(token.trim(), Some(reviews::right("get kafkaconnectors a"))).await?;
    assert!(verdict.is_ok_and(|it| it.allowed), "the account's own rights");
    // Pods without resources cannot be given some in place, but they are asked.
    let resources = json!({"spec": {"resources": {"requests": {"cpu": "100m"}}}});
    bed.change::<KafkaConnect>("my-connect", &resources).await?;
    bed.until("a pod to be asked to resize", async || {
        let used = record.used.lock().expect("nobody panics with the lock");
        Ok(used.contains("patch /pods/resize"))
    })
    .await?;
    // A roll asks the pods, then replaces them.
    let ask = json!({"metadata": {"annotations": {"sluice.dev/manual-rolling-update": "true"}}});
    bed.change::<KafkaConnect>("my-connect", &ask).await?;
    bed.until("a pod to be replaced", async || {
        let used = record.used.lock().expect("nobody panics with the lock");
        Ok(used.contains("delete /pods"))
    })
    .await?;
    bed.stop().await?;
    let mut rights = granted(&manifests::rules()?);
    rights.extend(granted(&manifests::leader_rules()?));
    rights.extend(granted(&manifests::review_rules()?));
    assert_eq!(*record.used.lock().expect("nobody panics"), rights);
    assert_eq!(*record.refused.lock().expect("nobody panics"), 0, "requests were refused");
    Ok(())
}
