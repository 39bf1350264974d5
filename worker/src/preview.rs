//! `sluice-worker preview`: what a connector makes of some records, shown. Nothing is written anywhere.

use std::{collections::BTreeMap, path::Path, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use sluice_catalog::Catalog;
use sluice_config::{Properties, placeholder::Variable};
use sluice_engine::{
    EngineSettings,
    preview::{Outcome, Preview, Shown, records_of},
};
use sluice_herder::{CatalogPlugins, Plugins as _, Request};
use sluice_providers::{Hidden, Providers};
use sluice_rest_model::{CheckedFile, ConfigInfos, ConnectorKind, SettingsPatch};

use crate::{
    args, output,
    plugins::CatalogSource,
    standalone::connector_file,
    validate,
    worker_file::{self, WorkerFile},
};

/// A connector that can be looked at.
struct Ready {
    kind: ConnectorKind,
    settings: Properties,
    preview: Preview,
}

/// Shows records of the connector; the exit code says whether it takes them all.
pub(crate) async fn run(
    args: args::Preview,
    catalog: Catalog,
    environment: &BTreeMap<String, String>,
    hidden: Hidden,
) -> Result<ExitCode> {
    let overrides = args.overrides.clone();
    let file = if let Some(path) = &args.worker_file {
        worker_file::read(path, overrides, environment, hidden.clone())?
    } else {
        let given = overrides.into_iter().collect();
        worker_file::complete(Path::new("--override"), given, environment, hidden.clone())?
    };
    let ready = match prepare(&args, file, catalog)? {
        Ok(ready) => ready,
        Err(wrong) => {
            output::print(&hidden.mask(&output::checked(&wrong)))?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let (most, patience) = (args.limit, Duration::from_secs(args.timeout));
    let shown = match (ready.kind, &args.records) {
        (ConnectorKind::Source, None) => ready.preview.of_source(most, patience).await,
        (ConnectorKind::Source, Some(_)) => {
            bail!("--records is for sinks: a source hands out records itself")
        }
        (_, None) => ready.preview.of_topics(most, patience).await,
        (_, Some(path)) => {
            let text = std::fs::read_to_string(path);
            let text = text.with_context(|| format!("{} cannot be read", path.display()))?;
            let topic = first_topic(&ready.settings);
            let records = records_of(&text, &topic, most)
                .with_context(|| format!("{} holds no records", path.display()))?;
            ready.preview.of_messages(records)
        }
    };
    let shown = shown.map_err(|text| anyhow::Error::msg(hidden.mask(&text)))?;
    let text = match args.output {
        args::Output::Text => text_of(&shown),
        args::Output::Json => output::json(&shown.iter().map(json_of).collect::<Vec<_>>())?,
    };
    output::print(&hidden.mask(&text))?;
    let fails = shown.iter().any(|it| matches!(it.outcome, Outcome::Failed { .. }));
    Ok(if fails { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Checks the settings as a worker would, values that stand elsewhere included; or says what is wrong with them.
fn prepare(
    args: &args::Preview,
    file: WorkerFile,
    catalog: Catalog,
) -> Result<Result<Ready, CheckedFile>> {
    let Request::Create { config, name, .. } = connector_file::read(&args.connector)? else {
        bail!("{} holds no connector", args.connector.display())
    };
    let catalog = Arc::new(catalog);
    let providers = Arc::new(file.providers);
    let plugins =
        CatalogPlugins::new(Arc::clone(&catalog), file.properties.clone(), Arc::clone(&providers));
    let plugins = plugins.map_err(anyhow::Error::msg)?;
    let given = config.0.iter();
    let given = given.filter_map(|(key, value)| Some((key.clone(), value.clone()?))).collect();
    let settings = providers.resolve(&given)?.settings;
    let resolved = settings.iter().map(|(key, value)| (key.clone(), Some(value.clone())));
    let mut checked = validate::check(&SettingsPatch(resolved.collect()), &plugins);
    hide_passwords(&settings, checked.answer.as_ref(), &providers);
    if checked.is_wrong() {
        checked.connector = Some(name);
        return Ok(Err(checked));
    }
    let kind = plugins.kind(settings.get("connector.class").map_or("", |it| it.trim()));
    let engine = EngineSettings::parse(&file.properties, "preview")?;
    let hidden = providers.hidden().clone();
    let engine = engine.hiding(move |text| hidden.mask(text));
    let source = Arc::new(CatalogSource(catalog));
    let preview = Preview::new(engine, source, settings.clone(), args.schemas);
    Ok(Ok(Ready { kind, settings, preview }))
}

/// Keeps what is a password by its definition out of sight too: a transform may put it into records.
fn hide_passwords(settings: &Properties, answer: Option<&ConfigInfos>, providers: &Providers) {
    for info in answer.into_iter().flat_map(|it| &it.configs) {
        let is_password = info.definition.as_ref().is_some_and(|it| it.kind == "PASSWORD");
        if let Some(value) = settings.get(&info.value.name).filter(|_| is_password) {
            let (provider, path) = (String::new(), String::new());
            let variable = Variable { provider, path, key: info.value.name.clone() };
            providers.hidden().hide(&variable, value);
        }
    }
}

/// The topic of records that name none.
fn first_topic(settings: &Properties) -> String {
    let topics = settings.get("topics").map(String::as_str).unwrap_or_default();
    topics.split(',').next().unwrap_or_default().trim().to_owned()
}

fn json_of(shown: &Shown) -> Value {
    let before = &shown.before;
    match &shown.outcome {
        Outcome::Kept(after) => json!({ "before": before, "after": after }),
        Outcome::Dropped { transform } => json!({ "before": before, "droppedBy": transform }),
        Outcome::Failed { stage, class, error } => {
            json!({ "before": before, "error": { "stage": stage, "class": class, "message": error } })
        }
    }
}

fn text_of(shown: &[Shown]) -> String {
    let records: String =
        shown.iter().zip(1..).map(|(shown, number)| record_of(number, shown)).collect();
    match shown.len() {
        0 => "no records came; --timeout says how long to wait\n".to_owned(),
        1 => records + "1 record; nothing was written\n",
        count => format!("{records}{count} records; nothing was written\n"),
    }
}

fn record_of(number: usize, shown: &Shown) -> String {
    let after = match &shown.outcome {
        Outcome::Kept(after) => format!("  after\n{}", members(after)),
        Outcome::Dropped { transform } => format!("  left out by {transform}\n"),
        Outcome::Failed { stage, class, error } => {
            let error = error.replace('\n', "\n    ");
            format!("  FAILS at {stage} {class}\n    {error}\n")
        }
    };
    format!("record {number}\n  before\n{}{after}", members(&shown.before))
}

/// The members of a record, one a line, in the order of people.
fn members(record: &Value) -> String {
    let order = ["topic", "partition", "offset", "timestamp", "headers", "key", "value"];
    let line = |name: &&str| {
        let value = match record.get(*name)? {
            Value::String(text) => text.replace('\n', "\n               "),
            other => other.to_string(),
        };
        Some(format!("    {name:9}  {value}\n"))
    };
    order.iter().filter_map(line).collect()
}
