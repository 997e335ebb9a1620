//! Tests that need more than one file of the engine.

pub(crate) mod vectors;
