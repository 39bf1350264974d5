//! A thin client of Kafka's protocol for all but producing: groups, admin calls, fetches and the internal topics. One connection per broker, one request at a time on it: a caller of a request that
//! blocks for long (JoinGroup, a fetch that waits) takes a client of its own with [`Client::dedicated`].

mod authenticate;
mod connection;
mod error;
mod metadata;
mod pool;
mod refusal;
mod scram;
mod traffic;

use std::{sync::Arc, time::Duration};

use kafka_protocol::{
    messages::{
        FindCoordinatorRequest, MetadataRequest, TopicName, metadata_request::MetadataRequestTopic,
    },
    protocol::{Request, StrBytes},
};
use tokio_rustls::TlsConnector;

pub use error::Error;
pub use metadata::{Metadata, Node, PartitionMetadata, TopicMetadata};
pub use traffic::Traffic;

use crate::settings::{ClientSettings, SettingsError};

use connection::{Profile, api_key};
use pool::Pool;

/// Time for one lookup: coordinator, controller, metadata. Java's `request.timeout.ms` for admin clients.
pub const LOOKUP_TIMEOUT: Duration = Duration::from_secs(30);

/// A client of one cluster. Clones share connections. Connects when first called and again whenever a connection
/// was lost; dropping a call's future closes the connection it used.
#[derive(Clone)]
pub struct Client {
    pool: Arc<Pool>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Client {
    /// Makes a client; no I/O but reading the PEM files that the settings name.
    pub fn new(settings: &ClientSettings, client_id: &str) -> Result<Self, SettingsError> {
        let security = settings.security();
        let tls = security.tls.as_ref().map(crate::tls::of).transpose()?;
        let profile = Profile {
            client_id: StrBytes::from_string(client_id.to_owned()),
            tls: tls.map(|config| TlsConnector::from(Arc::new(config))),
            sasl: security.sasl.clone(),
            traffic: Arc::new(Traffic::of(client_id)),
        };
        let pool = Pool::new(Arc::new(profile), settings)?;
        Ok(Self { pool: Arc::new(pool) })
    }

    /// A client of the same cluster with connections of its own.
    #[must_use]
    pub fn dedicated(&self) -> Self {
        Self { pool: Arc::new(self.pool.dedicated()) }
    }

    /// What it and all that are [`Self::dedicated`] of it have sent and received.
    pub fn traffic(&self) -> Arc<Traffic> {
        self.pool.traffic()
    }

    /// Sends `request` in the newest version that both sides speak. Not retried.
    ///
    /// The time includes waiting for earlier calls on the same connection and connecting.
    pub async fn call<R: Request>(
        &self,
        node: &Node,
        request: R,
        timeout: Duration,
    ) -> Result<R::Response, Error> {
        self.call_with(node, timeout, i16::MAX, |_| request).await
    }

    /// Sends the request that `build` makes for the version agreed on, at most `newest`.
    pub async fn call_with<R: Request>(
        &self,
        node: &Node,
        timeout: Duration,
        newest: i16,
        build: impl FnOnce(i16) -> R,
    ) -> Result<R::Response, Error> {
        let exchange = async {
            let mut lease = self.pool.lease(node).await?;
            let mut connection = lease.take().await?;
            let version = match connection.version::<R>(newest) {
                Ok(version) => version,
                Err(error) => {
                    lease.give_back(connection);
                    return Err(error);
                }
            };
            let request = build(version);
            // Dropped with this future, the connection is closed: its answer may still be under way.
            let response = connection.exchange(&request, version).await?;
            lease.give_back(connection);
            Ok(response)
        };
        match tokio::time::timeout(timeout, exchange).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Error::Timeout { api: api_key::<R>(), after: timeout }),
        }
    }

    /// The coordinator of a group.
    pub async fn coordinator(&self, group: &str) -> Result<Node, Error> {
        self.coordinator_of(0, group).await
    }

    /// The coordinator of a transactional id.
    pub async fn transaction_coordinator(&self, transactional_id: &str) -> Result<Node, Error> {
        self.coordinator_of(1, transactional_id).await
    }

    async fn coordinator_of(&self, kind: i8, key: &str) -> Result<Node, Error> {
        let key = StrBytes::from_string(key.to_owned());
        let build = |version: i16| {
            let request = FindCoordinatorRequest::default().with_key_type(kind);
            if version >= 4 {
                request.with_coordinator_keys(vec![key])
            } else {
                request.with_key(key)
            }
        };
        let answer = self.call_with(&Node::any(), LOOKUP_TIMEOUT, i16::MAX, build).await?;
        let Some(found) = answer.coordinators.first() else {
            Error::check(answer.error_code, answer.error_message.as_deref())?;
            return Ok(Node::new(answer.node_id.0, &answer.host, answer.port));
        };
        Error::check(found.error_code, found.error_message.as_deref())?;
        Ok(Node::new(found.node_id.0, &found.host, found.port))
    }

    /// The controller, or the broker that forwards to it.
    pub async fn controller(&self) -> Result<Node, Error> {
        let metadata = self.metadata(Some(&[])).await?;
        metadata.controller.ok_or(Error::Broker {
            code: kafka_protocol::ResponseError::LeaderNotAvailable,
            message: Some("the cluster has no controller".to_owned()),
        })
    }

    /// Brokers, controller and the named topics (all topics for none). Topics are never created by it.
    pub async fn metadata(&self, topics: Option<&[String]>) -> Result<Metadata, Error> {
        self.metadata_of(topics, false).await
    }

    /// The named topics; those that do not exist are created if the broker does that for consumers.
    pub async fn metadata_creating(&self, topics: &[String]) -> Result<Metadata, Error> {
        self.metadata_of(Some(topics), true).await
    }

    async fn metadata_of(
        &self,
        topics: Option<&[String]>,
        creating: bool,
    ) -> Result<Metadata, Error> {
        let topics = topics.map(|topics| {
            let named = |topic: &String| {
                MetadataRequestTopic::default()
                    .with_name(Some(TopicName(StrBytes::from_string(topic.clone()))))
            };
            topics.iter().map(named).collect()
        });
        let request =
            MetadataRequest::default().with_topics(topics).with_allow_auto_topic_creation(creating);
        let answer = self.call(&Node::any(), request, LOOKUP_TIMEOUT).await?;
        let metadata = Metadata::from_answer(&answer);
        self.pool.learn(&metadata.brokers);
        Ok(metadata)
    }
}
