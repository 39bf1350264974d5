//! The table of many resources.

use std::time::Duration;

use crate::{
    scale::{Scale, Size},
    statistics::quantile,
    table::Table,
};

const HOW: &str = "\
The operator with its default settings on a real API server (etcd without fsync), with workers that are nothing but their REST
API, on the same machine as everything else. Requests are counted on the way to the API server; watches, the lists before them and
the Lease are not among them, nor are questions to the workers.";

/// Its tables.
pub(crate) fn body(scale: &Scale) -> String {
    let Scale { size, memory, .. } = scale;
    let Size { clusters, connectors, idle } = size;
    let each = |count: u64, of: usize| format!("{:.2}", count as f64 / of as f64);
    let seconds = |it: Duration| format!("{:.1} s", it.as_secs_f64());
    let mib = |kib: u64| format!("{:.1} MiB", kib as f64 / 1024.0);
    let mut table = Table::new(&["figure", "measured", "aim"]);
    table.row(&[
        format!("{clusters} clusters, from the first one's creation to all `Ready`"),
        seconds(scale.clusters_ready),
    ]);
    let created = format!(
        "{} (creating them took {})",
        seconds(scale.connectors_ready),
        seconds(scale.connectors_created)
    );
    table.row(&[format!("{connectors} connectors, the same"), created]);
    let of_connectors = each(scale.for_connectors.sum(), *connectors);
    table.row(&["requests for a connector until it is `Ready`", &of_connectors, "≤ 4"]);
    table.row(&[
        "requests for a cluster until it is `Ready`",
        &each(scale.for_clusters.sum(), *clusters),
    ]);
    let meanwhile = each(scale.for_clusters_meanwhile.sum(), *clusters);
    table.row(&["requests for a cluster while its connectors come", &meanwhile]);
    for (controller, bound) in scale.slowest {
        let bound = bound.map_or("more than 30 s".to_owned(), |it| format!("≤ {it} s"));
        table.row(&[format!("p99 of a {controller}'s reconcile, by histogram"), bound]);
    }
    let at = |part| quantile(&scale.failures, part).unwrap_or_default();
    let shown = format!(
        "{} median, {} slowest of {}",
        seconds(at(0.5)),
        seconds(at(1.0)),
        scale.failures.len()
    );
    table.row(&["a failed task shows in `Ready` after", &shown, "≤ 5 s"]);
    let minutes = format!("requests within {} s at rest", idle.as_secs());
    table.row(&[minutes, scale.idle.sum().to_string(), "0".to_owned()]);
    let held = format!("{}, peak {}", mib(memory.resident), mib(memory.peak));
    table.row(&["resident memory", &held, "≤ 64 MiB, 128 MiB at most"]);
    table.row(&[
        "a restart, until everything has been looked at",
        &seconds(scale.restart),
        "< 30 s",
    ]);
    format!("{HOW} One run: no spread is known.\n\n{}", table.finish())
}
