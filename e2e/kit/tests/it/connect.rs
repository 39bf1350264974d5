//! A Java worker, as every other test gets it.

use anyhow::Result;
use sluice_kit::connect::{ConnectWorker, WorkerFile};
use sluice_kit::java;
use sluice_kit::kafka::KafkaServer;

#[tokio::test]
async fn a_java_worker_answers_and_ends() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let worker = ConnectWorker::java(&WorkerFile::new(&kafka.bootstrap(), "kit")).await?;
    assert_eq!(worker.ask("GET", "/", None).await?["version"], "4.3.1");
    let (status, _) = worker.request("GET", "/connectors/none", None).await?;
    assert_eq!(status, 404);
    worker.stop().await
}
