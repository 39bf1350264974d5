//! Transforms and predicates: records, schemas, verdicts and errors equal Java's, also those of wrong settings.

mod configs;
mod explained;
mod faults;
mod plugins;
mod records;

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde_json::{Value as Json, json};
use sluice_kit::java;
use sluice_plugin::config::Properties;
use sluice_plugin::model::ConnectRecord;
use sluice_plugin::{Error, Verdict};

use super::ask;
use super::compare::{comparable, draw, number, tell};
use plugins::Maker;

/// Each plugin gets one case of so many that converters get together.
const SHARE: usize = 15;

/// What a plugin is asked: one record, with one configuration.
#[derive(Clone, Debug)]
struct Case {
    class: &'static str,
    maker: Maker,
    config: Properties,
    record: ConnectRecord,
}

impl Case {
    fn question(&self) -> Json {
        json!({
            "op": "transform",
            "plugin": self.class,
            "config": self.config,
            "topic": "t",
            "record": records::notation(&self.record),
        })
    }

    fn answer(&self) -> Json {
        match self.maker {
            Maker::Transform(plugin) => match (plugin.create)(&self.config) {
                Err(error) => refused(&error),
                Ok(mut transform) => {
                    let mut record = self.record.clone();
                    match transform.apply(&mut record) {
                        Ok(Verdict::Keep) => json!({"record": records::notation(&record)}),
                        Ok(Verdict::Drop) => json!({}),
                        Err(error) => {
                            // The engine may ask again, and reports what it had.
                            let is_same =
                                records::notation(&record) == records::notation(&self.record);
                            assert!(is_same, "an error left its mark on {:?}", self.record);
                            failed(&error)
                        }
                    }
                }
            },
            Maker::Predicate(plugin) => match (plugin.create)(&self.config) {
                Err(error) => refused(&error),
                Ok(mut predicate) => predicate
                    .test(&self.record)
                    .map_or_else(|it| failed(&it), |it| json!({"test": it})),
            },
        }
    }
}

fn failed(error: &Error) -> Json {
    json!({"class": error.java_class(), "message": error.to_string()})
}

fn refused(error: &Error) -> Json {
    json!({"configure": true, "class": error.java_class(), "message": error.to_string()})
}

/// Whether both say the same. Java tells the first mistake in settings; ours begin with that and tell the others, too.
fn agree(java: &Json, ours: &Json) -> bool {
    if java["configure"] == true && ours["configure"] == true && java["class"] == ours["class"] {
        let text = |it: &Json| it["message"].as_str().unwrap_or_default().to_owned();
        return text(ours).starts_with(&text(java));
    }
    comparable(java.clone()) == comparable(ours.clone())
}

/// Where Java says something else than `answer`, and how often that is on purpose.
fn differences(
    cases: &[Case],
    java: &[Json],
    answer: impl Fn(&Case) -> Json,
) -> (Vec<String>, BTreeMap<&'static str, usize>) {
    let (mut found, mut explained) = (Vec::new(), BTreeMap::new());
    for (case, java) in cases.iter().zip(java) {
        let ours = answer(case);
        if agree(java, &ours) {
            continue;
        }
        if let Some(cause) = explained::cause(case.class, java, &ours) {
            *explained.entry(cause).or_insert(0) += 1;
            continue;
        }
        let (class, config) = (case.class, json!(case.config));
        let record = records::notation(&case.record);
        found.push(format!("{class} {config}\n  {record}\n  java {java}\n  ours {ours}"));
    }
    (found, explained)
}

/// Java answers this many questions in one go.
const BATCH: usize = 5_000;

#[tokio::test]
async fn transforms_answer_as_java_s_do() -> Result<()> {
    sluice_kit::require!(java::missing());
    let count = number("SLUICE_ORACLE_CASES", 6_000).div_ceil(SHARE);
    let mut all = Vec::new();
    for families in plugins::FAMILIES.chunks((BATCH / count).max(1)) {
        let drawn: Vec<Vec<Case>> =
            families.iter().map(|it| draw(&plugins::cases(it), count)).collect();
        let questions: Vec<Json> = drawn.iter().flatten().map(Case::question).collect();
        let answers = ask::java(&questions).await?;
        let mut answers = answers.as_slice();
        for (family, cases) in families.iter().zip(&drawn) {
            let (java, rest) = answers.split_at(cases.len());
            answers = rest;
            let (found, explained) = differences(cases, java, Case::answer);
            let (name, count) = (family.name, cases.len());
            let shown = faults::shown(name, cases, java)?;
            let differ = found.len();
            tell(&format!("{name}: {differ} of {count} differ; a seeded fault shows in {shown}"))?;
            for (cause, times) in explained {
                println!("  {times} as explained: {cause}");
            }
            all.extend(found);
        }
    }
    let shown = &all[..all.len().min(number("SLUICE_ORACLE_SHOWN", 20))];
    ensure!(all.is_empty(), "{} differences:\n{}", all.len(), shown.join("\n"));
    Ok(())
}
