//! Who gets what, as tables.

use super::{sticky::encode_held, *};

fn parts(text: &str) -> Vec<TopicPartition> {
    let one = |it: &str| {
        let (topic, partition) = it.rsplit_once('-').unwrap();
        TopicPartition::new(topic, partition.parse().unwrap())
    };
    text.split_whitespace().map(one).collect()
}

fn topics(text: &str) -> Topics {
    let one = |it: &str| {
        let (topic, count) = it.split_once(':').unwrap();
        (topic.to_owned(), count.parse().unwrap())
    };
    text.split_whitespace().map(one).collect()
}

/// `id[/instance] topics [~rack] [= owned [@ generation]]`.
fn member(text: &str) -> Subscriber {
    let (head, owned) = text.split_once('=').unwrap_or((text, ""));
    let (owned, generation) = owned.split_once('@').unwrap_or((owned, "-1"));
    let (head, rack) = head.split_once('~').unwrap_or((head, ""));
    let mut words = head.split_whitespace();
    let id = words.next().unwrap();
    let (id, instance) = id.split_once('/').map_or((id, None), |(id, it)| (id, Some(it)));
    let generation = generation.trim().parse().unwrap();
    let owned = parts(owned);
    Subscriber {
        id: id.to_owned(),
        instance: instance.map(str::to_owned),
        subscription: Subscription {
            topics: words.map(str::to_owned).collect(),
            user_data: Some(encode_held(&owned, generation)),
            owned,
            generation,
            rack: (!rack.is_empty()).then(|| rack.trim().to_owned()),
        },
    }
}

fn shown(assignments: &Assignments) -> String {
    let one = |(id, given): (&String, &Vec<TopicPartition>)| {
        let mut given = given.clone();
        given.sort();
        let given: Vec<String> = given.iter().map(ToString::to_string).collect();
        format!("{id}: {}", given.join(" "))
    };
    assignments.iter().map(one).collect::<Vec<_>>().join("; ")
}

#[test]
fn partitions_are_assigned_as_the_assignors_have_it() {
    use Assignor::{CooperativeSticky as Steps, Range, RoundRobin, Sticky};
    let rows: &[(Assignor, &str, &[&str], &str)] = &[
        (Range, "t:3", &["a t", "b t"], "a: t-0 t-1; b: t-2"),
        (Range, "t:3 u:3", &["a t u", "b t u"], "a: t-0 t-1 u-0 u-1; b: t-2 u-2"),
        (Range, "t:1", &["a t", "b t"], "a: t-0; b: "),
        (Range, "t:2 u:2", &["a t", "b t u", "c x"], "a: t-0; b: t-1 u-0 u-1; c: "),
        (Range, "t:3", &["a t", "b/i2 t", "c/i1 t"], "a: t-2; b: t-1; c: t-0"),
        (Range, "", &["a t"], "a: "),
        (RoundRobin, "t:3 u:3", &["a t u", "b t u"], "a: t-0 t-2 u-1; b: t-1 u-0 u-2"),
        (RoundRobin, "t:2 u:2", &["a t", "b t u"], "a: t-0; b: t-1 u-0 u-1"),
        (Sticky, "t:4", &["a t", "b t", "c t"], "a: t-0 t-3; b: t-1; c: t-2"),
        // A new member gets what the others have too much of, at once.
        (Sticky, "t:4", &["a t= t-0 t-1 t-2 t-3 @3", "b t"], "a: t-0 t-1; b: t-2 t-3"),
        // In steps, what somebody still reads goes to nobody for a round.
        (Steps, "t:4", &["a t= t-0 t-1 t-2 t-3 @3", "b t"], "a: t-0 t-1; b: "),
        (Steps, "t:4", &["a t= t-0 t-1 @4", "b t= @4"], "a: t-0 t-1; b: t-2 t-3"),
        (Steps, "t:3", &["a t= t-0 t-1 t-2 @3", "b t", "c t"], "a: t-0; b: ; c: "),
        (Steps, "t:4", &["a t= t-1 t-3 @3", "b t= t-0 @3", "c t"], "a: t-1 t-3; b: t-0; c: t-2"),
        // Of two claims the later one counts; two of one generation count for nothing.
        (Steps, "t:2", &["a t= t-0 t-1 @2", "b t= t-1 @3"], "a: t-0; b: t-1"),
        (Steps, "t:2", &["a t= t-0 t-1 @3", "b t= t-1 @3"], "a: t-0; b: "),
        // What does not exist any more or is not wanted any more is let go.
        (Steps, "t:1", &["a t= t-0 t-1 x-0 @3"], "a: t-0"),
        (Steps, "t:1 u:1", &["a u= t-0 @3", "b t u"], "a: u-0; b: "),
        // Different wishes: nobody could take one from somebody with two more.
        (Sticky, "t:2 u:4", &["a t u", "b t"], "a: u-0 u-1 u-2 u-3; b: t-0 t-1"),
        (Sticky, "t:3", &["a t= t-0 t-1 t-2 @1", "b u"], "a: t-0 t-1 t-2; b: "),
    ];
    for (assignor, topics_text, members, expected) in rows {
        let members: Vec<Subscriber> = members.iter().map(|it| member(it)).collect();
        let given = assignor.assign(&topics(topics_text), &Racks::new(), &members);
        assert_eq!(shown(&given), *expected, "{assignor:?} {topics_text} {members:?}");
    }
}

/// `topic-partition@rack…`.
fn racks(text: &str) -> Racks {
    let one = |it: &str| {
        let (of, racks) = it.split_once('@').unwrap();
        (parts(of).remove(0), racks.chars().map(String::from).collect())
    };
    text.split_whitespace().map(one).collect()
}

#[test]
fn members_read_from_nearby_where_that_costs_no_balance() {
    use Assignor::{CooperativeSticky as Steps, Range, RoundRobin, Sticky};
    let two = "t-0@x t-1@y";
    let rows: &[(Assignor, &str, &str, [&str; 2], &str)] = &[
        (Range, "t:2", two, ["a t ~y", "b t ~x"], "a: t-1; b: t-0"),
        (RoundRobin, "t:2", two, ["a t ~y", "b t ~x"], "a: t-0; b: t-1"),
        (Sticky, "t:2", two, ["a t ~y", "b t ~x"], "a: t-1; b: t-0"),
        // Nobody is near, or everybody is.
        (Range, "t:2", two, ["a t ~z", "b t ~z"], "a: t-0; b: t-1"),
        (Range, "t:2", "t-0@xy t-1@yx", ["a t ~y", "b t ~x"], "a: t-0; b: t-1"),
        // Balance comes first.
        (Range, "t:2", "t-0@x t-1@x", ["a t ~z", "b t ~x"], "a: t-0; b: t-1"),
        (Range, "t:3", "t-0@y t-1@y t-2@xy", ["a t ~x", "b t ~y"], "a: t-2; b: t-0 t-1"),
        (Sticky, "t:4", "t-0@x t-1@x t-2@x", ["a t ~x", "b t ~y"], "a: t-0 t-1; b: t-2 t-3"),
        // Who has no rack takes anything.
        (Range, "t:2", two, ["a t", "b t ~x"], "a: t-0; b: t-1"),
        // Topics that are read together stay together, near or far.
        (
            Range,
            "t:2 u:2",
            "t-0@x t-1@y u-0@x u-1@y",
            ["a t u ~y", "b t u ~x"],
            "a: t-1 u-1; b: t-0 u-0",
        ),
        (
            Range,
            "t:2 u:2",
            "t-0@x t-1@y u-0@y u-1@x",
            ["a t u ~y", "b t u ~x"],
            "a: t-0 u-0; b: t-1 u-1",
        ),
        // What is far is let go, if somebody is near; else it stays.
        (Steps, "t:2", two, ["a t ~y= t-0 @3", "b t ~x= t-1 @3"], "a: ; b: "),
        (Steps, "t:2", "t-0@x t-1@z", ["a t ~y= t-0 @3", "b t ~x= t-1 @3"], "a: ; b: "),
        (Steps, "t:2", "t-0@x t-1@z", ["a t ~x= t-0 @3", "b t ~y= t-1 @3"], "a: t-0; b: t-1"),
    ];
    for (assignor, topics_text, copies, members, expected) in rows {
        let members = members.map(member);
        let given = assignor.assign(&topics(topics_text), &racks(copies), &members);
        assert_eq!(shown(&given), *expected, "{assignor:?} {topics_text} {copies} {members:?}");
    }
}

#[test]
fn older_generations_stand_in_the_assignor_s_own_data() {
    let mut members = [member("a t= t-0 t-1"), member("b t= t-1")];
    members[0].subscription.user_data = Some(Bytes::copy_from_slice(&7_i32.to_be_bytes()));
    members[1].subscription.user_data = Some(Bytes::from_static(b"x"));
    let given = Assignor::CooperativeSticky.assign(&topics("t:2"), &Racks::new(), &members);
    assert_eq!(shown(&given), "a: t-0; b: ", "t-1 is taken from a first");
    assert_eq!(
        Assignor::CooperativeSticky.user_data(7, None),
        Some(Bytes::copy_from_slice(&7_i32.to_be_bytes()))
    );
    assert_eq!(Assignor::Sticky.user_data(7, None), None);
}

#[test]
fn subscriptions_survive_their_bytes() {
    let subscription = Subscription {
        topics: vec!["a".into(), "b".into()],
        user_data: Some(Bytes::from_static(b"123")),
        owned: parts("a-1 a-2 b-0"),
        generation: 9,
        rack: Some("r".into()),
    };
    let bytes = subscription.encode();
    assert_eq!(Subscription::decode(&bytes), Ok(subscription.clone()));
    // Each version before ends earlier; one to come may go on.
    let ends = [bytes.len() - 3 - 4 - 4 - 2 * 7 - 4 * 3, bytes.len() - 7, bytes.len() - 3];
    for (version, end) in (0..).zip(ends) {
        let mut older = bytes.slice(..end).to_vec();
        older[1] = version;
        let read = Subscription::decode(&older.into()).unwrap();
        assert_eq!(read.topics, subscription.topics, "{version}");
        assert_eq!(read.owned.len(), if version == 0 { 0 } else { 3 });
        assert_eq!(read.generation, if version < 2 { -1 } else { 9 });
    }
    let newer = [&[0, 9], &bytes[2..], b"more"].concat();
    assert_eq!(Subscription::decode(&newer.into()), Ok(subscription));
    let given = parts("a-1 a-2 b-0");
    assert_eq!(decode_assignment(&encode_assignment(&given)), Ok(given));
}

#[test]
fn broken_bytes_are_told_and_cost_nothing() {
    let huge = [&[0, 3][..], &i32::MAX.to_be_bytes()].concat();
    for bytes in [vec![], vec![0], vec![255, 255, 0, 0], huge] {
        let bytes = Bytes::from(bytes);
        assert!(Subscription::decode(&bytes).is_err(), "{bytes:?}");
        assert!(decode_assignment(&bytes).is_err(), "{bytes:?}");
    }
}
