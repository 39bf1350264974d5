//! Cluster tests on a real node: our images, our manifests, real pods and a real Kafka.

mod chart;
mod faults;
mod lines;
mod quickstart;
mod stage;
