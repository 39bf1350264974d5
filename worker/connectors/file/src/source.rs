//! Reads a text file line by line and follows it as it grows.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{ErrorKind, Read as _, Seek as _, SeekFrom},
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use sluice_plugin::{
    Error, ExactlyOnceSupport, Properties, Result, SourceConnector, SourceContext, SourceTask,
    model::{
        ConnectRecord, Schema, SchemaAndValue, SchemaRef, SourceOffset, SourcePartition,
        SourceRecord, Type, Value,
    },
};

use crate::{
    config::{self, SourceConfig},
    lines::LineBuffer,
};

/// Bytes that one read asks for.
const CHUNK: usize = 256 << 10;
/// Longest line: what grows past it is no text file, and must not eat the worker's memory.
const MAX_LINE: usize = 64 << 20;
/// Pause at the end of the file before it is looked at again.
const PAUSE: Duration = Duration::from_millis(100);

/// `org.apache.kafka.connect.file.FileStreamSourceConnector`: one task, one file.
pub struct FileStreamSource;

#[async_trait]
impl SourceConnector for FileStreamSource {
    type Config = SourceConfig;
    const NAME: &'static str = "org.apache.kafka.connect.file.FileStreamSourceConnector";

    async fn split(
        &self,
        _: &SourceConfig,
        settings: &Properties,
        _: usize,
    ) -> Result<Vec<Properties>> {
        Ok(vec![settings.clone()])
    }

    /// As in Java, what is set to nothing is not looked at: it may be garbage that somebody clears away.
    async fn alter_offsets(
        &self,
        config: SourceConfig,
        offsets: &[(SourcePartition, Option<SourceOffset>)],
    ) -> Result<bool> {
        if config.file.is_none_or(|it| it.is_empty()) {
            return Err(Error::fatal(
                "Offsets cannot be modified if the 'file' configuration is unspecified. This is because stdin is used for input and offsets are not tracked.",
            ));
        }
        for (partition, offset) in offsets {
            let Some(offset) = offset else { continue };
            let wrong = match offset.0.get("position") {
                None => "Offset objects should either be null or contain the key 'position'",
                Some(Value::Int64(0..)) if partition.0.contains_key("filename") => continue,
                Some(Value::Int64(0..)) => "Partition objects should contain the key 'filename'",
                Some(Value::Int64(_)) => {
                    "The value for the 'position' key in the offset should be a non-negative value"
                }
                Some(_) => {
                    "The value for the 'position' key in the offset is expected to be a Long value"
                }
            };
            return Err(Error::fatal(wrong));
        }
        Ok(true)
    }

    /// What comes in by the standard input has no position.
    fn exactly_once_support(&self, config: &SourceConfig) -> Result<Option<ExactlyOnceSupport>> {
        let has_file = config.file.as_ref().is_some_and(|it| !it.is_empty());
        Ok(Some(if has_file {
            ExactlyOnceSupport::Supported
        } else {
            ExactlyOnceSupport::Unsupported
        }))
    }

    async fn open(
        &self,
        config: SourceConfig,
        _: &Properties,
        context: SourceContext,
    ) -> Result<Box<dyn SourceTask>> {
        let path = config::file(config.file.as_deref(), &context.worker)?;
        // The name in the offset is the one that the user wrote, as in Java: it is what a Java worker looks for.
        let name = Value::from(config.file.unwrap_or_default());
        let partition = SourcePartition(BTreeMap::from([("filename".to_owned(), name)]));
        let stored = context.offsets.offsets(std::slice::from_ref(&partition)).await?;
        let position =
            stored.into_iter().flatten().next().map_or(Ok(0), |offset| position(&offset))?;
        Ok(Box::new(FileTask {
            path,
            file: None,
            chunk: vec![0; CHUNK],
            buffer: LineBuffer::at(position),
            partition: Arc::new(partition),
            topic: config.topic.into(),
            schema: SchemaRef::new(Schema::required(Type::String)),
            batch_size: usize::try_from(config.batch_size).unwrap_or_default().max(1),
            is_missing: false,
        }))
    }
}

fn position(offset: &SourceOffset) -> Result<u64> {
    let number = match offset.0.get("position") {
        Some(Value::Int64(number)) => Some(*number),
        Some(Value::Int32(number)) => Some(i64::from(*number)),
        None => return Ok(0),
        Some(_) => None,
    };
    let number =
        number.ok_or_else(|| Error::fatal("the stored offset holds no number under position"))?;
    u64::try_from(number)
        .map_err(|_| Error::fatal(format!("the stored position {number} is negative")))
}

struct FileTask {
    path: PathBuf,
    file: Option<File>,
    chunk: Vec<u8>,
    buffer: LineBuffer,
    partition: Arc<SourcePartition>,
    topic: Arc<str>,
    schema: SchemaRef,
    batch_size: usize,
    is_missing: bool,
}

#[async_trait]
impl SourceTask for FileTask {
    /// Awaits nothing while it holds lines that are in no record yet, so dropping it loses none.
    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        let mut records = Vec::new();
        self.take_lines(&mut records);
        while records.len() < self.batch_size && self.read_chunk()? > 0 {
            self.take_lines(&mut records);
        }
        if records.is_empty() {
            tokio::time::sleep(PAUSE).await;
        }
        Ok(records)
    }
}

impl FileTask {
    /// Adds whole lines until the batch is full.
    fn take_lines(&mut self, records: &mut Vec<SourceRecord>) {
        let timestamp =
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_millis() as i64);
        while records.len() < self.batch_size {
            let Some(line) = self.buffer.next_line() else { break };
            let text = String::from_utf8_lossy(line.text);
            // Quicker than from an array, which would be sorted.
            let mut position = BTreeMap::new();
            position.insert("position".to_owned(), Value::Int64(line.next as i64));
            records.push(SourceRecord {
                source_partition: Arc::clone(&self.partition),
                source_offset: SourceOffset(position),
                data: ConnectRecord {
                    timestamp: Some(timestamp),
                    ..ConnectRecord::new(
                        Arc::clone(&self.topic),
                        SchemaAndValue::NULL,
                        SchemaAndValue {
                            schema: Some(SchemaRef::clone(&self.schema)),
                            value: Value::from(&*text),
                        },
                    )
                },
            });
        }
    }

    /// Reads on; the number of bytes, 0 at the end of the file or while there is none.
    fn read_chunk(&mut self) -> Result<usize> {
        let failed = |path: &PathBuf, what: &str, error| {
            Error::fatal(format!("{} could not be {what}", path.display())).because(error)
        };
        if self.file.is_none() && !self.open()? {
            return Ok(0);
        }
        let Some(file) = &mut self.file else { return Ok(0) };
        let count =
            file.read(&mut self.chunk).map_err(|error| failed(&self.path, "read", error))?;
        self.buffer.extend(&self.chunk[..count]);
        if self.buffer.pending() > MAX_LINE {
            return Err(Error::fatal(format!(
                "{} has a line of more than {MAX_LINE} bytes at position {}",
                self.path.display(),
                self.buffer.end() - self.buffer.pending() as u64
            )));
        }
        Ok(count)
    }

    fn open(&mut self) -> Result<bool> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if !std::mem::replace(&mut self.is_missing, true) {
                    tracing::warn!(file = %self.path.display(), "the file is not there; waiting for it");
                }
                return Ok(false);
            }
            Err(error) => {
                return Err(Error::fatal(format!("{} could not be opened", self.path.display()))
                    .because(error));
            }
        };
        file.seek(SeekFrom::Start(self.buffer.end())).map_err(|error| {
            Error::fatal(format!("{} could not be read", self.path.display())).because(error)
        })?;
        self.file = Some(file);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use sluice_plugin::{OffsetReader, files};

    use super::*;

    struct Stored(Option<i64>);

    #[async_trait]
    impl OffsetReader for Stored {
        async fn offsets(
            &self,
            partitions: &[SourcePartition],
        ) -> Result<Vec<Option<SourceOffset>>> {
            let offset = |position| {
                SourceOffset(BTreeMap::from([("position".to_owned(), Value::Int64(position))]))
            };
            Ok(partitions.iter().map(|_| self.0.map(offset)).collect())
        }
    }

    async fn task(file: &str, batch: &str, position: Option<i64>) -> Result<Box<dyn SourceTask>> {
        let folder = std::path::Path::new(file).parent().unwrap().to_str().unwrap().to_owned();
        let settings = Properties::from([
            ("file".to_owned(), file.to_owned()),
            ("topic".to_owned(), "t".to_owned()),
            ("batch.size".to_owned(), batch.to_owned()),
        ]);
        let context = SourceContext {
            offsets: Arc::new(Stored(position)),
            worker: Arc::new(Properties::from([(files::ALLOWED_PATHS.to_owned(), folder)])),
            transactions: None,
        };
        sluice_plugin::AnySourceConnector::open(&FileStreamSource, &settings, context).await
    }

    fn seen(records: &[SourceRecord]) -> Vec<(String, i64)> {
        let one = |record: &SourceRecord| {
            let Value::String(text) = &record.value.value else { panic!("lines are text") };
            let Some(Value::Int64(position)) = record.source_offset.0.get("position") else {
                panic!("a position")
            };
            (text.to_string(), *position)
        };
        records.iter().map(one).collect()
    }

    #[tokio::test]
    async fn a_task_goes_on_from_any_position_it_handed_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, "a\nbé\n\nc\nrest").unwrap();
        let file = path.to_str().unwrap();
        let whole =
            [("a".to_owned(), 2), ("bé".to_owned(), 6), (String::new(), 7), ("c".to_owned(), 9)];
        for batch in ["1", "3", "100"] {
            for (from, position) in [(0, None), (1, Some(2)), (2, Some(6)), (4, Some(9))] {
                let mut task = task(file, batch, position).await.unwrap();
                let mut records = Vec::new();
                while records.len() < whole.len() - from {
                    records.extend(task.poll().await.unwrap());
                }
                assert_eq!(seen(&records), whole[from..], "batch {batch}, from {position:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_missing_file_is_waited_for_and_a_growing_one_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let mut task = task(path.to_str().unwrap(), "10", None).await.unwrap();
        assert!(task.poll().await.unwrap().is_empty());
        std::fs::write(&path, "a\nb").unwrap();
        assert_eq!(seen(&task.poll().await.unwrap()), [("a".to_owned(), 2)]);
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"c\n").unwrap();
        assert_eq!(seen(&task.poll().await.unwrap()), [("bc".to_owned(), 5)]);
    }
}
