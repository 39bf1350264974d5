//! The groups of metrics that the control path has, and how they are read.

use std::{sync::Arc, time::Instant};

use sluice_engine::{Attribute, Group};
use sluice_rest_model::{ConnectorKind, State as RunState};

use super::{Now, Shared};
use crate::state::SeenConnector;

/// The worker as far as connectors make it.
pub(super) struct Worker {
    pub(super) connectors: usize,
    pub(super) shared: Arc<Shared>,
    pub(super) at: Instant,
}

/// The worker in its group.
pub(super) struct Rebalance {
    pub(super) now: Now,
    pub(super) shared: Arc<Shared>,
    pub(super) at: Instant,
}

/// Of each connector on this worker.
pub(super) const CONNECTOR: Group<SeenConnector> = Group {
    name: "connector-metrics",
    tags: &["connector"],
    attributes: &[
        Attribute::text("status", "State: unassigned, running, paused, stopped or failed.", |it| {
            state_name(it.state)
        }),
        Attribute::text("connector-type", "source or sink.", |it| kind_name(it.kind)),
        Attribute::text("connector-class", "Class of the connector.", |it| &it.class),
        Attribute::text("connector-version", "Its version.", |it| &it.version),
    ],
};

/// Of the worker; what tasks make of it the engine tells.
pub(super) const WORKER: Group<Worker> = Group {
    name: "connect-worker-metrics",
    tags: &[],
    attributes: &[
        Attribute::value("connector-count", "Connectors on this worker.", |it| {
            it.connectors as f64
        }),
        Attribute::total("connector-startup-attempts-total", "Starts of connectors.", |it| {
            it.shared.startups.successes() + it.shared.startups.failures()
        }),
        Attribute::total(
            "connector-startup-success-total",
            "Starts of connectors that succeeded.",
            |it| it.shared.startups.successes(),
        ),
        Attribute::total(
            "connector-startup-failure-total",
            "Starts of connectors that failed.",
            |it| it.shared.startups.failures(),
        ),
        Attribute::value(
            "connector-startup-success-percentage",
            "Share of the starts of connectors of late that succeeded, from 0 to 1.",
            |it| it.shared.startups.success_share(it.at),
        ),
        Attribute::value(
            "connector-startup-failure-percentage",
            "Share of the starts of connectors of late that failed, from 0 to 1.",
            |it| it.shared.startups.failure_share(it.at),
        ),
    ],
};

/// Of the worker in its group.
pub(super) const REBALANCE: Group<Rebalance> = Group {
    name: "connect-worker-rebalance-metrics",
    tags: &[],
    attributes: &[
        Attribute::text(
            "connect-protocol",
            "Protocol of the group: EAGER, COMPATIBLE or SESSIONED.",
            |it| &it.now.protocol,
        ),
        Attribute::text("leader-name", "URL of the worker that leads the group.", |it| {
            &it.now.leader
        }),
        Attribute::value("epoch", "Generation of the group as this worker knows it.", |it| {
            f64::from(it.now.epoch)
        }),
        Attribute::total(
            "completed-rebalances-total",
            "Assignments that this worker has brought into force.",
            |it| it.now.completed as f64,
        ),
        Attribute::value(
            "rebalancing",
            "1 while this worker joins its group or has yet to bring an assignment into force.",
            |it| f64::from(u8::from(it.now.is_rebalancing)),
        ),
        Attribute::value(
            "rebalance-max-time-ms",
            "Longest time of late between an assignment and its work being started.",
            |it| it.shared.rebalance_time.max(it.at),
        ),
        Attribute::value("rebalance-avg-time-ms", "Mean of that time.", |it| {
            it.shared.rebalance_time.mean(it.at)
        }),
        Attribute::value(
            "time-since-last-rebalance-ms",
            "Time since the latest assignment was in force; infinite if none was.",
            |it| {
                it.now.completed_at.map_or(f64::INFINITY, |then| {
                    it.at.saturating_duration_since(then).as_secs_f64() * 1e3
                })
            },
        ),
    ],
};

const fn state_name(state: RunState) -> &'static str {
    match state {
        RunState::Unassigned => "unassigned",
        RunState::Running => "running",
        RunState::Paused => "paused",
        RunState::Stopped => "stopped",
        RunState::Failed => "failed",
        RunState::Restarting => "restarting",
    }
}

const fn kind_name(kind: ConnectorKind) -> &'static str {
    match kind {
        ConnectorKind::Source => "source",
        ConnectorKind::Sink => "sink",
        ConnectorKind::Unknown => "unknown",
    }
}
