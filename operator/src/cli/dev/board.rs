//! What is known about a run at one moment, and how it is shown: a table, or a line for each change.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::follow::Update;

/// A resource in front of the user.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Row {
    /// KafkaConnect or KafkaConnector.
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) is_ready: bool,
    pub(super) was_ready: bool,
    /// Why it is or is not ready, in one word.
    pub(super) reason: String,
    /// Ready workers or running tasks, of all.
    pub(super) parts: String,
    pub(super) message: String,
    records: Option<f64>,
    per_second: f64,
}

/// All resources, clusters first.
#[derive(Debug, Default)]
pub(super) struct Board(pub(super) Vec<Row>);

impl Board {
    pub(super) fn add(&mut self, kind: &'static str, name: &str) {
        let reason = "Starting".to_owned();
        self.0.push(Row { kind, name: name.to_owned(), reason, ..Row::default() });
    }

    /// Takes an update; answers the row in words if it says something new about a resource.
    pub(super) fn take(&mut self, update: Update) -> Option<String> {
        match update {
            Update::Resource { kind, name, is_ready, reason, parts, message } => {
                let row = self.0.iter_mut().find(|row| row.kind == kind && row.name == name)?;
                let is_news =
                    row.is_ready != is_ready || row.reason != reason || row.parts != parts;
                row.is_ready = is_ready;
                row.was_ready |= is_ready;
                (row.reason, row.parts, row.message) = (reason, parts, message);
                is_news.then(|| row.sentence())
            }
            Update::Records { totals, seconds } => {
                self.count(&totals, seconds);
                None
            }
        }
    }

    /// Whether every resource has been ready at some time.
    pub(super) fn all_were_ready(&self) -> bool {
        self.0.iter().all(|row| row.was_ready)
    }

    pub(super) fn never_ready(&self) -> impl Iterator<Item = &Row> {
        self.0.iter().filter(|row| !row.was_ready)
    }

    /// Records of the connectors, in one line; nothing while nothing is counted.
    pub(super) fn rates(&self) -> Option<String> {
        let counted: Vec<String> = self
            .0
            .iter()
            .filter_map(|row| {
                let records = row.records?;
                Some(format!("{} {records:.0} records, {:.1}/s", row.name, row.per_second))
            })
            .collect();
        (!counted.is_empty()).then(|| counted.join("; "))
    }

    pub(super) fn table(&self) -> Vec<String> {
        let header = ["RESOURCE", "READY", "PARTS", "STATE", "RECORDS", "PER SECOND", ""];
        let mut cells = vec![header.map(str::to_owned)];
        cells.extend(self.0.iter().map(Row::cells));
        let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max();
        let widths: Vec<usize> = (0..6).map(|column| width(column).unwrap_or(0)).collect();
        let line = |row: &[String; 7]| {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                write!(line, "{cell:<width$}  ").expect("a String takes all");
            }
            line.push_str(&row[6]);
            line.trim_end().to_owned()
        };
        cells.iter().map(line).collect()
    }

    /// Counters begin again at zero in a worker that was started again, which is no negative rate.
    fn count(&mut self, totals: &BTreeMap<String, f64>, seconds: f64) {
        for row in self.0.iter_mut().filter(|row| row.kind == "KafkaConnector") {
            let Some(total) = totals.get(&row.name) else { continue };
            let before = row.records.unwrap_or(*total);
            if seconds > 0.0 {
                row.per_second = (total - before).max(0.0) / seconds;
            }
            row.records = Some(*total);
        }
    }
}

impl Row {
    /// The resource as kubectl names it.
    pub(super) fn title(&self) -> String {
        format!("{}/{}", self.kind.to_lowercase(), self.name)
    }

    pub(super) fn sentence(&self) -> String {
        let ready = if self.is_ready { "ready" } else { "not ready" };
        let message = if self.is_ready || self.message.is_empty() {
            String::new()
        } else {
            format!(": {}", self.message)
        };
        format!("{} {ready} ({}, {}){message}", self.title(), self.reason, self.parts)
    }

    fn cells(&self) -> [String; 7] {
        let records = self.records.map(|records| format!("{records:.0}"));
        let rate = self.records.map(|_| format!("{:.1}", self.per_second));
        [
            self.title(),
            if self.is_ready { "True" } else { "False" }.to_owned(),
            self.parts.clone(),
            self.reason.clone(),
            records.unwrap_or_default(),
            rate.unwrap_or_default(),
            if self.is_ready { String::new() } else { self.message.clone() },
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(kind: &'static str, name: &str, is_ready: bool, reason: &str) -> Update {
        Update::Resource {
            kind,
            name: name.to_owned(),
            is_ready,
            reason: reason.to_owned(),
            parts: "1/1".to_owned(),
            message: "because".to_owned(),
        }
    }

    fn board() -> Board {
        let mut board = Board::default();
        board.add("KafkaConnect", "a");
        board.add("KafkaConnector", "orders");
        board
    }

    #[test]
    fn only_news_is_told() {
        let mut board = board();
        let told = board.take(resource("KafkaConnector", "orders", false, "Starting"));
        assert_eq!(
            told.as_deref(),
            Some("kafkaconnector/orders not ready (Starting, 1/1): because")
        );
        assert_eq!(board.take(resource("KafkaConnector", "orders", false, "Starting")), None);
        let told = board.take(resource("KafkaConnector", "orders", true, "Running"));
        assert_eq!(told.as_deref(), Some("kafkaconnector/orders ready (Running, 1/1)"));
    }

    #[test]
    fn a_resource_that_was_ready_once_counts() {
        let mut board = board();
        board.take(resource("KafkaConnect", "a", true, "AllWorkersReady"));
        assert!(!board.all_were_ready());
        assert_eq!(board.never_ready().count(), 1);
        board.take(resource("KafkaConnector", "orders", true, "Running"));
        board.take(resource("KafkaConnector", "orders", false, "Unassigned"));
        assert!(board.all_were_ready());
    }

    #[test]
    fn rates_come_from_two_readings_and_never_fall_below_zero() {
        let mut board = board();
        let mut per_second = |total: f64| {
            let totals = BTreeMap::from([("orders".to_owned(), total)]);
            board.take(Update::Records { totals, seconds: 2.0 });
            board.rates().unwrap()
        };
        assert_eq!(per_second(10.0), "orders 10 records, 0.0/s");
        assert_eq!(per_second(30.0), "orders 30 records, 10.0/s");
        assert_eq!(per_second(4.0), "orders 4 records, 0.0/s");
    }

    #[test]
    fn the_table_has_a_line_for_each_resource() {
        let mut board = board();
        board.take(resource("KafkaConnector", "orders", true, "Running"));
        let totals = BTreeMap::from([("orders".to_owned(), 7.0)]);
        board.take(Update::Records { totals, seconds: 1.0 });
        assert_eq!(
            board.table(),
            [
                "RESOURCE               READY  PARTS  STATE     RECORDS  PER SECOND",
                "kafkaconnect/a         False         Starting",
                "kafkaconnector/orders  True   1/1    Running   7        0.0",
            ]
        );
    }
}
