//! The key that requests between workers are signed with: made by the leader, replaced when it is old (KIP-507).

use std::time::Duration;

use super::{State, writes::PendingWrite};
use crate::event::{Effect, Timer};

impl State {
    /// The leader of a sessioned group keeps a key that is younger than its time to live.
    pub(super) fn rotate_session_key(&mut self) {
        if !self.membership.is_leader()
            || !self.membership.is_sessioned()
            || self.writes.is_key_timer_set
        {
            return;
        }
        let ttl = self.settings.key_ttl.as_millis() as i64;
        let age =
            self.config.session_key().map(|key| self.now_millis.saturating_sub(key.created).max(0));
        let rest = age.filter(|age| *age < ttl).map_or(ttl, |age| ttl - age);
        if rest == ttl {
            let id = self.writes.begin(PendingWrite::SessionKey);
            self.effects.push(Effect::NewSessionKey(id));
        }
        self.writes.is_key_timer_set = true;
        self.effects.push(Effect::After(Duration::from_millis(rest as u64), Timer::SessionKey));
    }

    pub(super) fn session_key_timer(&mut self) {
        self.writes.is_key_timer_set = false;
        self.rotate_session_key();
    }
}
