//! From the bytes of one request to the bytes of its answer: checks, decodes, injects faults, calls the [`Api`].

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{
    AlterConfigsRequest, ApiKey, ApiVersionsRequest, CreatePartitionsRequest, CreateTopicsRequest,
    DeleteGroupsRequest, DeleteRecordsRequest, DeleteTopicsRequest, DescribeClusterRequest,
    DescribeConfigsRequest, DescribeGroupsRequest, FetchRequest, FindCoordinatorRequest,
    HeartbeatRequest, IncrementalAlterConfigsRequest, InitProducerIdRequest, JoinGroupRequest,
    LeaveGroupRequest, ListGroupsRequest, ListOffsetsRequest, MetadataRequest, OffsetCommitRequest,
    OffsetDeleteRequest, OffsetFetchRequest, OffsetForLeaderEpochRequest, ProduceRequest,
    RequestHeader, ResponseHeader, SyncGroupRequest,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion};

use crate::api::{self, Api, Caller};
use crate::context::Context;
use crate::faults::Fault;
use crate::shape;

/// Why a connection is closed instead of answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Hangup {
    #[error("the request is not one of Kafka's, or its lengths do not fit")]
    Garbage,
    #[error("version {1} of call {0} is not spoken")]
    Unspoken(i16, i16),
    #[error("an answer to {0:?} could not be encoded")]
    Unencodable(ApiKey),
    #[error("a fault was injected into {0:?}")]
    Fault(ApiKey),
}

/// Answers one request; `None` where the client expects no answer.
pub(crate) async fn dispatch(
    context: &Context,
    host: &str,
    mut frame: Bytes,
) -> Result<Option<Bytes>, Hangup> {
    let mut peek = frame.slice(..);
    let (Ok(key), Ok(version)) = (peek.try_get_i16(), peek.try_get_i16()) else {
        return Err(Hangup::Garbage);
    };
    let api = ApiKey::try_from(key).map_err(|()| Hangup::Garbage)?;
    let header = RequestHeader::decode(&mut frame, api.request_header_version(version));
    let header = header.map_err(|_| Hangup::Garbage)?;
    if !api::is_spoken(api, version) {
        if api == ApiKey::ApiVersions {
            let answer = api::unsupported_version();
            return encode(&answer, api, 0, header.correlation_id).map(Some);
        }
        return Err(Hangup::Unspoken(key, version));
    }
    if !shape::fits(api, version, &frame) {
        return Err(Hangup::Garbage);
    }
    let client_id = header.client_id.as_deref().unwrap_or_default();
    let caller = Caller { context, version, client_id, host };
    serve_any(api, caller, frame, header.correlation_id).await
}

async fn serve_any(
    api: ApiKey,
    caller: Caller<'_>,
    body: Bytes,
    id: i32,
) -> Result<Option<Bytes>, Hangup> {
    match api {
        ApiKey::Produce => serve::<ProduceRequest>(api, caller, body, id).await,
        ApiKey::Fetch => serve::<FetchRequest>(api, caller, body, id).await,
        ApiKey::ListOffsets => serve::<ListOffsetsRequest>(api, caller, body, id).await,
        ApiKey::Metadata => serve::<MetadataRequest>(api, caller, body, id).await,
        ApiKey::OffsetCommit => serve::<OffsetCommitRequest>(api, caller, body, id).await,
        ApiKey::OffsetFetch => serve::<OffsetFetchRequest>(api, caller, body, id).await,
        ApiKey::FindCoordinator => serve::<FindCoordinatorRequest>(api, caller, body, id).await,
        ApiKey::JoinGroup => serve::<JoinGroupRequest>(api, caller, body, id).await,
        ApiKey::Heartbeat => serve::<HeartbeatRequest>(api, caller, body, id).await,
        ApiKey::LeaveGroup => serve::<LeaveGroupRequest>(api, caller, body, id).await,
        ApiKey::SyncGroup => serve::<SyncGroupRequest>(api, caller, body, id).await,
        ApiKey::DescribeGroups => serve::<DescribeGroupsRequest>(api, caller, body, id).await,
        ApiKey::ListGroups => serve::<ListGroupsRequest>(api, caller, body, id).await,
        ApiKey::ApiVersions => serve::<ApiVersionsRequest>(api, caller, body, id).await,
        ApiKey::CreateTopics => serve::<CreateTopicsRequest>(api, caller, body, id).await,
        ApiKey::DeleteTopics => serve::<DeleteTopicsRequest>(api, caller, body, id).await,
        ApiKey::DeleteRecords => serve::<DeleteRecordsRequest>(api, caller, body, id).await,
        ApiKey::InitProducerId => serve::<InitProducerIdRequest>(api, caller, body, id).await,
        ApiKey::OffsetForLeaderEpoch => {
            serve::<OffsetForLeaderEpochRequest>(api, caller, body, id).await
        }
        ApiKey::DescribeConfigs => serve::<DescribeConfigsRequest>(api, caller, body, id).await,
        ApiKey::AlterConfigs => serve::<AlterConfigsRequest>(api, caller, body, id).await,
        ApiKey::CreatePartitions => serve::<CreatePartitionsRequest>(api, caller, body, id).await,
        ApiKey::DeleteGroups => serve::<DeleteGroupsRequest>(api, caller, body, id).await,
        ApiKey::IncrementalAlterConfigs => {
            serve::<IncrementalAlterConfigsRequest>(api, caller, body, id).await
        }
        ApiKey::OffsetDelete => serve::<OffsetDeleteRequest>(api, caller, body, id).await,
        ApiKey::DescribeCluster => serve::<DescribeClusterRequest>(api, caller, body, id).await,
        other => Err(Hangup::Unspoken(other as i16, caller.version)),
    }
}

async fn serve<R: Api>(
    api: ApiKey,
    caller: Caller<'_>,
    mut body: Bytes,
    correlation_id: i32,
) -> Result<Option<Bytes>, Hangup> {
    let request = R::decode(&mut body, caller.version).map_err(|_| Hangup::Garbage)?;
    let fault = caller.context.config.faults.as_ref().and_then(|faults| faults.next(api));
    let is_answered = request.is_answered();
    let answer = match fault {
        Some(Fault::DropBefore) => return Err(Hangup::Fault(api)),
        Some(Fault::Answer(error)) => request.refuse(error),
        Some(Fault::Delay(delay)) => {
            tokio::time::sleep(delay).await;
            request.handle(caller).await
        }
        Some(Fault::DropAfter) | None => request.handle(caller).await,
    };
    if fault == Some(Fault::DropAfter) {
        return Err(Hangup::Fault(api));
    }
    if !is_answered {
        return Ok(None);
    }
    encode(&answer, api, caller.version, correlation_id).map(Some)
}

/// A whole frame, its length included.
fn encode<A: Encodable + HeaderVersion>(
    answer: &A,
    api: ApiKey,
    version: i16,
    correlation_id: i32,
) -> Result<Bytes, Hangup> {
    let mut frame = BytesMut::new();
    frame.put_i32(0);
    let header = ResponseHeader::default().with_correlation_id(correlation_id);
    let encoded = header
        .encode(&mut frame, A::header_version(version))
        .and_then(|()| answer.encode(&mut frame, version));
    if let Err(error) = encoded {
        tracing::error!(?api, version, %error, "an answer could not be encoded");
        return Err(Hangup::Unencodable(api));
    }
    let length = (frame.len() - 4) as i32;
    (&mut frame[..4]).put_i32(length);
    Ok(frame.freeze())
}
