//! Topics are there before the first record goes to them (`AbstractWorkerSourceTask.maybeCreateTopic`).

use std::{collections::HashSet, sync::Arc, time::Duration};

use sluice_plugin::Properties;
use tokio::time::Instant;

use crate::{
    clients::{ClientSpec, Topics},
    creation::Creation,
    trace::Failure,
};

/// Pause after an attempt that may succeed later (`SEND_FAILED_BACKOFF_MS`).
const RETRY: Duration = Duration::from_millis(100);

/// Makes the topics of one task.
pub(super) struct TopicMaker {
    /// None if topics are left to the broker.
    creation: Option<(Creation, Arc<dyn Topics>)>,
    known: HashSet<Arc<str>>,
    /// The topic of the record before, which was ready: nearly always that of the next.
    last: Option<Arc<str>>,
    retry_at: Option<Instant>,
}

impl TopicMaker {
    /// Reads what the connector wants; `is_enabled` is the worker's `topic.creation.enable`.
    pub(super) fn parse(
        connector: &Properties,
        is_enabled: bool,
        clients: &ClientSpec<'_>,
    ) -> Result<Self, Failure> {
        let creation = if is_enabled { Creation::parse(connector)? } else { None };
        let creation = match creation {
            Some(creation) => Some((creation, clients.topics()?)),
            None => None,
        };
        Ok(Self { creation, known: HashSet::new(), last: None, retry_at: None })
    }

    /// Whether records may be sent to a topic now; else they may at [`Self::retry_at`].
    pub(super) async fn is_ready(&mut self, topic: &Arc<str>) -> Result<bool, Failure> {
        let Some((creation, topics)) = &self.creation else { return Ok(true) };
        if self.last.as_ref().is_some_and(|it| Arc::ptr_eq(it, topic)) {
            return Ok(true);
        }
        if self.known.contains(topic) {
            self.last = Some(Arc::clone(topic));
            return Ok(true);
        }
        if self.retry_at.is_some_and(|it| Instant::now() < it) {
            return Ok(false);
        }
        self.retry_at = None;
        if let Some(new) = creation.topic(topic)
            && !topics.ensure(new).await?
        {
            self.retry_at = Some(Instant::now() + RETRY);
            return Ok(false);
        }
        self.known.insert(Arc::clone(topic));
        Ok(true)
    }

    /// When to ask again for a topic that was not ready.
    pub(super) const fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use sluice_kafka::admin::NewTopic;

    use super::*;

    /// A cluster that is busy each second time; which topics it was asked for.
    #[derive(Default)]
    struct Busy(Mutex<Vec<String>>);

    #[async_trait]
    impl Topics for Busy {
        async fn names(&self) -> Result<Vec<String>, Failure> {
            Ok(Vec::new())
        }

        async fn create(&self, _: NewTopic) -> Result<(), Failure> {
            Ok(())
        }

        async fn ensure(&self, topic: NewTopic) -> Result<bool, Failure> {
            let mut asked = self.0.lock().expect("no panic");
            asked.push(topic.name);
            Ok(asked.len().is_multiple_of(2))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_topic_is_asked_for_until_it_is_there() {
        let both = [("partitions", "1"), ("replication.factor", "1")];
        let settings =
            both.map(|(key, it)| (format!("topic.creation.default.{key}"), it.to_owned())).into();
        let creation = Creation::parse(&settings).expect("valid").expect("used");
        let cluster = Arc::<Busy>::default();
        let topics = Arc::clone(&cluster) as Arc<dyn Topics>;
        let mut maker = TopicMaker {
            creation: Some((creation, topics)),
            known: HashSet::new(),
            last: None,
            retry_at: None,
        };
        for topic in ["a", "b"] {
            let topic: Arc<str> = topic.into();
            assert!(!maker.is_ready(&topic).await.expect("no failure"));
            // Not before its time.
            assert!(!maker.is_ready(&topic).await.expect("no failure"));
            tokio::time::sleep_until(maker.retry_at().expect("a time")).await;
            assert!(maker.is_ready(&topic).await.expect("no failure"));
            assert!(maker.is_ready(&topic).await.expect("no failure"));
        }
        assert_eq!(*cluster.0.lock().expect("no panic"), ["a", "a", "b", "b"]);
    }
}
