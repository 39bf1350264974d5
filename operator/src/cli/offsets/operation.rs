//! Makes a `KafkaConnectorOffsets` and waits until it has ended.

use std::time::Duration;

use kube::ResourceExt;
use kube::api::PostParams;
use serde_json::{Value, json};
use sluice_crds::{KafkaConnectorOffsets, OffsetsPhase, condition};
use tokio::time::Instant;

use super::Error;
use crate::cli::access::{self, Session, refused};
use crate::cli::change::MANAGER;
use crate::conditions;

const PAUSE: Duration = Duration::from_millis(250);

/// Has the operator carry out `spec` on a connector, and waits until it has.
pub(super) async fn carry_out(
    session: &Session,
    connector: &str,
    mut spec: Value,
    seconds: u64,
) -> Result<KafkaConnectorOffsets, Error> {
    spec["connector"] = json!(connector);
    let api = session.api::<KafkaConnectorOffsets>();
    let created = api.create(&parameters(), &object(connector, &spec)?).await;
    let created = created
        .map_err(|error| refused(&format!("make a KafkaConnectorOffsets of {connector}"), error))?;
    let name = created.name_any();
    let deadline = Instant::now() + Duration::from_secs(seconds);
    loop {
        let operation: KafkaConnectorOffsets = session.get(&name).await?;
        let status = operation.status.clone().unwrap_or_default();
        let ready = conditions::find(&status.conditions, condition::READY);
        let message = ready.map(|it| it.message.clone());
        match status.phase {
            Some(OffsetsPhase::Succeeded) => return Ok(operation),
            Some(OffsetsPhase::Failed) => {
                return Err(Error::Refused { name, message: message.unwrap_or_default() });
            }
            _ if Instant::now() > deadline => {
                let message = message.unwrap_or_else(|| {
                    "the operator has not looked at it; is it running? See: sluice status"
                        .to_owned()
                });
                return Err(Error::TooLate { name, message, seconds });
            }
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}

fn parameters() -> PostParams {
    PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() }
}

/// The API server makes up the rest of the name.
fn object(connector: &str, spec: &Value) -> Result<KafkaConnectorOffsets, access::Error> {
    let what = spec["operation"].as_str().unwrap_or_default().to_lowercase();
    let start: String = connector.chars().take(200).collect();
    let object = json!({
        "apiVersion": format!("{}/v1alpha1", sluice_crds::GROUP),
        "kind": "KafkaConnectorOffsets",
        "metadata": {"generateName": format!("{start}-{what}-")},
        "spec": spec,
    });
    serde_json::from_value(object).map_err(|error| access::Error::Api {
        what: "make a KafkaConnectorOffsets".to_owned(),
        cause: error.to_string(),
    })
}
