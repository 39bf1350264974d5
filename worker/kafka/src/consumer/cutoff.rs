//! Takes a consumer away from an owner whose thread no longer answers.

use std::sync::Weak;

use super::{CLOSE_TIMEOUT, member::Shared};

/// Lets a consumer leave its group from any thread, whatever its owner does. Does nothing once the consumer is gone.
pub struct ConsumerCutoff(pub(super) Weak<Shared>);

impl ConsumerCutoff {
    /// Leaves the group, within 5 seconds. Nothing is committed, and nothing can be afterwards. Blocks.
    pub fn cut(&self) {
        let Some(shared) = self.0.upgrade() else { return };
        shared.close();
        shared.wait_for_end(CLOSE_TIMEOUT);
    }
}
