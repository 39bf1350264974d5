//! The table of tables that were read.

use crate::{
    table::Table,
    tables::{COLUMNS, Read},
};

const HOW: &str = "\
`JdbcSourceConnector` with one task reads a table of PostgreSQL once, as JSON without a schema, into a topic of one partition: rows
from the first to the last record in the topic, which must have as many records as the table has rows. A new worker each; one run
a row: no spread is known. Kafka Connect has no such connector that may be shipped or measured here; *without a worker* is `psql` with
`COPY` from the larger table to a file.";

/// Its tables.
pub(crate) fn body(bare: f64, all: &[Read]) -> String {
    let mut table = Table::new(&[
        "mode",
        "rows",
        "rows a second",
        "worker CPU per row",
        "resident before",
        "mean",
        "peak",
    ]);
    let mib = |kib: f64| format!("{:.1} MiB", kib / 1024.0);
    for one in all {
        table.row(&[
            one.mode.to_owned(),
            one.rows.to_string(),
            format!("{:.2} M", one.cost.rate() / 1e6),
            format!("{:.3} µs", one.cost.worker),
            mib(one.before as f64),
            mib(one.mean),
            mib(one.peak as f64),
        ]);
    }
    format!(
        "{HOW} The table has {COLUMNS} columns.\n\n{}\nWithout a worker: {:.2} M rows a second.\n",
        table.finish(),
        bare / 1e6
    )
}
