//! An error of a consumer or producer, under the names that Java's clients have for it.

use kafka_protocol::ResponseError;
use rdkafka::types::RDKafkaErrorCode as Local;
use sluice_model::TopicPartition;

use crate::{codes, settings::SettingsError, wire};

/// Why a consumer or producer failed. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{class}: {message}")]
pub struct ClientError {
    class: &'static str,
    message: String,
    retriable: bool,
    authentication: bool,
}

impl ClientError {
    /// From librdkafka's number and words. Positive numbers are the broker's error codes.
    pub(crate) fn new(code: i32, message: impl Into<String>) -> Self {
        let broker = i16::try_from(code).ok().filter(|code| *code > 0);
        let (class, retriable) = match broker.and_then(ResponseError::try_from_code) {
            Some(code) => (codes::java_class(code), code.is_retriable()),
            None => local(code),
        };
        let authentication = code == Local::Authentication as i32 || code == Local::SSL as i32;
        Self { class, message: message.into(), retriable, authentication }
    }

    /// From an error event, if it says that the broker refuses who we are or that we refuse it. Other events tell
    /// of connections, which librdkafka makes again.
    pub(crate) fn refusal(code: i32, reason: &str) -> Option<Self> {
        let is = |local: Local| code == local as i32;
        // Under TLS 1.3 a broker refuses a certificate after the handshake. For librdkafka that is a lost connection
        // like any other; only OpenSSL's words tell.
        let alert = is(Local::BrokerTransportFailure) && reason.contains("SSL alert number");
        if alert || is(Local::SSL) {
            return Some(Self::new(Local::SSL as i32, reason));
        }
        // The handshake says nothing of who we are, only whether there is such a mechanism. Others of its errors pass: the
        // connection was lost, or a session so short that it was renewed within a second of its begin.
        let is_handshake = reason.contains("mechanism handshake failed: ");
        let passes = is_handshake && !reason.contains("Unsupported SASL mechanism");
        (is(Local::Authentication) && !passes).then(|| Self::new(code, reason))
    }

    /// Bytes of a broker that are no records.
    pub(crate) fn corrupt(message: String) -> Self {
        Self::new(Local::BadMessage as i32, message)
    }

    /// Partitions that have no offset to start from, where none may be made up.
    pub(crate) fn no_offset(partitions: &[TopicPartition]) -> Self {
        let names: Vec<String> = partitions.iter().map(ToString::to_string).collect();
        let message =
            format!("Undefined offset with no reset policy for partitions: [{}]", names.join(", "));
        Self::new(Local::AutoOffsetReset as i32, message)
    }

    /// A name that no topic can have, as Java's clients tell it.
    pub(crate) fn invalid_topic(topic: &str) -> Self {
        Self {
            class: codes::java_class(ResponseError::InvalidTopicException),
            message: format!("Invalid topics: [{topic}]"),
            retriable: false,
            authentication: false,
        }
    }

    /// Topics that the user may not read, as Java's clients tell it.
    pub(crate) fn unauthorized_topics(topics: &[&str]) -> Self {
        let code = ResponseError::TopicAuthorizationFailed.code();
        Self::new(
            i32::from(code),
            format!("Not authorized to access topics: [{}]", topics.join(", ")),
        )
    }

    /// A commit of a member that the group does not count any more, as Java's consumer tells it.
    pub(crate) fn commit_failed() -> Self {
        Self {
            class: "org.apache.kafka.clients.consumer.CommitFailedException",
            message: "Offset commit cannot be completed since the consumer is not part of an active group for auto \
                      partition assignment; it is likely that the consumer was kicked out of the group."
                .to_owned(),
            retriable: false,
            authentication: false,
        }
    }

    /// What needs a group, of a consumer without one, as Java's consumer tells it.
    pub(crate) fn no_group() -> Self {
        Self {
            class: codes::java_class(ResponseError::InvalidGroupId),
            message: "To use the group management or offset commit APIs, you must provide a valid group.id in the \
                      consumer configuration."
                .to_owned(),
            retriable: false,
            authentication: false,
        }
    }

    /// The same in the words of Java's clients, if it says that this topic may not be used.
    pub(crate) fn about_topic(self, topic: &str) -> Self {
        let code = ResponseError::TopicAuthorizationFailed;
        if self.class == codes::java_class(code) {
            Self::unauthorized_topics(&[topic])
        } else {
            self
        }
    }

    /// From the operating system or the runtime.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Self {
        Self::new(Local::Fail as i32, cause.to_string())
    }

    /// The Java class that such an error has in traces.
    pub fn java_class(&self) -> &'static str {
        self.class
    }

    /// What happened, without the class.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether the same may succeed later: an instance of Java's `RetriableException`.
    pub fn is_retriable(&self) -> bool {
        self.retriable
    }

    /// Whether it is an instance of Java's `ApiException`: Kafka's protocol has a name for it.
    pub fn is_of_protocol(&self) -> bool {
        self.class.starts_with("org.apache.kafka.common.errors.")
    }

    /// Whether the broker refused who we are.
    pub fn is_authentication(&self) -> bool {
        self.authentication
    }
}

impl From<wire::Error> for ClientError {
    fn from(error: wire::Error) -> Self {
        let (class, retriable) = match &error {
            wire::Error::Broker { code, .. } => (codes::java_class(*code), code.is_retriable()),
            _ if error.is_authentication() => (error.java_class(), false),
            _ => ("org.apache.kafka.common.errors.NetworkException", true),
        };
        let authentication = error.is_authentication();
        Self { class, message: error.to_string(), retriable, authentication }
    }
}

impl From<SettingsError> for ClientError {
    fn from(error: SettingsError) -> Self {
        Self {
            class: "org.apache.kafka.common.config.ConfigException",
            message: error.to_string(),
            retriable: false,
            authentication: false,
        }
    }
}

/// Class and retriability of librdkafka's own (negative) codes.
fn local(code: i32) -> (&'static str, bool) {
    let is = |local: Local| code == local as i32;
    if is(Local::Authentication) {
        ("org.apache.kafka.common.errors.SaslAuthenticationException", false)
    } else if is(Local::SSL) {
        ("org.apache.kafka.common.errors.SslAuthenticationException", false)
    } else if is(Local::MessageTimedOut) || is(Local::OperationTimedOut) {
        ("org.apache.kafka.common.errors.TimeoutException", true)
    } else if is(Local::BrokerTransportFailure) || is(Local::AllBrokersDown) || is(Local::Resolve) {
        ("org.apache.kafka.common.errors.NetworkException", true)
    } else if is(Local::AutoOffsetReset) {
        ("org.apache.kafka.clients.consumer.NoOffsetForPartitionException", false)
    } else if is(Local::UnknownTopic) || is(Local::UnknownPartition) {
        ("org.apache.kafka.common.errors.UnknownTopicOrPartitionException", true)
    } else if is(Local::Fenced) {
        ("org.apache.kafka.common.errors.ProducerFencedException", false)
    } else if is(Local::InvalidArgument) {
        ("org.apache.kafka.common.config.ConfigException", false)
    } else if is(Local::PurgeQueue) || is(Local::PurgeInflight) {
        ("org.apache.kafka.common.KafkaException", false)
    } else {
        let retriable = [
            Local::WaitingForCoordinator,
            Local::NoOffset,
            Local::State,
            Local::InProgress,
            Local::Retry,
            Local::AssignmentLost,
        ];
        ("org.apache.kafka.common.KafkaException", retriable.into_iter().any(is))
    }
}

#[test]
fn a_handshake_that_fails_is_no_refusal() {
    let authentication = Local::Authentication as i32;
    for (reason, expected) in [
        (
            "x/1: SASL PLAIN mechanism handshake failed: Local: Broker transport failure: broker's",
            false,
        ),
        (
            "x/1: SASL PLAIN mechanism handshake failed: Broker: Request not valid in current SASL state: b",
            false,
        ),
        ("x/1: SASL PLAIN mechanism handshake failed: Broker: Unsupported SASL mechanism: b", true),
        ("x/1: SASL authentication error: Authentication failed", true),
    ] {
        let refused = ClientError::refusal(authentication, reason);
        assert_eq!(refused.is_some(), expected, "{reason}");
    }
}

#[test]
fn a_topic_that_may_not_be_used_is_named() {
    let told = |code: ResponseError| {
        ClientError::new(code.code().into(), "librdkafka's words").about_topic("t")
    };
    for (code, expected) in [
        (ResponseError::TopicAuthorizationFailed, "Not authorized to access topics: [t]"),
        (ResponseError::ClusterAuthorizationFailed, "librdkafka's words"),
    ] {
        assert_eq!(told(code).message(), expected);
    }
}
