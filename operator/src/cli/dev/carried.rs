//! Values that connectors take from Secrets and ConfigMaps: the files that a cluster's workers have mounted. Pure.

use crate::connector::Desired;
use crate::connector::references::{Holder, Reference};

use super::manifests::{Files, Manifests};

/// The files of one connector, or the first reference that leads nowhere.
pub(super) fn files(desired: &Desired, manifests: &Manifests) -> Result<Files, Reference> {
    let value = |reference: &Reference| {
        let holders = match reference.holder {
            Holder::Secret => &manifests.secrets,
            Holder::ConfigMap => &manifests.config_maps,
        };
        let value = holders.get(&reference.name).and_then(|files| files.get(&reference.key));
        let value = value.ok_or_else(|| reference.clone())?;
        Ok((reference.file(), value.clone()))
    };
    desired.references.iter().map(value).collect()
}
