//! sluice-worker.
fn main() {}
