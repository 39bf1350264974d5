//! Calls of plugins outside of tasks, each on a thread of its own with a runtime of its own: one that blocks, or panics,
//! keeps a thread of the process and nobody who waits for something else.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sluice_plugin::Error;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::runner::panic_text;

/// Runs `call` on a new thread, which has `name`. A panic is an error of the plugin. Cancel-safe: dropped, it drops the
/// call where that waits next; a call that blocks is left behind.
pub async fn aside<T, F>(name: &str, call: impl FnOnce() -> F + Send + 'static) -> Result<T, Error>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Error>>,
{
    let (answer, answered) = oneshot::channel();
    let dropped = CancellationToken::new();
    let guard = dropped.clone().drop_guard();
    let work = move || {
        let outcome = catch_unwind(AssertUnwindSafe(|| run(call, &dropped)));
        let outcome = outcome
            .unwrap_or_else(|panic| Some(Err(Error::fatal(panic_text("connector", &*panic)))));
        if let Some(outcome) = outcome {
            // Nobody may be listening any more.
            let _ = answer.send(outcome);
        }
    };
    let thread = std::thread::Builder::new().name(name.to_owned());
    let threadless = |cause: std::io::Error| {
        Error::fatal("the operating system gives no thread for a connector")
            .because(Error::fatal(cause.to_string()).named("java.io.IOException"))
    };
    thread.spawn(work).map_err(threadless)?;
    let outcome = answered.await;
    drop(guard);
    outcome.unwrap_or_else(|_| Err(Error::fatal("the connector's thread ended without a word")))
}

/// The outcome of a call; none if it was dropped.
fn run<T, F: Future<Output = Result<T, Error>>>(
    call: impl FnOnce() -> F,
    dropped: &CancellationToken,
) -> Option<Result<T, Error>> {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => {
            return Some(Err(Error::fatal(cause.to_string()).named("java.io.IOException")));
        }
    };
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = call() => Some(outcome),
            () = dropped.cancelled() => None,
        }
    });
    // Calls that still block threads of the pool are not waited for.
    runtime.shutdown_background();
    outcome
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_call_that_blocks_does_not_hold_up_the_others() {
        let (release, blocked) = mpsc::channel::<()>();
        let hung = tokio::spawn(aside("hung", move || async move {
            blocked.recv().map_err(|error| Error::fatal(error.to_string()))
        }));
        assert_eq!(aside("quick", || async { Ok(7) }).await.unwrap(), 7);
        release.send(()).unwrap();
        assert!(hung.await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn a_panic_is_an_error_of_the_plugin() {
        let outcome = aside::<(), _>("panics", || async { panic!("oh no") }).await;
        assert_eq!(outcome.unwrap_err().to_string(), "The connector panicked: oh no");
    }

    #[tokio::test]
    async fn a_call_that_waits_ends_with_who_asked() {
        let (held, dropped) = oneshot::channel::<()>();
        let (begun, has_begun) = oneshot::channel();
        let call = tokio::spawn(aside::<(), _>("waits", move || async move {
            let _held = held;
            begun.send(()).unwrap();
            std::future::pending().await
        }));
        has_begun.await.unwrap();
        call.abort();
        assert!(dropped.await.is_err(), "what the call held is dropped");
    }
}
