//! A group in few bytes: enough to see that something of it has changed, for ten thousand connectors.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use sluice_rest_model::ConnectorStateInfo;

use super::Group;

/// Digest of a group, comparable with those of the same [`Digester`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Digest {
    connectors: HashMap<String, u64>,
    summary: u64,
}

/// Makes digests.
#[derive(Debug, Default)]
pub(super) struct Digester(RandomState);

impl Digester {
    pub(super) fn digest(&self, group: &Group) -> Digest {
        let one = |info: &ConnectorStateInfo| {
            self.0.hash_one(serde_json::to_string(info).unwrap_or_default())
        };
        let connectors = group.by_name().iter().map(|(name, info)| (name.clone(), one(info)));
        let summary =
            format!("{} {} {}", group.connectors(), group.tasks(), group.moving().next().is_some());
        Digest { connectors: connectors.collect(), summary: self.0.hash_one(summary) }
    }
}

impl Digest {
    /// Connectors of which something differs from an earlier look, and those that came or went.
    pub(super) fn changed<'a>(&'a self, earlier: &'a Self) -> Vec<&'a str> {
        let now = self.connectors.iter();
        let now = now.filter(|(name, digest)| earlier.connectors.get(*name) != Some(digest));
        let gone = earlier.connectors.keys().filter(|it| !self.connectors.contains_key(*it));
        let mut changed: Vec<&str> =
            now.map(|(name, _)| name).chain(gone).map(String::as_str).collect();
        changed.sort_unstable();
        changed
    }

    /// Whether what the status of the cluster tells of the group differs.
    pub(super) fn tells_other_than(&self, earlier: &Self) -> bool {
        self.summary != earlier.summary
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::group;
    use super::*;

    #[test]
    fn connectors_that_differ_come_or_go_are_named() {
        let digester = Digester::default();
        let before =
            [("a", "RUNNING", &["RUNNING"][..]), ("b", "RUNNING", &[]), ("d", "PAUSED", &[])];
        let before = digester.digest(&group(&before));
        let after =
            [("a", "RUNNING", &["FAILED"][..]), ("c", "RUNNING", &[]), ("d", "PAUSED", &[])];
        let after = digester.digest(&group(&after));
        assert_eq!(after.changed(&before), ["a", "b", "c"]);
        assert!(after.tells_other_than(&before));
        assert!(after.changed(&after).is_empty() && !after.tells_other_than(&after));
    }
}
