//! A position, in the form of Kafka Connect's REST API.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::schema;

/// Where a connector is in one partition of what it reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
pub struct Position {
    /// Which partition: of a sink kafka_topic and kafka_partition, of a source whatever it calls so.
    #[schemars(schema_with = "schema::free_map")]
    pub partition: Map<String, Value>,
    /// Where in it: of a sink kafka_offset, the next record to read. Absent or null: nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::free_map_or_null")]
    pub offset: Option<Map<String, Value>>,
}
