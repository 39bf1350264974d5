//! Whatever bytes come, the broker closes that connection and serves the others.

use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use sluice_broker::Broker;

use crate::clients::*;

/// Sends bytes and waits a little for an answer or the end of the connection.
async fn throw(broker: &Broker, bytes: &[u8]) {
    let mut stream = TcpStream::connect(broker.address()).await.unwrap();
    // The broker may hang up while we still write.
    if stream.write_all(bytes).await.is_ok() && stream.shutdown().await.is_ok() {
        let mut answer = Vec::new();
        // What happens to be a sound request may rightly wait.
        let brief = Duration::from_millis(50);
        let _ = tokio::time::timeout(brief, stream.read_to_end(&mut answer)).await;
    }
}

/// A frame with a plausible header, so that the body is looked at.
fn request(key: i16, version: i16, body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    frame.extend_from_slice(&((body.len() + 11) as i32).to_be_bytes());
    frame.extend_from_slice(&key.to_be_bytes());
    frame.extend_from_slice(&version.to_be_bytes());
    frame.extend_from_slice(&7_i32.to_be_bytes());
    frame.extend_from_slice(&(-1_i16).to_be_bytes());
    frame.push(0);
    frame.extend_from_slice(body);
    frame
}

fn frames() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop::collection::vec(any::<u8>(), 0..200);
    let small =
        prop::collection::vec(prop::sample::select(vec![0_u8, 1, 2, 3, 127, 128, 255]), 0..60);
    prop_oneof![
        bytes.clone(),
        (0..80_i16, 0..14_i16, bytes).prop_map(|(key, version, body)| request(key, version, &body)),
        (0..80_i16, 0..14_i16, small).prop_map(|(key, version, body)| request(key, version, &body)),
    ]
}

#[test]
fn garbage_never_harms_the_broker() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let broker = runtime.block_on(broker());
    let huge_list = request(2, 7, &[255, 255, 255, 255, 0, 255, 255, 255, 15, 0]);
    let huge_frame = i32::MAX.to_be_bytes().to_vec();
    let negative_frame = (-5_i32).to_be_bytes().to_vec();
    for bytes in [huge_list, huge_frame, negative_frame] {
        runtime.block_on(throw(&broker, &bytes));
    }
    proptest!(ProptestConfig::with_cases(300), |(bytes in frames())| {
        runtime.block_on(throw(&broker, &bytes));
    });
    runtime.block_on(async {
        let sent = send_all(&producer(&broker, &[]), "still-there", ["x".to_owned()]).await;
        assert_eq!(sent, [(0, 0)]);
        broker.stop().await;
    });
}
