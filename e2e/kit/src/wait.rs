//! Waiting on conditions with a deadline: tests never sleep for a while and hope.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::time::{Instant, sleep};

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(25);

/// Waits until `condition` holds; fails after `deadline`, naming `what` did not come.
pub async fn until(
    deadline: Duration,
    what: &str,
    mut condition: impl AsyncFnMut() -> bool,
) -> Result<()> {
    let end = Instant::now() + deadline;
    while !condition().await {
        if Instant::now() >= end {
            bail!("waited {deadline:?} for {what}");
        }
        sleep(PAUSE).await;
    }
    Ok(())
}

/// Asks until the answer is no error, and returns it; fails after `deadline` with the last error.
pub async fn until_ok<T>(
    deadline: Duration,
    what: &str,
    mut probe: impl AsyncFnMut() -> Result<T>,
) -> Result<T> {
    let end = Instant::now() + deadline;
    loop {
        match probe().await {
            Ok(value) => return Ok(value),
            Err(error) if Instant::now() >= end => {
                return Err(error).with_context(|| format!("waited {deadline:?} for {what}"));
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}
