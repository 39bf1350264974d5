//! A task that has settled goes on on another thread.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use sluice_plugin::{Result, SourceTask, model::SourceRecord};

use crate::stage::{Stage, until};

/// Notes the names of the threads that it is polled on, and whether what it began on the first one goes on.
struct Noting {
    threads: Arc<Mutex<Vec<String>>>,
    /// Set from time to time by what the first poll has begun.
    ticked: Arc<AtomicBool>,
    has_begun: bool,
}

impl Noting {
    fn note(&self, name: String) {
        let mut threads = self.threads.lock().unwrap();
        if threads.last() != Some(&name) {
            threads.push(name);
        }
    }
}

#[async_trait]
impl SourceTask for Noting {
    async fn poll(&mut self) -> Result<Vec<SourceRecord>> {
        if !std::mem::replace(&mut self.has_begun, true) {
            let ticked = Arc::clone(&self.ticked);
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    ticked.store(true, Ordering::SeqCst);
                }
            });
        }
        let name = std::thread::current().name().unwrap_or_default().to_owned();
        self.note(name);
        tokio::time::sleep(Duration::from_millis(1)).await;
        Ok(Vec::new())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_moves_once_with_all_that_it_has_begun() {
    let stage = Stage::set().await;
    let (threads, ticked) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicBool>::default());
    let noted = (Arc::clone(&threads), Arc::clone(&ticked));
    stage.plugins.source("noting", move |_| {
        let (threads, ticked) = (Arc::clone(&noted.0), Arc::clone(&noted.1));
        Box::new(Noting { threads, ticked, has_begun: false })
    });
    let running = stage.plain();
    running.start("noting", &[]);
    until("another thread", || threads.lock().unwrap().len() == 2).await;
    ticked.store(false, Ordering::SeqCst);
    until("what was begun to go on", || ticked.load(Ordering::SeqCst)).await;
    running.engine.stop_all().await;
    assert_eq!(*threads.lock().unwrap(), ["open-noting-0", "task-noting-0"]);
    stage.broker.stop().await;
}
