//! Work on positions as resources: each is done once, and what was before is kept.

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::{Resource, ResourceExt};
use serde_json::{Value, json};
use sluice_crds::{KafkaConnector, KafkaConnectorOffsets, OffsetsPhase};
use sluice_kit::kubernetes::missing_for_control_plane;
use sluice_kit::require;
use sluice_rest_model::{ReadPartition, Reading};

use crate::bed::{Bed, words};

const PAUSED: &str = "sluice.dev/pause-reconciliation";

/// A cluster with the connector `orders`.
async fn bed(spec: &Value) -> Result<Bed> {
    let bed = Bed::new().await?;
    bed.cluster("my-connect", &json!({})).await?;
    let mut whole = json!({"class": "X"});
    for (key, value) in spec.as_object().into_iter().flatten() {
        whole[key] = value.clone();
    }
    bed.connector("orders", &whole).await?;
    let reason = if spec["state"] == "stopped" { "Stopped" } else { "Running" };
    bed.connector_is("orders", &format!("Ready=True {reason}")).await?;
    Ok(bed)
}

fn operation(name: &str, spec: &Value) -> Value {
    let mut spec = spec.clone();
    spec["connector"] = json!("orders");
    json!({
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "KafkaConnectorOffsets",
        "metadata": {"name": name},
        "spec": spec,
    })
}

async fn create(bed: &Bed, object: &Value) -> Result<KafkaConnectorOffsets> {
    let object = serde_json::from_value(object.clone())?;
    Ok(bed.api().create(&PostParams::default(), &object).await?)
}

/// Waits until an operation has a condition.
async fn is(bed: &Bed, name: &str, expected: &str) -> Result<KafkaConnectorOffsets> {
    let api = bed.api::<KafkaConnectorOffsets>();
    let mut last = Vec::new();
    let holds = async || {
        let status = api.get(name).await?.status.unwrap_or_default();
        last = words(&status.conditions);
        Ok(last.iter().any(|it| it == expected))
    };
    let outcome = bed.until(&format!("{name} to be {expected}"), holds).await;
    outcome.with_context(|| format!("{last:?}"))?;
    Ok(api.get(name).await?)
}

fn at(position: i64) -> Value {
    json!({"offsets": [{"partition": {"file": "a"}, "offset": {"position": position}}]})
}

fn alter(position: i64) -> Value {
    json!({"operation": "Alter", "alter": at(position)})
}

/// What the workers have.
fn known(bed: &Bed) -> Result<Value> {
    Ok(serde_json::to_value(&bed.workers.world().connectors["orders"].offsets)?)
}

fn put(bed: &Bed, offsets: Value) -> Result<()> {
    let mut world = bed.workers.world();
    world.connectors.get_mut("orders").context("orders")?.offsets =
        serde_json::from_value(offsets)?;
    Ok(())
}

#[tokio::test]
async fn a_change_waits_for_the_stop_is_made_once_and_can_be_taken_back() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = bed(&json!({})).await?;
    put(&bed, at(5))?;
    create(&bed, &operation("to-seven", &alter(7))).await?;
    is(&bed, "to-seven", "Reconciling=True WaitingForStopped").await?;
    let connector: KafkaConnector = bed.api().get("orders").await?;
    assert_eq!(connector.spec.state, None, "what the user wants is the user's");
    assert_eq!(known(&bed)?, at(5));

    bed.change::<KafkaConnector>("orders", &json!({"spec": {"state": "stopped"}})).await?;
    let done = is(&bed, "to-seven", "Ready=True Completed").await?;
    assert_eq!(known(&bed)?, at(7));
    let status = done.status.clone().context("a status")?;
    assert_eq!(status.phase, Some(OffsetsPhase::Succeeded));
    assert_eq!(status.backup.as_deref(), Some("to-seven-backup"));
    assert!(status.start_time.is_some() && status.completion_time >= status.start_time);
    let backup: ConfigMap = bed.api().get("to-seven-backup").await?;
    let text = backup.data.as_ref().and_then(|it| it.get("offsets.json")).context("positions")?;
    assert_eq!(serde_json::from_str::<Value>(text)?, at(5));
    assert_eq!(backup.owner_references()[0].uid, done.uid().context("a uid")?);

    // Another look at what is done does nothing, whatever the positions are by then.
    put(&bed, at(9))?;
    let writes = bed.workers.world().writes;
    let label = json!({"metadata": {"labels": {"seen": "again"}}});
    let touched: KafkaConnectorOffsets = bed.change("to-seven", &label).await?;
    let back = json!({"operation": "Restore", "restoreFrom": {"name": "to-seven-backup"}});
    create(&bed, &operation("back", &back)).await?;
    is(&bed, "back", "Ready=True Completed").await?;
    assert_eq!(known(&bed)?, at(5));
    assert_eq!(bed.workers.world().writes, writes + 1);
    let same: KafkaConnectorOffsets = bed.api().get("to-seven").await?;
    assert_eq!(same.resource_version(), touched.resource_version());

    // What is in the way for a while is tried again; forgetting needs no positions.
    bed.workers.world().conflicts = 2;
    create(&bed, &operation("forget", &json!({"operation": "Reset"}))).await?;
    is(&bed, "forget", "Ready=True Completed").await?;
    assert_eq!(known(&bed)?, json!({"offsets": []}));
    Ok(())
}

#[tokio::test]
async fn looks_change_nothing_and_tell_what_would_be() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = bed(&json!({})).await?;
    put(&bed, at(5))?;
    let writes = bed.workers.world().writes;
    create(&bed, &operation("list", &json!({"operation": "List"}))).await?;
    let listed = is(&bed, "list", "Ready=True Completed").await?.status.context("a status")?;
    let listed: ConfigMap = bed.api().get(&listed.backup.context("a ConfigMap")?).await?;
    let text = listed.data.as_ref().and_then(|it| it.get("offsets.json")).context("positions")?;
    assert_eq!(serde_json::from_str::<Value>(text)?, at(5));

    let mut spec = alter(7);
    spec["dryRun"] = json!(true);
    create(&bed, &operation("dry", &spec)).await?;
    let dry = is(&bed, "dry", "Ready=True Completed").await?.status.context("a status")?;
    assert_eq!(serde_json::to_value(dry.before)?, at(5)["offsets"]);
    assert_eq!(serde_json::to_value(dry.after)?, at(7)["offsets"]);
    assert_eq!(dry.backup, None);
    assert_eq!(known(&bed)?, at(5));
    assert_eq!(bed.workers.world().writes, writes);
    let maps = bed.api::<ConfigMap>().list(&ListParams::default()).await?;
    assert!(maps.iter().all(|it| it.name_any() != "dry-backup"));
    Ok(())
}

#[tokio::test]
async fn sinks_are_sought_where_their_workers_tell_and_others_are_refused() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = bed(&json!({"state": "stopped"})).await?;
    let partition = |number| ReadPartition {
        topic: "t".to_owned(),
        partition: number,
        position: Some(4),
        beginning: 2,
        end: 10,
        lag: 6,
        waiting_since: None,
        at: Some(6),
    };
    let sought = |offset: i64| {
        let entry = |number| {
            json!({"partition": {"kafka_topic": "t", "kafka_partition": number},
                "offset": {"kafka_offset": offset}})
        };
        json!({"offsets": [entry(0), entry(1)]})
    };
    create(&bed, &operation("of-source", &json!({"operation": "SeekToEnd"}))).await?;
    is(&bed, "of-source", "Stalled=True NotSupported").await?;
    bed.workers.world().readings.insert("orders".to_owned(), Reading::default());
    create(&bed, &operation("of-java", &json!({"operation": "SeekToEnd"}))).await?;
    is(&bed, "of-java", "Stalled=True NotSupported").await?;

    let reading = Reading { partitions: vec![partition(0), partition(1)], ..Reading::default() };
    bed.workers.world().readings.insert("orders".to_owned(), reading);
    let time = json!({"operation": "SeekToTime", "seekToTime": {"time": "1970-01-01T00:01:40Z"}});
    for (name, spec, offset) in [
        ("first", json!({"operation": "SeekToBeginning"}), 2),
        ("end", json!({"operation": "SeekToEnd"}), 10),
        ("time", time, 6),
    ] {
        create(&bed, &operation(name, &spec)).await?;
        is(&bed, name, "Ready=True Completed").await?;
        assert_eq!(known(&bed)?, sought(offset), "{name}");
    }
    // Who tells how far sinks are behind asks too, and without a time.
    assert!(bed.workers.world().times.contains(&Some("100000".to_owned())));
    Ok(())
}

/// An operation that an operator has begun, and then was gone.
async fn begun(bed: &Bed, name: &str, generation: i64, has_backup: bool) -> Result<()> {
    let mut object = operation(name, &alter(7));
    object["metadata"]["annotations"] = json!({PAUSED: "true"});
    let created = create(bed, &object).await?;
    if has_backup {
        let text = |position| at(position).to_string();
        let backup: ConfigMap = serde_json::from_value(json!({
            "metadata": {
                "name": format!("{name}-backup"),
                "ownerReferences": [created.controller_owner_ref(&())],
            },
            "data": {"offsets.json": text(5), "after.json": text(7)},
        }))?;
        bed.api().create(&PostParams::default(), &backup).await?;
    }
    let connector: KafkaConnector = bed.api().get("orders").await?;
    let status = json!({"status": {
        "phase": "Running",
        "startTime": "2026-01-01T00:00:00Z",
        "backup": format!("{name}-backup"),
        "beganWith": {"uid": connector.uid(), "generation": generation},
    }});
    let (parameters, patch) = (PatchParams::default(), Patch::Merge(status));
    bed.api::<KafkaConnectorOffsets>().patch_status(name, &parameters, &patch).await?;
    let go_on = json!({"metadata": {"annotations": {PAUSED: null}}});
    bed.change::<KafkaConnectorOffsets>(name, &go_on).await.map(drop)
}

#[tokio::test]
async fn what_another_operator_began_is_ended_once_or_told() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = bed(&json!({"state": "stopped"})).await?;
    let connector: KafkaConnector = bed.api().get("orders").await?;
    let generation = connector.metadata.generation.context("a generation")?;
    for (name, began, has_backup, present, expected, then) in [
        // The workers were not asked, or have not answered.
        ("asks", generation, true, 5, "Ready=True Completed", 7),
        // They were asked, and nobody has touched the connector since.
        ("asks-again", generation, true, 7, "Ready=True Completed", 7),
        // The connector was changed since, as it is when it runs on.
        ("was-done", generation - 1, true, 7, "Ready=True Completed", 7),
        ("ran-on", generation - 1, true, 8, "Stalled=True OperationInterrupted", 8),
        ("is-unknown", generation - 1, true, 5, "Stalled=True OperationInterrupted", 5),
        ("lost-its-backup", generation, false, 5, "Stalled=True OperationInterrupted", 5),
    ] {
        put(&bed, at(present))?;
        begun(&bed, name, began, has_backup).await?;
        is(&bed, name, expected).await?;
        assert_eq!(known(&bed)?, at(then), "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn changes_of_one_connector_take_turns_and_go_when_their_time_is_over() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = bed(&json!({})).await?;
    put(&bed, at(5))?;
    create(&bed, &operation("a", &alter(6))).await?;
    is(&bed, "a", "Reconciling=True WaitingForStopped").await?;
    create(&bed, &operation("b", &alter(7))).await?;
    is(&bed, "b", "Reconciling=True WaitingForStopped").await?;
    bed.change::<KafkaConnector>("orders", &json!({"spec": {"state": "stopped"}})).await?;
    is(&bed, "a", "Ready=True Completed").await?;
    let last = is(&bed, "b", "Ready=True Completed").await?;
    assert_eq!(known(&bed)?, at(7));
    let before = last.status.context("a status")?.before;
    assert_eq!(serde_json::to_value(before)?, at(6)["offsets"], "one began before the other ended");

    let over = json!({"spec": {"ttlSecondsAfterFinished": 0}});
    bed.change::<KafkaConnectorOffsets>("a", &over).await?;
    bed.gone::<KafkaConnectorOffsets>("a").await?;
    let kept: Option<KafkaConnectorOffsets> = bed.api().get_opt("b").await?;
    ensure!(kept.is_some(), "what has no time stays");
    Ok(())
}

#[tokio::test]
async fn the_api_server_refuses_operations_that_contradict_themselves() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = bed(&json!({})).await?;
    for (spec, told) in [
        (json!({"operation": "Alter"}), "operation Alter needs alter"),
        (json!({"operation": "Restore"}), "operation Restore needs restoreFrom"),
        (json!({"operation": "Alter", "alter": {"offsets": []}}), "at least 1 items"),
    ] {
        let error =
            create(&bed, &operation("wrong", &spec)).await.err().context("it is refused")?;
        ensure!(error.to_string().contains(told), "{error}");
    }
    create(&bed, &operation("once", &json!({"operation": "Reset"}))).await?;
    let change = json!({"spec": {"operation": "List"}});
    let refused = bed.change::<KafkaConnectorOffsets>("once", &change).await.err();
    let refused = refused.context("it is refused")?.to_string();
    ensure!(refused.contains("make another KafkaConnectorOffsets"), "{refused}");
    Ok(())
}

#[tokio::test]
async fn names_in_an_operation_lead_to_no_other_namespace() -> Result<()> {
    require!(missing_for_control_plane());
    let bed = bed(&json!({"state": "stopped"})).await?;
    put(&bed, at(5))?;
    let theirs = crate::bed::create_namespace(&bed.client).await?;
    let map: ConfigMap = serde_json::from_value(
        json!({"metadata": {"name": "theirs"}, "data": {"offsets.json": at(9).to_string()}}),
    )?;
    let api: kube::Api<ConfigMap> = kube::Api::namespaced(bed.client.clone(), &theirs);
    api.create(&PostParams::default(), &map).await?;
    let away = format!("../../{theirs}/configmaps/theirs");
    let restore = json!({"operation": "Restore", "restoreFrom": {"name": away}});
    create(&bed, &operation("restore", &restore)).await?;
    is(&bed, "restore", "Stalled=True ConfigMapNotFound").await?;
    let mut other = operation("other", &json!({"operation": "List"}));
    other["spec"]["connector"] = json!(format!("../../{theirs}/kafkaconnectors/orders"));
    create(&bed, &other).await?;
    is(&bed, "other", "Reconciling=True ConnectorNotFound").await?;
    assert_eq!(known(&bed)?, at(5));
    Ok(())
}

#[tokio::test]
async fn a_second_connector_begins_where_the_first_one_was() -> Result<()> {
    /// As the workers know it.
    const GREEN: &str = "next-connect/orders-green";
    require!(missing_for_control_plane());
    let bed = bed(&json!({})).await?;
    put(&bed, at(5))?;
    bed.cluster("next-connect", &json!({})).await?;
    let spec = json!({"class": "X", "state": "stopped", "config": {"version": "2"}});
    let mut green = crate::bed::connector("orders-green", &spec);
    green["metadata"]["labels"]["sluice.dev/cluster"] = json!("next-connect");
    let connectors = bed.api::<KafkaConnector>();
    connectors.create(&PostParams::default(), &serde_json::from_value(green)?).await?;
    bed.connector_is("orders-green", "Ready=True Stopped").await?;
    let copy = async |number: u32, from: &str, to: &str| -> Result<()> {
        let (list, restore) = (format!("list-{number}"), format!("restore-{number}"));
        let mut look = operation(&list, &json!({"operation": "List"}));
        look["spec"]["connector"] = json!(from);
        create(&bed, &look).await?;
        let backup = is(&bed, &list, "Ready=True Completed").await?.status.and_then(|it| it.backup);
        let kept = json!({"operation": "Restore", "restoreFrom": {"name": backup}});
        let mut change = operation(&restore, &kept);
        change["spec"]["connector"] = json!(to);
        create(&bed, &change).await?;
        is(&bed, &restore, "Ready=True Completed").await.map(drop)
    };
    let positions = |name: &str| -> Result<Value> {
        let world = bed.workers.world();
        let known = || format!("{name} is not among {:?}", world.connectors.keys());
        let connector = world.connectors.get(name).with_context(known)?;
        Ok(serde_json::to_value(&connector.offsets)?)
    };
    // A trial from where the first one is, which runs on.
    copy(1, "orders", "orders-green").await?;
    assert_eq!(positions(GREEN)?, at(5));
    // The cut-over, with what has come meanwhile.
    put(&bed, at(9))?;
    let state = async |name: &str, state: &str, reason: &str| -> Result<()> {
        bed.change::<KafkaConnector>(name, &json!({"spec": {"state": state}})).await?;
        bed.connector_is(name, &format!("Ready=True {reason}")).await.map(drop)
    };
    state("orders", "stopped", "Stopped").await?;
    copy(2, "orders", "orders-green").await?;
    state("orders-green", "running", "Running").await?;
    assert_eq!(positions(GREEN)?, at(9));
    // And back.
    state("orders-green", "stopped", "Stopped").await?;
    if let Some(green) = bed.workers.world().connectors.get_mut(GREEN) {
        green.offsets = serde_json::from_value(at(12))?;
    }
    copy(3, "orders-green", "orders").await?;
    state("orders", "running", "Running").await?;
    assert_eq!(positions("orders")?, at(12));
    Ok(())
}
