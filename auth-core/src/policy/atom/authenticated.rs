use super::{Fact, Requirement};
use crate::policy::facts::Facts;
use crate::policy::truth::Truth;

/// Any authenticated principal.
#[derive(Clone, Copy, Debug)]
pub struct Authenticated;

impl Requirement for Authenticated {
    const ABOUT_CALLER: bool = true;

    fn describe(&self, _: &'static str) -> Fact {
        Fact::Authenticated
    }

    fn truth(&self, negated: bool, facts: &Facts<'_>) -> Truth {
        facts.of_caller(|_| Truth::settled(!negated), |_| !negated)
    }
}
