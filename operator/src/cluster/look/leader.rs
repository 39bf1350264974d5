//! Which worker leads the group. Kafka Connect's REST API does not tell; the metrics of each worker do.

use std::net::IpAddr;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use tokio::time::timeout;

use crate::context::Context;
use crate::names;

/// Longest wait: the leader is told as a courtesy.
const PATIENCE: Duration = Duration::from_secs(2);
/// The metric whose label is the URL of the leader.
const METRIC: &str =
    "kafka_connect_connect_worker_rebalance_metrics_leader_name_info{leader_name=\"";

/// Asks the first ready worker for the name of the leader's pod.
pub(super) async fn ask(pods: &[Pod], ctx: &Context) -> Option<String> {
    let address: IpAddr = pods.iter().find_map(address)?.parse().ok()?;
    let host = match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    };
    let worker = ctx.connect_api(format!("http://{host}:{}", names::METRICS_PORT));
    let metrics = timeout(PATIENCE, worker.metrics()).await.ok()?.ok()?;
    leader(&String::from_utf8_lossy(&metrics)).map(str::to_owned)
}

fn address(pod: &Pod) -> Option<&str> {
    let status = pod.status.as_ref()?;
    let mut conditions = status.conditions.iter().flatten();
    let ready = conditions.any(|it| it.type_ == "Ready" && it.status == "True");
    status.pod_ip.as_deref().filter(|_| ready)
}

/// The first label of the leader's host: its pod.
fn leader(metrics: &str) -> Option<&str> {
    let url = metrics.lines().find_map(|line| line.strip_prefix(METRIC))?.split('"').next()?;
    let (_, host) = url.split_once("://")?;
    host.split(['.', ':', '/']).next().filter(|pod| !pod.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_leader_is_read_from_its_url() {
        let metrics = |url: &str| format!("# TYPE x gauge\nx 1\n{METRIC}{url}\"}} 1\ny 2\n");
        for (url, expected) in [
            ("http://a-connect-1.a-connect.n.svc:8083/", Some("a-connect-1")),
            ("https://a-connect-0.a-connect.n.svc:8083/", Some("a-connect-0")),
            ("", None),
        ] {
            assert_eq!(leader(&metrics(url)), expected, "{url}");
        }
        assert_eq!(leader("x 1\n"), None);
    }
}
