use super::Requirement;
use crate::facts::Facts;
use crate::json::Raw;
use crate::principal::Principal;
use crate::truth::Truth;

/// A claim that is a string with this value, or an array of strings that contains it.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// The member of the claims.
    pub name: &'static str,
    /// The value; compared whole.
    pub value: &'static str,
}

impl Claim {
    /// Whether it has the value; `None` where the claim is absent or of another type: no answer.
    fn answer(&self, caller: &Principal) -> Option<bool> {
        let claim = caller.raw_claim(self.name)?;
        if let Some(text) = claim.string() {
            return Some(text == self.value);
        }
        let mut contains = false;
        for element in claim.elements()?.map(Raw::string) {
            contains |= element? == self.value;
        }
        Some(contains)
    }
}

impl Requirement for Claim {
    const ABOUT_CALLER: bool = true;

    fn truth(&self, negated: bool, facts: &Facts<'_>) -> Truth {
        facts.of_caller(
            |caller| Truth::settled(self.answer(caller).is_some_and(|has| has != negated)),
            |source| source.has_claims && source.confers.allows_claim(self.name),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{alice, facts, source};
    use super::*;
    use crate::facts::Caller;

    #[test]
    fn is_or_contains_the_value_exactly() {
        // JWT-27: (claims, holds, its negation holds)
        #[rustfmt::skip]
        let table = [
            (r#","org":"acme""#,          true,  false),
            (r#","org":["x","acme"]"#,    true,  false),
            (r#","org":"\u0061cme""#,     true,  false),
            (r#","org":"acme2""#,         false, true),
            (r#","org":"x acme""#,        false, true),
            (r#","org":[]"#,              false, true),
            (r#","org":{"acme":1}"#,      false, false),
            (r#","org":["acme",1]"#,      false, false),
            (r#","org":null"#,            false, false),
            (r#","o":{"org":"acme"}"#,    false, false),
            ("",                          false, false),
        ];
        let claim = Claim { name: "org", value: "acme" };
        for (members, holds, negation) in table {
            let caller = alice(source(), members);
            let facts = facts(Caller::Known(&caller));
            assert_eq!(claim.truth(false, &facts), Truth::settled(holds), "{members}");
            assert_eq!(claim.truth(true, &facts), Truth::settled(negation), "!{members}");
        }
    }
}
