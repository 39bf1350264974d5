//! One connection to one broker: TCP, TLS, ApiVersions, SASL, then one request at a time. It never retries; an
//! error or a dropped future leaves it unusable, because an answer could still be under way.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::{
    messages::{ApiKey, ApiVersionsRequest, ApiVersionsResponse, RequestHeader, ResponseHeader},
    protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes, VersionRange},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};
use tokio_rustls::TlsConnector;

use super::{Error, Traffic, authenticate, refusal, traffic::Counted};
use crate::settings::Sasl;

/// No answer of a broker that we ask is near this; a peer that is no broker must not fill the memory.
const LONGEST_ANSWER: usize = 100 * 1024 * 1024;

/// How long an answer may be before its end has been seen: memory grows with what has arrived.
const CHUNK: usize = 64 * 1024;

/// The same of a broker that has shown to be one: the records of a fetch are read into one piece of memory.
const KNOWN_CHUNK: usize = 8 * 1024 * 1024;

/// Bytes that say how long an answer is.
const LENGTH: usize = 4;

/// Brokers close connections idle for 10 minutes; Java's clients leave a minute before.
const IDLE: Duration = Duration::from_mins(9);

/// What all connections of a client share.
pub(super) struct Profile {
    pub(super) client_id: StrBytes,
    pub(super) tls: Option<TlsConnector>,
    pub(super) sasl: Option<Sasl>,
    pub(super) traffic: Arc<Traffic>,
}

trait Transport: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Transport for T {}

/// An authenticated connection.
pub(super) struct Connection {
    stream: Box<dyn Transport>,
    address: Arc<str>,
    client_id: StrBytes,
    versions: HashMap<i16, VersionRange>,
    correlation: i32,
    used: Instant,
    ends: Option<Instant>,
    counted: Counted,
}

impl Connection {
    /// Connects, negotiates and authenticates.
    pub(super) async fn open(host: &str, port: u16, profile: &Profile) -> Result<Self, Error> {
        let address: Arc<str> = format!("{host}:{port}").into();
        let unreachable = |cause: std::io::Error| Error::Unreachable {
            address: address.to_string(),
            reason: cause.to_string(),
        };
        let tcp = TcpStream::connect((host, port)).await.map_err(unreachable)?;
        tcp.set_nodelay(true).map_err(unreachable)?;
        let stream: Box<dyn Transport> = match &profile.tls {
            None => Box::new(tcp),
            Some(tls) => Box::new(handshake(tls, host, &address, tcp).await?),
        };
        let mut connection = Self {
            stream,
            address,
            client_id: profile.client_id.clone(),
            versions: HashMap::new(),
            correlation: 0,
            used: Instant::now(),
            ends: None,
            counted: Counted::new(&profile.traffic),
        };
        connection.negotiate().await?;
        if let Some(sasl) = &profile.sasl {
            let lifetime = authenticate::run(&mut connection, sasl).await?;
            // Leaves in time for a broker that ends sessions (KIP-368).
            connection.ends = lifetime.map(|lifetime| Instant::now() + lifetime.mul_f64(0.85));
        }
        Ok(connection)
    }

    /// Whether the broker has not given up on this connection by its own rules.
    pub(super) fn is_fresh(&self) -> bool {
        let now = Instant::now();
        now.duration_since(self.used) < IDLE && self.ends.is_none_or(|end| now < end)
    }

    /// The versions of `R` that both sides speak, up to `newest`.
    pub(super) fn version<R: Request>(&self, newest: i16) -> Result<i16, Error> {
        let api = api_key::<R>();
        let ours = VersionRange { min: R::VERSIONS.min, max: R::VERSIONS.max.min(newest) };
        let theirs = self.versions.get(&R::KEY).ok_or(Error::Unsupported { api })?;
        let common = ours.intersect(theirs);
        if common.is_empty() { Err(Error::Unsupported { api }) } else { Ok(common.max) }
    }

    /// Sends one request and reads its answer.
    pub(super) async fn exchange<R: Request>(
        &mut self,
        request: &R,
        version: i16,
    ) -> Result<R::Response, Error> {
        let mut answer = self.exchange_bytes(request, version).await?;
        R::Response::decode(&mut answer, version).map_err(|cause| self.malformed(&cause))
    }

    async fn exchange_bytes<R: Request>(
        &mut self,
        request: &R,
        version: i16,
    ) -> Result<Bytes, Error> {
        self.correlation = self.correlation.wrapping_add(1);
        let frame = self.frame(request, version)?;
        self.stream.write_all(&frame).await.map_err(|cause| self.broken(&cause))?;
        self.stream.flush().await.map_err(|cause| self.broken(&cause))?;
        self.counted.sent(frame.len());
        let mut answer = self.read_frame().await?;
        let header = ResponseHeader::decode(&mut answer, R::Response::header_version(version))
            .map_err(|cause| self.malformed(&cause))?;
        if header.correlation_id != self.correlation {
            return Err(self.malformed(&"the answer is to another request"));
        }
        self.used = Instant::now();
        Ok(answer)
    }

    fn frame<R: Request>(&self, request: &R, version: i16) -> Result<BytesMut, Error> {
        let header = RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_correlation_id(self.correlation)
            .with_client_id(Some(self.client_id.clone()));
        let mut frame = BytesMut::with_capacity(256);
        frame.put_i32(0);
        header
            .encode(&mut frame, R::header_version(version))
            .and_then(|()| request.encode(&mut frame, version))
            .map_err(|cause| Error::Encode { api: api_key::<R>(), reason: cause.to_string() })?;
        let length = (frame.len() - 4) as u32;
        frame[..4].copy_from_slice(&length.to_be_bytes());
        Ok(frame)
    }

    async fn read_frame(&mut self) -> Result<Bytes, Error> {
        let length = self.stream.read_i32().await.map_err(|cause| self.broken(&cause))?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > LONGEST_ANSWER {
            return Err(self.malformed(&format!("{length} bytes are too many")));
        }
        let chunk = if self.versions.is_empty() { CHUNK } else { KNOWN_CHUNK };
        let mut frame = BytesMut::with_capacity(length.min(chunk));
        while frame.len() < length {
            let room = (length - frame.len()).min(frame.len().max(chunk));
            frame.reserve(room);
            let missing = length - frame.len();
            let mut rest = (&mut frame).limit(missing);
            let read = self.stream.read_buf(&mut rest).await;
            if read.map_err(|cause| self.broken(&cause))? == 0 {
                return Err(self.broken(&std::io::ErrorKind::UnexpectedEof.into()));
            }
        }
        self.counted.received(LENGTH + length);
        Ok(frame.freeze())
    }

    /// Learns the broker's versions. Version 3 is understood since Kafka 2.4; older brokers answer it in version
    /// 0 with an error and their range, which is asked for again.
    async fn negotiate(&mut self) -> Result<(), Error> {
        let request = ApiVersionsRequest::default()
            .with_client_software_name(StrBytes::from_static_str("sluice"))
            .with_client_software_version(StrBytes::from_static_str(env!("CARGO_PKG_VERSION")));
        let mut bytes = self.exchange_bytes(&request, 3).await?;
        let unsupported = bytes.get(..2) == Some(&35_i16.to_be_bytes());
        let answer = if unsupported {
            self.exchange(&ApiVersionsRequest::default(), 0).await?
        } else {
            ApiVersionsResponse::decode(&mut bytes, 3).map_err(|cause| self.malformed(&cause))?
        };
        Error::check(answer.error_code, None)?;
        self.versions = answer
            .api_keys
            .iter()
            .map(|api| (api.api_key, VersionRange { min: api.min_version, max: api.max_version }))
            .collect();
        Ok(())
    }

    /// Under TLS 1.3 a broker refuses a client's certificate only after the handshake, so an alert may come with
    /// any read.
    fn broken(&self, cause: &std::io::Error) -> Error {
        let address = self.address.to_string();
        match refusal::of(cause) {
            Some(reason) => Error::Tls { address, reason },
            None => Error::Disconnected { address, reason: cause.to_string() },
        }
    }

    fn malformed(&self, cause: &dyn std::fmt::Display) -> Error {
        Error::Malformed { address: self.address.to_string(), reason: cause.to_string() }
    }
}

async fn handshake(
    tls: &TlsConnector,
    host: &str,
    address: &str,
    tcp: TcpStream,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Error> {
    let address = || address.to_owned();
    let name = rustls::pki_types::ServerName::try_from(host.to_owned())
        .map_err(|cause| Error::Tls { address: address(), reason: cause.to_string() })?;
    tls.connect(name, tcp).await.map_err(|cause| match refusal::of(&cause) {
        Some(reason) => Error::Tls { address: address(), reason },
        None => Error::Unreachable { address: address(), reason: cause.to_string() },
    })
}

pub(super) fn api_key<R: Request>() -> ApiKey {
    ApiKey::try_from(R::KEY).expect("every request of the library has a key")
}
