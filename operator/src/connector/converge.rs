//! Makes a connector what it shall be, one step after the other, and gathers what it is then.

use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use sluice_crds::{KafkaConnector, TargetState};

use super::{
    Current, Desired, Error, Place, Step, auto_restart, cleanup, current, desired, execute, lag,
    news, once, place, plan, reach, reading, requests, secrets, validation,
};
use crate::connect_api::ConnectApi;
use crate::context::{Context, noise};

/// The connector as it is after what was needed has been done.
#[derive(Debug)]
pub struct Converged {
    /// Where it is.
    pub place: Place,
    /// What the workers tell of it.
    pub current: Option<Current>,
    /// Whether anything had to be done: then the workers may still tell of what was before.
    pub changed: bool,
    /// Whether it was created just now.
    pub is_new: bool,
    /// Restarts of what failed.
    pub restarts: auto_restart::Decision,
    /// The token of the last restart on demand.
    pub restart_token: Option<String>,
    /// What was asked for and not done.
    pub warnings: Vec<requests::Warning>,
    /// What was done and is to be told.
    pub news: Vec<news::News>,
    /// The revision that keeps its settings.
    pub revision: Option<String>,
    /// What its settings refer to.
    pub references: Vec<String>,
    /// Topics that the connector has used, if workers tell.
    pub topics: Option<Vec<String>>,
    /// How it stands to its topics, if workers tell.
    pub reading: reading::Told,
}

impl Converged {
    /// A connector for which nothing else was asked.
    pub fn new(place: Place, current: Option<Current>, changed: bool) -> Self {
        Self {
            place,
            current,
            changed,
            is_new: false,
            restarts: auto_restart::Decision::default(),
            restart_token: None,
            warnings: Vec::new(),
            news: Vec::new(),
            revision: None,
            references: Vec::new(),
            topics: None,
            reading: reading::Told::default(),
        }
    }
}

/// Makes a connector what it shall be, does what is asked for once, and decides on restarts.
pub async fn run(connector: &KafkaConnector, ctx: &Context) -> Result<Converged, Error> {
    let rolled_back = match &connector.spec.rollback_to {
        Some(name) => {
            let snapshot = ctx.snapshots.get(name, connector, &ctx.client).await?;
            Some(snapshot.laid_over(connector))
        }
        None => None,
    };
    let connector = rolled_back.as_ref().unwrap_or(connector);
    let desired = desired::of(connector)?;
    let place = desired.place.clone();
    let home = connector.namespace().unwrap_or_default();
    let rest = connector.spec.connect_rest.as_ref();
    let workers = reach::asked(rest, &place, &home, ctx).await?;
    let current = current::fetch(&workers, &place.name).await?;
    if place::known(connector).as_ref() != Some(&place) {
        if current.is_some() {
            check_right(connector, &place, ctx)?;
        }
        cleanup::leave_former(connector, &place, ctx).await?;
    }
    carry_values(connector, &desired, ctx).await?;
    let mut converged = onwards(connector, &desired, current, &workers).await?;
    converged.revision = Some(ctx.fresh.keep(connector, &ctx.client).await?);
    converged.references = desired.references.iter().map(ToString::to_string).collect();
    once::fulfil(connector, &mut converged, &workers, ctx).await;
    converged.restarts = restarts(connector, &converged, Timestamp::now());
    // A list of topics is a courtesy.
    converged.topics = workers.topics(&place.name).await.unwrap_or_default();
    let told = converged.current.as_ref().and_then(|current| current.status.as_ref());
    converged.reading = reading::look(connector, &place, told, &workers).await;
    converged.warnings.extend(lag::warning(converged.reading.lag.as_ref()));
    Ok(converged)
}

/// What is to be restarted of a connector that shall run. While a change is under way the workers may still tell of
/// failures before it.
pub fn restarts(
    connector: &KafkaConnector,
    converged: &Converged,
    now: Timestamp,
) -> auto_restart::Decision {
    let Some(spec) = &connector.spec.auto_restart else { return auto_restart::Decision::default() };
    let known = connector.status.as_ref().and_then(|status| status.auto_restart.as_ref());
    let status = converged.current.as_ref().and_then(|current| current.status.as_ref());
    match status {
        Some(status) if connector.spec.state.unwrap_or_default() == TargetState::Running => {
            if converged.changed {
                let state = known.cloned();
                return auto_restart::Decision { state, ..auto_restart::Decision::default() };
            }
            auto_restart::decide(spec, known, status, now, noise)
        }
        _ => auto_restart::Decision::default(),
    }
}

/// A connector that no longer refers to anything gives up what it had. One that has been changed before anything was
/// reported of it may have had something: an operator may have ended in between.
async fn carry_values(
    connector: &KafkaConnector,
    desired: &Desired,
    ctx: &Context,
) -> Result<(), Error> {
    let had_any = connector.status.as_ref().is_some_and(|it| !it.references.is_empty());
    let may_have_had = place::known(connector).is_none() && connector.metadata.generation > Some(1);
    let had_any = had_any || may_have_had;
    let home = connector.namespace().unwrap_or_default();
    // What a cluster owns goes with it.
    let owner = reach::staying(&desired.place, &home, ctx);
    match owner.filter(|_| had_any || !desired.references.is_empty()) {
        Some(owner) => {
            let carrier = secrets::Carrier {
                client: &ctx.client,
                namespace: &desired.place.namespace,
                cluster: &desired.place.cluster,
                home: &home,
                connector: &connector.name_any(),
            };
            Ok(ctx.carried.ensure(&carrier, &desired.references, &*owner).await?)
        }
        None => Ok(()),
    }
}

/// Two resources must not take turns with one connector.
fn check_right(connector: &KafkaConnector, place: &Place, ctx: &Context) -> Result<(), Error> {
    let Some(other) = ctx.better_claim(connector, place) else { return Ok(()) };
    // What there is in another namespace is none of this one's business.
    let other = if other.namespace == connector.namespace() {
        format!("the KafkaConnector {}", other.name)
    } else {
        "a KafkaConnector of another namespace".to_owned()
    };
    Err(Error::NameTaken { other, name: place.name.clone() })
}

/// Makes a connector what it shall be, and tells what it is then.
pub async fn bring(
    connector: &KafkaConnector,
    desired: &Desired,
    workers: &ConnectApi,
) -> Result<Converged, Error> {
    let current = current::fetch(workers, &desired.place.name).await?;
    onwards(connector, desired, current, workers).await
}

async fn onwards(
    connector: &KafkaConnector,
    desired: &Desired,
    current: Option<Current>,
    workers: &ConnectApi,
) -> Result<Converged, Error> {
    let (place, class) = (desired.place.clone(), &connector.spec.class);
    let steps = plan(desired, current.as_ref());
    if steps.is_empty() {
        return Ok(Converged::new(place, current, false));
    }
    if steps.iter().any(|step| matches!(step, Step::Create(..) | Step::PutConfig(_))) {
        let infos = workers.validate(class, &desired.config).await;
        let infos = infos.map_err(|error| Error::of_workers(error, class))?;
        if let Some(problems) = validation::problems(&infos, &desired.config) {
            return Err(Error::Invalid(problems));
        }
    }
    let news = news::of(connector, current.as_ref(), &steps);
    let is_new = current.is_none();
    let made = execute::in_order(&steps, &place.name, workers).await;
    made.map_err(|error| Error::of_workers(error, class))?;
    let current = current::fetch(workers, &place.name).await?;
    Ok(Converged { is_new, news, ..Converged::new(place, current, true) })
}
