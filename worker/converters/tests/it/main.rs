//! What shows only from outside: what converters owe, and how often they allocate.

mod allocations;
mod conformance;
