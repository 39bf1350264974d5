//! A producer with Connect's defaults: bounded, never waiting in `send`, outcomes handed to a handler. It is
//! rust-rdkafka's, with a thread of its own that takes the outcomes; what each record costs goes past rust-rdkafka.

mod context;
mod credentials;
mod native;
mod transaction;

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use rdkafka::{
    ClientContext as _,
    config::{ClientConfig, FromClientConfigAndContext},
    error::KafkaError,
    producer::{BaseProducer, Producer as _, PurgeConfig},
    types::RDKafkaErrorCode,
};
use tokio::sync::Notify;

use crate::{
    failure::ClientError,
    memory::Share,
    message::{OutgoingRecord, RecordMetadata},
    settings::ClientSettings,
};
use context::Context;
use credentials::Credentials;
use native::{Event, Native};

/// How long the serving thread sleeps while nothing happens; also how long stopping it may take.
const SERVE_INTERVAL: Duration = Duration::from_millis(100);

/// How long one call about a transaction blocks before it is looked whether the producer is closed.
const TRANSACTION_STEP: Duration = Duration::from_secs(5);

/// A record's token and its outcome.
pub type Delivery = (u64, Result<RecordMetadata, ClientError>);

/// Takes outcomes, in order per partition, on the producer's own thread: it must be quick and must not block.
pub trait Deliveries: Send + Sync + 'static {
    /// Takes what has become known at once, which may be thousands.
    fn take(&self, delivered: &mut Vec<Delivery>);
}

/// Takes outcomes one by one.
struct Each<F>(F);

impl<F: Fn(u64, Result<RecordMetadata, ClientError>) + Send + Sync + 'static> Deliveries
    for Each<F>
{
    fn take(&self, delivered: &mut Vec<Delivery>) {
        for (token, outcome) in delivered.drain(..) {
            self.0(token, outcome);
        }
    }
}

/// What a producer is for.
#[derive(Debug, Clone, Default)]
pub struct ProducerConfig {
    /// Client id, unless the settings name one.
    pub client_id: String,
    /// The memory for records to be sent, unless `buffer.memory` says how much.
    pub share: Share,
    /// Makes the producer transactional and idempotent under this id, whatever the settings say.
    pub transactional_id: Option<String>,
}

/// Why a record was not queued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendRefused {
    /// The queue is full: wait for [`Producer::ready`] and send it again.
    #[error("the producer's queue is full")]
    QueueFull,
    /// It will never be taken.
    #[error(transparent)]
    Failed(#[from] ClientError),
}

/// Closes a producer from any thread, whatever its owner does. Does nothing once the producer is gone.
pub struct ProducerCutoff(Weak<Inner>);

impl ProducerCutoff {
    /// Throws away what is queued; nothing is taken any more. Does not block.
    pub fn cut(&self) {
        if let Some(inner) = self.0.upgrade() {
            inner.stop();
        }
    }
}

/// A Kafka producer. Dropped, it throws away what is queued.
pub struct Producer {
    inner: Arc<Inner>,
    served: Option<JoinHandle<()>>,
}

struct Inner {
    native: Native,
    room: Arc<Notify>,
    stop: AtomicBool,
    /// What records without an outcome count, as [`size`] says.
    queued: Arc<AtomicUsize>,
    /// Not looked at if the settings say how much may be queued.
    share: Option<Share>,
}

impl std::fmt::Debug for Producer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Producer").finish_non_exhaustive()
    }
}

impl Producer {
    /// Makes a producer. `delivered` gets each token with the outcome, as [`Deliveries`] do.
    pub fn new(
        settings: &ClientSettings,
        config: ProducerConfig,
        delivered: impl Fn(u64, Result<RecordMetadata, ClientError>) + Send + Sync + 'static,
    ) -> Result<Self, ClientError> {
        Self::with(settings, config, Each(delivered))
    }

    /// The same for whoever takes outcomes as they come, many at once.
    pub fn with(
        settings: &ClientSettings,
        config: ProducerConfig,
        delivered: impl Deliveries,
    ) -> Result<Self, ClientError> {
        let credentials = Credentials::of(settings)?;
        let mut native = settings.producer(config.share.most())?;
        native.insert("client.id", settings.client_id().map_or(config.client_id, str::to_owned));
        if let Some(id) = config.transactional_id {
            settings.make_transactional(&mut native, id)?;
        }
        let mut client = ClientConfig::new();
        for (name, value) in native {
            client.set(name, value);
        }
        let room = Arc::new(Notify::new());
        let queued = Arc::<AtomicUsize>::default();
        let context = Context::new(Box::new(delivered), Arc::clone(&room), Arc::clone(&queued));
        let producer = BaseProducer::from_config_and_context(&client, context)
            .map_err(|error| context::error_of(&error))?;
        let share = settings.text("buffer.memory").is_none().then_some(config.share);
        let (native, stop) = (Native::new(producer), AtomicBool::new(false));
        let inner = Arc::new(Inner { native, room, stop, queued, share });
        let serving = Arc::clone(&inner);
        let served = std::thread::Builder::new()
            .name("kafka-producer".to_owned())
            .spawn(move || serve(&serving, credentials))
            .map_err(|cause| ClientError::internal(&cause))?;
        Ok(Self { inner, served: Some(served) })
    }

    /// Queues a record without waiting. The outcome comes to the handler with `token`, unless refused.
    pub fn send(&self, record: &OutgoingRecord<'_>, token: u64) -> Result<(), SendRefused> {
        if let Some(error) = self.inner.native.producer().context().failure() {
            return Err(error.into());
        }
        if self.inner.stop.load(Ordering::SeqCst) {
            let closed = "Cannot perform operation after producer has been closed";
            return Err(ClientError::internal(&closed).into());
        }
        let size = size(record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len));
        if !self.inner.has_room(size) {
            return Err(SendRefused::QueueFull);
        }
        // Before it is sent: its outcome may come before the call is back.
        self.inner.queued.fetch_add(size, Ordering::Relaxed);
        self.inner.native.send(record, token).map_err(|code| {
            self.inner.queued.fetch_sub(size, Ordering::Relaxed);
            match code {
                RDKafkaErrorCode::QueueFull => SendRefused::QueueFull,
                RDKafkaErrorCode::InvalidTopic => ClientError::invalid_topic(record.topic).into(),
                code => context::error_of(&KafkaError::MessageProduction(code)).into(),
            }
        })
    }

    /// Waits until the queue may have room again. Cancel-safe.
    pub async fn ready(&self) {
        // Deliveries wake one waiter; the time limit covers one that came before this call.
        let _ = tokio::time::timeout(SERVE_INTERVAL, self.inner.room.notified()).await;
    }

    /// How many records have no outcome yet.
    pub fn queued(&self) -> usize {
        usize::try_from(self.inner.native.producer().in_flight_count()).unwrap_or(0)
    }

    /// Waits until every record that was sent has its outcome.
    pub async fn flush(&self, timeout: Duration) -> Result<(), ClientError> {
        self.blocking(move |producer| producer.flush(timeout)).await
    }

    /// Claims the transactional id: older producers with it are fenced off, and what they left open is over. Tries until
    /// it works, cannot work, or the producer is closed. Cancel-safe, but the claim may still be made.
    pub async fn init_transactions(&self) -> Result<(), ClientError> {
        self.persist(|producer| producer.init_transactions(TRANSACTION_STEP)).await
    }

    /// Starts a transaction; no I/O.
    pub fn begin_transaction(&self) -> Result<(), ClientError> {
        self.inner.native.producer().begin_transaction().map_err(|error| context::error_of(&error))
    }

    /// Waits until all that was sent has its outcome, and commits the transaction. Tries like
    /// [`Self::init_transactions`]; dropped, it may or may not commit. After an error the transaction is to be aborted.
    pub async fn commit_transaction(&self) -> Result<(), ClientError> {
        self.persist(|producer| producer.commit_transaction(TRANSACTION_STEP)).await
    }

    /// Throws away what the transaction wrote. Tries like [`Self::init_transactions`].
    pub async fn abort_transaction(&self) -> Result<(), ClientError> {
        self.persist(|producer| producer.abort_transaction(TRANSACTION_STEP)).await
    }

    /// Throws away what is queued, handing each record's failure to the handler, and frees the client.
    pub async fn close(mut self) {
        let served = self.stop();
        let stopped = tokio::task::spawn_blocking(move || {
            let joined = served.is_none_or(|thread| thread.join().is_ok());
            drop(self);
            joined
        });
        if !stopped.await.unwrap_or(false) {
            tracing::warn!("a producer's thread panicked");
        }
    }

    /// For whoever has to take the producer away from its owner.
    pub fn cutoff(&self) -> ProducerCutoff {
        ProducerCutoff(Arc::downgrade(&self.inner))
    }

    fn stop(&mut self) -> Option<JoinHandle<()>> {
        self.inner.stop();
        self.served.take()
    }

    /// Calls again what librdkafka says may be called again.
    async fn persist(
        &self,
        work: impl Fn(&BaseProducer<Context>) -> Result<(), KafkaError> + Send + 'static,
    ) -> Result<(), ClientError> {
        let inner = Arc::clone(&self.inner);
        self.blocking(move |producer| {
            loop {
                match work(producer) {
                    Err(KafkaError::Transaction(error))
                        if error.is_retriable() && !inner.stop.load(Ordering::SeqCst) => {}
                    outcome => return outcome,
                }
            }
        })
        .await
    }

    async fn blocking(
        &self,
        work: impl FnOnce(&BaseProducer<Context>) -> Result<(), KafkaError> + Send + 'static,
    ) -> Result<(), ClientError> {
        let inner = Arc::clone(&self.inner);
        let outcome = tokio::task::spawn_blocking(move || {
            work(inner.native.producer()).map_err(|error| {
                inner
                    .native
                    .producer()
                    .context()
                    .failure()
                    .unwrap_or_else(|| context::error_of(&error))
            })
        });
        outcome.await.unwrap_or_else(|cause| Err(ClientError::internal(&cause)))
    }
}

impl Inner {
    /// Whether so many bytes may be queued. The first record always may.
    fn has_room(&self, size: usize) -> bool {
        let queued = self.queued.load(Ordering::Relaxed);
        queued == 0 || self.share.as_ref().is_none_or(|it| queued + size <= it.assured())
    }

    fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        self.native.producer().purge(PurgeConfig::default().queue().inflight());
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        // The thread sees the flag within its interval and drops the client, unless `close` has waited for it.
        self.stop();
    }
}

/// What a record counts while it has no outcome: small ones cost more than their bytes, in librdkafka and wherever its
/// position waits.
const fn size(bytes: usize) -> usize {
    const BESIDE: usize = 512;
    bytes + BESIDE
}

/// Serves deliveries and errors until the producer is dropped.
fn serve(inner: &Inner, mut credentials: Credentials) {
    let context = inner.native.producer().context();
    let mut delivered = Vec::new();
    while !inner.stop.load(Ordering::SeqCst) {
        credentials.keep(&inner.native);
        match inner.native.next(SERVE_INTERVAL, &mut delivered) {
            Event::Delivered(size) => context.hand_over(&mut delivered, size),
            Event::Error(code, reason) => context.error(KafkaError::Global(code), &reason),
            Event::Log(level, facility, text) => context::log_line(level, &facility, &text),
            Event::Nothing => {}
        }
        if context.take_verdict() {
            // Without this, records would wait for ever for a broker that refuses us.
            inner.native.producer().purge(PurgeConfig::default().queue().inflight());
        }
    }
}
