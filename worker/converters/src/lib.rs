//! The built-in converters, under Java's class names.

mod bytes;
mod json;
mod numbers;
mod string;

pub use bytes::ByteArrayConverter;
pub use json::JsonConverter;
pub use numbers::{
    BooleanConverter, DoubleConverter, FixedConverter, FloatConverter, IntegerConverter,
    LongConverter, ShortConverter,
};
pub use string::StringConverter;
