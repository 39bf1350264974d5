//! The leader's part of a round, without a broker.

use bytes::Bytes;

use super::{
    lead::{Decision, Election},
    *,
};
use crate::protocol::{CONFIG_MISMATCH, Metadata};

struct Known(Configured);

impl Leader for Known {
    fn configured(&mut self, max_offset: i64) -> Option<Configured> {
        (self.0.offset >= max_offset).then(|| self.0.clone())
    }

    fn can_run(&self, member_url: &str, _connector: &str) -> bool {
        member_url != "http://without/"
    }
}

fn known(offset: i64) -> Known {
    Known(Configured { offset, connectors: BTreeMap::from([("c".to_owned(), vec![0, 1, 2])]) })
}

fn member(id: &str, url: &str, config_offset: i64) -> (String, Bytes) {
    let metadata = Metadata { url: url.into(), config_offset, held: None };
    (id.into(), metadata.encode(ConnectProtocol::Sessioned).unwrap())
}

fn decide(
    protocol: ConnectProtocol,
    members: Vec<(String, Bytes)>,
    leader: &mut Known,
) -> (Decision, Vec<Assignment>) {
    let election = Election {
        protocol,
        leader_id: "a",
        leader_url: "http://a/",
        last_completed: NO_GENERATION,
        generation: 1,
        members,
    };
    let mut assignor = IncrementalAssignor::new(Duration::from_mins(5));
    let decision = election.decide(&mut assignor, leader, Duration::ZERO).unwrap();
    let read = |(_, bytes): &(String, Bytes)| Assignment::decode(bytes).unwrap();
    let assignments = decision.assignments.iter().map(read).collect();
    (decision, assignments)
}

#[test]
fn everybody_gets_a_part_and_the_offset_of_the_configuration_it_comes_from() {
    for protocol in ConnectProtocol::Sessioned.offered() {
        let members = vec![member("a", "http://a/", 4), member("b", "http://b/", -1)];
        let (decision, assignments) = decide(*protocol, members, &mut known(6));
        let tasks: Vec<usize> = assignments.iter().map(|it| it.tasks.len()).collect();
        assert_eq!(tasks.iter().sum::<usize>(), 3, "{tasks:?}");
        assert!(assignments.iter().all(|it| it.config_offset == 6 && it.leader == "a"));
        assert!(assignments.iter().all(|it| it.leader_url == "http://a/" && !it.has_failed()));
        assert_eq!(decision.shares[1].url, "http://b/");
        assert_eq!(decision.shares.iter().map(|it| it.work.len()).sum::<usize>(), 4);
    }
}

#[test]
fn a_leader_that_is_behind_tells_everybody_so_and_hands_out_nothing() {
    for protocol in ConnectProtocol::Sessioned.offered() {
        let members = vec![member("a", "http://a/", 4), member("b", "http://b/", 9)];
        let (_, assignments) = decide(*protocol, members, &mut known(8));
        for assignment in assignments {
            assert_eq!((assignment.error, assignment.config_offset), (CONFIG_MISMATCH, 9));
            assert!(assignment.connectors.is_empty() && assignment.tasks.is_empty());
        }
    }
}

#[test]
fn a_member_that_cannot_be_understood_gets_nothing_and_harms_nobody() {
    let members = vec![member("a", "http://a/", 4), ("b".into(), Bytes::from_static(b"\x7f"))];
    let (decision, assignments) = decide(ConnectProtocol::Sessioned, members, &mut known(4));
    assert_eq!((assignments[0].tasks.len(), assignments[1].tasks.len()), (3, 0));
    assert_eq!(decision.shares.len(), 1);
}

#[test]
fn the_leader_is_asked_who_can_run_what() {
    let members = vec![member("a", "http://a/", 4), member("b", "http://without/", 4)];
    let (_, assignments) = decide(ConnectProtocol::Sessioned, members, &mut known(4));
    assert_eq!((assignments[0].tasks.len(), assignments[1].tasks.len()), (3, 0));
}
