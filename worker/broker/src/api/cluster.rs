//! Who is there: versions, the cluster, the coordinator.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::{
    ApiKey, ApiVersionsRequest, ApiVersionsResponse, BrokerId, DescribeClusterRequest,
    DescribeClusterResponse, FindCoordinatorRequest, FindCoordinatorResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::{Api, Caller, VERSIONS};
use crate::context::{NODE, wire};

impl Api for ApiVersionsRequest {
    async fn handle(self, _caller: Caller<'_>) -> ApiVersionsResponse {
        ApiVersionsResponse::default().with_api_keys(spoken())
    }

    fn refuse(&self, error: ResponseError) -> ApiVersionsResponse {
        ApiVersionsResponse::default().with_error_code(error.code())
    }
}

/// What a client hears that asks in a version from the future; it comes again with one that is listed.
pub(crate) fn unsupported_version() -> ApiVersionsResponse {
    ApiVersionsResponse::default()
        .with_error_code(ResponseError::UnsupportedVersion.code())
        .with_api_keys(spoken())
}

fn spoken() -> Vec<ApiVersion> {
    VERSIONS
        .iter()
        .map(|(api, min, max)| {
            // librdkafka takes a broker whose Produce begins above 0 for one that cannot compress; so Kafka itself
            // announces 0 and refuses it when it comes.
            let min = if *api == ApiKey::Produce { 0 } else { *min };
            ApiVersion::default()
                .with_api_key(*api as i16)
                .with_min_version(min)
                .with_max_version(*max)
        })
        .collect()
}

impl Api for DescribeClusterRequest {
    async fn handle(self, caller: Caller<'_>) -> DescribeClusterResponse {
        let context = caller.context;
        let broker = DescribeClusterBroker::default()
            .with_broker_id(NODE)
            .with_host(wire(&context.host))
            .with_port(i32::from(context.port));
        DescribeClusterResponse::default()
            .with_cluster_id(wire(&context.cluster_id))
            .with_controller_id(NODE)
            .with_endpoint_type(self.endpoint_type)
            .with_brokers(vec![broker])
    }

    fn refuse(&self, error: ResponseError) -> DescribeClusterResponse {
        DescribeClusterResponse::default().with_error_code(error.code())
    }
}

const GROUP: i8 = 0;

impl Api for FindCoordinatorRequest {
    async fn handle(self, caller: Caller<'_>) -> FindCoordinatorResponse {
        if self.key_type != GROUP {
            let text = "this development broker has no transactions and no share groups";
            return answer(&self, Some((ResponseError::InvalidRequest, text)), "", 0);
        }
        answer(&self, None, &caller.context.host, caller.context.port)
    }

    fn refuse(&self, error: ResponseError) -> FindCoordinatorResponse {
        answer(self, Some((error, "")), "", 0)
    }
}

fn answer(
    request: &FindCoordinatorRequest,
    error: Option<(ResponseError, &'static str)>,
    host: &str,
    port: u16,
) -> FindCoordinatorResponse {
    let node = if error.is_some() { BrokerId(-1) } else { NODE };
    let port = if error.is_some() { -1 } else { i32::from(port) };
    let code = error.map_or(0, |(error, _)| error.code());
    let message = error.map(|(_, text)| StrBytes::from_static_str(text));
    if request.coordinator_keys.is_empty() {
        return FindCoordinatorResponse::default()
            .with_error_code(code)
            .with_error_message(message)
            .with_node_id(node)
            .with_host(wire(host))
            .with_port(port);
    }
    let coordinator = |key: &StrBytes| {
        Coordinator::default()
            .with_key(key.clone())
            .with_error_code(code)
            .with_error_message(message.clone())
            .with_node_id(node)
            .with_host(wire(host))
            .with_port(port)
    };
    let all = request.coordinator_keys.iter().map(coordinator).collect();
    FindCoordinatorResponse::default().with_coordinators(all)
}
