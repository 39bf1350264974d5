//! What shows only from outside: how often converters allocate.

mod allocations;
