//! The names under which Prometheus gets what tasks count: those of Strimzi's rules for Connect's MBeans.

use std::{collections::HashMap, sync::Arc, time::Instant};

use prometheus::{
    CounterVec, GaugeVec, Opts,
    core::{Collector, Desc},
    proto::MetricFamily,
};

use super::{Board, Counter, TaskStats, Window, lock};
use crate::task::TaskId;

const LEFT_BEHIND: &str = "sluice_engine_tasks_left_behind";
const LEFT_BEHIND_HELP: &str = "Threads of tasks that did not stop in time and still run.";
const LABELS: [&str; 2] = ["connector", "task"];

/// Shows the board to Prometheus.
#[derive(Debug)]
pub(crate) struct TaskCollector {
    board: Arc<Board>,
    descriptions: Vec<Desc>,
}

impl TaskCollector {
    /// Over the tasks of `board`.
    pub(crate) fn new(board: Arc<Board>) -> Self {
        // Families come and go with the tasks; one that is always the same stands for them all.
        let labels = LABELS.map(str::to_owned).to_vec();
        let own =
            Desc::new(LEFT_BEHIND.to_owned(), LEFT_BEHIND_HELP.to_owned(), labels, HashMap::new());
        Self { board, descriptions: own.into_iter().collect() }
    }
}

impl Collector for TaskCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let mut families = Families::default();
        for (id, stats) in &*lock(&self.board.tasks) {
            families.task(id, stats);
        }
        for (id, count) in &*lock(&self.board.left_behind) {
            families.gauge(LEFT_BEHIND, LEFT_BEHIND_HELP, id, *count as f64);
        }
        families.collected()
    }
}

/// The families of one scrape.
#[derive(Default)]
struct Families {
    gauges: Vec<(&'static str, GaugeVec)>,
    counters: Vec<(&'static str, CounterVec)>,
    status: Option<GaugeVec>,
}

impl Families {
    fn task(&mut self, id: &TaskId, stats: &TaskStats) {
        let (state, running, paused) = lock(&stats.state).shares(Instant::now());
        self.status(id, state.name());
        self.gauge(
            "kafka_connect_connector_task_running_ratio",
            "Share of time running.",
            id,
            running,
        );
        self.gauge("kafka_connect_connector_task_pause_ratio", "Share of time paused.", id, paused);
        self.commits(id, stats);
        self.window(
            [
                "kafka_connect_connector_task_batch_size_avg",
                "kafka_connect_connector_task_batch_size_max",
            ],
            "Records in a batch.",
            id,
            &stats.batch_size,
        );
        if stats.is_sink {
            self.sink(id, stats);
        } else {
            self.source(id, stats);
        }
        self.errors(id, stats);
    }

    fn commits(&mut self, id: &TaskId, stats: &TaskStats) {
        let (done, failed) = (stats.commits.read() as f64, stats.commit_failures.read() as f64);
        let share = |part: f64| if done + failed > 0.0 { part / (done + failed) } else { 0.0 };
        self.gauge(
            "kafka_connect_connector_task_offset_commit_success_percentage",
            "Share of commits that succeeded, from 0 to 1.",
            id,
            share(done),
        );
        self.gauge(
            "kafka_connect_connector_task_offset_commit_failure_percentage",
            "Share of commits that failed, from 0 to 1.",
            id,
            share(failed),
        );
        self.window(
            [
                "kafka_connect_connector_task_offset_commit_avg_time_ms",
                "kafka_connect_connector_task_offset_commit_max_time_ms",
            ],
            "Time of a commit.",
            id,
            &stats.commit_time,
        );
    }

    fn sink(&mut self, id: &TaskId, stats: &TaskStats) {
        for (name, help, counter) in [
            ("kafka_connect_sink_task_sink_record_read_total", "Records read.", &stats.records_in),
            ("kafka_connect_sink_task_sink_record_send_total", "Records put.", &stats.records_out),
            (
                "kafka_connect_sink_task_offset_commit_completion_total",
                "Commits that succeeded.",
                &stats.commits,
            ),
            (
                "kafka_connect_sink_task_offset_commit_skip_total",
                "Commits that had nothing to do.",
                &stats.commit_skips,
            ),
        ] {
            self.counter(name, help, id, counter);
        }
        for (name, help, counter) in [
            ("kafka_connect_sink_task_partition_count", "Partitions held.", &stats.partitions),
            (
                "kafka_connect_sink_task_offset_commit_seq_no",
                "Number of the last commit.",
                &stats.commit_seqno,
            ),
            ("kafka_connect_sink_task_sink_record_active_count", "Records in put.", &stats.active),
        ] {
            self.gauge(name, help, id, counter.read() as f64);
        }
        self.window(
            [
                "kafka_connect_sink_task_put_batch_avg_time_ms",
                "kafka_connect_sink_task_put_batch_max_time_ms",
            ],
            "Time of a put.",
            id,
            &stats.batch_time,
        );
    }

    fn source(&mut self, id: &TaskId, stats: &TaskStats) {
        for (name, help, counter) in [
            (
                "kafka_connect_source_task_source_record_poll_total",
                "Records polled.",
                &stats.records_in,
            ),
            (
                "kafka_connect_source_task_source_record_write_total",
                "Records written.",
                &stats.records_out,
            ),
        ] {
            self.counter(name, help, id, counter);
        }
        self.gauge(
            "kafka_connect_source_task_source_record_active_count",
            "Records that Kafka has not acknowledged.",
            id,
            stats.active.read() as f64,
        );
        self.window(
            [
                "kafka_connect_source_task_poll_batch_avg_time_ms",
                "kafka_connect_source_task_poll_batch_max_time_ms",
            ],
            "Time between asking for records and getting some.",
            id,
            &stats.batch_time,
        );
    }

    fn errors(&mut self, id: &TaskId, stats: &TaskStats) {
        let errors = &stats.errors;
        for (name, help, counter) in [
            (
                "kafka_connect_task_error_total_record_failures",
                "Failures of records.",
                &errors.failures,
            ),
            (
                "kafka_connect_task_error_total_record_errors",
                "Records with errors.",
                &errors.errors,
            ),
            (
                "kafka_connect_task_error_total_records_skipped",
                "Records left out.",
                &errors.skipped,
            ),
            ("kafka_connect_task_error_total_retries", "Operations tried again.", &errors.retries),
            (
                "kafka_connect_task_error_total_errors_logged",
                "Errors written to the log.",
                &errors.logged,
            ),
            (
                "kafka_connect_task_error_deadletterqueue_produce_requests",
                "Records to be written to the dead letter queue.",
                &errors.dead_letters,
            ),
            (
                "kafka_connect_task_error_deadletterqueue_produce_failures",
                "Records that could not be written to the dead letter queue.",
                &errors.dead_letter_failures,
            ),
        ] {
            self.counter(name, help, id, counter);
        }
        self.gauge(
            "kafka_connect_task_error_last_error_timestamp",
            "Time of the last error, in milliseconds since 1970.",
            id,
            errors.last_millis.read() as f64,
        );
    }

    fn window(
        &mut self,
        names: [&'static str; 2],
        help: &'static str,
        id: &TaskId,
        window: &Window,
    ) {
        if let Some((mean, max)) = window.mean_and_max() {
            self.gauge(names[0], help, id, mean);
            self.gauge(names[1], help, id, max);
        }
    }

    fn gauge(&mut self, name: &'static str, help: &'static str, id: &TaskId, value: f64) {
        let index = self.gauges.iter().position(|it| it.0 == name).unwrap_or_else(|| {
            let made = GaugeVec::new(Opts::new(name, help), &LABELS);
            self.gauges.push((name, made.expect("the name is a valid one")));
            self.gauges.len() - 1
        });
        self.gauges[index].1.with_label_values(&[&*id.connector, &*id.task.to_string()]).set(value);
    }

    fn counter(&mut self, name: &'static str, help: &'static str, id: &TaskId, counter: &Counter) {
        let index = self.counters.iter().position(|it| it.0 == name).unwrap_or_else(|| {
            let made = CounterVec::new(Opts::new(name, help), &LABELS);
            self.counters.push((name, made.expect("the name is a valid one")));
            self.counters.len() - 1
        });
        let labels = [&*id.connector, &*id.task.to_string()];
        self.counters[index].1.with_label_values(&labels).inc_by(counter.read() as f64);
    }

    fn status(&mut self, id: &TaskId, state: &'static str) {
        let status = self.status.get_or_insert_with(|| {
            let opts =
                Opts::new("kafka_connect_connector_status", "1 for the state that the task is in.");
            GaugeVec::new(opts, &["connector", "task", "status"]).expect("the name is a valid one")
        });
        status.with_label_values(&[&*id.connector, &*id.task.to_string(), state]).set(1.0);
    }

    fn collected(self) -> Vec<MetricFamily> {
        let gauges = self.gauges.into_iter().map(|it| it.1).chain(self.status);
        let counters = self.counters.into_iter().flat_map(|it| it.1.collect());
        gauges.flat_map(|it| it.collect()).chain(counters).collect()
    }
}

#[cfg(test)]
mod tests {
    use prometheus::{Registry, TextEncoder};

    use super::*;
    use crate::metrics::TaskState;

    fn exposition(registry: &Registry) -> String {
        TextEncoder::new().encode_to_string(&registry.gather()).expect("text")
    }

    #[test]
    fn a_task_shows_under_connect_s_names_until_it_ends() {
        let board = Arc::new(Board::default());
        let registry = Registry::new();
        registry.register(Box::new(TaskCollector::new(Arc::clone(&board)))).expect("new");
        let (id, stats) = (TaskId::new("orders", 3), Arc::new(TaskStats::new(true)));
        board.show(&id, &stats);
        stats.enter(TaskState::Running);
        stats.records_in.add(500);
        stats.batch_time.add(2.5);
        let text = exposition(&registry);
        for line in [
            r#"kafka_connect_sink_task_sink_record_read_total{connector="orders",task="3"} 500"#,
            r#"kafka_connect_sink_task_put_batch_avg_time_ms{connector="orders",task="3"} 2.5"#,
            r#"kafka_connect_connector_status{connector="orders",status="running",task="3"} 1"#,
            r#"kafka_connect_task_error_total_record_failures{connector="orders",task="3"} 0"#,
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        board.hide(&id, &Arc::default());
        assert!(!exposition(&registry).is_empty(), "another task's end takes nothing away");
        board.hide(&id, &stats);
        assert_eq!(exposition(&registry), "");
    }

    #[test]
    fn tasks_left_behind_show_until_they_end() {
        let board = Arc::new(Board::default());
        let registry = Registry::new();
        registry.register(Box::new(TaskCollector::new(Arc::clone(&board)))).expect("new");
        let id = TaskId::new("stuck", 0);
        board.left_behind(&id);
        let line = r#"sluice_engine_tasks_left_behind{connector="stuck",task="0"} 1"#;
        assert!(exposition(&registry).contains(line));
        board.caught_up(&id);
        assert!(!exposition(&registry).contains(line));
    }
}
