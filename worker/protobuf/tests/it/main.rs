//! What shows only from outside: what converters owe, and records with their schemas in a registry.

mod conformance;
mod registry;
