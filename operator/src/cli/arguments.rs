//! Arguments of `sluice`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use super::acls::Acls;
use super::change::{Pause, Restart, Resume, Stop};
use super::completion::{self, For};
use super::convert::Convert;
use super::dev::preview::Preview;
use super::lint::Lint;
use super::logs::Logs;
use super::offsets::Offsets;
use super::report::Report;
use super::status::Status;

/// Kafka Connect for Kubernetes: run and look after connectors.
#[derive(Debug, Parser)]
#[command(name = "sluice", version, about, long_about = None)]
pub struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Dev(Dev),
    Status(Status),
    Logs(Logs),
    Restart(Restart),
    Pause(Pause),
    Resume(Resume),
    Stop(Stop),
    Offsets(Offsets),
    Lint(Lint),
    Acls(Acls),
    Preview(Preview),
    Convert(Convert),
    Report(Report),
    /// Print the completion script for a shell, or for kubectl.
    ///
    /// Examples:
    ///   source <(sluice completion bash)
    ///   sluice completion kubectl > /usr/local/bin/kubectl_complete-sluice && chmod +x /usr/local/bin/kubectl_complete-sluice
    #[command(verbatim_doc_comment)]
    Completion {
        /// For whom.
        #[arg(value_parser = completion::parse, value_name = "bash|zsh|fish|kubectl")]
        whom: For,
    },
    /// What could stand in place of the last word, as kubectl asks for it.
    #[command(name = "__complete", hide = true)]
    Complete {
        /// The words after `kubectl sluice`; the last one is being written.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
}

/// Run the manifests of a folder on this machine, without Kubernetes.
///
/// The workers are real, one process per replica; the broker is an embedded one unless a Kafka is named. The embedded
/// broker is no production broker: it keeps one copy of the data and syncs it only at the end.
///
/// A volume that workers mount is a local folder here: the one named after the volume beside the manifests, an empty
/// one for emptyDir, the keys of a ConfigMap or Secret of the same folder as files. Paths under a mountPath in the
/// settings of workers and connectors lead to that folder. `--mount` names another one.
#[derive(Debug, Args)]
pub(super) struct Dev {
    /// Folder with manifests, or a single file. Kinds other than KafkaConnect, KafkaConnector, ConfigMap and Secret
    /// are left out, and so is a kustomization.
    #[arg(short = 'f', long = "file", value_name = "DIR")]
    pub(super) path: PathBuf,
    /// Kafka to use in place of the embedded broker.
    #[arg(long, value_name = "HOST:PORT")]
    pub(super) bootstrap_servers: Option<String>,
    /// End after this time, such as 20s or 5m; with success only if every resource became Ready.
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    pub(super) time: Option<Duration>,
    /// Folder that stands for a volume; may be given several times.
    #[arg(long = "mount", value_name = "VOLUME=PATH", value_parser = mount)]
    pub(super) mounts: Vec<(String, PathBuf)>,
    /// Folder that keeps topics from run to run. They are gone at the end unless given.
    #[arg(long, value_name = "DIR")]
    pub(super) data_dir: Option<PathBuf>,
    /// The program sluice-worker. Looked for beside this program and on the PATH unless given.
    #[arg(long, value_name = "FILE")]
    pub(super) worker_binary: Option<PathBuf>,
    /// Show everything that the workers log, not only warnings and errors.
    #[arg(short, long)]
    pub(super) verbose: bool,
}

pub(super) fn mount(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((volume, path)) if !volume.is_empty() && !path.is_empty() => {
            Ok((volume.to_owned(), path.into()))
        }
        _ => Err("expected VOLUME=PATH".to_owned()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|it: char| it.is_ascii_alphabetic());
    let number: u64 =
        digits.parse().map_err(|_| "expected a number and a unit, such as 20s".to_owned())?;
    match &text[digits.len()..] {
        "ms" => Ok(Duration::from_millis(number)),
        "s" | "" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number.saturating_mul(60))),
        "h" => Ok(Duration::from_secs(number.saturating_mul(3600))),
        unit => Err(format!("unknown unit {unit}; use ms, s, m or h")),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    /// The calls of `sluice` in a text of shell commands.
    fn calls(text: &str) -> Vec<Vec<String>> {
        let commands = text.lines().flat_map(|line| {
            let line = line.split(" #").next().unwrap_or_default();
            line.split(['|', '(', ')', ';']).flat_map(|part| part.split("&&"))
        });
        let words = commands.map(|command| command.split('>').next().unwrap_or_default());
        words
            .map(|command| command.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
            .filter(|words| words.first().is_some_and(|word| word == "sluice"))
            .collect()
    }

    #[test]
    fn examples_of_the_page_and_of_the_help_are_right() {
        let page = include_str!("../../../docs/cli.md");
        let blocks = page.split("```sh\n").skip(1).filter_map(|block| block.split("```").next());
        let mut texts: Vec<String> = blocks.map(str::to_owned).collect();
        let command = Arguments::command();
        let helps = command.get_subcommands().filter_map(clap::Command::get_long_about);
        texts.extend(helps.map(ToString::to_string));
        let calls: Vec<Vec<String>> = texts.iter().flat_map(|text| calls(text)).collect();
        assert!(calls.len() > 30, "{}", calls.len());
        for words in calls {
            let parsed = Arguments::try_parse_from(&words);
            assert!(parsed.is_ok(), "{words:?}: {}", parsed.err().unwrap());
        }
    }

    #[test]
    fn every_command_is_on_the_page() {
        let page = include_str!("../../../docs/cli.md");
        let command = Arguments::command();
        for command in command.get_subcommands().filter(|it| !it.is_hide_set()) {
            let row = format!("`{}`", command.get_name());
            assert!(page.contains(&row), "{row}");
        }
    }

    #[test]
    fn times_have_units() {
        for (text, expected) in [
            ("20s", Ok(20_000)),
            ("20", Ok(20_000)),
            ("500ms", Ok(500)),
            ("2m", Ok(120_000)),
            ("1h", Ok(3_600_000)),
            ("s", Err("expected a number and a unit, such as 20s")),
            ("1.5s", Err("expected a number and a unit, such as 20s")),
            ("3d", Err("unknown unit d; use ms, s, m or h")),
        ] {
            let expected = expected.map(Duration::from_millis).map_err(str::to_owned);
            assert_eq!(duration(text), expected, "{text}");
        }
    }

    #[test]
    fn mounts_name_a_volume_and_a_folder() {
        assert_eq!(mount("files=./in=out"), Ok(("files".to_owned(), PathBuf::from("./in=out"))));
        for text in ["files", "files=", "=x"] {
            assert!(mount(text).is_err(), "{text}");
        }
    }
}
