//! Just enough HTTP for a REST API on loopback: one request, one connection.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than a worker's own patience with its leader.
const PATIENCE: Duration = Duration::from_secs(100);

/// Status code and JSON body; null if there is no body.
pub(super) async fn request(
    address: &str,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Result<(u16, Value)> {
    let body = body.map(Value::to_string).unwrap_or_default();
    // HTTP/1.0 has no chunks: the answer ends with the connection.
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Accept: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    parse(&exchange(address, &request).await?)
}

/// The body of what a GET answers.
pub(super) async fn text(address: &str, path: &str) -> Result<String> {
    let answer =
        exchange(address, &format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")).await?;
    let (_, body) = answer.split_once("\r\n\r\n").context("the answer has no end of its head")?;
    Ok(body.to_owned())
}

async fn exchange(address: &str, request: &str) -> Result<String> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        anyhow::Ok(answer)
    };
    let answer = timeout(PATIENCE, exchange).await.context("no answer in time")??;
    Ok(String::from_utf8(answer)?)
}

fn parse(answer: &str) -> Result<(u16, Value)> {
    let (head, body) =
        answer.split_once("\r\n\r\n").context("the answer has no end of its head")?;
    let status = head.split(' ').nth(1).context("the answer has no status")?.parse()?;
    ensure!(!head.to_lowercase().contains("transfer-encoding: chunked"), "a chunked answer");
    let body = if body.is_empty() { Value::Null } else { serde_json::from_str(body)? };
    Ok((status, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() -> Result<()> {
        assert_eq!(parse("HTTP/1.1 204 No Content\r\nA: b\r\n\r\n")?, (204, Value::Null));
        let body = serde_json::json!({"version": "4.3.1"});
        assert_eq!(parse("HTTP/1.1 200 OK\r\n\r\n{\"version\":\"4.3.1\"}")?, (200, body));
        assert!(parse("HTTP/1.1 200 OK\r\n").is_err());
        Ok(())
    }
}
