//! A connector's file: flat JSON, the body of a request that creates a connector, or properties, tried in this order
//! (`ConnectStandalone.parseConnectorConfigurationFile`).

use std::path::{Path, PathBuf};

use serde::Deserialize;
use sluice_config::{PropertiesError, parse_properties};
use sluice_herder::{Request, TargetState};
use sluice_rest_model::{InitialState, SettingsPatch};

/// Key of a connector's name.
const NAME: &str = "name";

/// Why a connector's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectorFileError {
    /// It cannot be read.
    #[error("{} cannot be read", .0.display())]
    Read(PathBuf, #[source] std::io::Error),
    /// It is none of the three.
    #[error("{} is neither JSON of a connector nor a properties file", .0.display())]
    Properties(PathBuf, #[source] PropertiesError),
    /// It does not say what the connector is called.
    #[error("Connector configuration at '{}' is missing the mandatory 'name' configuration", .0.display())]
    Nameless(PathBuf),
    /// It says so twice, and not the same.
    #[error("Connector name configuration in 'config' doesn't match the one specified in 'name' at '{}'", .0.display())]
    TwoNames(PathBuf),
}

/// Reads what a file has to say as the request that creates the connector.
pub(crate) fn read(path: &Path) -> Result<Request, ConnectorFileError> {
    let bytes = std::fs::read(path).map_err(|it| ConnectorFileError::Read(path.to_owned(), it))?;
    parse(path, &bytes)
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Request, ConnectorFileError> {
    if let Ok(config) = serde_json::from_slice(bytes) {
        return flat(path, config);
    }
    if let Ok(body) = serde_json::from_slice(bytes) {
        return whole(path, body);
    }
    let properties = parse_properties(bytes)
        .map_err(|error| ConnectorFileError::Properties(path.to_owned(), error))?;
    let properties = properties.into_iter().map(|(key, value)| (key, Some(value)));
    flat(path, SettingsPatch(properties.collect()))
}

/// A request body. Unlike the API, a file may have fields that mean nothing.
#[derive(Deserialize)]
struct Body {
    name: String,
    config: SettingsPatch,
    #[serde(default)]
    initial_state: Option<InitialState>,
}

fn flat(path: &Path, config: SettingsPatch) -> Result<Request, ConnectorFileError> {
    let Some(Some(name)) = config.0.get(NAME).cloned() else {
        return Err(ConnectorFileError::Nameless(path.to_owned()));
    };
    Ok(Request::Create { name, config, initial: None })
}

fn whole(path: &Path, body: Body) -> Result<Request, ConnectorFileError> {
    let Body { name, mut config, initial_state } = body;
    let within = config.0.entry(NAME.to_owned()).or_insert_with(|| Some(name.clone()));
    if within.as_ref() != Some(&name) {
        return Err(ConnectorFileError::TwoNames(path.to_owned()));
    }
    Ok(Request::Create { name, config, initial: initial_state.map(TargetState::from) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_says_the_same() {
        for (text, initial) in [
            (r#"{"name": "a", "connector.class": "C", "tasks.max": 1}"#, None),
            ("name=a\nconnector.class=C\ntasks.max=1\n", None),
            (r#"{"name": "a", "config": {"connector.class": "C", "tasks.max": "1"}}"#, None),
            (
                r#"{"name": "a", "config": {"name": "a", "connector.class": "C", "tasks.max": "1"},
                    "initial_state": "PAUSED", "comment": "for later"}"#,
                Some(TargetState::Paused),
            ),
        ] {
            let request = parse(Path::new("a"), text.as_bytes());
            let Ok(Request::Create { name, config, initial: found }) = request else {
                panic!("{text}: {request:?}")
            };
            let pairs = [("connector.class", "C"), ("name", "a"), ("tasks.max", "1")];
            let expected = pairs.map(|(key, value)| (key.to_owned(), Some(value.to_owned())));
            assert_eq!((name.as_str(), config.0, found), ("a", expected.into(), initial), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_with_its_name() {
        for (text, expected) in [
            ("{}", "Connector configuration at 'f' is missing the mandatory 'name' configuration"),
            (
                "tasks.max=1",
                "Connector configuration at 'f' is missing the mandatory 'name' configuration",
            ),
            (
                r#"{"name": "a", "config": {"name": "b"}}"#,
                "Connector name configuration in 'config' doesn't match the one specified in 'name' at 'f'",
            ),
            ("name=\\u12", "f is neither JSON of a connector nor a properties file"),
        ] {
            let error = parse(Path::new("f"), text.as_bytes()).expect_err(text);
            assert_eq!(error.to_string(), expected);
        }
        let error = read(Path::new("/nowhere/c.json")).expect_err("there is none");
        assert_eq!(error.to_string(), "/nowhere/c.json cannot be read");
    }
}
