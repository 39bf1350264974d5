//! The processes of a run: started, listened to, started again when they end, stopped within two seconds.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// How long what an ended child has said is waited for.
const LAST_WORDS: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A process that ran so long begins again with the shortest pause.
const STEADY: Duration = Duration::from_secs(30);

/// A program to keep running.
#[derive(Clone, Debug)]
pub(super) struct Program {
    /// How it is called in front of the user.
    pub(super) name: String,
    pub(super) file: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) environment: BTreeMap<String, String>,
    /// How long it may take to end by itself.
    pub(super) patience: Duration,
}

/// What happens to a process.
#[derive(Debug)]
pub(super) enum Event {
    Started {
        name: String,
    },
    /// A line of its log.
    Line {
        name: String,
        text: String,
    },
    /// It ended or could not be started, and is started again after the pause.
    Ended {
        name: String,
        how: String,
        pause: Duration,
    },
}

/// Keeps a program running until `stop`; then ends it and returns once it is gone.
pub(super) async fn keep_running(
    program: Program,
    events: mpsc::Sender<Event>,
    stop: CancellationToken,
) {
    let mut pause = FIRST_PAUSE;
    loop {
        let started = Instant::now();
        let how = match start(&program) {
            Ok(child) => match attend(&program, child, &events, &stop).await {
                Some(status) => status.to_string(),
                None => return,
            },
            Err(error) => format!("{} cannot be started: {error}", program.file.display()),
        };
        if started.elapsed() > STEADY {
            pause = FIRST_PAUSE;
        }
        let ended = Event::Ended { name: program.name.clone(), how, pause };
        // Nobody listens any more only when all is being stopped.
        let _ = events.send(ended).await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(pause) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn start(program: &Program) -> std::io::Result<Child> {
    Command::new(&program.file)
        .args(&program.arguments)
        .envs(&program.environment)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own: Ctrl-C reaches us alone, and we stop workers before their broker.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}

/// Reports what a child says until it ends by itself; `None` once it was stopped.
async fn attend(
    program: &Program,
    mut child: Child,
    events: &mpsc::Sender<Event>,
    stop: &CancellationToken,
) -> Option<ExitStatus> {
    let name = &program.name;
    let _ = events.send(Event::Started { name: name.clone() }).await;
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    let stopped = {
        let listening =
            async { tokio::join!(listen(output, name, events), listen(errors, name, events)) };
        tokio::pin!(listening);
        let mut heard_all = false;
        loop {
            tokio::select! {
                status = child.wait() => {
                    if !heard_all {
                        // Its last words say why it ended. A child of its own may keep the pipes open.
                        let _ = timeout(LAST_WORDS, &mut listening).await;
                    }
                    break status.ok();
                }
                _ = &mut listening, if !heard_all => heard_all = true,
                () = stop.cancelled() => break None,
            }
        }
    };
    if stopped.is_none() {
        end(&mut child, program.patience).await;
    }
    stopped
}

async fn listen(pipe: Option<impl AsyncRead + Unpin>, name: &str, events: &mpsc::Sender<Event>) {
    let Some(pipe) = pipe else { return };
    let mut lines = BufReader::new(pipe).lines();
    while let Ok(Some(text)) = lines.next_line().await {
        let _ = events.send(Event::Line { name: name.to_owned(), text }).await;
    }
}

/// Asks a child to end, and ends it when its time is over.
async fn end(child: &mut Child, patience: Duration) {
    let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let asked = id.is_some_and(|id| kill_process(id, Signal::TERM).is_ok());
    if !asked || timeout(patience, child.wait()).await.is_err() {
        // It may be gone at this very moment.
        let _ = child.kill().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Program {
        Program {
            name: "p".to_owned(),
            file: "/bin/sh".into(),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            environment: [("GREETING".to_owned(), "hello".to_owned())].into(),
            patience: Duration::from_millis(300),
        }
    }

    #[tokio::test]
    async fn a_process_that_ends_is_started_again_after_a_longer_pause_each_time() {
        let (events, mut heard) = mpsc::channel(16);
        let stop = CancellationToken::new();
        let running =
            tokio::spawn(keep_running(shell("echo $GREETING; exit 3"), events, stop.clone()));
        let (mut lines, mut pauses) = (0, Vec::new());
        while pauses.len() < 2 {
            match timeout(Duration::from_secs(20), heard.recv()).await.unwrap().unwrap() {
                Event::Line { text, .. } => {
                    assert_eq!(text, "hello");
                    lines += 1;
                }
                Event::Ended { how, pause, .. } => {
                    assert!(how.contains('3'), "{how}");
                    pauses.push(pause);
                }
                Event::Started { .. } => {}
            }
        }
        assert_eq!(pauses, [FIRST_PAUSE, FIRST_PAUSE * 2]);
        assert!(lines >= 1);
        stop.cancel();
        running.await.unwrap();
    }

    #[tokio::test]
    async fn a_process_that_does_not_listen_is_gone_within_its_time() {
        for script in
            ["trap '' TERM; echo on; while :; do sleep 0.05; done", "echo on; exec sleep 60"]
        {
            let (events, mut heard) = mpsc::channel(16);
            let stop = CancellationToken::new();
            let running = tokio::spawn(keep_running(shell(script), events, stop.clone()));
            while !matches!(heard.recv().await, Some(Event::Line { .. })) {}
            let asked = Instant::now();
            stop.cancel();
            running.await.unwrap();
            assert!(asked.elapsed() < Duration::from_secs(2), "{script}");
        }
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_told() {
        let (events, mut heard) = mpsc::channel(16);
        let stop = CancellationToken::new();
        let program = Program { file: "/no/such/program".into(), ..shell("") };
        let running = tokio::spawn(keep_running(program, events, stop.clone()));
        let event = heard.recv().await;
        assert!(
            matches!(&event, Some(Event::Ended { how, .. }) if how.contains("/no/such/program"))
        );
        stop.cancel();
        running.await.unwrap();
    }
}
