//! Cells as parameters of PostgreSQL's statements, in the binary form of the type that the statement asks for.

use std::error::Error;

use bytes::{BufMut as _, BytesMut};
use sluice_plugin::model::Decimal;
use tokio_postgres::{
    Statement,
    types::{IsNull, Kind, ToSql, Type, to_sql_checked},
};

use super::super::numeric;
use crate::{Cell, Class, DbError, Moment};

/// Seconds from 1970 to 2000, where PostgreSQL's times begin.
const EPOCH: i64 = 946_684_800;
/// Days from 1970 to 2000.
const EPOCH_DAYS: i64 = 10_957;

/// The parameters, if they are as many as the statement has.
pub(super) fn checked(statement: &Statement, parameters: Vec<Cell>) -> Result<Vec<Cell>, DbError> {
    let (wanted, given) = (statement.params().len(), parameters.len());
    if wanted == given {
        return Ok(parameters);
    }
    let text = format!("the statement has {wanted} parameters, and {given} were given");
    Err(DbError::new(Class::Other, text))
}

impl ToSql for Cell {
    fn to_sql(
        &self,
        r#type: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let written = match self {
            Self::Null => return Ok(IsNull::Yes),
            Self::Int(it) => integer(i128::from(*it), r#type, out),
            Self::Unsigned(it) => integer(i128::from(*it), r#type, out),
            Self::Single(it) => floating(f64::from(*it), r#type, out),
            Self::Double(it) => floating(*it, r#type, out),
            Self::Text(it) => text(it, r#type, out),
            other => exact(other, r#type, out),
        };
        match written {
            Some(()) => Ok(IsNull::No),
            None => Err(format!("the value does not fit {}", r#type.name()).into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A value of which there is one type alone.
fn exact(cell: &Cell, r#type: &Type, out: &mut BytesMut) -> Option<()> {
    match (cell, r#type.clone()) {
        (Cell::Boolean(it), Type::BOOL) => out.put_u8((*it).into()),
        (Cell::Decimal(it), Type::NUMERIC) => out.put_slice(&numeric::encode(it)?),
        (Cell::Bytes(it), Type::BYTEA) => out.put_slice(it),
        (Cell::Date(it), Type::DATE) => out.put_i32(i32::try_from(it - EPOCH_DAYS).ok()?),
        (Cell::Time(it), Type::TIME) => out.put_i64(it / 1000),
        (Cell::Local(it) | Cell::Instant(it), Type::TIMESTAMP | Type::TIMESTAMPTZ) => {
            let since_2000 = Moment { seconds: it.seconds - EPOCH, ..*it };
            out.put_i64(since_2000.micros()?);
        }
        _ => return None,
    }
    Some(())
}

fn integer(number: i128, r#type: &Type, out: &mut BytesMut) -> Option<()> {
    match *r#type {
        Type::INT2 => out.put_i16(number.try_into().ok()?),
        Type::INT4 => out.put_i32(number.try_into().ok()?),
        Type::INT8 => out.put_i64(number.try_into().ok()?),
        Type::OID => out.put_u32(number.try_into().ok()?),
        Type::NUMERIC => out.put_slice(&numeric::encode(&Decimal::new(number.into(), 0))?),
        _ => return None,
    }
    Some(())
}

fn floating(number: f64, r#type: &Type, out: &mut BytesMut) -> Option<()> {
    match *r#type {
        // Only what a single can say: no digit is lost in silence.
        Type::FLOAT4 if f64::from(number as f32).to_bits() == number.to_bits() => {
            out.put_f32(number as f32);
        }
        Type::FLOAT8 => out.put_f64(number),
        _ => return None,
    }
    Some(())
}

/// Text for the types whose binary form is their text, or nearly so.
fn text(text: &str, r#type: &Type, out: &mut BytesMut) -> Option<()> {
    const TEXTS: [Type; 9] = [
        Type::TEXT,
        Type::VARCHAR,
        Type::BPCHAR,
        Type::NAME,
        Type::JSON,
        Type::JSONB,
        Type::XML,
        Type::UUID,
        Type::UNKNOWN,
    ];
    let is_text = TEXTS.contains(r#type)
        || matches!(r#type.kind(), Kind::Enum(_))
        || r#type.name() == "citext";
    if !is_text {
        return None;
    }
    if *r#type == Type::UUID {
        let digits = text.replace('-', "");
        let number = u128::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 32)?;
        out.put_u128(number);
        return Some(());
    }
    if *r#type == Type::JSONB {
        out.put_u8(1);
    }
    out.put_slice(text.as_bytes());
    Some(())
}
