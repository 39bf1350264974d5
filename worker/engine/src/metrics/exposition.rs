//! What Prometheus gets when it asks: the groups of all tasks that are there, and of the worker what tasks make of it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Instant,
};

use prometheus::{
    CounterVec, GaugeVec, Opts,
    core::{Collector, Desc},
    proto::MetricFamily,
};

use super::{
    Board, Described, Group, Startups, TaskState, TaskStats, lock,
    plugins::Class,
    tasks::{self, Seen},
    worker::{CONNECTOR, WORKER, Worker},
};
use crate::task::TaskId;

/// A figure of each task that Kafka Connect does not have.
struct Own {
    name: &'static str,
    help: &'static str,
    read: fn(&TaskStats) -> f64,
}

const OWN: [Own; 2] = [
    Own {
        name: "sluice_engine_task_cpu_seconds_total",
        help: "Processor time of the task's own threads; a producer's are not in it.",
        read: |it| it.processor.seconds(),
    },
    Own {
        name: "sluice_engine_task_bytes_total",
        help: "Bytes of keys and values read from Kafka, or made for it.",
        read: |it| it.bytes.read() as f64,
    },
];

const LEFT_BEHIND: &str = "sluice_engine_tasks_left_behind";
const LEFT_BEHIND_HELP: &str = "Threads of tasks that did not stop in time and still run.";

/// Shows the board to Prometheus.
#[derive(Debug)]
pub(crate) struct TaskCollector {
    board: Arc<Board>,
    startups: Arc<Startups>,
    descriptions: Vec<Desc>,
}

impl TaskCollector {
    /// Over the tasks of `board`.
    pub(crate) fn new(board: Arc<Board>, startups: Arc<Startups>) -> Self {
        // Families come and go with the tasks; one that is always the same stands for them all.
        let labels = tasks::TAGS.iter().map(|it| (*it).to_owned()).collect();
        let own =
            Desc::new(LEFT_BEHIND.to_owned(), LEFT_BEHIND_HELP.to_owned(), labels, HashMap::new());
        Self { board, startups, descriptions: own.into_iter().collect() }
    }

    fn left_behind(&self) -> Vec<MetricFamily> {
        let Ok(gauge) = GaugeVec::new(Opts::new(LEFT_BEHIND, LEFT_BEHIND_HELP), tasks::TAGS) else {
            return Vec::new();
        };
        for (id, count) in &*lock(&self.board.left_behind) {
            gauge.with_label_values(&[&*id.connector, &*id.task.to_string()]).set(*count as f64);
        }
        gauge.collect()
    }
}

impl Collector for TaskCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        // A copy, so that tasks start and end while names are put on.
        let shown: Vec<Shown> = lock(&self.board.tasks)
            .iter()
            .map(|(id, stats)| {
                let stats = Arc::clone(stats);
                Shown { id: id.clone(), number: id.task.to_string(), stats }
            })
            .collect();
        let now = Instant::now();
        let mut families = of_tasks(&shown, now);
        families.extend(of_plugins(&shown));
        families.extend(of_consumers(&shown));
        families.extend(of_connectors(&shown));
        let worker = Worker { tasks: shown.len(), startups: Arc::clone(&self.startups), now };
        families.extend(WORKER.families(&[(Vec::new(), worker)]));
        families.extend(OWN.iter().flat_map(|it| it.families(&shown)));
        families.extend(self.left_behind());
        families
    }
}

impl Own {
    fn families(&self, shown: &[Shown]) -> Vec<MetricFamily> {
        let counter = CounterVec::new(Opts::new(self.name, self.help), tasks::TAGS);
        let Ok(counter) = counter else { return Vec::new() };
        for task in shown {
            counter.with_label_values(&task.tags()).inc_by((self.read)(&task.stats));
        }
        if shown.is_empty() { Vec::new() } else { counter.collect() }
    }
}

struct Shown {
    id: TaskId,
    number: String,
    stats: Arc<TaskStats>,
}

impl Shown {
    fn tags(&self) -> Vec<&str> {
        vec![&self.id.connector, &self.number]
    }
}

fn of_tasks(shown: &[Shown], now: Instant) -> Vec<MetricFamily> {
    let of = |group: &Group<Seen>, is_meant: fn(&TaskStats) -> bool| {
        let meant = shown.iter().filter(|it| is_meant(&it.stats));
        let seen = |it: &Shown| Seen { stats: Arc::clone(&it.stats), now };
        group.families(&meant.map(|it| (it.tags(), seen(it))).collect::<Vec<_>>())
    };
    [
        of(&tasks::TASK, |_| true),
        of(&tasks::SOURCE, |it| !it.is_sink),
        of(&tasks::TRANSACTIONS, TaskStats::has_transactions),
        of(&tasks::SINK, |it| it.is_sink),
        of(&tasks::ERRORS, |_| true),
    ]
    .concat()
}

fn of_plugins(shown: &[Shown]) -> Vec<MetricFamily> {
    let of = |group: &Group<Class>, classes: fn(&TaskStats) -> &BTreeMap<String, Class>| {
        let mut subjects = Vec::new();
        for task in shown {
            for (alias, class) in classes(&task.stats) {
                subjects.push(([task.tags(), vec![alias.as_str()]].concat(), class.clone()));
            }
        }
        group.families(&subjects)
    };
    let transforms = of(&tasks::TRANSFORM, |it| &it.plugins.transforms);
    let predicates = of(&tasks::PREDICATE, |it| &it.plugins.predicates);
    [transforms, predicates].concat()
}

fn of_consumers(shown: &[Shown]) -> Vec<MetricFamily> {
    let consumers: Vec<_> = shown.iter().filter_map(|it| it.stats.consumer.get()).collect();
    let subjects = consumers.iter().map(|it| (vec![it.client_id()], Arc::clone(it)));
    tasks::CONSUMER.families(&subjects.collect::<Vec<_>>())
}

fn of_connectors(shown: &[Shown]) -> Vec<MetricFamily> {
    let mut connectors = BTreeMap::<&str, Vec<TaskState>>::new();
    for task in shown {
        connectors.entry(&task.id.connector).or_default().push(task.stats.state());
    }
    let subjects = connectors.into_iter().map(|(name, states)| (vec![name], states));
    CONNECTOR.families(&subjects.collect::<Vec<_>>())
}

/// Every attribute that tasks have or that the worker has of them, for people.
pub fn described() -> Vec<Described> {
    [
        tasks::TASK.describe(),
        tasks::SOURCE.describe(),
        tasks::TRANSACTIONS.describe(),
        tasks::SINK.describe(),
        tasks::ERRORS.describe(),
        tasks::CONSUMER.describe(),
        tasks::TRANSFORM.describe(),
        tasks::PREDICATE.describe(),
        WORKER.describe(),
        CONNECTOR.describe(),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use prometheus::{Registry, TextEncoder};

    use super::*;
    use crate::metrics::{SampleWindow, TaskPlugins};

    fn exposition(board: &Arc<Board>, startups: &Arc<Startups>) -> String {
        let registry = Registry::new();
        let collector = TaskCollector::new(Arc::clone(board), Arc::clone(startups));
        registry.register(Box::new(collector)).expect("new");
        TextEncoder::new().encode_to_string(&registry.gather()).expect("text")
    }

    fn task(is_sink: bool, startups: &Arc<Startups>) -> Arc<TaskStats> {
        let class = |name: &str| Class { name: name.to_owned(), version: "1" };
        let plugins = TaskPlugins {
            connector: class("Orders"),
            transforms: [("route".to_owned(), class("Router"))].into(),
            predicates: [("all".to_owned(), class("Always"))].into(),
            ..TaskPlugins::default()
        };
        Arc::new(TaskStats::new(is_sink, plugins, SampleWindow::default(), startups))
    }

    #[test]
    fn a_task_shows_under_connect_s_names_until_it_ends() {
        let (board, startups) = <(Arc<Board>, Arc<Startups>)>::default();
        let (id, stats) = (TaskId::new("orders", 3), task(true, &startups));
        board.show(&id, &stats);
        stats.enter(TaskState::Running);
        stats.records_in.add(500);
        stats.bytes.add(4096);
        stats.batch_time.add(2.5);
        stats.committed(true, Duration::from_millis(4));
        stats.committed(false, Duration::from_millis(400));
        let text = exposition(&board, &startups);
        for (name, labels, value) in [
            ("kafka_connect_sink_task_sink_record_read_total", "", "500"),
            ("kafka_connect_sink_task_metrics_sink_record_read_total", "", "500"),
            ("kafka_connect_sink_task_put_batch_avg_time_ms", "", "2.5"),
            ("kafka_connect_sink_task_offset_commit_completion_total", "", "1"),
            ("kafka_connect_connector_task_offset_commit_max_time_ms", "", "4"),
            ("kafka_connect_connector_task_offset_commit_success_percentage", "", "0.5"),
            ("kafka_connect_connector_task_batch_size_max", "", "NaN"),
            ("kafka_connect_task_error_total_record_failures", "", "0"),
            ("sluice_engine_task_bytes_total", "", "4096"),
            ("sluice_engine_task_cpu_seconds_total", "", "0"),
            (
                "kafka_connect_connector_transform_metrics_transform_class_info",
                ",transform=\"route\",transform_class=\"Router\"",
                "1",
            ),
        ] {
            let line = format!("{name}{{connector=\"orders\",task=\"3\"{labels}}} {value}\n");
            assert!(text.contains(&line), "{line} is not in\n{text}");
        }
        for line in [
            r#"kafka_connect_connector_status{connector="orders",status="running",task="3"} 1"#,
            r#"kafka_connect_connector_task_status{connector="orders",status="running",task="3"} 1"#,
            r#"kafka_connect_connector_task_metrics_connector_class_info{connector="orders",connector_class="Orders",task="3"} 1"#,
            r#"predicate_class_info{connector="orders",predicate="all",predicate_class="Always",task="3"} 1"#,
            r#"kafka_connect_worker_connector_running_task_count{connector="orders"} 1"#,
            "kafka_connect_worker_task_count 1",
            "kafka_connect_worker_task_startup_success_total 1",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("source_task"), "{text}");
        board.hide(&id, &Arc::default());
        let another_s_end = exposition(&board, &startups);
        assert!(another_s_end.contains("orders"), "another task's end takes nothing away");
        board.hide(&id, &stats);
        assert!(!exposition(&board, &startups).contains("orders"));
    }

    #[test]
    fn a_task_that_runs_again_was_started_once() {
        let startups = Arc::<Startups>::default();
        let stats = task(false, &startups);
        stats.enter(TaskState::Paused);
        assert_eq!((startups.successes(), startups.failures()), (0.0, 0.0));
        for state in [TaskState::Running, TaskState::Paused, TaskState::Running, TaskState::Failed]
        {
            stats.enter(state);
        }
        task(false, &startups).enter(TaskState::Failed);
        assert_eq!((startups.successes(), startups.failures()), (1.0, 1.0));
    }

    #[test]
    fn tasks_left_behind_show_until_they_end() {
        let (board, startups) = <(Arc<Board>, Arc<Startups>)>::default();
        let id = TaskId::new("stuck", 0);
        board.left_behind(&id);
        let line = r#"sluice_engine_tasks_left_behind{connector="stuck",task="0"} 1"#;
        assert!(exposition(&board, &startups).contains(line));
        board.caught_up(&id);
        assert!(!exposition(&board, &startups).contains(line));
    }
}
