//! Two workers that take turns: while one is measured, the other is frozen, as even an idle JVM takes some percent of a
//! core, which shows in the slowest records of whoever is measured beside it.

use anyhow::Result;
use sluice_kit::connect::ConnectWorker;

use crate::{
    process,
    workers::{self, Side},
};

/// Longer than a worker is ever frozen: it keeps its place in its group.
pub(crate) const SESSION: &str = "1500000";

/// Both workers, at most one of them running.
pub(crate) struct Duel {
    java: ConnectWorker,
    sluice: ConnectWorker,
    awake: Option<Side>,
}

impl Duel {
    /// Starts with both awake.
    pub(crate) const fn new(java: ConnectWorker, sluice: ConnectWorker) -> Self {
        Self { java, sluice, awake: None }
    }

    /// Freezes the other one, and returns this side's worker once it answers.
    pub(crate) async fn turn(&mut self, side: Side) -> Result<&ConnectWorker> {
        let (worker, other) = match side {
            Side::Java => (&self.java, &self.sluice),
            Side::Sluice => (&self.sluice, &self.java),
        };
        if self.awake != Some(side) {
            process::signal(other.process_id(), "STOP")?;
            process::signal(worker.process_id(), "CONT")?;
            self.awake = Some(side);
            workers::healthy(worker).await?;
        }
        Ok(worker)
    }

    /// Stops both.
    pub(crate) async fn stop(self) -> Result<()> {
        for worker in [self.java, self.sluice] {
            process::signal(worker.process_id(), "CONT")?;
            worker.stop().await?;
        }
        Ok(())
    }
}
