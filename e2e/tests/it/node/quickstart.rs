//! What the README promises: a few manifests become moving records.

use std::collections::BTreeSet;

use anyhow::Result;
use sluice_kit::kubernetes::Node;

use super::lines::{self, Passed};
use super::stage::Stage;

/// About 100 MB.
const LINES: u64 = 1_000_000;

#[tokio::test]
async fn the_quickstart_copies_a_million_lines() -> Result<()> {
    sluice_kit::require!(Node::missing());
    let stage = Stage::set("quickstart").await?;
    lines::append(&stage.source(), 0..LINES)?;
    stage.apply_quickstart().await?;
    let mut pods = BTreeSet::new();
    for connector in ["lines-source", "lines-sink", "orders"] {
        pods.insert(stage.pod_of(connector).await?);
    }
    assert_eq!(pods.len(), 2, "two workers share the tasks: {pods:?}");
    stage.copied(LINES).await?;
    assert_eq!(lines::read(&stage.copy())?, Passed { count: LINES, ..Passed::default() });
    Ok(())
}
