//! The worker file: Java properties or flat JSON, with overrides from the command line and values that stand in files.

use std::path::{Path, PathBuf};

use sluice_config::{Properties, PropertiesError, parse_properties};

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
    /// A value refers to something that cannot be read.
    #[error("the value of {key} refers to {reference}, which cannot be read")]
    Reference {
        /// The key.
        key: String,
        /// The placeholder, without what it stands for.
        reference: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A config provider is of a class that there is not.
    #[error(
        "config provider {name} has the class {class}; known are FileConfigProvider, DirectoryConfigProvider and \
         EnvVarConfigProvider of org.apache.kafka.common.config.provider, and \
         dev.sluice.config.provider.QuotedDirectoryConfigProvider"
    )]
    Provider {
        /// Its name.
        name: String,
        /// Its class.
        class: String,
    },
}

/// Reads a worker file, puts the overrides in and resolves placeholders.
pub(crate) fn read(
    path: &Path,
    overrides: Vec<(String, String)>,
) -> Result<Properties, WorkerFileError> {
    let bytes =
        std::fs::read(path).map_err(|error| WorkerFileError::Read(path.to_owned(), error))?;
    let is_json = path.extension().is_some_and(|it| it == "json");
    let mut properties = if is_json {
        serde_json::from_slice(&bytes)
            .map_err(|error| WorkerFileError::Json(path.to_owned(), error))?
    } else {
        parse_properties(&bytes)
            .map_err(|error| WorkerFileError::Properties(path.to_owned(), error))?
    };
    properties.extend(overrides);
    resolve(properties)
}

/// Where a placeholder's value comes from (`org.apache.kafka.common.config.provider`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Provider {
    /// `${name:FILE:KEY}`: a properties file.
    File,
    /// `${name:FOLDER:FILE}`: a whole file.
    Directory,
    /// `${name:FOLDER:FILE}`: a whole file, escaped for a place between double quotes, as in a JAAS entry.
    QuotedDirectory,
    /// `${name:VARIABLE}`: an environment variable.
    Environment,
}

fn resolve(properties: Properties) -> Result<Properties, WorkerFileError> {
    let names = properties.get("config.providers").map(String::as_str).unwrap_or_default();
    let mut providers = Vec::new();
    for name in names.split(',').map(str::trim).filter(|it| !it.is_empty()) {
        let class = properties
            .get(&format!("config.providers.{name}.class"))
            .map(String::as_str)
            .unwrap_or_default();
        let provider = match class.rsplit('.').next() {
            Some("FileConfigProvider") => Provider::File,
            Some("DirectoryConfigProvider") => Provider::Directory,
            Some("QuotedDirectoryConfigProvider") => Provider::QuotedDirectory,
            Some("EnvVarConfigProvider") => Provider::Environment,
            _ => {
                return Err(WorkerFileError::Provider {
                    name: name.to_owned(),
                    class: class.to_owned(),
                });
            }
        };
        providers.push((name.to_owned(), provider));
    }
    let resolve_value = |(key, value): (String, String)| {
        let value = fill(&value, &providers).map_err(|(reference, source)| {
            WorkerFileError::Reference { key: key.clone(), reference, source }
        })?;
        Ok((key, value))
    };
    properties.into_iter().map(resolve_value).collect()
}

/// Replaces each `${provider:[path:]key}` of a known provider; anything else stays as it is.
fn fill(text: &str, providers: &[(String, Provider)]) -> Result<String, (String, std::io::Error)> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else { break };
        let placeholder = &rest[start..=start + length];
        let inner = &placeholder[2..placeholder.len() - 1];
        filled.push_str(&rest[..start]);
        rest = &rest[start + length + 1..];
        let found = inner.split_once(':').and_then(|(name, place)| {
            providers
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, provider)| (*provider, place))
        });
        match found {
            Some((provider, place)) => {
                filled.push_str(
                    &look_up(provider, place).map_err(|error| (placeholder.to_owned(), error))?,
                );
            }
            None => filled.push_str(placeholder),
        }
    }
    filled.push_str(rest);
    Ok(filled)
}

fn look_up(provider: Provider, place: &str) -> std::io::Result<String> {
    let missing = |what: &str| std::io::Error::new(std::io::ErrorKind::NotFound, what.to_owned());
    let (path, key) = place.rsplit_once(':').unwrap_or(("", place));
    match provider {
        Provider::Directory => std::fs::read_to_string(Path::new(path).join(key)),
        Provider::QuotedDirectory => {
            let text = std::fs::read_to_string(Path::new(path).join(key))?;
            Ok(text.replace('\\', "\\\\").replace('"', "\\\""))
        }
        Provider::Environment => {
            std::env::var(key).map_err(|_| missing("the environment variable is not set"))
        }
        Provider::File => {
            let properties =
                parse_properties(&std::fs::read(path)?).map_err(std::io::Error::other)?;
            properties.get(key).cloned().ok_or_else(|| missing("the file has no such key"))
        }
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
        let properties = read(&file, vec![("group.id".to_owned(), "b".to_owned())]).unwrap();
        assert_eq!(properties["login"], "alice/hush/${other:x:y}");
        assert_eq!(properties["jaas"], r#"password="a\"\\;b";"#);
        assert_eq!(properties["group.id"], "b");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let json = folder.path().join("w.json");
        std::fs::write(&json, "[]").unwrap();
        let missing = folder.path().join("none");
        let reference = folder.path().join("w.properties");
        let text = "config.providers=d\nconfig.providers.d.class=DirectoryConfigProvider\na=${d:/nowhere:k}\n";
        std::fs::write(&reference, text).unwrap();
        let class = folder.path().join("c.properties");
        std::fs::write(&class, "config.providers=v\nconfig.providers.v.class=x.Vault\n").unwrap();
        for (path, expected) in [
            (json, "no JSON object"),
            (missing, "cannot be read"),
            (reference, "the value of a refers to ${d:/nowhere:k}"),
            (class, "has the class x.Vault"),
        ] {
            let error = read(&path, Vec::new()).expect_err("it is not right").to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
