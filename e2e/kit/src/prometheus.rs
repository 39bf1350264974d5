//! A real Prometheus that scrapes what a test runs, evaluates rules and answers queries.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::connect::HttpRequest;
use crate::kubernetes::on_path;
use crate::lasting::Process;
use crate::{connect, ports, wait};

/// How long its start may take on a busy machine.
const START: Duration = Duration::from_mins(1);

/// Something that serves metrics at `/metrics`.
#[derive(Clone, Debug)]
pub struct Target {
    /// `host:port`.
    pub address: String,
    /// What is known of it before relabeling; names that begin with `__` are gone afterwards.
    pub labels: Value,
    /// How the labels change, as a list of Prometheus' `relabel_configs`.
    pub relabelings: Value,
}

/// A running Prometheus; dropped, it is killed.
#[derive(Debug)]
pub struct Prometheus {
    address: String,
    process: Process,
    _folder: TempDir,
}

impl Prometheus {
    /// What this machine lacks, in one line.
    pub fn missing() -> Option<String> {
        (!on_path("prometheus"))
            .then(|| "prometheus (Debian: prometheus) is not on the PATH".to_owned())
    }

    /// Starts one that scrapes the targets and evaluates the rules (a rule file's content) each second.
    pub async fn start(targets: &[Target], rules: &Value) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("sluice-prometheus-").tempdir()?;
        let file = |name: &str| folder.path().join(name);
        // JSON is YAML.
        fs::write(file("rules.yaml"), rules.to_string())?;
        fs::write(
            file("prometheus.yaml"),
            configuration(targets, &file("rules.yaml")).to_string(),
        )?;
        let address = format!("127.0.0.1:{}", ports::free()?);
        let argv = [
            "prometheus".to_owned(),
            format!("--config.file={}", file("prometheus.yaml").display()),
            format!("--storage.tsdb.path={}", file("data").display()),
            format!("--web.listen-address={address}"),
            "--log.level=warn".to_owned(),
        ];
        let mut process = Process::start("prometheus", &argv, &file("log"))?;
        let mut died = Ok(());
        wait::until(START, "Prometheus to answer", async || {
            died = process.check();
            died.is_err() || ask(&address, "/-/ready", "").await.is_ok()
        })
        .await?;
        died?;
        Ok(Self { address, process, _folder: folder })
    }

    /// The samples that an instant query finds now: each with `metric`, its labels, and `value`, a pair of time and text.
    pub async fn query(&self, promql: &str) -> Result<Vec<Value>> {
        let answer = self.json("/api/v1/query", &format!("query={}", encoded(promql))).await;
        let answer = answer.with_context(|| promql.to_owned())?;
        Ok(answer["result"].as_array().cloned().unwrap_or_default())
    }

    /// The alerts that are pending or firing: each with `labels`, `annotations` and `state`.
    pub async fn alerts(&self) -> Result<Vec<Value>> {
        let answer = self.json("/api/v1/alerts", "").await?;
        Ok(answer["alerts"].as_array().cloned().unwrap_or_default())
    }

    async fn json(&self, path: &str, body: &str) -> Result<Value> {
        let answer = ask(&self.address, path, body).await.with_context(|| self.process.tail())?;
        let answer: Value = serde_json::from_str(&answer)?;
        ensure!(answer["status"] == "success", "{answer}");
        Ok(answer["data"].clone())
    }
}

fn configuration(targets: &[Target], rules: &Path) -> Value {
    let jobs = targets.iter().enumerate().map(|(number, target)| {
        json!({
            "job_name": format!("target-{number}"),
            "static_configs": [{"targets": [target.address], "labels": target.labels}],
            "relabel_configs": target.relabelings,
        })
    });
    json!({
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [rules],
        "scrape_configs": jobs.collect::<Vec<Value>>(),
    })
}

/// The body of the answer: to a form if there is one.
async fn ask(address: &str, path: &str, form: &str) -> Result<String> {
    let kind = "application/x-www-form-urlencoded";
    let request = HttpRequest {
        method: if form.is_empty() { "GET" } else { "POST" }.to_owned(),
        path: path.to_owned(),
        headers: vec![("Content-Type".to_owned(), kind.to_owned())],
        body: form.to_owned(),
    };
    let answer = connect::send(address, &request).await?;
    ensure!(answer.status == 200, "{}: {}", answer.status, answer.body);
    Ok(answer.body)
}

fn encoded(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric();
    text.bytes()
        .map(
            |byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") },
        )
        .collect()
}
