//! Which servers are asked, with what, and what their answers mean.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    sync::{Arc, Mutex},
};

use sluice_plugin::{ConverterRole, Properties};

use super::*;
use crate::RegistrySettings;

/// What a server was sent: the lines of the head and the body.
type Seen = Arc<Mutex<Vec<String>>>;

/// A server that gives everybody this answer.
fn server(status: &'static str, body: &'static str) -> (u16, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Seen::default();
    let told = Arc::clone(&seen);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
                    length = text.trim().parse().unwrap();
                }
                if line.trim().is_empty() {
                    break;
                }
                head.push_str(&line);
            }
            let mut posted = vec![0; length];
            reader.read_exact(&mut posted).unwrap();
            told.lock().unwrap().push(format!("{head}{}", String::from_utf8_lossy(&posted)));
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status}\r\nlocation: http://127.0.0.1:1/\r\nconnection: close\r\n\
                 content-length: {length}\r\n\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    (port, seen)
}

/// A port that nobody listens at.
fn closed() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn servers(urls: &str, more: &[(&str, &str)]) -> Servers {
    let entries = [&[("schema.registry.url", urls)], more].concat();
    let pair = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    let settings: Properties = entries.into_iter().map(pair).collect();
    let settings = RegistrySettings::read(&settings, ConverterRole::Value).unwrap();
    Servers::new(settings.connection()).unwrap()
}

fn ask() -> Call {
    Call { path: "/subjects/a%2Fb".to_owned(), body: Some("{}".to_owned()) }
}

#[test]
fn the_next_server_is_asked_where_one_does_not_answer() {
    let (broken, _) = server("503 Service Unavailable", "");
    let (works, seen) = server("200 OK", "{\"id\":1}");
    let urls = format!(
        "http://127.0.0.1:{},http://127.0.0.1:{broken},http://u:p@127.0.0.1:{works}/api/",
        closed()
    );
    let servers = servers(&urls, &[("request.header.x-tenant", "blue")]);
    for _ in 0..2 {
        let answer = servers.carry(ask()).unwrap();
        assert_eq!((answer.status, &answer.body[..]), (200, &b"{\"id\":1}"[..]));
        assert_eq!(answer.from, format!("http://127.0.0.1:{works}/api"));
    }
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 2);
    for expected in [
        "POST /api/subjects/a%2Fb HTTP/1.1",
        "authorization: Basic dTpw",
        "content-type: application/vnd.schemaregistry.v1+json",
        "x-tenant: blue",
        "\r\n{}",
    ] {
        assert!(seen[0].contains(expected), "{}", seen[0]);
    }
}

#[test]
fn where_none_answers_it_is_an_outage_that_shows_no_user() {
    let (broken, _) = server("500 Internal Server Error", "secret page");
    let urls = format!("http://u:p@127.0.0.1:{},http://127.0.0.1:{broken}", closed());
    let RegistryError::Outage(reason) = servers(&urls, &[]).carry(ask()).unwrap_err() else {
        panic!("no outage")
    };
    assert!(reason.contains("answers 500") && !reason.contains("u:p"), "{reason}");
}

#[test]
fn a_silent_server_is_waited_for_no_longer_than_the_settings_say() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let urls = format!("http://{}", listener.local_addr().unwrap());
    let short = [("http.connect.timeout.ms", "50"), ("http.read.timeout.ms", "50")];
    let error = servers(&urls, &short).carry(ask()).unwrap_err().to_string();
    assert!(error.ends_with("no answer within 100 ms"), "{error}");
}

#[test]
fn redirects_lead_nowhere() {
    let (moved, _) = server("302 Found", "");
    let error = servers(&format!("http://127.0.0.1:{moved}"), &[]).carry(ask()).unwrap_err();
    assert!(matches!(&error, RegistryError::Unusable(it) if it.contains("302")), "{error:?}");
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused() {
    let file = [
        ("schema.registry.ssl.truststore.location", "/nowhere"),
        ("schema.registry.ssl.truststore.type", "PEM"),
    ];
    let entries = [&[("schema.registry.url", "https://h")], &file[..]].concat();
    let pair = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    let settings: Properties = entries.into_iter().map(pair).collect();
    let settings = RegistrySettings::read(&settings, ConverterRole::Value).unwrap();
    let error = Servers::new(settings.connection()).err().unwrap();
    assert!(error.contains("ssl.truststore.location") && error.contains("/nowhere"), "{error}");
}
