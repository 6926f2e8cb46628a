//! No-op replacement of `metrics`, without the feature of that name. Counts nothing and does not read the clock.

use crate::denial::Denial;
use crate::identity::principal::Principal;
use crate::identity::scheme_id::SchemeId;
use crate::policy::rule::Rule;

pub(crate) const IS_ENABLED: bool = false;

pub(crate) fn granted(_: &'static Rule, _: Option<&Principal>) {}

/// Counts a denied request if the feature `metrics` is enabled. Does nothing here.
pub fn count_denial(_: &'static Rule, _: &Denial) {}

#[derive(Clone, Copy)]
pub(crate) struct Timer;

pub(crate) fn start() -> Timer {
    Timer
}

pub(crate) fn authenticated(_: SchemeId, _: Timer, _: bool) {}
