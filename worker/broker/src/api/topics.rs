//! Creating, growing and deleting topics.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::create_topics_response::{
    CreatableTopicConfigs, CreatableTopicResult,
};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse,
    DeleteTopicsRequest, DeleteTopicsResponse, TopicName,
};
use uuid::Uuid;

use super::{Api, Caller};
use crate::context::{Context, wire};
use crate::topic_config::{self, KEYS, TopicConfig};
use crate::topics::Refusal;

impl Api for CreateTopicsRequest {
    async fn handle(self, caller: Caller<'_>) -> CreateTopicsResponse {
        let validate_only = self.validate_only;
        let twice = |topic: &CreatableTopic| {
            self.topics.iter().filter(|other| other.name == topic.name).count() > 1
        };
        let create = |topic: &CreatableTopic| {
            let outcome = if twice(topic) {
                let text = "Create topics request from client contains multiple entries for the \
                            following topics: ";
                let text = format!("{text}{}", topic.name.as_str());
                Err((ResponseError::InvalidRequest, text))
            } else {
                create(caller.context, topic, validate_only)
            };
            outcome.unwrap_or_else(|refusal| refused(&topic.name, refusal))
        };
        CreateTopicsResponse::default().with_topics(self.topics.iter().map(create).collect())
    }

    fn refuse(&self, error: ResponseError) -> CreateTopicsResponse {
        let refused = |topic: &CreatableTopic| refused(&topic.name, (error, String::new()));
        CreateTopicsResponse::default().with_topics(self.topics.iter().map(refused).collect())
    }
}

fn create(
    context: &Context,
    topic: &CreatableTopic,
    validate_only: bool,
) -> Result<CreatableTopicResult, Refusal> {
    let partitions = match (topic.num_partitions, topic.assignments.len()) {
        (-1, 0) => context.config.default_partitions,
        (-1, assigned) => assigned as i32,
        (number, _) => number,
    };
    if topic.assignments.is_empty() && ![-1, 1].contains(&topic.replication_factor) {
        let text = format!(
            "Unable to replicate the partition {} time(s): The target replication factor of {0} \
             cannot be reached because only 1 broker(s) are registered.",
            topic.replication_factor
        );
        return Err((ResponseError::InvalidReplicationFactor, text));
    }
    let mut config = TopicConfig::new();
    for setting in &topic.configs {
        let Some(value) = &setting.value else {
            let text = format!("Null value not supported for topic configs: {}", &*setting.name);
            return Err((ResponseError::InvalidConfig, text));
        };
        topic_config::check(&setting.name, value)
            .map_err(|text| (ResponseError::InvalidConfig, text))?;
        config.insert(setting.name.to_string(), value.to_string());
    }
    let configs = shown(&config);
    let id = if validate_only {
        context.topics.check_new(&topic.name, partitions)?;
        Uuid::nil()
    } else {
        let created = context.topics.create(&topic.name, partitions, config)?;
        tracing::info!(topic = %created.name, partitions, "a topic was created");
        created.id
    };
    Ok(CreatableTopicResult::default()
        .with_name(topic.name.clone())
        .with_topic_id(id)
        .with_num_partitions(partitions)
        .with_replication_factor(1)
        .with_configs(Some(configs)))
}

fn shown(config: &TopicConfig) -> Vec<CreatableTopicConfigs> {
    KEYS.iter()
        .map(|(name, ..)| {
            let source = if config.contains_key(*name) { 1 } else { 5 };
            CreatableTopicConfigs::default()
                .with_name(wire(*name))
                .with_value(Some(wire(topic_config::value(config, name))))
                .with_config_source(source)
        })
        .collect()
}

fn refused(name: &TopicName, (error, text): Refusal) -> CreatableTopicResult {
    CreatableTopicResult::default()
        .with_name(name.clone())
        .with_error_code(error.code())
        .with_error_message(Some(wire(text)))
        .with_num_partitions(-1)
        .with_replication_factor(-1)
        .with_configs(Some(Vec::new()))
}

impl Api for DeleteTopicsRequest {
    async fn handle(self, caller: Caller<'_>) -> DeleteTopicsResponse {
        let delete = |wanted: DeleteTopicState| delete(caller.context, &wanted);
        DeleteTopicsResponse::default().with_responses(wanted(&self).map(delete).collect())
    }

    fn refuse(&self, error: ResponseError) -> DeleteTopicsResponse {
        let refuse = |wanted: DeleteTopicState| {
            DeletableTopicResult::default()
                .with_name(wanted.name)
                .with_topic_id(wanted.topic_id)
                .with_error_code(error.code())
        };
        DeleteTopicsResponse::default().with_responses(wanted(self).map(refuse).collect())
    }
}

fn wanted(request: &DeleteTopicsRequest) -> impl Iterator<Item = DeleteTopicState> + '_ {
    let by_name = |name: &TopicName| DeleteTopicState::default().with_name(Some(name.clone()));
    request.topics.iter().cloned().chain(request.topic_names.iter().map(by_name))
}

fn delete(context: &Context, wanted: &DeleteTopicState) -> DeletableTopicResult {
    let result = DeletableTopicResult::default()
        .with_name(wanted.name.clone())
        .with_topic_id(wanted.topic_id);
    let (found, missing) = match &wanted.name {
        Some(name) => (context.topics.get(name), ResponseError::UnknownTopicOrPartition),
        None => (context.topics.by_id(wanted.topic_id), ResponseError::UnknownTopicId),
    };
    let Some(topic) = found else {
        let text = wire("This server does not host this topic-partition.");
        return result.with_error_code(missing.code()).with_error_message(Some(text));
    };
    match context.topics.delete(&topic) {
        Ok(()) => {
            context.groups.forget_offsets(None, |name, _| name == topic.name);
            context.topics.appended.notify_waiters();
            result.with_name(Some(wire(&topic.name).into())).with_topic_id(topic.id)
        }
        Err((error, text)) => {
            result.with_error_code(error.code()).with_error_message(Some(wire(text)))
        }
    }
}

impl Api for CreatePartitionsRequest {
    async fn handle(self, caller: Caller<'_>) -> CreatePartitionsResponse {
        let grow = |topic: &CreatePartitionsTopic| {
            let outcome = grow(caller.context, topic, self.validate_only);
            let result = CreatePartitionsTopicResult::default().with_name(topic.name.clone());
            match outcome {
                Ok(()) => result,
                Err((error, text)) => {
                    result.with_error_code(error.code()).with_error_message(Some(wire(text)))
                }
            }
        };
        CreatePartitionsResponse::default().with_results(self.topics.iter().map(grow).collect())
    }

    fn refuse(&self, error: ResponseError) -> CreatePartitionsResponse {
        let refused = |topic: &CreatePartitionsTopic| {
            CreatePartitionsTopicResult::default()
                .with_name(topic.name.clone())
                .with_error_code(error.code())
        };
        CreatePartitionsResponse::default().with_results(self.topics.iter().map(refused).collect())
    }
}

fn grow(
    context: &Context,
    wanted: &CreatePartitionsTopic,
    validate_only: bool,
) -> Result<(), Refusal> {
    let Some(topic) = context.topics.get(&wanted.name) else {
        let text = "This server does not host this topic-partition.".to_owned();
        return Err((ResponseError::UnknownTopicOrPartition, text));
    };
    let present = topic.partitions.len() as i32;
    if wanted.count <= present {
        let text = format!(
            "The topic {} currently has {present} partition(s); {} would not be an increase.",
            topic.name, wanted.count
        );
        return Err((ResponseError::InvalidPartitions, text));
    }
    if validate_only { Ok(()) } else { context.topics.grow(&topic, wanted.count) }
}
