//! What plugins owe the engine, one by one, and the finding that one of them is broken.

use std::fmt;

/// Something that a plugin owes the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Obligation {
    /// `split` gives no more tasks than it may.
    SplitsWithinLimit,
    /// `split` gives the same answer for the same question.
    SplitsAlike,
    /// What `split` gives can be parsed, and opened.
    Opens,
    /// Two tasks never have the same source partition.
    SharesNothing,
    /// `poll` hands out what there is.
    Delivers,
    /// Partitions and positions can be stored: they have fields, and those are primitives.
    HasStorablePositions,
    /// Each record has a position of its own, behind that of the record before it.
    HasRisingPositions,
    /// A task that is opened at a position hands out exactly what is behind it.
    ResumesExactly,
    /// A call of `poll` that is dropped takes nothing with it.
    PollsCancelSafely,
    /// `commit` takes positions that the task has handed out.
    TakesCommits,
    /// `close` comes to an end in good order, early as well as late, and frees what it must.
    Closes,
    /// `put` takes any batch of records that the system can hold, an empty one as well.
    TakesBatches,
    /// `flush` reports no offset behind what was put, and no partition that the task does not have.
    ReportsNoMoreThanPut,
    /// What `flush` reports is in the system, also when the process ends right behind it.
    ReportsOnlyDurable,
    /// What was put is reported sooner or later, or it would come again for ever.
    ReportsAllInTheEnd,
    /// Records of one partition get into the system in their order.
    KeepsOrder,
    /// A batch that comes again after a retriable error is taken, and nothing of it is lost.
    TakesBatchesAgain,
    /// A partition that was taken away and given back goes on.
    FollowsAssignments,
    /// Settings that are right are taken.
    TakesSettings,
    /// No input makes it panic.
    NeverPanics,
    /// After an error the record is as it was before.
    LeavesFailedRecordsAlone,
    /// The same record gives the same result.
    IsRepeatable,
    /// A value that it gives is one that the schema beside it describes.
    GivesValidValues,
    /// It leaves the Kafka offset alone.
    LeavesOffsetsAlone,
    /// What it encodes it decodes to the same.
    RoundTrips,
    /// Null is decoded as null.
    KeepsNull,
    /// What it cannot convert is an error of that record alone.
    BlamesTheRecord,
    /// It takes little time, whatever the bytes are.
    TakesBoundedTime,
    /// It works for some input at all: without that a suite says nothing.
    Works,
}

impl Obligation {
    const fn text(self) -> &'static str {
        match self {
            Self::SplitsWithinLimit => "split gives no more tasks than it may",
            Self::SplitsAlike => "split gives the same answer for the same question",
            Self::Opens => "what split gives can be parsed and opened",
            Self::SharesNothing => "two tasks never have the same source partition",
            Self::Delivers => "poll hands out what there is",
            Self::HasStorablePositions => {
                "partitions and positions have fields, and only primitive ones"
            }
            Self::HasRisingPositions => {
                "each record has a position of its own, behind that of the record before it"
            }
            Self::ResumesExactly => {
                "a task that is opened at a position hands out exactly what is behind it"
            }
            Self::PollsCancelSafely => "a call of poll that is dropped takes nothing with it",
            Self::TakesCommits => "commit takes positions that the task has handed out",
            Self::Closes => "close comes to an end in good order, early as well as late",
            Self::TakesBatches => {
                "put takes any batch that the system can hold, an empty one as well"
            }
            Self::ReportsNoMoreThanPut => {
                "flush reports no offset behind what was put, and no partition of others"
            }
            Self::ReportsOnlyDurable => {
                "what flush reports is in the system, also when the process ends right behind it"
            }
            Self::ReportsAllInTheEnd => "what was put is reported by flush sooner or later",
            Self::KeepsOrder => "records of one partition get into the system in their order",
            Self::TakesBatchesAgain => {
                "a batch that comes again after an error is taken, and nothing of it is lost"
            }
            Self::FollowsAssignments => "a partition that was taken away and given back goes on",
            Self::TakesSettings => "settings that are right are taken",
            Self::NeverPanics => "no input makes it panic",
            Self::LeavesFailedRecordsAlone => "after an error the record is as it was before",
            Self::IsRepeatable => "the same input gives the same result",
            Self::GivesValidValues => {
                "a value that it gives is one that the schema beside it describes"
            }
            Self::LeavesOffsetsAlone => "it leaves the Kafka offset alone",
            Self::RoundTrips => "what it encodes it decodes to the same",
            Self::KeepsNull => "null is decoded as null",
            Self::BlamesTheRecord => {
                "what it cannot convert is an error of that record alone (Kind::BadRecord)"
            }
            Self::TakesBoundedTime => "it takes little time, whatever the input is",
            Self::Works => "it works for some of the input, or nothing is tested",
        }
    }
}

impl fmt::Display for Obligation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.text())
    }
}

/// A plugin breaks an obligation. Its `Debug` text is for people too, as tests print that.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("broken: {obligation} ({obligation:?}).\n{found}")]
pub struct Broken {
    /// Which.
    pub obligation: Obligation,
    /// What was seen.
    pub found: String,
}

impl fmt::Debug for Broken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}

impl Obligation {
    /// The finding that it is broken.
    pub(super) fn broken(self, found: impl Into<String>) -> Broken {
        Broken { obligation: self, found: found.into() }
    }
}
