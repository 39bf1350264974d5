//! The worker process on a real Kafka: what a crash, a restart, a listener, a mistake and a client make of it.

mod alone;
mod crash;
mod dead_letters;
mod encrypted;
mod follower;
mod frozen;
mod hanging;
mod internal;
mod levels;
mod like_java;
mod lines;
mod load;
mod memory;
mod metrics;
mod moved;
mod pipeline;
mod placement;
mod provided;
mod refusal;
mod rest;
mod restart;
mod scale;
mod scenarios;
mod secured;
mod tools;
mod unreachable;
