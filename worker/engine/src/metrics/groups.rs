//! Groups of metrics as tables, one row for each attribute of one of Connect's MBeans, and the names under which
//! Prometheus gets them: those of Strimzi's rules for the JMX exporter, and those of the exporter without rules.

use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};

/// The attributes of one of Connect's MBeans (`ConnectMetricsRegistry`), read from subjects of type `S`.
#[derive(Debug)]
pub struct Group<S: 'static> {
    /// Its `type`.
    pub name: &'static str,
    /// Names of its tags.
    pub tags: &'static [&'static str],
    /// Its attributes.
    pub attributes: &'static [Attribute<S>],
}

/// One attribute.
#[derive(Debug)]
pub struct Attribute<S> {
    name: &'static str,
    help: &'static str,
    read: Read<S>,
    aliases: &'static [&'static str],
}

#[derive(Debug)]
enum Read<S> {
    Total(fn(&S) -> f64),
    Value(fn(&S) -> f64),
    Text(for<'a> fn(&'a S) -> &'a str),
}

/// What an attribute is, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The group's name.
    pub group: &'static str,
    /// Names of its tags.
    pub tags: &'static [&'static str],
    /// The attribute's name.
    pub attribute: &'static str,
    /// What it tells.
    pub help: &'static str,
    /// Its names in Prometheus.
    pub names: Vec<String>,
}

impl<S> Attribute<S> {
    /// A number that only grows.
    pub const fn total(name: &'static str, help: &'static str, read: fn(&S) -> f64) -> Self {
        Self { name, help, read: Read::Total(read), aliases: &[] }
    }

    /// A number.
    pub const fn value(name: &'static str, help: &'static str, read: fn(&S) -> f64) -> Self {
        Self { name, help, read: Read::Value(read), aliases: &[] }
    }

    /// A text: for Prometheus a label of a metric that is always 1.
    pub const fn text(
        name: &'static str,
        help: &'static str,
        read: for<'a> fn(&'a S) -> &'a str,
    ) -> Self {
        Self { name, help, read: Read::Text(read), aliases: &[] }
    }

    /// The same under further names.
    #[must_use]
    pub(crate) const fn known_as(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    fn names(&self, group: &str) -> Vec<String> {
        let attribute = self.name.replace('-', "_");
        // Those of clients are of another domain than Connect's.
        if let Some(client) = group.strip_suffix("-metrics").filter(|it| *it == "consumer") {
            let names = [format!("kafka_{client}"), format!("kafka_{client}_{client}_metrics")];
            return names.map(|it| format!("{it}_{attribute}")).to_vec();
        }
        let long = format!("kafka_connect_{}_{attribute}", group.replace('-', "_"));
        let mut names = if matches!(self.read, Read::Text(_)) {
            vec![format!("{long}_info")]
        } else {
            let kind = group.strip_suffix("-metrics").unwrap_or(group);
            let kind = kind.strip_prefix("connect-").unwrap_or(kind).replace('-', "_");
            vec![format!("kafka_connect_{kind}_{attribute}"), long]
        };
        names.extend(self.aliases.iter().map(|it| (*it).to_owned()));
        names
    }

    fn metric(&self, mut labels: Vec<LabelPair>, subject: &S) -> Metric {
        let number = match self.read {
            Read::Total(read) | Read::Value(read) => read(subject),
            Read::Text(read) => {
                labels.push(label(&self.name.replace('-', "_"), read(subject)));
                1.0
            }
        };
        labels.sort_by(|left, right| left.name().cmp(right.name()));
        let mut metric = Metric::from_label(labels);
        if self.is_total() {
            let mut counter = Counter::default();
            counter.set_value(number);
            metric.set_counter(counter);
        } else {
            let mut gauge = Gauge::default();
            gauge.set_value(number);
            metric.set_gauge(gauge);
        }
        metric
    }

    const fn is_total(&self) -> bool {
        matches!(self.read, Read::Total(_))
    }
}

impl<S> Group<S> {
    /// What Prometheus gets of these subjects, each with the values of its tags.
    pub fn families(&self, subjects: &[(Vec<&str>, S)]) -> Vec<MetricFamily> {
        let mut families = Vec::new();
        if subjects.is_empty() {
            return families;
        }
        for attribute in self.attributes {
            let metric = |(tags, subject): &(Vec<&str>, S)| {
                let pairs = self.tags.iter().zip(tags);
                attribute.metric(pairs.map(|(name, value)| label(name, value)).collect(), subject)
            };
            let metrics: Vec<Metric> = subjects.iter().map(metric).collect();
            for name in attribute.names(self.name) {
                let mut family = MetricFamily::default();
                family.set_name(name);
                family.set_help(attribute.help.to_owned());
                family.set_field_type(if attribute.is_total() {
                    MetricType::COUNTER
                } else {
                    MetricType::GAUGE
                });
                family.set_metric(metrics.clone());
                families.push(family);
            }
        }
        families
    }

    /// Its attributes, for people.
    pub fn describe(&self) -> Vec<Described> {
        let described = |it: &Attribute<S>| Described {
            group: self.name,
            tags: self.tags,
            attribute: it.name,
            help: it.help,
            names: it.names(self.name),
        };
        self.attributes.iter().map(described).collect()
    }
}

fn label(name: &str, value: &str) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name(name.to_owned());
    pair.set_value(value.to_owned());
    pair
}

#[cfg(test)]
mod tests {
    use prometheus::TextEncoder;

    use super::*;

    #[test]
    fn names_are_those_in_the_wild() {
        const GROUP: Group<(f64, &str)> = Group {
            name: "connect-worker-metrics",
            tags: &["task", "connector"],
            attributes: &[
                Attribute::total("records-total", "Records.", |it| it.0),
                Attribute::value("lag-max", "Lag.", |it| -it.0),
                Attribute::text("task-class", "Class.", |it: &(f64, &str)| it.1)
                    .known_as(&["known"]),
            ],
        };
        let families = GROUP.families(&[(vec!["0", "a\"b"], (2.0, "C"))]);
        let text = TextEncoder::new().encode_to_string(&families).expect("text");
        let labels = r#"connector="a\"b",task="0""#;
        let expected = format!(
            "# HELP kafka_connect_worker_records_total Records.\n\
             # TYPE kafka_connect_worker_records_total counter\n\
             kafka_connect_worker_records_total{{{labels}}} 2\n\
             # HELP kafka_connect_connect_worker_metrics_records_total Records.\n\
             # TYPE kafka_connect_connect_worker_metrics_records_total counter\n\
             kafka_connect_connect_worker_metrics_records_total{{{labels}}} 2\n\
             # HELP kafka_connect_worker_lag_max Lag.\n\
             # TYPE kafka_connect_worker_lag_max gauge\n\
             kafka_connect_worker_lag_max{{{labels}}} -2\n\
             # HELP kafka_connect_connect_worker_metrics_lag_max Lag.\n\
             # TYPE kafka_connect_connect_worker_metrics_lag_max gauge\n\
             kafka_connect_connect_worker_metrics_lag_max{{{labels}}} -2\n\
             # HELP kafka_connect_connect_worker_metrics_task_class_info Class.\n\
             # TYPE kafka_connect_connect_worker_metrics_task_class_info gauge\n\
             kafka_connect_connect_worker_metrics_task_class_info{{{labels},task_class=\"C\"}} 1\n\
             # HELP known Class.\n# TYPE known gauge\nknown{{{labels},task_class=\"C\"}} 1\n"
        );
        assert_eq!(text, expected);
        assert!(GROUP.families(&[]).is_empty());
    }
}
