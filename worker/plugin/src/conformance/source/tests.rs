//! Sources with one fault each: the suite has to find every one of them.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use sluice_config::{ConfigDef, Report};
use sluice_model::{ConnectRecord, SchemaAndValue, Value};

use super::*;
use crate::{AnySourceConnector, Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    SplitsTooMuch,
    SplitsDifferently,
    DoesNotOpen,
    SharesPartitions,
    DeliversNothing,
    FailsToPoll,
    StoresAList,
    StoresNothing,
    RepeatsPositions,
    GoesBackwards,
    RepeatsTheLast,
    LosesTheNext,
    ReadsNarrowNumbersOnly,
    TakesBeforeItWaits,
    EndsTooLate,
    RefusesCommits,
    ClosesWithAnError,
    NeverCloses,
}

/// Hands out numbers, three at a time; those of two tasks are apart.
struct Numbers {
    fault: Fault,
    splits: AtomicUsize,
}

const END: i64 = 12;

#[async_trait]
impl AnySourceConnector for Numbers {
    fn name(&self) -> &'static str {
        "test.Numbers"
    }

    fn version(&self) -> &'static str {
        "1"
    }

    fn definition(&self) -> ConfigDef {
        ConfigDef::default()
    }

    fn validate(&self, _: &Properties) -> Report {
        Report::default()
    }

    async fn split(&self, settings: &Properties, max_tasks: usize) -> Result<Vec<Properties>> {
        let call = self.splits.fetch_add(1, Ordering::Relaxed);
        let extra = usize::from(self.fault == Fault::SplitsTooMuch);
        let task = |id: usize| {
            let mut task = settings.clone();
            let id = if self.fault == Fault::SharesPartitions { 0 } else { id };
            task.insert("id".to_owned(), id.to_string());
            if self.fault == Fault::SplitsDifferently {
                task.insert("call".to_owned(), call.to_string());
            }
            task
        };
        Ok((0..max_tasks + extra).map(task).collect())
    }

    async fn open(
        &self,
        settings: &Properties,
        context: SourceContext,
    ) -> Result<Box<dyn SourceTask>> {
        if self.fault == Fault::DoesNotOpen {
            return Err(Error::fatal("no"));
        }
        let id = Value::from(settings["id"].clone());
        let partition = SourcePartition(BTreeMap::from([("id".to_owned(), id)]));
        let stored = context.offsets.offsets(std::slice::from_ref(&partition)).await?;
        let next = match stored.into_iter().flatten().next().map(|it| it.0["next"].clone()) {
            Some(Value::Int64(_)) if self.fault == Fault::ReadsNarrowNumbersOnly => 0,
            Some(Value::Int64(next)) => match self.fault {
                Fault::RepeatsTheLast => next - 1,
                Fault::LosesTheNext => next + 1,
                _ => next,
            },
            _ => 0,
        };
        Ok(Box::new(Task { fault: self.fault, partition: Arc::new(partition), next }))
    }
}

struct Task {
    fault: Fault,
    partition: Arc<SourcePartition>,
    next: i64,
}

#[async_trait]
impl SourceTask for Task {
    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        let end = if self.fault == Fault::EndsTooLate { END + 1 } else { END };
        if self.next >= end || self.fault == Fault::DeliversNothing {
            std::future::pending::<()>().await;
        }
        if self.fault == Fault::FailsToPoll {
            return Err(Error::fatal("no"));
        }
        let numbers = self.next..(self.next + 3).min(end);
        if self.fault == Fault::TakesBeforeItWaits {
            self.next = numbers.end;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        self.next = numbers.end;
        Ok(numbers.map(|it| self.record(it)).collect())
    }

    async fn commit(&mut self, _: &[(Arc<SourcePartition>, SourceOffset)]) -> Result<()> {
        if self.fault == Fault::RefusesCommits { Err(Error::fatal("no")) } else { Ok(()) }
    }

    async fn close(&mut self) -> Result<()> {
        match self.fault {
            Fault::ClosesWithAnError => Err(Error::fatal("no")),
            Fault::NeverCloses => std::future::pending().await,
            _ => Ok(()),
        }
    }
}

impl Task {
    fn record(&self, number: i64) -> SourceRecord {
        let next = match self.fault {
            Fault::StoresAList => Value::Array(vec![Value::Int64(number + 1)]),
            Fault::RepeatsPositions => Value::Int64(number / 3),
            Fault::GoesBackwards => Value::Int64(-number),
            Fault::ReadsNarrowNumbersOnly => Value::Int8(number as i8 + 1),
            _ => Value::Int64(number + 1),
        };
        let mut offset = BTreeMap::from([("next".to_owned(), next)]);
        if self.fault == Fault::StoresNothing {
            offset.clear();
        }
        let value = SchemaAndValue::schemaless(number);
        SourceRecord {
            source_partition: Arc::clone(&self.partition),
            source_offset: SourceOffset(offset),
            data: ConnectRecord::new("t", SchemaAndValue::NULL, value),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn faults_are_found() {
    for (fault, found) in [
        (Fault::None, Ok(())),
        (Fault::SplitsTooMuch, Err(Obligation::SplitsWithinLimit)),
        (Fault::SplitsDifferently, Err(Obligation::SplitsAlike)),
        (Fault::DoesNotOpen, Err(Obligation::Opens)),
        (Fault::SharesPartitions, Err(Obligation::SharesNothing)),
        (Fault::DeliversNothing, Err(Obligation::Delivers)),
        (Fault::FailsToPoll, Err(Obligation::Delivers)),
        (Fault::StoresAList, Err(Obligation::HasStorablePositions)),
        (Fault::StoresNothing, Err(Obligation::HasStorablePositions)),
        (Fault::RepeatsPositions, Err(Obligation::HasRisingPositions)),
        (Fault::GoesBackwards, Err(Obligation::HasRisingPositions)),
        (Fault::RepeatsTheLast, Err(Obligation::ResumesExactly)),
        (Fault::LosesTheNext, Err(Obligation::ResumesExactly)),
        (Fault::ReadsNarrowNumbersOnly, Err(Obligation::ResumesExactly)),
        (Fault::TakesBeforeItWaits, Err(Obligation::PollsCancelSafely)),
        (Fault::EndsTooLate, Err(Obligation::ResumesExactly)),
        (Fault::RefusesCommits, Err(Obligation::TakesCommits)),
        (Fault::ClosesWithAnError, Err(Obligation::Closes)),
        (Fault::NeverCloses, Err(Obligation::Closes)),
    ] {
        let numbers = Numbers { fault, splits: AtomicUsize::new(0) };
        let case = SourceCase::new(&numbers, Properties::new()).tasks(2).records(12).ends();
        let checked = source(&case).await;
        assert_eq!(checked.map_err(|it| it.obligation), found, "{fault:?}");
    }
}
