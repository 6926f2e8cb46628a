//! Application-defined checks, such as whether the caller may access an object.

use super::object::ObjectAction;
use super::{Fact, Requirement};
use crate::identity::principal::Principal;
use crate::identity::vocabulary::{Name, NameKind};
use crate::policy::facts::{CallerFacts, Facts};
use crate::policy::truth::Truth;

/// An expression of the application, or a question about an object. It runs only if its result can still grant the request.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// The index of the check within the rule: the checks of the formula in the order in which they are written, then those of the
    /// arguments.
    pub index: u8,
    /// Whether the check needs a caller. Such a check does not run for an anonymous caller.
    pub names_principal: bool,
    /// The action on an object that the check is about. `None` for an expression.
    pub object: Option<&'static ObjectAction>,
    /// Whether limited credentials count without the name that the action requires (RIGHTS-7).
    pub any_token: bool,
}

impl Check {
    /// Returns whether the check may run. One that needs a caller needs a verified one. For a login without an account, it runs only
    /// beside `login`, and objects are decided as for an anonymous caller.
    pub(crate) fn may_run(&self, facts: &Facts<'_>, is_beside_login: bool) -> bool {
        match facts.caller {
            CallerFacts::Known(caller) => self.may_count(caller, facts),
            _ if !self.names_principal => true,
            CallerFacts::WithoutAccount(_) => is_beside_login && self.object.is_none(),
            _ => false,
        }
    }

    /// Returns whether the caller can count for the check. A limited credential counts for an action only with the name that the action
    /// requires (RIGHTS-8). Whether it has the name in the tenant of the object is known when the object is loaded.
    fn may_count(&self, caller: &Principal, facts: &Facts<'_>) -> bool {
        let Some(object) = self.object else { return true };
        if facts.checks.is_uncounted(self.index) {
            return false;
        }
        self.any_token || !caller.is_limited() || object.required.is_some_and(|name| object.may_hold(caller, name))
    }

    /// Returns the result of the check for this caller, or `None` if it has not run. A policy may decide differently about an anonymous
    /// caller, which a login without an account counts as.
    pub(crate) fn result(&self, facts: &Facts<'_>) -> Option<bool> {
        match facts.caller {
            CallerFacts::Known(_) => facts.checks.of(self.index),
            _ if self.object.is_some() => facts.checks.of_anonymous(self.index),
            _ => facts.checks.of(self.index),
        }
    }

    /// Returns whether a limited credential for which the check holds has done so by a name within its ceiling (RIGHTS-6).
    pub(crate) fn is_by_name(&self) -> bool {
        self.object.is_some_and(|object| object.required.is_some())
    }
}

impl ObjectAction {
    /// Returns whether a limited credential can have the required name, in the tenant of some object.
    fn may_hold(&self, caller: &Principal, name: Name) -> bool {
        match name.vocabulary.kind {
            NameKind::Scope => caller.holds_within(name, None),
            NameKind::Role | NameKind::Permission => caller.may_hold(name),
            NameKind::Credential => false,
        }
    }
}

impl Requirement for Check {
    // True only for checks that refer to the principal. `Atom::is_about_caller` makes this distinction itself.
    const ABOUT_CALLER: bool = true;

    fn describe(&self, text: &'static str) -> Fact {
        let text = text.trim_start_matches('!');
        let inside = |word: &str| text.strip_prefix(word)?.strip_prefix('(')?.strip_suffix(')').map(str::to_owned);
        if let Some(list) = self.object.filter(|object| object.list.is_some()) {
            return Fact::List(list.arguments());
        }
        if let Some(object) = self.object {
            return Fact::ObjectAction(inside("authorized").unwrap_or_else(|| object.arguments()));
        }
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
        match self.result(facts) {
            // No other answer makes the credential count for this action.
            _ if !may_run && matches!(facts.caller, CallerFacts::Known(_)) => Truth::NO,
            // An anonymous caller may not see the object, and a caller who has logged in might.
            Some(false) if self.object.is_some() && facts.caller.is_unknown() => Truth::COULD,
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
        let of_object = Check { index: 0, names_principal: false, object: None, any_token: false };
        let of_caller = Check { index: 1, names_principal: true, object: None, any_token: false };
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
