//! The Lease on the API server: one attempt to get or keep it, and its release.

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::{ObjectMeta, PostParams};
use tokio::time::Instant;

use super::Election;
use super::decide::{Move, Observation, decide};

/// A candidate for one Lease.
pub(super) struct Candidate {
    leases: Api<Lease>,
    election: Election,
    /// The Lease as we last wrote it, while it is ours.
    held: Option<Lease>,
    seen: Option<Observation>,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The Lease is ours.
    Leader,
    /// Somebody else has it.
    Standby,
    /// Somebody else wrote it at the same time: look again.
    Unclear,
}

impl Candidate {
    pub(super) fn new(election: Election) -> Self {
        let leases = Api::namespaced(election.client.clone(), &election.namespace);
        Self { leases, election, held: None, seen: None }
    }

    pub(super) fn election(&self) -> &Election {
        &self.election
    }

    /// When the Lease that somebody else has is free unless renewed; none if it is free now.
    pub(super) fn runs_out(&self) -> Option<Instant> {
        let runs_out = self.seen.as_ref().filter(|seen| seen.holder().is_some())?.runs_out();
        (runs_out > Instant::now()).then_some(runs_out)
    }

    /// Gets or renews the Lease if it is ours to have. While we have it, that is one request.
    pub(super) async fn attempt(&mut self) -> Result<Standing, kube::Error> {
        if let Some(lease) = self.held.clone() {
            let standing = self.write(lease, Move::Renew).await?;
            if standing == Standing::Leader {
                return Ok(standing);
            }
        }
        let lease = self.leases.get_opt(&self.election.name).await?;
        let now = Instant::now();
        self.seen = lease.as_ref().map(|lease| {
            let record = lease.spec.clone().unwrap_or_default();
            Observation::after(self.seen.take(), record, now)
        });
        match decide(&self.election.identity, self.seen.as_ref(), now) {
            Move::Wait => Ok(Standing::Standby),
            Move::Create => self.create().await,
            turn => self.write(lease.unwrap_or_default(), turn).await,
        }
    }

    /// Gives the Lease up, if it is ours, so that another candidate gets it with its next attempt.
    pub(super) async fn release(&mut self) -> Result<(), kube::Error> {
        self.held = None;
        let Some(mut lease) = self.leases.get_opt(&self.election.name).await? else {
            return Ok(());
        };
        let spec = lease.spec.get_or_insert_default();
        if spec.holder_identity.as_ref() != Some(&self.election.identity) {
            return Ok(());
        }
        spec.holder_identity = Some(String::new());
        spec.lease_duration_seconds = Some(1);
        spec.renew_time = Some(now());
        let parameters = PostParams::default();
        match self.leases.replace(&self.election.name, &parameters, &lease).await {
            Err(error) if is_conflict(&error) => Ok(()),
            outcome => outcome.map(drop),
        }
    }

    async fn create(&mut self) -> Result<Standing, kube::Error> {
        let name = Some(self.election.name.clone());
        let metadata = ObjectMeta { name, ..ObjectMeta::default() };
        let lease = Lease { metadata, spec: Some(self.claim(0)) };
        let outcome = self.leases.create(&PostParams::default(), &lease).await;
        self.settle(outcome)
    }

    /// Refused if somebody has written the Lease since: its version goes with it.
    async fn write(&mut self, mut lease: Lease, turn: Move) -> Result<Standing, kube::Error> {
        let transitions = self.seen.as_ref().map_or(0, Observation::transitions);
        let claim = self.claim(transitions + 1);
        match lease.spec.as_mut() {
            Some(spec) if turn == Move::Renew => spec.renew_time = claim.renew_time,
            _ => lease.spec = Some(claim),
        }
        let parameters = PostParams::default();
        let outcome = self.leases.replace(&self.election.name, &parameters, &lease).await;
        self.settle(outcome)
    }

    fn claim(&self, transitions: i32) -> LeaseSpec {
        let seconds = self.election.times.lease.as_secs();
        LeaseSpec {
            holder_identity: Some(self.election.identity.clone()),
            lease_duration_seconds: Some(i32::try_from(seconds).unwrap_or(i32::MAX)),
            acquire_time: Some(now()),
            renew_time: Some(now()),
            lease_transitions: Some(transitions),
            ..LeaseSpec::default()
        }
    }

    fn settle(&mut self, outcome: Result<Lease, kube::Error>) -> Result<Standing, kube::Error> {
        match outcome {
            Ok(lease) => {
                self.held = Some(lease);
                Ok(Standing::Leader)
            }
            Err(error) if is_conflict(&error) => {
                self.held = None;
                Ok(Standing::Unclear)
            }
            Err(error) => Err(error),
        }
    }
}

/// Written by somebody else meanwhile, made by somebody else, or deleted.
fn is_conflict(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if matches!(status.code, 404 | 409))
}

fn now() -> MicroTime {
    MicroTime(Timestamp::now())
}
