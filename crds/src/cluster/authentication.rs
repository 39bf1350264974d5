//! How workers reach Kafka securely: whom they trust and who they are.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::oauth::OAuth;
use crate::schema;

/// Encryption of the connections to Kafka.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tls {
    /// Certificates in PEM form that the brokers' certificates must lead to. Empty: those of the system.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub trusted_certificates: Vec<TrustedCertificate>,
}

/// Certificates in one Secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = (
    "has(self.certificate) != has(self.pattern)",
    "give exactly one of certificate and pattern"
))]
pub struct TrustedCertificate {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = 253))]
    pub secret_name: String,
    /// Key in the Secret.
    #[schemars(length(min = 1, max = 253))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// Pattern of keys in the Secret, such as `*.crt`: `*` stands for any text, `?` for any single character.
    #[schemars(length(min = 1, max = 253))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
}

/// How the workers show Kafka who they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = (
        "self.type != 'tls' || has(self.certificateAndKey)",
        "type tls needs certificateAndKey"
    ),
    validation = (
        "!(self.type in ['scram-sha-256', 'scram-sha-512', 'plain']) || (has(self.username) && has(self.passwordSecret))",
        "types scram-sha-256, scram-sha-512 and plain need username and passwordSecret"
    ),
    validation = (
        "self.type != 'oauth' || has(self.tokenEndpointUri) || has(self.accessToken) || has(self.accessTokenLocation)",
        "type oauth needs tokenEndpointUri, accessToken or accessTokenLocation"
    )
)]
pub struct Authentication {
    /// One of tls (a client certificate), scram-sha-256, scram-sha-512 and plain (a user name and a password), oauth (a
    /// token of an OAuth 2.0 server) and custom (settings of your own).
    #[serde(rename = "type")]
    pub kind: AuthenticationType,
    /// Type tls: the client certificate and its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_and_key: Option<CertificateAndKeySecret>,
    /// Types scram-sha-256, scram-sha-512 and plain: the user name. Type oauth: that of the password grant.
    #[schemars(length(min = 1, max = 1024))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Types scram-sha-256, scram-sha-512 and plain: where the password is. Type oauth: that of the password grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_secret: Option<PasswordSecret>,
    /// Type custom: whether SASL is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sasl: Option<bool>,
    /// Type custom: settings that begin with sasl., ssl.keystore. or org.apache.kafka.sasl.oauthbearer.allowed., for the
    /// worker and all its clients. A value names a key of a Secret in this namespace by ${secret:NAME:KEY}.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schema::free_map")]
    pub config: BTreeMap<String, Value>,
    /// Type oauth: where tokens come from.
    #[serde(flatten)]
    pub oauth: OAuth,
}

/// One of tls (a client certificate), scram-sha-256, scram-sha-512 and plain (a user name and a password), oauth (a token
/// of an OAuth 2.0 server) and custom (settings of your own).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AuthenticationType {
    /// A client certificate.
    #[serde(rename = "tls")]
    Tls,
    /// SASL SCRAM-SHA-256.
    #[serde(rename = "scram-sha-256")]
    ScramSha256,
    /// SASL SCRAM-SHA-512.
    #[serde(rename = "scram-sha-512")]
    ScramSha512,
    /// SASL PLAIN.
    #[serde(rename = "plain")]
    Plain,
    /// SASL OAUTHBEARER.
    #[serde(rename = "oauth")]
    OAuth,
    /// Settings of your own.
    #[serde(rename = "custom")]
    Custom,
}

/// A certificate and its key in one Secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct CertificateAndKeySecret {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = 253))]
    pub secret_name: String,
    /// Key in the Secret of the certificate, in PEM form.
    #[schemars(length(min = 1, max = 253))]
    pub certificate: String,
    /// Key in the Secret of the private key, in PEM form (PKCS#8).
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}

/// A password in a Secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasswordSecret {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = 253))]
    pub secret_name: String,
    /// Key in the Secret of the password.
    #[schemars(length(min = 1, max = 253))]
    pub password: String,
}
