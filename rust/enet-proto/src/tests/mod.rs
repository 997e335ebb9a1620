//! Tests that need more than one file of the engine.

mod replay;
pub(crate) mod vectors;
