//! The bundle for the Operator Lifecycle Manager says what the manifests say: `UPDATE=1` writes it anew.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use sluice_crds::yaml;

use crate::bed::root;

const BUNDLE: &str = "deploy/olm/manifests/sluice.clusterserviceversion.yaml";
const HEAD: &str = "# install, examples and version are written by UPDATE=1 cargo test -p sluice-operator --test it -- bundle::\n";

fn documents(path: &Path) -> Result<Vec<Value>> {
    let text = fs::read_to_string(path)?;
    let documents = yaml::read(&path.display().to_string(), &text)?;
    Ok(documents.into_iter().map(|it| it.value).collect())
}

/// What the base installs.
fn base() -> Result<Vec<Value>> {
    let mut all = Vec::new();
    let entries = fs::read_dir(root().join("deploy/base"))?;
    let mut paths = entries.map(|it| Ok(it?.path())).collect::<Result<Vec<_>>>()?;
    // Folders are listed in any order.
    paths.sort();
    for path in paths {
        all.extend(documents(&path)?);
    }
    Ok(all)
}

/// What OLM installs in place of the base: the operator, and its rights across the cluster and in its own namespace.
fn install(base: &[Value]) -> Result<Value> {
    let is_operators =
        |it: &&Value| it["metadata"]["labels"]["app.kubernetes.io/component"] == "operator";
    let of_kind =
        |kind: &'static str| base.iter().filter(is_operators).filter(move |it| it["kind"] == kind);
    let rights = |kind| -> Vec<Value> {
        let granted = of_kind(kind);
        granted
            .map(|it| json!({"serviceAccountName": "sluice-operator", "rules": it["rules"]}))
            .collect()
    };
    let deployment = of_kind("Deployment").next().context("a Deployment")?;
    let mut strategy = json!({
        "clusterPermissions": rights("ClusterRole"),
        "deployments": [{"name": "sluice-operator", "spec": deployment["spec"]}],
    });
    let own = rights("Role");
    if !own.is_empty() {
        strategy["permissions"] = json!(own);
    }
    Ok(json!({"strategy": "deployment", "spec": strategy}))
}

#[test]
fn the_bundle_installs_what_the_base_installs() -> Result<()> {
    let path = root().join(BUNDLE);
    let mut bundle = documents(&path)?.remove(0);
    let base = base()?;
    let version = env!("CARGO_PKG_VERSION");
    let mut examples = Vec::new();
    for file in ["quickstart/connect.yaml", "quickstart/orders.yaml", "positions/list.yaml"] {
        examples.extend(documents(&root().join("deploy/samples").join(file))?);
    }
    bundle["metadata"]["name"] = json!(format!("sluice.v{version}"));
    bundle["metadata"]["annotations"]["alm-examples"] =
        json!(serde_json::to_string_pretty(&examples)?);
    bundle["spec"]["version"] = json!(version);
    bundle["spec"]["install"] = install(&base)?;
    let fresh = format!("{HEAD}{}", yaml::write(&bundle)?);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &fresh)?;
    }
    let committed = fs::read_to_string(&path)?;
    assert!(committed == fresh, "{BUNDLE} is stale: run the test again with UPDATE=1");
    Ok(())
}

#[test]
fn workers_reach_the_operator_of_the_bundle_as_they_reach_that_of_the_base() -> Result<()> {
    let mut expected = documents(&root().join("deploy/base/service.yaml"))?.remove(0);
    expected["metadata"].as_object_mut().context("metadata")?.remove("namespace");
    let path = root().join("deploy/olm/manifests/sluice-operator.service.yaml");
    assert_eq!(documents(&path)?, [expected]);
    Ok(())
}

#[test]
fn the_bundle_owns_our_kinds_and_says_where_it_is() -> Result<()> {
    let bundle = documents(&root().join(BUNDLE))?.remove(0);
    let examples =
        bundle["metadata"]["annotations"]["alm-examples"].as_str().context("examples")?;
    let examples: Vec<Value> = serde_json::from_str(examples)?;
    let owned = &bundle["spec"]["customresourcedefinitions"]["owned"];
    let mut owned = owned.as_array().context("kinds")?.iter();
    for definition in sluice_crds::definitions() {
        let names = &definition.object["spec"]["names"];
        let is_it = |it: &&Value| it["name"] == definition.object["metadata"]["name"];
        let kind = owned.clone().find(is_it).with_context(|| definition.file.clone())?;
        assert_eq!(kind["kind"], names["kind"]);
        assert!(examples.iter().any(|it| it["kind"] == names["kind"]), "no example of {kind}");
        assert_eq!(kind["version"], definition.object["spec"]["versions"][0]["name"]);
    }
    assert!(owned.all(|it| !it["description"].as_str().unwrap_or_default().is_empty()));
    let modes = bundle["spec"]["installModes"].as_array().context("modes")?;
    assert_eq!(modes.len(), 4, "OLM wants all four said");

    let annotations = documents(&root().join("deploy/olm/metadata/annotations.yaml"))?.remove(0);
    let labels = fs::read_to_string(root().join("deploy/olm/Containerfile"))?;
    for (key, value) in annotations["annotations"].as_object().context("annotations")? {
        let label = format!("LABEL {key}={}", value.as_str().context("a text")?);
        assert!(labels.lines().any(|it| it == label), "the image has no {label}");
    }
    Ok(())
}
