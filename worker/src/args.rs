//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

/// A Kafka Connect worker, native in Rust.
#[derive(Debug, Parser)]
#[command(name = "sluice-worker", version, about, long_about = None)]
pub(crate) struct Command {
    /// What to run.
    #[command(subcommand)]
    pub(crate) mode: Mode,
}

/// What to run.
#[derive(Debug, Subcommand)]
pub(crate) enum Mode {
    /// Join a worker group: connectors come over the REST API and live in Kafka's topics.
    Distributed(Distributed),
    /// Run alone: connectors come from files and the REST API, and live as long as the process.
    Standalone(Standalone),
    /// Say what is wrong with settings of connectors, as a worker would. Touches nothing and needs no broker.
    Validate(Validate),
    /// Show what a connector makes of some records. Nothing is written anywhere.
    Preview(Preview),
    /// Run the embedded single-node broker. For development and tests: it is no production broker.
    Broker(Broker),
}

/// Arguments of `distributed`.
#[derive(Debug, Args)]
pub(crate) struct Distributed {
    /// Worker file as Kafka Connect takes it: Java properties, or flat JSON.
    pub(crate) worker_file: PathBuf,
    /// Set one key in place of the file's value; may be given several times.
    #[arg(long = "override", value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) overrides: Vec<(String, String)>,
}

/// Arguments of `standalone`.
#[derive(Debug, Args)]
pub(crate) struct Standalone {
    /// Worker file as Kafka Connect takes it: Java properties, or flat JSON.
    pub(crate) worker_file: PathBuf,
    /// Files of connectors to create: Java properties, flat JSON, or the body of a request to the API.
    pub(crate) connectors: Vec<PathBuf>,
    /// Set one key in place of the worker file's value; may be given several times.
    #[arg(long = "override", value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) overrides: Vec<(String, String)>,
}

/// Arguments of `validate`.
#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// Files of connectors: Java properties, flat JSON, or the body of a request to the API.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Worker file whose converters and policies count. Values that it takes from elsewhere are not read.
    #[arg(long = "worker", value_name = "WORKER_FILE")]
    pub(crate) worker_file: Option<PathBuf>,
    /// Form of the answer.
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    pub(crate) output: Output,
}

/// Arguments of `preview`.
#[derive(Debug, Args)]
pub(crate) struct Preview {
    /// File of the connector: Java properties, flat JSON, or the body of a request to the API.
    pub(crate) connector: PathBuf,
    /// Worker file: brokers and converters that the connector does not name itself.
    #[arg(long = "worker", value_name = "WORKER_FILE")]
    pub(crate) worker_file: Option<PathBuf>,
    /// Set one key in place of the worker file's value; may be given several times.
    #[arg(long = "override", value_name = "KEY=VALUE", value_parser = key_value)]
    pub(crate) overrides: Vec<(String, String)>,
    /// File with records for a sink, one JSON object a line, in place of its topics.
    #[arg(long, value_name = "FILE")]
    pub(crate) records: Option<PathBuf>,
    /// Most records to show.
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 10)]
    pub(crate) limit: usize,
    /// How many seconds to wait for records.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub(crate) timeout: u64,
    /// Show schemas beside values.
    #[arg(long)]
    pub(crate) schemas: bool,
    /// Form of the records.
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    pub(crate) output: Output,
}

/// For whom something is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// People.
    Text,
    /// Programs.
    Json,
}

impl Mode {
    /// The levels of loggers, if they are not the usual ones: what is printed shall not drown in logs.
    pub(crate) const fn levels(&self) -> Option<&'static str> {
        match self {
            Self::Validate(_) | Self::Preview(_) => Some("warn"),
            Self::Distributed(_) | Self::Standalone(_) | Self::Broker(_) => None,
        }
    }
}

/// Arguments of `broker`.
#[derive(Debug, Args)]
pub(crate) struct Broker {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:9092", value_name = "HOST:PORT")]
    pub(crate) listen: SocketAddr,
    /// Folder to keep topics in; in memory alone if not given.
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    let key = key.trim();
    if key.is_empty() {
        return Err("the key is empty".to_owned());
    }
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides_are_split_at_the_first_equals_sign() {
        for (text, expected) in [
            ("a=b", Ok(("a".to_owned(), "b".to_owned()))),
            ("a=b=c", Ok(("a".to_owned(), "b=c".to_owned()))),
            ("a=", Ok(("a".to_owned(), String::new()))),
            ("a", Err("expected KEY=VALUE".to_owned())),
            ("=b", Err("the key is empty".to_owned())),
        ] {
            assert_eq!(key_value(text), expected, "{text}");
        }
    }
}
