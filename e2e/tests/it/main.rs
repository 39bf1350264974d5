//! The tests of the whole: real servers, real programs.

mod dev;
mod node;
