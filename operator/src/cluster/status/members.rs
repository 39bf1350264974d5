//! Lists in the status, of bounded length: the worker pods, and what the workers could run.

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use sluice_crds::{ConnectorPlugin, Member};
use sluice_rest_model::{PluginInfo, PluginKind};

use super::super::roll::worker::{REVISION, ordinal};

/// Most pods that are listed.
const MEMBERS: usize = 100;
/// Most connectors that are listed.
const PLUGINS: usize = 200;

/// The worker pods, in their order.
pub(super) fn members(pods: &[Pod]) -> Vec<Member> {
    let mut pods: Vec<&Pod> = pods.iter().collect();
    pods.sort_by_key(|pod| ordinal(&pod.name_any()));
    pods.into_iter().take(MEMBERS).map(member).collect()
}

fn member(pod: &Pod) -> Member {
    let mut conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    Member {
        name: pod.name_any(),
        ready: conditions.any(|it| it.type_ == "Ready" && it.status == "True"),
        revision: pod.labels().get(REVISION).cloned(),
    }
}

/// The connectors among the plugins, by class.
pub(super) fn plugins(plugins: Vec<PluginInfo>) -> Vec<ConnectorPlugin> {
    let mut plugins: Vec<_> = plugins.into_iter().filter_map(plugin).collect();
    plugins.sort_by(|a, b| a.class.cmp(&b.class));
    plugins.truncate(PLUGINS);
    plugins
}

fn plugin(plugin: PluginInfo) -> Option<ConnectorPlugin> {
    let kind = match plugin.kind {
        PluginKind::Sink => "sink",
        PluginKind::Source => "source",
        _ => return None,
    };
    let version = plugin.version;
    Some(ConnectorPlugin { class: plugin.class, kind: kind.to_owned(), version })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pods_come_in_their_order_and_not_without_end() {
        let pod = |ordinal: usize| {
            let ready = if ordinal == 2 { "True" } else { "False" };
            serde_json::from_value::<Pod>(json!({
                "metadata": {
                    "name": format!("a-connect-{ordinal}"),
                    "labels": {"controller-revision-hash": "r"},
                },
                "status": {"conditions": [{"type": "Ready", "status": ready}]},
            }))
            .unwrap()
        };
        let members = members(&(0..150).rev().map(pod).collect::<Vec<_>>());
        assert_eq!(members.len(), 100);
        let two = json!({"name": "a-connect-2", "ready": true, "revision": "r"});
        assert_eq!(serde_json::to_value(&members[2]).unwrap(), two);
        assert_eq!((members[10].name.as_str(), members[10].ready), ("a-connect-10", false));
    }

    #[test]
    fn only_connectors_are_listed_by_class() {
        let told = json!([
            {"class": "z.Sink", "type": "sink", "version": "1"},
            {"class": "a.Source", "type": "source"},
            {"class": "b.Converter", "type": "converter", "version": "1"},
        ]);
        let listed = plugins(serde_json::from_value(told).unwrap());
        let expected = json!([
            {"class": "a.Source", "type": "source"},
            {"class": "z.Sink", "type": "sink", "version": "1"},
        ]);
        assert_eq!(serde_json::to_value(listed).unwrap(), expected);
    }
}
