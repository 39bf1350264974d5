//! The table of many connectors.

use std::time::Duration;

use super::cells;
use crate::{
    density::Density,
    footprint::{IDLE, SETTLED},
    table::Table,
};

const HOW: &str = "\
One worker, and so many sinks (`FileStreamSink`, one task each, a consumer group each) of one topic that nobody writes to. Then the
worker is stopped, a record is written, and the worker is started again: the times are from exec to `/health` 200, to the record in the
first file, and to the record in the last one; files are looked at every 2 ms, once the worker is healthy. One run a row: no spread is
known. Four seconds after its start a worker of ours gives the pages of its code back, and those that run come again: *peak* has all of
them.";

/// Its tables.
pub(crate) fn body(all: &[Density]) -> String {
    let mut table = Table::new(&[
        "connectors",
        "side",
        "resident",
        "peak",
        "private",
        "idle CPU, % of a core",
        "threads",
        "healthy",
        "first record",
        "last first record",
    ]);
    let millis = |it: Duration| format!("{} ms", it.as_millis());
    for one in all {
        let head = [one.connectors.to_string(), one.side.to_string()];
        let rest =
            [one.threads.to_string(), millis(one.healthy), millis(one.first), millis(one.last)];
        table.row(&[&head[..], &cells(&one.idle), &rest].concat());
    }
    let settled = (SETTLED + IDLE).as_secs();
    format!(
        "{HOW} Memory and CPU are of {} s after {} s.\n\n{}",
        IDLE.as_secs(),
        settled - IDLE.as_secs(),
        table.finish()
    )
}
