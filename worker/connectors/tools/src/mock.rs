//! Connectors that move nothing and fail when told to.

use std::time::Duration;

use async_trait::async_trait;
use sluice_plugin::{
    Error, Properties, Result, SinkConnector, SinkContext, SinkTask, SourceConnector,
    SourceContext, SourceTask, TopicOffsets, Watched,
    model::{SinkRecord, SourceRecord},
};
use tokio::time::{Instant, sleep_until};

use crate::settings::{Undefined, number};

/// Key that says what fails: `connector-failure`, `task-failure`, or nothing.
const MODE: &str = "mock_mode";
/// Key of the time from the start to the failure.
const DELAY: &str = "delay_ms";
const DEFAULT_DELAY: Duration = Duration::from_secs(15);
/// A sink without records is called this often, so that it fails in time.
const SINK_WAKES: Duration = Duration::from_millis(250);

/// `org.apache.kafka.connect.tools.MockSourceConnector`.
pub struct MockSource;

/// `org.apache.kafka.connect.tools.MockSinkConnector`.
pub struct MockSink;

/// How long after its start something fails; none if it does not.
fn delay_of(settings: &Properties, mode: &str) -> Result<Option<Duration>> {
    if settings.get(MODE).is_none_or(|it| it != mode) {
        return Ok(None);
    }
    if !settings.contains_key(DELAY) {
        return Ok(Some(DEFAULT_DELAY));
    }
    let millis: i64 = number(settings, DELAY)?;
    Ok(Some(Duration::from_millis(u64::try_from(millis).unwrap_or_default())))
}

/// When a task of these settings fails.
fn failure_of_task(settings: &Properties) -> Result<Option<Failure>> {
    let delay = delay_of(settings, "task-failure")?;
    Ok(delay.map(|delay| Failure { at: Instant::now().checked_add(delay), delay }))
}

struct Failure {
    /// None if it is too far away to name.
    at: Option<Instant>,
    delay: Duration,
}

impl Failure {
    fn is_due(&self) -> bool {
        self.at.is_some_and(|at| Instant::now() > at)
    }
}

/// What Java throws says nothing but this.
fn thrown() -> Error {
    Error::fatal("").named("java.lang.RuntimeException")
}

/// Ends as a connector of these settings ends.
async fn fail_as_connector(settings: &Properties) -> Result<Watched> {
    let Some(delay) = delay_of(settings, "connector-failure")? else {
        return Ok(Watched::Nothing);
    };
    tokio::time::sleep(delay).await;
    Err(thrown())
}

#[async_trait]
impl SourceConnector for MockSource {
    type Config = Undefined;
    const NAME: &'static str = "org.apache.kafka.connect.tools.MockSourceConnector";

    async fn split(
        &self,
        _: &Undefined,
        settings: &Properties,
        _: usize,
    ) -> Result<Vec<Properties>> {
        // Java's reads its delay when it starts.
        delay_of(settings, "connector-failure")?;
        Ok(vec![settings.clone()])
    }

    async fn watch(&self, _: Undefined, settings: &Properties) -> Result<Watched> {
        fail_as_connector(settings).await
    }

    async fn open(
        &self,
        _: Undefined,
        settings: &Properties,
        _: SourceContext,
    ) -> Result<Box<dyn SourceTask>> {
        Ok(Box::new(MockSourceTask { failure: failure_of_task(settings)? }))
    }
}

struct MockSourceTask {
    failure: Option<Failure>,
}

#[async_trait]
impl SourceTask for MockSourceTask {
    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        match self.failure.as_ref().and_then(|it| it.at) {
            Some(at) => sleep_until(at).await,
            None => std::future::pending().await,
        }
        Err(thrown())
    }
}

#[async_trait]
impl SinkConnector for MockSink {
    type Config = Undefined;
    const NAME: &'static str = "org.apache.kafka.connect.tools.MockSinkConnector";

    async fn split(
        &self,
        _: &Undefined,
        settings: &Properties,
        _: usize,
    ) -> Result<Vec<Properties>> {
        // Java's reads its delay when it starts.
        delay_of(settings, "connector-failure")?;
        Ok(vec![settings.clone()])
    }

    async fn watch(&self, _: Undefined, settings: &Properties) -> Result<Watched> {
        fail_as_connector(settings).await
    }

    async fn open(
        &self,
        _: Undefined,
        settings: &Properties,
        context: SinkContext,
    ) -> Result<Box<dyn SinkTask>> {
        let task = MockSinkTask { failure: failure_of_task(settings)?, context };
        task.wake_in_time();
        Ok(Box::new(task))
    }
}

struct MockSinkTask {
    failure: Option<Failure>,
    context: SinkContext,
}

impl MockSinkTask {
    fn wake_in_time(&self) {
        if let Some(failure) = &self.failure {
            self.context.timeout(failure.delay.min(SINK_WAKES));
        }
    }
}

#[async_trait]
impl SinkTask for MockSinkTask {
    async fn put(&mut self, _: &[SinkRecord]) -> Result<()> {
        if self.failure.as_ref().is_some_and(Failure::is_due) {
            return Err(thrown());
        }
        self.wake_in_time();
        Ok(())
    }

    async fn flush(&mut self, current: &TopicOffsets) -> Result<TopicOffsets> {
        Ok(current.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Properties {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn delays_are_read_as_java_reads_them() {
        let millis = |it| Ok(Some(Duration::from_millis(it)));
        for (pairs, expected) in [
            (&[][..], Ok(None)),
            (&[(MODE, "connector-failure"), (DELAY, "x")], Ok(None)),
            (&[(MODE, "task-failure")], millis(15_000)),
            (&[(MODE, "task-failure"), (DELAY, "20")], millis(20)),
            (&[(MODE, "task-failure"), (DELAY, "-5")], millis(0)),
            (&[(MODE, "task-failure"), (DELAY, "x")], Err("For input string: \"x\"".to_owned())),
        ] {
            let delay = delay_of(&settings(pairs), "task-failure");
            assert_eq!(delay.map_err(|it| it.to_string()), expected, "{pairs:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn tasks_fail_when_their_time_has_come() {
        let settings = settings(&[(MODE, "task-failure"), (DELAY, "1000")]);
        let context = SinkContext::new(std::sync::Arc::default(), None);
        let mut sink =
            SinkConnector::open(&MockSink, Undefined, &settings, context.clone()).await.unwrap();
        assert_eq!(context.wishes().timeout, Some(SINK_WAKES));
        sink.put(&[]).await.unwrap();
        tokio::time::advance(Duration::from_millis(1_001)).await;
        let error = sink.put(&[]).await.expect_err("its time has come");
        assert_eq!(
            (error.java_class(), error.to_string().as_str()),
            ("java.lang.RuntimeException", "")
        );

        let mut source = MockSourceTask { failure: failure_of_task(&settings).unwrap() };
        let started = Instant::now();
        assert_eq!(
            source.poll().await.expect_err("fails").java_class(),
            "java.lang.RuntimeException"
        );
        assert!(started.elapsed() >= Duration::from_secs(1));
    }
}
