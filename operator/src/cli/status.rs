//! `sluice status`: clusters, their connectors, and the tasks of these, as the resources' status has them.

use std::process::ExitCode;

use clap::Args;

use super::access::{self, Access};

mod text;
mod tree;

use tree::Tree;

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Kubernetes.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// The name is nobody's.
    #[error(
        "there is no KafkaConnect or KafkaConnector {0} here; name its namespace with -n, or look everywhere with -A"
    )]
    Nobody(String),
    /// The system takes no output.
    #[error("the system is in the way")]
    System(#[from] std::io::Error),
}

/// Show clusters, their connectors and tasks, and what is wrong with them.
///
/// Everything comes from the status of the resources. Workers and tasks are shown of clusters and connectors that are not
/// as they should be, and all of them with --tasks.
///
/// Examples:
///   sluice status
///   sluice status my-connect -n shop --tasks
///   sluice status -A -o json
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Status {
    /// A KafkaConnect or a KafkaConnector. All unless given.
    name: Option<String>,
    #[command(flatten)]
    access: Access,
    /// Look into all namespaces.
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    /// Show all workers and tasks.
    #[arg(long)]
    tasks: bool,
    /// Form: a tree for people, or JSON or YAML for programs.
    #[arg(short, long, value_name = "text|json|yaml", default_value = "text", value_parser = ["text", "json", "yaml"])]
    output: String,
}

/// Reads the resources and shows them.
pub(super) async fn run(arguments: Status) -> Result<ExitCode, Error> {
    let session = arguments.access.connect().await?;
    let (clusters, connectors) = session.resources(arguments.all_namespaces).await?;
    let mut tree = Tree::of(clusters, connectors);
    if let Some(name) = &arguments.name {
        tree = tree.only(name).ok_or_else(|| Error::Nobody(name.clone()))?;
    }
    let text = match arguments.output.as_str() {
        "text" => text::draw(&tree, arguments.tasks),
        form => super::structured(&tree, form),
    };
    super::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
