//! Generated records, under the class name of Confluent's Datagen connector: for demonstrations, tests and benchmarks.
//!
//! - `quickstart` names what is generated: `orders`, `users` or `pageviews`.
//! - Position: the number of records that a task has made. With `random.seed` the records of a task are the same in every
//!   run, and a restarted task goes on where it stood. At least once.

mod config;
mod quickstart;
mod random;
mod source;

pub use source::Datagen;
