//! Where a source task wants its transactions to end (`org.apache.kafka.connect.source.TransactionContext`, KIP-618).

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use sluice_model::SourceRecord;

use crate::{Error, Result};

/// What a class of Java's standard library says that was asked for contradictory things.
const ILLEGAL_STATE: &str = "java.lang.IllegalStateException";

/// Ends transactions as a source task wants it. The task's side asks, the worker's side takes what was asked for.
///
/// What is asked for with [`commit`](Self::commit) or [`abort`](Self::abort) holds once the next batch that `poll`
/// returns is sent; with [`commit_on`](Self::commit_on) and [`abort_on`](Self::abort_on) once that record is. An abort
/// throws away what was sent, and still commits the positions, so that the records are not read again.
#[derive(Debug, Default)]
pub struct TransactionContext {
    asked: Mutex<Asked>,
}

#[derive(Debug, Default)]
struct Asked {
    commit: bool,
    abort: bool,
    commit_on: VecDeque<SourceRecord>,
    abort_on: VecDeque<SourceRecord>,
}

/// How a transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionEnd {
    /// What was sent is there to be read, with its positions.
    Commit,
    /// What was sent is thrown away; its positions count.
    Abort,
}

impl TransactionContext {
    /// Commits after the next batch.
    pub fn commit(&self) {
        self.asked().commit = true;
    }

    /// Commits after this record, which the next batch has.
    pub fn commit_on(&self, record: &SourceRecord) {
        self.asked().commit_on.push_back(record.clone());
    }

    /// Throws away what was sent, after the next batch.
    pub fn abort(&self) {
        self.asked().abort = true;
    }

    /// Throws away what was sent, after this record, which the next batch has.
    pub fn abort_on(&self, record: &SourceRecord) {
        self.asked().abort_on.push_back(record.clone());
    }

    /// For the worker: whether a transaction ends after a batch. An error if the task wants both ends.
    pub fn take_batch_end(&self) -> Result<Option<TransactionEnd>> {
        let mut asked = self.asked();
        if asked.commit && asked.abort {
            let both = "Connector requested both commit and abort of same transaction";
            return Err(Error::fatal(both).named(ILLEGAL_STATE));
        }
        let (commit, abort) = (std::mem::take(&mut asked.commit), std::mem::take(&mut asked.abort));
        Ok(end(commit, abort))
    }

    /// For the worker: whether a transaction ends after a record. An error if the task wants both ends.
    pub fn take_record_end(&self, record: &SourceRecord) -> Result<Option<TransactionEnd>> {
        let mut asked = self.asked();
        let commit = take(&mut asked.commit_on, record);
        let abort = take(&mut asked.abort_on, record);
        if commit && abort {
            let partition = record.partition.map_or_else(|| "null".to_owned(), |it| it.to_string());
            let both = format!(
                "Connector requested both commit and abort of same record against topic/partition {}/{partition}",
                record.topic
            );
            return Err(Error::fatal(both).named(ILLEGAL_STATE));
        }
        Ok(end(commit, abort))
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const fn end(commit: bool, abort: bool) -> Option<TransactionEnd> {
    match (commit, abort) {
        (_, true) => Some(TransactionEnd::Abort),
        (true, false) => Some(TransactionEnd::Commit),
        (false, false) => None,
    }
}

/// Takes a record out of a list, which has it in front nearly always.
fn take(records: &mut VecDeque<SourceRecord>, record: &SourceRecord) -> bool {
    let found = records.iter().position(|it| it == record);
    found.and_then(|at| records.remove(at)).is_some()
}

#[cfg(test)]
mod tests;
