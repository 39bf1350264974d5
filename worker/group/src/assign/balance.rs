//! What members have to give up so that all have the same share in the end.

use super::{
    Barred, Kind, Members, Unit, Work,
    spread::{Intended, Loads, count, spread},
};

/// What each member with too much gives up: connectors and tasks apart, down to the even share of what is configured.
/// As many members as there is a remainder may keep one more. What a member has not started yet goes first.
pub(super) fn surplus(configured: &Work, loads: &Loads, members: &Members) -> Loads {
    let mut surplus = Loads::new();
    if configured.is_empty() || loads.values().all(Work::is_empty) {
        return surplus;
    }
    for kind in [Kind::Connector, Kind::Task] {
        surplus_of(kind, count(configured, kind), loads, members, &mut surplus);
    }
    surplus
}

fn surplus_of(kind: Kind, total: usize, loads: &Loads, members: &Members, surplus: &mut Loads) {
    let (least, mut extras) = (total / loads.len(), total % loads.len());
    for (id, held) in loads {
        let has = count(held, kind);
        if has <= least {
            continue;
        }
        let may_keep = if extras > 0 { least + 1 } else { least };
        extras = extras.saturating_sub(1);
        if has > may_keep {
            let mut units: Vec<&Unit> = held.iter().filter(|unit| unit.kind() == kind).collect();
            units.sort_by_key(|unit| members[id].held.contains(*unit));
            let given_up = units.into_iter().take(has - may_keep).cloned();
            surplus.entry(id.clone()).or_default().extend(given_up);
        }
    }
}

/// The same where not every member can run everything: shares cannot be even then, and revoking down to an even share
/// would go on for ever. The end is thought out first, and only what moves in it is given up.
///
/// Returns what each member gives up and for whom. `unowned` is what will be handed out in this round anyway.
pub(super) fn surplus_within(
    barred: &Barred,
    loads: &Loads,
    unowned: &[Unit],
    intended: &Intended,
) -> (Loads, Intended) {
    let mut end = loads.clone();
    let misplaced: Vec<(String, Unit)> = loads
        .iter()
        .flat_map(|(id, held)| held.iter().map(move |unit| (id.clone(), unit.clone())))
        .filter(|(id, unit)| !barred.allows(id, unit))
        .collect();
    let mut to_place = unowned.to_vec();
    for (id, unit) in misplaced {
        end.entry(id).or_default().remove(&unit);
        to_place.push(unit);
    }
    spread(&to_place, &mut end, barred, intended);
    for kind in [Kind::Connector, Kind::Task] {
        while let Some((from, to, unit)) = better(kind, &end, barred) {
            end.entry(from).or_default().remove(&unit);
            end.entry(to).or_default().insert(unit);
        }
    }
    let mut surplus = Loads::new();
    let mut meant = Intended::new();
    for (id, held) in loads {
        for unit in held - &end[id] {
            if let Some((target, _)) = end.iter().find(|(_, units)| units.contains(&unit)) {
                meant.insert(unit.clone(), target.clone());
            }
            surplus.entry(id.clone()).or_default().insert(unit);
        }
    }
    (surplus, meant)
}

/// A move that brings two members closer together, from the fullest that has one to the emptiest that can take it.
/// Each such move lowers the sum of the squared loads, so a loop over them ends.
fn better(kind: Kind, loads: &Loads, barred: &Barred) -> Option<(String, String, Unit)> {
    let mut by_load: Vec<(usize, &String)> =
        loads.iter().map(|(id, held)| (count(held, kind), id)).collect();
    by_load.sort();
    for (full, from) in by_load.iter().rev() {
        for (_, to) in by_load.iter().take_while(|(empty, _)| empty + 2 <= *full) {
            let mut units = loads[*from].iter().filter(|unit| unit.kind() == kind);
            if let Some(unit) = units.find(|unit| barred.allows(to, unit)) {
                return Some(((*from).clone(), (*to).clone(), unit.clone()));
            }
        }
    }
    None
}
