//! What one partition remembers of idempotent producers, to answer a batch that comes twice with the offset of the
//! first time and to refuse one that comes out of order. Mirrors Kafka's producer state; KIP-98.

use std::collections::{HashMap, VecDeque};

use kafka_protocol::error::ResponseError;

use crate::log::Batch;

/// Batches remembered per producer, as many as a producer may have in flight.
const WINDOW: usize = 5;
/// Producers remembered per partition; the one that was silent longest makes room.
const PRODUCERS: usize = 2_000;

/// What to do with a batch.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    Append,
    /// The batch is here already; its first offset is this.
    Duplicate(i64),
}

#[derive(Debug, Default)]
pub(crate) struct Producers(HashMap<i64, Producer>);

#[derive(Debug)]
struct Producer {
    epoch: i16,
    recent: VecDeque<Appended>,
}

#[derive(Debug, Clone, Copy)]
struct Appended {
    first_sequence: i32,
    last_sequence: i32,
    base_offset: i64,
}

impl Producers {
    /// Judges a batch before it is appended.
    pub(crate) fn check(&self, batch: &Batch) -> Result<Verdict, ResponseError> {
        if !batch.is_idempotent() {
            return Ok(Verdict::Append);
        }
        let Some(known) = self.0.get(&batch.producer_id) else {
            return Ok(Verdict::Append);
        };
        if batch.producer_epoch < known.epoch {
            return Err(ResponseError::InvalidProducerEpoch);
        }
        if batch.producer_epoch > known.epoch {
            return if batch.base_sequence == 0 {
                Ok(Verdict::Append)
            } else {
                Err(ResponseError::OutOfOrderSequenceNumber)
            };
        }
        let twin = known.recent.iter().find(|appended| {
            appended.first_sequence == batch.base_sequence
                && appended.last_sequence == batch.last_sequence()
        });
        if let Some(twin) = twin {
            return Ok(Verdict::Duplicate(twin.base_offset));
        }
        let expected = known.recent.back().map(|last| following(last.last_sequence));
        if expected.is_none_or(|expected| expected == batch.base_sequence) {
            Ok(Verdict::Append)
        } else {
            Err(ResponseError::OutOfOrderSequenceNumber)
        }
    }

    /// Remembers a batch that was appended at its `base_offset`.
    pub(crate) fn appended(&mut self, batch: &Batch) {
        if !batch.is_idempotent() {
            return;
        }
        self.make_room(batch.producer_id);
        let producer = self
            .0
            .entry(batch.producer_id)
            .or_insert_with(|| Producer { epoch: batch.producer_epoch, recent: VecDeque::new() });
        if producer.epoch != batch.producer_epoch {
            producer.epoch = batch.producer_epoch;
            producer.recent.clear();
        }
        if producer.recent.len() == WINDOW {
            producer.recent.pop_front();
        }
        producer.recent.push_back(Appended {
            first_sequence: batch.base_sequence,
            last_sequence: batch.last_sequence(),
            base_offset: batch.base_offset,
        });
    }

    fn make_room(&mut self, newcomer: i64) {
        if self.0.len() < PRODUCERS || self.0.contains_key(&newcomer) {
            return;
        }
        let silent = self
            .0
            .iter()
            .min_by_key(|(_, producer)| producer.recent.back().map(|last| last.base_offset))
            .map(|(id, _)| *id);
        if let Some(silent) = silent {
            self.0.remove(&silent);
        }
    }
}

/// Sequence numbers wrap around to zero.
fn following(sequence: i32) -> i32 {
    sequence.checked_add(1).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(epoch: i16, sequence: i32, records: i32, base_offset: i64) -> Batch {
        Batch {
            base_offset,
            producer_id: 7,
            producer_epoch: epoch,
            base_sequence: sequence,
            last_offset_delta: records - 1,
            ..Batch::default()
        }
    }

    #[test]
    fn batches_are_appended_once_and_in_order() {
        let mut producers = Producers::default();
        for (sequence, offset) in [(0, 100), (10, 110), (20, 120)] {
            let batch = batch(0, sequence, 10, offset);
            assert_eq!(producers.check(&batch), Ok(Verdict::Append));
            producers.appended(&batch);
        }
        let cases = [
            ((0, 30, 5), Ok(Verdict::Append)),
            ((0, 10, 10), Ok(Verdict::Duplicate(110))),
            ((0, 10, 9), Err(ResponseError::OutOfOrderSequenceNumber)),
            ((0, 31, 5), Err(ResponseError::OutOfOrderSequenceNumber)),
            ((1, 0, 5), Ok(Verdict::Append)),
            ((1, 30, 5), Err(ResponseError::OutOfOrderSequenceNumber)),
            ((-1, 30, 5), Err(ResponseError::InvalidProducerEpoch)),
        ];
        for ((epoch, sequence, records), expected) in cases {
            let checked = producers.check(&batch(epoch, sequence, records, 0));
            assert_eq!(checked, expected, "epoch {epoch}, sequence {sequence}, {records} records");
        }
    }

    #[test]
    fn sequence_numbers_wrap_around() {
        let mut producers = Producers::default();
        producers.appended(&batch(0, i32::MAX - 1, 2, 0));
        assert_eq!(producers.check(&batch(0, 0, 3, 0)), Ok(Verdict::Append));
        assert_eq!(batch(0, i32::MAX, 3, 0).last_sequence(), 1);
    }
}
