//! Appends the text of every value to a file.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use sluice_plugin::{
    Error, Properties, Result, SinkConnector, SinkContext, SinkTask, TopicOffsets,
    model::{SinkRecord, TopicPartition, Value},
};

use crate::config::{self, SinkConfig};

/// Text that is gathered before it is written.
const BUFFER: usize = 256 << 10;

/// `org.apache.kafka.connect.file.FileStreamSinkConnector`: every task appends to the same file.
pub struct FileStreamSink;

#[async_trait]
impl SinkConnector for FileStreamSink {
    type Config = SinkConfig;
    const NAME: &'static str = "org.apache.kafka.connect.file.FileStreamSinkConnector";

    async fn alter_offsets(
        &self,
        _: SinkConfig,
        _: &[(TopicPartition, Option<i64>)],
    ) -> Result<bool> {
        Ok(true)
    }

    async fn open(
        &self,
        config: SinkConfig,
        _: &Properties,
        context: SinkContext,
    ) -> Result<Box<dyn SinkTask>> {
        let path = config::file(config.file.as_deref(), &context.worker)?;
        let failed = |error| {
            let message =
                format!("Couldn't find or create file '{}' for FileStreamSinkTask", path.display());
            Error::fatal(message).because(error)
        };
        let file =
            OpenOptions::new().read(true).append(true).create(true).open(&path).map_err(failed)?;
        let mut task = FileTask { path: path.clone(), file, lines: String::new() };
        task.end_torn_line().map_err(failed)?;
        sync_folder(&path).map_err(failed)?;
        Ok(Box::new(task))
    }
}

struct FileTask {
    path: PathBuf,
    file: File,
    /// Whole lines that are not written yet.
    lines: String,
}

#[async_trait]
impl SinkTask for FileTask {
    async fn put(&mut self, batch: &[SinkRecord]) -> Result<()> {
        for record in batch {
            match &record.value.value {
                Value::String(text) => self.lines.push_str(text),
                other => self.lines.push_str(&other.to_string()),
            }
            self.lines.push('\n');
            if self.lines.len() >= BUFFER {
                self.write()?;
            }
        }
        self.write()
    }

    async fn flush(&mut self, current: &TopicOffsets) -> Result<TopicOffsets> {
        self.write()?;
        self.file.sync_data().map_err(|error| self.failed(error))?;
        Ok(current.clone())
    }
}

impl FileTask {
    /// Writes whole lines in one call, so that tasks that share a file never mix theirs.
    fn write(&mut self) -> Result<()> {
        if self.lines.is_empty() {
            return Ok(());
        }
        self.file.write_all(self.lines.as_bytes()).map_err(|error| self.failed(error))?;
        self.lines.clear();
        Ok(())
    }

    /// A crash of the machine may have cut the last line off: what follows must not be glued to it.
    fn end_torn_line(&mut self) -> std::io::Result<()> {
        let length = self.file.seek(SeekFrom::End(0))?;
        if length == 0 {
            return Ok(());
        }
        self.file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        self.file.read_exact(&mut last)?;
        if last != *b"\n" {
            self.file.write_all(b"\n")?;
        }
        Ok(())
    }

    fn failed(&self, error: std::io::Error) -> Error {
        Error::fatal(format!("{} could not be written", self.path.display())).because(error)
    }
}

/// A new file survives a crash of the machine only once its folder is synced.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use sluice_plugin::{
        files,
        model::{ConnectRecord, SchemaAndValue, TimestampType},
    };

    use super::*;

    fn record(text: &str) -> SinkRecord {
        let value = SchemaAndValue::schemaless(text);
        let data = ConnectRecord::new("t", SchemaAndValue::NULL, value);
        SinkRecord::new(data, TimestampType::NoTimestampType)
    }

    #[tokio::test]
    async fn values_are_appended_line_by_line_and_never_to_a_torn_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        for (before, after) in
            [(None, "a\nb\n"), (Some("x\n"), "x\na\nb\n"), (Some("x"), "x\na\nb\n")]
        {
            let _ = std::fs::remove_file(&path);
            if let Some(before) = before {
                std::fs::write(&path, before).unwrap();
            }
            let settings =
                Properties::from([("file".to_owned(), path.to_str().unwrap().to_owned())]);
            let allowed = folder.path().to_str().unwrap().to_owned();
            let limits = Properties::from([(files::ALLOWED_PATHS.to_owned(), allowed)]);
            let context = SinkContext::new(limits.into(), None);
            let mut task =
                sluice_plugin::AnySinkConnector::open(&FileStreamSink, &settings, context)
                    .await
                    .unwrap();
            task.put(&[record("a"), record("b")]).await.unwrap();
            task.flush(&TopicOffsets::new()).await.unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), after, "{before:?}");
        }
    }
}
