//! Tables of what the StatefulSet and the workers say and what becomes of it.

use serde_json::json;
use sluice_crds::GroupState;
use sluice_rest_model::ServerInfo;

use super::super::apply::Applied;
use super::super::group::tests::group;
use super::super::look::Seen;
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

/// A StatefulSet of generation 2 with these numbers, and workers that answer or do not.
fn converged(
    [desired, observed, existing, updated, ready]: [i32; 5],
    answers: Option<bool>,
) -> Converged {
    let stateful_set = serde_json::from_value(json!({
        "metadata": {"generation": 2},
        "spec": {
            "replicas": desired,
            "selector": {},
            "serviceName": "a",
            "template": {"spec": {"containers": [{"name": "connect", "image": "worker:1"}]}},
        },
        "status": {
            "observedGeneration": observed,
            "replicas": existing,
            "updatedReplicas": updated,
            "readyReplicas": ready,
        },
    }));
    let answers = answers.map(|answers| {
        let unreachable =
            connect_api::Error::Unreachable { url: "u".into(), cause: "refused".into() };
        if answers { Ok(self::answers()) } else { Err(unreachable) }
    });
    Converged {
        applied: Applied {
            stateful_set: stateful_set.unwrap(),
            warnings: vec![],
            is_halfway: false,
        },
        seen: Seen { pods: vec![], answers },
        step: Step::Done,
        history: History::default(),
    }
}

fn answers() -> Answers {
    Answers {
        server: ServerInfo {
            version: "4.3.1".into(),
            commit: "x".into(),
            kafka_cluster_id: "id".into(),
        },
        group: group(&[("a", "RUNNING", &["RUNNING", "UNASSIGNED"])]),
        plugins: vec![],
        leader: Some("a-connect-0".into()),
    }
}

/// Two workers that are well.
fn well() -> Converged {
    converged([2, 2, 2, 2, 2], Some(true))
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
        ([0, 2, 0, 0, 0], None, "Ready=True Suspended"),
    ];
    for (numbers, answers, expected) in table {
        let report = report(&cluster(), Ok(&converged(numbers, answers)));
        let status = report.into_status(&cluster());
        assert_eq!(words(&status)[0], expected);
        assert_eq!(status.observed_generation, Some(4));
        let reconciling = words(&status).iter().any(|it| it.starts_with("Reconciling=True"));
        assert_eq!(reconciling, expected.contains("False"), "{expected}");
    }
}

#[test]
fn a_ready_cluster_tells_where_it_answers_and_what_it_is() {
    let report = report(&cluster(), Ok(&well()));
    let status = report.into_status(&cluster());
    assert_eq!(status.url.as_deref(), Some("http://a-connect-api.n.svc:8083"));
    assert_eq!(status.workers.as_deref(), Some("2/2"));
    assert_eq!(status.version.as_deref(), Some("4.3.1"));
    assert_eq!(status.image.as_deref(), Some("worker:1"));
    assert_eq!(status.connectors.as_deref(), Some("1/1"));
    assert_eq!(status.tasks.as_deref(), Some("1/2"));
    assert_eq!(status.group_state, Some(GroupState::Rebalancing));
    assert_eq!(status.leader.as_deref(), Some("a-connect-0"));
    assert_eq!(
        status.selector.as_deref(),
        Some("app.kubernetes.io/instance=a,app.kubernetes.io/name=kafka-connect")
    );
    // The same again changes nothing.
    let again = KafkaConnect { status: Some(status.clone()), ..cluster() };
    let repeated = super::report(&again, Ok(&well()));
    assert_eq!(repeated.into_status(&again), status);
}

#[test]
fn a_bad_spec_stalls_and_leaves_what_is_known_of_the_workers() {
    let running = report(&cluster(), Ok(&well()));
    let running = KafkaConnect { status: Some(running.into_status(&cluster())), ..cluster() };
    let error = Error::Validate(super::super::validate::Error::Field {
        field: "spec.x".into(),
        message: "is bad".into(),
    });
    let status = report(&running, Err(&error)).into_status(&running);
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
    let mut converged = converged([2, 2, 2, 2, 1], Some(true));
    let waiting = json!({"waiting": {"reason": "ImagePullBackOff"}});
    let pod = json!({"metadata": {"name": "a-connect-1"}, "status": {"containerStatuses": [{
        "name": "connect", "image": "i", "imageID": "", "ready": false, "restartCount": 0,
        "state": waiting,
    }]}});
    converged.seen.pods = vec![serde_json::from_value(pod).unwrap()];
    let status = report(&cluster(), Ok(&converged)).into_status(&cluster());
    assert_eq!(status.conditions[0].message, "1 of 2 workers ready; a-connect-1: ImagePullBackOff");
    assert_eq!(status.members[0].name, "a-connect-1");
}

#[test]
fn a_roll_says_what_it_waits_for_and_when_a_person_must_act() {
    let table = [
        (Step::Wait("w-1 is starting".into()), "Ready=False RollingOut", "Reconciling"),
        (Step::Resizing("w-1 is being resized".into()), "Ready=False RollingOut", "Reconciling"),
        (Step::Stuck("w-1: boom".into()), "Ready=False RolloutStuck", "Stalled"),
    ];
    for (step, expected, progress) in table {
        let why = match &step {
            Step::Wait(why) | Step::Resizing(why) | Step::Stuck(why) => why.clone(),
            _ => String::new(),
        };
        let status = report(&cluster(), Ok(&Converged { step, ..well() }));
        let status = status.into_status(&cluster());
        assert_eq!(words(&status)[0], expected);
        assert!(words(&status)[1].starts_with(progress), "{:?}", words(&status));
        assert!(status.conditions[0].message.contains(&why), "{}", status.conditions[0].message);
    }
}

#[test]
fn of_workers_that_do_not_answer_nothing_is_told_that_may_have_changed() {
    let known = report(&cluster(), Ok(&well())).into_status(&cluster());
    let known = KafkaConnect { status: Some(known), ..cluster() };
    let silent = report(&known, Ok(&converged([2, 2, 2, 2, 2], Some(false)))).into_status(&known);
    assert_eq!((silent.connectors, silent.tasks, silent.group_state), (None, None, None));
    assert_eq!(silent.version.as_deref(), Some("4.3.1"));
}

#[test]
fn what_has_no_effect_is_told_beside_a_ready_cluster() {
    let warnings = vec!["spec.a has no effect: x".to_owned(), "spec.b has no effect: y".to_owned()];
    let mut warned = well();
    warned.applied.warnings = warnings;
    let status = report(&cluster(), Ok(&warned)).into_status(&cluster());
    assert_eq!(words(&status)[0], "Ready=True AllWorkersReady");
    let warning = status.conditions.iter().find(|it| it.type_ == "Warning").unwrap();
    assert_eq!((warning.status.as_str(), warning.reason.as_str()), ("True", "PartlyIgnored"));
    assert_eq!(warning.message, "spec.a has no effect: x; spec.b has no effect: y");
    // It goes with its cause.
    let before = KafkaConnect { status: Some(status), ..cluster() };
    let fine = report(&before, Ok(&well())).into_status(&before);
    assert!(!words(&fine).iter().any(|it| it.starts_with("Warning")));
}
