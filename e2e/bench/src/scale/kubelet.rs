//! Plays the kubelet: every pod becomes ready.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client, ResourceExt,
    api::{ListParams, Patch, PatchParams},
};
use serde_json::json;
use tokio::time::sleep;

const PAUSE: Duration = Duration::from_secs(1);

/// Looks for pods that are not ready until it is dropped. A look that fails is followed by the next.
pub(super) async fn play(client: Client, namespace: &'static str) {
    let pods: Api<Pod> = Api::namespaced(client, namespace);
    let status = json!({"status": {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}],
    }});
    let fresh = ListParams::default().fields("status.phase=Pending");
    loop {
        let found = pods.list(&fresh).await.map(|list| list.items).unwrap_or_default();
        for pod in found {
            let status = Patch::Merge(&status);
            let done = pods.patch_status(&pod.name_any(), &PatchParams::default(), &status).await;
            if let Err(error) = done {
                eprintln!("a pod cannot be made ready: {error}");
            }
        }
        sleep(PAUSE).await;
    }
}
