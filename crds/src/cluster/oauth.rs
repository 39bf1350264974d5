//! Logging in by a token of an OAuth 2.0 server: the fields of `authentication` of type `oauth`.

use std::collections::BTreeMap;

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::authentication::TrustedCertificate;

/// Where tokens come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct OAuth {
    /// Type oauth: address that gives tokens, https:// or http://.
    #[schemars(length(min = 1, max = 2048))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_uri: Option<String>,
    /// Type oauth: identity of the client.
    #[schemars(length(min = 1, max = 1024))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Type oauth: secret of the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SecretKey>,
    /// Type oauth: an assertion in place of the client's secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_assertion: Option<SecretKey>,
    /// Type oauth: file with the assertion, which something else keeps up to date.
    #[schemars(length(min = 1, max = 1024))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_assertion_location: Option<String>,
    /// Type oauth: kind of the assertion. Default: urn:ietf:params:oauth:client-assertion-type:jwt-bearer.
    #[schemars(length(min = 1, max = 1024))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_assertion_type: Option<String>,
    /// Type oauth: a token that was obtained elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token: Option<SecretKey>,
    /// Type oauth: file with the token, which something else keeps up to date.
    #[schemars(length(min = 1, max = 1024))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_location: Option<String>,
    /// Type oauth: a token that gets further ones from the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<SecretKey>,
    /// Type oauth: what to ask for.
    #[schemars(length(min = 1, max = 1024))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Type oauth: for whom the token is.
    #[schemars(length(min = 1, max = 1024))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Type oauth: whether tokens are JWTs, which tell when they end. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token_is_jwt: Option<bool>,
    /// Type oauth: longest life of a token in seconds, however long it says itself.
    #[schemars(range(min = 60))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_token_expiry_seconds: Option<i32>,
    /// Type oauth: longest time in seconds to reach the address. Default: 60.
    #[schemars(range(min = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_timeout_seconds: Option<i32>,
    /// Type oauth: longest time in seconds for its answer. Default: 60.
    #[schemars(range(min = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_timeout_seconds: Option<i32>,
    /// Type oauth: authorities that the certificate of the address must lead to. Default: the public ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub tls_trusted_certificates: Vec<TrustedCertificate>,
    /// Type oauth: true lets the certificate of the address name another host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_tls_hostname_verification: Option<bool>,
    /// Type oauth: what brokers are told beside the token (KIP-342).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sasl_extensions: BTreeMap<String, String>,
    /// Type oauth: accepted from other operators' manifests and without effect: workers ask until there is an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_retries: Option<i32>,
    /// Type oauth: pause in milliseconds before an address that is away is asked again. Default: 100, growing to 10000.
    #[schemars(range(min = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_retry_pause_ms: Option<i32>,
    /// Type oauth: accepted from other operators' manifests and without effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_metrics: Option<bool>,
    /// Type oauth: accepted from other operators' manifests and without effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_accept_header: Option<bool>,
}

/// A key of a Secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretKey {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = 253))]
    pub secret_name: String,
    /// Key in the Secret.
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}
