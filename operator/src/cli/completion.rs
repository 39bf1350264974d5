//! Completion: scripts for shells, and the answers that kubectl asks a plugin for.

use clap::Command;
use clap_complete::Shell;

/// For whom a script is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// A shell, for the program `sluice`.
    Shell(Shell),
    /// kubectl, for the plugin `kubectl sluice`.
    Kubectl,
}

/// Reads the name of a shell, or `kubectl`.
pub(super) fn parse(text: &str) -> Result<For, String> {
    match text {
        "bash" => Ok(For::Shell(Shell::Bash)),
        "zsh" => Ok(For::Shell(Shell::Zsh)),
        "fish" => Ok(For::Shell(Shell::Fish)),
        "kubectl" => Ok(For::Kubectl),
        _ => Err("expected bash, zsh, fish or kubectl".to_owned()),
    }
}

/// What kubectl runs to complete its plugin: a program of the name `kubectl_complete-sluice` on the PATH.
const KUBECTL: &str = "#!/bin/sh\n# Save as kubectl_complete-sluice, executable, on the PATH.\nexec kubectl sluice __complete \"$@\"\n";

/// The script.
pub(super) fn script(whom: For, mut command: Command) -> Vec<u8> {
    let mut script = Vec::new();
    match whom {
        For::Shell(shell) => clap_complete::generate(shell, &mut command, "sluice", &mut script),
        For::Kubectl => script.extend_from_slice(KUBECTL.as_bytes()),
    }
    script
}

/// The shell shall not fall back to names of files, as kubectl's completion counts it.
const NO_FILES: u8 = 4;
/// It may.
const FILES: u8 = 0;

/// What could stand in place of the last word, in the form that kubectl's completion reads: a line for each candidate with
/// its description, then a colon and what the shell may do beside.
pub(super) fn answer(command: &Command, words: &[String]) -> String {
    let (before, last) = match words.split_last() {
        Some((last, before)) => (before, last.as_str()),
        None => (words, ""),
    };
    let mut command = command;
    for word in before {
        command = command.find_subcommand(word).unwrap_or(command);
    }
    let takes_value = before
        .last()
        .is_some_and(|word| option(command, word).is_some_and(|it| it.get_action().takes_values()));
    let mut candidates: Vec<(String, String)> = Vec::new();
    if takes_value {
        let asked = before.last().and_then(|word| option(command, word));
        let values = asked.map(clap::Arg::get_possible_values).unwrap_or_default();
        candidates.extend(values.iter().map(|it| (it.get_name().to_owned(), String::new())));
    } else if last.starts_with('-') {
        let options = command.get_arguments().filter(|it| !it.is_hide_set());
        let long =
            |it: &clap::Arg| Some((format!("--{}", it.get_long()?), first_line(it.get_help())));
        candidates.extend(options.filter_map(long));
    } else {
        let commands = command.get_subcommands().filter(|it| !it.is_hide_set());
        candidates
            .extend(commands.map(|it| (it.get_name().to_owned(), first_line(it.get_about()))));
    }
    candidates.retain(|(candidate, _)| candidate.starts_with(last));
    let directive = if candidates.is_empty() { FILES } else { NO_FILES };
    let line = |(candidate, about): (String, String)| {
        if about.is_empty() { format!("{candidate}\n") } else { format!("{candidate}\t{about}\n") }
    };
    let lines: String = candidates.into_iter().map(line).collect();
    format!("{lines}:{directive}\n")
}

/// The option that a word names.
fn option<'a>(command: &'a Command, word: &str) -> Option<&'a clap::Arg> {
    command.get_arguments().find(|it| {
        let long = it.get_long().is_some_and(|long| word.strip_prefix("--") == Some(long));
        let short = it.get_short().is_some_and(|short| word == format!("-{short}"));
        long || short
    })
}

fn first_line(text: Option<&clap::builder::StyledStr>) -> String {
    let text = text.map(ToString::to_string).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Arguments;

    fn answered(words: &[&str]) -> Vec<String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let answer = answer(&Arguments::command(), &words);
        answer.lines().map(|it| it.split('\t').next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn kubectl_gets_commands_options_and_values() {
        assert_eq!(answered(&["re"]), ["restart", "resume", "report", ":4"]);
        assert_eq!(answered(&["convert", ""]), ["strimzi", "cfk", "rest", ":4"]);
        assert_eq!(answered(&["restart", "orders", "--in"]), ["--include-tasks", ":4"]);
        assert_eq!(answered(&["status", "-o", "j"]), ["json", ":4"]);
        assert_eq!(answered(&["lint", "-f", ""]), [":0"]);
    }

    #[test]
    fn hidden_commands_are_not_offered() {
        assert_eq!(answered(&["__"]), [":0"]);
    }

    #[test]
    fn every_shell_has_a_script() {
        for name in ["bash", "zsh", "fish", "kubectl"] {
            let script = script(parse(name).unwrap(), Arguments::command());
            assert!(String::from_utf8(script).unwrap().contains("sluice"), "{name}");
        }
        assert!(parse("tcsh").is_err());
    }
}
