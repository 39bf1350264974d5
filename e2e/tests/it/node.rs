//! Cluster tests on a real node: our images, our manifests, real pods and a real Kafka.

mod faults;
mod first_steps;
mod lines;
mod orders;
mod quickstart;
mod readme;
mod resize;
mod stage;
mod traffic;
