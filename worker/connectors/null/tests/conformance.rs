//! The null sink keeps what sinks owe, but for what it is there for: to keep nothing.

use async_trait::async_trait;
use sluice_connector_null::NullSink;
use sluice_plugin::{
    AnySinkConnector, Properties,
    conformance::{Broken, SinkSystem, sink},
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
