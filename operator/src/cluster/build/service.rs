//! The two Services: one name per worker, and one address for the REST API of any of them.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use sluice_crds::ObjectTemplate;

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

fn service(cluster: &Cluster, name: String, template: Option<&ObjectTemplate>) -> Service {
    let added = template.and_then(|template| template.metadata.as_ref());
    Service {
        metadata: super::metadata(cluster, name, added),
        spec: Some(ServiceSpec {
            type_: Some("ClusterIP".to_owned()),
            selector: Some(super::selector(cluster)),
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
