//! Converters with one fault each: the suite has to find every one of them.

use std::cell::Cell;

use sluice_config::ConfigDef;
use sluice_model::{Schema, SchemaRef, Type, Value};

use super::*;
use crate::{Error, Result, converter_type};

/// Text as UTF-8; everything else is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    ChangesData,
    CannotReadItself,
    MakesSomethingOfNull,
    Panics,
    FailsTheTask,
    Varies,
    GivesAnotherType,
    IsSlow,
    EncodesNothing,
    RefusesSettings,
}

struct Text(Fault);

impl ConverterFactory for Text {
    fn name(&self) -> &'static str {
        "test.TextConverter"
    }

    fn definition(&self) -> ConfigDef {
        ConfigDef { keys: vec![converter_type()] }
    }

    fn create(&self, _: &Properties, _: ConverterRole) -> Result<Box<dyn Converter>> {
        if self.0 == Fault::RefusesSettings {
            return Err(Error::fatal("no"));
        }
        Ok(Box::new(Self(self.0)))
    }
}

/// Enough for everything here but what is slow on purpose.
const TIGHT: Duration = Duration::from_secs(1);

thread_local! {
    static CALLS: Cell<u32> = const { Cell::new(0) };
}

impl Converter for Text {
    fn encode(&mut self, _: &str, _: Option<&SchemaRef>, value: &Value) -> Result<Option<Bytes>> {
        let text = match value {
            Value::Null => return Ok(None),
            Value::String(text) if self.0 != Fault::EncodesNothing => text,
            _ => return Err(Error::bad_record("no text")),
        };
        let text = match self.0 {
            Fault::ChangesData => text.trim().to_lowercase(),
            Fault::CannotReadItself => format!("\u{0}{text}"),
            Fault::Varies => {
                CALLS.set(CALLS.get() + 1);
                format!("{}", CALLS.get())
            }
            _ => text.to_string(),
        };
        Ok(Some(text.into()))
    }

    fn decode(&mut self, _: &str, bytes: Option<Bytes>) -> Result<SchemaAndValue> {
        let schema = Schema::optional(Type::String);
        let Some(bytes) = bytes else {
            let value =
                if self.0 == Fault::MakesSomethingOfNull { Value::from("") } else { Value::Null };
            return Ok(SchemaAndValue { schema: Some(schema.into()), value });
        };
        if self.0 == Fault::IsSlow && bytes.len() > 1_000 {
            let started = Instant::now();
            while started.elapsed() < TIGHT {}
        }
        let text = match std::str::from_utf8(&bytes) {
            Ok(text) if self.0 != Fault::CannotReadItself || !text.starts_with('\u{0}') => text,
            _ if self.0 == Fault::FailsTheTask => return Err(Error::fatal("no text")),
            _ if self.0 == Fault::Panics => panic!("no text"),
            _ => return Err(Error::bad_record("no text")),
        };
        if self.0 == Fault::GivesAnotherType && text.len() > 30 {
            return Ok(SchemaAndValue { schema: Some(schema.into()), value: Value::Int8(1) });
        }
        Ok(SchemaAndValue { schema: Some(schema.into()), value: Value::from(text) })
    }
}

/// Text keeps its value; all is decoded with one schema.
#[allow(clippy::unnecessary_wraps)] // The signature is that of a case.
fn expected(part: SchemaAndValue) -> Option<SchemaAndValue> {
    let schema = Schema::optional(Type::String);
    Some(SchemaAndValue { schema: Some(schema.into()), value: part.value })
}

#[test]
fn faults_are_found() {
    for (fault, found) in [
        (Fault::None, Ok(())),
        (Fault::ChangesData, Err(Obligation::RoundTrips)),
        (Fault::CannotReadItself, Err(Obligation::RoundTrips)),
        (Fault::MakesSomethingOfNull, Err(Obligation::KeepsNull)),
        (Fault::Panics, Err(Obligation::NeverPanics)),
        (Fault::FailsTheTask, Err(Obligation::BlamesTheRecord)),
        (Fault::Varies, Err(Obligation::IsRepeatable)),
        (Fault::GivesAnotherType, Err(Obligation::GivesValidValues)),
        (Fault::IsSlow, Err(Obligation::TakesBoundedTime)),
        (Fault::EncodesNothing, Err(Obligation::Works)),
        (Fault::RefusesSettings, Err(Obligation::TakesSettings)),
    ] {
        let text = Text(fault);
        let case = ConverterCase::new(&text, Properties::new()).expected(expected).limit(TIGHT);
        assert_eq!(converter(&case).map_err(|it| it.obligation), found, "{fault:?}");
    }
}
