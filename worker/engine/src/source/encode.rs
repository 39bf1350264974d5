//! From what a source hands out to bytes for Kafka: transforms, then converters, each under the guard.

use sluice_plugin::{self as plugin, Verdict, model::SourceRecord};

use crate::{
    chain::Chain,
    converters::{Converters, Encoded},
    guard::{Attempts, Guard, Next},
    reporters::Original,
    stage::{Stage, Step},
    timestamp,
    trace::Failure,
};

/// Makes bytes of records.
pub(crate) struct Encoder {
    converters: Converters,
    chain: Chain,
    /// Whether reporters want records as they were polled.
    keeps_original: bool,
}

/// What became of a record.
pub(super) enum Outcome {
    /// It can be sent.
    Encoded(Encoded),
    /// It was left out, by a transform or as an error that is tolerated.
    Dropped,
    /// The task was told to stop: neither the record nor any after it is done.
    Stopped,
}

/// What comes next for a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Transform(usize),
    Headers,
    Key,
    Value,
}

impl Encoder {
    pub(crate) const fn new(converters: Converters, chain: Chain, keeps_original: bool) -> Self {
        Self { converters, chain, keeps_original }
    }

    /// One record. Its number is set by whoever sends it.
    pub(super) async fn encode(
        &mut self,
        record: &mut SourceRecord,
        guard: &Guard,
    ) -> Result<Outcome, Failure> {
        let original = (self.keeps_original && !self.chain.is_empty()).then(|| record.clone());
        let mut place = Place::Transform(0);
        let mut encoded = Encoded::empty(std::sync::Arc::clone(&record.topic));
        let mut attempts: Option<(Place, Attempts)> = None;
        loop {
            let error = match self.advance(&mut place, record, &mut encoded) {
                Ok(Verdict::Keep) => {
                    encoded.timestamp = timestamp::checked(encoded.timestamp)?;
                    return Ok(Outcome::Encoded(encoded));
                }
                Ok(Verdict::Drop) => return Ok(Outcome::Dropped),
                Err(error) => error,
            };
            let mut made = match attempts.take() {
                Some((at, made)) if at == place => made,
                _ => Attempts::begin(),
            };
            let original = Original::Polled(original.as_ref().unwrap_or(record));
            match guard.failed(&self.step(place), error, original, &mut made).await? {
                Next::Again => attempts = Some((place, made)),
                Next::Skip => return Ok(Outcome::Dropped),
                Next::Stop => return Ok(Outcome::Stopped),
            }
        }
    }

    /// One record that nobody sends: as Kafka would get it, or none if a transform leaves it out, with the last step; an
    /// error comes with the step that failed.
    pub(crate) fn look(
        &mut self,
        record: &mut SourceRecord,
    ) -> Result<(Option<Encoded>, Step), (Step, plugin::Error)> {
        let mut place = Place::Transform(0);
        let mut encoded = Encoded::empty(std::sync::Arc::clone(&record.topic));
        match self.advance(&mut place, record, &mut encoded) {
            Ok(verdict) => Ok(((verdict == Verdict::Keep).then_some(encoded), self.step(place))),
            Err(error) => Err((self.step(place), error)),
        }
    }

    fn advance(
        &mut self,
        place: &mut Place,
        record: &mut SourceRecord,
        encoded: &mut Encoded,
    ) -> plugin::Result<Verdict> {
        if let Place::Transform(next) = place {
            if self.chain.apply(next, &mut record.data)? == Verdict::Drop {
                return Ok(Verdict::Drop);
            }
            *encoded = Encoded::of(record);
            *place = Place::Headers;
        }
        if *place == Place::Headers {
            encoded.headers = self.converters.encode_headers(record)?;
            *place = Place::Key;
        }
        if *place == Place::Key {
            let headers = &mut encoded.headers;
            encoded.key = self.converters.key.encode(&record.topic, headers, &record.key)?;
            *place = Place::Value;
        }
        let headers = &mut encoded.headers;
        encoded.value = self.converters.value.encode(&record.topic, headers, &record.value)?;
        Ok(Verdict::Keep)
    }

    fn step(&self, place: Place) -> Step {
        match place {
            Place::Transform(next) => Step::new(Stage::Transformation, self.chain.class(next)),
            Place::Headers => Step::new(Stage::HeaderConverter, self.converters.header.class()),
            Place::Key => Step::new(Stage::KeyConverter, self.converters.key.class()),
            Place::Value => Step::new(Stage::ValueConverter, self.converters.value.class()),
        }
    }
}
