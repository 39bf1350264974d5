//! Record sets, made by another implementation of the format, handed out piece by piece.

use bytes::{BufMut, BytesMut};
use indexmap::IndexMap;
use kafka_protocol::{
    messages::{ProducerId, fetch_response::AbortedTransaction},
    records::{Compression, Record, RecordBatchEncoder, RecordEncodeOptions},
};

use super::{
    head::{HEAD, LENGTH_AT, MAGIC_AT},
    *,
};

const READING: Reading = Reading { check_crcs: true, longest_record: LONGEST_RECORD };

/// When a batch has this many records.
fn most(records: usize) -> Enough {
    Enough { records, bytes: usize::MAX, unpacked: usize::MAX }
}

fn record(offset: i64) -> Record {
    Record {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: 0,
        producer_id: -1,
        producer_epoch: -1,
        timestamp_type: kafka_protocol::records::TimestampType::Creation,
        offset,
        sequence: offset as i32,
        timestamp: 1000 + offset,
        key: (offset % 2 == 0).then(|| Bytes::from(offset.to_string())),
        value: Some(Bytes::from(format!("value {offset}"))),
        headers: IndexMap::default(),
    }
}

fn of(producer: i64, control: Option<i16>, offset: i64) -> Record {
    let mut marker = BytesMut::new();
    marker.put_i16(0);
    marker.put_i16(control.unwrap_or(0));
    let key = if control.is_some() { Some(marker.freeze()) } else { None };
    Record {
        transactional: true,
        control: control.is_some(),
        producer_id: producer,
        producer_epoch: 0,
        key,
        ..record(offset)
    }
}

fn encode(records: &[Record], compression: Compression) -> Bytes {
    let mut bytes = BytesMut::new();
    let options = RecordEncodeOptions { version: 2, compression };
    RecordBatchEncoder::encode(&mut bytes, records, &options).expect("encodes");
    bytes.freeze()
}

fn all(sets: &[Bytes]) -> Bytes {
    sets.concat().into()
}

fn fetch(position: i64, bytes: Bytes, aborted: &[AbortedTransaction]) -> CompletedFetch {
    CompletedFetch::new(origin(), position, bytes, aborted, READING)
}

fn origin() -> Origin {
    Origin { topic: "t".into(), partition: 3 }
}

/// Hands out all records, a few at a time.
fn offsets(mut fetch: CompletedFetch) -> (Vec<i64>, i64) {
    let mut offsets = Vec::new();
    loop {
        let mut batch = Batch::default();
        let more = fetch.hand_out(&mut batch, most(3)).expect("records");
        assert!(batch.len() <= 3);
        offsets.extend(batch.iter().map(|it| it.offset));
        if !more {
            return (offsets, fetch.position);
        }
    }
}

#[test]
fn records_have_all_their_parts_in_every_compression() {
    let mut with_headers = record(5);
    with_headers.headers.insert("a".to_owned().into(), Some(Bytes::from_static(b"1")));
    with_headers.headers.insert("b".to_owned().into(), None);
    for compression in [
        Compression::None,
        Compression::Gzip,
        Compression::Snappy,
        Compression::Lz4,
        Compression::Zstd,
    ] {
        let bytes = encode(&[record(4), with_headers.clone(), record(6)], compression);
        assert_eq!(end_of(bytes.clone()), Ok(Some(7)));
        let mut batch = Batch::default();
        assert_eq!(fetch(4, bytes, &[]).hand_out(&mut batch, most(100)), Ok(false));
        let read: Vec<_> = batch.iter().collect();
        let text = |it: &str| Some(Bytes::copy_from_slice(it.as_bytes()));
        assert_eq!(read.len(), 3);
        assert_eq!((&*read[0].topic, read[0].partition), ("t", 3));
        assert_eq!((read[0].offset, read[0].timestamp), (4, 1004));
        assert_eq!((&read[0].key, &read[0].value), (&text("4"), &text("value 4")));
        assert_eq!((&read[1].key, &read[1].value), (&None, &text("value 5")));
        assert_eq!(read[1].headers, [("a".into(), text("1")), ("b".into(), None)]);
        assert!(read[0].headers.is_empty());
    }
}

#[test]
fn what_lies_before_the_position_and_cut_batches_are_left_out() {
    let bytes = all(&[
        encode(&[record(3), record(4)], Compression::None),
        encode(&[record(5), record(6)], Compression::None),
        encode(&[record(7)], Compression::None),
    ]);
    assert_eq!(offsets(fetch(4, bytes.clone(), &[])), (vec![4, 5, 6, 7], 8));
    for cut in [1, 40] {
        let cut = bytes.slice(..bytes.len() - cut);
        assert_eq!(end_of(cut.clone()), Ok(Some(7)));
        assert_eq!(offsets(fetch(4, cut, &[])), (vec![4, 5, 6], 7));
    }
}

#[test]
fn holes_that_compaction_left_are_passed() {
    let bytes = all(&[
        encode(&[record(3), record(9)], Compression::None),
        encode(&[record(12)], Compression::None),
    ]);
    assert_eq!(offsets(fetch(5, bytes, &[])), (vec![9, 12], 13));
}

#[test]
fn aborted_transactions_and_markers_are_hidden() {
    let (abort, commit) = (Some(0), Some(1));
    let one = |record: Record| encode(&[record], Compression::None);
    let bytes = all(&[
        one(of(1, None, 0)),
        one(of(2, None, 1)),
        one(of(1, abort, 2)),
        one(of(1, None, 3)),
        one(of(2, commit, 4)),
        one(record(5)),
    ]);
    let aborted =
        AbortedTransaction::default().with_producer_id(ProducerId(1)).with_first_offset(0);
    assert_eq!(offsets(fetch(0, bytes.clone(), &[aborted])), (vec![1, 3, 5], 6));
    // Readers of uncommitted records are told of no aborted transaction.
    assert_eq!(offsets(fetch(0, bytes, &[])), (vec![0, 1, 3, 5], 6));
}

#[test]
fn bytes_that_are_no_records_are_an_error() {
    let bytes = encode(&[record(1)], Compression::None);
    let changed = |at: usize, to: u8| {
        let mut bytes = bytes.to_vec();
        bytes[at] = to;
        let mut fetch = fetch(1, bytes.into(), &[]);
        fetch.hand_out(&mut Batch::default(), most(10)).expect_err("it is wrong").to_string()
    };
    assert_eq!(changed(bytes.len() - 1, 9), "the checksum does not match");
    assert!(changed(MAGIC_AT, 1).contains("message format 1"));
    assert!(changed(LENGTH_AT, 0x80).contains("bytes"));
    let unchecked = Reading { check_crcs: false, ..READING };
    let mut unchecked = CompletedFetch::new(origin(), 1, bytes.slice(..), &[], unchecked);
    assert_eq!(unchecked.hand_out(&mut Batch::default(), most(10)), Ok(false));
}

#[test]
fn batches_shorter_than_their_head_are_an_error() {
    for (length, magic, expected) in [
        (0, 2, "a batch of 0 bytes"),
        (4, 0, "a batch of 4 bytes"),
        (48, 2, "a batch of 48 bytes"),
        (14, 1, "message format 1 is not supported: it was last written before Kafka 0.11"),
    ] {
        // More bytes follow than the batch says it has.
        let mut bytes = vec![0; 2 * HEAD];
        bytes[LENGTH_AT + 3] = length;
        bytes[MAGIC_AT] = magic;
        let bytes = Bytes::from(bytes);
        let end = end_of(bytes.clone()).expect_err("it is wrong");
        let handed = fetch(0, bytes, &[]).hand_out(&mut Batch::default(), most(10));
        assert_eq!((end.to_string(), handed), (expected.to_owned(), Err(end)));
    }
}

mod packed;
