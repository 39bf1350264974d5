//! Parameters of a schema, in the order in which they were set.

use std::sync::Arc;

/// Texts by name. The order is kept, because it shows in schemas as text; equality ignores it, as in Java.
#[derive(Debug, Clone, Default)]
pub struct Parameters(Vec<(Arc<str>, Arc<str>)>);

impl Parameters {
    /// None.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Sets one; a name that is set already keeps its place.
    pub fn set(&mut self, name: impl Into<Arc<str>>, value: impl Into<Arc<str>>) {
        let name = name.into();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value.into(),
            None => self.0.push((name, value.into())),
        }
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&Arc<str>> {
        self.0.iter().find(|(known, _)| **known == *name).map(|(_, value)| value)
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Arc<str>)> {
        self.0.iter().map(|(name, value)| (name, value))
    }
}

impl PartialEq for Parameters {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len()
            && self.iter().all(|(name, value)| other.get(name) == Some(value))
    }
}

impl<N: Into<Arc<str>>, V: Into<Arc<str>>> FromIterator<(N, V)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(entries: I) -> Self {
        let mut parameters = Self::new();
        for (name, value) in entries {
            parameters.set(name, value);
        }
        parameters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_kept_but_not_compared() {
        let forward = Parameters::from_iter([("b", "1"), ("a", "2")]);
        let backward = Parameters::from_iter([("a", "2"), ("b", "1")]);
        assert_eq!(forward, backward);
        assert_eq!(forward.iter().next().map(|(name, _)| &**name), Some("b"));
        assert_ne!(forward, Parameters::from_iter([("a", "2")]));
    }
}
