use std::time::Duration;

use super::{Fact, Requirement};
use crate::identity::principal::Principal;
use crate::identity::scheme_id::AuthenticationTime;
use crate::policy::facts::Facts;
use crate::policy::truth::Truth;
use crate::runtime::clock::Timestamp;

/// A login of at most this age (RFC 9470). Only `auth_time` contains the time of a login, because `iat` changes on refresh.
#[derive(Clone, Copy, Debug)]
pub struct MaxAge {
    /// The limit in whole seconds, inclusive.
    pub seconds: u64,
}

impl MaxAge {
    fn holds(self, caller: &Principal, facts: &Facts<'_>) -> bool {
        if caller.has_actor() {
            return false; // the login was the subject's, not the actor's
        }
        let is_recent = |then: Timestamp| facts.now <= then.plus(Duration::from_secs(self.seconds));
        match caller.source().authentication_time() {
            AuthenticationTime::EachRequest => true, // STEP-5
            AuthenticationTime::Never => false,
            AuthenticationTime::AsClaimed => caller.authenticated_at().is_some_and(is_recent),
        }
    }
}

impl Requirement for MaxAge {
    const ABOUT_CALLER: bool = true;
    const MAY_BE_NEGATED: bool = false;

    fn describe(&self, _: &'static str) -> Fact {
        Fact::MaxAge(self.seconds)
    }

    fn truth(&self, _: bool, facts: &Facts<'_>) -> Truth {
        // Never `NO`, because logging in again would satisfy it for any caller.
        facts.of_caller(
            |caller| Truth::renewable(self.holds(caller, facts)),
            |source| source.authentication_time() != AuthenticationTime::Never,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::Atom;
    use super::super::tests::{NOW, alice, facts, source};
    use super::*;
    use crate::policy::facts::CallerFacts;

    #[test]
    fn max_age_holds_up_to_and_including_the_limit() {
        // STEP-4
        let age = |age: i64| format!(r#","auth_time":{}"#, NOW.seconds() - age);
        #[rustfmt::skip]
        let table = [
            ("just now",             age(0),                              Truth::HOLDS),
            ("exactly at the limit", age(60),                             Truth::HOLDS),
            ("one second past it",   age(61),                             Truth::COULD),
            ("only a fresh iat",     format!(r#","iat":{}"#, NOW.seconds()), Truth::COULD),
            ("with an actor",        age(0) + r#","act":{"sub":"bob"}"#,  Truth::COULD),
        ];
        for (case, members, expected) in table {
            let caller = alice(source(), &members);
            assert_eq!(MaxAge { seconds: 60 }.truth(false, &facts(CallerFacts::Known(&caller))), expected, "{case}");
        }
        assert_eq!(Atom::MaxAge(MaxAge { seconds: 60 }).truth(false, &facts(CallerFacts::Nobody)), Truth::COULD);
    }
}
