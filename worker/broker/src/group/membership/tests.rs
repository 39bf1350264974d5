//! Rounds of a group, step by step, with the clock in hand.

use tokio::sync::oneshot::Receiver;

use super::*;
use crate::group::member::Timeouts;

const SESSION: Duration = Duration::from_secs(10);
const REBALANCE: Duration = Duration::from_mins(1);

struct Bed {
    group: Group,
    now: Instant,
    delay: Duration,
}

impl Bed {
    fn new() -> Self {
        Self { group: Group::new(), now: Instant::now(), delay: Duration::ZERO }
    }

    fn join(&mut self, id: &str, metadata: &'static str) -> Receiver<Joined> {
        self.join_with(id, metadata, false)
    }

    /// A member that is known by the id it wants.
    fn join_with(
        &mut self,
        id: &str,
        metadata: &'static str,
        id_required: bool,
    ) -> Receiver<Joined> {
        let is_known = self.group.members.contains_key(id) || self.group.pending.contains_key(id);
        let join = Join {
            member_id: if is_known { id.to_owned() } else { String::new() },
            client_id: "c".to_owned(),
            client_host: "h".to_owned(),
            protocol_type: "connect".to_owned(),
            protocols: vec![("sessioned".to_owned(), Bytes::from_static(metadata.as_bytes()))],
            timeouts: Timeouts { session: SESSION, rebalance: REBALANCE },
            id_required,
        };
        let (reply, answer) = oneshot::channel();
        self.group.join(join, || id.to_owned(), self.delay, reply, self.now);
        answer
    }

    fn sync(&mut self, id: &str, assignments: &[(&str, &'static str)]) -> Receiver<Synced> {
        let (reply, answer) = oneshot::channel();
        let generation = self.group.generation;
        let assignments = assignments
            .iter()
            .map(|(id, it)| ((*id).to_owned(), Bytes::from_static(it.as_bytes())))
            .collect();
        self.group.sync(id, generation, assignments, reply, self.now);
        answer
    }

    fn heartbeat(&mut self, id: &str) -> Result<(), ResponseError> {
        let generation = self.group.generation;
        self.group.heartbeat(id, generation, self.now)
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.group.tick(self.now);
    }

    /// Two members, `a` the leader, with their assignments.
    fn stable() -> Self {
        let mut bed = Self::new();
        bed.join("a", "m").try_recv().unwrap();
        bed.sync("a", &[]).try_recv().unwrap();
        let mut joined_b = bed.join("b", "m");
        let mut joined_a = bed.join("a", "m");
        assert_eq!(joined_a.try_recv().unwrap().members.len(), 2);
        assert_eq!(joined_b.try_recv().unwrap().leader, "a");
        let mut synced_b = bed.sync("b", &[]);
        assert!(synced_b.try_recv().is_err(), "a follower waits for its leader");
        assert_eq!(bed.sync("a", &[("a", "1"), ("b", "2")]).try_recv().unwrap().assignment, "1");
        assert_eq!(synced_b.try_recv().unwrap().assignment, "2");
        bed
    }
}

#[test]
fn a_newcomer_comes_again_with_the_id_it_is_told() {
    let mut bed = Bed::new();
    let told = bed.join_with("a", "m", true).try_recv().unwrap();
    assert_eq!((told.error, told.member_id.as_str()), (Some(ResponseError::MemberIdRequired), "a"));
    let joined = bed.join_with("a", "m", true).try_recv().unwrap();
    assert_eq!((joined.error, joined.generation, joined.leader.as_str()), (None, 1, "a"));
}

#[test]
fn everybody_comes_again_when_a_member_joins_or_leaves() {
    let mut bed = Bed::stable();
    assert_eq!(bed.heartbeat("a"), Ok(()));
    bed.group.leave("b", bed.now).unwrap();
    assert_eq!(bed.heartbeat("a"), Err(ResponseError::RebalanceInProgress));
    let joined = bed.join("a", "m").try_recv().unwrap();
    assert_eq!((joined.generation, joined.members.len()), (3, 1));
    assert_eq!(bed.group.leave("b", bed.now), Err(ResponseError::UnknownMemberId));
}

#[test]
fn a_follower_with_nothing_new_gets_what_it_had_and_a_leader_begins_a_round() {
    let mut bed = Bed::stable();
    assert_eq!(bed.join("b", "m").try_recv().unwrap().generation, 2);
    assert_eq!(bed.group.state, State::Stable);
    assert_eq!(bed.sync("b", &[]).try_recv().unwrap().assignment, "2");
    let _waiting = bed.join("b", "changed");
    assert_eq!(bed.group.state, State::PreparingRebalance);

    let mut bed = Bed::stable();
    let _waiting = bed.join("a", "m");
    assert_eq!(bed.heartbeat("b"), Err(ResponseError::RebalanceInProgress));
}

#[test]
fn a_silent_member_is_out_after_its_session_and_one_that_waits_is_not() {
    let mut bed = Bed::stable();
    bed.pass(SESSION / 2);
    bed.heartbeat("a").unwrap();
    bed.pass(SESSION / 2);
    assert_eq!(bed.heartbeat("b"), Err(ResponseError::UnknownMemberId));
    let mut waiting = bed.join("a", "m");
    assert_eq!(waiting.try_recv().unwrap().members.len(), 1);

    let mut bed = Bed::stable();
    let mut waiting = bed.join("a", "m");
    for _ in 0..3 {
        bed.pass(SESSION / 2);
        assert_eq!(bed.heartbeat("b"), Err(ResponseError::RebalanceInProgress));
    }
    assert!(waiting.try_recv().is_err(), "b is alive and has not come yet");
    bed.now += REBALANCE;
    bed.heartbeat("b").unwrap_err();
    bed.group.tick(bed.now);
    assert_eq!(waiting.try_recv().unwrap().members.len(), 1, "the round does not wait for ever");
}

#[test]
fn a_leader_that_never_syncs_is_out_and_the_rest_goes_on() {
    let mut bed = Bed::stable();
    let mut joined_b = bed.join("b", "changed");
    bed.join("a", "m").try_recv().unwrap();
    joined_b.try_recv().unwrap();
    let mut synced_b = bed.sync("b", &[]);
    bed.pass(REBALANCE);
    let refused = synced_b.try_recv().unwrap();
    assert_eq!(refused.error, Some(ResponseError::RebalanceInProgress));
    let joined = bed.join("b", "changed").try_recv().unwrap();
    assert_eq!((joined.leader.as_str(), joined.members.len()), ("b", 1));
}

#[test]
fn an_empty_group_gathers_members_for_its_initial_delay() {
    let mut bed = Bed::new();
    bed.delay = Duration::from_secs(3);
    let mut first = bed.join("a", "m");
    bed.pass(Duration::from_secs(2));
    let mut second = bed.join("b", "m");
    bed.pass(Duration::from_secs(2));
    assert!(first.try_recv().is_err(), "the second prolonged the wait");
    bed.pass(Duration::from_secs(1));
    assert_eq!(first.try_recv().unwrap().members.len(), 2);
    assert_eq!(second.try_recv().unwrap().generation, 1);
}

#[test]
fn commits_need_the_generation_or_an_empty_group() {
    let mut bed = Bed::stable();
    let now = bed.now;
    for (member, generation, expected) in [
        ("a", 2, Ok(())),
        ("a", 1, Err(ResponseError::IllegalGeneration)),
        ("x", 2, Err(ResponseError::UnknownMemberId)),
        ("", -1, Err(ResponseError::UnknownMemberId)),
    ] {
        assert_eq!(
            bed.group.check_commit(member, generation, now),
            expected,
            "{member} {generation}"
        );
    }
    assert_eq!(Group::new().check_commit("", -1, now), Ok(()));
}

#[test]
fn another_protocol_is_refused() {
    let mut bed = Bed::stable();
    let join = Join {
        member_id: String::new(),
        client_id: "c".to_owned(),
        client_host: "h".to_owned(),
        protocol_type: "consumer".to_owned(),
        protocols: vec![("range".to_owned(), Bytes::new())],
        timeouts: Timeouts { session: SESSION, rebalance: REBALANCE },
        id_required: false,
    };
    let (reply, mut answer) = oneshot::channel();
    bed.group.join(join, || "z".to_owned(), Duration::ZERO, reply, bed.now);
    assert_eq!(answer.try_recv().unwrap().error, Some(ResponseError::InconsistentGroupProtocol));
}
