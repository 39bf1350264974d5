//! Which topics there are and who leads them. May create topics that a client asks for.

use std::sync::Arc;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{MetadataRequest, MetadataResponse};

use super::{Api, Caller};
use crate::context::{Context, NODE, wire};
use crate::topic_config::TopicConfig;
use crate::topics::Topic;

impl Api for MetadataRequest {
    async fn handle(self, caller: Caller<'_>) -> MetadataResponse {
        let context = caller.context;
        let may_create = context.config.auto_create_topics
            && (caller.version < 4 || self.allow_auto_topic_creation);
        let wants_all =
            |topics: &Vec<MetadataRequestTopic>| caller.version == 0 && topics.is_empty();
        let topics = match self.topics.filter(|topics| !wants_all(topics)) {
            None => context.topics.all().iter().map(described).collect(),
            Some(topics) => topics.iter().map(|it| look_up(context, it, may_create)).collect(),
        };
        let broker = MetadataResponseBroker::default()
            .with_node_id(NODE)
            .with_host(wire(&context.host))
            .with_port(i32::from(context.port));
        MetadataResponse::default()
            .with_brokers(vec![broker])
            .with_cluster_id(Some(wire(&context.cluster_id)))
            .with_controller_id(NODE)
            .with_topics(topics)
    }

    fn refuse(&self, error: ResponseError) -> MetadataResponse {
        let refused = |topic: &MetadataRequestTopic| unknown(topic, error);
        let topics = self.topics.iter().flatten().map(refused).collect();
        MetadataResponse::default().with_controller_id(NODE).with_topics(topics)
    }
}

fn look_up(
    context: &Context,
    wanted: &MetadataRequestTopic,
    may_create: bool,
) -> MetadataResponseTopic {
    let Some(name) = &wanted.name else {
        let found = context.topics.by_id(wanted.topic_id);
        let missing = || unknown(wanted, ResponseError::UnknownTopicId);
        return found.map_or_else(missing, |topic| described(&topic));
    };
    if let Some(topic) = context.topics.get(name) {
        return described(&topic);
    }
    if !may_create {
        return unknown(wanted, ResponseError::UnknownTopicOrPartition);
    }
    let partitions = context.config.default_partitions;
    match context.topics.create(name, partitions, TopicConfig::new()) {
        Ok(topic) => {
            tracing::info!(topic = %topic.name, partitions, "a topic was created because a client asked for it");
            described(&topic)
        }
        Err((ResponseError::TopicAlreadyExists, _)) => {
            unknown(wanted, ResponseError::LeaderNotAvailable)
        }
        Err((error, _)) => unknown(wanted, error),
    }
}

fn described(topic: &Arc<Topic>) -> MetadataResponseTopic {
    let partition = |index| {
        MetadataResponsePartition::default()
            .with_partition_index(index)
            .with_leader_id(NODE)
            .with_leader_epoch(0)
            .with_replica_nodes(vec![NODE])
            .with_isr_nodes(vec![NODE])
    };
    MetadataResponseTopic::default()
        .with_name(Some(wire(&topic.name).into()))
        .with_topic_id(topic.id)
        .with_partitions((0..topic.partitions.len() as i32).map(partition).collect())
}

fn unknown(wanted: &MetadataRequestTopic, error: ResponseError) -> MetadataResponseTopic {
    MetadataResponseTopic::default()
        .with_error_code(error.code())
        .with_name(wanted.name.clone().or_else(|| Some(wire("").into())))
        .with_topic_id(wanted.topic_id)
}
