//! `sluice-worker validate`: Kafka Connect's own answer about settings of connectors, without a cluster. Nothing is
//! touched: no broker, no external system, none of the values that stand elsewhere.

use std::{collections::BTreeSet, path::Path, process::ExitCode, sync::Arc};

use anyhow::{Context as _, Result};
use sluice_catalog::Catalog;
use sluice_config::{Properties, placeholder};
use sluice_herder::{CatalogPlugins, Plugins as _, Request};
use sluice_providers::Providers;
use sluice_rest_model::{
    CheckedFile, ConfigInfo, ConfigInfos, ConfigValueInfo, KeyError, SettingsPatch,
};

use crate::{args, output, standalone::connector_file, worker_file};

/// Settings of clients that connectors override: the clients know more keys than the definitions of Kafka Connect.
const OVERRIDES: [&str; 3] = ["producer.override.", "consumer.override.", "admin.override."];

/// Checks each file; the exit code says whether one of them is wrong.
pub(crate) fn run(args: &args::Validate, catalog: Catalog) -> Result<ExitCode> {
    let worker = match &args.worker_file {
        Some(path) => {
            let bytes = std::fs::read(path);
            let bytes = bytes.with_context(|| format!("{} cannot be read", path.display()))?;
            worker_file::parse(path, &bytes)?
        }
        None => Properties::new(),
    };
    let plugins = CatalogPlugins::new(Arc::new(catalog), worker, Arc::new(Providers::default()))
        .map_err(anyhow::Error::msg)?;
    let checked: Vec<CheckedFile> = args.files.iter().map(|it| file(it, &plugins)).collect();
    let text = match args.output {
        args::Output::Text => checked.iter().map(output::checked).collect(),
        args::Output::Json => output::json(&checked)?,
    };
    output::print(&text)?;
    let is_wrong = checked.iter().any(CheckedFile::is_wrong);
    Ok(if is_wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn file(path: &Path, plugins: &CatalogPlugins) -> CheckedFile {
    let file = path.display().to_string();
    match connector_file::read(path) {
        Ok(Request::Create { name, config, .. }) => {
            CheckedFile { file, connector: Some(name), ..check(&config, plugins) }
        }
        Ok(_) => CheckedFile { file, error: Some("no connector".to_owned()), ..Default::default() },
        Err(error) => {
            let error = format!("{:#}", anyhow::Error::from(error));
            CheckedFile { file, error: Some(error), ..Default::default() }
        }
    }
}

/// What a worker says of settings, but for values that stand elsewhere.
pub(crate) fn check(config: &SettingsPatch, plugins: &CatalogPlugins) -> CheckedFile {
    let answer = match plugins.validate(config) {
        Ok(answer) => answer,
        Err(error) => return CheckedFile { error: Some(error.to_string()), ..Default::default() },
    };
    let elsewhere =
        |value: &Option<String>| value.as_ref().is_some_and(|it| placeholder::has_any(it));
    let given = config.0.iter().filter(|(_, value)| elsewhere(value));
    let unchecked: Vec<String> = given.map(|(key, _)| key.clone()).collect();
    CheckedFile {
        errors: told(&answer, &unchecked, |it| &it.errors),
        warnings: told(&answer, &unchecked, |it| &it.warnings),
        unknown: unknown(&answer, config),
        unchecked,
        answer: Some(answer),
        ..Default::default()
    }
}

/// What is said about keys whose values are known.
fn told(
    answer: &ConfigInfos,
    unchecked: &[String],
    of: fn(&ConfigValueInfo) -> &Vec<String>,
) -> Vec<KeyError> {
    let values = answer.configs.iter().map(|it| &it.value);
    let checked = values.filter(|it| !unchecked.contains(&it.name));
    let all = checked.flat_map(|it| of(it).iter().map(|message| (&it.name, message)));
    all.map(|(key, message)| KeyError { key: key.clone(), message: message.clone() }).collect()
}

fn unknown(answer: &ConfigInfos, config: &SettingsPatch) -> Vec<String> {
    let is_defined = |it: &&ConfigInfo| it.definition.is_some();
    let known: BTreeSet<&str> =
        answer.configs.iter().filter(is_defined).map(|it| it.value.name.as_str()).collect();
    let keys = config.0.keys().filter(|key| !OVERRIDES.iter().any(|it| key.starts_with(it)));
    keys.filter(|key| !known.contains(key.as_str())).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugins() -> CatalogPlugins {
        let catalog = Arc::new(sluice_catalog::builtin());
        CatalogPlugins::new(catalog, Properties::new(), Arc::new(Providers::default())).unwrap()
    }

    fn written(text: &str) -> CheckedFile {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.properties");
        std::fs::write(&path, text).unwrap();
        let mut checked = file(&path, &plugins());
        checked.file.clear();
        checked
    }

    const SOURCE: &str = "name=lines\nconnector.class=FileStreamSource\ntopic=t\nfile=/a\n\
                          producer.override.linger.ms=5\n";

    #[test]
    fn what_is_right_has_no_errors() {
        let checked = written(SOURCE);
        assert!(!checked.is_wrong(), "{:?}", checked.errors);
        assert_eq!((checked.unchecked, checked.unknown), (vec![], vec![]));
        assert_eq!(checked.answer.unwrap().name, "FileStreamSource");
    }

    #[test]
    fn each_wrong_key_is_named_and_values_that_stand_elsewhere_are_not_guessed_at() {
        let text = format!("{SOURCE}tasks.max=many\nbatch.size=${{secrets:s:p}}\nflie=/b\n");
        let checked = written(&text);
        let keys: Vec<&str> = checked.errors.iter().map(|it| it.key.as_str()).collect();
        assert!(!keys.is_empty() && keys.iter().all(|it| *it == "tasks.max"), "{keys:?}");
        assert!(checked.errors[0].message.contains("Invalid value many"), "{:?}", checked.errors);
        assert_eq!(
            (checked.unchecked, checked.unknown),
            (vec!["batch.size".to_owned()], vec!["flie".to_owned()])
        );
    }

    #[test]
    fn what_is_allowed_and_probably_not_meant_is_a_warning() {
        let source = "name=a\nconnector.class=io.confluent.connect.jdbc.JdbcSourceConnector\nmode=bulk\n\
                      connection.url=jdbc:postgresql://db/shop\ntopic.prefix=shop-\n";
        let checked = written(source);
        assert!(!checked.is_wrong(), "{:?}", checked.errors);
        let keys: Vec<&str> = checked.warnings.iter().map(|it| it.key.as_str()).collect();
        assert_eq!(keys, ["numeric.mapping"]);
        let checked = written(&format!("{source}numeric.mapping=none\n"));
        assert_eq!(checked.warnings, []);
    }

    #[test]
    fn a_connector_that_there_is_not_is_told_as_a_worker_tells_it() {
        let checked = written("name=a\nconnector.class=com.example.None\n");
        assert!(checked.is_wrong() && checked.error.unwrap().contains("com.example.None"));
        let checked = written("tasks.max=1\n");
        assert!(checked.error.unwrap().contains("missing the mandatory 'name'"));
    }
}
