//! The suite for predicates.

use std::cell::RefCell;

use super::{Broken, Obligation, generate::any_record, transform::for_all, unwind::caught};
use crate::{PredicatePlugin, Properties};

/// Generated records that the suite tries.
const RECORDS: u32 = 512;

/// Holds a predicate to the obligations of [`crate::Predicate`], with generated records of all shapes.
pub fn predicate(class: PredicatePlugin, settings: &Properties) -> Result<(), Broken> {
    let report = (class.validate)(settings);
    if !report.is_ok() {
        return Err(Obligation::TakesSettings.broken(format!("validate says {report}")));
    }
    let create = || {
        let created = (class.create)(settings);
        created.map_err(|it| Obligation::TakesSettings.broken(format!("configure says {it}")))
    };
    let pair = RefCell::new((create()?, create()?));
    for_all(RECORDS, &any_record(), |record| {
        let (first, second) = &mut *pair.borrow_mut();
        let told = || format!("{record:?}");
        let answers = [caught(told, || first.test(record))?, caught(told, || second.test(record))?];
        let [one, two] = answers.map(|it| it.map_err(|error| error.to_string()));
        if one != two {
            return Err(Obligation::IsRepeatable
                .broken(format!("{record:?} gave {one:?}, and then {two:?}")));
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use sluice_model::ConnectRecord;

    use super::*;
    use crate::{Error, Predicate, Result, conformance::transform::tests::NoKeys};

    /// Right, or with a fault.
    struct IsTombstone<const FAULT: u8>;

    thread_local! {
        static CALLS: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
    }

    impl<const FAULT: u8> Predicate for IsTombstone<FAULT> {
        type Config = NoKeys;
        const NAME: &'static str = "test.IsTombstone";

        fn configure(_: NoKeys) -> Result<Self> {
            if FAULT == 3 { Err(Error::fatal("no")) } else { Ok(Self) }
        }

        fn test(&mut self, record: &ConnectRecord) -> Result<bool> {
            let is_tombstone = record.value.value.is_null();
            CALLS.set(CALLS.get() + 1);
            match FAULT {
                1 if is_tombstone => panic!("a value"),
                2 => Ok(CALLS.get().is_multiple_of(2)),
                _ => Ok(is_tombstone),
            }
        }
    }

    #[test]
    fn faults_are_found() {
        let check = |class| predicate(class, &Properties::new()).map_err(|it| it.obligation);
        assert_eq!(check(PredicatePlugin::of::<IsTombstone<0>>()), Ok(()));
        for (class, obligation) in [
            (PredicatePlugin::of::<IsTombstone<1>>(), Obligation::NeverPanics),
            (PredicatePlugin::of::<IsTombstone<2>>(), Obligation::IsRepeatable),
            (PredicatePlugin::of::<IsTombstone<3>>(), Obligation::TakesSettings),
        ] {
            assert_eq!(check(class), Err(obligation));
        }
    }
}
