//! Which client settings connectors may override: `connector.client.config.override.policy`.

use crate::{
    Properties,
    parsed::{list, trim},
};

const POLICY: &str = "connector.client.config.override.policy";
const ALLOWLIST: &str = "connector.client.config.override.allowlist";

/// A worker's policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OverridePolicy {
    /// All settings.
    All,
    /// None.
    None,
    /// Those of the client's user.
    Principal,
    /// Those that the worker file lists.
    Allowlist(Vec<String>),
}

impl OverridePolicy {
    /// The policy of a worker file, by its short name or its Java class.
    pub fn parse(worker: &Properties) -> Result<Self, String> {
        let Some(given) = worker.get(POLICY).map(|it| trim(it)) else { return Ok(Self::All) };
        let short =
            given.strip_prefix("org.apache.kafka.connect.connector.policy.").unwrap_or(given);
        let short = short.strip_suffix("ConnectorClientConfigOverridePolicy").unwrap_or(short);
        Ok(match short {
            "All" => Self::All,
            "None" => Self::None,
            "Principal" => Self::Principal,
            "Allowlist" => {
                Self::Allowlist(worker.get(ALLOWLIST).map(|it| list(it)).unwrap_or_default())
            }
            _ => {
                return Err(format!(
                    "Invalid value {given} for configuration {POLICY}: known are All, None, Principal and Allowlist"
                ));
            }
        })
    }

    /// Java's words about a setting that may not be overridden; none if it may.
    pub fn refusal(&self, setting: &str) -> Option<String> {
        let (name, is_allowed) = match self {
            Self::All => return None,
            Self::None => ("None", false),
            Self::Principal => {
                let allowed = ["sasl.jaas.config", "sasl.mechanism", "security.protocol"];
                ("Principal", allowed.contains(&setting))
            }
            Self::Allowlist(allowed) => ("Allowlist", allowed.iter().any(|it| it == setting)),
        };
        (!is_allowed).then(|| {
            format!(
                "The '{name}' policy does not allow '{setting}' to be overridden in the connector configuration."
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_allow_what_they_are_named_for() {
        let list = ("connector.client.config.override.allowlist", "acks, linger.ms");
        for (policy, allowed, refused) in [
            (None, vec!["acks", "sasl.mechanism"], vec![]),
            (Some("All"), vec!["acks"], vec![]),
            (Some("None"), vec![], vec!["acks", "sasl.mechanism"]),
            (Some("Principal"), vec!["sasl.mechanism", "sasl.jaas.config"], vec!["acks"]),
            (
                Some(
                    "org.apache.kafka.connect.connector.policy.AllowlistConnectorClientConfigOverridePolicy",
                ),
                vec!["acks", "linger.ms"],
                vec!["sasl.mechanism"],
            ),
        ] {
            let given = policy.map(|it| (POLICY, it)).into_iter().chain([list]);
            let worker = given.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
            let parsed = OverridePolicy::parse(&worker).unwrap();
            for key in allowed {
                assert_eq!(parsed.refusal(key), None, "{policy:?}");
            }
            for key in refused {
                let told = parsed.refusal(key).unwrap();
                assert!(told.contains("policy does not allow"), "{told}");
            }
        }
        let worker = Properties::from([(POLICY.to_owned(), "Some".to_owned())]);
        assert!(OverridePolicy::parse(&worker).is_err());
    }
}
