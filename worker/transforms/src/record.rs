//! What the transforms share: the part of a record that one works on, plans for its schema, rows and maps.

pub(crate) mod maps;
pub(crate) mod part;
pub(crate) mod plans;
pub(crate) mod require;
pub(crate) mod rows;
pub(crate) mod schemas;
