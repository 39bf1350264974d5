//! The queries of dashboards and alerts, as they are installed.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;
use sluice_crds::yaml;

/// The repository's root.
pub(super) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn folder() -> PathBuf {
    root().join("charts/sluice/files/monitoring")
}

fn manifest(name: &str) -> Result<Value> {
    let text = fs::read_to_string(folder().join(name))?;
    Ok(yaml::read(name, &text)?.remove(0).value)
}

/// The rules as Prometheus reads them.
pub(super) fn rules() -> Result<Value> {
    Ok(manifest("prometheus_rule.yaml")?["spec"].clone())
}

/// Name and expression of each alert.
pub(super) fn alerts() -> Result<Vec<(String, String)>> {
    let rules = rules()?;
    let groups = rules["groups"].as_array().context("groups")?;
    let rules = groups.iter().flat_map(|it| it["rules"].as_array().into_iter().flatten());
    let text = |rule: &Value, key: &str| {
        rule[key].as_str().map(str::to_owned).with_context(|| format!("{key} of {rule}"))
    };
    rules.map(|rule| Ok((text(rule, "alert")?, text(rule, "expr")?))).collect()
}

/// What an alert looks at, whether or not it is raised: its expression without the comparisons with a number.
pub(super) fn data_of(expression: &str) -> String {
    let bare = expression.trim().strip_prefix("absent(").and_then(|it| it.strip_suffix(')'));
    let mut words = bare.unwrap_or(expression).split_whitespace().peekable();
    let mut kept = Vec::new();
    while let Some(word) = words.next() {
        let is_comparison = ["==", "!=", ">", "<"].contains(&word);
        if is_comparison && words.next_if(|it| it.parse::<f64>().is_ok()).is_some() {
            continue;
        }
        kept.push(word);
    }
    kept.join(" ")
}

/// Board with panel, and query, of everything that the dashboards show, with what Grafana would put in for its variables.
pub(super) fn panels() -> Result<Vec<(String, String)>> {
    let mut queries = Vec::new();
    for entry in fs::read_dir(folder())? {
        let path = entry?.path();
        if path.extension().is_none_or(|it| it != "json") {
            continue;
        }
        let board: Value = serde_json::from_str(&fs::read_to_string(&path)?)?;
        let title = board["title"].as_str().context("a title")?;
        for panel in board["panels"].as_array().context("panels")? {
            let about = format!("{title}: {}", panel["title"].as_str().context("a title")?);
            for target in panel["targets"].as_array().context("queries")? {
                let query = target["expr"].as_str().context("a query")?;
                let query = query.replace("$__rate_interval", "1m");
                let query = ["$namespace", "$cluster", "$connector"]
                    .iter()
                    .fold(query, |query, variable| query.replace(variable, ".*"));
                queries.push((about.clone(), query));
            }
        }
    }
    Ok(queries)
}

/// The relabelings of the PodMonitor as Prometheus Operator hands them to Prometheus.
pub(super) fn relabelings() -> Result<Value> {
    let monitor = manifest("pod_monitor.yaml")?;
    let relabelings = &monitor["spec"]["podMetricsEndpoints"][0]["relabelings"];
    let snake = |name: &str| -> String {
        let letter = |it: char| {
            let lower = it.to_ascii_lowercase();
            if it == lower { it.to_string() } else { format!("_{lower}") }
        };
        name.chars().map(letter).collect()
    };
    let of = |relabeling: &Value| -> Value {
        let fields = relabeling.as_object().into_iter().flatten();
        fields.map(|(name, value)| (snake(name), value.clone())).collect()
    };
    Ok(relabelings.as_array().context("relabelings")?.iter().map(of).collect())
}

#[test]
fn comparisons_with_numbers_are_left_out() {
    for (expression, data) in [
        ("sum by (a) (b{c=\"d\"}) > 0", "sum by (a) (b{c=\"d\"})"),
        ("absent(b == 1)", "b"),
        ("rate(a[1m]) == 0 and b > 0.5", "rate(a[1m]) and b"),
        ("a > b", "a > b"),
    ] {
        assert_eq!(data_of(expression), data);
    }
}
