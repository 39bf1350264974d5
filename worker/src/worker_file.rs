//! The worker file: Java properties or flat JSON, with overrides from the command line and values that stand in files.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use sluice_config::{Properties, PropertiesError, parse_properties};
use sluice_providers::{Configured, Hidden, ProviderError, Providers};

/// Why a worker file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkerFileError {
    /// The file cannot be read.
    #[error("{} cannot be read", .0.display())]
    Read(PathBuf, #[source] std::io::Error),
    /// It is no properties file.
    #[error("{} is no properties file", .0.display())]
    Properties(PathBuf, #[source] PropertiesError),
    /// It is no flat JSON object.
    #[error("{} is no JSON object of texts", .0.display())]
    Json(PathBuf, #[source] serde_json::Error),
    /// Values that it names cannot be had.
    #[error("config providers of {}", .0.display())]
    Providers(PathBuf, #[source] ProviderError),
}

/// A worker's settings, and what finds the values that connectors name.
#[derive(Debug)]
pub(crate) struct WorkerFile {
    /// The settings, with values in place of placeholders.
    pub(crate) properties: Properties,
    /// The settings as they are written.
    pub(crate) written: Properties,
    /// The providers that the file configures.
    pub(crate) providers: Providers,
    /// The variables by which OpenTelemetry is configured.
    pub(crate) telemetry: BTreeMap<String, String>,
}

/// Reads a worker file, puts the overrides in and values in place of placeholders. What was read is hidden by `hidden`.
pub(crate) fn read(
    path: &Path,
    overrides: Vec<(String, String)>,
    environment: &BTreeMap<String, String>,
    hidden: Hidden,
) -> Result<WorkerFile, WorkerFileError> {
    let bytes =
        std::fs::read(path).map_err(|error| WorkerFileError::Read(path.to_owned(), error))?;
    let mut properties = parse(path, &bytes)?;
    properties.extend(overrides);
    complete(path, properties, environment, hidden)
}

/// Puts values in place of placeholders. `path` is what errors call the settings.
pub(crate) fn complete(
    path: &Path,
    mut properties: Properties,
    environment: &BTreeMap<String, String>,
    hidden: Hidden,
) -> Result<WorkerFile, WorkerFileError> {
    for (property, key) in JVM_PROPERTIES {
        if let Some(value) = jvm_property(environment, property) {
            properties.entry(key.to_owned()).or_insert(value);
        }
    }
    let wrong = |error| WorkerFileError::Providers(path.to_owned(), error);
    let configured = Configured { worker: &properties, environment, hidden };
    let providers = configured.providers().map_err(wrong)?;
    let resolved = providers.resolve(&properties).map_err(wrong)?.settings;
    let is_left = |key: &&String| properties.get(*key) == resolved.get(*key);
    let left = properties.iter().filter(|(_, text)| providers.names_one(text)).map(|it| it.0);
    for key in left.filter(is_left) {
        tracing::warn!(key, "the value that the worker file names was not found; its text is used");
    }
    let is_of_telemetry = |(name, _): &(&String, &String)| name.starts_with("OTEL_");
    let telemetry = environment.iter().filter(is_of_telemetry);
    let telemetry = telemetry.map(|(name, value)| (name.clone(), value.clone())).collect();
    Ok(WorkerFile { properties: resolved, written: properties, providers, telemetry })
}

/// Properties that Kafka's scripts hand to the JVM, and the keys that they stand for here.
const JVM_PROPERTIES: [(&str, &str); 3] = [
    ("java.security.auth.login.config", "sluice.rest.jaas.file"),
    (ALLOWED_URLS, ALLOWED_URLS),
    (ALLOWED_FILES, ALLOWED_FILES),
];

const ALLOWED_FILES: &str = "org.apache.kafka.sasl.oauthbearer.allowed.files";
const ALLOWED_URLS: &str = "org.apache.kafka.sasl.oauthbearer.allowed.urls";

fn jvm_property(environment: &BTreeMap<String, String>, name: &str) -> Option<String> {
    let flags = environment.get("KAFKA_OPTS")?.split_whitespace();
    let value = |flag: &'_ str| {
        let (found, value) = flag.trim_matches('"').strip_prefix("-D")?.split_once('=')?;
        (found == name).then(|| value.trim_matches('"').to_owned())
    };
    flags.filter_map(value).next_back()
}

/// What the file holds, by the ending of its name.
pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Properties, WorkerFileError> {
    if path.extension().is_some_and(|it| it == "json") {
        serde_json::from_slice(bytes).map_err(|error| WorkerFileError::Json(path.to_owned(), error))
    } else {
        parse_properties(bytes).map_err(|error| WorkerFileError::Properties(path.to_owned(), error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_from_the_file_the_command_line_and_other_files() {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("password");
        std::fs::write(&secret, "hush").unwrap();
        std::fs::write(folder.path().join("odd"), r#"a"\;b"#).unwrap();
        std::fs::write(folder.path().join("p.properties"), "user=alice\n").unwrap();
        let at = folder.path().display();
        let file = folder.path().join("worker.properties");
        let text = format!(
            "group.id=a\nconfig.providers=dir,quoted,f\n\
             config.providers.quoted.class=dev.sluice.config.provider.QuotedDirectoryConfigProvider\n\
             jaas=password=\"${{quoted:{at}:odd}}\";\n\
             config.providers.dir.class=org.apache.kafka.common.config.provider.DirectoryConfigProvider\n\
             config.providers.f.class=org.apache.kafka.common.config.provider.FileConfigProvider\n\
             login=${{f:{at}/p.properties:user}}/${{dir:{at}:password}}/${{other:x:y}}\n"
        );
        std::fs::write(&file, text).unwrap();
        let overrides = vec![("group.id".to_owned(), "b".to_owned())];
        let properties =
            read(&file, overrides, &BTreeMap::new(), Hidden::default()).unwrap().properties;
        assert_eq!(properties["login"], "alice/hush/${other:x:y}");
        assert_eq!(properties["jaas"], r#"password="a\"\\;b";"#);
        assert_eq!(properties["group.id"], "b");
    }

    #[test]
    fn properties_of_the_jvm_count() {
        let options = "-Xmx1g -Djava.security.auth.login.config=/etc/jaas.conf -Da=b \
                       -Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=\"http://a?x=1,http://b\"";
        let environment = BTreeMap::from([("KAFKA_OPTS".to_owned(), options.to_owned())]);
        let [(jaas, _), (urls, _), _] = JVM_PROPERTIES;
        let property = |name| jvm_property(&environment, name);
        assert_eq!(property(jaas).as_deref(), Some("/etc/jaas.conf"));
        assert_eq!(property(urls).as_deref(), Some("http://a?x=1,http://b"));
        assert_eq!(property("java.security"), None);
        assert_eq!(jvm_property(&BTreeMap::new(), jaas), None);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let json = folder.path().join("w.json");
        std::fs::write(&json, "[]").unwrap();
        let missing = folder.path().join("none");
        let reference = folder.path().join("w.properties");
        let text =
            "config.providers=f\nconfig.providers.f.class=FileConfigProvider\na=${f:/nowhere:k}\n";
        std::fs::write(&reference, text).unwrap();
        let class = folder.path().join("c.properties");
        std::fs::write(&class, "config.providers=v\nconfig.providers.v.class=x.Vault\n").unwrap();
        for (path, expected) in [
            (json, "no JSON object"),
            (missing, "cannot be read"),
            (reference, "Could not read properties from file /nowhere"),
            (class, "has the class x.Vault"),
        ] {
            let read = read(&path, Vec::new(), &BTreeMap::new(), Hidden::default());
            let error = anyhow::Error::from(read.expect_err("it is not right"));
            assert!(format!("{error:#}").contains(expected), "{error:#}");
        }
    }
}
