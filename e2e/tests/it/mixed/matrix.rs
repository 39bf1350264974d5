//! Three workers of two kinds in one group, through everything that moves work: whoever leads, each task runs once at rest,
//! and the work is shared evenly.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use sluice_kit::java;

use super::party::Kind::{Java, Sluice};
use super::party::{Kind, Party};
use super::work::State;

#[tokio::test]
async fn java_leads_two_of_ours() -> Result<()> {
    sluice_kit::require!(java::missing());
    live("java-leads-ours", [Java, Sluice, Sluice]).await
}

#[tokio::test]
async fn java_leads_one_of_each() -> Result<()> {
    sluice_kit::require!(java::missing());
    live("java-leads-each", [Java, Sluice, Java]).await
}

#[tokio::test]
async fn sluice_leads_two_of_java() -> Result<()> {
    sluice_kit::require!(java::missing());
    live("sluice-leads-java", [Sluice, Java, Java]).await
}

#[tokio::test]
async fn sluice_leads_one_of_each() -> Result<()> {
    sluice_kit::require!(java::missing());
    live("sluice-leads-each", [Sluice, Java, Sluice]).await
}

/// The first of these leads until it is killed.
async fn live(name: &'static str, kinds: [Kind; 3]) -> Result<()> {
    let mut party = Party::begin(name, kinds).await?;
    party.put(0, "one", &counter(name, 3)).await?;
    party.put(0, "two", &counter(name, 2)).await?;
    party.put(0, "sink", &printer(name, 2)).await?;
    party.want("one", State::Running, 3);
    party.want("two", State::Running, 2);
    party.want("sink", State::Running, 2);
    party.rests("the start").await?;

    party.join(&[1, 2]).await?;
    party.rests("two joins").await?;
    ensure!(party.leader().await? == Some(0), "the first of {name} does not lead");

    configurations_change(&mut party, name).await?;
    states_change(&mut party).await?;
    workers_change(&mut party).await?;
    party.never_ran_twice()
}

async fn configurations_change(party: &mut Party, name: &str) -> Result<()> {
    party.put(1, "one", &counter(name, 5)).await?;
    party.want("one", State::Running, 5);
    party.rests("more tasks").await?;
    party.put(2, "three", &counter(name, 2)).await?;
    party.want("three", State::Running, 2);
    party.rests("one more connector").await
}

async fn states_change(party: &mut Party) -> Result<()> {
    party.ask(1, "PUT", "/connectors/two/pause").await?;
    party.ask(2, "PUT", "/connectors/three/stop").await?;
    party.ask(1, "POST", "/connectors/one/restart?includeTasks=true").await?;
    party.ask(2, "POST", "/connectors/sink/tasks/1/restart").await?;
    party.want("two", State::Paused, 2);
    party.want("three", State::Stopped, 0);
    party.rests("a pause, a stop and restarts").await?;
    party.ask(2, "PUT", "/connectors/two/resume").await?;
    party.ask(1, "PUT", "/connectors/three/resume").await?;
    party.ask(1, "POST", "/connectors/sink/restart").await?;
    party.want("two", State::Running, 2);
    party.want("three", State::Running, 2);
    party.rests("a return from pause and stop").await?;
    party.ask(0, "DELETE", "/connectors/three").await?;
    party.forget("three");
    party.rests("a deletion").await
}

async fn workers_change(party: &mut Party) -> Result<()> {
    party.leave(2).await?;
    party.rests("a clean leave").await?;
    party.join(&[2]).await?;
    party.rests("a return").await?;
    party.kill(0)?;
    party.rests("the leader's death").await?;
    party.join(&[0]).await?;
    party.rests("its return").await?;
    let leader = party.leader().await?.unwrap_or(1);
    party.leave(leader).await?;
    party.rests("the clean leave of a leader").await
}

/// A source whose tasks say what they count.
fn counter(topic: &str, tasks: usize) -> Value {
    json!({
        "connector.class": "org.apache.kafka.connect.tools.VerifiableSourceConnector",
        "topic": topic,
        "throughput": "20",
        "tasks.max": tasks.to_string(),
        // Records go to all partitions, so that each task of a sink has something to say.
        "complete.record.data": "true",
        "transforms": "spread",
        "transforms.spread.type": "org.apache.kafka.connect.transforms.ValueToKey",
        "transforms.spread.fields": "seqno",
    })
}

/// A sink whose tasks say what they get.
fn printer(topic: &str, tasks: usize) -> Value {
    json!({
        "connector.class": "org.apache.kafka.connect.tools.VerifiableSinkConnector",
        "topics": topic,
        // Sinks of other tests have the same name on the same broker.
        "consumer.override.group.id": format!("{topic}-sink"),
        "tasks.max": tasks.to_string(),
    })
}
