use super::{Fact, Requirement};
use crate::policy::facts::Facts;
use crate::policy::truth::Truth;

/// A login with this authentication context class (`acr`, OpenID Connect Core §2). Values are compared exactly, because they have
/// no order.
#[derive(Clone, Copy, Debug)]
pub struct Acr {
    /// The required value.
    pub value: &'static str,
}

impl Requirement for Acr {
    const ABOUT_CALLER: bool = true;
    const MAY_BE_NEGATED: bool = false;

    fn describe(&self, _: &'static str) -> Fact {
        Fact::Acr(self.value.to_owned())
    }

    fn truth(&self, _: bool, facts: &Facts<'_>) -> Truth {
        facts.of_caller(
            |caller| {
                let holds = !caller.has_actor() && caller.acr().is_some_and(|acr| acr == self.value);
                Truth::renewable(holds)
            },
            |source| source.has_claims && source.confers.allows_acr(self.value),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{alice, facts, source};
    use super::*;
    use crate::policy::facts::CallerFacts;

    #[test]
    fn acr_matches_exactly_and_never_for_delegated_tokens() {
        // STEP-3
        let table = [
            (r#","acr":"1""#, Truth::HOLDS),
            (r#","acr":"2""#, Truth::COULD),
            (r#","acr":1"#, Truth::COULD),
            (r#","acr":"1","act":{"sub":"bob"}"#, Truth::COULD),
            ("", Truth::COULD),
        ];
        for (members, expected) in table {
            let caller = alice(source(), members);
            assert_eq!(Acr { value: "1" }.truth(false, &facts(CallerFacts::Known(&caller))), expected, "{members}");
        }
    }
}
