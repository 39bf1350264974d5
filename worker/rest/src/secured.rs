//! Listeners with TLS. Handshakes go on side by side, so that a client that is slow or silent keeps nobody out.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::serve::Listener;
use rustls::ServerConfig;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// Longest handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes at a time; more clients wait in the queue of the socket.
const HANDSHAKES: usize = 256;

/// A listener whose connections are secured, each as it is said when it comes in.
pub(crate) struct Secured {
    socket: TcpListener,
    tls: watch::Receiver<Arc<ServerConfig>>,
    handshakes: JoinSet<io::Result<(TlsStream<TcpStream>, SocketAddr)>>,
}

impl Secured {
    pub(crate) fn new(socket: TcpListener, tls: watch::Receiver<Arc<ServerConfig>>) -> Self {
        Self { socket, tls, handshakes: JoinSet::new() }
    }
}

impl Listener for Secured {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            tokio::select! {
                (stream, address) = Listener::accept(&mut self.socket), if self.handshakes.len() < HANDSHAKES => {
                    let tls = Arc::clone(&self.tls.borrow());
                    let handshake = TlsAcceptor::from(tls).accept(stream);
                    self.handshakes.spawn(async move {
                        Ok((timeout(HANDSHAKE, handshake).await??, address))
                    });
                }
                Some(done) = self.handshakes.join_next() => match done {
                    Ok(Ok(connection)) => return connection,
                    Ok(Err(error)) => tracing::debug!(%error, "a client could not secure its connection"),
                    Err(error) => tracing::warn!(%error, "a handshake ended in a panic"),
                },
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.socket.local_addr()
    }
}
