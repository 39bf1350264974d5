//! Schemas that stay for as long as the process, so that records share them without a count.
//!
//! Counting who shares a schema is what a short transform spends most of its time on. Those that are worked out once and
//! then belong to every record (a converter's, a transform's) are therefore kept for good, each once, up to a fixed size;
//! what comes beyond that is counted, which only costs time.

use std::{
    collections::HashMap,
    fmt::{self, Write},
    sync::{LazyLock, Mutex, PoisonError},
};

use super::{Schema, SchemaRef};

/// The longest text of a schema that is kept.
const LONGEST: usize = 64 << 10;
/// What the texts of all may be long together; a schema takes about as much memory as its text.
const MOST: usize = 2 << 20;

static KEPT: LazyLock<Mutex<Kept>> = LazyLock::new(|| Mutex::new(Kept::new(MOST)));

/// Kept schemas by their texts: unlike equality, text tells apart zeros of either sign and orders of entries, and a
/// default must not become another.
struct Kept {
    schemas: HashMap<String, &'static Schema>,
    room: usize,
}

impl SchemaRef {
    /// Shares a schema that many records will have, without a count if there is room.
    pub fn kept(schema: Schema) -> Self {
        KEPT.lock().unwrap_or_else(PoisonError::into_inner).share(schema)
    }
}

impl Kept {
    fn new(room: usize) -> Self {
        Self { schemas: HashMap::new(), room }
    }

    fn share(&mut self, schema: Schema) -> SchemaRef {
        let mut text = Bounded(String::new());
        if write!(text, "{schema:?}").is_err() {
            return SchemaRef::new(schema);
        }
        if let Some(known) = self.schemas.get(&text.0) {
            return SchemaRef::constant(known);
        }
        let Some(room) = self.room.checked_sub(text.0.len()) else {
            return SchemaRef::new(schema);
        };
        self.room = room;
        let kept: &'static Schema = Box::leak(Box::new(schema));
        self.schemas.insert(text.0, kept);
        SchemaRef::constant(kept)
    }
}

/// Text that ends in an error where it gets too long.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if self.0.len() + part.len() > LONGEST {
            return Err(fmt::Error);
        }
        self.0.push_str(part);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Type, Value};

    fn with_default(zero: f64) -> Schema {
        Schema { default: Some(Value::Float64(zero)), ..Schema::required(Type::Float64) }
    }

    #[test]
    fn each_schema_is_kept_once_and_none_becomes_another() {
        let mut kept = Kept::new(MOST);
        let first = kept.share(with_default(0.0));
        assert!(SchemaRef::ptr_eq(&first, &kept.share(with_default(0.0))));
        let negative = kept.share(with_default(-0.0));
        assert!(!SchemaRef::ptr_eq(&first, &negative));
        assert!(matches!(negative.default, Some(Value::Float64(it)) if it.is_sign_negative()));
    }

    #[test]
    fn what_has_no_room_is_shared_all_the_same() {
        let mut kept = Kept::new(format!("{:?}", Schema::required(Type::Int8)).len());
        let first = kept.share(Schema::required(Type::Int8));
        assert!(SchemaRef::ptr_eq(&first, &kept.share(Schema::required(Type::Int8))));
        let second = kept.share(Schema::required(Type::Int16));
        assert_eq!(second, SchemaRef::new(Schema::required(Type::Int16)));
        assert!(!SchemaRef::ptr_eq(&second, &kept.share(Schema::required(Type::Int16))));
        let long = Schema::required(Type::Int8).named(&"x".repeat(LONGEST));
        assert_eq!(*Kept::new(MOST).share(long.clone()), long);
    }
}
