//! Sinks with one fault each: the suite has to find every one of them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use sluice_config::{ConfigDef, Report};
use sluice_model::{SinkRecord, TopicPartition, Value};

use super::*;
use crate::{Error, Result, SinkContext, SinkTask};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// Fails for good where it could ask for the batch again: allowed.
    GivesUp,
    SplitsTooMuch,
    DoesNotOpen,
    RefusesEmptyBatches,
    ReportsTooMuch,
    ReportsOthers,
    ReportsBeforeItWrites,
    ReportsWhatWasRefused,
    NeverReports,
    TurnsBatchesAround,
    RefusesWhatComesAgain,
    LosesABatchThatFailed,
    ForgetsPartitions,
    ClosesWithAnError,
    NeverCloses,
}

#[derive(Default)]
struct System {
    numbers: Vec<i64>,
    refuses: bool,
}

/// A list, and the connector that writes to it when it is flushed.
struct Listed {
    fault: Fault,
    system: Arc<Mutex<System>>,
}

#[async_trait]
impl SinkSystem for Listed {
    fn connector(&self) -> &dyn AnySinkConnector {
        self
    }

    async fn empty(&self) -> Properties {
        *self.system.lock().unwrap() = System::default();
        Properties::new()
    }

    async fn contents(&self) -> Option<Vec<i64>> {
        Some(self.system.lock().unwrap().numbers.clone())
    }

    async fn refuse(&self, refuses: bool) -> bool {
        self.system.lock().unwrap().refuses = refuses;
        true
    }
}

#[async_trait]
impl AnySinkConnector for Listed {
    fn name(&self) -> &'static str {
        "test.Listed"
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
        let extra = usize::from(self.fault == Fault::SplitsTooMuch);
        Ok(vec![settings.clone(); max_tasks + extra])
    }

    async fn open(&self, _: &Properties, _: SinkContext) -> Result<Box<dyn SinkTask>> {
        if self.fault == Fault::DoesNotOpen {
            return Err(Error::fatal("no"));
        }
        Ok(Box::new(Task {
            fault: self.fault,
            system: Arc::clone(&self.system),
            assigned: BTreeMap::new(),
            waiting: Vec::new(),
            last: Vec::new(),
        }))
    }
}

struct Task {
    fault: Fault,
    system: Arc<Mutex<System>>,
    /// Partitions, and whether the task has lost them once.
    assigned: BTreeMap<TopicPartition, bool>,
    waiting: Vec<i64>,
    last: Vec<i64>,
}

fn number(record: &SinkRecord) -> i64 {
    let Value::String(text) = &record.value.value else { panic!("numbers are text") };
    text.parse().unwrap()
}

#[async_trait]
impl SinkTask for Task {
    async fn assigned(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        for partition in partitions {
            self.assigned.entry(partition.clone()).or_insert(false);
        }
        Ok(())
    }

    async fn put(&mut self, batch: &[SinkRecord]) -> Result<()> {
        let mut numbers: Vec<i64> = batch.iter().map(number).collect();
        match self.fault {
            Fault::RefusesEmptyBatches if batch.is_empty() => return Err(Error::fatal("no")),
            Fault::RefusesWhatComesAgain if !batch.is_empty() && numbers == self.last => {
                return Err(Error::fatal("no"));
            }
            Fault::TurnsBatchesAround => numbers.reverse(),
            Fault::ForgetsPartitions => {
                let is_new = |number: &i64| {
                    let partition = (*number % 2) as i32;
                    !self.assigned[&TopicPartition::new("conformance", partition)]
                };
                numbers.retain(is_new);
            }
            _ => {}
        }
        self.last.clone_from(&numbers);
        self.waiting.extend(numbers);
        if self.system.lock().unwrap().refuses {
            let is_patient = self.fault != Fault::GivesUp;
            if self.fault != Fault::ReportsWhatWasRefused {
                if self.fault == Fault::LosesABatchThatFailed {
                    self.fault = Fault::None;
                    self.waiting.clear();
                    return Ok(());
                }
                self.waiting.clear();
                return Err(if is_patient {
                    Error::retriable("later")
                } else {
                    Error::fatal("no")
                });
            }
        }
        Ok(())
    }

    async fn flush(&mut self, current: &TopicOffsets) -> Result<TopicOffsets> {
        let mut system = self.system.lock().unwrap();
        let mut reported = current.clone();
        match self.fault {
            Fault::ReportsTooMuch => reported.values_mut().for_each(|it| *it += 1),
            Fault::ReportsOthers => drop(reported.insert(TopicPartition::new("other", 0), 0)),
            Fault::NeverReports => reported.clear(),
            Fault::ReportsBeforeItWrites => return Ok(reported),
            _ => {}
        }
        if !system.refuses {
            system.numbers.append(&mut self.waiting);
        }
        Ok(reported)
    }

    async fn revoked(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        for partition in partitions {
            self.assigned.insert(partition.clone(), true);
        }
        Ok(())
    }

    async fn close(&mut self) -> Result<()> {
        match self.fault {
            Fault::ClosesWithAnError => Err(Error::fatal("no")),
            Fault::NeverCloses => std::future::pending().await,
            _ => Ok(()),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn faults_are_found() {
    for (fault, found) in [
        (Fault::None, Ok(())),
        (Fault::GivesUp, Ok(())),
        (Fault::SplitsTooMuch, Err(Obligation::SplitsWithinLimit)),
        (Fault::DoesNotOpen, Err(Obligation::Opens)),
        (Fault::RefusesEmptyBatches, Err(Obligation::TakesBatches)),
        (Fault::ReportsTooMuch, Err(Obligation::ReportsNoMoreThanPut)),
        (Fault::ReportsOthers, Err(Obligation::ReportsNoMoreThanPut)),
        (Fault::ReportsBeforeItWrites, Err(Obligation::ReportsOnlyDurable)),
        (Fault::ReportsWhatWasRefused, Err(Obligation::ReportsOnlyDurable)),
        (Fault::NeverReports, Err(Obligation::ReportsAllInTheEnd)),
        (Fault::TurnsBatchesAround, Err(Obligation::KeepsOrder)),
        (Fault::RefusesWhatComesAgain, Err(Obligation::TakesBatchesAgain)),
        (Fault::LosesABatchThatFailed, Err(Obligation::ReportsOnlyDurable)),
        (Fault::ForgetsPartitions, Err(Obligation::FollowsAssignments)),
        (Fault::ClosesWithAnError, Err(Obligation::Closes)),
        (Fault::NeverCloses, Err(Obligation::Closes)),
    ] {
        let listed = Listed { fault, system: Arc::default() };
        assert_eq!(sink(&listed).await.map_err(|it| it.obligation), found, "{fault:?}");
    }
}
