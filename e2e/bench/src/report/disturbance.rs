//! The table of disturbances.

use crate::{
    disturbance::Disturbance,
    statistics::{largest, median},
    table::Table,
};

const HOW: &str = "\
Two workers, nine paced sources of one task each, 200 records a second each, to topics of their own in which the broker stamps each
record when it comes. The times are the longest pause between two records of a task while the group comes to rest again after each act,
by the broker's stamps (`session.timeout.ms=10000` and `heartbeat.interval.ms=3000` on both sides; *delay* is
`scheduled.rebalance.max.delay.ms`). One run a row: no spread is known.";

/// A pause that counts as one, in milliseconds.
const NOTICED: f64 = 100.0;

/// Its tables.
pub(crate) fn body(all: &[Disturbance]) -> String {
    let mut table = Table::new(&[
        "act",
        "delay",
        "side",
        "tasks that moved",
        "their pause, median",
        "longest",
        "tasks that stayed",
        "paused for more than 100 ms",
        "longest pause of one that stayed",
    ]);
    let millis = |it: f64| if it.is_finite() { format!("{it:.0} ms") } else { "–".to_owned() };
    for one in all {
        let paused = one.stayed.iter().filter(|it| **it > NOTICED).count();
        table.row(&[
            one.act.name().to_owned(),
            format!("{} s", one.delay),
            one.side.to_string(),
            one.moved.len().to_string(),
            millis(if one.moved.is_empty() { f64::NAN } else { median(&one.moved) }),
            millis(if one.moved.is_empty() { f64::NAN } else { largest(&one.moved) }),
            one.stayed.len().to_string(),
            paused.to_string(),
            millis(if one.stayed.is_empty() { f64::NAN } else { largest(&one.stayed) }),
        ]);
    }
    format!("{HOW}\n\n{}", table.finish())
}
