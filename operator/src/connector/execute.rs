//! Makes the calls of a plan. Decides nothing but when to repeat one.

use std::time::Duration;

use sluice_rest_model::CreateConnectorRequest;

use super::Step;
use crate::connect_api::{ConnectApi, Error};

/// Pauses between attempts that a rebalance refuses: three seconds in all, then the resource's own back-off goes on.
const PAUSES_MS: [u64; 4] = [200, 400, 800, 1600];

/// Makes the calls one after the other; the first that fails ends the series.
pub async fn in_order(steps: &[Step], name: &str, workers: &ConnectApi) -> Result<(), Error> {
    for step in steps {
        patiently(step, name, workers).await?;
    }
    Ok(())
}

async fn patiently(step: &Step, name: &str, workers: &ConnectApi) -> Result<(), Error> {
    for pause in PAUSES_MS {
        match once(step, name, workers).await {
            Err(error) if error.is_conflict() => {
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
            outcome => return outcome,
        }
    }
    once(step, name, workers).await
}

async fn once(step: &Step, name: &str, workers: &ConnectApi) -> Result<(), Error> {
    match step {
        Step::Create(config, state) => {
            let request = CreateConnectorRequest {
                name: name.to_owned(),
                config: Some(config.clone().into()),
                initial_state: Some(*state),
            };
            workers.create(&request).await.map(drop)
        }
        Step::PutConfig(config) => workers.put_config(name, config).await.map(drop),
        Step::Enter(verb) => workers.enter(name, *verb).await,
        Step::Restart(scope) => workers.restart(name, *scope).await,
        Step::RestartTask(task) => workers.restart_task(name, *task).await,
    }
}
