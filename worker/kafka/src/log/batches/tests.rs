//! Record batches both ways.

use bytes::{BufMut, Bytes, BytesMut};
use indexmap::IndexMap;
use kafka_protocol::{
    messages::{ProducerId, fetch_response::AbortedTransaction},
    records::{Compression, Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType},
};

use super::*;

fn record(offset: i64, producer: i64, control: Option<i16>) -> Record {
    let mut key = BytesMut::new();
    match control {
        Some(kind) => {
            key.put_i16(0);
            key.put_i16(kind);
        }
        None => key.put_slice(b"key"),
    }
    Record {
        transactional: producer >= 0,
        control: control.is_some(),
        delete_horizon: false,
        partition_leader_epoch: 0,
        producer_id: producer,
        producer_epoch: 0,
        timestamp_type: TimestampType::Creation,
        offset,
        sequence: offset as i32,
        timestamp: 5,
        key: Some(key.freeze()),
        value: Some(Bytes::from_static(b"value")),
        headers: IndexMap::default(),
    }
}

fn encode(records: &[Record]) -> Bytes {
    let mut bytes = BytesMut::new();
    for record in records {
        let options = RecordEncodeOptions { version: 2, compression: Compression::None };
        RecordBatchEncoder::encode(&mut bytes, [record], &options).expect("encodes");
    }
    bytes.freeze()
}

fn offsets(fetched: &Fetched) -> Vec<i64> {
    fetched.records.iter().map(|record| record.offset).collect()
}

#[test]
fn records_before_the_position_and_cut_batches_are_left_out() {
    let bytes = encode(&[record(3, -1, None), record(4, -1, None), record(5, -1, None)]);
    let whole = decode(0, 4, bytes.clone(), &[]).expect("decodes");
    assert_eq!((offsets(&whole), whole.next), (vec![4, 5], 6));
    for length in [bytes.len() - 1, bytes.len() - 40] {
        let cut = decode(0, 4, bytes.slice(..length), &[]).expect("decodes");
        assert_eq!((offsets(&cut), cut.next), (vec![4], 5), "{length}");
    }
}

#[test]
fn aborted_transactions_and_markers_are_hidden() {
    let bytes = encode(&[
        record(0, 7, None),
        record(1, 8, None),
        record(2, 7, Some(0)),
        record(3, 7, None),
        record(4, 8, Some(1)),
        record(5, 7, Some(1)),
    ]);
    let aborted =
        [AbortedTransaction::default().with_producer_id(ProducerId(7)).with_first_offset(0)];
    let committed = decode(0, 0, bytes.clone(), &aborted).expect("decodes");
    assert_eq!((offsets(&committed), committed.next), (vec![1, 3], 6));
    let all = decode(0, 0, bytes, &[]).expect("decodes");
    assert_eq!(offsets(&all), [0, 1, 3]);
}

#[test]
fn hostile_bytes_are_errors() {
    let good = encode(&[record(0, -1, None)]);
    for (at, byte) in [(8, 0xff), (11, 1), (16, 9), (20, 1), (23, 0x80)] {
        let mut bytes = BytesMut::from(&good[..]);
        bytes[at] ^= byte;
        // A longer length only means that the batch is cut off.
        let outcome = decode(0, 0, bytes.freeze(), &[]);
        assert!(outcome.is_err() || outcome.is_ok_and(|it| it.records.is_empty()), "{at}");
    }
}
