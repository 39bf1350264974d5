//! Which topics a sink reads: a list, or a pattern that is looked at again and again.
//!
//! Patterns are Java's and match whole names, so they are resolved here and not by the client.

use std::{sync::Arc, time::Duration};

use sluice_plugin::{Properties, config::regex};
use tokio::time::{Instant, sleep_until};

use crate::{
    clients::{Pending, Topics},
    settings::{SettingsError, millis},
    trace::Failure,
};

/// Wait after a look that failed.
const RETRY: Duration = Duration::from_secs(5);

/// A pattern of `java.util.regex`, matched against whole names.
#[derive(Debug)]
pub(crate) struct JavaRegex(regex::JavaRegex);

impl JavaRegex {
    /// Compiles a pattern.
    pub(crate) fn new(pattern: &str) -> Result<Self, Failure> {
        regex::JavaRegex::new(pattern).map(Self).map_err(|error| {
            Failure::of("java.util.regex.PatternSyntaxException", error.to_string())
        })
    }

    /// Whether the whole name matches. A pattern that takes too long to decide does not.
    pub(crate) fn matches(&self, name: &str) -> bool {
        self.0.matches(name).unwrap_or_else(|error| {
            tracing::warn!(%error, "a topic is left out");
            false
        })
    }
}

/// The topics of a sink task.
pub(crate) enum Subscription {
    /// `topics`.
    List { topics: Vec<String>, is_told: bool },
    /// `topics.regex`.
    Pattern(Box<Watch>),
}

/// A pattern with what it matched last.
pub(crate) struct Watch {
    pattern: JavaRegex,
    interval: Duration,
    cluster: Arc<dyn Topics>,
    looking: Option<Pending<Vec<String>>>,
    next_look: Instant,
    matched: Vec<String>,
}

impl Subscription {
    /// Reads `topics` and `topics.regex`, of which exactly one must be set. `consumer` are the consumer's settings.
    pub(crate) fn parse(
        task: &Properties,
        consumer: &Properties,
        cluster: impl FnOnce() -> Result<Arc<dyn Topics>, Failure>,
    ) -> Result<Self, Failure> {
        let of = |key| task.get(key).map(|it| it.trim()).filter(|it| !it.is_empty());
        match (of("topics"), of("topics.regex")) {
            (Some(list), None) => {
                let names = list.split(',').map(str::trim).filter(|it| !it.is_empty());
                let mut topics: Vec<String> = names.map(str::to_owned).collect();
                topics.sort_unstable();
                topics.dedup();
                Ok(Self::List { topics, is_told: false })
            }
            (None, Some(pattern)) => Ok(Self::Pattern(Box::new(Watch {
                pattern: JavaRegex::new(pattern)?,
                interval: millis(consumer, "metadata.max.age.ms", 300_000)?,
                cluster: cluster()?,
                looking: None,
                next_look: Instant::now(),
                matched: Vec::new(),
            }))),
            (None, None) => Err(invalid("Must configure one of topics or topics.regex")),
            (Some(_), Some(_)) => Err(invalid(
                "topics and topics.regex are mutually exclusive options, but both are set.",
            )),
        }
    }

    /// The topics as they are now.
    pub(crate) async fn present(self) -> Result<Vec<String>, Failure> {
        match self {
            Self::List { topics, .. } => Ok(topics),
            Self::Pattern(watch) => {
                let Watch { pattern, cluster, .. } = *watch;
                let mut names = cluster.names().await?;
                names.retain(|it| pattern.matches(it));
                Ok(names)
            }
        }
    }

    /// Returns the topics to subscribe to, once for each time that they change. Cancel-safe.
    pub(crate) async fn changed(&mut self) -> Vec<String> {
        match self {
            Self::List { is_told: true, .. } => std::future::pending().await,
            Self::List { topics, is_told } => {
                *is_told = true;
                topics.clone()
            }
            Self::Pattern(watch) => watch.changed().await,
        }
    }
}

impl Watch {
    async fn changed(&mut self) -> Vec<String> {
        loop {
            if self.looking.is_none() {
                sleep_until(self.next_look).await;
                let cluster = Arc::clone(&self.cluster);
                self.looking = Some(Box::pin(async move { cluster.names().await }));
            }
            let Some(looking) = &mut self.looking else { continue };
            let found = looking.await;
            self.looking = None;
            match found {
                Ok(mut names) => {
                    self.next_look = Instant::now() + self.interval;
                    names.retain(|it| self.pattern.matches(it));
                    names.sort_unstable();
                    if names != self.matched {
                        self.matched.clone_from(&names);
                        return names;
                    }
                }
                Err(error) => {
                    self.next_look = Instant::now() + self.interval.min(RETRY);
                    tracing::warn!(%error, "the topics of topics.regex could not be looked up");
                }
            }
        }
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        invalid(&error.to_string())
    }
}

fn invalid(message: &str) -> Failure {
    Failure::of("org.apache.kafka.common.config.ConfigException", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::fake::FakeTopics;

    #[test]
    fn patterns_match_whole_names_as_java_s_do() {
        for (pattern, name, expected) in [
            ("orders", "orders", true),
            ("orders", "orders-old", false),
            ("a|ab", "ab", true),
            ("orders-.*", "orders-eu", true),
            ("(?!_).*", "_internal", false),
            ("(?!_).*", "orders", true),
            ("(a)\\1", "aa", true),
            ("[^.]+\\.prod", "shop.prod", true),
        ] {
            let regex = JavaRegex::new(pattern).expect("a pattern");
            assert_eq!(regex.matches(name), expected, "{pattern} on {name}");
        }
        assert!(JavaRegex::new("(").is_err());
    }

    #[test]
    fn exactly_one_of_the_keys_names_topics() {
        for (entries, expected) in [
            (vec![("topics", "b, a,b")], Ok(Some(vec!["a", "b"]))),
            (vec![("topics.regex", "a.*")], Ok(None)),
            (vec![("topics", "")], Err("Must configure one of topics or topics.regex")),
            (
                vec![("topics", "a"), ("topics.regex", "b")],
                Err("topics and topics.regex are mutually exclusive options, but both are set."),
            ),
        ] {
            let task = entries.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            let parsed = Subscription::parse(&task, &Properties::new(), || Ok(FakeTopics::of(&[])));
            match (parsed, expected) {
                (Ok(Subscription::List { topics, .. }), Ok(Some(expected))) => {
                    assert_eq!(topics, expected);
                }
                (Ok(Subscription::Pattern(_)), Ok(None)) => {}
                (Err(failure), Err(expected)) => assert!(failure.to_string().ends_with(expected)),
                (_, expected) => panic!("not {expected:?} of {entries:?}"),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pattern_is_looked_at_again() {
        let cluster = FakeTopics::of(&["a1", "b"]);
        let task = [("topics.regex".to_owned(), "a.".to_owned())].into();
        let consumer = [("metadata.max.age.ms".to_owned(), "1000".to_owned())].into();
        let known: Arc<dyn Topics> = Arc::clone(&cluster) as _;
        let mut subscription = Subscription::parse(&task, &consumer, || Ok(known)).expect("valid");
        assert_eq!(subscription.changed().await, ["a1"]);
        cluster.add("c");
        let waited = tokio::time::timeout(Duration::from_secs(10), subscription.changed()).await;
        assert!(waited.is_err(), "nothing that matches has changed");
        cluster.add("a2");
        assert_eq!(subscription.changed().await, ["a1", "a2"]);
    }
}
