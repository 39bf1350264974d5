//! What the worker's tasks make of it: how many there are, how their starts ended, and the same for each connector.

use std::{sync::Arc, time::Instant};

use super::{Attribute, Group, Startups, TaskState};

/// The worker as far as tasks make it.
pub(super) struct Worker {
    pub(super) tasks: usize,
    pub(super) startups: Arc<Startups>,
    pub(super) now: Instant,
}

/// Of the worker.
pub(super) const WORKER: Group<Worker> = Group {
    name: "connect-worker-metrics",
    tags: &[],
    attributes: &[
        Attribute::value("task-count", "Tasks that run or have failed on this worker.", |it| {
            it.tasks as f64
        }),
        Attribute::total("task-startup-attempts-total", "Starts of tasks.", |it| {
            it.startups.successes() + it.startups.failures()
        }),
        Attribute::total("task-startup-success-total", "Starts of tasks that succeeded.", |it| {
            it.startups.successes()
        }),
        Attribute::total("task-startup-failure-total", "Starts of tasks that failed.", |it| {
            it.startups.failures()
        }),
        Attribute::value(
            "task-startup-success-percentage",
            "Share of the starts of tasks of late that succeeded, from 0 to 1.",
            |it| it.startups.success_share(it.now),
        ),
        Attribute::value(
            "task-startup-failure-percentage",
            "Share of the starts of tasks of late that failed, from 0 to 1.",
            |it| it.startups.failure_share(it.now),
        ),
    ],
};

/// The states of a connector's tasks on this worker.
pub(super) const CONNECTOR: Group<Vec<TaskState>> = Group {
    name: "connect-worker-metrics",
    tags: &["connector"],
    attributes: &[
        Attribute::value("connector-total-task-count", "Tasks on this worker.", |it| {
            it.len() as f64
        }),
        Attribute::value("connector-running-task-count", "Tasks that run.", |it| {
            count(it, TaskState::Running)
        }),
        Attribute::value("connector-paused-task-count", "Tasks that are paused.", |it| {
            count(it, TaskState::Paused)
        }),
        Attribute::value("connector-failed-task-count", "Tasks that have failed.", |it| {
            count(it, TaskState::Failed)
        }),
        Attribute::value("connector-unassigned-task-count", "Tasks that are starting.", |it| {
            count(it, TaskState::Unassigned)
        }),
        Attribute::value("connector-destroyed-task-count", "Always 0.", |_| 0.0),
        Attribute::value("connector-restarting-task-count", "Always 0.", |_| 0.0),
    ],
};

fn count(states: &[TaskState], state: TaskState) -> f64 {
    states.iter().filter(|it| **it == state).count() as f64
}
