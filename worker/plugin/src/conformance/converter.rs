//! The suite for converters.

#[cfg(test)]
mod tests;

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use bytes::Bytes;
use sluice_model::SchemaAndValue;

use super::{
    Broken, Obligation,
    generate::{any_bytes, any_record},
    transform::{for_all, is_valid},
    unwind::caught,
};
use crate::{Converter, ConverterFactory, ConverterRole, Kind, Properties};

/// Generated inputs that the suite tries, of each sort.
const INPUTS: u32 = 512;
/// Bytes of one large input.
const LARGE: usize = 1 << 18;
/// Time for a large input, on a machine that is busy with other things.
const LIMIT: Duration = Duration::from_mins(1);

/// What a suite needs to know of a converter.
pub struct ConverterCase<'a> {
    factory: &'a dyn ConverterFactory,
    settings: Properties,
    role: ConverterRole,
    expected: fn(SchemaAndValue) -> Option<SchemaAndValue>,
    limit: Duration,
    keeps_validity: bool,
}

impl<'a> ConverterCase<'a> {
    /// A class with settings that are right, for values.
    pub fn new(factory: &'a dyn ConverterFactory, settings: Properties) -> Self {
        Self {
            factory,
            settings,
            role: ConverterRole::Value,
            expected: Some,
            limit: LIMIT,
            keeps_validity: true,
        }
    }

    /// The part of records that it serves.
    #[must_use]
    pub const fn role(mut self, role: ConverterRole) -> Self {
        self.role = role;
        self
    }

    /// What is left of a value that was encoded and decoded; none if it may be anything, or be refused. Unless told, all
    /// of it.
    #[must_use]
    pub const fn expected(
        mut self,
        expected: fn(SchemaAndValue) -> Option<SchemaAndValue>,
    ) -> Self {
        self.expected = expected;
        self
    }

    /// It decodes values whose schema does not describe them, as Java's converter of that name does.
    #[must_use]
    pub const fn leaves_validation(mut self) -> Self {
        self.keeps_validity = false;
        self
    }

    /// How long one input of a megabyte may take.
    #[must_use]
    pub const fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    fn create(&self) -> std::result::Result<Box<dyn Converter>, Broken> {
        let report = self.factory.validate(&self.settings, self.role);
        if !report.is_ok() {
            return Err(Obligation::TakesSettings.broken(format!("validate says {report}")));
        }
        let mut settings = self.settings.clone();
        // As the worker does.
        settings.insert("converter.type".to_owned(), self.role.as_str().to_owned());
        let created = self.factory.create(&settings, self.role);
        created.map_err(|it| Obligation::TakesSettings.broken(format!("create says {it}")))
    }
}

/// Holds a converter to the obligations of [`crate::Converter`], with generated values and bytes.
pub fn converter(case: &ConverterCase<'_>) -> std::result::Result<(), Broken> {
    let null = case.create()?.decode("t", None).map_err(|it| it.to_string());
    if null.as_ref().is_ok_and(|it| !it.value.is_null()) {
        return Err(Obligation::KeepsNull.broken(format!("it is {null:?}")));
    }
    let (writer, reader) = (case.create()?, case.create()?);
    let pair = std::cell::RefCell::new((writer, reader));
    let worked = Cell::new(false);
    for_all(INPUTS, &any_record(), |record| {
        let (writer, reader) = &mut *pair.borrow_mut();
        for part in [&record.key, &record.value] {
            let works = round_trip(case, &mut **writer, &mut **reader, part)?;
            worked.set(worked.get() || works);
        }
        Ok(())
    })?;
    if !worked.get() {
        return Err(Obligation::Works.broken("it encoded nothing but null"));
    }
    for_all(INPUTS, &any_bytes(), |bytes| decode(case, &mut *pair.borrow_mut().1, bytes))?;
    for bytes in large() {
        let (_, reader) = &mut *pair.borrow_mut();
        let started = Instant::now();
        decode(case, &mut **reader, &bytes)?;
        if started.elapsed() > case.limit {
            return Err(Obligation::TakesBoundedTime.broken(format!(
                "{:?} for {LARGE} bytes that begin with {:?}",
                started.elapsed(),
                &bytes[..16]
            )));
        }
    }
    Ok(())
}

/// Encodes, decodes and compares; whether there was something to compare.
fn round_trip(
    case: &ConverterCase<'_>,
    writer: &mut dyn Converter,
    reader: &mut dyn Converter,
    part: &SchemaAndValue,
) -> std::result::Result<bool, Broken> {
    let told = || format!("{part:?}");
    let mut encode = || writer.encode("t", part.schema.as_ref(), &part.value);
    let encoded = caught(told, &mut encode)?;
    let again = caught(told, &mut encode)?;
    let bytes = match (encoded, again) {
        (Ok(encoded), Ok(again)) if encoded == again => encoded,
        (Err(error), Err(_)) => return blames(&error, told).map(|()| false),
        (first, second) => {
            return Err(Obligation::IsRepeatable
                .broken(format!("{part:?} gave {first:?}, and then {second:?}")));
        }
    };
    let works = !part.value.is_null();
    let decoded = caught(told, || reader.decode("t", bytes.clone()))?;
    let (decoded, expected) = match (decoded, (case.expected)(part.clone())) {
        (Ok(decoded), Some(expected)) => (decoded, expected),
        (Ok(_), None) => return Ok(works),
        (Err(error), None) => return blames(&error, told).map(|()| works),
        (Err(error), Some(_)) => {
            let found = format!("{part:?}\n  was encoded as {bytes:?}\n  which is \"{error}\"");
            return Err(Obligation::RoundTrips.broken(found));
        }
    };
    // Not a number is the same as not a number here.
    if decoded == expected || format!("{decoded:?}") == format!("{expected:?}") {
        return Ok(works);
    }
    Err(Obligation::RoundTrips.broken(format!(
        "{part:?}\n  was encoded as {bytes:?}\n  came back as   {decoded:?}\n  and not as     {expected:?}"
    )))
}

/// Decodes whatever comes.
fn decode(
    case: &ConverterCase<'_>,
    reader: &mut dyn Converter,
    bytes: &Bytes,
) -> std::result::Result<(), Broken> {
    let told = || format!("{:?}", &bytes[..bytes.len().min(64)]);
    match caught(told, || reader.decode("t", Some(bytes.clone())))? {
        Ok(decoded) if case.keeps_validity => is_valid(&decoded).map_err(|error| {
            Obligation::GivesValidValues
                .broken(format!("{} was decoded as {decoded:?}: {error}", told()))
        }),
        Ok(_) => Ok(()),
        Err(error) => blames(&error, told),
    }
}

fn blames(error: &crate::Error, told: impl Fn() -> String) -> std::result::Result<(), Broken> {
    if error.kind() == Kind::BadRecord {
        return Ok(());
    }
    Err(Obligation::BlamesTheRecord.broken(format!(
        "{:?} \"{error}\" for {}",
        error.kind(),
        told()
    )))
}

/// Inputs that have cost parsers their stack, their memory or their time.
fn large() -> Vec<Bytes> {
    let repeated = |text: &str| Bytes::from(text.repeat(LARGE / text.len()));
    vec![
        repeated("["),
        repeated("{\"a\":"),
        repeated("\""),
        repeated("\\u0000"),
        repeated("9"),
        repeated("-1e9,"),
        repeated("\u{0}"),
        repeated("\u{7f}\u{7f}\u{7f}\u{7f}"),
        Bytes::from(vec![0xff; LARGE]),
        Bytes::from([b"[".as_slice(), "1,".repeat(LARGE / 2).as_bytes()].concat()),
        Bytes::from(["1".to_owned(), "0".repeat(LARGE)].concat()),
        Bytes::from("1e999999999"),
        Bytes::from("{\"schema\":{\"type\":\"array\"},\"payload\":[1]}"),
    ]
}
