//! One round of a group: join, decide if this member leads, synchronise.

use bytes::Bytes;
use kafka_protocol::messages::JoinGroupResponse;
use sluice_model::TopicPartition;
use tokio::time::sleep;

use super::{
    find_coordinator,
    leader::{Leading, assignments, partition_counts, partition_racks, subscribers, wanted},
    life::{Life, RETRY_BACKOFF},
    verdict::{Verdict, judge, refused},
};
use crate::{
    consumer::assign::{Assignor, Racks, Subscription, Topics, decode_assignment},
    failure::ClientError,
    wire::{self, Client},
};

/// Why an attempt did not succeed.
enum Failure {
    /// A call failed.
    Call(wire::Error),
    /// Trying again does not help.
    Fatal(ClientError),
}

impl From<wire::Error> for Failure {
    fn from(error: wire::Error) -> Self {
        Self::Call(error)
    }
}

impl Life {
    /// Takes part in rounds until one is complete, and returns what this member is assigned. None if it has lost its place
    /// on the way and has to give up what it has.
    pub(super) async fn round(&mut self) -> Result<Option<Vec<TopicPartition>>, ClientError> {
        // JoinGroup and SyncGroup block their connection until the whole group is ready.
        let rounds = self.client.dedicated();
        let mut is_told = false;
        loop {
            let topics = self.shared.topics().unwrap_or_default();
            if topics != self.topics {
                self.topics = topics;
                self.has_looked = false;
            }
            self.look_first().await?;
            let error = match self.attempt(&rounds).await {
                Ok(assigned) => return Ok(Some(assigned)),
                Err(Failure::Fatal(error)) => return Err(error),
                Err(Failure::Call(error)) => error,
            };
            let group = &self.settings.group;
            tracing::debug!(group, %error, "a round of the group failed");
            let text = error.to_string();
            match judge(group, error) {
                Verdict::Join => {}
                Verdict::Later => sleep(RETRY_BACKOFF).await,
                Verdict::Moved => {
                    if !std::mem::replace(&mut is_told, true) {
                        tracing::warn!(
                            group,
                            error = text,
                            "the group cannot be reached; trying again"
                        );
                    }
                    self.shared.set_coordinator(None);
                    sleep(RETRY_BACKOFF).await;
                }
                Verdict::Expelled { forgets_id } => {
                    self.expelled(forgets_id);
                    return Ok(None);
                }
                Verdict::Fatal(error) => return Err(error),
            }
        }
    }

    async fn attempt(&mut self, rounds: &Client) -> Result<Vec<TopicPartition>, Failure> {
        let group = &self.settings.group;
        let coordinator = find_coordinator(&self.client, &self.shared, group).await?;
        let offers = self.offers();
        let answer = self.membership.join(rounds, &coordinator, offers, self.reason).await?;
        let assignor = self.agreed(&answer)?;
        self.leading = None;
        let decided = if answer.leader == answer.member_id {
            self.lead(assignor, &answer).await?
        } else {
            Vec::new()
        };
        let synchronized =
            self.membership.synchronize(rounds, &coordinator, assignor.name(), decided);
        let bytes = synchronized.await?;
        let assigned = decode_assignment(&bytes)
            .map_err(|error| Failure::Fatal(ClientError::internal(&error)))?;
        self.last = Some((assigned.clone(), self.membership.generation));
        self.reason = "";
        self.seated();
        Ok(assigned)
    }

    /// What this member says of itself, for each assignor that it knows.
    fn offers(&self) -> Vec<(&'static str, Bytes)> {
        let (last, last_generation) = match &self.last {
            Some((last, generation)) => (Some(last.as_slice()), *generation),
            None => (None, crate::membership::NO_GENERATION),
        };
        let offer = |assignor: &Assignor| {
            let subscription = Subscription {
                topics: self.topics.clone(),
                user_data: assignor.user_data(last_generation, last),
                owned: self.owned.iter().cloned().collect(),
                generation: self.membership.generation,
                rack: self.settings.rack.clone(),
            };
            (assignor.name(), subscription.encode())
        };
        self.settings.assignors.iter().map(offer).collect()
    }

    /// The assignor that the members have in common.
    fn agreed(&self, answer: &JoinGroupResponse) -> Result<Assignor, Failure> {
        let is_ours =
            answer.protocol_type.as_deref().is_none_or(|it| it == self.membership.protocol_type);
        let name = answer.protocol_name.as_deref().filter(|_| is_ours);
        let known = self.settings.assignors.iter().find(|it| Some(it.name()) == name);
        known.copied().ok_or_else(|| {
            let code = kafka_protocol::ResponseError::InconsistentGroupProtocol;
            Failure::Fatal(refused(&self.settings.group, code))
        })
    }

    /// Decides for the whole group, which waits for it.
    async fn lead(
        &mut self,
        assignor: Assignor,
        answer: &JoinGroupResponse,
    ) -> Result<Vec<(String, Bytes)>, Failure> {
        let members = subscribers(&answer.members);
        let topics = wanted(&members);
        let metadata = self.look(&topics).await?;
        let counts = partition_counts(&metadata, &Topics::new()).map_err(Failure::Fatal)?;
        let racks = partition_racks(&metadata, &Racks::new());
        // A static leader that comes back finds everything as it was.
        let decided = if answer.skip_assignment {
            Vec::new()
        } else {
            assignments(assignor, &counts, &racks, &members)
        };
        let racks = self.settings.rack.is_some().then_some(racks);
        self.leading = Some(Leading::new(topics, counts, racks, self.settings.metadata_age));
        Ok(decided)
    }
}
