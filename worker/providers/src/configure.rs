//! The providers that a worker file configures: `config.providers`, `config.providers.NAME.class`, `….param.KEY`.

use std::{collections::BTreeMap, path::PathBuf};

use sluice_config::Properties;

use crate::{
    Hidden, Provider, ProviderError, Providers, allowed::AllowedPaths,
    directory::DirectoryProvider, environment::EnvironmentProvider, file::FileProvider,
    secrets::SecretsProvider,
};

/// The system property of a JVM that lists the classes that a worker file may name.
pub const AUTOMATIC: &str = "org.apache.kafka.automatic.config.providers";

/// The worker key of the folder with secrets, and the name of their provider.
const SECRETS_PATH: &str = "sluice.secrets.path";
const SECRETS: &str = "secrets";

const PACKAGE: &str = "org.apache.kafka.common.config.provider.";
const QUOTED: &str = "dev.sluice.config.provider.QuotedDirectoryConfigProvider";

/// What providers are made from.
#[derive(Debug)]
pub struct Configured<'a> {
    /// The worker's settings.
    pub worker: &'a Properties,
    /// The environment of the process.
    pub environment: &'a BTreeMap<String, String>,
    /// What hides the values that will be found.
    pub hidden: Hidden,
}

impl Configured<'_> {
    /// The providers, with the folder of secrets if there is one.
    pub fn providers(self) -> Result<Providers, ProviderError> {
        let mut providers = Providers::new(self.hidden.clone());
        let names = self.worker.get("config.providers").map(String::as_str).unwrap_or_default();
        for name in names.split(',').map(str::trim).filter(|it| !it.is_empty()) {
            let class_key = format!("config.providers.{name}.class");
            let class = self.worker.get(&class_key).map(|it| it.trim()).unwrap_or_default();
            self.check_allowed(class)?;
            let prefix = format!("config.providers.{name}.param.");
            let param = |key: &str| self.worker.get(&format!("{prefix}{key}")).map(String::as_str);
            let provider: Box<dyn Provider> = self.provider(name, class, &param)?;
            providers.by_name.insert(name.to_owned(), provider);
        }
        if let Some(folder) = self.worker.get(SECRETS_PATH).filter(|it| !it.trim().is_empty()) {
            if providers.by_name.contains_key(SECRETS) {
                return Err(ProviderError(format!(
                    "{SECRETS_PATH} is set, so that no config provider may be named {SECRETS}"
                )));
            }
            providers = providers.with(SECRETS, SecretsProvider(PathBuf::from(folder.trim())));
        }
        Ok(providers)
    }

    fn provider<'a>(
        &self,
        name: &str,
        class: &str,
        param: &dyn Fn(&str) -> Option<&'a str>,
    ) -> Result<Box<dyn Provider>, ProviderError> {
        let allowed = || AllowedPaths::parse(param("allowed.paths"));
        Ok(match class.strip_prefix(PACKAGE).unwrap_or(class) {
            "FileConfigProvider" => Box::new(FileProvider(allowed()?)),
            "DirectoryConfigProvider" => {
                Box::new(DirectoryProvider { allowed: allowed()?, is_quoted: false })
            }
            QUOTED => Box::new(DirectoryProvider { allowed: allowed()?, is_quoted: true }),
            "EnvVarConfigProvider" => {
                let pattern = param("allowlist.pattern");
                Box::new(EnvironmentProvider::new(self.environment, pattern)?)
            }
            _ => {
                return Err(ProviderError(format!(
                    "config provider {name} has the class {class}; known are FileConfigProvider, DirectoryConfigProvider \
                     and EnvVarConfigProvider of org.apache.kafka.common.config.provider, and {QUOTED}"
                )));
            }
        })
    }

    /// Mirrors `AbstractConfig.automaticConfigProvidersFilter`: the property stands in `KAFKA_OPTS`, as for a JVM.
    fn check_allowed(&self, class: &str) -> Result<(), ProviderError> {
        let option = format!("-D{AUTOMATIC}=");
        let options = self.environment.get("KAFKA_OPTS").map(String::as_str).unwrap_or_default();
        let listed = options.split_whitespace().rev().find_map(|it| it.strip_prefix(&option));
        let Some(listed) = listed else { return Ok(()) };
        if listed.split(',').any(|it| it.trim() == class) {
            return Ok(());
        }
        Err(ProviderError(format!(
            "{class} is not allowed. Update System property '{AUTOMATIC}' to allow {class}"
        )))
    }
}
