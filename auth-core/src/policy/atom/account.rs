use super::{Fact, Requirement};
use crate::policy::facts::Facts;
use crate::policy::truth::Truth;

/// A caller with an account. Required by handlers that take it (ACCT-16).
#[derive(Clone, Copy, Debug)]
pub struct Account;

impl Requirement for Account {
    const ABOUT_CALLER: bool = true;
    const MAY_BE_NEGATED: bool = false;

    fn describe(&self, _: &'static str) -> Fact {
        Fact::Account
    }

    fn truth(&self, _: bool, facts: &Facts<'_>) -> Truth {
        facts.of_caller(|caller| Truth::renewable(caller.account_id().is_some()), |source| source.login.loads_account())
    }
}
