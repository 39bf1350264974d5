//! Positions of a connector: from the workers into a ConfigMap, and back. As in Strimzi, the key is `offsets.json`, and
//! other keys of the ConfigMap are left alone.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use serde_json::json;
use sluice_crds::KafkaConnector;
use sluice_rest_model::{ConnectorOffsets, State};

use super::requests::OffsetsWork;
use super::{Current, MANAGER};
use crate::connect_api::{self, ConnectApi};
use crate::names::is_object_name;

/// Key of the ConfigMap.
pub const KEY: &str = "offsets.json";

/// Why positions could not be listed or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The spec does not say where to.
    #[error("spec.listOffsets.toConfigMap is missing; set it to the name of a ConfigMap")]
    NoTarget,
    /// The spec does not say where from.
    #[error("spec.alterOffsets.fromConfigMap is missing; set it to the name of a ConfigMap")]
    NoSource,
    /// Positions of a connector that may move cannot be changed.
    #[error("the connector is {0}; set spec.state to stopped first")]
    NotStopped(String),
    /// The ConfigMap is not there.
    #[error("there is no ConfigMap {0}; create it with the key {KEY}")]
    NoConfigMap(String),
    /// The ConfigMap lacks the key.
    #[error("the ConfigMap {0} has no key {KEY}; add it, in the form that listing writes")]
    NoKey(String),
    /// The text does not hold positions.
    #[error(
        "{KEY} of the ConfigMap {name} cannot be used: {cause}; write it in the form that listing writes"
    )]
    Unreadable {
        /// The ConfigMap.
        name: String,
        /// Why.
        cause: String,
    },
    /// No ConfigMap can be called so.
    #[error("{0} is no name of a ConfigMap; correct it")]
    BadName(String),
    /// The Kubernetes API refused.
    #[error("the ConfigMap {name}: {source}")]
    Kubernetes {
        /// The ConfigMap.
        name: String,
        /// Why.
        source: Box<kube::Error>,
    },
    /// The workers refused.
    #[error(transparent)]
    Workers(#[from] connect_api::Error),
}

/// Does the work.
///
/// # Returns
/// What was done, for people.
pub async fn perform(
    work: OffsetsWork,
    connector: &KafkaConnector,
    current: &Current,
    workers: &ConnectApi,
    client: &Client,
) -> Result<String, Error> {
    let name = super::place::asked_name(connector);
    let config_maps = ConfigMaps {
        api: Api::namespaced(client.clone(), &connector.namespace().unwrap_or_default()),
    };
    match work {
        OffsetsWork::List => {
            let target = connector.spec.list_offsets.as_ref().ok_or(Error::NoTarget)?;
            let offsets = workers.offsets(&name).await?;
            config_maps.write(&target.to_config_map.name, &offsets).await?;
            Ok(format!("positions are in the ConfigMap {}", target.to_config_map.name))
        }
        OffsetsWork::Alter => {
            let source = connector.spec.alter_offsets.as_ref().ok_or(Error::NoSource)?;
            check_stopped(current)?;
            let offsets = config_maps.read(&source.from_config_map.name).await?;
            Ok(workers.alter_offsets(&name, &offsets).await?)
        }
        OffsetsWork::Reset => {
            check_stopped(current)?;
            Ok(workers.reset_offsets(&name).await?)
        }
    }
}

/// The workers check it too, but in words that do not say which field to set.
fn check_stopped(current: &Current) -> Result<(), Error> {
    match current.status.as_ref().map(|status| status.connector.state) {
        Some(State::Stopped) => Ok(()),
        Some(state) => Err(Error::NotStopped(state.to_string())),
        None => Err(Error::NotStopped("not reported yet".to_owned())),
    }
}

struct ConfigMaps {
    api: Api<ConfigMap>,
}

impl ConfigMaps {
    /// Writes one key; whoever made the ConfigMap keeps it and all others. It outlives the connector: it may be what
    /// the next one starts from.
    async fn write(&self, name: &str, offsets: &ConnectorOffsets) -> Result<(), Error> {
        check_name(name)?;
        let text = serde_json::to_string_pretty(offsets).expect("positions are JSON");
        let object = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name},
            "data": {KEY: text},
        });
        let parameters = PatchParams::apply(MANAGER).force();
        let written = self.api.patch(name, &parameters, &Patch::Apply(object)).await;
        written.map(drop).map_err(|source| refused(name, source))
    }

    async fn read(&self, name: &str) -> Result<ConnectorOffsets, Error> {
        check_name(name)?;
        let found = self.api.get_opt(name).await.map_err(|source| refused(name, source))?;
        let found = found.ok_or_else(|| Error::NoConfigMap(name.to_owned()))?;
        let text = found.data.and_then(|mut data| data.remove(KEY));
        let text = text.ok_or_else(|| Error::NoKey(name.to_owned()))?;
        parse(name, &text)
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    if is_object_name(name) { Ok(()) } else { Err(Error::BadName(name.to_owned())) }
}

fn parse(name: &str, text: &str) -> Result<ConnectorOffsets, Error> {
    let unreadable = |cause: String| Error::Unreadable { name: name.to_owned(), cause };
    let offsets: ConnectorOffsets =
        serde_json::from_str(text).map_err(|error| unreadable(error.to_string()))?;
    match &offsets.offsets {
        Some(list) if !list.is_empty() => Ok(offsets),
        _ => Err(unreadable("it has no entry in \"offsets\"".to_owned())),
    }
}

fn refused(name: &str, source: kube::Error) -> Error {
    Error::Kubernetes { name: name.to_owned(), source: Box::new(source) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_that_cannot_be_used_are_told_with_their_config_map() {
        for (text, told) in [
            ("", "EOF"),
            ("{}", "no entry"),
            (r#"{"offsets": []}"#, "no entry"),
            (r#"{"offsets": [{"where": 1}]}"#, "unknown field"),
        ] {
            let error = parse("positions", text).unwrap_err().to_string();
            let start = "offsets.json of the ConfigMap positions cannot be used: ";
            assert!(error.starts_with(start) && error.contains(told), "{error}");
        }
        let text = r#"{"offsets": [{"partition": {"file": "a"}, "offset": {"position": 9007199254740993}}]}"#;
        let offsets = serde_json::to_value(parse("positions", text).unwrap()).unwrap();
        assert_eq!(offsets, serde_json::from_str::<serde_json::Value>(text).unwrap());
    }
}
