//! What a client's encoder writes has the shape of its kind, in every version that is spoken.

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig,
};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    BrokerId, CreateTopicsRequest, FetchRequest, JoinGroupRequest, ListOffsetsRequest,
    MetadataRequest, OffsetCommitRequest, ProduceRequest, SyncGroupRequest, TopicName,
};
use kafka_protocol::protocol::{Request, StrBytes};

use super::*;
use crate::api::VERSIONS;

fn text() -> StrBytes {
    StrBytes::from_static_str("some text")
}

fn name() -> TopicName {
    TopicName(text())
}

/// Checks every spoken version that the request can be encoded in.
fn check<R: Request>(api: ApiKey, request: &R) {
    let (_, min, max) = VERSIONS.iter().find(|(key, ..)| *key == api).unwrap();
    let mut checked = 0;
    for version in *min..=*max {
        let mut bytes = BytesMut::new();
        if request.encode(&mut bytes, version).is_ok() {
            checked += 1;
            assert!(fits(api, version, &bytes), "{api:?} {version}: {bytes:?}");
            assert!(!fits(api, version, &bytes[..bytes.len() - 1]), "{api:?} {version} cut short");
            bytes.extend_from_slice(&[1]);
            assert!(!fits(api, version, &bytes), "{api:?} {version} too long");
        }
    }
    assert!(checked > 0, "{api:?} is never encoded");
}

#[test]
fn requests_with_content_fit_in_every_version() {
    let data = PartitionProduceData::default().with_records(Some(Bytes::from_static(b"xyz")));
    let topic = TopicProduceData::default().with_name(name()).with_partition_data(vec![data]);
    check(ApiKey::Produce, &ProduceRequest::default().with_topic_data(vec![topic]));

    let partitions = vec![FetchPartition::default(); 2];
    let topic = FetchTopic::default().with_topic(name()).with_partitions(partitions);
    let fetch = FetchRequest::default().with_topics(vec![topic]);
    check(ApiKey::Fetch, &fetch);
    let forgotten = ForgottenTopic::default().with_topic(name()).with_partitions(vec![1, 2]);
    check(ApiKey::Fetch, &fetch.with_forgotten_topics_data(vec![forgotten]));

    let partitions = vec![ListOffsetsPartition::default(); 2];
    let topic = ListOffsetsTopic::default().with_name(name()).with_partitions(partitions);
    check(ApiKey::ListOffsets, &ListOffsetsRequest::default().with_topics(vec![topic]));

    let topic = MetadataRequestTopic::default().with_name(Some(name()));
    check(ApiKey::Metadata, &MetadataRequest::default().with_topics(Some(vec![topic])));

    let partition = OffsetCommitRequestPartition::default().with_committed_metadata(Some(text()));
    let topic =
        OffsetCommitRequestTopic::default().with_name(name()).with_partitions(vec![partition]);
    check(ApiKey::OffsetCommit, &OffsetCommitRequest::default().with_topics(vec![topic]));
}

#[test]
fn group_and_topic_requests_with_content_fit_in_every_version() {
    let metadata = Bytes::from_static(b"xyz");
    let protocol =
        JoinGroupRequestProtocol::default().with_name(text()).with_metadata(metadata.clone());
    check(ApiKey::JoinGroup, &JoinGroupRequest::default().with_protocols(vec![protocol]));

    let assignment =
        SyncGroupRequestAssignment::default().with_member_id(text()).with_assignment(metadata);
    check(ApiKey::SyncGroup, &SyncGroupRequest::default().with_assignments(vec![assignment]));

    let assignment = CreatableReplicaAssignment::default().with_broker_ids(vec![BrokerId(1)]);
    let config = CreatableTopicConfig::default().with_name(text()).with_value(Some(text()));
    let topic = CreatableTopic::default()
        .with_name(name())
        .with_assignments(vec![assignment])
        .with_configs(vec![config]);
    check(ApiKey::CreateTopics, &CreateTopicsRequest::default().with_topics(vec![topic]));
}

#[test]
fn empty_requests_of_every_kind_fit() {
    use kafka_protocol::messages as kinds;
    check(ApiKey::OffsetFetch, &kinds::OffsetFetchRequest::default());
    check(ApiKey::FindCoordinator, &kinds::FindCoordinatorRequest::default());
    check(ApiKey::Heartbeat, &kinds::HeartbeatRequest::default());
    check(ApiKey::LeaveGroup, &kinds::LeaveGroupRequest::default());
    check(ApiKey::DescribeGroups, &kinds::DescribeGroupsRequest::default());
    check(ApiKey::DeleteGroups, &kinds::DeleteGroupsRequest::default());
    check(ApiKey::DeleteTopics, &kinds::DeleteTopicsRequest::default());
    check(ApiKey::DeleteRecords, &kinds::DeleteRecordsRequest::default());
    check(ApiKey::CreatePartitions, &kinds::CreatePartitionsRequest::default());
    check(ApiKey::InitProducerId, &kinds::InitProducerIdRequest::default());
    check(ApiKey::OffsetForLeaderEpoch, &kinds::OffsetForLeaderEpochRequest::default());
    check(ApiKey::DescribeConfigs, &kinds::DescribeConfigsRequest::default());
    check(ApiKey::AlterConfigs, &kinds::AlterConfigsRequest::default());
    check(ApiKey::IncrementalAlterConfigs, &kinds::IncrementalAlterConfigsRequest::default());
    check(ApiKey::DescribeCluster, &kinds::DescribeClusterRequest::default());
    check(ApiKey::OffsetDelete, &kinds::OffsetDeleteRequest::default());
}

#[test]
fn lengths_that_the_bytes_do_not_bear_out_are_refused() {
    let endless_list = [255, 255, 255, 255, 0, 255, 255, 255, 15];
    assert!(!fits(ApiKey::ListOffsets, 7, &endless_list));
    assert!(!fits(ApiKey::DescribeGroups, 0, &[0x7f, 255, 255, 255]));
    assert!(!fits(ApiKey::DescribeGroups, 0, &[128, 0, 0, 0]));
    assert!(!fits(ApiKey::ApiVersions, 3, &[255, 255, 255, 255, 255, 255]));
}
