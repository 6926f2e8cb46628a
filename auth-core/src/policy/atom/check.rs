//! Application-defined checks, such as whether the caller may access an object.

use super::{Fact, Requirement};
use crate::policy::facts::{CallerFacts, Facts};
use crate::policy::truth::Truth;

/// An expression of the application. It runs only if its result can still grant the request.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// The index of the check within the rule, in the order in which checks are written.
    pub index: u8,
    /// Whether the expression refers to the principal. Such a check does not run for an anonymous caller.
    pub names_principal: bool,
    /// The object of the check, if the check is decided by `Allows`.
    pub object: Option<ObjectKey>,
}

/// The name of the path parameter that contains the key of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectKey(pub &'static str);

impl Check {
    /// Returns whether the check may run. One that refers to the principal needs a verified caller. For a login without an account,
    /// it runs only beside `login`, and objects are decided as for an anonymous caller.
    pub(crate) fn may_run(&self, facts: &Facts<'_>, is_beside_login: bool) -> bool {
        match facts.caller {
            _ if !self.names_principal => true,
            CallerFacts::Known(_) => true,
            CallerFacts::WithoutAccount(_) => is_beside_login && self.object.is_none(),
            _ => false,
        }
    }
}

impl Requirement for Check {
    // True only for checks that refer to the principal. `Atom::is_about_caller` makes this distinction itself.
    const ABOUT_CALLER: bool = true;

    fn describe(&self, text: &'static str) -> Fact {
        let text = text.trim_start_matches('!');
        let inside = |word: &str| text.strip_prefix(word)?.strip_prefix('(')?.strip_suffix(')').map(str::to_owned);
        match (inside("authorized"), inside("check"), self.names_principal) {
            (Some(types), ..) => Fact::ObjectAction(types),
            (_, Some(expression), true) => Fact::Check(expression),
            // The expression may contain the word for the principal with another meaning.
            (_, Some(expression), false) => Fact::CheckForAnyone(expression),
            _ => Fact::Other(text.to_owned()),
        }
    }

    fn truth(&self, negated: bool, facts: &Facts<'_>) -> Truth {
        // A check that has run for a login without an account is beside `login`.
        let may_run = self.may_run(facts, true);
        match facts.checks.of(self.index) {
            // The check ran for another caller.
            Some(_) if !may_run => Truth::COULD,
            Some(held) => Truth::settled(held != negated),
            None if facts.checks.open_hold() && may_run => Truth::HOLDS,
            None => Truth::COULD,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{alice, facts, source};
    use super::*;
    use crate::policy::facts::Checks;

    #[test]
    fn check_could_hold_until_its_result_is_known() {
        let caller = alice(source(), "");
        let of_object = Check { index: 0, names_principal: false, object: None };
        let of_caller = Check { index: 1, names_principal: true, object: None };
        let answered = |held| Checks::default().with(0, held).with(1, held);
        #[rustfmt::skip]
        let table = [
            // (check, negated, caller, answers, truth)
            (of_object, false, CallerFacts::Nobody,         Checks::default(),           Truth::COULD),
            (of_object, true,  CallerFacts::Nobody,         Checks::default(),           Truth::COULD),
            (of_object, false, CallerFacts::Nobody,         Checks::default().at_best(), Truth::HOLDS),
            (of_object, true,  CallerFacts::Nobody,         Checks::default().at_best(), Truth::HOLDS),
            (of_object, false, CallerFacts::Nobody,         answered(true),               Truth::HOLDS),
            (of_object, false, CallerFacts::Nobody,         answered(false),              Truth::NO),
            (of_object, true,  CallerFacts::Nobody,         answered(false),              Truth::HOLDS),
            (of_caller, false, CallerFacts::Nobody,         Checks::default().at_best(), Truth::COULD),
            (of_caller, true,  CallerFacts::Nobody,         answered(false),              Truth::COULD),
            (of_caller, false, CallerFacts::Known(&caller), Checks::default(),           Truth::COULD),
            (of_caller, false, CallerFacts::Known(&caller), Checks::default().at_best(), Truth::HOLDS),
            (of_caller, true,  CallerFacts::Known(&caller), answered(true),               Truth::NO),
            (of_caller, true,  CallerFacts::Known(&caller), answered(false),              Truth::HOLDS),
        ];
        for (row, (check, negated, caller, checks, expected)) in table.into_iter().enumerate() {
            let facts = Facts { checks, ..facts(caller) };
            assert_eq!(check.truth(negated, &facts), expected, "row {row}");
        }
    }
}
