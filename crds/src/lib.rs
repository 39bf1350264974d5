//! The custom resources of Sluice: their Rust types, the CRDs generated from them, and the reading and writing of
//! manifests.
//!
//! Field names are those of Strimzi's `v1` API, so that conversion is mechanical. This crate decides nothing and talks
//! to nobody: validation beyond the schema lives in the operator.

mod admission;
// The derive repeats each struct inside a function, where `pub` reaches nobody; columns of one type are no duplicates.
#[allow(unreachable_pub, clippy::duplicated_attributes)]
mod cluster;
#[allow(unreachable_pub, clippy::duplicated_attributes)]
mod connector;
mod definition;
mod names;
#[allow(unreachable_pub, clippy::duplicated_attributes)]
mod offsets;
mod schema;
pub mod yaml;

pub use admission::{admit, misfit, spec_schema};
pub use cluster::allowed_namespaces::AllowedNamespaces;
pub use cluster::authentication::{
    Authentication, AuthenticationType, CertificateAndKeySecret, PasswordSecret, Tls,
    TrustedCertificate,
};
pub use cluster::logging::{Logging, LoggingSource, LoggingType};
pub use cluster::network_policy::NetworkPolicyPeers;
pub use cluster::oauth::{OAuth, SecretKey};
pub use cluster::rack::{Rack, RackType};
pub use cluster::rest::{
    ClientAuthentication, Rest, RestAuthentication, RestAuthenticationType, RestAuthorization,
    RestAuthorizationType, RestTls,
};
pub use cluster::rollout::{OnFailure, Rollout};
pub use cluster::status::{ConnectorPlugin, GroupState, KafkaConnectStatus, Member, RolledBack};
pub use cluster::template::{
    BudgetTemplate, ConnectContainerTemplate, DnsPolicy, EvictionPolicy, IpFamily, IpFamilyPolicy,
    ObjectTemplate, PodTemplate, ServiceTemplate, Template, TemplateMetadata, Volume,
};
pub use cluster::tracing::{Tracing, TracingType};
pub use cluster::unmanaged::UnmanagedConnectors;
pub use cluster::{KafkaConnect, KafkaConnectSpec, Probe};
pub use connector::connect_rest::{
    ConnectRest, ConnectRestAuthentication, ConnectRestAuthenticationType, ConnectRestTls,
    TrustedKey,
};
pub use connector::operations::{AlterOffsets, AutoRestart, ConfigMapName, ListOffsets, Restart};
pub use connector::status::{
    AutoRestartStatus, ConnectorReport, DeadLetters, InstanceReport, InstanceRestarts,
    KafkaConnectorStatus, Lag, TaskReport,
};
pub use connector::{DeletionPolicy, KafkaConnector, KafkaConnectorSpec, TargetState};
pub use definition::{Definition, definitions};
pub use names::{CLUSTER_LABEL, GROUP, condition};
pub use offsets::position::Position;
pub use offsets::status::{ConnectorVersion, KafkaConnectorOffsetsStatus, OffsetsPhase};
pub use offsets::{
    KafkaConnectorOffsets, KafkaConnectorOffsetsSpec, NewPositions, OffsetsOperation, SeekToTime,
};
