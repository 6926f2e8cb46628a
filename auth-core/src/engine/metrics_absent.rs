//! Stands in for `metrics` without the feature of that name: nothing is counted, and no clock is read.

use crate::denial::Denial;
use crate::identity::principal::Principal;
use crate::identity::scheme_id::SchemeId;
use crate::policy::rule::Rule;

pub(crate) const IS_ENABLED: bool = false;

pub(crate) fn granted(_: &'static Rule, _: Option<&Principal>) {}

/// Counts a request that was refused, with the feature `metrics`.
pub fn count_denial(_: &'static Rule, _: &Denial) {}

#[derive(Clone, Copy)]
pub(crate) struct Timer;

pub(crate) fn start() -> Timer {
    Timer
}

pub(crate) fn authenticated(_: SchemeId, _: Timer, _: bool) {}
