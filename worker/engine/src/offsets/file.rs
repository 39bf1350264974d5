//! Positions in a file, for a worker on its own (`FileOffsetBackingStore`): the same keys and values as in the offsets
//! topic, in Java's own form, so that either side reads what the other wrote.

mod java;

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use sluice_plugin::model::{SourceOffset, SourcePartition};

use super::{OffsetError, OffsetRecord, OffsetStore, index::Index};
use java::Entries;
pub use java::Malformed;

/// Why a file of positions cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read or written.
    #[error("the file of positions {} cannot be used", .0.display())]
    Io(PathBuf, #[source] std::io::Error),
    /// It is something else.
    #[error("{} is no file of positions", .0.display())]
    Malformed(PathBuf, #[source] Malformed),
}

/// An [`OffsetStore`] over a file.
pub struct FileOffsets {
    file: Arc<PathBuf>,
    known: Mutex<Known>,
    /// One write after the other: each is of the whole file.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    index: Index,
    entries: Entries,
}

impl FileOffsets {
    /// Reads the file; one that is missing or empty has no positions. Blocks.
    pub fn open(file: &Path) -> Result<Self, FileError> {
        let entries = match fs::read(file) {
            Ok(bytes) if bytes.is_empty() => Entries::new(),
            Ok(bytes) => {
                java::read(&bytes).map_err(|it| FileError::Malformed(file.to_owned(), it))?
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Entries::new(),
            Err(error) => return Err(FileError::Io(file.to_owned(), error)),
        };
        let mut index = Index::default();
        for (key, value) in &entries {
            if !index.apply(key, value.as_deref()) {
                tracing::warn!(file = %file.display(), "ignoring an entry of the file of positions");
            }
        }
        let known = Mutex::new(Known { index, entries });
        Ok(Self { file: Arc::new(file.to_owned()), known, writing: tokio::sync::Mutex::default() })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Known) -> T) -> T {
        act(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Puts the new file in place of the old one, whole or not at all.
fn replace(file: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let wrong = |error| FileError::Io(file.to_owned(), error);
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let next = file.with_file_name(name);
    let mut written = File::create(&next).map_err(wrong)?;
    written.write_all(bytes).and_then(|()| written.sync_all()).map_err(wrong)?;
    fs::rename(&next, file).map_err(wrong)?;
    // The name is durable once its folder is.
    let folder = file.parent().filter(|it| !it.as_os_str().is_empty());
    let folder = File::open(folder.unwrap_or(Path::new("."))).map_err(wrong)?;
    folder.sync_all().map_err(wrong)
}

#[async_trait]
impl OffsetStore for FileOffsets {
    async fn read(
        &self,
        connector: &str,
        partitions: &[SourcePartition],
    ) -> Result<Vec<Option<SourceOffset>>, OffsetError> {
        Ok(self.with(|it| partitions.iter().map(|of| it.index.offset(connector, of)).collect()))
    }

    async fn write(
        &self,
        connector: &str,
        offsets: Vec<(SourcePartition, Option<SourceOffset>)>,
    ) -> Result<(), OffsetError> {
        let _writing = self.writing.lock().await;
        let (new, bytes) = self.with(|known| {
            let mut new = Vec::new();
            for (partition, offset) in &offsets {
                new.extend(known.index.entries(connector, partition, offset.as_ref())?);
            }
            let mut entries = known.entries.clone();
            entries.extend(new.iter().cloned());
            Ok::<_, OffsetError>((new, java::write(&entries)))
        })?;
        let file = Arc::clone(&self.file);
        let written = tokio::task::spawn_blocking(move || replace(&file, &bytes)).await;
        match written {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(OffsetError::File(error)),
            Err(error) => return Err(OffsetError::Topic(Box::new(error))),
        }
        // Only what is durable is told.
        self.with(|known| {
            for (key, value) in new {
                known.index.apply(&key, value.as_deref());
                known.entries.insert(key, value);
            }
        });
        Ok(())
    }

    async fn all(
        &self,
        connector: &str,
    ) -> Result<Vec<(SourcePartition, SourceOffset)>, OffsetError> {
        Ok(self.with(|it| it.index.all(connector)))
    }

    fn records(
        &self,
        connector: &str,
        offsets: &[(SourcePartition, Option<SourceOffset>)],
    ) -> Result<Vec<OffsetRecord>, OffsetError> {
        self.with(|it| it.index.records(connector, offsets))
    }
}

#[cfg(test)]
mod tests {
    use sluice_plugin::model::Value;

    use super::*;

    #[tokio::test]
    async fn positions_outlast_the_process_and_a_foreign_file_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("connect.offsets");
        let partition = SourcePartition([("file".to_owned(), Value::from("a"))].into());
        let position = SourceOffset([("position".to_owned(), Value::from(7_i64))].into());
        let store = FileOffsets::open(&file).expect("a new file");
        let write = vec![(partition.clone(), Some(position.clone()))];
        store.write("c", write).await.expect("written");
        let store = FileOffsets::open(&file).expect("the file");
        let read = store.read("c", std::slice::from_ref(&partition)).await.expect("read");
        assert_eq!(read, [Some(position)]);
        store.write("c", vec![(partition.clone(), None)]).await.expect("written");
        let store = FileOffsets::open(&file).expect("the file");
        assert_eq!(store.all("c").await.expect("read"), []);

        fs::write(&file, "position=1").expect("written");
        let error = FileOffsets::open(&file).err().expect("no file of positions");
        assert!(error.to_string().ends_with("is no file of positions"), "{error}");
        assert_eq!(fs::read(&file).expect("still there"), b"position=1");
        fs::write(&file, "").expect("written");
        assert_eq!(FileOffsets::open(&file).expect("empty").all("c").await.expect("read"), []);
    }
}
