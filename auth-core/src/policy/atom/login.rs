use super::{Fact, Requirement};
use crate::policy::facts::{CallerFacts, Facts};
use crate::policy::truth::Truth;

/// A verified login of a person, with or without an account (ACCT-5).
#[derive(Clone, Copy, Debug)]
pub struct Login;

impl Requirement for Login {
    const ABOUT_CALLER: bool = true;
    const MAY_BE_NEGATED: bool = false;

    fn describe(&self, _: &'static str) -> Fact {
        Fact::Login
    }

    fn truth(&self, _: bool, facts: &Facts<'_>) -> Truth {
        match facts.caller {
            // The only atom about the caller that holds without an account.
            CallerFacts::WithoutAccount(principal) => Truth::settled(principal.is_login()),
            _ => facts
                .of_caller(|caller| Truth::renewable(caller.is_login()), crate::identity::issuer::Issuer::is_of_logins),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Atom;
    use super::super::tests::{alice, facts, source};
    use super::*;
    use crate::identity::issuer::{Issuer, LoginPolicy, LoginSource};
    use crate::identity::scheme_id::SchemeId;

    #[test]
    fn login_holds_for_persons_at_sources_that_log_in() {
        // ACCT-5
        use LoginPolicy::{LoadsAccount, LogsIn, OwnIdentity};
        let client = r#","client_id":"alice""#;
        let session = |policy| LoginSource { policy, is_login_session: true, ..LoginSource::default() };
        for (scheme, policy, holds) in [
            (SchemeId::ApiKey, LogsIn, true),
            (SchemeId::OWN_TOKEN, LoadsAccount, true),
            (SchemeId::OWN_TOKEN, OwnIdentity, false),
        ] {
            let caller = alice(Issuer { scheme, login: session(policy), ..source() }, "");
            let truth = Atom::Login(Login).truth(false, &facts(CallerFacts::Known(&caller)));
            assert_eq!(truth, Truth::renewable(holds), "a login session of {policy:?}");
        }
        #[rustfmt::skip]
        let table = [
            // (scheme, policy, claims, holds, could by the source)
            (SchemeId::Bearer,            LogsIn,       "",     true,  true),
            (SchemeId::Bearer,            LoadsAccount, "",     true,  true),
            (SchemeId::Bearer,            OwnIdentity,  "",     false, false),
            (SchemeId::Bearer,            LogsIn,       client, false, true),
            (SchemeId::Dpop,              LogsIn,       "",     true,  true),
            (SchemeId::TOKEN_COOKIE,      LogsIn,       "",     true,  true),
            (SchemeId::Basic,             LogsIn,       "",     true,  true),
            (SchemeId::Session,           LogsIn,       "",     true,  true),
            (SchemeId::ApiKey,            LogsIn,       "",     false, false),
            (SchemeId::ClientCertificate, LogsIn,       "",     false, false),
        ];
        let atom = Atom::Login(Login);
        for (scheme, policy, claims, holds, could) in table {
            let source = Issuer { scheme, login: LoginSource { policy, ..LoginSource::default() }, ..source() };
            let caller = alice(source.clone(), claims);
            let case = format!("{scheme:?} {policy:?} {claims}");
            assert_eq!(atom.truth(false, &facts(CallerFacts::Known(&caller))), Truth::renewable(holds), "{case}");
            assert_eq!(atom.truth(true, &facts(CallerFacts::Known(&caller))), Truth::NO, "{case}");
            let without = caller.with_no_account();
            assert_eq!(atom.truth(false, &facts(CallerFacts::WithoutAccount(&without))).now, holds, "{case}");
            assert_eq!(atom.truth(false, &facts(CallerFacts::Hypothetical(&source))).could, could, "{case}");
        }
        assert_eq!(atom.truth(false, &facts(CallerFacts::Nobody)), Truth::COULD);
    }
}
