//! Just enough HTTP for a REST API on loopback: one request, one connection.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than a worker's own patience with its leader.
const PATIENCE: Duration = Duration::from_secs(100);

/// A request, to the letter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpRequest {
    /// Such as `GET`.
    pub method: String,
    /// Path with query.
    pub path: String,
    /// Headers beside `Host` and `Content-Length`.
    pub headers: Vec<(String, String)>,
    /// The body, to the byte.
    pub body: String,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpAnswer {
    /// Status code.
    pub status: u16,
    /// Headers in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl HttpAnswer {
    /// The body as JSON; null if there is no body.
    pub fn json(&self) -> Result<Value> {
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&self.body).with_context(|| self.body.clone())
    }

    fn parse(answer: &str) -> Result<Self> {
        let (head, body) =
            answer.split_once("\r\n\r\n").context("the answer has no end of its head")?;
        let mut lines = head.lines();
        let status = lines.next().and_then(|it| it.split(' ').nth(1));
        let status = status.context("the answer has no status")?.parse()?;
        let headers: Vec<(String, String)> = lines
            .filter_map(|it| it.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();
        let is_chunked = headers.iter().any(|(name, _)| name == "transfer-encoding");
        ensure!(!is_chunked, "a chunked answer");
        Ok(Self { status, headers, body: body.to_owned() })
    }
}

/// Sends a request on a connection of its own.
pub(crate) async fn send(address: &str, request: &HttpRequest) -> Result<HttpAnswer> {
    let headers: String =
        request.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    // HTTP/1.0 has no chunks: the answer ends with the connection.
    let text = format!(
        "{} {} HTTP/1.0\r\nHost: {address}\r\n{headers}Content-Length: {}\r\n\r\n{}",
        request.method,
        request.path,
        request.body.len(),
        request.body
    );
    HttpAnswer::parse(&exchange(address, &text).await?)
}

/// Status code and JSON body; null if there is no body.
pub(super) async fn request(
    address: &str,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Result<(u16, Value)> {
    let json = || "application/json".to_owned();
    let request = HttpRequest {
        method: method.to_owned(),
        path: path.to_owned(),
        headers: vec![("Content-Type".to_owned(), json()), ("Accept".to_owned(), json())],
        body: body.map(Value::to_string).unwrap_or_default(),
    };
    let answer = send(address, &request).await?;
    Ok((answer.status, answer.json()?))
}

/// The body of what a GET answers.
pub(super) async fn text(address: &str, path: &str) -> Result<String> {
    let (method, path) = ("GET".to_owned(), path.to_owned());
    let request = HttpRequest { method, path, ..HttpRequest::default() };
    Ok(send(address, &request).await?.body)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() -> Result<()> {
        let answer = HttpAnswer::parse("HTTP/1.1 204 No Content\r\nA: b: c\r\n\r\n")?;
        assert_eq!((answer.status, answer.json()?), (204, Value::Null));
        assert_eq!(answer.headers, [("a".to_owned(), "b: c".to_owned())]);
        let answer = HttpAnswer::parse("HTTP/1.1 200 OK\r\n\r\n{\"version\":\"4.3.1\"}")?;
        assert_eq!(answer.json()?, serde_json::json!({"version": "4.3.1"}));
        assert!(HttpAnswer::parse("HTTP/1.1 200 OK\r\n").is_err());
        Ok(())
    }
}
