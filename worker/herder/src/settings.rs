//! What the state machine needs to know of the worker file.

use std::time::Duration;

/// Settings of the control path's decisions.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `host:port` under which statuses name this worker.
    pub worker_id: String,
    /// Scheme of the workers' REST listeners: `http` or `https`.
    pub scheme: &'static str,
    /// Whether the worker is on its own, where nobody else has tasks to send (`StandaloneHerder`).
    pub is_alone: bool,
    /// Age at which a session key is replaced (`inter.worker.key.ttl.ms`).
    pub key_ttl: Duration,
    /// Pause after a session key could not be written.
    pub key_retry: Duration,
    /// How long catching up with the config topic may take after a rebalance (`worker.sync.timeout.ms`).
    pub sync_timeout: Duration,
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
