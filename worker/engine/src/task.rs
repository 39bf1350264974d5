//! What the herder names when it talks to the engine: tasks, what they shall do, what has become of them.

use std::{fmt, sync::Arc};

/// One task of a connector.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId {
    /// Name of the connector.
    pub connector: String,
    /// Number of the task, from 0.
    pub task: i32,
}

impl TaskId {
    /// Names a task.
    pub fn new(connector: impl Into<String>, task: i32) -> Self {
        Self { connector: connector.into(), task }
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}", self.connector, self.task)
    }
}

/// What the tasks of a connector shall do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetState {
    /// Move records.
    Running,
    /// Keep their place, move nothing.
    Paused,
    /// Not exist: the herder takes them away, until then they do as if paused.
    Stopped,
}

/// What has become of a task. Events of one task come in order; none comes after the task was left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskEvent {
    /// What it works with is made: converters, transforms, reporters. Its own start follows, unless it is paused.
    Built(TaskId),
    /// It moves records.
    Running(TaskId),
    /// It keeps its place.
    Paused(TaskId),
    /// It ended by itself, with the trace that the status shows.
    Failed(TaskId, String),
    /// It ended as it was told to.
    Stopped(TaskId),
    /// It has read from this topic, or written to it, and this was not told since the connector's topics were forgotten.
    ActiveTopic(TaskId, Arc<str>),
}
