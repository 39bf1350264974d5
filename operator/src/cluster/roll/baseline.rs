//! What was not at work before a roll began: the roll is not to blame for it, and does not wait for it.

use std::collections::BTreeMap;

use sluice_rest_model::State;

use super::super::group::{Group, Instance};

/// States before a roll of what was not at work then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline(BTreeMap<Instance, State>);

/// What a roll has done to the group so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Everything is as it was, or at work.
    Settled,
    /// Work is on its way to a worker.
    Moving(String),
    /// Something that was at work has failed on a worker that was replaced.
    Broken(String),
}

impl Baseline {
    /// As the group is before the first pod is replaced.
    pub fn of(group: &Group) -> Self {
        let idle = group.instances().filter(|(_, state, _)| !is_well(*state));
        Self(idle.map(|(instance, state, _)| (instance, state)).collect())
    }

    /// Forgets what has recovered since: from then on the roll is to blame for it.
    pub fn follow(&mut self, group: &Group) {
        let now = Self::of(group);
        self.0.retain(|instance, state| now.0.get(instance) == Some(&*state));
    }

    /// Compares with the group as it is; `is_new` says whether a worker, by its id, was replaced in the roll.
    pub fn effect(&self, group: &Group, is_new: impl Fn(&str) -> bool) -> Effect {
        let mut moving = None;
        for (instance, state, worker) in group.instances() {
            if is_well(state) || self.0.get(&instance) == Some(&state) {
                continue;
            }
            if state != State::Failed {
                moving.get_or_insert_with(|| format!("{instance} is {state}"));
            } else if is_new(worker) {
                return Effect::Broken(format!("{instance} has failed on {worker}"));
            }
        }
        moving.map_or(Effect::Settled, Effect::Moving)
    }
}

/// What is paused or stopped is so because somebody asked for it.
fn is_well(state: State) -> bool {
    matches!(state, State::Running | State::Paused | State::Stopped)
}

#[cfg(test)]
mod tests {
    use super::super::super::group::tests::group;
    use super::*;

    #[test]
    fn the_group_has_settled_when_all_is_as_it_was_or_at_work() {
        let before = group(&[
            ("runs", "RUNNING", &["RUNNING"]),
            ("fails", "RUNNING", &["FAILED"]),
            ("lacks", "UNASSIGNED", &[]),
        ]);
        let with = |state: &str, task: &str| {
            group(&[
                ("runs", state, &[task]),
                ("fails", "RUNNING", &["FAILED"]),
                ("lacks", "UNASSIGNED", &[]),
            ])
        };
        let baseline = Baseline::of(&before);
        let effect = |group: &Group, new: bool| baseline.effect(group, |_| new);
        for new in [false, true] {
            assert_eq!(effect(&before, new), Effect::Settled);
            assert_eq!(effect(&with("PAUSED", "PAUSED"), new), Effect::Settled);
            let moving = Effect::Moving("task 0 of runs is UNASSIGNED".to_owned());
            assert_eq!(effect(&with("RUNNING", "UNASSIGNED"), new), moving);
        }
        let failed = with("RUNNING", "FAILED");
        assert_eq!(effect(&failed, false), Effect::Settled, "the old workers are not to blame");
        let broken = "task 0 of runs has failed on w-0.w.n.svc:8083".to_owned();
        assert_eq!(effect(&failed, true), Effect::Broken(broken));
    }

    #[test]
    fn what_recovers_during_a_roll_is_waited_for_from_then_on() {
        let lost = group(&[("a", "RUNNING", &["UNASSIGNED"])]);
        let mut baseline = Baseline::of(&lost);
        baseline.follow(&lost);
        assert_eq!(baseline.effect(&lost, |_| true), Effect::Settled);
        baseline.follow(&group(&[("a", "RUNNING", &["RUNNING"])]));
        assert!(matches!(baseline.effect(&lost, |_| true), Effect::Moving(_)));
    }
}
