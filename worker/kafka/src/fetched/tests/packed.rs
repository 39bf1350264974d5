//! Compressed batches: dense ones are read piece by piece, hostile ones cost little before they are refused.

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::{
    compression::{Compressor, Gzip, Lz4, Snappy, Zstd},
    records::{Compression, Record},
};

use super::{super::*, HEAD, encode, origin, record};

const MIB: usize = 1024 * 1024;
const CODECS: [Compression; 4] =
    [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

/// A batch of one record by its head, whose records are `plain` and compressed.
fn packed(codec: Compression, plain: &[u8]) -> Bytes {
    let mut packed = BytesMut::new();
    let put = |out: &mut BytesMut| {
        out.put_slice(plain);
        Ok(())
    };
    match codec {
        Compression::Gzip => Gzip::compress(&mut packed, put),
        Compression::Snappy => Snappy::compress(&mut packed, put),
        Compression::Lz4 => Lz4::compress(&mut packed, put),
        _ => Zstd::compress(&mut packed, put),
    }
    .expect("it can be compressed");
    batch(codec as i16, &packed)
}

fn batch(codec: i16, records: &[u8]) -> Bytes {
    let mut bytes = encode(&[record(7)], Compression::None)[..HEAD].to_vec();
    bytes[8..12].copy_from_slice(&((HEAD - 12 + records.len()) as i32).to_be_bytes());
    bytes[21..23].copy_from_slice(&codec.to_be_bytes());
    bytes.extend_from_slice(records);
    bytes.into()
}

fn fetch(bytes: Bytes, longest_record: usize) -> CompletedFetch {
    CompletedFetch::new(origin(), 0, bytes, &[], Reading { check_crcs: false, longest_record })
}

/// What the first record is refused for.
fn refusal(bytes: Bytes, longest_record: usize) -> String {
    let mut fetch = fetch(bytes, longest_record);
    let outcome = fetch.hand_out(&mut Batch::default(), super::most(10));
    assert!(fetch.size() <= MIB + longest_record, "{} bytes are held", fetch.size());
    outcome.expect_err("it is refused").to_string()
}

/// The bytes of a number of a record, in the zigzag form.
fn number(value: usize) -> Vec<u8> {
    let (mut rest, mut bytes) = (value * 2, Vec::new());
    while rest > 0x7f {
        bytes.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes
}

/// A record whose value is so many zeros.
fn zeros(count: usize) -> Vec<u8> {
    let body = [&[0, 0, 0, 1][..], &number(count), &vec![0; count], &[0]].concat();
    [number(body.len()), body].concat()
}

#[test]
fn dense_batches_are_read_in_pieces() {
    let value = Bytes::from(vec![0; MIB]);
    let dense = |offset| Record { value: Some(value.clone()), ..record(offset) };
    let records: Vec<Record> = (0..16).map(dense).collect();
    for codec in CODECS {
        let bytes = encode(&records, codec);
        assert!(bytes.len() < MIB, "{codec:?} makes {} bytes", bytes.len());
        let mut fetch = fetch(bytes, 2 * MIB);
        let (mut offsets, mut more) = (Vec::new(), true);
        while more {
            let mut batch = Batch::default();
            let enough = Enough { records: 500, bytes: usize::MAX, unpacked: 3 * MIB };
            more = fetch.hand_out(&mut batch, enough).expect("records");
            assert!(batch.unpacked() < 6 * MIB && fetch.size() < 3 * MIB, "{codec:?}");
            offsets.extend(batch.iter().map(|it| {
                assert_eq!(it.value.as_ref(), Some(&value), "{codec:?}");
                it.offset
            }));
        }
        assert_eq!((offsets, fetch.position()), ((0..16).collect(), 16), "{codec:?}");
    }
}

#[test]
fn records_on_the_edge_of_a_piece_are_whole() {
    // Lengths of all kinds, so that pieces end within numbers, keys and values.
    let sized = |offset: i64| Record {
        value: Some(Bytes::from(vec![offset as u8; (offset * 37 % 9000) as usize])),
        ..record(offset)
    };
    let records: Vec<Record> = (0..400).map(sized).collect();
    for codec in CODECS {
        let mut batch = Batch::default();
        let outcome = fetch(encode(&records, codec), MIB).hand_out(&mut batch, super::most(1000));
        assert_eq!(outcome, Ok(false), "{codec:?}");
        let read: Vec<_> = batch.iter().map(|it| (it.offset, it.key, it.value)).collect();
        let sent = records.iter().map(|it| (it.offset, it.key.clone(), it.value.clone()));
        assert!(read == sent.collect::<Vec<_>>(), "{codec:?}");
    }
}

#[test]
fn a_record_beyond_the_bound_is_refused_before_it_is_unpacked() {
    let limit = 2 * MIB;
    for codec in CODECS {
        let longest = zeros(limit - 16);
        assert!(longest.len() <= limit);
        let mut batch = Batch::default();
        let whole = fetch(packed(codec, &longest), limit).hand_out(&mut batch, super::most(10));
        assert_eq!((whole, batch.len()), (Ok(false), 1), "{codec:?}");
        // It says that it has a gigabyte, and 16 MiB of that are there.
        let claim = number(1 << 30);
        let bomb = packed(codec, &[&claim[..], &vec![0; 16 * MIB]].concat());
        assert!(bomb.len() < MIB);
        let expected = "a compressed record at or behind offset 0, in the batch of offsets 7 to 7, unpacks to \
                        1073741829 bytes, and 2097152 are allowed";
        assert_eq!(refusal(bomb, limit), expected, "{codec:?}");
    }
}

#[test]
fn what_follows_the_last_record_is_refused_without_unpacking_it() {
    for codec in CODECS {
        let bomb = packed(codec, &[zeros(10), vec![0; 16 * MIB]].concat());
        let expected = "Incorrect declared batch size, records still remaining in file: the batch of offsets 7 to 7";
        assert_eq!(refusal(bomb, MIB), expected, "{codec:?}");
    }
    // Also where nothing is compressed.
    let plain = batch(0, &[zeros(10), vec![0]].concat());
    assert!(refusal(plain, MIB).starts_with("Incorrect declared batch size"));
}

#[test]
fn lengths_that_lie_reserve_nothing() {
    // One block of Snappy that says it has four gigabytes, bare and in Java's stream.
    let block = [0xff, 0xff, 0xff, 0xff, 0x0f, 0xf0, 0];
    let stream = [b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01\0\0\0\x07", &block[..]].concat();
    for records in [&block[..], &stream] {
        let expected = "the batch of offsets 7 to 7 cannot be unpacked with snappy: a block of 7 bytes that claims to \
                        have 4294967295";
        assert_eq!(refusal(batch(2, records), MIB), expected);
    }
    // A frame of Zstandard whose window is beyond what any level writes: 2 TiB.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf8, 0x01, 0x00, 0x00];
    assert!(refusal(batch(4, &frame), MIB).contains("cannot be unpacked with zstd"));
}

#[test]
fn what_is_cut_or_no_compression_at_all_is_an_error() {
    for codec in CODECS {
        let whole = packed(codec, &zeros(MIB));
        let cut = batch(codec as i16, &whole[HEAD..HEAD + (whole.len() - HEAD) / 2]);
        refusal(cut, 2 * MIB);
        refusal(batch(codec as i16, &[0x55; 40]), MIB);
        refusal(batch(codec as i16, &[]), MIB);
        // A record that has more in it than its length says.
        refusal(packed(codec, &[8, 0, 0, 0, 1, 100, 0, 0, 0, 0]), MIB);
    }
    assert_eq!(refusal(batch(5, &[0; 9]), MIB), "compression codec 5 is not known");
}
