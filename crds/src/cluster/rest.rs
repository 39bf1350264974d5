//! The workers' REST API: encryption, and who may use it.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::authentication::TrustedCertificate;
use super::oauth::SecretKey;

/// The workers' REST API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = (
        "!has(self.authentication) || self.authentication.type != 'bearer' || has(self.authorization)",
        "authentication of type bearer lets in every user of Kubernetes: it needs authorization"
    ),
    validation = (
        "!has(self.authorization) || self.authorization.type != 'kubernetes' || (has(self.authentication) && self.authentication.type == 'bearer')",
        "authorization of type kubernetes needs authentication of type bearer"
    )
)]
pub struct Rest {
    /// Encrypts the REST API with a certificate of yours or of cert-manager.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<RestTls>,
    /// Who may use the REST API. Everybody who reaches it unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authentication: Option<RestAuthentication>,
    /// What they may do. Everything unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization: Option<RestAuthorization>,
}

/// The certificate of the REST API. It must be valid for NAME-connect-api.NAMESPACE.svc and
/// *.NAME-connect.NAMESPACE.svc, and for clients too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestTls {
    /// Name of the Secret with certificate and key, such as cert-manager makes.
    #[schemars(length(min = 1, max = 253))]
    pub secret_name: String,
    /// Key in the Secret of the certificate, in PEM form. Default: tls.crt.
    #[schemars(length(min = 1, max = 253))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// Key in the Secret of the private key, in PEM form (PKCS#8). Default: tls.key.
    #[schemars(length(min = 1, max = 253))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Authorities that the certificates of workers and clients must lead to. Default: ca.crt of the same Secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub trusted_certificates: Vec<TrustedCertificate>,
    /// Whether clients show certificates: none (the default), requested or required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_authentication: Option<ClientAuthentication>,
}

/// Whether clients show certificates: none (the default), requested or required.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ClientAuthentication {
    /// They are not asked for one.
    #[default]
    None,
    /// One that they show must be good.
    Requested,
    /// None is let in without one.
    Required,
}

/// Who may use the REST API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("self.type != 'basic' || has(self.users)", "type basic needs users"))]
pub struct RestAuthentication {
    /// basic: a user name and a password. bearer: a token of Kubernetes for the audience sluice.dev/NAMESPACE/NAME.
    #[serde(rename = "type")]
    pub kind: RestAuthenticationType,
    /// basic: a properties file with a line user=password for each. Without authorization all may do everything, and the
    /// operator asks as the first of them by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<SecretKey>,
}

/// basic: a user name and a password. bearer: a token of Kubernetes for the audience sluice.dev/NAMESPACE/NAME.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RestAuthenticationType {
    /// A user name and a password with each request.
    Basic,
    /// A token of a service account, or of whom else Kubernetes gives tokens for an audience.
    Bearer,
}

/// What users of the REST API may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestAuthorization {
    /// readOnly: read; changes are the operator's alone. kubernetes: what RBAC grants on kafkaconnectors and kafkaconnects.
    #[serde(rename = "type")]
    pub kind: RestAuthorizationType,
}

/// readOnly: read; changes are the operator's alone. kubernetes: what RBAC grants on kafkaconnectors and kafkaconnects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RestAuthorizationType {
    /// Read.
    ReadOnly,
    /// What Kubernetes' roles grant them.
    Kubernetes,
}
