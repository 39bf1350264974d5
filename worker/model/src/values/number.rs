//! Numbers in text: the smallest type that holds one (`Values.ValueParser.parseAsNumber`).

use crate::{Decimal, Logical, Schema, SchemaAndValue, Type, Value, decimal::Notation};

use super::parse::constant;

/// The most digits that any 64-bit integer has, and one to spare.
const MOST_DIGITS: i64 = 20;

/// The number that a text is, if it is one. Whole numbers are integers, fractions FLOAT32 even where that loses digits,
/// and what is too large for either a FLOAT64 or a decimal.
pub(super) fn parse(text: &str) -> Option<SchemaAndValue> {
    let notation = Notation::read(text)?;
    if let Some(number) = integer(&notation) {
        return Some(number);
    }
    if notation.scale != 0 {
        // Rust reads the same notation, and rounds to the nearest as Java does.
        let single: f32 = notation.text.parse().ok()?;
        if single.is_finite() {
            static SCHEMA: Schema = Schema::required(Type::Float32);
            return Some(constant(&SCHEMA, Value::Float32(single)));
        }
        let double: f64 = notation.text.parse().ok()?;
        if double.is_finite() {
            static SCHEMA: Schema = Schema::required(Type::Float64);
            return Some(constant(&SCHEMA, Value::Float64(double)));
        }
    }
    let decimal: Decimal = notation.into();
    let schema = Logical::Decimal.schema(decimal.scale());
    Some(SchemaAndValue { schema: Some(schema.into()), value: Value::Decimal(decimal.into()) })
}

/// The number as an integer, if it is whole and not too large.
fn integer(notation: &Notation<'_>) -> Option<SchemaAndValue> {
    let digits = notation.digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some(smallest(0));
    }
    let scale = i64::from(notation.scale);
    // Digits before the point.
    let whole = digits.len() as i64 - scale;
    if !(1..=MOST_DIGITS).contains(&whole) {
        return None;
    }
    let (integer, fraction) = digits.split_at(digits.len().min(whole as usize));
    if fraction.bytes().any(|it| it != b'0') {
        return None;
    }
    let number: i128 = format!("{integer:0<width$}", width = whole as usize).parse().ok()?;
    let number = if notation.is_negative { -number } else { number };
    i64::try_from(number).ok().map(smallest)
}

fn smallest(number: i64) -> SchemaAndValue {
    static INT8: Schema = Schema::required(Type::Int8);
    static INT16: Schema = Schema::required(Type::Int16);
    static INT32: Schema = Schema::required(Type::Int32);
    static INT64: Schema = Schema::required(Type::Int64);
    if let Ok(number) = i8::try_from(number) {
        constant(&INT8, Value::Int8(number))
    } else if let Ok(number) = i16::try_from(number) {
        constant(&INT16, Value::Int16(number))
    } else if let Ok(number) = i32::try_from(number) {
        constant(&INT32, Value::Int32(number))
    } else {
        constant(&INT64, Value::Int64(number))
    }
}
