//! Files as source and sink, under Apache's class names `FileStreamSource` and `FileStreamSink`.
//!
//! - Source: one task reads one text file line by line and follows it as it grows. Position: the byte after the last line
//!   handed out, so a restart goes on exactly there. At least once.
//! - Sink: every task appends the text of each value and a line end. What `flush` reports is synced to the disk. At least
//!   once: after a crash the records behind the last committed offset are appended again.
//! - Both touch only files below the folders in the worker key `sluice.file.paths`.

mod config;
mod lines;
mod sink;
mod source;

pub use sink::FileStreamSink;
pub use source::FileStreamSource;
