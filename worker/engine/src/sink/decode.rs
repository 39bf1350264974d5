//! From consumed bytes to what a sink task is given: converters, then transforms, each under the guard.

use std::sync::Arc;

use sluice_plugin::{
    self as plugin, Verdict,
    model::{ConnectRecord, Headers, RawRecord, SchemaAndValue, SinkRecord, TimestampType},
};

use crate::{
    chain::Chain,
    clients::{Batch, Message},
    converters::Converters,
    guard::{Attempts, Guard, Next},
    reporters::Original,
    stage::{Stage, Step},
    timestamp,
    trace::Failure,
};

/// Makes records of messages.
pub(crate) struct Decoder {
    converters: Converters,
    chain: Chain,
    /// Whether records keep their bytes, for a dead letter that the task may ask for.
    keeps_raw: bool,
}

/// How far a batch got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// To its end.
    Complete,
    /// The task was told to stop on the way: nothing of the batch counts.
    Stopped,
}

/// What comes next for a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Key,
    Value,
    Headers,
    Transform(usize),
}

/// A record that could not go on: as far as it got, and why.
struct Stuck {
    record: SinkRecord,
    place: Place,
    error: plugin::Error,
}

impl Decoder {
    pub(crate) const fn new(converters: Converters, chain: Chain, keeps_raw: bool) -> Self {
        Self { converters, chain, keeps_raw }
    }

    /// Adds the records of a batch to `records`, in order; those that are dropped or skipped are left out.
    pub(super) async fn decode(
        &mut self,
        batch: &Batch,
        guard: &Guard,
        records: &mut Vec<SinkRecord>,
    ) -> Result<Progress, Failure> {
        records.reserve(batch.len());
        for (index, message) in batch.iter().enumerate() {
            let timestamp = timestamp::checked(Some(message.timestamp))?;
            match self.one(message, timestamp) {
                Ok(Some(record)) => records.push(record),
                Ok(None) => {}
                Err(stuck) => {
                    let Some(message) = batch.get(index) else { continue };
                    match self.go_on(*stuck, &message, guard).await? {
                        (Progress::Stopped, _) => return Ok(Progress::Stopped),
                        (Progress::Complete, record) => records.extend(record),
                    }
                }
            }
        }
        Ok(Progress::Complete)
    }

    /// One record that nobody takes: as the task would get it, or none if a transform leaves it out, with the last step;
    /// an error comes with the step that failed.
    pub(crate) fn look(
        &mut self,
        message: &Message,
    ) -> Result<(Option<SinkRecord>, Step), (Step, plugin::Error)> {
        let mut place = Place::Key;
        let timestamp = (message.timestamp >= 0).then_some(message.timestamp);
        let Message { topic, partition, offset, timestamp_type, .. } = message.clone();
        let mut record = bare(topic, partition, offset, timestamp, timestamp_type.into());
        match self.advance(&mut place, message, &mut record) {
            Ok(verdict) => Ok(((verdict == Verdict::Keep).then_some(record), self.step(place))),
            Err(error) => Err((self.step(place), error)),
        }
    }

    /// The way of nearly every record: nothing is kept for an error that does not come.
    #[inline]
    fn one(
        &mut self,
        message: Message,
        timestamp: Option<i64>,
    ) -> Result<Option<SinkRecord>, Box<Stuck>> {
        let raw = self.keeps_raw.then(|| raw(&message, timestamp));
        let Message { topic, partition, offset, timestamp_type, key, value, headers, .. } = message;
        let mut record = bare(topic, partition, offset, timestamp, timestamp_type.into());
        if let Some(raw) = raw {
            record.keep_raw(raw);
        }
        match self.converters.key.decode(&record.topic, &headers, key) {
            Ok(key) => record.data.key = key,
            Err(error) => return Err(Stuck::new(record, Place::Key, error)),
        }
        match self.converters.value.decode(&record.topic, &headers, value) {
            Ok(value) => record.data.value = value,
            Err(error) => return Err(Stuck::new(record, Place::Value, error)),
        }
        if !headers.is_empty() {
            match self.converters.decode_headers(&record.topic, headers) {
                Ok(headers) => record.data.headers = headers,
                Err(error) => return Err(Stuck::new(record, Place::Headers, error)),
            }
        }
        if self.chain.is_empty() {
            return Ok(Some(record));
        }
        record.keep_original_topic();
        let mut next = 0;
        match self.chain.apply(&mut next, &mut record.data) {
            Ok(Verdict::Keep) => Ok(Some(record)),
            Ok(Verdict::Drop) => Ok(None),
            Err(error) => Err(Stuck::new(record, Place::Transform(next), error)),
        }
    }

    /// The way of a record from where it got stuck.
    async fn go_on(
        &mut self,
        stuck: Stuck,
        message: &Message,
        guard: &Guard,
    ) -> Result<(Progress, Option<SinkRecord>), Failure> {
        let Stuck { mut record, mut place, mut error } = stuck;
        let mut attempts = Attempts::begin();
        loop {
            let original = Original::Consumed(message);
            match guard.failed(&self.step(place), error, original, &mut attempts).await? {
                Next::Again => {}
                Next::Skip => return Ok((Progress::Complete, None)),
                Next::Stop => return Ok((Progress::Stopped, None)),
            }
            let before = place;
            match self.advance(&mut place, message, &mut record) {
                Ok(Verdict::Keep) => return Ok((Progress::Complete, Some(record))),
                Ok(Verdict::Drop) => return Ok((Progress::Complete, None)),
                Err(again) => error = again,
            }
            if place != before {
                attempts = Attempts::begin();
            }
        }
    }

    fn advance(
        &mut self,
        place: &mut Place,
        message: &Message,
        record: &mut SinkRecord,
    ) -> plugin::Result<Verdict> {
        let (topic, headers) = (&message.topic, &message.headers);
        if *place == Place::Key {
            record.data.key = self.converters.key.decode(topic, headers, message.key.clone())?;
            *place = Place::Value;
        }
        if *place == Place::Value {
            record.data.value =
                self.converters.value.decode(topic, headers, message.value.clone())?;
            *place = Place::Headers;
        }
        if *place == Place::Headers {
            record.data.headers = self.converters.decode_headers(topic, headers.clone())?;
            *place = Place::Transform(0);
        }
        let Place::Transform(mut next) = *place else { return Ok(Verdict::Keep) };
        record.keep_original_topic();
        let verdict = self.chain.apply(&mut next, &mut record.data);
        *place = Place::Transform(next);
        verdict
    }

    fn step(&self, place: Place) -> Step {
        match place {
            Place::Key => Step::new(Stage::KeyConverter, self.converters.key.class()),
            Place::Value => Step::new(Stage::ValueConverter, self.converters.value.class()),
            Place::Headers => Step::new(Stage::HeaderConverter, self.converters.header.class()),
            Place::Transform(next) => Step::new(Stage::Transformation, self.chain.class(next)),
        }
    }
}

impl Stuck {
    #[cold]
    fn new(record: SinkRecord, place: Place, error: plugin::Error) -> Box<Self> {
        Box::new(Self { record, place, error })
    }
}

/// A record before anything of it is converted.
#[inline]
fn bare(
    topic: Arc<str>,
    partition: i32,
    offset: i64,
    timestamp: Option<i64>,
    timestamp_type: TimestampType,
) -> SinkRecord {
    let data = ConnectRecord {
        topic,
        partition: Some(partition),
        key: SchemaAndValue::NULL,
        value: SchemaAndValue::NULL,
        timestamp,
        headers: Headers::default(),
        offset: Some(offset),
    };
    SinkRecord::new(data, timestamp_type)
}

fn raw(message: &Message, timestamp: Option<i64>) -> RawRecord {
    RawRecord {
        key: message.key.clone(),
        value: message.value.clone(),
        headers: message.headers.iter().map(|(key, it)| (Arc::clone(key), it.clone())).collect(),
        timestamp,
    }
}
