//! Changes gathered so that one statement writes many: by table, shape and action, in an order that keeps that of each key.

use std::{collections::HashMap, sync::Arc};

use super::shape::Shape;
use crate::Cell;

/// What one record does to its table.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// The record's place in the batch.
    pub(crate) record: usize,
    pub(crate) table: Arc<str>,
    pub(crate) shape: Arc<Shape>,
    pub(crate) action: Action,
    /// One cell for each column; those of the key alone where a row is deleted.
    pub(crate) cells: Vec<Cell>,
}

/// Kinds of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Write,
    Delete,
    Truncate,
}

/// Changes that one statement can make.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) table: Arc<str>,
    pub(crate) shape: Arc<Shape>,
    pub(crate) action: Action,
    /// Places in the list of changes.
    pub(crate) members: Vec<usize>,
}

impl Group {
    fn takes(&self, change: &Change) -> bool {
        self.action == change.action
            && self.table == change.table
            && (Arc::ptr_eq(&self.shape, &change.shape) || self.shape == change.shape)
    }
}

/// Gathers changes. Where `latest` is set, the last of the changes of a key with one shape stands for all of them: each says
/// all that there is to say about its columns.
///
/// A group is written after those before it, so a change goes into the last group that takes it, unless its key has
/// changed in a later one, or its table was emptied since. Keys that differ in case or in spaces behind them may be one row
/// to the database: each stays, in its order.
pub(crate) fn group(changes: &[Change], latest: bool) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut floors: HashMap<&str, usize> = HashMap::new();
    let mut lasts: HashMap<Key<'_>, Place> = HashMap::new();
    let mut alike: HashMap<Key<'_>, Place> = HashMap::new();
    let are_keys_needed = latest || changes.iter().any(|it| it.action == Action::Delete);
    for (index, change) in changes.iter().enumerate() {
        if change.action == Action::Truncate {
            groups.push(new(change, index));
            floors.insert(&change.table, groups.len());
            continue;
        }
        let mut first = floors.get(&*change.table).copied().unwrap_or_default();
        let has_key = are_keys_needed && change.shape.keys > 0;
        let key = has_key.then(|| (&*change.table, change.shape.identity(&change.cells)));
        let like = key.as_ref().and_then(|_| change.shape.likeness(&change.cells));
        let like = like.map(|it| (&*change.table, it));
        let same = key.as_ref().and_then(|it| lasts.get(it)).copied();
        let similar = like.as_ref().and_then(|it| alike.get(it)).copied();
        // Nothing that may be the same row has come since.
        let is_newest = similar.is_none_or(|it| same.is_some_and(|same| same.index == it.index));
        let mut at = None;
        for place in [same, similar].into_iter().flatten() {
            let is_same = place.group >= first && groups[place.group].takes(change);
            first = first.max(if is_same { place.group } else { place.group + 1 });
            let is_replaced = is_newest && (latest || change.action == Action::Delete);
            at = at.or((is_same && is_replaced).then_some((place.group, place.member)));
        }
        let (group, member) = at.unwrap_or_else(|| {
            let taking = groups.iter().skip(first).rposition(|it| it.takes(change));
            let group = taking.map_or(groups.len(), |it| it + first);
            if group == groups.len() {
                groups.push(Group { members: Vec::new(), ..new(change, index) });
            }
            groups[group].members.push(index);
            (group, groups[group].members.len() - 1)
        });
        groups[group].members[member] = index;
        let place = Place { group, member, index };
        lasts.extend(key.map(|it| (it, place)));
        alike.extend(like.map(|it| (it, place)));
    }
    groups
}

/// A key of a table.
type Key<'a> = (&'a str, Vec<u8>);

/// Where the last change of a key is.
#[derive(Debug, Clone, Copy)]
struct Place {
    group: usize,
    /// Its place in the group.
    member: usize,
    /// Its place in the list of changes.
    index: usize,
}

fn new(change: &Change, index: usize) -> Group {
    Group {
        table: Arc::clone(&change.table),
        shape: Arc::clone(&change.shape),
        action: change.action,
        members: vec![index],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::shape::tests::keyed;

    /// Changes as text: action, table, key; a capital letter for the other shape of the table.
    fn changes(text: &str) -> Vec<Change> {
        let shapes = [keyed(&["a"]), keyed(&["a", "b"])].map(Arc::new);
        let change = |(record, word): (usize, &str)| {
            let mut letters = word.chars();
            let action = match letters.next() {
                Some('+') => Action::Write,
                Some('-') => Action::Delete,
                _ => Action::Truncate,
            };
            let table = letters.next().unwrap();
            let key = letters.as_str().parse().unwrap_or_default();
            let shape = Arc::clone(&shapes[usize::from(table.is_uppercase())]);
            let table = table.to_lowercase().to_string().into();
            Change { record, table, shape, action, cells: vec![Cell::Int(key)] }
        };
        text.split(' ').enumerate().map(change).collect()
    }

    #[test]
    fn keys_that_differ_in_case_stay_in_order() {
        let shape = Arc::new(keyed(&["a"]));
        let change = |(record, (action, key)): (usize, &(Action, &'static str))| Change {
            record,
            table: "t".into(),
            shape: Arc::clone(&shape),
            action: *action,
            cells: vec![Cell::Text((*key).into())],
        };
        let (write, delete) = (Action::Write, Action::Delete);
        for (all, expected) in [
            (&[(write, "b"), (delete, "A"), (write, "a ")][..], "0 1 2"),
            (&[(write, "b"), (delete, "A"), (write, "c")], "0,2 1"),
            (&[(write, "a"), (write, "A"), (write, "a")], "0,1,2"),
            (&[(write, "a"), (write, "a"), (write, "A"), (write, "A")], "1,3"),
        ] {
            let changes: Vec<Change> = all.iter().enumerate().map(change).collect();
            assert_eq!(told(&group(&changes, true)), expected, "{all:?}");
        }
    }

    fn told(groups: &[Group]) -> String {
        let places =
            |it: &Group| it.members.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
        groups.iter().map(places).collect::<Vec<_>>().join(" ")
    }

    fn grouped(text: &str, latest: bool) -> String {
        told(&group(&changes(text), latest))
    }

    #[test]
    fn rows_of_a_shape_go_together_and_those_of_a_key_in_order() {
        for (text, latest, expected) in [
            ("+t1 +u1 +t2 +u2", true, "0,2 1,3"),
            // Interleaved schemas cost two statements, not four.
            ("+t1 +T2 +t3 +T4", true, "0,2 1,3"),
            // The last one of a key stands for all of its shape.
            ("+t1 +t2 +t1", true, "2,1"),
            ("+t1 +t2 +t1", false, "0,1,2"),
            // Another shape of the key is written later, and what follows it later still.
            ("+t1 +T1 +t1", true, "0 1 2"),
            ("+t1 +T1 +t2", true, "0,2 1"),
            // A row comes back after its deletion, and goes after it was written.
            ("-t1 +t1", true, "0 1"),
            ("+t1 -t1 +t1", true, "0 1 2"),
            ("+t1 -t1 -t1 +t2", true, "0,3 2"),
            ("+t1 -t1 +t1", false, "0 1 2"),
            ("+t1 -t2 +t3 -t4", true, "0,2 1,3"),
            // Nothing passes a truncate of its table.
            ("+t1 !t +t1", true, "0 1 2"),
            ("+t1 !u +t1", true, "2 1"),
            ("+t1 !t +T1 +t2", true, "0 1 2 3"),
            ("-t1 !t -t1", true, "0 1 2"),
        ] {
            assert_eq!(grouped(text, latest), expected, "{text} {latest}");
        }
    }
}
