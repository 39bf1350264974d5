//! Wire types of the Kafka Connect REST API, shared by the worker (which answers with them), the operator and the
//! cluster tests (which read them).
//!
//! Field names, field order and the choice between `null` and a missing field are those of Kafka Connect 4.3.
//! This crate knows nothing about HTTP, about validation or about how a worker does what it is asked.

mod checked;
mod connector;
mod fields;
mod offsets;
mod plugin;
mod reading;
mod review;
mod server;
mod settings;
mod status;
mod validation;

pub use checked::{CheckedFile, KeyError};
pub use connector::{
    ActiveTopics, ConnectorInfo, ConnectorKind, CreateConnectorRequest, Expanded, InitialState,
    Listed, TaskId, TaskInfo,
};
pub use offsets::{ConnectorOffset, ConnectorOffsets};
pub use plugin::{PluginInfo, PluginKind};
pub use reading::{DeadLetterTopic, ReadPartition, Reading};
pub use review::{AccessReview, AccessRight, AccessVerdict, REVIEW_PATH, token_audience};
pub use server::{ErrorMessage, Health, HealthStatus, LoggerLevel, Message, NewLevel, ServerInfo};
pub use settings::SettingsPatch;
pub use status::{ConnectorState, ConnectorStateInfo, State, TaskState};
pub use validation::{ConfigInfo, ConfigInfos, ConfigKeyInfo, ConfigValueInfo};
