//! The scenarios of Kafka's system tests (`kafkatest/tests/connect`) that need a group of several workers, on three of
//! ours.

mod bounced;
mod cluster;
mod failed;
mod levels;
mod paused;
mod seqnos;
mod transformed;
