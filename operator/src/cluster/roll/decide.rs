//! The next step of a roll. Touches nothing.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;

use super::super::resize::Resize;
use super::baseline::Effect;
use super::worker::Worker;

/// What to do now.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Every pod is of the newest revision.
    Done,
    /// Something has to happen first.
    Wait(String),
    /// Nothing will happen until a person acts.
    Stuck(String),
    /// Replace this pod.
    Replace(Worker),
    /// Ask for other resources of this pod.
    Resize(Worker),
    /// A pod is given other resources; it says how far that is.
    Resizing(String),
    /// This pod has been resized: it counts as one of the newest revision from now on.
    Adopt(Worker),
}

/// Decides about the pods of a StatefulSet that shall have `replicas` of them. Pods that are not ready go first: they do no
/// work. Resizing stops nothing, so it waits for nothing but its turn. A ready one goes only while all are ready, have been for `calm`, and the group has settled; `group` asks for that.
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
    let resized = workers.iter().filter_map(|it| Some((it.ordinal, resize(it)?)));
    if let Some((_, step)) = resized.max_by_key(|(ordinal, _)| *ordinal) {
        return step;
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

/// The next step of resizing a pod; none if that is not to be done, or cannot be.
fn resize(worker: &Worker) -> Option<Step> {
    match worker.resize.as_ref().filter(|_| worker.outdated)? {
        Resize::Ask(_) => Some(Step::Resize(worker.clone())),
        Resize::Wait(why) => Some(Step::Resizing(why.clone())),
        Resize::Done => Some(Step::Adopt(worker.clone())),
        Resize::Impossible(_) => None,
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
    use std::collections::BTreeMap;

    use super::*;

    const CALM: Duration = Duration::from_secs(3);

    fn now() -> Timestamp {
        Timestamp::from_second(1000).unwrap()
    }

    /// `+` and `-` are ready and unready pods of the newest revision, `R` and `u` of an older one, `x` fails, `*` has just
    /// become ready, `~` is leaving. `a`, `w`, `d` and `i` are old ones that can be asked to resize, are at it, have done
    /// it, and cannot.
    fn workers(states: &str) -> Vec<Worker> {
        let worker = |(ordinal, state): (usize, char)| Worker {
            name: format!("w-{ordinal}"),
            uid: format!("u-{ordinal}"),
            ordinal: i32::try_from(ordinal).unwrap(),
            outdated: "Ru~awdi".contains(state),
            asked: false,
            leaving: state == '~',
            ready: match state {
                '+' | 'R' | 'a' | 'w' | 'd' | 'i' => Timestamp::from_second(900).ok(),
                '*' => Timestamp::from_second(998).ok(),
                _ => None,
            },
            failing: (state == 'x').then(|| "boom".to_owned()),
            resize: match state {
                'a' => Some(Resize::Ask(BTreeMap::new())),
                'w' => Some(Resize::Wait("resizing".to_owned())),
                'd' => Some(Resize::Done),
                'i' => Some(Resize::Impossible("no room".to_owned())),
                _ => None,
            },
        };
        states.chars().enumerate().map(worker).collect()
    }

    fn told(states: &str, group: Result<Effect, String>) -> String {
        match step(3, &workers(states), CALM, now(), || group) {
            Step::Done => "done".to_owned(),
            Step::Wait(why) => format!("wait: {why}"),
            Step::Stuck(why) => format!("stuck: {why}"),
            Step::Replace(worker) => worker.name,
            Step::Resize(worker) => format!("resize {}", worker.name),
            Step::Resizing(why) => why,
            Step::Adopt(worker) => format!("adopt {}", worker.name),
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
    fn what_can_be_resized_is_before_anything_ready_is_replaced() {
        let table = [
            ("aaa", "resize w-2"),
            ("aaw", "resizing"),
            ("aad", "adopt w-2"),
            ("aa+", "resize w-1"),
            ("a*+", "resize w-0"),
            ("aai", "resize w-1"),
            ("++i", "w-2"),
            ("aRR", "resize w-0"),
            ("aaR", "resize w-1"),
            // Those that are not ready do no work, and a new one may be about to show that this revision is bad.
            ("aau", "w-2"),
            ("aa-", "wait: w-2 is starting"),
            ("aa~", "wait: w-2 is stopping"),
        ];
        for (states, expected) in table {
            let moving = Effect::Moving("task 0 of a is UNASSIGNED".to_owned());
            let group = if expected == "w-2" { Effect::Settled } else { moving };
            assert_eq!(told(states, Ok(group)), expected, "{states}");
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
