//! Which connectors the workers of a group have, as its leader knows it.
//!
//! In a group of workers of different kinds, a connector goes to one that has its class. A round of the group does not wait
//! for answers: of a worker that has not told yet, the best is expected.

use std::collections::{BTreeMap, BTreeSet};

use sluice_config::placeholder;

/// Connectors that workers have told of.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    /// What the classes of a worker can be called, by its URL.
    names: BTreeMap<String, BTreeSet<String>>,
}

impl Peers {
    /// Whether a worker has a class, as configurations name it.
    pub(crate) fn has(&self, url: &str, class: &str) -> bool {
        let class = class.trim();
        // The value of a placeholder is known on the worker alone.
        let may_be =
            |names: &BTreeSet<String>| names.contains(class) || placeholder::has_any(class);
        self.names.get(url).is_none_or(may_be)
    }

    /// Takes the full names of all connectors that a worker has. Whether it can run others of `wanted` than was known.
    pub(crate) fn learn<'a>(
        &mut self,
        url: &str,
        classes: &[String],
        wanted: impl Iterator<Item = &'a str> + Clone,
    ) -> bool {
        let before: Vec<bool> = wanted.clone().map(|it| self.has(url, it)).collect();
        let names = classes.iter().flat_map(|it| names(it)).map(str::to_owned).collect();
        self.names.insert(url.to_owned(), names);
        !wanted.map(|it| self.has(url, it)).eq(before)
    }

    /// Forgets all workers but these.
    pub(crate) fn retain(&mut self, urls: &BTreeSet<&str>) {
        self.names.retain(|url, _| urls.contains(&**url));
    }
}

/// What a connector of this class can be called (`PluginUtils.computeAliases`). That two may have one alias is for the
/// worker to find.
fn names(class: &str) -> impl Iterator<Item = &str> {
    let simple = class.rsplit(['.', '$']).next().unwrap_or(class);
    let pruned = simple.strip_suffix("Connector").filter(|it| !it.is_empty());
    [Some(class), Some(simple), pruned].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "http://a/";

    fn known(classes: &[&str]) -> Peers {
        let mut peers = Peers::default();
        let classes: Vec<String> = classes.iter().map(|it| (*it).to_owned()).collect();
        peers.learn(URL, &classes, std::iter::empty());
        peers
    }

    #[test]
    fn a_worker_has_what_it_told_under_any_of_its_names() {
        let peers = known(&["com.example.FileConnector", "com.example.Outer$Inner"]);
        for (class, expected) in [
            ("com.example.FileConnector", true),
            (" FileConnector ", true),
            ("File", true),
            ("Inner", true),
            ("com.example.File", false),
            ("Other", false),
            ("${env:CLASS}", true),
        ] {
            assert_eq!(peers.has(URL, class), expected, "{class}");
        }
        assert!(peers.has("http://b/", "Other"), "nothing is known of that one");
    }

    #[test]
    fn only_what_matters_to_the_work_is_news() {
        let mut peers = Peers::default();
        let wanted = || ["File", "Other"].into_iter();
        let all = ["a.FileConnector".to_owned(), "a.OtherConnector".to_owned()];
        assert!(!peers.learn(URL, &all, wanted()), "as expected");
        assert!(peers.learn(URL, &all[..1], wanted()), "less than expected");
        assert!(!peers.learn(URL, &all[..1], wanted()));
        assert!(peers.learn(URL, &all, wanted()), "more than before");
        peers.learn(URL, &[], wanted());
        peers.retain(&BTreeSet::from(["http://b/"]));
        assert!(peers.has(URL, "File"), "one that comes back is asked again");
    }
}
