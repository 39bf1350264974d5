//! Transforms with one fault each: the suite has to find every one of them.

use std::cell::Cell;

use sluice_config::{Config, ConfigDef, Properties, Report};
use sluice_model::{Schema, SchemaRef, Type, Value};

use super::*;
use crate::{Error, Transform};

/// No keys.
pub(in crate::conformance) struct NoKeys;

impl Config for NoKeys {
    fn definition() -> ConfigDef {
        ConfigDef::default()
    }

    fn read(_: &Properties) -> std::result::Result<(Self, Report), Report> {
        Ok((Self, Report::default()))
    }
}

const RIGHT: u8 = 0;
const PANICS: u8 = 1;
const CHANGES_BEFORE_AN_ERROR: u8 = 2;
const VARIES: u8 = 3;
const GIVES_ANOTHER_TYPE: u8 = 4;
const CHANGES_OFFSETS: u8 = 5;
const REFUSES_SETTINGS: u8 = 6;
const REFUSES_EVERYTHING: u8 = 7;

/// Sets the topic; refuses tombstones.
struct Redirect<const FAULT: u8>;

thread_local! {
    static CALLS: Cell<u32> = const { Cell::new(0) };
}

impl<const FAULT: u8> Transform for Redirect<FAULT> {
    type Config = NoKeys;
    const NAME: &'static str = "test.Redirect";

    fn configure(_: NoKeys) -> Result<Self> {
        if FAULT == REFUSES_SETTINGS {
            return Err(Error::fatal("no"));
        }
        Ok(Self)
    }

    fn apply(&mut self, record: &mut ConnectRecord) -> Result<Verdict> {
        let is_tombstone = record.value.value.is_null();
        if FAULT == PANICS {
            assert!(!is_tombstone, "a value");
        }
        if FAULT == CHANGES_BEFORE_AN_ERROR {
            record.topic = "elsewhere".into();
        }
        if is_tombstone || FAULT == REFUSES_EVERYTHING {
            return Err(Error::bad_record("no value"));
        }
        record.topic = "elsewhere".into();
        if FAULT == VARIES {
            CALLS.set(CALLS.get() + 1);
            record.topic = CALLS.get().to_string().into();
        }
        if FAULT == GIVES_ANOTHER_TYPE {
            record.value.schema = Some(SchemaRef::new(Schema::required(Type::Int8)));
            record.value.value = Value::Int16(1);
        }
        if FAULT == CHANGES_OFFSETS {
            record.offset = record.offset.map(|it| it / 2);
        }
        Ok(Verdict::Keep)
    }
}

fn check<const FAULT: u8>() -> std::result::Result<(), Obligation> {
    let case = TransformCase::new(TransformPlugin::of::<Redirect<FAULT>>(), Properties::new());
    transform(&case).map_err(|it| it.obligation)
}

#[test]
fn faults_are_found() {
    assert_eq!(check::<RIGHT>(), Ok(()));
    assert_eq!(check::<PANICS>(), Err(Obligation::NeverPanics));
    assert_eq!(check::<CHANGES_BEFORE_AN_ERROR>(), Err(Obligation::LeavesFailedRecordsAlone));
    assert_eq!(check::<VARIES>(), Err(Obligation::IsRepeatable));
    assert_eq!(check::<GIVES_ANOTHER_TYPE>(), Err(Obligation::GivesValidValues));
    assert_eq!(check::<CHANGES_OFFSETS>(), Err(Obligation::LeavesOffsetsAlone));
    assert_eq!(check::<REFUSES_SETTINGS>(), Err(Obligation::TakesSettings));
    assert_eq!(check::<REFUSES_EVERYTHING>(), Err(Obligation::Works));
}

#[test]
fn what_is_allowed_for_a_reason_can_be_said() {
    let case = TransformCase::new(TransformPlugin::of::<Redirect<VARIES>>(), Properties::new());
    assert_eq!(transform(&case.varies()), Ok(()));
    let class = TransformPlugin::of::<Redirect<GIVES_ANOTHER_TYPE>>();
    assert_eq!(
        transform(&TransformCase::new(class, Properties::new()).leaves_validation()),
        Ok(())
    );
}
