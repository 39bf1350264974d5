//! Starting and stopping a broker.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::config::BrokerConfig;
use crate::connection;
use crate::context::{Context, ProducerIds};
use crate::group::Coordinator;
use crate::journal::{Entry, Facts, Journal};
use crate::memory::Memory;
use crate::random;
use crate::topics::Topics;

/// A running broker. Dropping it stops it without syncing its data.
#[derive(Debug)]
pub struct Broker {
    address: SocketAddr,
    context: Arc<Context>,
    stop: CancellationToken,
    acceptor: JoinHandle<()>,
    timers: JoinHandle<()>,
}

/// Why a broker did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not this machine's.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The data folder cannot be read or written.
    #[error("cannot use the data folder {folder}")]
    Data {
        /// The folder asked for.
        folder: String,
        /// What the system says.
        source: io::Error,
    },
    /// The advertised address is not of the form `HOST:PORT`.
    #[error("the advertised address {0:?} is not of the form HOST:PORT")]
    Advertised(String),
}

impl Broker {
    /// Opens the data, listens, and serves from then on.
    pub async fn start(config: BrokerConfig) -> Result<Self, StartError> {
        let listen = |source| StartError::Listen { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let (host, port) = match &config.advertised {
            Some(text) => parse_advertised(text)?,
            None => (address.ip().to_string(), address.port()),
        };
        let context = Arc::new(open(config, host, port)?);
        tracing::info!(%address, cluster = %context.cluster_id,
            "development broker started; it is no production broker: one copy of the data, nothing synced");
        let stop = CancellationToken::new();
        let timers = tokio::spawn(Arc::clone(&context.groups).run(stop.clone()));
        let acceptor = tokio::spawn(accept(listener, Arc::clone(&context), stop.clone()));
        Ok(Self { address, context, stop, acceptor, timers })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes all connections and brings the data to the disk.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let ended = tokio::join!(&mut self.acceptor, &mut self.timers);
        if let (Err(error), _) | (_, Err(error)) = ended {
            tracing::error!(%error, "a part of the broker ended badly");
        }
        if let Err(error) = self.context.topics.sync() {
            tracing::error!(%error, "the data could not be synced");
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn open(config: BrokerConfig, host: String, port: u16) -> Result<Context, StartError> {
    let folder = config.data_dir.clone();
    let data = |source| StartError::Data {
        folder: config.data_dir.as_ref().map(|it| it.display().to_string()).unwrap_or_default(),
        source,
    };
    let (journal, facts) = match &folder {
        None => (Journal::none(), Facts::default()),
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(data)?;
            Journal::open(folder).map_err(data)?
        }
    };
    let memory = Arc::new(Memory::new(config.memory_limit));
    let topics = Topics::open(folder, Arc::clone(&memory), journal, &facts).map_err(data)?;
    let cluster_id = facts.cluster_id.clone().unwrap_or_else(|| random::uuid().to_string());
    if facts.cluster_id.is_none() {
        let noted = topics.note(&[Entry::Cluster { id: cluster_id.clone() }]);
        noted.map_err(|_| data(io::Error::other("the journal could not be written")))?;
    }
    let groups = Coordinator::new(config.group_initial_rebalance_delay, &facts);
    let producer_ids = Mutex::new(ProducerIds::from(facts.producer_ids_below));
    Ok(Context { config, host, port, cluster_id, topics, groups, memory, producer_ids })
}

async fn accept(listener: TcpListener, context: Arc<Context>, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(%peer, %error, "a connection broke");
                    }
                    connections.spawn(connection::serve(Arc::clone(&context), stream, peer));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                }
            }
        }
    }
    connections.shutdown().await;
}

fn parse_advertised(text: &str) -> Result<(String, u16), StartError> {
    let parsed = text.rsplit_once(':').and_then(|(host, port)| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Some((host.to_owned(), port.parse().ok()?)).filter(|_| !host.is_empty())
    });
    parsed.ok_or_else(|| StartError::Advertised(text.to_owned()))
}
