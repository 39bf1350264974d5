//! Settings of connectors, checked by the program sluice-worker as the workers of a cluster would check them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use kube::ResourceExt;
use sluice_crds::{KafkaConnect, KafkaConnector};
use sluice_rest_model::CheckedFile;
use tokio::process::Command;

use super::findings::{Findings, Severity};
use super::{Admitted, Error, Located};
use crate::cluster::worker_file;
use crate::connector::desired;
use crate::properties;

/// The connectors of one cluster, with their settings.
type OfCluster<'a> = Vec<(&'a Located<KafkaConnector>, BTreeMap<String, String>)>;

/// Checks the settings of all connectors; notes it if the program is not there.
pub(super) async fn all(
    admitted: &Admitted,
    program: &Path,
    findings: &mut Findings,
) -> Result<(), Error> {
    let mut by_cluster: BTreeMap<String, OfCluster<'_>> = BTreeMap::new();
    for connector in &admitted.connectors {
        // What cannot be used at all is told already; an external cluster has plugins of its own.
        let external = connector.object.spec.connect_rest.is_some();
        let Ok(desired) = desired::of(&connector.object) else { continue };
        if !external {
            let cluster = by_cluster.entry(desired.place.cluster).or_default();
            cluster.push((connector, desired.config));
        }
    }
    for (name, connectors) in by_cluster {
        let is_meant = |it: &&Located<KafkaConnect>| it.object.name_any() == name;
        let cluster = admitted.clusters.iter().find(is_meant);
        match ask(program, cluster, &connectors).await {
            Ok(answers) => {
                let has_image = cluster.is_none_or(|it| it.object.spec.image.is_some());
                for ((connector, _), answer) in connectors.iter().zip(answers) {
                    take(connector, &answer, has_image, findings);
                }
            }
            Err(Error::NoWorker(why)) => {
                let text = format!("settings of connectors are not checked: {why}");
                findings.add(connectors[0].0.find(Severity::Note, "spec.config", text));
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The worker's answers, in the order of the connectors.
async fn ask(
    program: &Path,
    cluster: Option<&Located<KafkaConnect>>,
    connectors: &OfCluster<'_>,
) -> Result<Vec<CheckedFile>, Error> {
    let folder = tempfile::tempdir()?;
    let mut command = Command::new(program);
    command.args(["validate", "--output", "json"]);
    if let Some(cluster) = cluster {
        let path = folder.path().join("worker.properties");
        let settings = worker_file::without_secrets(&cluster.object.spec);
        std::fs::write(&path, properties::render(&settings))?;
        command.arg("--worker").arg(path);
    }
    for (number, (_, settings)) in connectors.iter().enumerate() {
        let path = folder.path().join(format!("{number}.properties"));
        std::fs::write(&path, properties::render(settings))?;
        command.arg(path);
    }
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = output.map_err(|error| {
        let program = program.display();
        Error::NoWorker(format!(
            "{program} cannot be started ({error}); name it with --worker-binary"
        ))
    })?;
    serde_json::from_slice(&output.stdout)
        .map_err(|_| Error::NoWorker(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

fn take(
    connector: &Located<KafkaConnector>,
    answer: &CheckedFile,
    has_image: bool,
    findings: &mut Findings,
) {
    if let Some(error) = &answer.error {
        // Such an image may have plugins of its own.
        let severity = if has_image { Severity::Warning } else { Severity::Error };
        // Without its end, a list of all plugins.
        let error = error.lines().next().unwrap_or_default();
        findings.add(connector.find(severity, "spec.class", error));
    }
    for error in &answer.errors {
        findings.add(connector.find(Severity::Error, &field(&error.key), &*error.message));
    }
    for warning in &answer.warnings {
        findings.add(connector.find(Severity::Warning, &field(&warning.key), &*warning.message));
    }
    for key in &answer.unknown {
        let message = "is known to neither Kafka Connect nor the connector";
        findings.add(connector.find(Severity::Warning, &field(key), message));
    }
}

/// The field that a key comes from.
fn field(key: &str) -> String {
    match key {
        "name" => "spec.name".to_owned(),
        "connector.class" => "spec.class".to_owned(),
        "tasks.max" => "spec.tasksMax".to_owned(),
        "connector.plugin.version" => "spec.version".to_owned(),
        key => format!("spec.config[{key}]"),
    }
}

#[cfg(test)]
mod tests {
    use sluice_rest_model::KeyError;

    use super::*;
    use crate::cli::files::Source;

    #[test]
    fn a_worker_s_answer_becomes_findings_of_fields() {
        let text = "apiVersion: sluice.dev/v1alpha1
kind: KafkaConnector
metadata: {name: lines, labels: {sluice.dev/cluster: c}}
spec:
  class: X
  tasksMax: 1
  config: {a: 1, flie: /x}
";
        let source = Source { name: "a.yaml".to_owned(), text: text.to_owned() };
        let (mut admitted, mut findings) = (Admitted::default(), Findings::default());
        super::super::take(&source, &mut admitted, &mut findings);
        let error = |key: &str| KeyError { key: key.to_owned(), message: "is wrong".to_owned() };
        let keys = CheckedFile {
            errors: vec![error("tasks.max"), error("a")],
            unknown: vec!["flie".to_owned()],
            ..CheckedFile::default()
        };
        let unknown = CheckedFile { error: Some("no X\nthere are".to_owned()), ..keys.clone() };
        take(&admitted.connectors[0], &keys, false, &mut findings);
        for has_image in [false, true] {
            let answer = CheckedFile { errors: vec![], unknown: vec![], ..unknown.clone() };
            take(&admitted.connectors[0], &answer, has_image, &mut findings);
        }
        let lines: Vec<String> = findings.text().lines().map(str::to_owned).collect();
        assert_eq!(
            lines,
            [
                "a.yaml:6: error: KafkaConnector lines: spec.tasksMax: is wrong",
                "a.yaml:7: error: KafkaConnector lines: spec.config[a]: is wrong",
                "a.yaml:7: warning: KafkaConnector lines: spec.config[flie]: is known to neither Kafka Connect nor the connector",
                "a.yaml:5: error: KafkaConnector lines: spec.class: no X",
                "a.yaml:5: warning: KafkaConnector lines: spec.class: no X",
                "1 resource: 3 errors, 2 warnings",
            ]
        );
    }
}
