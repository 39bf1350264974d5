//! The next step of a roll. Touches nothing.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;

use super::baseline::Effect;
use super::worker::Worker;

/// What to do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Every pod is of the newest revision.
    Done,
    /// Something has to happen first.
    Wait(String),
    /// Nothing will happen until a person acts.
    Stuck(String),
    /// Replace this pod.
    Replace(Worker),
}

/// Decides about the pods of a StatefulSet that shall have `replicas` of them. Pods that are not ready go first: they do no
/// work. A ready one goes only while all are ready, have been for `calm`, and the group has settled; `group` asks for that.
pub fn step(
    replicas: i32,
    workers: &[Worker],
    calm: Duration,
    now: Timestamp,
    group: impl FnOnce() -> Result<Effect, String>,
) -> Step {
    let workers: Vec<&Worker> = workers.iter().filter(|it| it.ordinal < replicas).collect();
    if !workers.iter().any(|it| it.outdated) {
        return Step::Done;
    }
    if let Some(leaving) = workers.iter().find(|it| it.leaving) {
        return Step::Wait(format!("{} is stopping", leaving.name));
    }
    if workers.len() < usize::try_from(replicas).unwrap_or(0) {
        return Step::Wait("a pod has yet to be made".to_owned());
    }
    let unready = |outdated| {
        let such = workers.iter().filter(move |it| it.outdated == outdated && it.ready.is_none());
        such.max_by_key(|it| it.ordinal)
    };
    // One after the other: if this revision is no better, the others may yet recover.
    match (unready(false), unready(true)) {
        (Some(new), _) => return of_new(new),
        (None, Some(old)) => return Step::Replace((*old).clone()),
        (None, None) => {}
    }
    if let Some(fresh) =
        workers.iter().find(|it| it.ready.is_some_and(|at| !is_past(at, calm, now)))
    {
        return Step::Wait(format!("{} has just become ready", fresh.name));
    }
    match group() {
        Err(error) => Step::Wait(format!("the group cannot be asked: {error}")),
        Ok(Effect::Moving(what)) => Step::Wait(what),
        Ok(Effect::Broken(what)) => Step::Stuck(what),
        Ok(Effect::Settled) => {
            let last = workers.iter().filter(|it| it.outdated).max_by_key(|it| it.ordinal);
            last.map_or(Step::Done, |worker| Step::Replace((*worker).clone()))
        }
    }
}

fn of_new(worker: &Worker) -> Step {
    match &worker.failing {
        Some(why) => Step::Stuck(why.clone()),
        None => Step::Wait(format!("{} is starting", worker.name)),
    }
}

fn is_past(since: Timestamp, pause: Duration, now: Timestamp) -> bool {
    now.duration_since(since).unsigned_abs() >= pause || since > now
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALM: Duration = Duration::from_secs(3);

    fn now() -> Timestamp {
        Timestamp::from_second(1000).unwrap()
    }

    /// `+` and `-` are ready and unready pods of the newest revision, `R` and `u` of an older one, `x` fails, `*` has just
    /// become ready, `~` is leaving.
    fn workers(states: &str) -> Vec<Worker> {
        let worker = |(ordinal, state): (usize, char)| Worker {
            name: format!("w-{ordinal}"),
            uid: format!("u-{ordinal}"),
            ordinal: i32::try_from(ordinal).unwrap(),
            outdated: matches!(state, 'R' | 'u' | '~'),
            asked: false,
            leaving: state == '~',
            ready: match state {
                '+' | 'R' => Timestamp::from_second(900).ok(),
                '*' => Timestamp::from_second(998).ok(),
                _ => None,
            },
            failing: (state == 'x').then(|| "boom".to_owned()),
        };
        states.chars().enumerate().map(worker).collect()
    }

    fn told(states: &str, group: Result<Effect, String>) -> String {
        match step(3, &workers(states), CALM, now(), || group) {
            Step::Done => "done".to_owned(),
            Step::Wait(why) => format!("wait: {why}"),
            Step::Stuck(why) => format!("stuck: {why}"),
            Step::Replace(worker) => worker.name,
        }
    }

    #[test]
    fn pods_are_replaced_one_at_a_time_and_unready_ones_first() {
        let table = [
            ("+++", "done"),
            ("RRR", "w-2"),
            ("RR+", "w-1"),
            ("R++", "w-0"),
            ("R+*", "wait: w-2 has just become ready"),
            ("RR-", "wait: w-2 is starting"),
            ("RRx", "stuck: boom"),
            ("RR", "wait: a pod has yet to be made"),
            ("RR~", "wait: w-2 is stopping"),
            ("uRR", "w-0"),
            ("uuR", "w-1"),
            // One of the newest revision that is not ready is waited for, whatever the others are.
            ("uR-", "wait: w-2 is starting"),
            ("uux", "stuck: boom"),
            // Going back makes the broken pod an old one.
            ("++u", "w-2"),
            // Pods beyond the number are the StatefulSet's to remove.
            ("+++R", "done"),
            ("+++~", "done"),
        ];
        for (states, expected) in table {
            assert_eq!(told(states, Ok(Effect::Settled)), expected, "{states}");
        }
    }

    #[test]
    fn a_ready_pod_is_replaced_only_while_the_group_has_settled() {
        let table = [
            (
                Ok(Effect::Moving("task 0 of a is UNASSIGNED".into())),
                "wait: task 0 of a is UNASSIGNED",
            ),
            (Ok(Effect::Broken("task 0 of a has failed".into())), "stuck: task 0 of a has failed"),
            (Err("refused".into()), "wait: the group cannot be asked: refused"),
        ];
        for (group, expected) in table {
            assert_eq!(told("RR+", group.clone()), expected);
            assert_eq!(told("uRR", group), "w-0", "an unready pod does no work");
        }
    }
}
