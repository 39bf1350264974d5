//! Text and conversion rules of `org.apache.kafka.connect.data.Values`: what header values, `InsertHeader` and other
//! loosely typed places make of a value. Time is UTC, where Java takes the time zone of its process.

mod convert;
mod error;
pub(crate) mod identity;
mod infer;
mod merge;
mod number;
mod parse;
mod temporal;
mod text;
mod tokens;

pub use convert::{
    convert_to_boolean, convert_to_byte, convert_to_date, convert_to_decimal, convert_to_double,
    convert_to_float, convert_to_integer, convert_to_list, convert_to_long, convert_to_map,
    convert_to_short, convert_to_struct, convert_to_time, convert_to_timestamp,
};
pub use error::ValuesError;
pub use infer::infer_schema;
pub use parse::{MAX_DEPTH, parse_string};
pub use text::convert_to_string;
