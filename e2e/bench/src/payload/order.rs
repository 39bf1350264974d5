//! An order in each of the formats.

use super::wire::{avro_long, avro_string, varint};

const SCHEMA: &str = r#"{"schema":{"type":"struct","fields":[{"type":"int64","optional":false,"field":"id"},{"type":"string","optional":false,"field":"phone"},{"type":"string","optional":true,"field":"email"},{"type":"double","optional":false,"field":"total"},{"type":"boolean","optional":false,"field":"paid"}],"optional":false,"name":"order"},"payload":"#;

/// Its schema for Avro, as a registry holds it.
pub(super) const AVRO: &str = r#"{"type":"record","name":"order","fields":[{"name":"id","type":"long"},{"name":"phone","type":"string"},{"name":"email","type":["null","string"],"default":null},{"name":"total","type":"double"},{"name":"paid","type":"boolean"}]}"#;

/// Its schema for Protobuf, likewise.
pub(super) const PROTOBUF: &str = r#"syntax = "proto3";

message order {
  int64 id = 1;
  string phone = 2;
  string email = 3;
  double total = 4;
  bool paid = 5;
}
"#;

/// The fields of an order.
pub(super) struct Order {
    id: u64,
    phone: String,
    email: String,
    cents: u64,
    paid: bool,
}

impl Order {
    /// One of many that differ.
    pub(super) fn new(number: u64) -> Self {
        Self {
            id: number,
            phone: format!("555-{:04}", number % 10_000),
            email: format!("c{}@example.org", number % 1000),
            cents: number % 500 * 100 + number % 100,
            paid: number.is_multiple_of(3),
        }
    }

    /// In the envelope that names its schema.
    pub(super) fn json_with_schema(&self) -> String {
        format!("{SCHEMA}{}}}", self.json())
    }

    pub(super) fn json(&self) -> String {
        let Self { id, phone, email, cents, paid } = self;
        let (units, cents) = (cents / 100, cents % 100);
        format!(
            r#"{{"id":{id},"phone":"{phone}","email":"{email}","total":{units}.{cents:02},"paid":{paid}}}"#
        )
    }

    fn total(&self) -> [u8; 8] {
        (self.cents as f64 / 100.0).to_le_bytes()
    }

    /// By the rules of Avro's binary encoding.
    pub(super) fn avro(&self) -> Vec<u8> {
        let mut out = Vec::new();
        avro_long(self.id, &mut out);
        avro_string(&self.phone, &mut out);
        // The second one of the union.
        avro_long(1, &mut out);
        avro_string(&self.email, &mut out);
        out.extend(self.total());
        out.push(self.paid.into());
        out
    }

    /// By the rules of Protobuf's encoding, behind the indexes that Confluent puts before a message: one zero for the
    /// first of the schema.
    pub(super) fn protobuf(&self) -> Vec<u8> {
        const VARINT: u8 = 0;
        const EIGHT_BYTES: u8 = 1;
        const LENGTH: u8 = 2;
        let tag = |field: u8, wire: u8| field << 3 | wire;
        let mut out = vec![0];
        if self.id != 0 {
            out.push(tag(1, VARINT));
            varint(self.id, &mut out);
        }
        for (field, text) in [(2, &self.phone), (3, &self.email)] {
            out.push(tag(field, LENGTH));
            varint(text.len() as u64, &mut out);
            out.extend_from_slice(text.as_bytes());
        }
        if self.cents != 0 {
            out.push(tag(4, EIGHT_BYTES));
            out.extend(self.total());
        }
        if self.paid {
            out.extend([tag(5, VARINT), 1]);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_has_the_bytes_of_each_format() {
        let order = Order::new(300);
        assert_eq!(order.json().matches("300").count(), 4);
        let avro = b"\xd8\x04\x10555-0300\x02\x20c300@example.org\0\0\0\0\0\xc0\x72\x40\x01";
        assert_eq!(order.avro(), avro);
        let protobuf =
            b"\0\x08\xac\x02\x12\x08555-0300\x1a\x10c300@example.org\x21\0\0\0\0\0\xc0\x72\x40\x28\x01";
        assert_eq!(order.protobuf(), protobuf);
    }
}
