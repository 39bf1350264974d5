//! Manifests, right and wrong, and what is found in them.

use serde_json::Value;

use super::*;

const CLUSTER: &str = "apiVersion: sluice.dev/v1alpha1
kind: KafkaConnect
metadata:
  name: my-connect
spec:
  bootstrapServers: kafka:9092
  groupId: my-connect
  configStorageTopic: c
  statusStorageTopic: s
  offsetStorageTopic: o
";

const CONNECTOR: &str = "apiVersion: sluice.dev/v1alpha1
kind: KafkaConnector
metadata:
  name: lines
  labels:
    sluice.dev/cluster: my-connect
spec:
  class: FileStreamSource
";

const OPERATION: &str = "apiVersion: sluice.dev/v1alpha1
kind: KafkaConnectorOffsets
metadata: {name: back}
spec:
  connector: lines
  operation: Alter
";

fn lint(text: &str) -> Findings {
    let source = files::Source { name: "a.yaml".to_owned(), text: text.to_owned() };
    let (mut admitted, mut findings) = (Admitted::default(), Findings::default());
    take(&source, &mut admitted, &mut findings);
    checks::all(&admitted, &mut findings);
    findings.sort();
    findings
}

#[test]
fn manifests_that_are_right_have_no_findings() {
    let findings = lint(&format!("{CLUSTER}---\n{CONNECTOR}  config: {{file: /x, a: 1}}\n"));
    assert_eq!(findings.text(), "2 resources: nothing wrong\n");
    assert!(!findings.has_errors());
}

#[test]
fn what_is_wrong_is_told_with_file_line_resource_and_field() {
    let both =
        |cluster: &str, connector: &str| format!("{CLUSTER}{cluster}---\n{CONNECTOR}{connector}");
    let table = [
        (
            both("  replica: 2\n", ""),
            "a.yaml:11: error: KafkaConnect my-connect: spec.replica: unknown field",
        ),
        (
            both("  config:\n    a: 1\n    group.id: x\n", ""),
            "a.yaml:13: warning: KafkaConnect my-connect: spec.config[group.id]: is not taken from here: set spec.groupId",
        ),
        (
            both("", "  config:\n    tasks.max: 2\n"),
            "a.yaml:21: error: KafkaConnector lines: spec.config[tasks.max]: is not taken from here: set spec.tasksMax instead",
        ),
        (
            both("", "  config:\n    a: {b: 1}\n"),
            "a.yaml:21: error: KafkaConnector lines: spec.config[a]: is a map; write keys with dots instead",
        ),
        (
            both("", "  config:\n    a: on\n"),
            "a.yaml:21: error: plain `on` is read as a boolean by kubectl and as text here: write \"on\" or true",
        ),
        (
            format!("{CLUSTER}---\n{CLUSTER}"),
            "a.yaml:15: error: KafkaConnect my-connect: metadata.name: is there already, in a.yaml:1",
        ),
        (
            format!("{CLUSTER}---\n{}", CLUSTER.replace("name: my-connect", "name: other")),
            "a.yaml:18: error: KafkaConnect other: spec.groupId: my-connect is that of KafkaConnect my-connect on the same Kafka too",
        ),
        (
            both("", "").replace("cluster: my-connect", "cluster: other"),
            "a.yaml:17: warning: KafkaConnector lines: metadata.labels[sluice.dev/cluster]: no KafkaConnect other among these manifests",
        ),
        (
            CONNECTOR.replace("    sluice.dev/cluster: my-connect\n", "    a: b\n"),
            "a.yaml:5: error: KafkaConnector lines: metadata.labels: nothing says which cluster",
        ),
        (
            CLUSTER.replace("name: my-connect", "name: 1x"),
            "a.yaml:4: error: KafkaConnect 1x: metadata.name: must start with a letter",
        ),
        (
            OPERATION.to_owned(),
            "a.yaml:4: error: KafkaConnectorOffsets back: spec: operation Alter needs alter, and no other may have it",
        ),
        (
            CONNECTOR.replace("v1alpha1", "v1"),
            "a.yaml:1: error: KafkaConnector lines: apiVersion: is sluice.dev/v1alpha1 only",
        ),
        (
            CONNECTOR.replace("KafkaConnector", "KafkaConector"),
            "a.yaml:2: error: KafkaConector lines: kind: no such kind in this group",
        ),
    ];
    for (text, expected) in table {
        let told = lint(&text).text();
        assert!(told.lines().any(|line| line.starts_with(expected)), "{expected}\nin {told}");
    }
}

#[test]
fn programs_get_the_same_as_json() {
    let text = format!("{CLUSTER}  replica: 2\n---\nkind: Namespace\nmetadata: {{name: shop}}\n");
    let report: Value = serde_json::from_str(&lint(&text).json()).unwrap();
    assert_eq!((&report["errors"], &report["resources"]), (&Value::from(1), &Value::from(1)));
    let finding = &report["findings"][0];
    assert_eq!(
        (&finding["severity"], &finding["line"], &finding["field"]),
        (&Value::from("error"), &Value::from(11), &Value::from("spec.replica"))
    );
    assert_eq!(report["findings"][1]["message"], "Namespace shop is not looked at");
}
