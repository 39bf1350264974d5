//! The null sink keeps what sinks owe, but for what it is there for: to keep nothing. The load source keeps what sources
//! owe.

use async_trait::async_trait;
use sluice_connector_null::{LoadSource, NullSink};
use sluice_plugin::{
    AnySinkConnector, Properties,
    conformance::{Broken, SinkSystem, SourceCase, sink, source},
};

struct Nothing;

#[async_trait]
impl SinkSystem for Nothing {
    fn connector(&self) -> &dyn AnySinkConnector {
        &NullSink
    }

    async fn empty(&self) -> Properties {
        Properties::new()
    }

    async fn contents(&self) -> Option<Vec<i64>> {
        None
    }
}

#[tokio::test]
async fn the_null_sink_does() -> Result<(), Broken> {
    sink(&Nothing).await
}

#[tokio::test]
async fn the_load_source_does() -> Result<(), Broken> {
    for (content, batch, rate) in
        [("bytes", "7", "-1"), ("order", "1000", "-1"), ("order", "3", "5000")]
    {
        let settings = [
            ("topic", "t"),
            ("content", content),
            ("batch.size", batch),
            ("rate", rate),
            ("records", "20"),
        ];
        let settings: Properties =
            settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        source(&SourceCase::new(&LoadSource, settings).records(20).ends()).await?;
    }
    Ok(())
}
