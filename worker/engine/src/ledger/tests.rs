//! The ledger against tables and against a model that recomputes everything.

use proptest::prelude::*;
use sluice_plugin::model::Value;

use super::*;

fn partition(name: &str) -> Arc<SourcePartition> {
    Arc::new(SourcePartition([("file".to_owned(), Value::from(name))].into()))
}

fn position(number: i64) -> SourceOffset {
    SourceOffset([("position".to_owned(), Value::from(number))].into())
}

#[test]
fn only_what_no_open_record_precedes_is_committable() {
    for (acknowledged, expected) in [
        (vec![], None),
        (vec![0], Some(0)),
        (vec![1], None),
        (vec![1, 2], None),
        (vec![1, 0], Some(1)),
        (vec![2, 0], Some(0)),
        (vec![0, 0, 0], Some(0)),
        (vec![2, 1, 0], Some(2)),
        (vec![99], None),
    ] {
        let mut ledger = Ledger::default();
        let file = partition("a");
        for number in 0..3 {
            assert_eq!(ledger.track(&file, position(number)), number as u64);
        }
        for number in &acknowledged {
            ledger.done(*number);
        }
        let expected: Vec<Committable> =
            expected.map(|it| (Arc::clone(&file), position(it))).into_iter().collect();
        assert_eq!(ledger.take_committable(), expected, "{acknowledged:?}");
        assert_eq!(ledger.take_committable(), vec![], "taken once: {acknowledged:?}");
    }
}

#[test]
fn source_partitions_do_not_wait_for_each_other() {
    let mut ledger = Ledger::default();
    let (slow, fast) = (partition("slow"), partition("fast"));
    ledger.track(&slow, position(1));
    let number = ledger.track(&fast, position(2));
    ledger.done(number);
    assert_eq!(ledger.take_committable(), vec![(fast, position(2))]);
}

#[test]
fn equal_partitions_are_one_however_often_they_are_made() {
    let mut ledger = Ledger::default();
    ledger.track(&partition("a"), position(1));
    let second = ledger.track(&partition("a"), position(2));
    ledger.done(second);
    assert_eq!(ledger.take_committable(), vec![]);
    ledger.done(0);
    assert_eq!(ledger.take_committable(), vec![(partition("a"), position(2))]);
}

#[derive(Debug, Clone)]
enum Step {
    Track(usize),
    Done(u64),
    Take,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..3usize).prop_map(Step::Track),
        3 => (0..40u64).prop_map(Step::Done),
        1 => Just(Step::Take),
    ];
    proptest::collection::vec(step, 0..80)
}

proptest! {
    #[test]
    fn the_ledger_agrees_with_a_plain_model(steps in steps()) {
        let names = [partition("a"), partition("b"), partition("c")];
        let mut ledger = Ledger::default();
        // Each record: its part and whether it is done; and for each part how many were taken.
        let mut sent: Vec<(usize, bool)> = Vec::new();
        let mut taken = [None; 3];
        for step in steps {
            match step {
                Step::Track(part) => {
                    ledger.track(&names[part], position(sent.len() as i64));
                    sent.push((part, false));
                }
                Step::Done(number) => {
                    ledger.done(number);
                    if let Some(record) = sent.get_mut(number as usize) {
                        record.1 = true;
                    }
                }
                Step::Take => {
                    let mut expected = Vec::new();
                    for (part, name) in names.iter().enumerate() {
                        let newest = sent.iter().enumerate().filter(|(_, it)| it.0 == part)
                            .take_while(|(_, it)| it.1).last().map(|(number, _)| number as i64);
                        if newest.is_some() && newest != taken[part] {
                            expected.push((Arc::clone(name), position(newest.unwrap_or_default())));
                            taken[part] = newest;
                        }
                    }
                    let mut found = ledger.take_committable();
                    found.sort_by_key(|(part, _)| json::canonical(&part.0));
                    prop_assert_eq!(found, expected);
                }
            }
        }
    }
}
