//! The file connectors keep what connectors owe.

use std::path::PathBuf;

use async_trait::async_trait;
use sluice_connector_file::{FileStreamSink, FileStreamSource};
use sluice_plugin::{
    AnySinkConnector, Properties,
    conformance::{Broken, SinkSystem, SourceCase, sink, source},
};

fn settings(pairs: &[(&str, &str)]) -> Properties {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn the_source_does() -> Result<(), Broken> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("in");
    let lines: String = (0..30).map(|it| format!("line {it}, 100 €\n")).collect();
    std::fs::write(&path, lines).expect("a file");
    let path = path.to_str().expect("a name");
    for batch_size in ["1", "7", "2000"] {
        let settings = settings(&[("file", path), ("topic", "t"), ("batch.size", batch_size)]);
        let limits = [("sluice.file.paths", folder.path().to_str().expect("a name"))];
        let case = SourceCase::new(&FileStreamSource, settings).worker(self::settings(&limits));
        source(&case.records(30).ends()).await?;
    }
    Ok(())
}

struct Appended {
    folder: tempfile::TempDir,
}

impl Appended {
    fn path(&self) -> PathBuf {
        self.folder.path().join("out")
    }
}

#[async_trait]
impl SinkSystem for Appended {
    fn connector(&self) -> &dyn AnySinkConnector {
        &FileStreamSink
    }

    async fn empty(&self) -> Properties {
        // There is none the first time.
        let _ = std::fs::remove_file(self.path());
        settings(&[("file", self.path().to_str().expect("a name"))])
    }

    fn worker(&self) -> Properties {
        settings(&[("sluice.file.paths", self.folder.path().to_str().expect("a name"))])
    }

    async fn contents(&self) -> Option<Vec<i64>> {
        let text = std::fs::read_to_string(self.path()).expect("a file");
        Some(text.lines().map(|it| it.parse().expect("a number")).collect())
    }
}

#[tokio::test]
async fn the_sink_does() -> Result<(), Broken> {
    sink(&Appended { folder: tempfile::tempdir().expect("a folder") }).await
}
