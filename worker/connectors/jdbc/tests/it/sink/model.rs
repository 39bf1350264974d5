//! Any order of changes leaves the rows that carrying them out one by one would.

use std::collections::BTreeMap;

use sluice_jdbc::ConfluentJdbcSink;

use super::{
    UPSERT, open,
    records::{int, record, row, text, tombstone},
};
use crate::bed::Bed;

/// A generator of small numbers (Knuth's linear congruential one).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

#[tokio::test]
async fn any_order_of_changes_leaves_what_one_by_one_would() {
    for bed in Bed::all().await {
        let settings = [&UPSERT[..], &[("delete.enabled", "true"), ("batch.size", "7")]].concat();
        let mut task = open(&ConfluentJdbcSink, &bed.settings(&settings)).await;
        let mut numbers = Numbers(7);
        let mut expected: BTreeMap<i64, (String, String)> = BTreeMap::new();
        for _ in 0..10 {
            let mut batch = Vec::new();
            for _ in 0..40 {
                let key = numbers.below(12) as i64;
                let word = numbers.below(1000).to_string();
                let optional = || text(&word).some();
                match numbers.below(4) {
                    0 => {
                        expected.remove(&key);
                        batch.push(tombstone(int(key)));
                    }
                    1 => {
                        expected.entry(key).or_insert_with(none).0.clone_from(&word);
                        batch.push(record(int(key), row(&[("a", optional())])));
                    }
                    2 => {
                        expected.entry(key).or_insert_with(none).1.clone_from(&word);
                        batch.push(record(int(key), row(&[("b", optional())])));
                    }
                    _ => {
                        expected.insert(key, (word.clone(), word.clone()));
                        batch.push(record(int(key), row(&[("b", optional()), ("a", optional())])));
                    }
                }
            }
            task.put(&batch).await.expect("rows");
            let told = bed.told("SELECT id, a, b FROM orders ORDER BY id").await;
            let rows = expected.iter().map(|(key, (a, b))| format!("{key} {a} {b}"));
            assert_eq!(told, rows.collect::<Vec<_>>().join(", "), "{}", bed.dialect);
        }
    }
}

fn none() -> (String, String) {
    ("-".to_owned(), "-".to_owned())
}
