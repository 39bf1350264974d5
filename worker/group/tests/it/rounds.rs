//! Generated sequences of rounds against Java's own assignor: the same work to the same members, the same delays. Where
//! ours does better on purpose (see `assign`), a sequence ends.

use std::{fmt::Write, path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use sluice_group::assign::{IncrementalAssignor, MemberState, Members, Plan, Round, Unit, Work};
use sluice_kit::{java, require};

const ORACLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../e2e/oracle/Assignor.java");
const CLASS: &str = "org.apache.kafka.connect.runtime.distributed.Assignor";
const SEQUENCES: usize = 1_000;

/// A group as both assignors see it. Java walks hash maps: six short names keep their order there.
struct Group {
    assignor: IncrementalAssignor,
    members: Members,
    connectors: Vec<(String, i32)>,
    generation: i32,
    now: u64,
    delay: u64,
}

/// One round: what Java is asked, and what ours answered.
struct Asked {
    question: String,
    answer: String,
    before: Members,
    configured: String,
}

impl Group {
    fn new(max_delay: u64) -> Self {
        let mut group = Self {
            assignor: IncrementalAssignor::new(Duration::from_millis(max_delay)),
            members: Members::new(),
            connectors: vec![("c1".into(), 4), ("c2".into(), 3)],
            generation: -1,
            now: 1_000_000,
            delay: 0,
        };
        group.toggle_member(1);
        group
    }

    fn toggle_member(&mut self, number: u8) {
        let id = format!("w{number}");
        if self.members.remove(&id).is_none() || self.members.is_empty() {
            self.members.insert(id, MemberState::default());
        }
    }

    /// Every member has another address in every round: nobody ever comes back to its work.
    fn move_all(&mut self) {
        for (id, member) in &mut self.members {
            member.url = format!("http://{id}/{}", self.generation);
        }
    }

    fn toggle_connector(&mut self, number: u8) {
        let name = format!("c{number}");
        let before = self.connectors.len();
        self.connectors.retain(|(it, _)| *it != name);
        if self.connectors.len() == before {
            self.connectors.push((name, i32::from(number) + 1));
        }
    }

    fn configured(&self) -> Work {
        let of = |(name, count): &(String, i32)| {
            let name = name.clone();
            let tasks = (0..*count).map({
                let name = name.clone();
                move |task| Unit::Task(name.clone(), task)
            });
            std::iter::once(Unit::Connector(name)).chain(tasks).collect::<Vec<_>>()
        };
        self.connectors.iter().flat_map(of).collect()
    }

    /// Plays one step; none if ours is meant to differ in it.
    fn step(&mut self, act: u8) -> Option<Asked> {
        match act {
            0..6 => self.toggle_member(act + 1),
            6..9 => self.toggle_connector(act - 5),
            9 => self.now += self.delay,
            10 => self.now += self.delay / 2,
            _ => {}
        }
        self.move_all();
        let (is_stale, is_lost) = (act == 11, act == 12);
        let configured = self.configured();
        let has_deleted = self.members.values().any(|it| !it.held.is_subset(&configured));
        if is_stale && has_deleted {
            return None;
        }
        let round = Round {
            configured: &configured,
            members: &self.members,
            last_completed: self.generation - i32::from(is_stale),
            generation: self.generation + 1,
            can_run: &|_, _| true,
            had_stopped: &|_, _| false,
        };
        let plan = self.assignor.assign(&round, Duration::from_millis(self.now));
        let asked = Asked {
            question: self.question(round.last_completed),
            answer: answer(&plan),
            before: self.members.clone(),
            configured: names(&configured),
        };
        self.generation += 1;
        self.delay = plan.delay.as_millis() as u64;
        if !is_lost {
            for (id, share) in plan.shares {
                self.members.entry(id).or_default().held = share.total;
            }
        }
        Some(asked)
    }

    fn question(&self, last_completed: i32) -> String {
        let connectors: Vec<String> =
            self.connectors.iter().map(|(name, count)| format!("{name}:{count}")).collect();
        let members: Vec<String> =
            self.members.iter().map(|(id, it)| format!("{id}={}", names(&it.held))).collect();
        format!(
            "round {} {last_completed} {} {} {}",
            self.now,
            self.generation + 1,
            connectors.join(","),
            members.join(";"),
        )
    }
}

fn names(work: &Work) -> String {
    let name = |unit: &Unit| match unit {
        Unit::Connector(name) => name.clone(),
        Unit::Task(name, task) => format!("{name}-{task}"),
    };
    work.iter().map(name).collect::<Vec<_>>().join(",")
}

fn answer(plan: &Plan) -> String {
    let mut answer = plan.delay.as_millis().to_string();
    for (id, share) in &plan.shares {
        let _ = write!(answer, " {id}={}/{}", names(&share.assigned), names(&share.revoked));
    }
    answer
}

/// Whether Java takes from a member for the sake of balance what it gives it, or gives and takes at once. Ours hands on
/// what is not started yet, and nobody has to stop anything.
fn takes_what_it_gives(answer: &str, round: &Asked) -> bool {
    answer.split(' ').skip(1).any(|part| {
        let (id, work) = part.split_once('=').unwrap_or_default();
        let (assigned, revoked) = work.split_once('/').unwrap_or_default();
        let held = round.before.get(id).map(|it| names(&it.held)).unwrap_or_default();
        let held: Vec<&str> = held.split(',').collect();
        revoked.split(',').filter(|unit| !unit.is_empty()).any(|unit| {
            let is_configured = round.configured.split(',').any(|it| it == unit);
            !held.contains(&unit) || (is_configured && !assigned.is_empty())
        })
    })
}

#[tokio::test]
async fn rounds_end_as_java_s_do() -> Result<()> {
    require!(java::missing());
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    let acts = proptest::collection::vec(0u8..14, 1..40);
    let sequence = (acts, prop_oneof![Just(0u64), Just(1), Just(20_000), Just(300_000)]);
    let mut input = String::new();
    let mut sequences = Vec::new();
    for _ in 0..SEQUENCES {
        let tree = sequence.new_tree(&mut runner).map_err(|reason| anyhow::anyhow!("{reason}"))?;
        let (acts, max_delay) = tree.current();
        let mut group = Group::new(max_delay);
        writeln!(input, "new {max_delay}")?;
        let asked: Vec<Asked> = acts.iter().map_while(|act| group.step(*act)).collect();
        for round in &asked {
            writeln!(input, "{}", round.question)?;
        }
        sequences.push(asked);
    }

    let classes = java::compile(Path::new(ORACLE)).await?;
    let class_path = format!("{}:{}", java::class_path().await?, classes.display());
    let output = java::run_main(&class_path, CLASS, &[], input.as_bytes()).await?;
    let output = String::from_utf8(output)?;
    let mut answers = output.lines();
    let mut compared = 0;
    for asked in &sequences {
        let mut is_comparable = true;
        for (index, round) in asked.iter().enumerate() {
            let theirs = answers.next().context("an answer to every round")?;
            is_comparable = is_comparable && !takes_what_it_gives(theirs, round);
            if !is_comparable {
                continue;
            }
            compared += 1;
            let so_far: Vec<&str> = asked[..=index].iter().map(|it| &*it.question).collect();
            let ours = &round.answer;
            ensure!(ours == theirs, "{}\nours {ours}\nJava {theirs}", so_far.join("\n"));
        }
    }
    ensure!(compared > SEQUENCES * 5, "only {compared} rounds were compared");
    Ok(())
}
