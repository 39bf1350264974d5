//! Connectors of a cluster that no resource asks for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What becomes of connectors that no KafkaConnector asks for, such as those made over REST: Ignore (the default)
/// leaves them alone, Adopt makes a KafkaConnector for each, Delete deletes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum UnmanagedConnectors {
    /// Leave them alone.
    #[default]
    Ignore,
    /// Make a KafkaConnector for each.
    Adopt,
    /// Delete them.
    Delete,
}
