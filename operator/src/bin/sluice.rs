//! `sluice`, also installed as `kubectl-sluice`: the command line. Arguments → run.

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};
use sluice_operator::cli::{Arguments, run};

fn main() -> ExitCode {
    let is_plugin = std::env::args().next().is_some_and(|name| name.ends_with("kubectl-sluice"));
    let name = if is_plugin { "kubectl sluice" } else { "sluice" };
    let matches = Arguments::command().bin_name(name).get_matches();
    let arguments = match Arguments::from_arg_matches(&matches) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    match run(arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{:?}", anyhow::Error::from(error).context("sluice cannot go on"));
            ExitCode::FAILURE
        }
    }
}
