//! The built-in converters, under Java's class names.

mod bytes;
mod json;
mod numbers;
mod simple_header;
mod string;

pub use bytes::ByteArrayConverter;
pub use json::{JsonConverter, tree};
pub use numbers::{
    BooleanConverter, DoubleConverter, FixedConverter, FloatConverter, IntegerConverter,
    LongConverter, ShortConverter,
};
pub use simple_header::SimpleHeaderConverter;
pub use string::StringConverter;
