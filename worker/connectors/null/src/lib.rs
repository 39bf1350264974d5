//! The ends of a path that cost next to nothing, for tests and benchmarks: a sink that keeps nothing, and a source whose
//! records are made of what is there already.

mod config;
mod content;
mod pace;
mod sink;
mod source;

pub use sink::{NullConfig, NullSink};
pub use source::LoadSource;
