//! The first contact with Kafka: tried for as long as no broker can be reached, and told.

use std::time::Duration;

use sluice_kafka::admin::Admin;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The id of the cluster, once it can be reached; none if it has none or does not let this worker ask.
pub(super) async fn cluster_id(admin: &Admin) -> Option<String> {
    let mut pause = FIRST_PAUSE;
    for failures in 1_u32.. {
        match admin.cluster_id().await {
            Ok(id) => return id,
            Err(error) if error.is_retriable() => {
                // Told at once, then less and less often.
                if failures.is_power_of_two() {
                    tracing::warn!(%error, failures, "Kafka cannot be reached; trying on. Is bootstrap.servers right?");
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(error) => {
                // The internal topics meet the same error and end the worker with it.
                tracing::debug!(%error, "the cluster's id cannot be read");
                return None;
            }
        }
    }
    None
}
