//! Tables of what the StatefulSet and the workers say and what becomes of it.

use serde_json::json;

use super::*;

fn cluster() -> KafkaConnect {
    serde_json::from_value(json!({
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "KafkaConnect",
        "metadata": {"name": "a", "namespace": "n", "generation": 4},
        "spec": {
            "bootstrapServers": "k:9092",
            "groupId": "a",
            "configStorageTopic": "c",
            "statusStorageTopic": "s",
            "offsetStorageTopic": "o",
        }
    }))
    .unwrap()
}

/// A StatefulSet of generation 2 with these numbers.
fn applied(desired: i32, observed: i32, existing: i32, updated: i32, ready: i32) -> Applied {
    let stateful_set = serde_json::from_value(json!({
        "metadata": {"generation": 2},
        "spec": {"replicas": desired},
        "status": {
            "observedGeneration": observed,
            "replicas": existing,
            "updatedReplicas": updated,
            "readyReplicas": ready,
        },
    }));
    Applied { stateful_set: stateful_set.unwrap() }
}

fn server() -> ServerInfo {
    ServerInfo { version: "4.3.1".into(), commit: "x".into(), kafka_cluster_id: "id".into() }
}

fn answering() -> Seen {
    Seen { server: Some(Ok(server())), trouble: None }
}

fn words(status: &KafkaConnectStatus) -> Vec<String> {
    let word = |it: &k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition| {
        format!("{}={} {}", it.type_, it.status, it.reason)
    };
    status.conditions.iter().map(word).collect()
}

#[test]
fn ready_means_all_workers_of_the_last_revision_and_an_answer() {
    let table = [
        ([2, 2, 2, 2, 2], Some(true), "Ready=True AllWorkersReady"),
        ([2, 1, 2, 2, 2], Some(true), "Ready=False RollingOut"),
        ([2, 2, 2, 1, 2], Some(true), "Ready=False RollingOut"),
        ([2, 2, 3, 2, 2], Some(true), "Ready=False RollingOut"),
        ([2, 2, 2, 2, 1], Some(true), "Ready=False WorkersNotReady"),
        ([2, 2, 2, 2, 2], Some(false), "Ready=False WorkersUnreachable"),
        ([0, 2, 0, 0, 0], None, "Ready=True ScaledToZero"),
    ];
    for ([desired, observed, existing, updated, ready], answers, expected) in table {
        let applied = applied(desired, observed, existing, updated, ready);
        let server = answers.map(|answers| {
            let unreachable =
                connect_api::Error::Unreachable { url: "u".into(), cause: "refused".into() };
            if answers { Ok(server()) } else { Err(unreachable) }
        });
        let report = report(&cluster(), Ok(&applied), Seen { server, trouble: None });
        let status = report.into_status(&cluster());
        assert_eq!(words(&status)[0], expected);
        assert_eq!(status.observed_generation, Some(4));
        let reconciling = words(&status).iter().any(|it| it.starts_with("Reconciling=True"));
        assert_eq!(reconciling, expected.contains("False"), "{expected}");
    }
}

#[test]
fn a_ready_cluster_tells_where_it_answers_and_what_it_is() {
    let report = report(&cluster(), Ok(&applied(2, 2, 2, 2, 2)), answering());
    let status = report.into_status(&cluster());
    assert_eq!(status.url.as_deref(), Some("http://a-connect-api.n.svc:8083"));
    assert_eq!(status.workers.as_deref(), Some("2/2"));
    assert_eq!(status.version.as_deref(), Some("4.3.1"));
    assert_eq!(
        status.selector.as_deref(),
        Some("app.kubernetes.io/instance=a,app.kubernetes.io/name=kafka-connect")
    );
    // The same again changes nothing.
    let again = KafkaConnect { status: Some(status.clone()), ..cluster() };
    let repeated = super::report(&again, Ok(&applied(2, 2, 2, 2, 2)), answering());
    assert_eq!(repeated.into_status(&again), status);
}

#[test]
fn a_bad_spec_stalls_and_leaves_what_is_known_of_the_workers() {
    let running = report(&cluster(), Ok(&applied(2, 2, 2, 2, 2)), answering());
    let running = KafkaConnect { status: Some(running.into_status(&cluster())), ..cluster() };
    let error = Error::Validate(super::super::validate::Error::Field {
        field: "spec.x".into(),
        message: "is bad".into(),
    });
    let status = report(&running, Err(&error), Seen::default()).into_status(&running);
    assert_eq!(
        words(&status),
        [
            "Ready=False InvalidSpec",
            "Stalled=True InvalidSpec",
            "ConfigValid=False InvalidSpec",
            "WorkersReady=True AllWorkersReady",
            "GroupReachable=True Answers",
        ]
    );
    assert_eq!(status.workers.as_deref(), Some("2/2"));
    assert_eq!(status.conditions[0].message, "spec.x: is bad");
}

#[test]
fn what_the_pods_say_is_passed_on() {
    let trouble = Some("a-connect-1: ImagePullBackOff".to_owned());
    let seen = Seen { trouble, ..answering() };
    let report = report(&cluster(), Ok(&applied(2, 2, 2, 2, 1)), seen);
    let status = report.into_status(&cluster());
    assert_eq!(status.conditions[0].message, "1 of 2 workers ready; a-connect-1: ImagePullBackOff");
}
