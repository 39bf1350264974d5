//! What `sluice-worker validate -o json` answers, which `sluice lint` reads.

use serde::{Deserialize, Serialize};

use crate::ConfigInfos;

/// The settings of one connector, checked without a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckedFile {
    /// The file that they stand in.
    pub file: String,
    /// Name of the connector, if the file could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector: Option<String>,
    /// Why nothing could be checked key by key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What is wrong with keys, in the words of Kafka Connect.
    pub errors: Vec<KeyError>,
    /// What is allowed and probably not meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<KeyError>,
    /// Keys whose values stand elsewhere: they are not read, and not checked.
    pub unchecked: Vec<String>,
    /// Keys that neither Kafka Connect nor the connector knows.
    pub unknown: Vec<String>,
    /// The whole answer, as `PUT /connector-plugins/CLASS/config/validate` gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<ConfigInfos>,
}

/// What is said about one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyError {
    /// The key.
    pub key: String,
    /// A sentence without secrets.
    pub message: String,
}

impl CheckedFile {
    /// Whether a worker would refuse the connector.
    pub fn is_wrong(&self) -> bool {
        self.error.is_some() || !self.errors.is_empty()
    }
}
