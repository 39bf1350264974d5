//! Workers that cannot read the configuration that their group works with.

use super::*;

/// A worker that has joined and cannot read what the assignment rests on.
fn behind(is_cooperative: bool, delay: Duration) -> Worker {
    let mut worker = running();
    worker.state.settings.rebalance_delay = delay;
    worker.step(Event::Membership(GroupChange::Rebalance));
    worker.finish_stops();
    let mut joined = worker.joined(false, &[], &[]);
    joined.is_cooperative = is_cooperative;
    joined.assignment.config_offset += 1;
    worker.take();
    worker.step(Event::Joined(joined));
    worker
}

/// The pause before the next reading.
fn pause(worker: &mut Worker) -> Duration {
    let pause = worker.take().into_iter().find_map(|effect| match effect {
        Effect::After(pause, Timer::ReadConfig) => Some(pause),
        _ => None,
    });
    pause.expect("a pause")
}

fn steps_out(worker: &Worker) -> bool {
    worker.effects.iter().any(|it| matches!(it, Effect::StepOut))
}

#[test]
fn pauses_are_those_of_java() {
    let seconds = |all: &[u64]| all.iter().map(|it| Duration::from_secs(*it)).collect::<Vec<_>>();
    for (is_cooperative, expected) in
        [(true, seconds(&[12, 15, 20, 30, 60, 12])), (false, seconds(&[300, 300]))]
    {
        let mut worker = behind(is_cooperative, Duration::from_mins(10));
        worker.step(Event::ConfigRead(false));
        worker.finish_stops();
        assert!(steps_out(&worker) && !worker.is_joining());
        worker.step(Event::SteppedOut);
        let mut pauses = Vec::new();
        for _ in &expected {
            pauses.push(pause(&mut worker));
            worker.step(Event::Timer(Timer::ReadConfig));
            assert!(worker.effects.iter().any(|it| matches!(it, Effect::ReadConfig)));
            worker.step(Event::ConfigRead(false));
        }
        assert_eq!(pauses, expected);
    }
}

#[test]
fn who_has_read_joins_again() {
    let mut worker = behind(true, Duration::from_mins(10));
    worker.step(Event::ConfigRead(false));
    worker.finish_stops();
    worker.step(Event::SteppedOut);
    worker.take();
    worker.step(Event::ConfigRead(true));
    assert!(worker.is_joining());
}

#[test]
fn a_topic_that_ends_before_what_the_group_has_seen_makes_no_storm_of_rounds() {
    let mut worker = behind(true, Duration::from_mins(10));
    worker.step(Event::ConfigRead(true));
    worker.finish_stops();
    assert!(steps_out(&worker) && !worker.is_joining());
}

#[test]
fn work_stops_before_the_group_is_left() {
    let mut worker = behind(true, Duration::from_mins(10));
    worker.step(Event::ConfigRead(false));
    assert!(!steps_out(&worker), "it still runs");
    assert_eq!(worker.stopping_tasks().len(), 2);
    worker.finish_stops();
    assert!(steps_out(&worker));
}

#[test]
fn an_empty_topic_that_is_empty_for_all_is_no_reason_to_leave() {
    let mut worker = Worker::started();
    worker.join(false, &[], &[]);
    assert!(!worker.is_joining() && !steps_out(&worker));
}
