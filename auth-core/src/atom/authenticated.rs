use super::Requirement;
use crate::facts::Facts;
use crate::truth::Truth;

/// Any authenticated principal.
#[derive(Clone, Copy, Debug)]
pub struct Authenticated;

impl Requirement for Authenticated {
    const ABOUT_CALLER: bool = true;

    fn truth(&self, negated: bool, facts: &Facts<'_>) -> Truth {
        facts.of_caller(|_| Truth::settled(!negated), |_| !negated)
    }
}
