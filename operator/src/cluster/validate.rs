//! Step 2: from a spec and its references to a cluster that can be built. Decides, touches nothing.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::{Resource, ResourceExt};
use sluice_crds::{KafkaConnect, KafkaConnectSpec, Template};

use super::overlay;
use super::references::References;
use super::worker_file::{self, WorkerFile};
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
        }
    }

    /// Secrets come and go without the resource changing; nothing else here does.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Config(_) | Self::Field { .. } => Retry::AwaitChange,
            Self::NoSecret { .. } | Self::NoKey { .. } => Retry::Backoff,
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
    /// Checked: it can be laid over a pod template.
    pub template: Template,
    /// The rest, as given.
    pub spec: KafkaConnectSpec,
}

/// Checks a cluster as a whole.
pub fn cluster(
    raw: &KafkaConnect,
    references: &References,
    default_image: &str,
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
    check_volumes(&template)?;
    Ok(Cluster {
        worker_file: worker_file::of(&raw.spec, references)?,
        namespace: raw.namespace().unwrap_or_default(),
        owner: raw
            .controller_owner_ref(&())
            .ok_or_else(|| Error::field("metadata.uid", "is missing"))?,
        image: raw.spec.image.clone().unwrap_or_else(|| default_image.to_owned()),
        spec: raw.spec.clone(),
        name,
        template,
    })
}

/// Volume names that the operator uses itself, and mounts of volumes that nobody defines, would be refused by the API
/// server with a text about a StatefulSet that the user has never seen.
fn check_volumes(template: &Template) -> Result<(), Error> {
    let volumes = template.pod.iter().flat_map(|pod| &pod.volumes);
    let mut seen = BTreeMap::new();
    for (index, volume) in volumes.enumerate() {
        let field = format!("spec.template.pod.volumes[{index}].name");
        if volume.name == "config" || volume.name == "tmp" || volume.name.starts_with("secret-") {
            let message =
                format!("{} is a name that the operator uses; choose another", volume.name);
            return Err(Error::Field { field, message });
        }
        if seen.insert(&volume.name, index).is_some() {
            return Err(Error::Field { field, message: format!("{} is there twice", volume.name) });
        }
    }
    let overlaid = overlay::volume_names(&template.pod_template);
    let mounts = template.connect_container.iter().flat_map(|container| &container.volume_mounts);
    for (index, mount) in mounts.enumerate() {
        if !seen.contains_key(&mount.name) && !overlaid.contains(&mount.name.as_str()) {
            let field = format!("spec.template.connectContainer.volumeMounts[{index}].name");
            let message = format!("no volume {} in spec.template.pod.volumes", mount.name);
            return Err(Error::Field { field, message });
        }
    }
    Ok(())
}
