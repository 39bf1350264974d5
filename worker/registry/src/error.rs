//! Why a registry was of no help, and what converters say about it, in Java's words.

use sluice_plugin::Error;

use crate::SchemaFormat;

/// Why a call to a registry failed. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// No registry answered, or it could not do its work: the same call may succeed later. Holds URL and reason.
    #[error("{0}")]
    Outage(String),
    /// The registry refuses. The text is that of `RestClientException`.
    #[error("{message}; error code: {code}")]
    Refused {
        /// The status of HTTP.
        status: u16,
        /// The registry's code, such as 40401 (no such subject), 40402 (version), 40403 (schema), 409 (incompatible), 422.
        code: i32,
        /// What the registry says.
        message: String,
    },
    /// An answer cannot be understood, or is not one that this client follows: the place, and what is wrong.
    #[error("{0}")]
    Unusable(String),
}

/// What a converter was doing when it needed the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Bytes of a value.
    Serializing,
    /// A value of bytes.
    Deserializing,
}

impl RegistryError {
    /// The error of a converter for a record of `topic`: one to be tried again until the registry is back, or the
    /// record's own. `what` says what was asked, such as `Error retrieving Avro schema for id 7`.
    pub fn of_record(self, format: SchemaFormat, work: Work, topic: &str, what: &str) -> Error {
        match &self {
            Self::Outage(reason) => {
                let of = format.name();
                let doing = match work {
                    Work::Serializing => "serializing",
                    Work::Deserializing => "deserializing",
                };
                let text = format!(
                    "Network connection error while {doing} {of} data for topic {topic}: {reason}"
                );
                Error::outage(text)
            }
            // Whoever may not ask, or asks what is no registry, can do so for no record.
            Self::Refused { status: 401 | 403 | 407, .. } | Self::Unusable(_) => {
                Error::fatal(format!("{what} for topic {topic}: {self}")).systemic()
            }
            Self::Refused { .. } => work.failed(format, topic, &format!("{what}: {self}")),
        }
    }
}

impl Work {
    /// The error of a record of `topic`, with its cause.
    pub fn failed(self, format: SchemaFormat, topic: &str, cause: &str) -> Error {
        let name = format.name();
        let text = match self {
            Self::Serializing => format!("Failed to serialize {name} data from topic {topic} :"),
            Self::Deserializing => {
                format!("Failed to deserialize data for topic {topic} to {name}: ")
            }
        };
        Error::bad_record(text).because(cause)
    }
}

impl SchemaFormat {
    /// The name in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Avro => "Avro",
            Self::Protobuf => "Protobuf",
            Self::Json => "JSON",
        }
    }
}
