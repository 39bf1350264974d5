//! The two Services: one name per worker, and one address for the REST API of any of them.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use sluice_crds::{IpFamily, IpFamilyPolicy, ServiceTemplate};

use super::super::Cluster;
use crate::names;

/// Names resolve before a pod is ready: workers must reach each other to become so.
pub(super) fn headless(cluster: &Cluster) -> Service {
    let template = cluster.template.headless_service.as_ref();
    let mut service = service(cluster, names::workers(&cluster.name), template);
    let spec = service.spec.get_or_insert_default();
    spec.cluster_ip = Some("None".to_owned());
    spec.publish_not_ready_addresses = Some(true);
    service
}

pub(super) fn api(cluster: &Cluster) -> Service {
    service(cluster, names::api_service(&cluster.name), cluster.template.api_service.as_ref())
}

fn service(cluster: &Cluster, name: String, template: Option<&ServiceTemplate>) -> Service {
    let added = template.and_then(|template| template.metadata.as_ref());
    Service {
        metadata: super::metadata(cluster, name, added),
        spec: Some(ServiceSpec {
            type_: Some("ClusterIP".to_owned()),
            selector: Some(super::selector(cluster)),
            ip_family_policy: template.and_then(|it| it.ip_family_policy).map(policy),
            ip_families: template.map(families).filter(|families| !families.is_empty()),
            ports: Some(vec![ServicePort {
                name: Some("rest-api".to_owned()),
                port: names::REST_PORT,
                target_port: Some(IntOrString::String("rest-api".to_owned())),
                protocol: Some("TCP".to_owned()),
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

fn policy(policy: IpFamilyPolicy) -> String {
    let name = match policy {
        IpFamilyPolicy::SingleStack => "SingleStack",
        IpFamilyPolicy::PreferDualStack => "PreferDualStack",
        IpFamilyPolicy::RequireDualStack => "RequireDualStack",
    };
    name.to_owned()
}

fn families(template: &ServiceTemplate) -> Vec<String> {
    let name = |family: &IpFamily| match family {
        IpFamily::IPv4 => "IPv4".to_owned(),
        IpFamily::IPv6 => "IPv6".to_owned(),
    };
    template.ip_families.iter().map(name).collect()
}
