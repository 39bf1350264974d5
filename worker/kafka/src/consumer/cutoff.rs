//! Takes a consumer away from an owner whose thread no longer answers.

use std::{
    sync::Weak,
    time::{Duration, Instant},
};

use super::{CLOSE_TIMEOUT, native::Handle};

/// Pause between two looks whether the consumer has left its group, which is not announced.
const LOOK: Duration = Duration::from_millis(10);

/// Lets a consumer leave its group from any thread, whatever its owner does. Does nothing once the consumer is gone.
pub struct ConsumerCutoff(pub(super) Weak<Handle>);

impl ConsumerCutoff {
    /// Leaves the group, within 5 seconds. Nothing is committed, and nothing can be afterwards. Blocks.
    pub fn cut(&self) {
        let Some(handle) = self.0.upgrade() else { return };
        if let Err(error) = handle.start_close() {
            tracing::warn!(%error, "a consumer that was left behind could not leave its group");
            return;
        }
        let deadline = Instant::now() + CLOSE_TIMEOUT;
        while handle.serve().is_ok() && !handle.is_closed() && Instant::now() < deadline {
            std::thread::park_timeout(LOOK);
        }
    }
}
