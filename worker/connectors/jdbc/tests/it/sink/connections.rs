//! Connections that end while rows are written cost time, and no row.

use sluice_jdbc::{ConfluentJdbcSink, Dialect};
use sluice_plugin::Kind;
use tokio::sync::watch;

use super::{
    UPSERT, open,
    records::{At as _, int, record, row, text},
};
use crate::bed::Bed;

#[tokio::test]
async fn connections_that_end_in_the_middle_of_a_batch_cost_no_row() {
    for bed in Bed::all().await {
        if bed.dialect == Dialect::Sqlite {
            // It has no connection to lose.
            continue;
        }
        let settings = bed.settings(
            &[&UPSERT[..], &[("retry.backoff.ms", "1"), ("max.retries", "1000")]].concat(),
        );
        let mut task = open(&ConfluentJdbcSink, &settings).await;
        let (attempts, mut ended) = watch::channel(0);
        let mut failures = 0;
        let write = async {
            // The other side ends with it.
            let attempts = attempts;
            for batch in 0..12 {
                let one = |id: i64| record(int(id), row(&[("a", text(&"x".repeat(100)))])).at(id);
                let records: Vec<_> = (batch * 300..(batch + 1) * 300).map(one).collect();
                while let Err(error) = task.put(&records).await {
                    assert_eq!(error.kind(), Kind::Retriable, "{}: {error}", bed.dialect);
                    failures += 1;
                    attempts.send_modify(|it| *it += 1);
                }
                attempts.send_modify(|it| *it += 1);
            }
        };
        let cut = async {
            let mut next = 0;
            // Each second attempt is left alone.
            while let Ok(attempt) = ended.wait_for(|it| *it >= next).await.map(|it| *it) {
                next = attempt + 2;
                bed.cut().await;
            }
        };
        tokio::join!(write, cut);
        assert!(failures > 0, "{}: nothing was cut", bed.dialect);
        assert_eq!(
            bed.told("SELECT count(*), count(DISTINCT id) FROM orders").await,
            "3600 3600",
            "{}",
            bed.dialect
        );
    }
}

#[tokio::test]
async fn a_database_that_stays_away_fails_the_task_once_the_retries_are_spent() {
    for bed in Bed::all().await {
        let settings = bed
            .settings(&[&UPSERT[..], &[("max.retries", "2"), ("retry.backoff.ms", "1")]].concat());
        let mut task = open(&ConfluentJdbcSink, &settings).await;
        let one = || [record(int(1), row(&[("a", text("x"))]))];
        task.put(&one()).await.expect("a row");
        let lock = bed.lock("orders").await;
        let mut kinds = Vec::new();
        for _ in 0..3 {
            kinds.push(task.put(&one()).await.expect_err("a lock"));
        }
        assert_eq!(
            kinds.iter().map(sluice_plugin::Error::kind).collect::<Vec<_>>(),
            [Kind::Retriable, Kind::Retriable, Kind::Fatal],
            "{kinds:?}"
        );
        assert!(kinds[2].to_string().contains("given up after 3 attempts"), "{}", kinds[2]);
        drop(lock);
        task.put(&one()).await.expect("the lock is gone");
    }
}
