//! What the state machine needs to know of the worker file.

use std::time::Duration;

/// `exactly.once.source.support` (KIP-618).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExactlyOnce {
    /// Nobody has transactions.
    Disabled,
    /// Leaders do, so that all workers of the group can be told to enable them one by one.
    Preparing,
    /// Leaders and the tasks of sources do.
    Enabled,
}

impl ExactlyOnce {
    /// Whether the leader writes to the config topic in transactions.
    pub const fn has_transactional_leader(self) -> bool {
        !matches!(self, Self::Disabled)
    }

    /// Whether tasks of sources write in transactions.
    pub const fn is_enabled(self) -> bool {
        matches!(self, Self::Enabled)
    }
}

/// Settings of the control path's decisions.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `host:port` under which statuses name this worker.
    pub worker_id: String,
    /// Scheme of the workers' REST listeners: `http` or `https`.
    pub scheme: &'static str,
    /// Whether the worker is on its own, where nobody else has tasks to send (`StandaloneHerder`).
    pub is_alone: bool,
    /// How far sources deliver exactly once.
    pub exactly_once: ExactlyOnce,
    /// Age at which a session key is replaced (`inter.worker.key.ttl.ms`).
    pub key_ttl: Duration,
    /// Pause after a session key could not be written.
    pub key_retry: Duration,
    /// How long catching up with the config topic may take after a rebalance (`worker.sync.timeout.ms`).
    pub sync_timeout: Duration,
    /// Pause of a worker that could not catch up, in a group of the oldest protocol (`worker.unsync.backoff.ms`).
    pub unsync_backoff: Duration,
    /// How long lost work waits (`scheduled.rebalance.max.delay.ms`): in other groups, pauses are parts of it.
    pub rebalance_delay: Duration,
    /// How long a client waits for a plugin (`sluice.rest.plugin.timeout.ms`).
    pub plugin_timeout: Duration,
    /// Whether the topics of connectors are told (`topic.tracking.enable`).
    pub topic_tracking: bool,
    /// Whether they may be forgotten on request (`topic.tracking.allow.reset`).
    pub topic_tracking_reset: bool,
}

impl Settings {
    /// Base URL of the worker that statuses name so.
    pub fn url_of(&self, worker_id: &str) -> String {
        format!("{}://{worker_id}/", self.scheme)
    }
}
