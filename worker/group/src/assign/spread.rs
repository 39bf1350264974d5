//! Puts work that nobody runs onto members: always onto the one with the least of its kind.

use std::collections::BTreeMap;

use super::{Barred, Kind, Unit, Work};

/// What each member runs, by its id.
pub(super) type Loads = BTreeMap<String, Work>;

/// Work that is meant for a certain member, because it was revoked elsewhere for its sake.
pub(super) type Intended = BTreeMap<Unit, String>;

/// Adds `units` to `loads` in their order, connectors and tasks apart.
pub(super) fn spread(units: &[Unit], loads: &mut Loads, barred: &Barred, intended: &Intended) {
    for kind in [Kind::Connector, Kind::Task] {
        let mut units: Vec<&Unit> = units.iter().filter(|unit| unit.kind() == kind).collect();
        // Who can go to few members goes first, while these still have room.
        units.sort_by_cached_key(|unit| loads.keys().filter(|id| barred.allows(id, unit)).count());
        spread_kind(&units, loads, kind, barred, intended);
    }
}

fn spread_kind(
    units: &[&Unit],
    loads: &mut Loads,
    kind: Kind,
    barred: &Barred,
    intended: &Intended,
) {
    let mut queue: Vec<(usize, String)> =
        loads.iter().map(|(id, held)| (count(held, kind), id.clone())).collect();
    // Ties are broken by this order for the whole round, as in Java, and not anew after each unit.
    queue.sort();
    for unit in units {
        let meant = intended.get(*unit);
        let taker = queue
            .iter()
            .enumerate()
            .filter(|(_, (_, id))| barred.allows(id, unit))
            .min_by_key(|(_, (load, id))| (meant != Some(id), *load))
            .map(|(index, _)| index);
        if let Some(index) = taker {
            queue[index].0 += 1;
            loads.entry(queue[index].1.clone()).or_default().insert((*unit).clone());
        }
    }
}

/// How many of a kind are in some work.
pub(super) fn count(work: &Work, kind: Kind) -> usize {
    work.iter().filter(|unit| unit.kind() == kind).count()
}

/// Takes what `parts` say from the members.
pub(super) fn remove(loads: &mut Loads, parts: &Loads) {
    for (id, part) in parts {
        if let Some(held) = loads.get_mut(id) {
            held.retain(|unit| !part.contains(unit));
        }
    }
}
