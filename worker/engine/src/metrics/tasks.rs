//! The groups of metrics that tasks have, and how they are read.

use std::{sync::Arc, time::Instant};

use sluice_kafka::wire::Traffic;

use super::{Attribute, Group, TaskState, TaskStats, lock, plugins::Class};

/// The tags of what tasks have.
pub(super) const TAGS: &[&str] = &["connector", "task"];

/// A task as it is seen at one moment.
pub(super) struct Seen {
    pub(super) stats: Arc<TaskStats>,
    pub(super) now: Instant,
}

impl Seen {
    fn ratio(&self, state: TaskState) -> f64 {
        lock(&self.stats.state).ratio(state, self.now)
    }
}

/// Of every task.
pub(super) const TASK: Group<Seen> = Group {
    name: "connector-task-metrics",
    tags: TAGS,
    attributes: &[
        Attribute::text("status", "State: unassigned, running, paused or failed.", |it: &Seen| {
            it.stats.state().name()
        })
        .known_as(&["kafka_connect_connector_status", "kafka_connect_connector_task_status"]),
        Attribute::value("running-ratio", "Share of its time that the task has run.", |it| {
            it.ratio(TaskState::Running)
        }),
        Attribute::value("pause-ratio", "Share of its time that the task was paused.", |it| {
            it.ratio(TaskState::Paused)
        }),
        Attribute::value("offset-commit-max-time-ms", "Longest commit of late.", |it| {
            it.stats.commit_time.max(it.now)
        }),
        Attribute::value("offset-commit-avg-time-ms", "Mean time of a commit of late.", |it| {
            it.stats.commit_time.mean(it.now)
        }),
        Attribute::value("batch-size-max", "Most records in a batch of late.", |it| {
            it.stats.batch_size.max(it.now)
        }),
        Attribute::value("batch-size-avg", "Mean number of records in a batch of late.", |it| {
            it.stats.batch_size.mean(it.now)
        }),
        Attribute::value(
            "offset-commit-failure-percentage",
            "Share of the commits of late that failed, from 0 to 1.",
            |it| it.stats.commit_results.share_of_zeros(it.now),
        ),
        Attribute::value(
            "offset-commit-success-percentage",
            "Share of the commits of late that succeeded, from 0 to 1.",
            |it| it.stats.commit_results.share_of_ones(it.now),
        ),
        Attribute::text("connector-class", "Class of the connector.", |it| {
            &it.stats.plugins.connector.name
        }),
        Attribute::text("connector-version", "Its version.", |it| {
            it.stats.plugins.connector.version
        }),
        Attribute::text("connector-type", "source or sink.", |it| {
            if it.stats.is_sink { "sink" } else { "source" }
        }),
        Attribute::text("task-class", "Class of the task.", |it| &it.stats.plugins.task.name),
        Attribute::text("task-version", "Its version.", |it| it.stats.plugins.task.version),
        Attribute::text("key-converter-class", "Class of the converter of keys.", |it| {
            &it.stats.plugins.key.name
        }),
        Attribute::text("key-converter-version", "Its version.", |it| it.stats.plugins.key.version),
        Attribute::text("value-converter-class", "Class of the converter of values.", |it| {
            &it.stats.plugins.value.name
        }),
        Attribute::text("value-converter-version", "Its version.", |it| {
            it.stats.plugins.value.version
        }),
        Attribute::text("header-converter-class", "Class of the converter of headers.", |it| {
            &it.stats.plugins.header.name
        }),
        Attribute::text("header-converter-version", "Its version.", |it| {
            it.stats.plugins.header.version
        }),
    ],
};

/// Of the consumers of sinks.
pub(super) const CONSUMER: Group<Arc<Traffic>> = Group {
    name: "consumer-metrics",
    tags: &["clientId"],
    attributes: &[
        Attribute::total("incoming-byte-total", "Bytes of answers.", |it| it.received() as f64),
        Attribute::total("outgoing-byte-total", "Bytes of requests.", |it| it.sent() as f64),
        Attribute::value("connection-count", "Open connections.", |it| it.connections() as f64),
    ],
};

/// Of the tasks of sources.
pub(super) const SOURCE: Group<Seen> = Group {
    name: "source-task-metrics",
    tags: TAGS,
    attributes: &[
        Attribute::value("source-record-poll-rate", "Records polled per second of late.", |it| {
            it.stats.records_in.rate(it.now)
        }),
        Attribute::total("source-record-poll-total", "Records polled.", |it| {
            it.stats.records_in.total()
        }),
        Attribute::value(
            "source-record-write-rate",
            "Records per second that Kafka has taken of late.",
            |it| it.stats.records_out.rate(it.now),
        ),
        Attribute::total("source-record-write-total", "Records that Kafka has taken.", |it| {
            it.stats.records_out.total()
        }),
        Attribute::value(
            "poll-batch-max-time-ms",
            "Longest time of late between asking the connector for records and getting some.",
            |it| it.stats.batch_time.max(it.now),
        ),
        Attribute::value("poll-batch-avg-time-ms", "Mean of that time.", |it| {
            it.stats.batch_time.mean(it.now)
        }),
        Attribute::value(
            "source-record-active-count",
            "Records polled that Kafka has not taken yet.",
            |it| it.stats.active.value(),
        ),
        Attribute::value("source-record-active-count-max", "Most of them of late.", |it| {
            it.stats.active.window.max(it.now)
        }),
        Attribute::value("source-record-active-count-avg", "Their mean number of late.", |it| {
            it.stats.active.window.mean(it.now)
        }),
    ],
};

/// Of the tasks of sources that write in transactions.
pub(super) const TRANSACTIONS: Group<Seen> = Group {
    name: "source-task-metrics",
    tags: TAGS,
    attributes: &[
        Attribute::value(
            "transaction-size-min",
            "Fewest records in a transaction of late, of a task with exactly-once support.",
            |it| it.stats.transaction_size.min(it.now),
        ),
        Attribute::value("transaction-size-max", "Most records in a transaction of late.", |it| {
            it.stats.transaction_size.max(it.now)
        }),
        Attribute::value(
            "transaction-size-avg",
            "Mean number of records in a transaction of late.",
            |it| it.stats.transaction_size.mean(it.now),
        ),
    ],
};

/// Of the tasks of sinks.
pub(super) const SINK: Group<Seen> = Group {
    name: "sink-task-metrics",
    tags: TAGS,
    attributes: &[
        Attribute::value("sink-record-read-rate", "Records read per second of late.", |it| {
            it.stats.records_in.rate(it.now)
        }),
        Attribute::total("sink-record-read-total", "Records read.", |it| {
            it.stats.records_in.total()
        }),
        Attribute::value("sink-record-send-rate", "Records put per second of late.", |it| {
            it.stats.records_out.rate(it.now)
        }),
        Attribute::total("sink-record-send-total", "Records that the task has taken.", |it| {
            it.stats.records_out.total()
        }),
        Attribute::value(
            "sink-record-active-count",
            "Records read whose offsets are not committed yet.",
            |it| it.stats.active.value(),
        ),
        Attribute::value("sink-record-active-count-max", "Most of them of late.", |it| {
            it.stats.active.window.max(it.now)
        }),
        Attribute::value("sink-record-active-count-avg", "Their mean number of late.", |it| {
            it.stats.active.window.mean(it.now)
        }),
        Attribute::value("partition-count", "Partitions assigned to the task.", |it| {
            it.stats.partitions.number()
        }),
        Attribute::value("offset-commit-seq-no", "Number of the latest commit.", |it| {
            it.stats.commit_seqno.number()
        }),
        Attribute::value(
            "offset-commit-completion-rate",
            "Commits per second that succeeded of late.",
            |it| it.stats.commits.rate(it.now),
        ),
        Attribute::total("offset-commit-completion-total", "Commits that succeeded.", |it| {
            it.stats.commits.total()
        }),
        Attribute::value(
            "offset-commit-skip-rate",
            "Commits per second of late whose answers came too late.",
            |it| it.stats.commit_skips.rate(it.now),
        ),
        Attribute::total(
            "offset-commit-skip-total",
            "Commits whose answers came too late.",
            |it| it.stats.commit_skips.total(),
        ),
        Attribute::value("put-batch-max-time-ms", "Longest put of late.", |it| {
            it.stats.batch_time.max(it.now)
        }),
        Attribute::value("put-batch-avg-time-ms", "Mean time of a put of late.", |it| {
            it.stats.batch_time.mean(it.now)
        }),
    ],
};

/// Of every task.
pub(super) const ERRORS: Group<Seen> = Group {
    name: "task-error-metrics",
    tags: TAGS,
    attributes: &[
        Attribute::total("total-record-failures", "Attempts at records that failed.", |it| {
            it.stats.errors.failures.number()
        }),
        Attribute::total("total-record-errors", "Records that were given up.", |it| {
            it.stats.errors.errors.number()
        }),
        Attribute::total("total-records-skipped", "Records left out as tolerated.", |it| {
            it.stats.errors.skipped.number()
        }),
        Attribute::total("total-retries", "Attempts after the first.", |it| {
            it.stats.errors.retries.number()
        }),
        Attribute::total("total-errors-logged", "Errors written to the log.", |it| {
            it.stats.errors.logged.number()
        }),
        Attribute::total(
            "deadletterqueue-produce-requests",
            "Records to be written to the dead letter queue.",
            |it| it.stats.errors.dead_letters.number(),
        ),
        Attribute::total(
            "deadletterqueue-produce-failures",
            "Records that could not be written to the dead letter queue.",
            |it| it.stats.errors.dead_letter_failures.number(),
        ),
        Attribute::value(
            "last-error-timestamp",
            "Time of the latest error, in milliseconds since 1970; 0 if there was none.",
            |it| it.stats.errors.last_millis.number(),
        ),
    ],
};

/// Of each transform of a task (KIP-891).
pub(super) const TRANSFORM: Group<Class> = Group {
    name: "connector-transform-metrics",
    tags: &["connector", "task", "transform"],
    attributes: &[
        Attribute::text("transform-class", "Class of the transform.", |it| &it.name),
        Attribute::text("transform-version", "Its version.", |it| it.version),
    ],
};

/// Of each predicate that a transform of a task asks (KIP-891).
pub(super) const PREDICATE: Group<Class> = Group {
    name: "connector-predicate-metrics",
    tags: &["connector", "task", "predicate"],
    attributes: &[
        Attribute::text("predicate-class", "Class of the predicate.", |it| &it.name),
        Attribute::text("predicate-version", "Its version.", |it| it.version),
    ],
};
