//! Positions of a connector: `GET`, `PATCH` of `/connectors/{name}/offsets`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// All positions of one connector.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectorOffsets {
    /// One entry per partition.
    pub offsets: Option<Vec<ConnectorOffset>>,
}

/// The position in one partition. A sink names `kafka_topic`, `kafka_partition` and `kafka_offset`; a source what it
/// likes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectorOffset {
    /// Which partition; always there in an answer.
    pub partition: Option<Map<String, Value>>,
    /// Where in it; `null` in a request forgets it.
    pub offset: Option<Map<String, Value>>,
}
