//! Access rules and the decision on them. Everything here is pure: no I/O, no clock, no environment.

pub mod truth;
pub mod facts;
pub mod atom;
pub mod rule;
pub mod decision;
