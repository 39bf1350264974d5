//! The tables of an idle worker and an idle operator.

use std::fmt::Write as _;

use super::cells;
use crate::{
    footprint::{Footprint, IDLE, Idle, SETTLED},
    statistics::{largest, median},
    table::Table,
};

/// Its tables.
pub(crate) fn body(footprints: &[Footprint], operator: &Idle, sizes: &[(&str, u64)]) -> String {
    let mut text = format!(
        "Start-up is from exec to `/health` 200, on existing internal topics, with the broker's \
         `group.initial.rebalance.delay.ms=0`; memory is of a worker without connectors, and of the operator without \
         resources, after {} s.\n\n",
        (SETTLED + IDLE).as_secs()
    );
    let mut table = Table::new(&[
        "process",
        "start, median",
        "start, slowest",
        "runs",
        "resident",
        "peak",
        "private",
        "idle CPU, % of a core",
    ]);
    for Footprint { side, starts, idle } in footprints {
        let times = [format!("{:.0} ms", median(starts)), format!("{:.0} ms", largest(starts))];
        let [median, slowest] = times;
        let name = format!("{side} worker");
        table.row(&[&[name, median, slowest, starts.len().to_string()][..], &cells(idle)].concat());
    }
    let none = || "–".to_owned();
    let name = "Sluice operator".to_owned();
    table.row(&[&[name, none(), none(), none()][..], &cells(operator)].concat());
    text.push_str(&table.finish());
    for (program, bytes) in sizes {
        let _ = write!(text, "\n`{program}`, stripped: {:.1} MB.", *bytes as f64 / 1e6);
    }
    text.push('\n');
    text
}
