//! Showing and changing the settings of topics. A broker's own settings are shown as none and cannot be changed.

use std::collections::BTreeMap;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::alter_configs_response::AlterConfigsResourceResponse as Replaced;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use kafka_protocol::messages::incremental_alter_configs_request::AlterConfigsResource;
use kafka_protocol::messages::incremental_alter_configs_response::AlterConfigsResourceResponse as Altered;
use kafka_protocol::messages::{
    AlterConfigsRequest, AlterConfigsResponse, DescribeConfigsRequest, DescribeConfigsResponse,
    IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};

use super::{Api, Caller};
use crate::context::{Context, wire};
use crate::topic_config::{self, KEYS, TopicConfig};
use crate::topics::Refusal;

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
/// Where a value comes from, in the wire's numbers.
const FROM_TOPIC: i8 = 1;
const FROM_DEFAULT: i8 = 5;

impl Api for DescribeConfigsRequest {
    async fn handle(self, caller: Caller<'_>) -> DescribeConfigsResponse {
        let describe = |resource: &DescribeConfigsResource| {
            let result = result_for(resource);
            match resource.resource_type {
                TOPIC => match caller.context.topics.get(&resource.resource_name) {
                    Some(topic) => result.with_configs(settings(
                        &topic.config,
                        resource,
                        self.include_synonyms,
                    )),
                    None => result
                        .with_error_code(ResponseError::UnknownTopicOrPartition.code())
                        .with_error_message(Some(wire(missing(&resource.resource_name)))),
                },
                BROKER => result,
                _ => result.with_error_code(ResponseError::InvalidRequest.code()),
            }
        };
        let results = self.resources.iter().map(describe).collect();
        DescribeConfigsResponse::default().with_results(results)
    }

    fn refuse(&self, error: ResponseError) -> DescribeConfigsResponse {
        let refused = |it: &DescribeConfigsResource| result_for(it).with_error_code(error.code());
        let results = self.resources.iter().map(refused).collect();
        DescribeConfigsResponse::default().with_results(results)
    }
}

fn result_for(resource: &DescribeConfigsResource) -> DescribeConfigsResult {
    DescribeConfigsResult::default()
        .with_resource_type(resource.resource_type)
        .with_resource_name(resource.resource_name.clone())
}

fn settings(
    config: &TopicConfig,
    wanted: &DescribeConfigsResource,
    with_synonyms: bool,
) -> Vec<DescribeConfigsResourceResult> {
    let keys = wanted.configuration_keys.as_ref().filter(|keys| !keys.is_empty());
    KEYS.iter()
        .filter(|(name, ..)| keys.is_none_or(|keys| keys.iter().any(|key| key.as_str() == *name)))
        .map(|(name, kind, _)| {
            let source = if config.contains_key(*name) { FROM_TOPIC } else { FROM_DEFAULT };
            let value = wire(topic_config::value(config, name));
            let synonym = DescribeConfigsSynonym::default()
                .with_name(wire(*name))
                .with_value(Some(value.clone()))
                .with_source(source);
            DescribeConfigsResourceResult::default()
                .with_name(wire(*name))
                .with_value(Some(value))
                .with_config_source(source)
                .with_config_type(kind.code())
                .with_synonyms(if with_synonyms { vec![synonym] } else { Vec::new() })
        })
        .collect()
}

impl Api for AlterConfigsRequest {
    async fn handle(self, caller: Caller<'_>) -> AlterConfigsResponse {
        let mut responses = Vec::new();
        for resource in &self.resources {
            let wanted = resource.configs.iter().map(|it| (&*it.name, it.value.as_deref()));
            let outcome = change(
                caller.context,
                resource.resource_type,
                &resource.resource_name,
                |config| {
                    config.clear();
                    wanted.clone().try_for_each(|(name, value)| set(config, name, value))
                },
                self.validate_only,
            );
            let response = Replaced::default()
                .with_resource_type(resource.resource_type)
                .with_resource_name(resource.resource_name.clone());
            responses.push(match outcome {
                Ok(()) => response,
                Err((error, text)) => {
                    response.with_error_code(error.code()).with_error_message(Some(wire(text)))
                }
            });
        }
        AlterConfigsResponse::default().with_responses(responses)
    }

    fn refuse(&self, error: ResponseError) -> AlterConfigsResponse {
        let responses = self.resources.iter().map(|resource| {
            Replaced::default()
                .with_resource_type(resource.resource_type)
                .with_resource_name(resource.resource_name.clone())
                .with_error_code(error.code())
        });
        AlterConfigsResponse::default().with_responses(responses.collect())
    }
}

impl Api for IncrementalAlterConfigsRequest {
    async fn handle(self, caller: Caller<'_>) -> IncrementalAlterConfigsResponse {
        let alter = |resource: &AlterConfigsResource| {
            let outcome = change(
                caller.context,
                resource.resource_type,
                &resource.resource_name,
                |config| alter(config, resource),
                self.validate_only,
            );
            match outcome {
                Ok(()) => altered(resource),
                Err((error, text)) => altered(resource)
                    .with_error_code(error.code())
                    .with_error_message(Some(wire(text))),
            }
        };
        let responses = self.resources.iter().map(alter).collect();
        IncrementalAlterConfigsResponse::default().with_responses(responses)
    }

    fn refuse(&self, error: ResponseError) -> IncrementalAlterConfigsResponse {
        let refused = |it: &AlterConfigsResource| altered(it).with_error_code(error.code());
        let responses = self.resources.iter().map(refused).collect();
        IncrementalAlterConfigsResponse::default().with_responses(responses)
    }
}

fn altered(resource: &AlterConfigsResource) -> Altered {
    Altered::default()
        .with_resource_type(resource.resource_type)
        .with_resource_name(resource.resource_name.clone())
}

/// The operations of an incremental change: set, delete, append to a list, subtract from a list.
fn alter(config: &mut TopicConfig, resource: &AlterConfigsResource) -> Result<(), Refusal> {
    for wanted in &resource.configs {
        let name = wanted.name.as_str();
        let given = wanted.value.as_deref().unwrap_or_default();
        let present = || topic_config::value(config, name).split(',').filter(|it| !it.is_empty());
        match wanted.config_operation {
            0 => set(config, name, wanted.value.as_deref())?,
            1 => {
                config.remove(name);
            }
            2 => {
                let missing = given.split(',').filter(|it| !present().any(|here| here == *it));
                let list: Vec<&str> = present().chain(missing).collect();
                let list = list.join(",");
                set(config, name, Some(&list))?;
            }
            3 => {
                let list: Vec<&str> =
                    present().filter(|here| !given.split(',').any(|it| it == *here)).collect();
                let list = list.join(",");
                set(config, name, Some(&list))?;
            }
            other => {
                let text = format!("Unknown operation type {other} for config {name}");
                return Err((ResponseError::InvalidRequest, text));
            }
        }
    }
    Ok(())
}

fn set(config: &mut TopicConfig, name: &str, value: Option<&str>) -> Result<(), Refusal> {
    let Some(value) = value else {
        let text = format!("Null value not supported for : {name}");
        return Err((ResponseError::InvalidRequest, text));
    };
    topic_config::check(name, value).map_err(|text| (ResponseError::InvalidConfig, text))?;
    config.insert(name.to_owned(), value.to_owned());
    Ok(())
}

fn change(
    context: &Context,
    resource_type: i8,
    name: &str,
    edit: impl FnOnce(&mut BTreeMap<String, String>) -> Result<(), Refusal>,
    validate_only: bool,
) -> Result<(), Refusal> {
    if resource_type != TOPIC {
        let text = "this development broker has settings of topics only".to_owned();
        return Err((ResponseError::InvalidRequest, text));
    }
    let Some(topic) = context.topics.get(name) else {
        return Err((ResponseError::UnknownTopicOrPartition, missing(name)));
    };
    let mut config = topic.config.clone();
    edit(&mut config)?;
    if validate_only { Ok(()) } else { context.topics.configure(&topic, config) }
}

fn missing(topic: &str) -> String {
    format!("The topic '{topic}' does not exist.")
}
