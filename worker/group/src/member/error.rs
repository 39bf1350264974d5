//! Why a worker could not join its group.

use kafka_protocol::ResponseError;
use sluice_kafka::wire;

use crate::protocol::{DecodeError, EncodeError};

/// Why a round failed.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The worker brought work into the round and cannot reach the group: no broker answers for the heartbeat interval, or
    /// none coordinates the group for the session timeout. It must stop all of it, as others may be given it, and then
    /// join again without it.
    #[error("the coordinator of the group was unreachable for heartbeat.interval.ms")]
    CoordinatorLost,
    /// The group went on without this worker, which brought work into the round. It must stop all of it, as others may have
    /// been given it, and then join again without it.
    #[error("the group has gone on without this worker")]
    Fenced,
    /// The user may not use the group.
    #[error("Not authorized to access group: {group}")]
    Unauthorized {
        /// `group.id`.
        group: String,
    },
    /// The group is used by others than Connect workers, or by workers with no protocol in common.
    #[error(
        "group {group} has members that share no protocol with this worker: give the Connect cluster a group.id of its own, \
         or set connect.protocol as its other workers have it"
    )]
    InconsistentProtocol {
        /// `group.id`.
        group: String,
    },
    /// The broker refuses the worker for good.
    #[error("the broker refuses this worker in group {group}: {}", advice(*code))]
    Refused {
        /// `group.id`.
        group: String,
        /// The broker's error.
        code: ResponseError,
    },
    /// No broker can be used.
    #[error(transparent)]
    Client(#[from] wire::Error),
    /// The leader sent something that is no assignment.
    #[error("the leader's assignment cannot be read: {0}")]
    Assignment(#[from] DecodeError),
    /// The work of the group does not fit into the group protocol.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl JoinError {
    /// Whether another round cannot mend it: the settings or the cluster have to change first.
    pub const fn is_fatal(&self) -> bool {
        !matches!(self, Self::CoordinatorLost | Self::Fenced | Self::Assignment(_))
    }

    pub(super) fn refused(group: &str, code: ResponseError) -> Self {
        let group = group.to_owned();
        match code {
            ResponseError::GroupAuthorizationFailed => Self::Unauthorized { group },
            ResponseError::InconsistentGroupProtocol => Self::InconsistentProtocol { group },
            code => Self::Refused { group, code },
        }
    }
}

fn advice(code: ResponseError) -> String {
    match code {
        ResponseError::InvalidSessionTimeout => {
            "session.timeout.ms is not within the broker's group.min.session.timeout.ms and \
             group.max.session.timeout.ms"
                .into()
        }
        ResponseError::InvalidGroupId => "group.id is not valid".into(),
        ResponseError::GroupMaxSizeReached => {
            "the group already has the configured maximum number of members".into()
        }
        code => code.to_string(),
    }
}
