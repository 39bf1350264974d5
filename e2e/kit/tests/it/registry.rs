//! A Schema Registry and Confluent's jars, as every other test gets them.

use anyhow::Result;
use sluice_kit::registry::SchemaRegistry;

#[tokio::test]
async fn a_registry_answers_and_comes_back_where_it_was() -> Result<()> {
    sluice_kit::require!(SchemaRegistry::missing());
    let registry = SchemaRegistry::start().await?;
    let (url, port) = (registry.url(), registry.port());
    registry.kill();
    assert_eq!(SchemaRegistry::start_at(port).await?.url(), url);
    Ok(())
}
