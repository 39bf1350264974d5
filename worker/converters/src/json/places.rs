//! Which member of an object has a name: of those with one name the last value counts, at the place of the first.

use std::collections::HashMap;

/// So many members are searched one by one.
const FEW: usize = 16;

/// Finds names among members read so far. Many members are indexed: no text makes reading it quadratic.
#[derive(Default)]
pub(super) struct Places(Option<HashMap<Box<str>, usize>>);

impl Places {
    /// The place of a name among `members`, which has only grown since the last call.
    pub(super) fn find<T>(
        &mut self,
        members: &[T],
        name: &str,
        name_of: impl Fn(&T) -> &str,
    ) -> Option<usize> {
        if members.len() <= FEW {
            return members.iter().position(|it| name_of(it) == name);
        }
        let index = self.0.get_or_insert_default();
        for (place, member) in members.iter().enumerate().skip(index.len()) {
            index.insert(name_of(member).into(), place);
        }
        index.get(name).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_are_found() {
        let (mut places, mut members) = (Places::default(), Vec::new());
        for place in 0..3 * FEW {
            let name = place.to_string();
            assert_eq!(places.find(&members, &name, |it: &String| it), None);
            members.push(name);
            let found = members.iter().map(|it| places.find(&members, it, |it| it));
            assert!(found.eq((0..members.len()).map(Some)));
        }
    }
}
