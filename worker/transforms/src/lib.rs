//! The transforms and predicates that Apache Kafka Connect brings along, under Java's class names.
//!
//! Each works on the record in place. What depends on a schema is worked out once for each schema that comes by; see
//! `record::plans`.

mod cast;
mod dates;
mod drop_headers;
mod extract_field;
mod field_path;
mod filter;
mod flatten;
mod header_from;
mod hoist_field;
mod insert_field;
mod insert_header;
mod mask_field;
mod numbers;
mod patterns;
mod predicates;
mod record;
mod regex_router;
mod replace_field;
mod set_schema_metadata;
mod settings;
mod timestamp_converter;
mod timestamp_router;
mod value_to_key;

pub use cast::Cast;
pub use drop_headers::DropHeaders;
pub use extract_field::ExtractField;
pub use filter::Filter;
pub use flatten::Flatten;
pub use header_from::HeaderFrom;
pub use hoist_field::HoistField;
pub use insert_field::InsertField;
pub use insert_header::InsertHeader;
pub use mask_field::MaskField;
pub use predicates::{HasHeaderKey, RecordIsTombstone, TopicNameMatches};
pub use record::part::{Around, OfPart, OnKey, OnValue};
pub use regex_router::RegexRouter;
pub use replace_field::ReplaceField;
pub use set_schema_metadata::SetSchemaMetadata;
pub use timestamp_converter::TimestampConverter;
pub use timestamp_router::TimestampRouter;
pub use value_to_key::ValueToKey;
