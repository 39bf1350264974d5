//! One client's connection: requests in, answers out, one after the other in order, as Kafka does it. Whatever is
//! not a request of bearable size closes the connection.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::context::Context;
use crate::dispatch::dispatch;

/// Serves one connection until the client goes or misbehaves. May be dropped at any point.
pub(crate) async fn serve(context: Arc<Context>, mut stream: TcpStream, peer: SocketAddr) {
    let host = peer.ip().to_string();
    loop {
        let frame = match read_frame(&mut stream, context.config.max_request_bytes).await {
            Ok(Some(frame)) => frame,
            Ok(None) => return,
            Err(error) => {
                tracing::debug!(%peer, %error, "a connection broke");
                return;
            }
        };
        match dispatch(&context, &host, frame.freeze()).await {
            Ok(None) => {}
            Ok(Some(answer)) => {
                if let Err(error) = stream.write_all(&answer).await {
                    tracing::debug!(%peer, %error, "a connection broke");
                    return;
                }
            }
            Err(hangup) => {
                tracing::debug!(%peer, reason = %hangup, "a connection is closed");
                return;
            }
        }
    }
}

/// The next request without its length; `None` at the end of the stream. Room grows with the bytes that come, not with
/// the length that was announced.
async fn read_frame(stream: &mut TcpStream, most: usize) -> io::Result<Option<BytesMut>> {
    let length = match stream.read_i32().await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        length => length?,
    };
    let length = usize::try_from(length).ok().filter(|length| *length <= most);
    let Some(length) = length else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a request is too large"));
    };
    let mut frame = BytesMut::with_capacity(length.min(64 << 10));
    let mut limited = stream.take(length as u64);
    while frame.len() < length {
        if limited.read_buf(&mut frame).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(Some(frame))
}
