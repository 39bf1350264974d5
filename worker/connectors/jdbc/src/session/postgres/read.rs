//! Values of PostgreSQL's binary protocol (`*_send` of the server) as cells.

use std::error::Error;

use bytes::Bytes;
use bytestring::ByteString;
use tokio_postgres::types::{FromSql, Kind, Type};

use super::super::numeric;
use crate::{Cell, Moment};

/// The bytes of a value, whatever its type; none for NULL.
pub(super) struct Raw<'a>(pub(super) Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Seconds from 1970 to 2000, where PostgreSQL's times begin.
const EPOCH: i64 = 946_684_800;
/// Days from 1970 to 2000.
const EPOCH_DAYS: i64 = 10_957;

/// The value; none if the bytes are not what the type has. A type that is not known is told by its bytes.
pub(super) fn cell(r#type: &Type, bytes: &[u8]) -> Option<Cell> {
    Some(match *r#type {
        Type::BOOL => Cell::Boolean(*bytes.first()? != 0),
        Type::INT2 => Cell::Int(i16::from_be_bytes(bytes.try_into().ok()?).into()),
        Type::INT4 => Cell::Int(i32::from_be_bytes(bytes.try_into().ok()?).into()),
        Type::INT8 => Cell::Int(i64::from_be_bytes(bytes.try_into().ok()?)),
        Type::OID => Cell::Int(u32::from_be_bytes(bytes.try_into().ok()?).into()),
        Type::FLOAT4 => Cell::Single(f32::from_be_bytes(bytes.try_into().ok()?)),
        Type::FLOAT8 => Cell::Double(f64::from_be_bytes(bytes.try_into().ok()?)),
        Type::NUMERIC => return numeric::decode(bytes),
        Type::DATE => match i32::from_be_bytes(bytes.try_into().ok()?) {
            i32::MAX => Cell::NoTime("infinity"),
            i32::MIN => Cell::NoTime("-infinity"),
            days => Cell::Date(i64::from(days) + EPOCH_DAYS),
        },
        Type::TIME => Cell::Time(i64::from_be_bytes(bytes.try_into().ok()?).checked_mul(1000)?),
        Type::TIMETZ => time_with_zone(bytes)?,
        Type::TIMESTAMP => moment(bytes, Cell::Local)?,
        Type::TIMESTAMPTZ => moment(bytes, Cell::Instant)?,
        Type::JSONB => Cell::Text(text(bytes.strip_prefix(&[1])?)?),
        Type::UUID => Cell::Text(uuid(bytes)?.into()),
        Type::BIT | Type::VARBIT => {
            let (length, bits) = bytes.split_at_checked(4)?;
            let length = usize::try_from(i32::from_be_bytes(length.try_into().ok()?)).ok()?;
            Cell::Bits(length, Bytes::copy_from_slice(bits))
        }
        Type::CHAR
        | Type::BPCHAR
        | Type::VARCHAR
        | Type::TEXT
        | Type::NAME
        | Type::XML
        | Type::JSON => Cell::Text(text(bytes)?),
        _ => match r#type.kind() {
            Kind::Enum(_) => Cell::Text(text(bytes)?),
            Kind::Domain(of) => return cell(of, bytes),
            _ => Cell::Bytes(Bytes::copy_from_slice(bytes)),
        },
    })
}

fn text(bytes: &[u8]) -> Option<ByteString> {
    std::str::from_utf8(bytes).ok().map(Into::into)
}

fn moment(bytes: &[u8], cell: fn(Moment) -> Cell) -> Option<Cell> {
    Some(match i64::from_be_bytes(bytes.try_into().ok()?) {
        i64::MAX => Cell::NoTime("infinity"),
        i64::MIN => Cell::NoTime("-infinity"),
        micros => {
            let since_2000 = Moment::of_micros(micros);
            cell(Moment { seconds: since_2000.seconds + EPOCH, ..since_2000 })
        }
    })
}

/// The time of day in UTC.
fn time_with_zone(bytes: &[u8]) -> Option<Cell> {
    const DAY: i64 = 86_400_000_000;
    let (micros, west) = bytes.split_at_checked(8)?;
    let micros = i64::from_be_bytes(micros.try_into().ok()?);
    let west = i64::from(i32::from_be_bytes(west.try_into().ok()?));
    let micros = micros.checked_add(west.checked_mul(1_000_000)?)?.rem_euclid(DAY);
    Some(Cell::Time(micros * 1000))
}

fn uuid(bytes: &[u8]) -> Option<String> {
    let number = u128::from_be_bytes(bytes.try_into().ok()?);
    let digits = format!("{number:032x}");
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    Some(parts.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_the_wrong_length_are_no_value() {
        for r#type in [
            Type::INT4,
            Type::FLOAT8,
            Type::NUMERIC,
            Type::TIMETZ,
            Type::UUID,
            Type::BIT,
            Type::JSONB,
        ] {
            assert_eq!(cell(&r#type, &[9, 9, 9]), None, "{}", r#type.name());
        }
    }
}
