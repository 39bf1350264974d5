//! What has to be known before a partition is fetched: who leads it, and where to start.

use futures::FutureExt;
use sluice_model::TopicPartition;

use super::{Asked, Done, Fetcher, Place, Reset, TopicOffsets};
use crate::{
    admin::{Admin, End},
    failure::ClientError,
    wire::Metadata,
};

impl Fetcher {
    /// Looks up the offsets of partitions that have none.
    pub(super) fn begin_starts(&mut self) {
        for (place, from_group) in [(Place::Committed, true), (Place::Reset, false)] {
            let mut asked = Asked::new();
            for (of, partition) in &mut self.partitions {
                if partition.place == place && !partition.is_busy {
                    partition.is_busy = true;
                    asked.push((of.clone(), partition.generation));
                }
            }
            if asked.is_empty() {
                continue;
            }
            let partitions: Vec<_> = asked.iter().map(|(of, _)| of.clone()).collect();
            let committed = from_group.then(|| (self.committed)(partitions.clone()));
            let admin = Admin::new(self.client.clone());
            let (reset, isolation) = (self.settings.reset, self.settings.isolation);
            let find = async move {
                let mut starts = match committed {
                    Some(committed) => committed.await?,
                    None => TopicOffsets::new(),
                };
                let is_missing = |it: &TopicPartition| !starts.contains_key(it);
                let missing: Vec<_> = partitions.into_iter().filter(is_missing).collect();
                let end = match reset {
                    _ if missing.is_empty() => return Ok(starts),
                    Reset::Earliest => End::First,
                    Reset::Latest => End::Last,
                    Reset::None => return Err(ClientError::no_offset(&missing)),
                };
                starts.extend(admin.offsets(&missing, end, isolation).await?);
                Ok(starts)
            };
            self.tasks.push(find.map(|outcome| Done::Starts(asked, outcome)).boxed());
        }
    }

    /// Looks up the leaders of partitions that have none.
    pub(super) fn begin_leaders(&mut self) {
        if self.is_looking {
            return;
        }
        let lost = self.partitions.iter().filter(|(_, it)| it.leader.is_none());
        let mut topics: Vec<String> = lost.map(|(of, _)| of.topic.to_string()).collect();
        topics.dedup();
        if topics.is_empty() {
            return;
        }
        self.is_looking = true;
        let client = self.client.clone();
        let look = async move { Done::Leaders(client.metadata(Some(&topics)).await) };
        self.tasks.push(look.boxed());
    }

    /// Notes who leads.
    pub(super) fn take_leaders(&mut self, metadata: &Metadata) -> Result<(), ClientError> {
        self.brokers = metadata.brokers.iter().map(|it| (it.id(), it.clone())).collect();
        for topic in &metadata.topics {
            if let Some(code) = topic.error.filter(|it| !it.is_retriable()) {
                let words = format!("{code} [{}]", topic.name);
                return Err(ClientError::new(code.code().into(), words).about_topic(&topic.name));
            }
            for found in &topic.partitions {
                let of = TopicPartition::new(topic.name.as_str(), found.partition);
                if let Some(partition) =
                    self.partitions.get_mut(&of).filter(|it| it.leader.is_none())
                {
                    partition.leader.clone_from(&found.leader);
                }
            }
        }
        if self.partitions.values().any(|it| it.leader.is_none()) {
            self.pause_for_a_while();
        }
        Ok(())
    }

    /// Notes where partitions are read from.
    pub(super) fn take_starts(
        &mut self,
        asked: Asked,
        outcome: Result<TopicOffsets, ClientError>,
    ) -> Result<(), ClientError> {
        self.free(&asked);
        let starts = match outcome {
            Ok(starts) => starts,
            Err(error) if error.is_retriable() => {
                self.pause_after("finding where to start", &error);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        for (of, generation) in asked {
            let partition = self.partitions.get_mut(&of).filter(|it| it.generation == generation);
            if let (Some(partition), Some(start)) = (partition, starts.get(&of)) {
                partition.place = Place::At(*start);
            }
        }
        Ok(())
    }
}
