//! Starts processes that live as long as the test process and no longer.
//!
//! The kernel's parent-death signal fires when the *thread* that forked ends, and a test's thread ends with the test.
//! So one thread that lasts until the process ends does all the forking.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError, mpsc};
use std::thread;

use anyhow::{Context, Result, bail};

/// How much of a log is repeated when its process ended too early.
const TAIL: usize = 4_000;

type Job = Box<dyn FnOnce() + Send>;

/// A running process with its log; dropped, it is killed.
#[derive(Debug)]
pub(super) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `argv` with its output in `log`.
    pub(super) fn start(name: &str, argv: &[String], log: &Path) -> Result<Self> {
        let file = File::create(log).with_context(|| format!("creating {}", log.display()))?;
        let mut command = command(argv);
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let child = spawn(command).with_context(|| format!("starting {name}"))?;
        Ok(Self { name: name.to_owned(), child, log: log.to_owned() })
    }

    /// The process id as the host sees it.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Fails with the end of the log if the process has ended.
    pub(super) fn check(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("{} ended with {status}:\n{}", self.name, tail(&self.log));
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if the process has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command whose process gets SIGKILL when the lasting thread, and with it the test process, ends.
fn command(argv: &[String]) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).args(argv);
    command
}

/// Forks on the lasting thread.
fn spawn(mut command: Command) -> Result<Child> {
    static THREAD: OnceLock<Mutex<mpsc::Sender<Job>>> = OnceLock::new();
    let thread = THREAD.get_or_init(|| {
        let (jobs, inbox) = mpsc::channel::<Job>();
        thread::spawn(move || inbox.into_iter().for_each(|job| job()));
        Mutex::new(jobs)
    });
    let (answer, outcome) = mpsc::sync_channel(1);
    let job: Job = Box::new(move || {
        // The receiver waits below for exactly this value.
        let _ = answer.send(command.spawn());
    });
    thread
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .send(job)
        .ok()
        .context("the lasting thread has ended")?;
    Ok(outcome.recv()??)
}

/// The end of a log file, for messages.
pub(super) fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    String::from_utf8_lossy(&text[text.len().saturating_sub(TAIL)..]).into_owned()
}
