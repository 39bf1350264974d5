//! A real Kubernetes for tests: etcd, API server and controllers on loopback (the API tier), and a whole node with
//! containerd and kubelet in namespaces of its own (the node tier). Everything is built from Go modules that lock files
//! pin, kept in the cache, and ends with the test process, whatever way that process ends.

mod control_plane;
mod flux;
mod foreign;
#[cfg(feature = "kubernetes")]
mod forward;
mod helm;
mod kubectl;
mod machine;
mod node;
mod offer;
mod pki;
mod place;
mod programs;
mod verdicts;

use crate::{lasting, reaper};

pub use control_plane::ControlPlane;
pub use flux::{FLUX_NAMESPACE, Flux};
pub use foreign::foreign_definitions;
#[cfg(feature = "kubernetes")]
pub use forward::forward;
pub use helm::Helm;
pub use kubectl::Kubectl;
pub use node::Node;
pub(crate) use programs::on_path;
pub use programs::{hyperkube, missing_for_control_plane};
pub use verdicts::{Question, Verdict, Verdicts, verdicts};

/// The name of the one node.
const NODE: &str = "node1";
