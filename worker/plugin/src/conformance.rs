//! Conformance suites: each holds a plugin to the obligations that its trait states, and names the one it breaks.
//!
//! An author calls them in the plugin's own tests; every built-in plugin does. They are behind the feature `conformance`,
//! so builds for production do not have them. Beside them is an allocator that counts what a record costs.
//!
//! ```no_run
//! # use sluice_plugin::{AnySourceConnector, Properties, conformance::{Broken, SourceCase, source}};
//! # async fn check(connector: &dyn AnySourceConnector, settings: Properties) -> Result<(), Broken> {
//! source(&SourceCase::new(connector, settings).records(25)).await
//! # }
//! ```

mod allocations;
mod converter;
mod generate;
mod obligation;
mod predicate;
mod sink;
mod source;
mod transform;
mod unwind;

pub use allocations::{CountingAllocator, allocations};
pub use converter::{ConverterCase, converter};
pub use generate::{any_record, any_schema, any_schemaless, any_value_of};
pub use obligation::{Broken, Obligation};
pub use predicate::predicate;
pub use sink::{SinkSystem, sink};
pub use source::{SourceCase, source};
pub use transform::{TransformCase, transform};
