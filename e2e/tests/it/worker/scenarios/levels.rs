//! Levels of loggers, changed on one worker and on all: `dynamic_logging`.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sluice_kit::kafka::KafkaServer;
use sluice_kit::{java, wait};

use super::super::pipeline::PATIENCE;
use super::cluster::{Cluster, End};

type Levels = BTreeMap<String, Value>;

const ALL: [usize; 3] = [0, 1, 2];

#[tokio::test]
async fn a_level_counts_where_it_was_set_until_the_worker_restarts() -> Result<()> {
    sluice_kit::require!(java::missing());
    let kafka = KafkaServer::shared().await?;
    let mut cluster = Cluster::start(&Cluster::file(&kafka.bootstrap(), "levels-of-three")).await?;
    let initial = levels(&cluster, 0).await?;
    ensure!(initial.contains_key("root") && initial.len() >= 2, "{initial:?}");
    ensure!(initial.values().all(|it| it["last_modified"].is_null()), "{initial:?}");
    let logger = initial.keys().find(|it| *it != "root").context("a logger")?.clone();
    let before = initial[&logger]["level"].as_str().context("a level")?.to_owned();
    let new = other_than(&before);

    // Of one worker.
    let since = set(&cluster, &logger, new, None).await?;
    are(&cluster, &[0], &logger, new, Some(since)).await?;
    are(&cluster, &[1, 2], &logger, &before, None).await?;

    // Of all: the root twice, so that it has changed in any case. A module that says its first word later is new then.
    set(&cluster, "root", "DEBUG", Some("cluster")).await?;
    let since = set(&cluster, "root", "INFO", Some("cluster")).await?;
    are(&cluster, &ALL, "root", "INFO", Some(since)).await?;
    let since = set(&cluster, &logger, "DEBUG", Some("cluster")).await?;
    are(&cluster, &ALL, &logger, "DEBUG", Some(since)).await?;

    // The same again changes nothing, not even the time; another logger shows that all have heard of it.
    let prior = levels_of_all(&cluster).await?;
    set(&cluster, &logger, "DEBUG", Some("cluster")).await?;
    let since = set(&cluster, "com.example.other", "WARN", Some("cluster")).await?;
    are(&cluster, &ALL, "com.example.other", "WARN", Some(since)).await?;
    for (now, prior) in levels_of_all(&cluster).await?.iter().zip(&prior) {
        for (name, level) in prior.iter().filter(|(name, _)| name.starts_with(&logger)) {
            ensure!(now.get(name) == Some(level), "{name} was {level}: {now:?}");
        }
    }

    // Of one worker again, below what counts for all.
    set(&cluster, "root", "DEBUG", Some("cluster")).await?;
    let since = set(&cluster, "root", "INFO", Some("cluster")).await?;
    are(&cluster, &ALL, "root", "INFO", Some(since)).await?;
    let prior = levels_of_all(&cluster).await?;
    let changed = set(&cluster, &logger, "WARN", Some("worker")).await?;
    are(&cluster, &[0], &logger, "WARN", Some(changed)).await?;
    for (worker, (now, prior)) in levels_of_all(&cluster).await?.iter().zip(&prior).enumerate() {
        let others = prior.iter().filter(|(name, _)| worker > 0 || !name.starts_with(&logger));
        for (name, level) in others {
            ensure!(now.get(name) == Some(level), "{name} was {level} on {worker}: {now:?}");
        }
    }

    cluster.bounce(0, End::Clean).await?;
    // Which modules are there by now is a matter of what they had to say.
    for (name, level) in levels(&cluster, 0).await? {
        ensure!(level["last_modified"].is_null(), "{name}: {level}");
        ensure!(initial.get(&name).is_none_or(|it| *it == level), "{name}: {level}");
    }
    Ok(())
}

fn other_than(level: &str) -> &'static str {
    if level == "INFO" { "WARN" } else { "INFO" }
}

async fn levels(cluster: &Cluster, worker: usize) -> Result<Levels> {
    let all = cluster.workers[worker].ask("GET", "/admin/loggers", None).await?;
    serde_json::from_value(all).context("a map of loggers")
}

async fn levels_of_all(cluster: &Cluster) -> Result<Vec<Levels>> {
    let mut all = Vec::new();
    for worker in ALL {
        all.push(levels(cluster, worker).await?);
    }
    Ok(all)
}

/// Sets a level through the first worker; the time at which that began, in milliseconds.
async fn set(cluster: &Cluster, logger: &str, level: &str, scope: Option<&str>) -> Result<i64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let query = scope.map(|it| format!("?scope={it}")).unwrap_or_default();
    let path = format!("/admin/loggers/{logger}{query}");
    let told = cluster.ask(0, "PUT", &path, Some(&json!({ "level": level }))).await?;
    if scope == Some("cluster") {
        ensure!(told.is_null(), "{told}");
    } else {
        let names = told.as_array().context("a list of loggers")?;
        let is_below = |it: &Value| it.as_str().is_some_and(|it| it.starts_with(logger));
        ensure!(!names.is_empty() && names.iter().all(is_below), "{told}");
    }
    Ok(i64::try_from(since)?)
}

/// Waits until these workers tell that all loggers below this one have a level, and have had it no longer than that.
async fn are(
    cluster: &Cluster,
    workers: &[usize],
    below: &str,
    level: &str,
    since: Option<i64>,
) -> Result<()> {
    for worker in workers {
        wait::until_ok(PATIENCE, &format!("{below} to be {level}"), async || {
            let all = levels(cluster, *worker).await?;
            let mut asked = all.iter().filter(|(name, _)| name.starts_with(below)).peekable();
            ensure!(asked.peek().is_some(), "{all:?}");
            for (name, told) in asked {
                let is_new = told["last_modified"].as_i64() >= since;
                ensure!(told["level"] == level && is_new, "{name}: {told}");
                ensure!(since.is_some() || told["last_modified"].is_null(), "{name}: {told}");
            }
            Ok(())
        })
        .await?;
    }
    Ok(())
}
