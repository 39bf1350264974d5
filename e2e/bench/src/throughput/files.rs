//! W5: Apache's file source and file sink, in one worker, with a topic between them. Progress is the length of the file
//! that the sink writes; it must end up as the one that was read.

use std::{
    fs::{self, File},
    io::{BufReader, BufWriter, Read, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use sluice_kit::connect::ConnectWorker;

use super::{Bench, watch::Watched};
use crate::{payload::LINE, workers};

const SOURCE: &str = "org.apache.kafka.connect.file.FileStreamSourceConnector";
const SINK: &str = "org.apache.kafka.connect.file.FileStreamSinkConnector";

impl Bench<'_> {
    fn lines(&self) -> PathBuf {
        self.folder.join(format!("lines-{}", self.records))
    }

    /// Writes the file that all runs read, unless an earlier scenario has.
    pub(super) fn write_lines(&self) -> Result<()> {
        let path = self.lines();
        if path.exists() {
            return Ok(());
        }
        let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
        for number in 0..self.records {
            file.write_all(&self.scenario.payload.value(number))?;
            file.write_all(b"\n")?;
        }
        Ok(file.into_inner()?.sync_all()?)
    }

    /// One run, and how many lines the two files share.
    pub(super) async fn copy_file(
        &self,
        worker: &ConnectWorker,
        name: &str,
    ) -> Result<(Watched, u64)> {
        let copy = self.folder.join(name);
        let (sink, source) = (format!("{name}-sink"), format!("{name}-source"));
        self.broker.create(name).await?;
        let path = |path: &Path| json!(path.display().to_string());
        let config = json!({"connector.class": SINK, "topics": name, "file": path(&copy)});
        workers::create(worker, &sink, &self.config(config)).await?;
        let config = json!({"connector.class": SOURCE, "topic": name, "file": path(&self.lines())});
        workers::create(worker, &source, &self.config(config)).await?;
        let written = async || Ok(fs::metadata(&copy).map_or(0, |it| it.len()) / LINE);
        let watched = self.watch(worker, &[&sink, &source], written).await?;
        workers::delete(worker, &source).await?;
        workers::delete(worker, &sink).await?;
        let length = same(&self.lines(), &copy)?;
        fs::remove_file(&copy)?;
        self.broker.delete(name).await?;
        Ok((watched, length / LINE))
    }
}

/// The length of two files, which must be the same byte by byte.
fn same(one: &Path, other: &Path) -> Result<u64> {
    const CHUNK: usize = 1 << 20;
    let open = |path: &Path| -> Result<_> {
        let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
        Ok(BufReader::with_capacity(CHUNK, file))
    };
    let lengths = [fs::metadata(one)?.len(), fs::metadata(other)?.len()];
    ensure!(
        lengths[0] == lengths[1],
        "{}: {} bytes of {}",
        other.display(),
        lengths[1],
        lengths[0]
    );
    let (mut left, mut right) = (open(one)?, open(other)?);
    let (mut expected, mut found) = (vec![0; CHUNK], vec![0; CHUNK]);
    let mut at = 0;
    while at < lengths[0] {
        let size = CHUNK.min(usize::try_from(lengths[0] - at)?);
        left.read_exact(&mut expected[..size])?;
        right.read_exact(&mut found[..size])?;
        ensure!(expected[..size] == found[..size], "{}: differs after {at}", other.display());
        at += size as u64;
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_the_same_only_byte_by_byte() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let (one, other) = (folder.path().join("1"), folder.path().join("2"));
        let large = vec![b'x'; (1 << 20) + 7];
        let mut wrong = large.clone();
        wrong[(1 << 20) + 3] = b'y';
        fs::write(&one, &large)?;
        for (content, expected) in [(&large, Some(large.len() as u64)), (&wrong, None)] {
            fs::write(&other, content)?;
            assert_eq!(same(&one, &other).ok(), expected);
        }
        fs::write(&other, &large[1..])?;
        assert!(same(&one, &other).is_err());
        Ok(())
    }
}
