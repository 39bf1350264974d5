//! The operator killed at each of its writes, to the API server and to the workers: whoever starts next comes to the same
//! end as an operator that nobody disturbs.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use axum::Router;
use axum::middleware::from_fn_with_state;
use futures::{StreamExt, stream};
use kube::Client;
use serde_json::{Value, json};
use sluice_kit::kubernetes::{forward, missing_for_control_plane};
use sluice_kit::require;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::applied::soak;
use crate::bed::{create_namespace, give_resources, make_ready, shared_plane};
use crate::workers::Workers;

mod gate;
mod scenario;
mod state;

use gate::{Fault, Gate, Moment};
use scenario::Scenario;

/// How long a run may take on a busy machine, with others at its side.
const PATIENCE: Duration = Duration::from_mins(4);
/// How long everything may be as asked for and yet not be as expected.
const SETTLED: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(200);
/// Runs at the same time.
const AT_ONCE: usize = 12;
/// Every how manyth fault is tried where time is short.
const STEP: usize = 5;
/// Questions to the group without a write in between, after which nothing more is to come.
const REST: u32 = 3;

/// One namespace with its workers, and the way there that an operator's requests take.
struct Run {
    scenario: Scenario,
    client: Client,
    namespace: String,
    workers: Workers,
    gate: Gate,
    address: String,
    folder: TempDir,
    _served: JoinSet<()>,
}

impl Run {
    async fn begin(scenario: Scenario) -> Result<Self> {
        let client = shared_plane().await?.client().await?;
        let namespace = create_namespace(&client).await?;
        let (workers, gate) = (Workers::default(), Gate::default());
        let mut served = JoinSet::new();
        let guarded = |routes: Router| routes.layer(from_fn_with_state(gate.clone(), gate::pass));
        let server = serve(guarded(forward(client.clone())), &mut served).await?;
        let address = serve(guarded(workers.routes()), &mut served).await?;
        let folder = tempfile::tempdir()?;
        let kubeconfig = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": format!("http://{server}")}}],
            "users": [{"name": "u", "user": {}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": namespace}}],
            "current-context": "x",
        });
        std::fs::write(folder.path().join("kubeconfig"), kubeconfig.to_string())?;
        scenario.arrange(&client, &namespace, &workers).await?;
        Ok(Self { scenario, client, namespace, workers, gate, address, folder, _served: served })
    }

    fn operator(&self) -> Result<Child> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sluice-operator"));
        command
            .args(["--address=127.0.0.1:0", "--leader-election=false", "--log=error"])
            .arg(format!("--watch-namespace={}", self.namespace))
            .arg(format!("--worker-url=http://{}/{{cluster}}", self.address))
            .env("KUBECONFIG", self.folder.path().join("kubeconfig"))
            .stdout(Stdio::null())
            .kill_on_drop(true);
        Ok(command.spawn()?)
    }

    async fn state(&self) -> Result<Value> {
        state::of(&self.client, &self.namespace, &self.workers, &self.address).await
    }

    /// An operator that has everything yet to do that is asked in this scenario, and is killed at the fault.
    async fn first(&self, fault: Option<Fault>) -> Result<Child> {
        let Some(change) = self.scenario.change() else {
            self.gate.begin(fault);
            return self.operator();
        };
        let mut operator = self.operator()?;
        self.until(&mut operator, self.rests()).await?;
        self.gate.begin(fault);
        scenario::ask(&self.client, &self.namespace, &change).await?;
        Ok(operator)
    }

    /// Says when nothing more is to come.
    fn rests(&self) -> impl AsyncFnMut(&Value) -> Result<bool> {
        let (mut writes, mut reads) = (0, 0);
        async move |_: &Value| {
            if self.gate.writes() != writes {
                (writes, reads) = (self.gate.writes(), self.gate.reads());
            }
            Ok(self.gate.reads() >= reads + REST)
        }
    }

    /// Plays the kubelet, and waits until what was asked for is so and `end` says that it stays so.
    async fn until(
        &self,
        operator: &mut Child,
        mut end: impl AsyncFnMut(&Value) -> Result<bool>,
    ) -> Result<Value> {
        let deadline = Instant::now() + PATIENCE;
        let pods = kube::Api::namespaced(self.client.clone(), &self.namespace);
        let mut settled = None;
        loop {
            make_ready(&self.client, &pods).await?;
            give_resources(&pods).await?;
            if self.gate.is_closed() {
                operator.kill().await?;
                self.gate.open();
                *operator = self.operator()?;
            }
            ensure!(operator.try_wait()?.is_none(), "the operator has ended");
            let scenario = self.scenario;
            let missing = scenario.missing(&self.client, &self.namespace, &self.workers).await?;
            if missing.is_empty() {
                let state = self.state().await?;
                if end(&state).await? {
                    return Ok(state);
                }
                let since = *settled.get_or_insert_with(Instant::now);
                if since.elapsed() > SETTLED {
                    return Ok(state);
                }
            }
            ensure!(Instant::now() < deadline, "still missing: {missing:?}");
            sleep(PAUSE).await;
        }
    }
}

/// Serves on a port of loopback until `served` is dropped.
async fn serve(routes: Router, served: &mut JoinSet<()>) -> Result<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    served.spawn(async move { axum::serve(listener, routes).await.unwrap_or_default() });
    Ok(address)
}

/// A run without a fault: its end, and how many writes it took.
async fn undisturbed(scenario: Scenario) -> Result<(Value, u32)> {
    let run = Run::begin(scenario).await?;
    let mut operator = run.first(None).await?;
    let state = run.until(&mut operator, run.rests()).await?;
    Ok((state, run.gate.writes()))
}

/// A run with one fault that ends as `expected`.
///
/// # Returns
/// What the write was; none if there was no such write.
async fn disturbed(scenario: Scenario, fault: Fault, expected: &Value) -> Result<Option<String>> {
    let run = Run::begin(scenario).await?;
    let mut operator = run.first(Some(fault)).await?;
    let state = run.until(&mut operator, async |state| Ok(state == expected)).await;
    let write = run.gate.fired();
    let state = state.with_context(|| format!("{fault:?} at {write:?}"))?;
    if state != *expected {
        bail!("{fault:?} at {write:?} ends otherwise:\n{}", state::difference(expected, &state));
    }
    Ok(write)
}

#[tokio::test]
async fn killed_at_any_write_the_operator_comes_to_the_same_end() -> Result<()> {
    killed_at_any_write(Scenario::Arrival).await
}

#[tokio::test]
async fn killed_while_it_resizes_the_operator_comes_to_the_same_end() -> Result<()> {
    killed_at_any_write(Scenario::Resize).await
}

#[tokio::test]
async fn killed_between_two_rolls_the_operator_comes_to_the_same_end() -> Result<()> {
    killed_at_any_write(Scenario::ExactlyOnce).await
}

async fn killed_at_any_write(scenario: Scenario) -> Result<()> {
    require!(missing_for_control_plane());
    let (expected, writes) = undisturbed(scenario).await?;
    let all = soak().is_some();
    let moments = [Moment::Before, Moment::After];
    let faults = (1..=writes).flat_map(|write| moments.map(|moment| Fault { write, moment }));
    let faults = faults.step_by(if all { 1 } else { STEP });
    let start = Instant::now();
    let outcomes: Vec<Result<Option<String>>> = stream::iter(faults)
        .map(|fault| disturbed(scenario, fault, &expected))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let runs = outcomes.len();
    let (mut killed, mut failures) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        match outcome {
            Ok(write) => killed.extend(write),
            Err(failure) => failures.push(format!("{failure:#}")),
        }
    }
    eprintln!(
        "{scenario:?}: {} of {runs} runs of {writes} writes: {:?}",
        killed.len(),
        start.elapsed()
    );
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    // Looks that come together may take a write less: the last faults of a run then never come.
    let missed = runs - killed.len();
    ensure!(missed <= runs.div_ceil(10), "{missed} of {runs} faults never came");
    for far in writes + 1.. {
        let fault = Fault { write: far, moment: Moment::After };
        if !all || disturbed(scenario, fault, &expected).await?.is_none() {
            break;
        }
    }
    Ok(())
}
