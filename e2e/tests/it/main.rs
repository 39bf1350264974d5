//! The tests of the whole: real servers, real programs.

mod converted;
mod custom;
mod dev;
mod mixed;
mod monitoring;
mod node;
mod offline;
mod oracle;
mod registry;
mod worker;
