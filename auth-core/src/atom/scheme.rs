use super::Requirement;
use crate::denial::challenge::Scheme;
use crate::facts::Facts;
use crate::truth::Truth;

/// A credential of this scheme.
#[derive(Clone, Copy, Debug)]
pub struct ByScheme(pub Scheme);

impl Requirement for ByScheme {
    const ABOUT_CALLER: bool = true;

    fn truth(&self, negated: bool, facts: &Facts<'_>) -> Truth {
        if negated {
            return Truth::NO;
        }
        facts.of_caller(|caller| Truth::renewable(caller.scheme() == self.0), |source| source.scheme == self.0)
    }
}
