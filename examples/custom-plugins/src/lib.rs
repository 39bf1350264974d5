//! Plugins of a company of its own: a source, a transform and a converter.

mod csv;
mod remove_pii;
mod ticker;

use sluice_worker::Catalog;

pub use csv::CsvConverter;
pub use remove_pii::{RemovePii, RemovePiiConfig};
pub use ticker::{TickerConfig, TickerSource};

/// Every plugin of this worker: the built-in ones, and ours.
pub fn catalog() -> Catalog {
    sluice_worker::builtin()
        .source(TickerSource)
        .converter(CsvConverter)
        .transform::<RemovePii<true>>()
        .transform::<RemovePii<false>>()
}
