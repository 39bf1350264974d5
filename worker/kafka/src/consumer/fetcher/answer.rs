//! What comes of that which was asked for: records for partitions, or why there are none.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use kafka_protocol::{
    ResponseError,
    messages::{FetchResponse, fetch_response::PartitionData},
};
use sluice_model::TopicPartition;

use super::{Asked, Done, Fetcher, PAUSE, Place, Reset};
use crate::{
    failure::ClientError,
    fetched::{self, CompletedFetch, Origin, Unreadable},
    memory::{Counted, Taken},
    wire::{self, Node},
};

impl Fetcher {
    /// Takes what has come to an end.
    pub(super) fn take(&mut self, done: Done) -> Result<(), ClientError> {
        match done {
            Done::Paused => self.is_pausing = false,
            Done::Leaders(outcome) => {
                self.is_looking = false;
                match outcome {
                    Ok(metadata) => self.take_leaders(&metadata)?,
                    Err(error) => self.pause_after("finding leaders", &error),
                }
            }
            Done::Starts(asked, outcome) => self.take_starts(asked, outcome)?,
            Done::Fetched(leader, asked, taken, outcome) => {
                self.busy_leaders.remove(&leader);
                let outcome = outcome.and_then(|answer| {
                    wire::Error::check(answer.error_code, None)?;
                    Ok(answer)
                });
                self.free(&asked);
                match outcome {
                    Ok(answer) => self.take_answer(leader, &asked, answer, taken)?,
                    Err(error) => {
                        for (of, generation) in &asked {
                            self.lose_leader(of, *generation);
                        }
                        self.pause_after("fetching", &error);
                    }
                }
            }
        }
        Ok(())
    }

    fn take_answer(
        &mut self,
        leader: Node,
        asked: &Asked,
        answer: FetchResponse,
        mut taken: Taken,
    ) -> Result<(), ClientError> {
        self.answers += 1;
        let partitions = || answer.responses.iter().flat_map(|it| &it.partitions);
        // A broker sends a whole batch, however little was asked for.
        taken.settle(partitions().filter_map(|it| it.records.as_ref()).map(Bytes::len).sum());
        self.appetites.insert(leader, taken.bytes().saturating_mul(2));
        let taken = Arc::new(taken);
        for topic in answer.responses {
            for mut data in topic.partitions {
                let of = TopicPartition::new(&**topic.topic, data.partition_index);
                let generation = asked.iter().find(|(it, _)| *it == of).map(|(_, it)| *it);
                let records = data.records.take().filter(|it| !it.is_empty());
                data.records = records.map(|it| Counted::bytes(it, Arc::clone(&taken)));
                if let Some(generation) = generation {
                    self.take_partition(&of, generation, data)?;
                }
            }
        }
        if answer.throttle_time_ms > 0 {
            // The broker holds later answers back itself; this only spares it the requests.
            self.pause_until(Duration::from_millis(answer.throttle_time_ms as u64).min(PAUSE));
        }
        Ok(())
    }

    fn take_partition(
        &mut self,
        of: &TopicPartition,
        generation: u64,
        data: PartitionData,
    ) -> Result<(), ClientError> {
        let current = self.partitions.get_mut(of).filter(|it| it.generation == generation);
        let Some(partition) = current else { return Ok(()) };
        let Place::At(position) = partition.place else { return Ok(()) };
        if let Some(code) = ResponseError::try_from_code(data.error_code) {
            return self.recover(of, generation, code);
        }
        if let Some(nearer) = self.brokers.get(&data.preferred_read_replica.0) {
            partition.leader = Some(nearer.clone());
        }
        let Some(bytes) = data.records else { return Ok(()) };
        let corrupt = |reason: Unreadable| {
            ClientError::corrupt(format!("{of} at offset {position}: {reason}"))
        };
        let Some(end) = fetched::end_of(bytes.clone()).map_err(corrupt)? else { return Ok(()) };
        let aborted = data.aborted_transactions.unwrap_or_default();
        let origin = Origin { topic: Arc::clone(&of.topic), partition: of.partition };
        let reading = self.settings.reading;
        let completed = CompletedFetch::new(origin, position, bytes, &aborted, reading);
        partition.place = Place::At(end.max(position));
        partition.served = self.answers;
        partition.completed.push_back(completed);
        if partition.completed.len() == 1 {
            self.turns.push_back(of.clone());
        }
        Ok(())
    }

    fn recover(
        &mut self,
        of: &TopicPartition,
        generation: u64,
        code: ResponseError,
    ) -> Result<(), ClientError> {
        match code {
            ResponseError::OffsetOutOfRange => {
                if self.settings.reset == Reset::None {
                    return Err(ClientError::new(
                        i32::from(code.code()),
                        format!("Fetch position is out of range for partition {of}"),
                    ));
                }
                tracing::warn!(partition = %of, "the position is out of range: it is reset");
                if let Some(partition) = self.partitions.get_mut(of) {
                    partition.place = Place::Reset;
                }
            }
            // The leader that we know is not the one that it is, or not yet: an answer to come again.
            _ if code.is_retriable()
                || matches!(
                    code,
                    ResponseError::FencedLeaderEpoch | ResponseError::UnknownLeaderEpoch
                ) =>
            {
                tracing::debug!(partition = %of, %code, "a partition cannot be fetched now");
                self.lose_leader(of, generation);
                self.pause_for_a_while();
            }
            _ => {
                let words = format!("{code} [{of}]");
                return Err(ClientError::new(code.code().into(), words).about_topic(&of.topic));
            }
        }
        Ok(())
    }

    /// Lets partitions be asked for again.
    pub(super) fn free(&mut self, asked: &Asked) {
        for (of, generation) in asked {
            if let Some(partition) =
                self.partitions.get_mut(of).filter(|it| it.generation == *generation)
            {
                partition.is_busy = false;
            }
        }
    }

    /// Has the leader of a partition be looked up.
    pub(super) fn lose_leader(&mut self, of: &TopicPartition, generation: u64) {
        if let Some(partition) =
            self.partitions.get_mut(of).filter(|it| it.generation == generation)
        {
            partition.leader = None;
        }
    }
}
