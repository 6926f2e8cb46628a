//! Access rules and the decision on them: pure, without I/O, clock or environment.

pub mod truth;
pub mod facts;
pub mod atom;
pub mod rule;
pub mod decision;
