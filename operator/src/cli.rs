//! The command line `sluice`: its arguments and what each command does.

use std::io::Write;
use std::process::ExitCode;

use clap::CommandFactory;

mod arguments;
mod dev;

pub use arguments::Arguments;
use arguments::Command;

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `sluice dev`.
    #[error(transparent)]
    Dev(#[from] dev::Error),
    /// The system gives no threads, or takes no output.
    #[error("the system is in the way")]
    System(#[from] std::io::Error),
}

/// Runs a command to its end.
pub fn run(arguments: Arguments) -> Result<ExitCode, Error> {
    match arguments.command {
        Command::Dev(settings) => {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()?;
            Ok(runtime.block_on(dev::run(settings))?)
        }
        Command::Completion { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "sluice", &mut script);
            std::io::stdout().write_all(&script)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
