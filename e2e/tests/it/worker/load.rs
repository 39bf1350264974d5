//! Lines that keep coming while something happens to the workers.

use anyhow::Result;
use sluice_kit::wait;

use super::pipeline::{PATIENCE, Pipeline};

/// Lines that always wait to be read, and lines that come out between two steps of a test.
pub(super) const BACKLOG: usize = 20_000;

/// Keeps lines coming as fast as they come out, until dropped.
pub(super) async fn keep_busy(pipeline: &Pipeline, written: &mut usize) -> Result<()> {
    loop {
        pipeline.append(*written..*written + BACKLOG)?;
        *written += BACKLOG;
        let wanted = written.saturating_sub(BACKLOG);
        wait::until(PATIENCE, "lines to come out", async || pipeline.came_out() >= wanted).await?;
    }
}
