use super::{Fact, Requirement};
use crate::policy::facts::Facts;
use crate::policy::truth::Truth;

/// A caller without an actor (`act`, RFC 8693 §4.1).
#[derive(Clone, Copy, Debug)]
pub struct Direct;

impl Requirement for Direct {
    const ABOUT_CALLER: bool = true;
    const MAY_BE_NEGATED: bool = false;

    fn describe(&self, _: &'static str) -> Fact {
        Fact::Direct
    }

    fn truth(&self, _: bool, facts: &Facts<'_>) -> Truth {
        // Settled, because another login does not help a caller with an actor, and ending the delegation is not a login.
        facts.of_caller(|caller| Truth::settled(!caller.has_actor()), |_| true)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Atom;
    use super::super::tests::{alice, facts, source};
    use super::*;
    use crate::policy::facts::CallerFacts;

    #[test]
    fn direct_holds_only_without_an_actor() {
        let (own, acted) = (alice(source(), ""), alice(source(), r#","act":{"sub":"bob"}"#));
        for (caller, expected) in [
            (CallerFacts::Nobody, Truth::COULD),
            (CallerFacts::Known(&own), Truth::HOLDS),
            (CallerFacts::Known(&acted), Truth::NO),
        ] {
            let direct = Atom::Direct(Direct);
            assert_eq!(direct.truth(false, &facts(caller)), expected, "{caller:?}");
            assert_eq!(direct.truth(true, &facts(caller)), Truth::NO, "!{caller:?}");
        }
    }
}
