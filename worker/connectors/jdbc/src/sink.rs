//! The sink: rows for records, under the class names of Confluent, Aiven and Debezium.
//!
//! `put` writes a batch in one transaction: `event` says what a record asks for, `shape` which row it becomes, `group` which
//! rows go together, `plan` how they get into their table, and `writer` does it. What `put` has returned from is committed.
//!
//! Delivery is at least once: after a crash the records since the last commit of offsets come again. Upserts, updates and
//! deletes of a key leave the same row then; inserts leave rows twice, or are refused where a key forbids that.

mod aiven;
mod confluent;
mod ddl;
mod debezium;
mod event;
mod failure;
mod fit;
mod group;
mod keys;
mod kind;
mod moment;
mod plan;
mod settings;
mod shape;
mod statement;
mod step;
mod table_name;
mod task;
mod values;
mod writer;
mod zone;

use sluice_plugin::{Error, Result, SinkContext, SinkTask, files};

use crate::{Dialect, JdbcUrl, Login, Names, Quoting};
pub use aiven::AivenJdbcSink;
pub use confluent::ConfluentJdbcSink;
pub use debezium::DebeziumJdbcSink;
use failure::Remedy;
use settings::Settings;
use task::JdbcTask;
use writer::Writer;
use zone::Zone;

/// Opens a task; a database that cannot be reached or does not let it in fails it at once.
async fn open(
    url: &str,
    login: impl FnOnce(JdbcUrl) -> Login,
    (quoting, zone): (Quoting, &str),
    settings: Settings,
    context: SinkContext,
) -> Result<Box<dyn SinkTask>> {
    let url =
        JdbcUrl::parse(url).map_err(|error| Error::fatal(format!("connection.url: {error}")))?;
    if url.dialect == Dialect::Sqlite {
        let file = url.database.as_deref().unwrap_or_default();
        files::allowed("connection.url", file, &context.worker)?;
    }
    for option in &url.ignored {
        tracing::warn!(option, "an option of connection.url means nothing here");
    }
    let names = Names { dialect: url.dialect, quoting };
    let zone =
        Zone::named(zone).map_err(|error| Error::fatal(format!("time zone {zone}: {error}")))?;
    let mut writer = Writer::new(login(url), names, zone);
    if let Err(failure) = writer.connect().await {
        let retriable = failure.remedy == Remedy::Later;
        return Err(if retriable {
            Error::retriable(failure.text)
        } else {
            Error::fatal(failure.text)
        });
    }
    Ok(Box::new(JdbcTask::new(settings, context, writer)))
}

#[cfg(test)]
mod tests;
