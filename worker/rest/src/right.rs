//! What a request takes, in the words of Kubernetes' access control: a verb and a resource of the group `sluice.dev`.
//! The routes say it of each operation, and `docs/rest.md` has the same table.

use sluice_rest_model::AccessRight;

/// A verb on a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Right {
    pub(crate) verb: Verb,
    pub(crate) resource: Resource,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    List,
    Create,
    Update,
    Patch,
    Delete,
}

/// What it is done to: of connectors the one that the path names, else the whole cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource {
    Cluster,
    Loggers,
    Connectors,
    Offsets,
    Restart,
    State,
    Topics,
    Validation,
}

impl Right {
    /// Whether it changes nothing, and reaches nothing but the workers.
    pub(crate) const fn only_reads(self) -> bool {
        matches!(self.verb, Verb::Get | Verb::List)
    }

    /// The right to the connector of that name, or to the cluster if it is not about connectors.
    pub(crate) fn of(self, connector: Option<&str>, cluster: &str) -> AccessRight {
        let (resource, subresource) = self.resource.name();
        let is_of_cluster = matches!(self.resource, Resource::Cluster | Resource::Loggers);
        let name = if is_of_cluster { cluster } else { connector.unwrap_or_default() };
        AccessRight {
            verb: self.verb.name().to_owned(),
            resource: resource.to_owned(),
            subresource: subresource.map(str::to_owned),
            name: name.to_owned(),
        }
    }

    /// What to do in place of a request where resources say what is.
    pub(crate) const fn in_place(self) -> &'static str {
        match (self.resource, self.verb) {
            (Resource::Connectors, Verb::Create) => "create a KafkaConnector",
            (Resource::Connectors, Verb::Delete) => "delete its KafkaConnector",
            (Resource::Connectors, _) => "change spec.config of its KafkaConnector",
            (Resource::Offsets, _) => "create a KafkaConnectorOffsets",
            (Resource::Restart, _) => "annotate its KafkaConnector with sluice.dev/restart",
            (Resource::State, _) => "set spec.state of its KafkaConnector",
            (Resource::Loggers, _) => "set spec.logging of the KafkaConnect",
            (Resource::Validation, _) => "create a KafkaConnector, whose condition has the answer",
            (Resource::Topics | Resource::Cluster, _) => "ask whoever owns the KafkaConnect",
        }
    }
}

impl Verb {
    /// As rules of roles have it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }
}

impl Resource {
    /// As rules of roles have it, with what comes after a slash apart.
    pub(crate) const fn name(self) -> (&'static str, Option<&'static str>) {
        const CONNECTORS: &str = "kafkaconnectors";
        match self {
            Self::Cluster => ("kafkaconnects", None),
            Self::Loggers => ("kafkaconnects", Some("loggers")),
            Self::Connectors => (CONNECTORS, None),
            Self::Offsets => (CONNECTORS, Some("offsets")),
            Self::Restart => (CONNECTORS, Some("restart")),
            Self::State => (CONNECTORS, Some("state")),
            Self::Topics => (CONNECTORS, Some("topics")),
            Self::Validation => (CONNECTORS, Some("validation")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use crate::{operation::Asker, routes};

    /// The lines of the table in `docs/rest.md`.
    fn table() -> String {
        let mut lines = String::new();
        for route in routes::regular().iter().chain(&routes::admin()) {
            for operation in &route.operations {
                let (method, path) = (&operation.method, route.path);
                match operation.right {
                    Some(right) => {
                        let (resource, sub) = right.resource.name();
                        let sub = sub.map(|it| format!("/{it}")).unwrap_or_default();
                        let verb = right.verb.name();
                        writeln!(lines, "| `{method} {path}` | {verb} | {resource}{sub} |")
                            .unwrap();
                    }
                    None => assert_eq!(operation.asker, Asker::Worker, "{method} {path}"),
                }
            }
        }
        lines
    }

    #[test]
    fn each_operation_takes_the_right_that_the_page_says() {
        let page = include_str!("../../../docs/rest.md");
        let table = table();
        assert!(page.contains(&table), "docs/rest.md needs these lines:\n{table}");
    }

    #[test]
    fn what_only_reads_is_asked_with_get_and_the_other_way_round() {
        for route in routes::regular().iter().chain(&routes::admin()) {
            for operation in &route.operations {
                let Some(right) = operation.right else { continue };
                assert_eq!(right.only_reads(), operation.method == "GET", "{}", route.path);
            }
        }
    }
}
