//! The operator on a real API server, with workers whose REST API is played by the test.

mod access;
mod applied;
mod bed;
mod bundle;
mod charts;
mod cli;
mod clusters;
mod connectors;
mod drift;
mod external;
mod install;
mod leadership;
mod manifests;
mod operations;
mod places;
mod program;
mod references;
mod revisions;
mod rights;
mod rolls;
mod specs;
mod storms;
mod unmanaged;
mod verdicts;
mod watches;
mod workers;
