//! Several state machines in one simulated cluster: workers crash, hang, are cut off and come back, clients ask for
//! changes, everything takes a time of its own, and all of it follows from a seed. `SLUICE_SEED=7` replays one and prints
//! what happened, `SLUICE_SEEDS=100000` runs that many,
//! from `SLUICE_FIRST_SEED` on.
//!
//! Real are the state machine, the assignor, and the records of the topics; the broker, the network and the engine are
//! played. What must hold, whatever happens (`laws`):
//! - A task starts only where no other *member* of the group runs it. A worker that the group has dropped, because it was
//!   silent for a session or late for a round, stops its tasks when it learns of that; until then they may run twice, as
//!   Kafka Connect's do. So may tasks of groups that change to the oldest protocol while they run; here they do not.
//! - A task whose worker knows that its connector is paused or stopped moves nothing.
//! - What a client was told is done is in the config topic. What it was told is not done is not. One leader neither
//!   creates what is there, nor undoes with a change of some keys what it has accepted before, nor brings back what is
//!   deleted. Two may, while one does not know yet that it leads no longer: leaders are fenced with exactly-once alone.
//! - Once nothing goes wrong any more, within ten minutes: all workers are in the group and agree on the configuration,
//!   the key that signs their requests is no older than it may be, every connector and every task that its connector asks
//!   for runs exactly once, in the state wanted and with the newest configuration, nothing else runs, shares differ by one
//!   at most, and everybody tells it so.

mod chance;
mod clients;
mod group;
mod laws;
mod member;
mod worker;
mod world;

use crate::{request::Request, store::config::TargetState};
use world::World;

/// What may happen to a seed's cluster, from its start to its rest.
fn simulate(seed: u64, traced: bool) -> World {
    let mut world = World::new(seed, traced);
    let (acts, window) = (world.chance.between(5, 25), world.chance.between(10_000, 90_000));
    for _ in 0..acts {
        let time = world.chance.between(0, window);
        world.after(time, |world| match world.chance.below(10) {
            0..7 => world.ask_something(),
            _ => world.disturb(),
        });
    }
    world.run(window);
    world.calm();
    let calm = world.now;
    let mut rest = 0;
    while rest < 2 && world.violations.is_empty() {
        let next = world.now + 5_000;
        world.run(next);
        match world.unrest() {
            None => rest += 1,
            Some(why) if world.now > calm + 600_000 => {
                world.violate(format!("no rest after ten minutes: {why}"));
            }
            Some(_) => rest = 0,
        }
    }
    world.check_log();
    world
}

impl World {
    /// Something goes wrong with some worker, or one is stopped or started.
    fn disturb(&mut self) {
        let worker = self.chance.below(self.workers.len());
        let Some(at) = self.living().into_iter().find(|it| it.worker == worker) else {
            return self.start(worker);
        };
        let until = self.now + self.chance.between(500, 30_000);
        match self.chance.below(4) {
            0 => {
                self.tell(|| format!("w{worker} crashes"));
                self.workers[worker].end();
            }
            1 => self.step(at, crate::event::Event::Stop),
            2 => {
                self.tell(|| format!("w{worker} is cut off until {until}"));
                self.workers[worker].cut_until = until;
            }
            _ => {
                self.tell(|| format!("w{worker} stands still until {until}"));
                self.workers[worker].stalled_until = until;
            }
        }
    }

    /// Ends all that is wrong; some worker is there.
    fn calm(&mut self) {
        self.is_calm = true;
        let now = self.now;
        for worker in &mut self.workers {
            worker.cut_until = worker.cut_until.min(now);
            worker.stalled_until = worker.stalled_until.min(now);
        }
        // Who was told to end does.
        self.run(now + 40_000);
        let living = self.living();
        for worker in 0..self.workers.len() {
            let is_down = !living.iter().any(|it| it.worker == worker);
            if is_down && (living.is_empty() || self.chance.percent(50)) {
                self.start(worker);
            }
        }
        // Where a paused connector has a newer configuration than its tasks, compaction takes those away, from Java too.
        if self.is_compacted {
            self.run(now + 50_000);
            let truth = self.truth();
            for name in truth
                .connectors()
                .filter(|it| truth.connector(it).is_some_and(|it| it.target == TargetState::Paused))
            {
                self.ask_anybody(0, Request::SetTarget(name.to_owned(), TargetState::Started));
            }
        }
    }
}

/// Runs one seed; if it fails, all that happened is told.
fn check(seed: u64) {
    if simulate(seed, false).violations.is_empty() {
        return;
    }
    let world = simulate(seed, true);
    let (wrong, trace) = (world.violations.join("; "), world.trace.unwrap_or_default().join("\n"));
    panic!("seed {seed}: {wrong}\n{trace}\nSLUICE_SEED={seed}: {wrong}");
}

fn setting(key: &str) -> Option<u64> {
    std::env::var(key).ok().map(|it| it.parse().expect("a number"))
}

#[test]
fn groups_keep_their_promises_whatever_happens() {
    if let Some(seed) = setting("SLUICE_SEED") {
        return check(seed);
    }
    let first = setting("SLUICE_FIRST_SEED").unwrap_or(1);
    let seeds = first..first + setting("SLUICE_SEEDS").unwrap_or(500);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let seeds = seeds.clone().skip(thread).step_by(threads);
            scope.spawn(move || seeds.for_each(check));
        }
    });
}
