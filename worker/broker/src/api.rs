//! The calls that the broker answers, one implementation of [`Api`] each.

mod cluster;
mod commits;
mod configs;
mod fetch;
mod groups;
mod membership;
mod metadata;
mod positions;
mod produce;
mod topics;

pub(crate) use cluster::unsupported_version;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::ApiKey;
use kafka_protocol::protocol::Request;

use crate::context::Context;

/// Who calls, and in which version of the call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller<'a> {
    pub(crate) context: &'a Context,
    pub(crate) version: i16,
    pub(crate) client_id: &'a str,
    pub(crate) host: &'a str,
}

/// One kind of call.
pub(crate) trait Api: Request {
    /// Answers the call. Cancelled only when the broker stops.
    fn handle(self, caller: Caller<'_>) -> impl Future<Output = Self::Response> + Send;

    /// The answer that carries this error wherever the call has a place for one.
    fn refuse(&self, error: ResponseError) -> Self::Response;

    /// Whether the client waits for an answer at all.
    fn is_answered(&self) -> bool {
        true
    }
}

/// The versions spoken of each call. Below the newest where that needs topic ids instead of names or belongs to a
/// protocol that this broker has not.
pub(crate) const VERSIONS: &[(ApiKey, i16, i16)] = &[
    (ApiKey::Produce, 3, 12),
    (ApiKey::Fetch, 4, 12),
    (ApiKey::ListOffsets, 1, 7),
    (ApiKey::Metadata, 0, 12),
    (ApiKey::OffsetCommit, 2, 9),
    (ApiKey::OffsetFetch, 1, 9),
    (ApiKey::FindCoordinator, 0, 4),
    (ApiKey::JoinGroup, 0, 9),
    (ApiKey::Heartbeat, 0, 4),
    (ApiKey::LeaveGroup, 0, 5),
    (ApiKey::SyncGroup, 0, 5),
    (ApiKey::DescribeGroups, 0, 5),
    (ApiKey::ListGroups, 0, 5),
    (ApiKey::ApiVersions, 0, 4),
    (ApiKey::CreateTopics, 2, 7),
    (ApiKey::DeleteTopics, 1, 6),
    (ApiKey::DeleteRecords, 0, 2),
    (ApiKey::InitProducerId, 0, 4),
    (ApiKey::OffsetForLeaderEpoch, 2, 4),
    (ApiKey::DescribeConfigs, 1, 4),
    (ApiKey::AlterConfigs, 0, 2),
    (ApiKey::CreatePartitions, 0, 3),
    (ApiKey::DeleteGroups, 0, 2),
    (ApiKey::IncrementalAlterConfigs, 0, 1),
    (ApiKey::OffsetDelete, 0, 0),
    (ApiKey::DescribeCluster, 0, 1),
];

/// Whether this version of the call is spoken.
pub(crate) fn is_spoken(api: ApiKey, version: i16) -> bool {
    VERSIONS.iter().any(|(key, min, max)| *key == api && (*min..=*max).contains(&version))
}
