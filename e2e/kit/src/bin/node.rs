//! `node [ARCHIVE...]`: a cluster of one node with these images, to try things by hand. Says how to reach it, ends with
//! Ctrl-C.

use std::env;
use std::io::{Write, stdout};
use std::path::PathBuf;

use anyhow::Result;
use sluice_kit::kubernetes::Node;

#[tokio::main]
async fn main() -> Result<()> {
    let images: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let node = Node::start(&images).await?;
    let kubectl = node.kubectl().command(["get", "pods", "--all-namespaces"]);
    let shown: Vec<_> = std::iter::once(kubectl.as_std().get_program())
        .chain(kubectl.as_std().get_args())
        .map(|it| it.to_string_lossy())
        .collect();
    writeln!(
        stdout(),
        "KUBECONFIG={} {}\nnsenter --net={} -- PROGRAM\nlogs: {}",
        node.kubectl().kubeconfig().display(),
        shown.join(" "),
        node.network().display(),
        node.logs().display(),
    )?;
    tokio::signal::ctrl_c().await?;
    Ok(())
}
