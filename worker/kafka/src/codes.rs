//! The Java exceptions that Kafka's error codes stand for, as traces name them.

use kafka_protocol::ResponseError;

/// The exception class of an error code.
pub(crate) fn java_class(code: ResponseError) -> &'static str {
    use ResponseError as E;
    match code {
        E::TopicAuthorizationFailed => "org.apache.kafka.common.errors.TopicAuthorizationException",
        E::GroupAuthorizationFailed => "org.apache.kafka.common.errors.GroupAuthorizationException",
        E::InvalidGroupId => "org.apache.kafka.common.errors.InvalidGroupIdException",
        E::GroupMaxSizeReached => "org.apache.kafka.common.errors.GroupMaxSizeReachedException",
        E::InvalidSessionTimeout => "org.apache.kafka.common.errors.InvalidSessionTimeoutException",
        E::InconsistentGroupProtocol => {
            "org.apache.kafka.common.errors.InconsistentGroupProtocolException"
        }
        E::ClusterAuthorizationFailed => {
            "org.apache.kafka.common.errors.ClusterAuthorizationException"
        }
        E::TransactionalIdAuthorizationFailed => {
            "org.apache.kafka.common.errors.TransactionalIdAuthorizationException"
        }
        E::SaslAuthenticationFailed => "org.apache.kafka.common.errors.SaslAuthenticationException",
        E::UnknownTopicOrPartition => {
            "org.apache.kafka.common.errors.UnknownTopicOrPartitionException"
        }
        E::TopicAlreadyExists => "org.apache.kafka.common.errors.TopicExistsException",
        E::InvalidReplicationFactor => {
            "org.apache.kafka.common.errors.InvalidReplicationFactorException"
        }
        E::InvalidTopicException => "org.apache.kafka.common.errors.InvalidTopicException",
        E::PolicyViolation => "org.apache.kafka.common.errors.PolicyViolationException",
        E::MessageTooLarge => "org.apache.kafka.common.errors.RecordTooLargeException",
        E::RecordListTooLarge => "org.apache.kafka.common.errors.RecordBatchTooLargeException",
        E::InvalidRecord => "org.apache.kafka.common.InvalidRecordException",
        E::CorruptMessage => "org.apache.kafka.common.errors.CorruptRecordException",
        E::NotLeaderOrFollower => "org.apache.kafka.common.errors.NotLeaderOrFollowerException",
        E::NotEnoughReplicas => "org.apache.kafka.common.errors.NotEnoughReplicasException",
        E::NotEnoughReplicasAfterAppend => {
            "org.apache.kafka.common.errors.NotEnoughReplicasAfterAppendException"
        }
        E::RequestTimedOut => "org.apache.kafka.common.errors.TimeoutException",
        E::NetworkException => "org.apache.kafka.common.errors.NetworkException",
        E::RebalanceInProgress => "org.apache.kafka.common.errors.RebalanceInProgressException",
        E::UnknownMemberId => "org.apache.kafka.common.errors.UnknownMemberIdException",
        E::IllegalGeneration => "org.apache.kafka.common.errors.IllegalGenerationException",
        E::FencedInstanceId => "org.apache.kafka.common.errors.FencedInstanceIdException",
        E::ProducerFenced => "org.apache.kafka.common.errors.ProducerFencedException",
        E::InvalidProducerEpoch => "org.apache.kafka.common.errors.InvalidProducerEpochException",
        E::OffsetOutOfRange => "org.apache.kafka.common.errors.OffsetOutOfRangeException",
        E::UnsupportedVersion => "org.apache.kafka.common.errors.UnsupportedVersionException",
        _ if code.is_retriable() => "org.apache.kafka.common.errors.RetriableException",
        _ => "org.apache.kafka.common.KafkaException",
    }
}
