//! The operator on a real API server, with workers whose REST API is played by the test.

mod applied;
mod bed;
mod bundle;
mod charts;
mod clusters;
mod connectors;
mod install;
mod leadership;
mod manifests;
mod program;
mod rights;
mod rolls;
mod storms;
mod verdicts;
mod watches;
mod workers;
