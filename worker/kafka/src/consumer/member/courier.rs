//! Brings offsets to the group's coordinator and back, one request after the other, so that no commit overtakes another.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use kafka_protocol::{
    ResponseError,
    messages::{
        OffsetCommitRequest, OffsetFetchRequest, TopicName,
        offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic},
        offset_fetch_request::OffsetFetchRequestTopic,
    },
    protocol::StrBytes,
};
use sluice_model::TopicPartition;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep, timeout_at},
};

use super::{
    find_coordinator,
    shared::Shared,
    verdict::{Verdict, judge},
};
use crate::{
    consumer::TopicOffsets,
    failure::ClientError,
    membership::Membership,
    wire::{Client, Error, Node},
};

/// How long one call may take, with all its attempts.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pause before another attempt; Java's default of `retry.backoff.ms`.
const PAUSE: Duration = Duration::from_millis(100);
/// From this version on, topics have ids for names.
const NEWEST_COMMIT: i16 = 9;
/// From the next version on, a request is one of many groups.
const NEWEST_FETCH: i16 = 7;

/// Whom to tell how it went.
pub(super) type Reply<T> = oneshot::Sender<Result<T, ClientError>>;

/// What the consumer asks for.
pub(super) enum Errand {
    /// Commits offsets, unless partitions were given up since `era`.
    Commit { offsets: TopicOffsets, era: u64, reply: Reply<()> },
    /// Looks committed offsets up.
    Fetch { partitions: Vec<TopicPartition>, reply: Reply<TopicOffsets> },
}

/// Does errands until nobody can ask any more.
pub(super) struct Courier {
    pub(super) client: Client,
    pub(super) shared: Arc<Shared>,
    /// The member as the requests name it; its id and generation are the seat's of the moment.
    pub(super) membership: Membership,
    pub(super) errands: mpsc::Receiver<Errand>,
}

impl Courier {
    pub(super) async fn run(mut self) {
        while let Some(errand) = self.errands.recv().await {
            // Whoever does not wait any more has no use for the outcome.
            match errand {
                Errand::Commit { offsets, era, reply } => {
                    let _ = reply.send(self.commit(&offsets, era).await);
                }
                Errand::Fetch { partitions, reply } => {
                    let _ = reply.send(self.fetch(&partitions).await);
                }
            }
        }
    }

    async fn commit(&mut self, offsets: &TopicOffsets, era: u64) -> Result<(), ClientError> {
        if offsets.is_empty() {
            return Ok(());
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            // Somebody else may read by now what was asked to be committed before.
            let seat = self.shared.seat().filter(|_| self.shared.era() == era);
            let seat = seat.ok_or_else(ClientError::commit_failed)?;
            self.membership.id = seat.id;
            self.membership.generation = seat.generation;
            match timeout_at(deadline, self.try_commit(offsets)).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) => self.pause_after(error, deadline).await?,
                Err(_) => return Err(too_late()),
            }
        }
    }

    async fn try_commit(&self, offsets: &TopicOffsets) -> Result<(), Error> {
        let coordinator = self.coordinator().await?;
        let request = commit_request(&self.membership, offsets);
        let build = |_| request;
        let call = self.client.call_with(&coordinator, PATIENCE, NEWEST_COMMIT, build);
        let answer = call.await?;
        let mut codes = answer.topics.iter().flat_map(|it| &it.partitions).map(|it| it.error_code);
        codes.try_for_each(|code| Error::check(code, None))
    }

    async fn fetch(&mut self, partitions: &[TopicPartition]) -> Result<TopicOffsets, ClientError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match timeout_at(deadline, self.try_fetch(partitions)).await {
                Ok(Ok(offsets)) => return Ok(offsets),
                Ok(Err(error)) => self.pause_after(error, deadline).await?,
                Err(_) => return Err(too_late()),
            }
        }
    }

    async fn try_fetch(&self, partitions: &[TopicPartition]) -> Result<TopicOffsets, Error> {
        let coordinator = self.coordinator().await?;
        let request = fetch_request(&self.membership, partitions);
        let build = |version| if version < 7 { request } else { request.with_require_stable(true) };
        let call = self.client.call_with(&coordinator, PATIENCE, NEWEST_FETCH, build);
        let answer = call.await?;
        Error::check(answer.error_code, None)?;
        let mut offsets = TopicOffsets::new();
        for topic in &answer.topics {
            for partition in &topic.partitions {
                Error::check(partition.error_code, None)?;
                if partition.committed_offset >= 0 {
                    let of = TopicPartition::new(&**topic.name, partition.partition_index);
                    offsets.insert(of, partition.committed_offset);
                }
            }
        }
        Ok(offsets)
    }

    async fn coordinator(&self) -> Result<Node, Error> {
        find_coordinator(&self.client, &self.shared, &self.membership.group).await
    }

    /// Waits for a moment if another attempt makes sense: the coordinator may move, or have to load the group first.
    async fn pause_after(&self, error: Error, deadline: Instant) -> Result<(), ClientError> {
        use ResponseError as Code;
        let verdict = judge(&self.membership.group, error.clone());
        let passes = match verdict {
            Verdict::Moved => true,
            Verdict::Later => {
                matches!(
                    error.code(),
                    Some(Code::CoordinatorLoadInProgress | Code::RequestTimedOut)
                )
            }
            Verdict::Join => false,
            Verdict::Expelled { .. } => return Err(ClientError::commit_failed()),
            Verdict::Fatal(error) => return Err(error),
        };
        if !passes || Instant::now() + PAUSE >= deadline {
            return Err(error.into());
        }
        if verdict == Verdict::Moved || error.code() == Some(Code::RequestTimedOut) {
            self.shared.set_coordinator(None);
        }
        sleep(PAUSE).await;
        Ok(())
    }
}

fn too_late() -> ClientError {
    let code = i32::from(ResponseError::RequestTimedOut.code());
    ClientError::new(
        code,
        format!("no answer of the group's coordinator within {} ms", PATIENCE.as_millis()),
    )
}

fn commit_request(membership: &Membership, offsets: &TopicOffsets) -> OffsetCommitRequest {
    let mut topics: BTreeMap<&str, Vec<OffsetCommitRequestPartition>> = BTreeMap::new();
    for (of, offset) in offsets {
        let partition = OffsetCommitRequestPartition::default()
            .with_partition_index(of.partition)
            .with_committed_offset(*offset)
            .with_committed_metadata(Some(StrBytes::default()));
        topics.entry(&of.topic).or_default().push(partition);
    }
    let topics = topics.into_iter().map(|(topic, partitions)| {
        OffsetCommitRequestTopic::default().with_name(name(topic)).with_partitions(partitions)
    });
    OffsetCommitRequest::default()
        .with_group_id(membership.group_id())
        .with_generation_id_or_member_epoch(membership.generation)
        .with_member_id(StrBytes::from_string(membership.id.clone()))
        .with_group_instance_id(membership.instance_id())
        .with_topics(topics.collect())
}

fn fetch_request(membership: &Membership, partitions: &[TopicPartition]) -> OffsetFetchRequest {
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for of in partitions {
        topics.entry(&of.topic).or_default().push(of.partition);
    }
    let topics = topics.into_iter().map(|(topic, partitions)| {
        OffsetFetchRequestTopic::default().with_name(name(topic)).with_partition_indexes(partitions)
    });
    OffsetFetchRequest::default()
        .with_group_id(membership.group_id())
        .with_topics(Some(topics.collect()))
}

fn name(topic: &str) -> TopicName {
    TopicName(StrBytes::from_string(topic.to_owned()))
}
