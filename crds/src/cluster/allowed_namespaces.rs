//! Whose connectors a cluster runs beside those of its own namespace.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// Namespaces whose connectors a cluster runs beside those of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct AllowedNamespaces {
    /// Their names. * alone is every namespace that the operator serves.
    #[serde(default)]
    #[schemars(
        length(max = 256),
        inner(length(min = 1, max = 63), regex(pattern = r"^(\*|[a-z0-9]([-a-z0-9]*[a-z0-9])?)$"))
    )]
    pub names: Vec<String>,
}
