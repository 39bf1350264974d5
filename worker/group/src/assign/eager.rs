//! Version 0 of the protocol: everybody has stopped everything, all work is dealt out anew. Keeps no memory.

use super::{Barred, CanRun, Members, Plan, Share, Work};

/// Deals all connectors, then all tasks, in their order to the members in theirs, one each in turn.
pub fn eager(configured: &Work, members: &Members, can_run: CanRun<'_>) -> Plan {
    let mut plan = Plan::default();
    let ids: Vec<&String> = members.keys().collect();
    plan.shares.extend(ids.iter().map(|id| ((*id).clone(), Share::default())));
    let barred = Barred::ask(members, configured.iter().map(super::Unit::connector), can_run);
    let mut turn = 0;
    // The order of `Unit` puts all connectors before all tasks.
    for unit in configured {
        let Some(steps) =
            (0..ids.len()).find(|ahead| barred.allows(ids[(turn + ahead) % ids.len()], unit))
        else {
            continue;
        };
        let taker = (turn + steps) % ids.len();
        turn = taker + 1;
        let share = plan.shares.entry(ids[taker].clone()).or_default();
        share.assigned.insert(unit.clone());
        share.total.insert(unit.clone());
    }
    plan
}
