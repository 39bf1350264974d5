//! A real Kubernetes for tests: etcd, API server and controllers on loopback (the API tier), and a whole node with
//! containerd and kubelet in namespaces of its own (the node tier). Everything is built from Go modules that lock files
//! pin, kept in the cache, and ends with the test process, whatever way that process ends.

mod control_plane;
mod kubectl;
mod machine;
mod node;
mod offer;
mod pki;
mod place;
mod programs;

use crate::{lasting, reaper};

pub use control_plane::ControlPlane;
pub use kubectl::Kubectl;
pub use node::Node;
pub use programs::{helm, hyperkube, missing_for_control_plane};

/// The name of the one node.
const NODE: &str = "node1";
