//! The client for the API server: a token bucket before each request, as client-go has one, and a limit on the wait for
//! each answer.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{self, Poll};
use std::time::Duration;

use http::{Request, Response};
use kube::client::{Body, ClientBuilder};
use kube::{Client, Config};
use tokio::time::{Instant, sleep, timeout};
use tower::layer::layer_fn;
use tower::{BoxError, Service};

/// Longest wait for the head of an answer. Watches are answered late, and end by themselves.
const PATIENCE: Duration = Duration::from_secs(30);

/// Requests that may be made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// In a second, in the long run.
    pub per_second: f64,
    /// At once, after a pause.
    pub burst: f64,
}

/// A client that asks no more than `rate` allows. Its clones share the rate.
pub fn client(config: Config, rate: Rate) -> Result<Client, kube::Error> {
    let bucket = Arc::new(Bucket::new(rate, Instant::now()));
    let throttled = layer_fn(move |inner| Throttled { inner, bucket: Arc::clone(&bucket) });
    Ok(ClientBuilder::try_from(config)?.with_layer(&throttled).build())
}

/// Tokens that fill up with time.
#[derive(Debug)]
struct Bucket {
    rate: Rate,
    state: Mutex<(f64, Instant)>,
}

impl Bucket {
    fn new(rate: Rate, now: Instant) -> Self {
        Self { rate, state: Mutex::new((rate.burst, now)) }
    }

    /// Takes a token, and says how long to wait until it is there. Who comes later waits longer.
    fn take(&self, now: Instant) -> Duration {
        let mut state = self.state.lock().expect("no holder of the lock panics");
        let (tokens, filled) = *state;
        let gained = now.saturating_duration_since(filled).as_secs_f64() * self.rate.per_second;
        let tokens = (tokens + gained).min(self.rate.burst) - 1.0;
        *state = (tokens, now);
        Duration::from_secs_f64((-tokens / self.rate.per_second).max(0.0))
    }
}

struct Throttled<S> {
    inner: S,
    bucket: Arc<Bucket>,
}

impl<S, B> Service<Request<Body>> for Throttled<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = Response<B>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<B>, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let watches = request.uri().query().is_some_and(|query| query.contains("watch=true"));
        let pause = self.bucket.take(Instant::now());
        // Futures do nothing before they are polled: the request is made after the pause.
        let answer = self.inner.call(request);
        Box::pin(async move {
            sleep(pause).await;
            if watches {
                return answer.await;
            }
            let late =
                |_| format!("the API server has not answered within {} s", PATIENCE.as_secs());
            timeout(PATIENCE, answer).await.map_err(late)?
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_each_waits_its_turn() {
        let start = Instant::now();
        let bucket = Bucket::new(Rate { per_second: 10.0, burst: 3.0 }, start);
        let wait = |after_ms: u64| {
            let wait = bucket.take(start + Duration::from_millis(after_ms));
            u64::try_from(wait.as_millis()).unwrap()
        };
        assert_eq!([wait(0), wait(0), wait(0)], [0, 0, 0]);
        assert_eq!([wait(0), wait(0)], [100, 200]);
        // Two have been paid for by now.
        assert_eq!([wait(200), wait(1000), wait(1000)], [100, 0, 0]);
        // A long pause fills no more than the bucket.
        assert_eq!([wait(90_000), wait(90_000), wait(90_000), wait(90_000)], [0, 0, 0, 100]);
    }
}
