//! The shape of the bytes and the refusal of bad ones. That they equal Java's is shown by `tests/it.rs`.

use proptest::prelude::*;

use super::*;

fn tasks(of: &[(&str, i32)]) -> Vec<TaskId> {
    of.iter().map(|(connector, task)| ((*connector).to_owned(), *task)).collect()
}

fn sample() -> Assignment {
    Assignment {
        error: NO_ERROR,
        leader: "l".into(),
        leader_url: "u".into(),
        config_offset: 7,
        connectors: vec!["a".into()],
        tasks: tasks(&[("a", 0), ("b", 2), ("a", 1)]),
        revoked_connectors: vec!["c".into()],
        revoked_tasks: tasks(&[("c", 0)]),
        delay: Duration::from_millis(258),
    }
}

#[test]
fn tasks_are_listed_under_their_connector_with_the_connector_itself_as_minus_one() {
    let bytes = sample().encode(ConnectProtocol::Sessioned).unwrap();
    let expected: &[&[u8]] = &[
        &[0, 2, 0, 0],
        &[0, 1, b'l', 0, 1, b'u'],
        &[0, 0, 0, 0, 0, 0, 0, 7],
        &[0, 0, 0, 2],
        &[0, 1, b'a', 0, 0, 0, 3, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 1],
        &[0, 1, b'b', 0, 0, 0, 1, 0, 0, 0, 2],
        &[0, 0, 0, 1, 0, 1, b'c', 0, 0, 0, 2, 255, 255, 255, 255, 0, 0, 0, 0],
        &[0, 0, 1, 2],
    ];
    assert_eq!(bytes.as_ref(), expected.concat());
}

#[test]
fn version_0_has_neither_revocations_nor_a_delay_nor_what_a_member_holds() {
    let bytes = sample().encode(ConnectProtocol::Eager).unwrap();
    let read = Assignment::decode(&bytes).unwrap();
    assert!(!read.revokes() && read.delay.is_zero());

    let metadata = Metadata { url: "u".into(), config_offset: -1, held: Some(sample()) };
    let bytes = metadata.encode(ConnectProtocol::Eager).unwrap();
    assert_eq!(Metadata::decode(&bytes).unwrap().held, None);
}

#[test]
fn bad_bytes_are_refused_with_their_field() {
    let cases: &[(&[u8], DecodeError)] = &[
        (&[], DecodeError::Truncated("version")),
        (&[255, 255], DecodeError::Version(-1)),
        (&[0, 1, 255, 255], DecodeError::Length { field: "url", length: -1 }),
        (&[0, 1, 0, 9, b'a'], DecodeError::Truncated("url")),
        (&[0, 1, 0, 1, 255], DecodeError::Text("url")),
        (&[0, 1, 0, 0, 1], DecodeError::Truncated("config-offset")),
        (&[0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], DecodeError::Truncated("allocation")),
        (
            &[0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 127, 255, 255, 255],
            DecodeError::Truncated("allocation"),
        ),
        (
            &[0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 254],
            DecodeError::Length { field: "allocation", length: -2 },
        ),
    ];
    for (bytes, expected) in cases {
        assert_eq!(Metadata::decode(bytes).unwrap_err(), *expected, "{bytes:?}");
    }
}

#[test]
fn every_prefix_of_an_assignment_is_refused_unless_it_ends_where_an_older_version_does() {
    let whole = sample().encode(ConnectProtocol::Compatible).unwrap();
    let version_0 = sample().encode(ConnectProtocol::Eager).unwrap().len();
    let without_work = 18;
    let without_delay = whole.len() - 4;
    for end in 0..whole.len() {
        let optional = [without_work, version_0, without_delay].contains(&end);
        assert_eq!(Assignment::decode(&whole[..end]).is_ok(), optional, "{end}");
    }
}

#[test]
fn a_name_that_the_format_cannot_hold_is_an_error() {
    let metadata = Metadata { url: "u".repeat(40_000), config_offset: 0, held: None };
    assert!(metadata.encode(ConnectProtocol::Sessioned).is_err());
}

#[test]
fn protocols_are_offered_newest_first() {
    let cases = [("eager", "default"), ("Compatible", "compatible"), ("SESSIONED", "sessioned")];
    for (index, (setting, first)) in cases.into_iter().enumerate() {
        let offered = setting.parse::<ConnectProtocol>().unwrap().offered();
        assert_eq!((offered.len(), offered[0].name()), (index + 1, first));
        assert_eq!(ConnectProtocol::from_name(first), Some(offered[0]));
    }
    assert!("lazy".parse::<ConnectProtocol>().is_err());
}

proptest! {
    #[test]
    fn no_input_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Metadata::decode(&bytes);
        let _ = Assignment::decode(&bytes);
    }

    #[test]
    fn no_damage_to_real_bytes_panics(at in 0usize..100, value: u8) {
        let metadata = Metadata { url: "u".into(), config_offset: 1, held: Some(sample()) };
        let mut bytes = metadata.encode(ConnectProtocol::Sessioned).unwrap().to_vec();
        let at = at % bytes.len();
        bytes[at] = value;
        let _ = Metadata::decode(&bytes);
    }

    #[test]
    fn what_is_written_is_read_again(
        connectors in proptest::collection::btree_set("[a-z]{1,3}", 0..4),
        numbers in proptest::collection::btree_set(0i32..9, 0..4),
        delay in 0u64..1_000_000,
    ) {
        let tasks: Vec<TaskId> = connectors
            .iter()
            .flat_map(|connector| numbers.iter().map(move |task| (connector.clone(), *task)))
            .collect();
        let written = Assignment {
            connectors: connectors.iter().cloned().collect(),
            revoked_connectors: Vec::new(),
            revoked_tasks: tasks.clone(),
            tasks,
            delay: Duration::from_millis(delay),
            ..sample()
        };
        let metadata = Metadata { url: "é".into(), config_offset: 5, held: Some(written) };
        let bytes = metadata.encode(ConnectProtocol::Sessioned).unwrap();
        prop_assert_eq!(Metadata::decode(&bytes).unwrap(), metadata);
    }
}
