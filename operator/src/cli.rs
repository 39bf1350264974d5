//! The command line `sluice`: its arguments and what each command does.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::CommandFactory;
use serde::Serialize;
use sluice_crds::yaml;

mod access;
mod acls;
mod arguments;
mod change;
mod completion;
mod convert;
mod dev;
mod files;
mod lint;
mod logs;
mod offsets;
mod report;
mod status;

pub use arguments::Arguments;
use arguments::Command;

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `sluice acls`.
    #[error(transparent)]
    Acls(#[from] acls::Error),
    /// `sluice restart`, `pause`, `resume`, `stop`.
    #[error(transparent)]
    Change(#[from] change::Error),
    /// `sluice convert`.
    #[error(transparent)]
    Convert(#[from] convert::Error),
    /// `sluice dev`, `sluice preview`.
    #[error(transparent)]
    Dev(#[from] dev::Error),
    /// `sluice lint`.
    #[error(transparent)]
    Lint(#[from] lint::Error),
    /// `sluice logs`.
    #[error(transparent)]
    Logs(#[from] logs::Error),
    /// `sluice offsets`.
    #[error(transparent)]
    Offsets(#[from] offsets::Error),
    /// `sluice report`.
    #[error(transparent)]
    Report(#[from] report::Error),
    /// `sluice status`.
    #[error(transparent)]
    Status(#[from] status::Error),
    /// The system gives no threads, or takes no output.
    #[error("the system is in the way")]
    System(#[from] std::io::Error),
}

/// Runs a command to its end.
pub fn run(arguments: Arguments) -> Result<ExitCode, Error> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    // Together they are large.
    runtime.block_on(Box::pin(run_command(arguments.command)))
}

async fn run_command(command: Command) -> Result<ExitCode, Error> {
    Ok(match command {
        Command::Dev(arguments) => dev::run(arguments).await?,
        Command::Status(arguments) => status::run(arguments).await?,
        Command::Logs(arguments) => logs::run(arguments).await?,
        Command::Restart(arguments) => change::restart(arguments).await?,
        Command::Pause(arguments) => change::pause(arguments).await?,
        Command::Resume(arguments) => change::resume(arguments).await?,
        Command::Stop(arguments) => change::stop(arguments).await?,
        Command::Offsets(arguments) => offsets::run(arguments).await?,
        Command::Acls(arguments) => acls::run(arguments).await?,
        Command::Lint(arguments) => lint::run(&arguments).await?,
        Command::Preview(arguments) => dev::preview::run(arguments).await?,
        Command::Convert(arguments) => convert::run(arguments).await?,
        Command::Report(arguments) => report::run(arguments).await?,
        Command::Completion { whom } => {
            let script = completion::script(whom, Arguments::command());
            std::io::stdout().write_all(&script)?;
            ExitCode::SUCCESS
        }
        Command::Complete { words } => {
            print(&completion::answer(&Arguments::command(), &words))?;
            ExitCode::SUCCESS
        }
    })
}

/// The program sluice-worker: the one that is named, else the one beside this program, else whatever the PATH has.
fn worker_program(named: Option<&Path>) -> std::io::Result<PathBuf> {
    if let Some(named) = named {
        return Ok(named.to_owned());
    }
    let beside = std::env::current_exe()?.with_file_name("sluice-worker");
    Ok(if beside.is_file() { beside } else { PathBuf::from("sluice-worker") })
}

/// A value for programs, as JSON or YAML.
fn structured<T: Serialize>(value: &T, form: &str) -> String {
    if form == "yaml" {
        yaml::write(value).expect("what is shown can be written")
    } else {
        let text = serde_json::to_string_pretty(value).expect("what is shown can be written");
        text + "\n"
    }
}

/// Columns under their titles.
fn table<const N: usize>(titles: [&str; N], rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([titles[column].len()]).max().unwrap_or_default()
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let titles = titles.map(str::to_owned);
    let mut text = String::new();
    for row in [&titles].into_iter().chain(rows) {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// Writes to standard output; nobody may be listening any more, as behind `head`.
fn print(text: &str) -> std::io::Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
