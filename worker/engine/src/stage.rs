//! The steps of a record's way that can fail, as dead letters and logs name them.

use std::sync::Arc;

use sluice_plugin::Kind;

/// A kind of step (`org.apache.kafka.connect.runtime.errors.Stage`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    KeyConverter,
    ValueConverter,
    HeaderConverter,
    Transformation,
    TaskPut,
    KafkaProduce,
}

impl Stage {
    /// The name that users know.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::KeyConverter => "KEY_CONVERTER",
            Self::ValueConverter => "VALUE_CONVERTER",
            Self::HeaderConverter => "HEADER_CONVERTER",
            Self::Transformation => "TRANSFORMATION",
            Self::TaskPut => "TASK_PUT",
            Self::KafkaProduce => "KAFKA_PRODUCE",
        }
    }

    /// Whether `errors.tolerance=all` covers an error here (`RetryWithToleranceOperator.TOLERABLE_EXCEPTIONS`).
    pub(crate) fn can_be_tolerated(self, kind: Kind) -> bool {
        match self {
            Self::KeyConverter
            | Self::ValueConverter
            | Self::HeaderConverter
            | Self::Transformation => true,
            Self::TaskPut | Self::KafkaProduce => kind == Kind::Retriable,
        }
    }
}

/// A step of one task: the kind, and the class that does it.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) stage: Stage,
    pub(crate) class: Arc<str>,
}

impl Step {
    pub(crate) fn new(stage: Stage, class: impl Into<Arc<str>>) -> Self {
        Self { stage, class: class.into() }
    }
}
