//! The connectors for tests keep what connectors owe.

use async_trait::async_trait;
use sluice_connector_tools::{
    MockSink, MockSource, SchemaSource, VerifiableSink, VerifiableSource,
};
use sluice_plugin::{
    AnySinkConnector, Properties,
    conformance::{Broken, SinkSystem, SourceCase, sink, source},
};

fn settings(pairs: &[(&str, &str)]) -> Properties {
    let all = [("name", "n"), ("topic", "t")];
    let all = all.iter().chain(pairs);
    all.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn sources_do() -> Result<(), Broken> {
    for throughput in ["-1", "1000"] {
        let settings = settings(&[("throughput", throughput)]);
        source(&SourceCase::new(&VerifiableSource, settings).tasks(2)).await?;
    }
    let complete = settings(&[("throughput", "-1"), ("complete.record.data", "true")]);
    // The value holds the time.
    let case = SourceCase::new(&VerifiableSource, complete);
    source(&case.identity(|it| format!("{:?}", it.source_offset))).await?;
    for multiple in ["false", "true"] {
        let settings = settings(&[
            ("throughput", "-1"),
            ("num.messages", "40"),
            ("partition.count", "3"),
            ("multiple.schema", multiple),
        ]);
        // Java begins with the first of two schemas after each start.
        let case = SourceCase::new(&SchemaSource, settings).tasks(2);
        source(&case.identity(|it| format!("{} {:?}", it.topic, it.source_offset))).await?;
    }
    let failing = settings(&[("mock_mode", "task-failure"), ("delay_ms", "60000")]);
    source(&SourceCase::new(&MockSource, failing).tasks(3).records(0)).await
}

/// A sink that leaves nothing behind that could be looked into.
struct Silent<'a>(&'a dyn AnySinkConnector);

#[async_trait]
impl SinkSystem for Silent<'_> {
    fn connector(&self) -> &dyn AnySinkConnector {
        self.0
    }

    async fn empty(&self) -> Properties {
        settings(&[("mock_mode", "task-failure"), ("delay_ms", "60000")])
    }

    async fn contents(&self) -> Option<Vec<i64>> {
        None
    }
}

#[tokio::test]
async fn sinks_do() -> Result<(), Broken> {
    sink(&Silent(&VerifiableSink)).await?;
    sink(&Silent(&MockSink)).await
}
