//! The scenarios of Kafka's system tests (`kafkatest/tests/connect`) that need a group of several workers, on three of
//! ours.

mod bounced;
mod brokers;
mod cluster;
mod exactly_once;
mod failed;
mod levels;
mod own_positions;
mod paused;
mod seqnos;
mod traffic;
mod transformed;
