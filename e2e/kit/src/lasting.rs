//! Starts processes that live as long as the test process and no longer.
//!
//! The kernel's parent-death signal fires when the *thread* that forked ends, and a test's thread ends with the test.
//! So one thread that lasts until the process ends does all the forking.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::wait;

/// How much of a log is repeated when its process ended too early.
const TAIL: usize = 4_000;

type Job = Box<dyn FnOnce() + Send>;

/// A running process with its log; dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `argv` with its output in `log`.
    pub(crate) fn start(name: &str, argv: &[String], log: &Path) -> Result<Self> {
        let mut words = argv.iter();
        let program = words.next().context("an empty command line")?;
        let mut command = command(program);
        command.args(words);
        Self::run(name, command, log)
    }

    /// Starts what [`command`] made with its output in `log`.
    pub(crate) fn run(name: &str, mut command: Command, log: &Path) -> Result<Self> {
        let file = File::create(log).with_context(|| format!("creating {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let child = spawn(command).with_context(|| format!("starting {name}"))?;
        Ok(Self { name: name.to_owned(), child, log: log.to_owned() })
    }

    /// The process id as the host sees it.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Fails with the end of the log if the process has ended.
    pub(crate) fn check(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("{} ended with {status}:\n{}", self.name, tail(&self.log));
        }
        Ok(())
    }

    /// The exit status, once the process has ended by itself.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Asks the process to end, as Kubernetes does, and waits for it.
    pub(crate) async fn terminate(&mut self, patience: Duration) -> Result<ExitStatus> {
        let id = i32::try_from(self.id()).ok().and_then(Pid::from_raw).context("no process id")?;
        if self.ended()?.is_none() {
            kill_process(id, Signal::TERM)?;
        }
        self.exit(patience).await
    }

    /// Waits for the process to end by itself.
    pub(crate) async fn exit(&mut self, patience: Duration) -> Result<ExitStatus> {
        let what = format!("{} to end", self.name);
        let mut status = None;
        let ended = wait::until(patience, &what, async || {
            status = self.child.try_wait().ok().flatten();
            status.is_some()
        })
        .await;
        ended.with_context(|| tail(&self.log))?;
        status.context("a process that ended has no status")
    }

    /// SIGKILL, and waits until the kernel has taken the process away.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// The file that its output goes to.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// The end of the log.
    pub(crate) fn tail(&self) -> String {
        tail(&self.log)
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
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// The same command as the last arguments of another, such as `taskset`, that becomes it.
pub(crate) fn within<W: AsRef<OsStr>>(words: &[W], command: &Command) -> Command {
    let mut line = words.iter().map(AsRef::as_ref).chain([command.get_program()]);
    let mut outer = Command::new(line.next().unwrap_or_default());
    outer.args(line).args(command.get_args());
    outer
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
pub(crate) fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    String::from_utf8_lossy(&text[text.len().saturating_sub(TAIL)..]).into_owned()
}
