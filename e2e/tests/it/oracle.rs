//! Kafka Connect's own classes answer the same questions as ours, in the same run.
//!
//! `SLUICE_ORACLE_CASES` and `SLUICE_ORACLE_SEED` widen it: `make oracle CASES=1000000 SEED=7`.

mod ask;
mod compare;
mod converters;
mod generate;
mod notation;
mod placeholders;
mod registries;
mod texts;
mod transforms;
mod values;
