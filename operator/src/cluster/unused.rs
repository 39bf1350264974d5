//! Fields that are accepted from manifests of other operators and mean nothing to native workers. All are told.

use sluice_crds::KafkaConnectSpec;

/// What of a spec has no effect, and why.
pub(super) fn warnings(spec: &KafkaConnectSpec) -> Vec<String> {
    let mut given = vec![
        ("jvmOptions", !spec.jvm_options.is_empty(), "native workers have no JVM; set resources"),
        (
            "jmxOptions",
            !spec.jmx_options.is_empty(),
            "native workers have no JMX; metrics are on port 9404",
        ),
        (
            "metricsConfig",
            !spec.metrics_config.is_empty(),
            "workers always serve metrics on port 9404, under the names of Kafka Connect's dashboards",
        ),
        (
            "build",
            !spec.build.is_empty(),
            "no image is built: connectors are part of the worker's; for plugins of your own build an image and set image",
        ),
        (
            "plugins",
            !spec.plugins.is_empty(),
            "native workers load no Java plugins: connectors are part of the worker's image",
        ),
        (
            "clientRackInitImage",
            spec.client_rack_init_image.is_some(),
            "no container looks for the rack",
        ),
    ];
    if let Some(template) = &spec.template {
        const BUILD: &str = "nothing is built";
        given.extend([
            ("template.initContainer", !template.init_container.is_empty(), "no container looks for the rack; those of your own stand in template.pod.initContainers"),
            ("template.clusterRoleBinding", !template.cluster_role_binding.is_empty(), "workers have no rights in the cluster"),
            ("template.buildPod", !template.build_pod.is_empty(), BUILD),
            ("template.buildContainer", !template.build_container.is_empty(), BUILD),
            ("template.buildConfig", !template.build_config.is_empty(), BUILD),
            ("template.buildServiceAccount", !template.build_service_account.is_empty(), BUILD),
            ("template.jmxSecret", !template.jmx_secret.is_empty(), "native workers have no JMX"),
        ]);
    }
    let given = given.into_iter().filter(|(_, given, _)| *given);
    given.map(|(field, _, why)| format!("spec.{field} has no effect: {why}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::worker_file::tests::spec;
    use super::*;

    #[test]
    fn every_field_without_a_meaning_is_told() {
        let free = json!({"any": 1});
        let fields = ["jvmOptions", "jmxOptions", "metricsConfig", "build"];
        let of_template = [
            "initContainer",
            "clusterRoleBinding",
            "buildPod",
            "buildContainer",
            "buildConfig",
            "buildServiceAccount",
            "jmxSecret",
        ];
        let mut change = json!({"plugins": [free], "clientRackInitImage": "x", "template": {}});
        for field in fields {
            change[field] = free.clone();
        }
        for field in of_template {
            change["template"][field] = free.clone();
        }
        let told = warnings(&spec(&change));
        let of_template = of_template.map(|field| format!("template.{field}"));
        let others = ["plugins", "clientRackInitImage"].map(str::to_owned);
        let expected: Vec<String> =
            fields.map(str::to_owned).into_iter().chain(others).chain(of_template).collect();
        for field in &expected {
            let line = format!("spec.{field} has no effect: ");
            assert!(told.iter().any(|it| it.starts_with(&line)), "{field}: {told:?}");
        }
        assert_eq!(told.len(), expected.len());
        assert!(warnings(&spec(&json!({"template": {}}))).is_empty());
    }
}
