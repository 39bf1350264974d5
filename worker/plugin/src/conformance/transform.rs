//! The suite for transforms.

#[cfg(test)]
pub(super) mod tests;

use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use sluice_model::{ConnectRecord, SchemaAndValue};

use super::{Broken, Obligation, generate::any_record, unwind::caught};
use crate::{AnyTransform, Properties, Result, TransformPlugin, Verdict};

/// Generated records that a suite tries.
const RECORDS: u32 = 256;

/// What a suite needs to know of a transform.
pub struct TransformCase {
    class: TransformPlugin,
    settings: Properties,
    varies: bool,
    keeps_validity: bool,
}

impl TransformCase {
    /// A class with settings that are right.
    pub const fn new(class: TransformPlugin, settings: Properties) -> Self {
        Self { class, settings, varies: false, keeps_validity: true }
    }

    /// Its results differ from call to call, such as those that hold the time.
    #[must_use]
    pub const fn varies(mut self) -> Self {
        self.varies = true;
        self
    }

    /// It puts null where a schema has none, as Java's transform of that name does.
    #[must_use]
    pub const fn leaves_validation(mut self) -> Self {
        self.keeps_validity = false;
        self
    }
}

/// Holds a transform to the obligations of [`crate::Transform`], with generated records of all shapes.
pub fn transform(case: &TransformCase) -> std::result::Result<(), Broken> {
    let report = (case.class.validate)(&case.settings);
    if !report.is_ok() {
        return Err(Obligation::TakesSettings.broken(format!("validate says {report}")));
    }
    let create = || {
        let created = (case.class.create)(&case.settings);
        created.map_err(|it| Obligation::TakesSettings.broken(format!("configure says {it}")))
    };
    // Java's workers try each of them once for every task, so two side by side must not disturb each other.
    let (first, second) = (create()?, create()?);
    let pair = std::cell::RefCell::new((first, second));
    let worked = std::cell::Cell::new(false);
    for_all(RECORDS, &any_record(), |record| {
        let (first, second) = &mut *pair.borrow_mut();
        let works = apply(case, &mut **first, &mut **second, record)?;
        worked.set(worked.get() || works);
        Ok(())
    })?;
    if worked.get() {
        return Ok(());
    }
    Err(Obligation::Works.broken("it refused every record"))
}

/// Tries one record; whether the transform did something with it.
fn apply(
    case: &TransformCase,
    first: &mut dyn AnyTransform,
    second: &mut dyn AnyTransform,
    before: &ConnectRecord,
) -> std::result::Result<bool, Broken> {
    let mut record = before.clone();
    let verdict = caught(|| format!("{before:?}"), || first.apply(&mut record))?;
    if let Err(error) = &verdict {
        if !same(&record, before) {
            return Err(Obligation::LeavesFailedRecordsAlone
                .broken(format!("after \"{error}\"\n  it is  {record:?}\n  it was {before:?}")));
        }
    } else if record.offset != before.offset {
        return Err(Obligation::LeavesOffsetsAlone
            .broken(format!("{:?} became {:?}", before.offset, record.offset)));
    }
    if !case.varies {
        let mut again = before.clone();
        let repeated = caught(|| format!("{before:?}"), || second.apply(&mut again))?;
        if outcome(&verdict) != outcome(&repeated) || !same(&record, &again) {
            return Err(Obligation::IsRepeatable.broken(format!(
                "{before:?} gave\n  {} {record:?}, and then\n  {} {again:?}",
                outcome(&verdict),
                outcome(&repeated)
            )));
        }
    }
    if case.keeps_validity && matches!(verdict, Ok(Verdict::Keep)) {
        valid(before, &record)?;
    }
    Ok(verdict.is_ok())
}

fn outcome(verdict: &Result<Verdict>) -> String {
    match verdict {
        Ok(verdict) => format!("{verdict:?}"),
        Err(error) => format!("{:?}: {error}", error.kind()),
    }
}

/// Whether two records are the same: not a number is the same as not a number here.
fn same(left: &ConnectRecord, right: &ConnectRecord) -> bool {
    left == right || format!("{left:?}") == format!("{right:?}")
}

fn valid(before: &ConnectRecord, record: &ConnectRecord) -> std::result::Result<(), Broken> {
    let headers = record.headers.0.iter().map(|it| (&*it.key, &it.value));
    for (name, part) in [("key", &record.key), ("value", &record.value)].into_iter().chain(headers)
    {
        is_valid(part).map_err(|told| {
            Obligation::GivesValidValues
                .broken(format!("{name} {part:?}: {told}\n  it was made of {before:?}"))
        })?;
    }
    Ok(())
}

/// Whether the value is one of its schema.
pub(super) fn is_valid(part: &SchemaAndValue) -> std::result::Result<(), String> {
    let Some(schema) = &part.schema else { return Ok(()) };
    schema.validate(None, &part.value).map_err(|it| it.to_string())
}

/// Tries generated inputs, always the same ones; of those that break something, the finding for a small one.
pub(super) fn for_all<S: proptest::strategy::Strategy>(
    cases: u32,
    strategy: &S,
    check: impl Fn(&S::Value) -> std::result::Result<(), Broken>,
) -> std::result::Result<(), Broken> {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let random = proptest::test_runner::TestRng::deterministic_rng(config.rng_algorithm);
    let found = std::cell::RefCell::new(None);
    let tried = TestRunner::new_with_rng(config, random).run(strategy, |input| {
        check(&input).map_err(|broken| {
            let told = TestCaseError::fail(broken.found.clone());
            // The last one is of the smallest input.
            found.replace(Some(broken));
            told
        })
    });
    match tried {
        Ok(()) => Ok(()),
        Err(TestError::Fail(..) | TestError::Abort(_)) => Err(found
            .into_inner()
            .unwrap_or_else(|| Obligation::Works.broken("no input could be made for it"))),
    }
}
