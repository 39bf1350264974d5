//! Positions in ConfigMaps: those before a change, kept beside what they shall become, and those to restore.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, Resource, ResourceExt};
use serde_json::json;
use sluice_crds::KafkaConnectorOffsets;
use sluice_rest_model::ConnectorOffsets;

use super::positions::Positions;
use super::{Error, MANAGER};
use crate::connector::offsets::KEY;
use crate::names::is_object_name;

/// Key of what the positions become.
const AFTER: &str = "after.json";

/// Most bytes of all values; the API server takes 1 MiB.
const MOST: usize = 1_000_000;

/// Why a ConfigMap cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It is not there.
    Missing,
    /// It lacks a key.
    NoKey(&'static str),
    /// The text does not hold positions.
    Unreadable(String),
}

/// Why positions cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unkept {
    /// The ConfigMap is somebody else's.
    Foreign,
    /// There are too many.
    TooMany,
}

/// The ConfigMaps of an operation's namespace.
pub struct Backups<'a> {
    api: Api<ConfigMap>,
    operation: &'a KafkaConnectorOffsets,
}

impl<'a> Backups<'a> {
    /// Of this operation.
    pub fn new(operation: &'a KafkaConnectorOffsets, client: &Client) -> Self {
        let namespace = operation.namespace().unwrap_or_default();
        Self { api: Api::namespaced(client.clone(), &namespace), operation }
    }

    /// The name of its own ConfigMap.
    pub fn name(&self) -> String {
        format!("{}-backup", self.operation.name_any())
    }

    /// Writes its own, which garbage collection deletes with the operation. What it had is replaced: nothing was changed
    /// by then.
    pub async fn write(
        &self,
        before: &Positions,
        after: &Positions,
    ) -> Result<Result<String, Unkept>, Error> {
        let name = self.name();
        let found = self.api.get_opt(&name).await;
        let found = found.map_err(|source| Error::kubernetes("read the backup", source))?;
        let is_ours = |it: &ConfigMap| {
            it.owner_references().iter().any(|it| Some(&it.uid) == self.operation.uid().as_ref())
        };
        if found.is_some_and(|found| !is_ours(&found)) {
            return Ok(Err(Unkept::Foreign));
        }
        let text = |it: &Positions| {
            serde_json::to_string_pretty(&it.to_rest()).expect("positions are JSON")
        };
        let (before, after) = (text(before), text(after));
        if before.len() + after.len() > MOST {
            return Ok(Err(Unkept::TooMany));
        }
        let object = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": name,
                "ownerReferences": [self.operation.controller_owner_ref(&())],
            },
            "data": {KEY: before, AFTER: after},
        });
        let parameters = PatchParams::apply(MANAGER).force();
        let written = self.api.patch(&name, &parameters, &Patch::Apply(object)).await;
        written.map_err(|source| Error::kubernetes("write the backup", source))?;
        Ok(Ok(name))
    }

    /// What the positions were and shall become, as it was written.
    pub async fn read_own(
        &self,
    ) -> Result<Result<(ConnectorOffsets, ConnectorOffsets), Unusable>, Error> {
        let found = self.api.get_opt(&self.name()).await;
        let found = found.map_err(|source| Error::kubernetes("read the backup", source))?;
        let both = |it: &ConfigMap| Ok((parse(it, KEY)?, parse(it, AFTER)?));
        Ok(found.as_ref().ok_or(Unusable::Missing).and_then(both))
    }

    /// Positions that somebody wrote. What is no name leads nowhere.
    pub async fn read(&self, name: &str) -> Result<Result<ConnectorOffsets, Unusable>, Error> {
        if !is_object_name(name) {
            return Ok(Err(Unusable::Missing));
        }
        let found = self.api.get_opt(name).await;
        let found = found.map_err(|source| Error::kubernetes("read the ConfigMap", source))?;
        Ok(found.as_ref().ok_or(Unusable::Missing).and_then(|it| parse(it, KEY)))
    }
}

fn parse(map: &ConfigMap, key: &'static str) -> Result<ConnectorOffsets, Unusable> {
    let text = map.data.as_ref().and_then(|data| data.get(key)).ok_or(Unusable::NoKey(key))?;
    let offsets: ConnectorOffsets =
        serde_json::from_str(text).map_err(|error| Unusable::Unreadable(error.to_string()))?;
    match &offsets.offsets {
        Some(_) => Ok(offsets),
        None => Err(Unusable::Unreadable("it has no \"offsets\"".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_hold_no_positions_are_told() {
        let map = |text: &str| ConfigMap {
            data: Some([(KEY.to_owned(), text.to_owned())].into()),
            ..ConfigMap::default()
        };
        assert_eq!(parse(&ConfigMap::default(), KEY), Err(Unusable::NoKey(KEY)));
        assert_eq!(parse(&map("{}"), AFTER), Err(Unusable::NoKey(AFTER)));
        for text in ["", "{}", "[]", r#"{"offsets": 1}"#] {
            assert!(matches!(parse(&map(text), KEY), Err(Unusable::Unreadable(_))), "{text}");
        }
        assert!(parse(&map(r#"{"offsets": []}"#), KEY).is_ok(), "no positions are some too");
    }
}
