//! The built-in converters, under Java's class names.

mod bytes;
mod json;
mod string;

pub use bytes::ByteArrayConverter;
pub use json::JsonConverter;
pub use string::StringConverter;
