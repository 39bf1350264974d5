//! What the worker does for a request, in words for a client whose patience ends first (`Stage`).

use std::sync::{Arc, Mutex, PoisonError};

use crate::{instant, request::Error};

/// One thing that takes its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stage {
    doing: String,
    began_millis: i64,
    completed_millis: Option<i64>,
}

impl Stage {
    /// Something that begins at this point in time, named so that it follows "is currently".
    pub(crate) fn new(doing: impl Into<String>, began_millis: i64) -> Self {
        Self { doing: doing.into(), began_millis, completed_millis: None }
    }

    /// The same, over.
    pub(crate) fn completed(self, millis: i64) -> Self {
        Self { completed_millis: Some(millis), ..self }
    }

    /// The answer to a client that waits no longer (`HerderRequestHandler.completeRequest`).
    pub(crate) fn timed_out(&self) -> Error {
        Error::Internal(format!("Request timed out. {}", self.summary()))
    }

    fn summary(&self) -> String {
        let (doing, began) = (&self.doing, instant::text(self.began_millis));
        match self.completed_millis {
            None => format!("The worker is currently {doing}, which began at {began}."),
            Some(millis) => format!(
                "The last operation the worker completed was {doing}, which began at {began} and completed at {}.",
                instant::text(millis)
            ),
        }
    }
}

/// Where the newest stage is to be read by whoever waits. Clones are the same place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Board(Arc<Mutex<Option<Stage>>>);

impl Board {
    /// Something else is done now.
    pub(crate) fn enter(&self, stage: Stage) {
        *self.lock() = Some(stage);
    }

    /// What was being done is done, unless it was before.
    pub(crate) fn complete(&self, millis: i64) {
        let mut stage = self.lock();
        if let Some(current) = stage.take() {
            let is_over = current.completed_millis.is_some();
            *stage = Some(if is_over { current } else { current.completed(millis) });
        }
    }

    /// The newest stage, if there was one.
    pub(crate) fn newest(&self) -> Option<Stage> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Stage>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_java() {
        let stage = Stage::new("reading to the end of the config topic", 1_000);
        for (stage, told) in [
            (
                stage.clone(),
                "Request timed out. The worker is currently reading to the end of the config topic, which began at \
                 1970-01-01T00:00:01Z.",
            ),
            (
                stage.completed(2_500),
                "Request timed out. The last operation the worker completed was reading to the end of the config topic, \
                 which began at 1970-01-01T00:00:01Z and completed at 1970-01-01T00:00:02.500Z.",
            ),
        ] {
            assert_eq!(stage.timed_out(), Error::Internal(told.to_owned()));
        }
    }
}
