//! The connectors: one engine under two class names.

use std::{collections::VecDeque, sync::Arc};

use async_trait::async_trait;
use sluice_plugin::{
    Error, ExactlyOnceSupport, Properties, Result, SourceConnector, SourceContext, SourceTask,
    Watched,
    config::Report,
    files,
    model::{SourceOffset, SourcePartition},
};
use tokio::time::timeout;

use super::{
    Mode, Selection, Settings,
    config::{AivenConfig, ConfluentConfig, Keys},
    offsets::{self, Position},
    querier::Querier,
    start::{Read, connect},
    tables,
    task::Task,
};
use crate::{Dialect, TableId};

/// `io.confluent.connect.jdbc.JdbcSourceConnector`.
pub struct JdbcSource;

/// `io.aiven.connect.jdbc.JdbcSourceConnector`.
pub struct AivenJdbcSource;

macro_rules! connector {
    ($name:ty, $config:ty, $class:literal) => {
        #[async_trait]
        impl SourceConnector for $name {
            type Config = $config;
            const NAME: &'static str = $class;

            fn permitted(&self, config: &Self::Config, worker: &Properties) -> Result<()> {
                permitted(&parsed(config)?, worker)
            }

            async fn split(
                &self,
                config: &Self::Config,
                settings: &Properties,
                max_tasks: usize,
            ) -> Result<Vec<Properties>> {
                split(&parsed(config)?, settings, max_tasks).await
            }

            async fn watch(&self, config: Self::Config, _: &Properties) -> Result<Watched> {
                Ok(watch(&parsed(&config)?).await)
            }

            async fn alter_offsets(
                &self,
                _: Self::Config,
                offsets: &[(SourcePartition, Option<SourceOffset>)],
            ) -> Result<bool> {
                offsets::check(offsets).map(|()| true)
            }

            fn exactly_once_support(
                &self,
                config: &Self::Config,
            ) -> Result<Option<ExactlyOnceSupport>> {
                Ok(Some(exactly_once(&parsed(config)?)))
            }

            async fn open(
                &self,
                config: Self::Config,
                _: &Properties,
                context: SourceContext,
            ) -> Result<Box<dyn SourceTask>> {
                open(parsed(&config)?, context).await
            }
        }
    };
}

connector!(JdbcSource, ConfluentConfig, "io.confluent.connect.jdbc.JdbcSourceConnector");
connector!(AivenJdbcSource, AivenConfig, "io.aiven.connect.jdbc.JdbcSourceConnector");

fn parsed(config: &impl Keys) -> Result<Settings> {
    let mut report = Report::default();
    let settings = config.settings(&mut report).filter(|_| report.is_ok());
    settings.ok_or_else(|| Error::fatal(report.to_string()))
}

/// With both of these a position says exactly which rows were handed out; rows of one time, or of a whole table, have only
/// one position together.
const fn exactly_once(settings: &Settings) -> ExactlyOnceSupport {
    let looks_back = !settings.lookback.is_zero() || settings.lookback_rows > 0;
    match settings.mode {
        Mode::Incrementing | Mode::TimestampIncrementing if !looks_back => {
            ExactlyOnceSupport::Supported
        }
        _ => ExactlyOnceSupport::Unsupported,
    }
}

/// SQLite's file is one that the worker has to allow; whoever looks at the database has asked before.
fn permitted(settings: &Settings, worker: &Properties) -> Result<()> {
    if settings.login.url.dialect == Dialect::Sqlite {
        let file = settings.login.url.database.as_deref().unwrap_or_default();
        files::allowed("connection.url", file, worker)?;
    }
    Ok(())
}

/// The tables that are read, as the database lists them now.
async fn listed(settings: &Settings) -> Result<Option<Vec<TableId>>> {
    let Selection::Tables(choice) = &settings.selection else { return Ok(None) };
    let listing = async {
        let mut session = connect(settings).await?;
        session.tables(&settings.filter).await
    };
    let told = || format!("listing the tables of {}", settings.login.url);
    let tables = timeout(
        settings.listing_limit.max(settings.login.backoff * settings.login.attempts),
        listing,
    )
    .await
    .map_err(|_| Error::retriable(format!("{} took too long", told())))?
    .map_err(|error| error.during(&told()))?;
    let tables = tables::chosen(settings.names, choice, tables);
    if settings.qualify {
        tables::distinct(&tables)?;
        return Ok(Some(tables));
    }
    Ok(Some(tables::unqualified(tables)))
}

async fn split(settings: &Settings, own: &Properties, max_tasks: usize) -> Result<Vec<Properties>> {
    let Some(tables) = listed(settings).await? else { return Ok(vec![own.clone()]) };
    if tables.is_empty() {
        let database = &settings.login.url;
        tracing::warn!(%database, "no table fits the settings; new ones are looked for all along");
    }
    let groups = tables::groups(&tables, max_tasks);
    let task = |group: &&[TableId]| {
        let mut task = own.clone();
        task.insert("tables".to_owned(), tables::written(settings.names, group));
        task
    };
    Ok(groups.iter().map(task).collect())
}

/// Tables come and go: the split tells whether they did, and changes nothing if not.
async fn watch(settings: &Settings) -> Watched {
    if matches!(settings.selection, Selection::Query(_)) {
        return Watched::Nothing;
    }
    tokio::time::sleep(settings.table_poll_interval).await;
    Watched::Changed
}

async fn open(settings: Settings, context: SourceContext) -> Result<Box<dyn SourceTask>> {
    permitted(&settings, &context.worker)?;
    let ignored = &settings.login.url.ignored;
    if !ignored.is_empty() {
        tracing::warn!(
            options = ignored.join(", "),
            "options of the URL that have no meaning here"
        );
    }
    let reads = match &settings.selection {
        Selection::Query(_) => vec![Read::Query],
        Selection::Tables(_) => {
            let tables = tables::read(settings.names, &settings.tables)?;
            tables.into_iter().map(Read::Table).collect()
        }
    };
    // A wrong URL, user or password is an error of the start, not of every look.
    let session = connect(&settings).await;
    let session =
        session.map_err(|error| error.during(&format!("connecting to {}", settings.login.url)))?;
    let mut queue = VecDeque::with_capacity(reads.len());
    for read in reads {
        queue.push_back(querier(&settings, read, &context).await?);
    }
    Ok(Box::new(Task::new(Arc::new(settings), session, queue)))
}

/// A table or the query, where it was left.
async fn querier(settings: &Settings, read: Read, context: &SourceContext) -> Result<Querier> {
    let (topic, known) = match &read {
        Read::Query => (settings.topic_prefix.clone(), vec![offsets::of_query()]),
        Read::Table(table) => {
            // The newer form counts if there are both.
            let known = vec![offsets::of_table(table), offsets::of_table_name(table)];
            (format!("{}{}", settings.topic_prefix, table.table), known)
        }
    };
    let mut partitions = known;
    let mut position = Position::default();
    if settings.mode == Mode::Bulk {
        let last = partitions.pop().unwrap_or_default();
        return Ok(Querier::new(settings, read, topic, last, position));
    }
    let stored = context.offsets.offsets(&partitions).await?;
    if let Some(offset) = stored.iter().flatten().next() {
        position = Position::of(offset)?;
    }
    Ok(Querier::new(settings, read, topic, partitions.swap_remove(0), position))
}
