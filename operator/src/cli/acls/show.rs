//! Needs as commands and as a KafkaUser. Pure.

use std::fmt::Write as _;

use kube::ResourceExt;
use serde_json::{Value, json};
use sluice_crds::{AuthenticationType, KafkaConnect};

use super::needs::{Kind, Need, Operation};

impl Kind {
    const fn option(self) -> &'static str {
        match self {
            Self::Topic => "--topic",
            Self::Group => "--group",
            Self::TransactionalId => "--transactional-id",
        }
    }

    const fn of_user(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Group => "group",
            Self::TransactionalId => "transactionalId",
        }
    }
}

impl Operation {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Read => "Read",
            Self::Write => "Write",
            Self::Describe => "Describe",
            Self::DescribeConfigs => "DescribeConfigs",
            Self::Delete => "Delete",
        }
    }
}

/// One command a need.
pub(super) fn commands(needs: &[Need], principal: &str, bootstrap: &str) -> String {
    // A line break would end the comment.
    let shown = principal.replace(char::is_control, " ");
    let mut text = format!(
        "# What {shown} needs. ADMIN: options of kafka-acls.sh for whoever may grant it, such as\n\
         # ADMIN='--command-config admin.properties'.\n"
    );
    let bootstrap: String = bootstrap.split_whitespace().collect();
    for need in needs {
        let operations: String =
            need.operations.iter().map(|it| format!(" --operation {}", it.as_str())).collect();
        let pattern = if need.is_prefix { " --resource-pattern-type prefixed" } else { "" };
        let kind = need.kind.option();
        let [bootstrap, principal, name] =
            [bootstrap.as_str(), principal, need.name.as_str()].map(quoted);
        let _infallible = write!(
            text,
            "# {}\nkafka-acls.sh --bootstrap-server {bootstrap} $ADMIN --add --allow-principal {principal}{operations}{pattern} {kind} {name}\n",
            need.why.replace(char::is_control, " ")
        );
    }
    text
}

/// A word of a shell.
fn quoted(text: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "-._:,=/".contains(it);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A user of Strimzi's user operator.
pub(super) fn user(needs: &[Need], principal: &str, cluster: &KafkaConnect) -> Value {
    let acl = |need: &Need| {
        let pattern = if need.is_prefix { "prefix" } else { "literal" };
        let operations: Vec<&str> = need.operations.iter().map(|it| it.as_str()).collect();
        json!({
            "resource": {"type": need.kind.of_user(), "name": need.name, "patternType": pattern},
            "operations": operations,
        })
    };
    let acls: Vec<Value> = needs.iter().map(acl).collect();
    let name = principal.split_once(':').map_or(principal, |(_, name)| name);
    let name = name.strip_prefix("CN=").unwrap_or(name);
    let mut user = json!({
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "KafkaUser",
        "metadata": {"name": name},
        "spec": {"authorization": {"type": "simple", "acls": acls}},
    });
    if let Some(namespace) = cluster.namespace() {
        user["metadata"]["namespace"] = json!(namespace);
    }
    match cluster.spec.authentication.as_ref().map(|it| it.kind) {
        Some(AuthenticationType::Tls) => user["spec"]["authentication"] = json!({"type": "tls"}),
        Some(AuthenticationType::ScramSha512) => {
            user["spec"]["authentication"] = json!({"type": "scram-sha-512"});
        }
        _ => {}
    }
    user
}
