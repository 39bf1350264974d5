//! The dead letter queue: a topic for records that failed (`DeadLetterQueueReporter`).

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sluice_kafka::{OutgoingRecord, Producer, SendRefused, admin::NewTopic};
use sluice_plugin::model::SourceRecord;

use super::{
    Original,
    headers::{self, Headers},
    outstanding::Outstanding,
};
use crate::{
    clients::{ClientSpec, Message, Topics},
    control::Abandonment,
    converters::{Converters, Encoded},
    guard::DeadLetterPolicy,
    metrics::TaskStats,
    settings::Mask,
    stage::Step,
    task::TaskId,
    trace::Failure,
};

/// Writes the dead letters of one task.
pub(super) struct DeadLetters {
    id: TaskId,
    policy: DeadLetterPolicy,
    producer: Producer,
    /// Writes records of sources down, whatever the connector's own converters make of them.
    json: Mutex<Converters>,
    outstanding: Arc<Outstanding>,
    /// What the producer's queue had no room for yet. Emptied before anything more is read.
    waiting: Mutex<VecDeque<Encoded>>,
    mask: Mask,
    stats: Arc<TaskStats>,
}

impl DeadLetters {
    /// Makes the topic, if there is none, and a producer.
    pub(super) async fn start(
        spec: &ClientSpec<'_>,
        policy: DeadLetterPolicy,
        stats: Arc<TaskStats>,
        json: impl FnOnce() -> Result<Converters, Failure>,
        abandonment: &Abandonment,
    ) -> Result<Self, Failure> {
        make_topic(&*spec.dead_letter_topics()?, &policy).await.map_err(|failure| {
            failure.within(format!(
                "Could not initialize dead letter queue with topic={}",
                policy.topic
            ))
        })?;
        let outstanding = Arc::<Outstanding>::default();
        let (closing, counting) = (Arc::clone(&outstanding), Arc::clone(&stats));
        let topic = policy.topic.clone();
        let producer = spec.dead_letter_producer(move |number, outcome| {
            let lost = outcome.err().map(|error| error.to_string());
            if let Some(error) = &lost {
                tracing::error!(
                    error,
                    "Could not produce message to dead letter queue. topic={topic}"
                );
                counting.errors.dead_letter_failures.add(1);
            }
            closing.close(number, lost);
        })?;
        let cutoff = producer.cutoff();
        abandonment.closes(move || cutoff.cut());
        Ok(Self {
            id: spec.id.clone(),
            policy,
            producer,
            json: Mutex::new(json()?),
            outstanding,
            waiting: Mutex::default(),
            mask: Arc::clone(spec.mask),
            stats,
        })
    }

    /// Begins to write a record; its number among the dead letters.
    pub(super) fn write(&self, step: &Step, failure: &Failure, original: Original<'_>) -> u64 {
        self.stats.errors.dead_letters.add(1);
        let mut letter = match original {
            Original::Consumed(message) => consumed(message),
            Original::Polled(record) => self.polled(record),
        };
        if self.policy.has_context {
            letter.headers.extend(headers::context(&self.id, step, failure, original, &*self.mask));
        }
        letter.number = self.outstanding.open();
        let number = letter.number;
        lock(&self.waiting).push_back(letter);
        self.send();
        number
    }

    /// Waits until all are durable.
    pub(super) async fn settled(&self) -> Result<(), Failure> {
        self.settled_up_to(self.outstanding.last()).await
    }

    /// Waits until one is durable, and all before it. One that was lost ends the task: its record is nowhere else.
    pub(super) async fn settled_up_to(&self, number: u64) -> Result<(), Failure> {
        while !self.send() {
            self.producer.ready().await;
        }
        self.outstanding.settled_up_to(number).await.map_err(|lost| {
            Failure::new(lost).within(format!(
                "A record could not be written to the dead letter queue {}",
                self.policy.topic
            ))
        })
    }

    /// Hands what waits to the producer; false while its queue is full.
    fn send(&self) -> bool {
        let mut waiting = lock(&self.waiting);
        while let Some(letter) = waiting.front() {
            let headers: Vec<(&str, Option<&[u8]>)> =
                letter.headers.iter().map(|(key, value)| (&**key, value.as_deref())).collect();
            let outgoing = OutgoingRecord {
                topic: &self.policy.topic,
                partition: None,
                timestamp: letter.timestamp,
                key: letter.key.as_deref(),
                value: letter.value.as_deref(),
                headers: &headers,
            };
            match self.producer.send(&outgoing, letter.number) {
                Ok(()) => {}
                Err(SendRefused::QueueFull) => return false,
                Err(SendRefused::Failed(error)) => {
                    self.stats.errors.dead_letter_failures.add(1);
                    self.outstanding.close(letter.number, Some(error.to_string()));
                }
            }
            waiting.pop_front();
        }
        true
    }

    /// A source's record as JSON with its schemas; as its text, if not even that can be.
    fn polled(&self, record: &SourceRecord) -> Encoded {
        let encoded = lock(&self.json).encode_all(record);
        encoded.unwrap_or_else(|_| Encoded {
            value: Some(record.to_string().into()),
            ..Encoded::empty(Arc::clone(&record.topic))
        })
    }
}

async fn make_topic(topics: &dyn Topics, policy: &DeadLetterPolicy) -> Result<(), Failure> {
    if topics.names().await?.contains(&policy.topic) {
        return Ok(());
    }
    tracing::warn!(topic = policy.topic, "the dead letter topic does not exist and is created");
    let topic = NewTopic {
        name: policy.topic.clone(),
        partitions: 1,
        replication: policy.replication,
        config: std::collections::BTreeMap::new(),
    };
    topics.create(topic).await
}

/// The record as it was read, byte for byte.
fn consumed(message: &Message) -> Encoded {
    let headers: Headers = message.headers.clone();
    Encoded {
        timestamp: (message.timestamp >= 0).then_some(message.timestamp),
        key: message.key.clone(),
        value: message.value.clone(),
        headers,
        ..Encoded::empty(Arc::clone(&message.topic))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
