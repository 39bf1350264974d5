//! The operator as a process, and what it tells of itself.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use sluice_kit::{binaries, ports, wait};
use tokio::{
    process::{Child, Command},
    time::sleep,
};

use crate::{footprint::get, process};

const PATIENCE: Duration = Duration::from_mins(1);
/// A page of metrics makes the operator count all its resources.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Operator {
    process: Child,
    address: String,
}

impl Operator {
    pub(super) async fn start(kubeconfig: &Path, workers: &str) -> Result<Self> {
        let address = format!("127.0.0.1:{}", ports::free()?);
        let process = Command::new(binaries::release_binary("sluice-operator")?)
            .args(["--address", &address, "--log=error"])
            .arg(format!("--worker-url=http://{workers}/{{cluster}}"))
            .env("KUBECONFIG", kubeconfig)
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        wait::until(PATIENCE, "the operator to answer", async || {
            get(&address, "/healthz").await.is_ok_and(|it| it.starts_with("HTTP/1.1 200"))
        })
        .await?;
        Ok(Self { process, address })
    }

    pub(super) fn process(&self) -> Result<u32> {
        self.process.id().context("the operator runs")
    }

    /// Lets it end as it does when its pod is deleted.
    pub(super) async fn stop(&mut self) -> Result<()> {
        process::signal(self.process()?, "TERM")?;
        ensure!(self.process.wait().await?.success(), "the operator did not end well");
        Ok(())
    }

    /// Waits until so many resources of a kind are ready.
    pub(super) async fn until_ready(
        &self,
        kind: &str,
        count: usize,
        patience: Duration,
    ) -> Result<()> {
        let start = format!("sluice_operator_resources{{kind=\"{kind}\",");
        let is_ready = |line: &&str| line.starts_with(&start) && line.contains("state=\"ready\"");
        self.until(patience, |text| {
            text.lines().filter(is_ready).filter_map(value).sum::<f64>() >= count as f64
        })
        .await
    }

    /// Waits until it has looked at everything once.
    pub(super) async fn until_looked_at(
        &self,
        clusters: usize,
        connectors: usize,
        patience: Duration,
    ) -> Result<()> {
        let looks = |text: &str, controller: &str| {
            let start = format!(
                "sluice_operator_reconcile_duration_seconds_count{{controller=\"{controller}\""
            );
            text.lines().filter(|it| it.starts_with(&start)).filter_map(value).sum::<f64>()
        };
        self.until(patience, |text| {
            looks(text, "cluster") >= clusters as f64
                && looks(text, "connector") >= connectors as f64
        })
        .await
    }

    /// The bound of the histogram below which 99 of 100 reconciles took.
    pub(super) async fn p99(&self, controller: &str) -> Result<Option<f64>> {
        Ok(quantile(&get(&self.address, "/metrics").await?, controller, 0.99))
    }

    async fn until(&self, patience: Duration, holds: impl Fn(&str) -> bool) -> Result<()> {
        let start = Instant::now();
        while !holds(&get(&self.address, "/metrics").await?) {
            ensure!(start.elapsed() < patience, "waited {patience:?} for the operator");
            sleep(PAUSE).await;
        }
        Ok(())
    }
}

fn value(line: &str) -> Option<f64> {
    line.rsplit_once(' ')?.1.parse().ok()
}

fn quantile(text: &str, controller: &str, part: f64) -> Option<f64> {
    let start = format!(
        "sluice_operator_reconcile_duration_seconds_bucket{{controller=\"{controller}\",le=\""
    );
    let bucket = |line: &str| {
        let (bound, _) = line.strip_prefix(&start)?.split_once('"')?;
        Some((bound.parse::<f64>().ok()?, value(line)?))
    };
    let buckets: Vec<(f64, f64)> = text.lines().filter_map(bucket).collect();
    let all = buckets.last()?.1;
    let found = buckets.iter().find(|(_, count)| *count >= all * part)?;
    Some(found.0).filter(|bound| bound.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_that_of_the_first_bucket_that_holds_enough() {
        let line = |bound: &str, count: u32| {
            format!(
                "sluice_operator_reconcile_duration_seconds_bucket{{controller=\"a\",le=\"{bound}\"}} {count}\n"
            )
        };
        let text = [line("0.1", 50), line("0.5", 99), line("1", 100), line("+Inf", 100)].concat();
        assert_eq!(quantile(&text, "a", 0.99), Some(0.5));
        assert_eq!(quantile(&text, "a", 0.5), Some(0.1));
        assert_eq!(quantile(&text, "b", 0.5), None);
        let beyond = [line("0.1", 50), line("+Inf", 100)].concat();
        assert_eq!(quantile(&beyond, "a", 0.99), None);
    }
}
