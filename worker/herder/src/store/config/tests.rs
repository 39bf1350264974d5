//! What the records of the config topic mean, one behaviour each.

use super::*;

fn properties(pairs: &[(&str, &str)]) -> Properties {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// Replays records given as key and JSON (`null` deletes); returns the configuration and the changes.
fn replay(records: &[(&str, &str)]) -> (ClusterConfig, Vec<Change>) {
    let mut config = ClusterConfig::default();
    let mut changes = Vec::new();
    for (offset, (key, value)) in records.iter().enumerate() {
        let value = (*value != "null").then_some(value.as_bytes());
        changes.extend(config.apply(offset as i64, key.as_bytes(), value));
    }
    (config, changes)
}

const ORDERS: (&str, &str) = ("connector-orders", r#"{"properties":{"topic":"t"}}"#);
const TASK_0: (&str, &str) = ("task-orders-0", r#"{"properties":{"n":"0"}}"#);
const TASK_1: (&str, &str) = ("task-orders-1", r#"{"properties":{"n":"1"}}"#);

#[test]
fn tasks_are_live_only_once_committed() {
    let (config, changes) = replay(&[ORDERS, TASK_0, TASK_1]);
    assert!(config.all_tasks().is_empty());
    assert_eq!(changes, [Change::Added("orders".into())]);

    let (config, changes) = replay(&[ORDERS, TASK_0, TASK_1, ("commit-orders", r#"{"tasks":2}"#)]);
    assert_eq!(config.task_ids("orders").len(), 2);
    assert_eq!(changes.last(), Some(&Change::Tasks("orders".into())));
    assert_eq!(config.offset(), 4);
}

#[test]
fn a_commit_whose_tasks_were_compacted_away_runs_nothing() {
    let (config, changes) = replay(&[ORDERS, TASK_1, ("commit-orders", r#"{"tasks":2}"#)]);
    assert!(config.connector("orders").is_some_and(ConnectorEntry::is_inconsistent));
    assert!(config.all_tasks().is_empty());
    assert_eq!(changes.len(), 1);
}

#[test]
fn what_compaction_leaves_of_earlier_sets_does_not_count() {
    let commit = ("commit-orders", r#"{"tasks":1}"#);
    for (records, live) in [
        // Two tasks, then one: the second task's record stays.
        (&[ORDERS, TASK_1, TASK_0, commit][..], 1),
        // A connector was deleted with its tasks, and made again.
        (&[TASK_0, commit, ORDERS], 0),
        (&[TASK_0, commit, ORDERS, commit], 0),
        (&[TASK_1, commit, ORDERS, TASK_0, commit], 1),
    ] {
        let (config, _) = replay(records);
        assert_eq!(config.task_ids("orders").len(), live, "{records:?}");
    }
}

#[test]
fn a_smaller_set_replaces_a_larger_one() {
    let (config, _) = replay(&[
        ORDERS,
        TASK_0,
        TASK_1,
        ("commit-orders", r#"{"tasks":2}"#),
        TASK_0,
        ("commit-orders", r#"{"tasks":1}"#),
    ]);
    assert_eq!(config.task_ids("orders").len(), 1);
    assert!(
        config.connector("orders").is_some_and(|it| it.has_applied(&[properties(&[("n", "0")])]))
    );
}

#[test]
fn a_new_connector_configuration_makes_the_applied_one_stale() {
    let (config, changes) = replay(&[
        ORDERS,
        TASK_0,
        ("commit-orders", r#"{"tasks":1}"#),
        ("connector-orders", r#"{"properties":{"topic":"u"}}"#),
    ]);
    assert!(
        config.connector("orders").is_some_and(|it| !it.has_applied(&[properties(&[("n", "0")])]))
    );
    assert_eq!(changes.last(), Some(&Change::Reconfigured("orders".into())));
}

#[test]
fn a_removed_connector_leaves_nothing_behind() {
    let (config, changes) = replay(&[
        ORDERS,
        ("target-state-orders", r#"{"state":"PAUSED","state.v2":"STOPPED"}"#),
        TASK_0,
        ("commit-orders", r#"{"tasks":1}"#),
        ("connector-orders", "null"),
        ("target-state-orders", "null"),
        ORDERS,
    ]);
    assert_eq!(config.connector("orders").map(|it| it.target), Some(TargetState::Started));
    assert!(config.all_tasks().is_empty());
    assert!(changes.contains(&Change::Removed("orders".into())));
}

#[test]
fn target_states_of_both_generations_are_read() {
    for (value, expected) in [
        (r#"{"state":"PAUSED"}"#, TargetState::Paused),
        (r#"{"state":"PAUSED","state.v2":"STOPPED"}"#, TargetState::Stopped),
        (r#"{"state":"STARTED","state.v2":"STARTED"}"#, TargetState::Started),
    ] {
        let (config, _) = replay(&[("target-state-orders", value), ORDERS]);
        assert_eq!(config.connector("orders").map(|it| it.target), Some(expected), "{value}");
    }
}

#[test]
fn flags_of_restarts_that_are_none_count_as_not_set() {
    for (value, include_tasks, only_failed) in [
        (r#"{"include-tasks":true,"only-failed":true}"#, true, true),
        (r#"{"include-tasks":true,"only-failed":"yes"}"#, true, false),
        (r#"{"include-tasks":1,"only-failed":true}"#, false, true),
        ("{}", false, false),
    ] {
        let (_, changes) = replay(&[("restart-connector-orders", value)]);
        let request = RestartRequest { connector: "orders".into(), include_tasks, only_failed };
        assert_eq!(changes, [Change::Restart(request)], "{value}");
    }
    let (_, changes) = replay(&[("restart-connector-orders", "1")]);
    assert!(changes.is_empty());
}

#[test]
fn foreign_and_broken_records_are_skipped() {
    let (config, changes) = replay(&[
        ("something-else", "{}"),
        ("connector-orders", "[]"),
        ("task-nonumber", r#"{"properties":{}}"#),
        ("commit-unknown", r#"{"tasks":1}"#),
        ("tasks-fencing-orders", r#"{"task-count":1}"#),
        ("logger-cluster-a.b", r#"{"level":null}"#),
        ("logger-cluster-a.b", "null"),
        ("session-key", r#"{"key":"?","algorithm":"HmacSHA256","creation-timestamp":1}"#),
    ]);
    assert_eq!(config.connectors().count(), 0);
    assert!(changes.is_empty());
}

#[test]
fn what_we_write_is_what_java_reads() {
    let config = properties(&[("b", "2"), ("a", "1")]);
    let mut records = encode::connector("x", &config, Some(TargetState::Stopped));
    records.extend(encode::tasks("x", std::slice::from_ref(&config)));
    records.push(encode::restart(&RestartRequest {
        connector: "x".into(),
        include_tasks: true,
        only_failed: false,
    }));
    records.push(encode::session_key(&SessionKey {
        key: vec![1, 2],
        algorithm: "HmacSHA256".into(),
        created: 7,
    }));
    let change = LoggerChange { namespace: "a.b".into(), level: "debug".into() };
    records.push(encode::logger(&change));
    records.extend(encode::removal("x"));
    let expected = [
        ("target-state-x", Some(r#"{"state":"PAUSED","state.v2":"STOPPED"}"#)),
        ("connector-x", Some(r#"{"properties":{"a":"1","b":"2"}}"#)),
        ("task-x-0", Some(r#"{"properties":{"a":"1","b":"2"}}"#)),
        ("commit-x", Some(r#"{"tasks":1}"#)),
        ("restart-connector-x", Some(r#"{"include-tasks":true,"only-failed":false}"#)),
        ("session-key", Some(r#"{"key":"AQI=","algorithm":"HmacSHA256","creation-timestamp":7}"#)),
        ("logger-cluster-a.b", Some(r#"{"level":"debug"}"#)),
        ("connector-x", None),
        ("target-state-x", None),
    ];
    let actual: Vec<_> =
        records.iter().map(|(key, value)| (key.as_str(), value.as_deref())).collect();
    assert_eq!(actual, expected);
}

#[test]
fn task_counts_and_generations_outlive_their_connector() {
    let mut config = ClusterConfig::default();
    let mut offset = 0;
    let mut put = |config: &mut ClusterConfig, records: Vec<(String, Option<String>)>| {
        for (key, value) in records {
            let value = value.map(String::into_bytes);
            config.apply(offset, key.as_bytes(), value.as_deref());
            offset += 1;
        }
    };
    let empty = Properties::new();
    put(&mut config, encode::connector("a", &empty, None));
    assert_eq!((config.task_generation("a"), config.fencing_need("a")), (0, FencingNeed::Nothing));
    put(&mut config, encode::tasks("a", &[empty.clone(), empty.clone()]));
    assert_eq!((config.task_generation("a"), config.fencing_need("a")), (1, FencingNeed::Record));
    put(&mut config, vec![encode::task_count("a", 2)]);
    assert_eq!(config.fencing_need("a"), FencingNeed::Nothing);
    put(&mut config, encode::removal("a"));
    put(&mut config, encode::connector("a", &empty, None));
    put(&mut config, encode::tasks("a", std::slice::from_ref(&empty)));
    assert_eq!((config.task_generation("a"), config.fencing_need("a")), (2, FencingNeed::Fence(2)));
    // As Java writes it.
    assert_eq!(config.apply(99, b"tasks-fencing-a", Some(br#"{"task-count":1}"#)), None);
    put(&mut config, encode::tasks("a", std::slice::from_ref(&empty)));
    assert_eq!(config.fencing_need("a"), FencingNeed::Record);
}

#[test]
fn the_leader_alone_writes_all_but_target_states_and_levels() {
    let change = LoggerChange { namespace: "n".to_owned(), level: "INFO".to_owned() };
    for (records, expected) in [
        (vec![encode::target("a", TargetState::Paused)], false),
        (vec![encode::logger(&change)], false),
        (encode::connector("a", &Properties::new(), Some(TargetState::Stopped)), true),
        (encode::removal("a"), true),
        (encode::tasks("a", &[]), true),
        (vec![encode::task_count("a", 1)], true),
    ] {
        assert_eq!(encode::are_for_leaders(&records), expected, "{records:?}");
    }
}
