//! The header before each record, or in the record's headers: which schema it was written with
//! (`io.confluent.kafka.serializers.schema.id`).

use bytes::{BufMut, Bytes};
use sluice_plugin::{ConverterRole, RawHeaders};
use uuid::Uuid;

use crate::SchemaId;

/// The first byte of a record with a number.
const WITH_NUMBER: u8 = 0;
/// The first byte of a record with a GUID.
const WITH_GUID: u8 = 1;

/// Where a converter puts the id of a schema (`key.schema.id.serializer`, `value.schema.id.serializer`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaIdPlace {
    /// Before the record: 0 and the number.
    Prefix,
    /// In the headers of the record: 1 and the GUID.
    Header,
}

/// A record apart from its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framed {
    /// The schema.
    pub id: SchemaId,
    /// What stands behind the id in a header of the record: the indexes of a Protobuf message. None if the id stands
    /// before the record, where they stand at the beginning of `payload`.
    pub beside: Option<Bytes>,
    /// The record.
    pub payload: Bytes,
}

/// The header of a record that holds the id of the schema of that part.
pub const fn header_name(role: ConverterRole) -> &'static str {
    match role {
        ConverterRole::Key => "__key_schema_id",
        ConverterRole::Value | ConverterRole::Header => "__value_schema_id",
    }
}

/// Writes the header of a record.
pub fn frame(id: SchemaId, out: &mut impl BufMut) {
    match id {
        SchemaId::Number(number) => {
            out.put_u8(WITH_NUMBER);
            out.put_i32(number);
        }
        SchemaId::Guid(guid) => {
            out.put_u8(WITH_GUID);
            out.put_slice(guid.as_bytes());
        }
    }
}

/// Reads the header of a record: the one of its headers, else the first bytes (`DualSchemaIdDeserializer`).
///
/// # Errors
/// What Java says.
pub fn unframe(
    role: ConverterRole,
    headers: &RawHeaders,
    bytes: Bytes,
) -> Result<Framed, &'static str> {
    let named = headers.iter().rev().find(|(name, _)| **name == *header_name(role));
    if let Some(header) = named.and_then(|(_, it)| it.as_ref()) {
        let (id, length) = read(header)?;
        return Ok(Framed { id, beside: Some(header.slice(length..)), payload: bytes });
    }
    let (id, length) = read(&bytes)?;
    Ok(Framed { id, beside: None, payload: bytes.slice(length..) })
}

fn read(bytes: &[u8]) -> Result<(SchemaId, usize), &'static str> {
    const CUT_OFF: &str =
        "Invalid schema id: the record is shorter than the header that it begins with";
    match bytes.split_first() {
        Some((&WITH_NUMBER, rest)) => {
            let number = rest.first_chunk().ok_or(CUT_OFF)?;
            Ok((SchemaId::Number(i32::from_be_bytes(*number)), 5))
        }
        Some((&WITH_GUID, rest)) => {
            let guid = rest.first_chunk().ok_or(CUT_OFF)?;
            Ok((SchemaId::Guid(Uuid::from_bytes(*guid)), 17))
        }
        _ => Err("Unknown magic byte!"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUID: Uuid = Uuid::from_u128(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10);

    #[test]
    fn what_is_framed_is_read_back() {
        for (id, header) in [
            (SchemaId::Number(258), &[0, 0, 0, 1, 2][..]),
            (SchemaId::Number(-1), &[0, 255, 255, 255, 255]),
            (SchemaId::Guid(GUID), &[1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]),
        ] {
            let mut bytes = Vec::new();
            frame(id, &mut bytes);
            assert_eq!(bytes, header);
            bytes.push(42);
            let framed = unframe(ConverterRole::Value, &Vec::new(), bytes.into()).unwrap();
            assert_eq!(framed, Framed { id, beside: None, payload: Bytes::from_static(&[42]) });
        }
    }

    #[test]
    fn the_last_header_of_the_part_comes_before_the_first_bytes() {
        let mut header = Vec::new();
        frame(SchemaId::Guid(GUID), &mut header);
        header.push(0);
        let headers: RawHeaders = vec![
            ("__value_schema_id".into(), Some(Bytes::from_static(&[0, 0, 0, 0, 9]))),
            ("__value_schema_id".into(), Some(header.into())),
            ("__key_schema_id".into(), Some(Bytes::from_static(&[0, 0, 0, 0, 8]))),
        ];
        let bytes = Bytes::from_static(&[0, 0, 0, 0, 7, 42]);
        let value = unframe(ConverterRole::Value, &headers, bytes.clone()).unwrap();
        assert_eq!(value.id, SchemaId::Guid(GUID));
        assert_eq!((value.beside.as_deref(), &value.payload), (Some(&[0][..]), &bytes));
        let key = unframe(ConverterRole::Key, &headers, bytes.clone()).unwrap();
        assert_eq!((key.id, key.beside.as_deref()), (SchemaId::Number(8), Some(&[][..])));
        let null = vec![("__value_schema_id".into(), None)];
        assert_eq!(unframe(ConverterRole::Value, &null, bytes).unwrap().id, SchemaId::Number(7));
    }

    #[test]
    fn what_is_no_header_is_told() {
        for (bytes, expected) in [
            (&[][..], "Unknown magic byte!"),
            (&[2, 0, 0, 0, 1], "Unknown magic byte!"),
            (&[0, 0, 0, 1], "Invalid schema id"),
            (&[1, 0, 0, 0, 1], "Invalid schema id"),
        ] {
            let bytes = Bytes::copy_from_slice(bytes);
            let error = unframe(ConverterRole::Value, &Vec::new(), bytes).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
