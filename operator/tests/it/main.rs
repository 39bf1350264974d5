//! The operator on a real API server, with workers whose REST API is played by the test.

mod bed;
mod clusters;
mod connectors;
mod install;
mod leadership;
mod manifests;
mod program;
mod rights;
mod rolls;
mod watches;
mod workers;
