use super::{Fact, Requirement};
use crate::identity::scheme_id::SchemeId;
use crate::policy::facts::Facts;
use crate::policy::truth::Truth;

/// A credential of this scheme.
#[derive(Clone, Copy, Debug)]
pub struct ByScheme(pub SchemeId);

impl ByScheme {
    /// Returns whether both are the same scheme, in const code. Custom schemes have no name in rules.
    pub(crate) const fn is(&self, other: &Self) -> bool {
        self.0.is_built_in_as(other.0)
    }
}

impl Requirement for ByScheme {
    const ABOUT_CALLER: bool = true;
    const MAY_BE_NEGATED: bool = false;

    fn describe(&self, _: &'static str) -> Fact {
        Fact::Scheme(self.0.word().to_owned())
    }

    fn truth(&self, _: bool, facts: &Facts<'_>) -> Truth {
        facts.of_caller(
            |caller| Truth::renewable(caller.scheme().is_in_rules(self.0)),
            |source| source.scheme.is_in_rules(self.0),
        )
    }
}
