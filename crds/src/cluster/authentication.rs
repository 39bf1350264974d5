//! How workers reach Kafka securely: whom they trust and who they are.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = (
        "self.type != 'tls' || has(self.certificateAndKey)",
        "type tls needs certificateAndKey"
    ),
    validation = (
        "self.type == 'tls' || (has(self.username) && has(self.passwordSecret))",
        "types scram-sha-256, scram-sha-512 and plain need username and passwordSecret"
    )
)]
pub struct Authentication {
    /// One of tls (a client certificate), scram-sha-256, scram-sha-512 and plain (a user name and a password).
    #[serde(rename = "type")]
    pub kind: AuthenticationType,
    /// Type tls: the client certificate and its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_and_key: Option<CertificateAndKeySecret>,
    /// Types scram-sha-256, scram-sha-512 and plain: the user name.
    #[schemars(length(min = 1, max = 1024))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Types scram-sha-256, scram-sha-512 and plain: where the password is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_secret: Option<PasswordSecret>,
}

/// One of tls (a client certificate), scram-sha-256, scram-sha-512 and plain (a user name and a password).
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
