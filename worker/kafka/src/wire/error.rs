//! What can go wrong in a call to a broker.

use std::time::Duration;

use kafka_protocol::{ResponseError, messages::ApiKey};

/// Why a call failed. Holds no secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// No connection could be made.
    #[error("{address} cannot be reached: {reason}")]
    Unreachable {
        /// Broker.
        address: String,
        /// Cause.
        reason: String,
    },
    /// The broker closed the connection; whether it handled the request is unknown.
    #[error("{address} closed the connection: {reason}")]
    Disconnected {
        /// Broker.
        address: String,
        /// Cause.
        reason: String,
    },
    /// No answer in time; whether the broker handled the request is unknown.
    #[error("no answer to {api:?} within {} ms", after.as_millis())]
    Timeout {
        /// Request.
        api: ApiKey,
        /// The time that was given.
        after: Duration,
    },
    /// The broker does not take the identity. Trying again does not help.
    #[error(
        "SASL authentication of user {user:?} by {mechanism} failed: {reason}; check sasl.jaas.config and \
         sasl.mechanism"
    )]
    Authentication {
        /// SASL mechanism.
        mechanism: &'static str,
        /// User name.
        user: String,
        /// What the broker said.
        reason: String,
    },
    /// There is no token to authenticate by at present.
    #[error("no token for user {user:?}: {reason}")]
    Login {
        /// Who asked for it.
        user: String,
        /// Cause, and what to do.
        reason: String,
    },
    /// The TLS handshake failed, usually for a certificate. Trying again does not help.
    #[error("TLS handshake with {address} failed: {reason}")]
    Tls {
        /// Broker.
        address: String,
        /// Cause, and what to do.
        reason: String,
    },
    /// The broker and this client have no version of a request in common.
    #[error("the broker does not support {api:?} in a version known here")]
    Unsupported {
        /// Request.
        api: ApiKey,
    },
    /// Bytes that are no answer, or too many of them.
    #[error("{address} sent a malformed answer: {reason}")]
    Malformed {
        /// Broker.
        address: String,
        /// What is wrong.
        reason: String,
    },
    /// A request that cannot be put into bytes.
    #[error("{api:?} cannot be encoded: {reason}")]
    Encode {
        /// Request.
        api: ApiKey,
        /// What is wrong.
        reason: String,
    },
    /// The broker answered with an error.
    #[error("{code}{}", message.as_ref().map(|text| format!(": {text}")).unwrap_or_default())]
    Broker {
        /// Its code.
        code: ResponseError,
        /// Its words.
        message: Option<String>,
    },
}

impl Error {
    /// Whether the broker refused who we are: fatal until the settings change.
    pub fn is_authentication(&self) -> bool {
        matches!(self, Self::Authentication { .. } | Self::Tls { .. })
    }

    /// Whether the same call may succeed later.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Disconnected { .. }
            | Self::Timeout { .. }
            | Self::Login { .. } => true,
            Self::Broker { code, .. } => code.is_retriable(),
            _ => false,
        }
    }

    /// The broker's error code, if it gave one.
    pub fn code(&self) -> Option<ResponseError> {
        match self {
            Self::Broker { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// The name under which Java's clients throw this, for traces.
    pub fn java_class(&self) -> &'static str {
        match self {
            Self::Authentication { .. } => {
                "org.apache.kafka.common.errors.SaslAuthenticationException"
            }
            Self::Tls { .. } => "org.apache.kafka.common.errors.SslAuthenticationException",
            Self::Unreachable { .. } | Self::Timeout { .. } => {
                "org.apache.kafka.common.errors.TimeoutException"
            }
            Self::Login { .. } => "org.apache.kafka.common.KafkaException",
            Self::Disconnected { .. } => "org.apache.kafka.common.errors.DisconnectException",
            Self::Unsupported { .. } => {
                "org.apache.kafka.common.errors.UnsupportedVersionException"
            }
            Self::Malformed { .. } | Self::Encode { .. } => {
                "org.apache.kafka.common.protocol.types.SchemaException"
            }
            Self::Broker { code, .. } => crate::codes::java_class(*code),
        }
    }

    /// Turns an error code of an answer into a result.
    pub fn check(code: i16, message: Option<&str>) -> Result<(), Self> {
        match ResponseError::try_from_code(code) {
            None => Ok(()),
            Some(code) => Err(Self::Broker { code, message: message.map(str::to_owned) }),
        }
    }
}
