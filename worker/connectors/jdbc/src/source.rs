//! The JDBC source: rows of tables, or of one query, as records.
//!
//! One engine serves the class names of Confluent and of Aiven; each has keys of its own, which become one [`Settings`].

mod calendar;
mod config;
mod connector;
mod criteria;
mod lookback;
mod mapping;
mod offsets;
mod querier;
mod settings;
mod start;
mod tables;
mod task;

pub use connector::{AivenJdbcSource, JdbcSource};
use settings::{Mode, NumericMapping, Selection, Settings, TimestampGranularity};
