//! Kafka Connect that the operator does not run.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cluster::authentication::PasswordSecret;

/// A Kafka Connect cluster that the operator does not run, by its REST API.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectRest {
    /// Address of the REST API: http or https, a host, and a port if it is not the usual one. The operator must have
    /// been started with it as an address that resources may name.
    #[schemars(length(min = 1, max = 512))]
    pub endpoint: String,
    /// Whom to trust behind https. Default: the public authorities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<ConnectRestTls>,
    /// How the operator shows who it is. Default: not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authentication: Option<ConnectRestAuthentication>,
}

/// Whom to trust behind https.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectRestTls {
    /// Certificates in PEM form that the server's certificate must lead to.
    #[schemars(length(min = 1, max = 64))]
    pub trusted_certificates: Vec<TrustedKey>,
}

/// Certificates in one key of a Secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrustedKey {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = 253))]
    pub secret_name: String,
    /// Key in the Secret.
    #[schemars(length(min = 1, max = 253))]
    pub certificate: String,
}

/// How the operator shows who it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConnectRestAuthentication {
    /// basic: a user name and a password.
    #[serde(rename = "type")]
    pub kind: ConnectRestAuthenticationType,
    /// The user name.
    #[schemars(length(min = 1, max = 1024))]
    pub username: String,
    /// Where the password is.
    pub password_secret: PasswordSecret,
}

/// basic: a user name and a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConnectRestAuthenticationType {
    /// A user name and a password with each request.
    Basic,
}
