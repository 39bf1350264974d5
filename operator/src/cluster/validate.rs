//! Step 2: from a spec and its references to a cluster that can be built. Decides, touches nothing.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::{Resource, ResourceExt};
use sluice_crds::{KafkaConnect, KafkaConnectSpec, RestAuthorizationType, Template};

use super::exactly_once::{self, Stage};
use super::installation::Installation;
use super::logging::{self, Levels};
use super::pod_parts::{self, PodParts};
use super::rack::{self, Rack};
use super::references::References;
use super::worker_file::{self, WorkerFile};
use super::{guard, overlay, unused};
use crate::names;
use crate::reason::{Reason, Retry};
use crate::scalars::Refused;

/// Why a cluster cannot be built.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A field of `spec.config`.
    #[error(transparent)]
    Config(#[from] Refused),
    /// Another field.
    #[error("{field}: {message}")]
    Field {
        /// Path of the field.
        field: String,
        /// What is wrong, and what to do.
        message: String,
    },
    /// A Secret that is not there.
    #[error("{field}: Secret {secret} does not exist in this namespace; create it")]
    NoSecret {
        /// Path of the field that names it.
        field: String,
        /// The Secret.
        secret: String,
    },
    /// A Secret without the key that is asked for.
    #[error("{field}: Secret {secret} has no key {key}; add it")]
    NoKey {
        /// Path of the field that names it.
        field: String,
        /// The Secret.
        secret: String,
        /// The key, or a pattern that no key fits.
        key: String,
    },
    /// A ConfigMap that is not there.
    #[error("{field}: ConfigMap {map} does not exist in this namespace; create it")]
    NoConfigMap {
        /// Path of the field that names it.
        field: String,
        /// The ConfigMap.
        map: String,
    },
    /// A ConfigMap without the key that is asked for.
    #[error("{field}: ConfigMap {map} has no key {key}; add it")]
    NoConfigMapKey {
        /// Path of the field that names it.
        field: String,
        /// The ConfigMap.
        map: String,
        /// The key.
        key: String,
    },
    /// A group or topic that an older cluster has.
    #[error(
        "{field}: {what} is taken: KafkaConnect {namespace}/{name}, which is older, has it on the same Kafka; choose another"
    )]
    Taken {
        /// Path of the field.
        field: &'static str,
        /// The group or topic.
        what: String,
        /// Namespace of the other cluster.
        namespace: String,
        /// Its name.
        name: String,
    },
}

impl Error {
    pub(super) fn field(field: &str, message: impl Into<String>) -> Self {
        Self::Field { field: field.to_owned(), message: message.into() }
    }

    /// The condition reason.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Config(_) | Self::Field { .. } => Reason::InvalidSpec,
            Self::NoSecret { .. } => Reason::SecretNotFound,
            Self::NoKey { .. } => Reason::SecretKeyNotFound,
            Self::NoConfigMap { .. } => Reason::ConfigMapNotFound,
            Self::NoConfigMapKey { .. } => Reason::ConfigMapKeyNotFound,
            Self::Taken { .. } => Reason::GroupTaken,
        }
    }

    /// Secrets, ConfigMaps and other clusters come and go without the resource changing.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Config(_) | Self::Field { .. } => Retry::AwaitChange,
            Self::NoSecret { .. }
            | Self::NoKey { .. }
            | Self::NoConfigMap { .. }
            | Self::NoConfigMapKey { .. }
            | Self::Taken { .. } => Retry::Backoff,
        }
    }
}

/// A cluster that can be built.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// The namespace of all its objects.
    pub namespace: String,
    /// What all its objects belong to.
    pub owner: OwnerReference,
    /// Image of the workers.
    pub image: String,
    /// Settings of the workers, and the Secrets these need.
    pub worker_file: WorkerFile,
    /// How far workers support exactly-once sources now.
    pub exactly_once: Stage,
    /// Levels of loggers.
    pub levels: Levels,
    /// Where workers find out where they are.
    pub rack: Option<Rack>,
    /// Checked: it can be laid over a pod template.
    pub template: Template,
    /// What the template adds to the pods.
    pub parts: PodParts,
    /// Namespace of the operator.
    pub operator_namespace: String,
    /// What of the spec has no effect, and why.
    pub warnings: Vec<String>,
    /// The rest, as given.
    pub spec: KafkaConnectSpec,
}

/// Checks a cluster as a whole.
pub fn cluster(
    raw: &KafkaConnect,
    references: &References,
    installation: &Installation,
) -> Result<Cluster, Error> {
    let name = raw.name_any();
    if let Some(why) = names::refuse_cluster_name(&name) {
        return Err(Error::field("metadata.name", why));
    }
    if raw.spec.replicas < 0 {
        return Err(Error::field("spec.replicas", "must not be negative"));
    }
    let template = raw.spec.template.clone().unwrap_or_default();
    overlay::check(&template.pod_template)
        .map_err(|message| Error::field("spec.template.podTemplate", message))?;
    let namespace = raw.namespace().unwrap_or_default();
    let mut worker_file = worker_file::of(&raw.spec, &namespace, references)?;
    worker_file.settings.extend(reviews(&raw.spec, installation)?);
    check_signatures(&raw.spec, &worker_file)?;
    let exactly_once = exactly_once::settle(&mut worker_file.settings, raw.status.as_ref());
    let logging = logging::of(&raw.spec, references)?;
    let mut warnings = worker_file.warnings.clone();
    warnings.extend(logging.warnings);
    warnings.extend(unused::warnings(&raw.spec));
    Ok(Cluster {
        parts: pod_parts::of(&template)?,
        rack: rack::of(&raw.spec)?,
        levels: logging.levels,
        worker_file,
        exactly_once,
        namespace,
        owner: raw
            .controller_owner_ref(&())
            .ok_or_else(|| Error::field("metadata.uid", "is missing"))?,
        image: installation.image(&raw.spec)?,
        operator_namespace: installation.namespace.clone(),
        spec: raw.spec.clone(),
        name,
        template,
        warnings,
    })
}

/// Where workers ask about tokens, if clients show any.
fn reviews(
    spec: &KafkaConnectSpec,
    installation: &Installation,
) -> Result<Option<(String, String)>, Error> {
    let kind = spec.rest.as_ref().and_then(|it| it.authorization.as_ref()).map(|it| it.kind);
    let message = match (guard::takes_tokens(spec), kind) {
        (false, Some(RestAuthorizationType::Kubernetes)) => {
            "type kubernetes needs spec.rest.authentication of type bearer"
        }
        (false, _) => return Ok(None),
        (true, None) => {
            "is required with spec.rest.authentication of type bearer, which lets in every user of Kubernetes"
        }
        (true, Some(_)) => {
            let Some(url) = &installation.reviews else {
                let message = "type bearer is not possible here: this operator has no --reviews-url, as one of some namespaces may not ask whose a token is; install it for all namespaces, or use type basic";
                return Err(Error::field("spec.rest.authentication", message));
            };
            return Ok(Some(("sluice.rest.reviews.url".to_owned(), url.clone())));
        }
    };
    Err(Error::field("spec.rest.authorization", message))
}

/// Who may act as a worker may do everything: where there are rules, workers sign what they ask of each other.
fn check_signatures(spec: &KafkaConnectSpec, file: &WorkerFile) -> Result<(), Error> {
    const KEY: &str = "connect.protocol";
    let protocol = file.settings.get(KEY).map_or("sessioned", String::as_str);
    if guard::is_wanted(spec) && !protocol.eq_ignore_ascii_case("sessioned") {
        let message = "must be sessioned, or left out, with spec.rest.authorization: other workers sign nothing";
        return Err(Error::field(&format!("spec.config[{KEY}]"), message));
    }
    Ok(())
}
