//! One partition's records: appended batches, an index over them, and where their bytes are kept.

mod batch;
mod partition;
mod store;

pub(crate) use batch::Batch;
#[cfg(test)]
pub(crate) use batch::tests::encoded;
pub(crate) use partition::{Partition, Wanted};
