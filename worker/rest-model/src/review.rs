//! What a worker asks the operator about a client that shows a token, and the answer. Kafka Connect has nothing of the kind.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The path at which the operator is asked, by POST.
pub const REVIEW_PATH: &str = "/reviews";

/// The audience that a token for the REST API of a cluster has to be for, so that it is good nowhere else.
pub fn token_audience(namespace: &str, cluster: &str) -> String {
    format!("sluice.dev/{namespace}/{cluster}")
}

/// Who shows a token, and may it?
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessReview {
    /// Namespace of the worker's cluster.
    pub namespace: String,
    /// Name of the worker's cluster.
    pub cluster: String,
    /// What the client shows.
    pub token: String,
    /// What it takes; none if it is enough to be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub right: Option<AccessRight>,
}

/// A verb on a resource of the group `sluice.dev` in the cluster's namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessRight {
    /// Such as `update`.
    pub verb: String,
    /// Such as `kafkaconnectors`.
    pub resource: String,
    /// Such as `restart`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subresource: Option<String>,
    /// Name of the connector or cluster; empty for all.
    #[serde(default)]
    pub name: String,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessVerdict {
    /// Whose token it is; none if it is nobody's.
    pub user: Option<String>,
    /// Whether that user may.
    pub allowed: bool,
}

impl fmt::Debug for AccessReview {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "AccessReview of {}/{} {:?}", self.namespace, self.cluster, self.right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_shows_no_token_but_to_whom_it_is_asked() {
        let review = AccessReview {
            namespace: "shop".to_owned(),
            cluster: "my-connect".to_owned(),
            token: "hush".to_owned(),
            right: None,
        };
        assert!(!format!("{review:?}").contains("hush"));
        let text = serde_json::to_string(&review).unwrap();
        assert_eq!(text, r#"{"namespace":"shop","cluster":"my-connect","token":"hush"}"#);
        assert_eq!(serde_json::from_str::<AccessReview>(&text).unwrap(), review);
    }
}
