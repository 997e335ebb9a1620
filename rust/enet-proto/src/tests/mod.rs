//! Tests that need more than one file of the engine.

mod pair;
mod plain;
mod properties;
mod replay;
mod scenarios;
pub(crate) mod vectors;
