//! The verified credential for which an account is looked up.

use serde::de::DeserializeOwned;

use crate::identity::account_id::AccountId;
use crate::identity::id::Id;
use crate::identity::principal::{ClaimsError, Principal};
use crate::identity::scheme_id::SchemeId;
use crate::identity::token_digest::TokenDigest;

/// A verified credential, for which [`Accounts`](super::Accounts) finds the account.
#[derive(Clone, Copy)]
pub struct Login<'a> {
    principal: &'a Principal,
    facts: &'a LoginFacts,
}

/// The identification of the account of a [`Login`].
///
/// The two cases have different types, so that a subject of a provider is never mistaken for the id of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who<'a> {
    /// The application has issued the credential for this account.
    Account(&'a AccountId),
    /// The credential identifies a subject of its issuer.
    External(&'a Id),
}

/// The facts about a login that are computed once.
pub(crate) struct LoginFacts {
    id: Id,
    acts_for: Option<AccountId>,
    digest: Option<TokenDigest>,
    email: Option<String>,
}

impl LoginFacts {
    /// Returns the facts about a verified principal. `digest` is that of its credential, if it has one.
    pub(crate) fn of(principal: &Principal, digest: Option<TokenDigest>) -> Self {
        Self { id: principal.credential_id(), acts_for: principal.acts_for(), digest, email: verified_email(principal) }
    }

    /// Returns the id of the account that the credential names.
    pub(crate) fn acts_for(&self) -> Option<&AccountId> {
        self.acts_for.as_ref()
    }

    pub(super) fn id(&self) -> &Id {
        &self.id
    }
}

/// Returns the email address in a token, if the token states that it is verified and its issuer is trusted for it. At other issuers,
/// callers choose their address, and could take over the account of another person.
fn verified_email(principal: &Principal) -> Option<String> {
    let is_verified = || principal.registered("email_verified").is_some_and(|value| value.text() == "true");
    if !principal.source().login.vouches_for_email || !is_verified() {
        return None;
    }
    principal.registered("email")?.string().map(std::borrow::Cow::into_owned)
}

impl<'a> Login<'a> {
    pub(crate) fn new(principal: &'a Principal, facts: &'a LoginFacts) -> Self {
        Self { principal, facts }
    }

    /// Returns what identifies the account.
    pub fn who(&self) -> Who<'a> {
        match &self.facts.acts_for {
            Some(account) => Who::Account(account),
            None => Who::External(&self.facts.id),
        }
    }

    /// Returns the scheme of the credential.
    pub fn scheme(&self) -> SchemeId {
        self.principal.scheme()
    }

    /// Returns the issuer that vouches for the credential, such as the `iss` of a token.
    pub fn issuer(&self) -> &'a str {
        self.principal.issuer()
    }

    /// Returns the email address, if it is the caller's. `None` unless the token contains `email_verified: true`, and the issuer is
    /// configured with `.vouches_for_email()`.
    pub fn verified_email(&self) -> Option<&'a str> {
        self.facts.email.as_deref()
    }

    /// Deserializes the claims of the credential, except those that the issuer may not confer.
    ///
    /// # Errors
    /// The claims do not fit the type.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, ClaimsError> {
        self.principal.claims()
    }

    /// Returns the SHA-256 digest of the presented token, or the key of the session, for comparison with a table of the application.
    /// `None` for passwords, certificates, and schemes of the application.
    pub fn token_digest(&self) -> Option<&'a TokenDigest> {
        self.facts.digest.as_ref()
    }
}

/// Shows the identity and the scheme. Redacts claims and the email address.
impl std::fmt::Debug for Login<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("who", &self.who()).field("scheme", &self.scheme()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::issuer::{Issuer, LoginPolicy, LoginSource};
    use crate::policy::atom::tests::{alice, source};

    #[test]
    fn an_email_counts_if_token_and_issuer_vouch_for_it() {
        // ACCT-1
        const EMAIL: &str = r#","email":"a@example.org""#;
        let vouching =
            LoginSource { policy: LoginPolicy::LoadsAccount, vouches_for_email: true, ..LoginSource::default() };
        #[rustfmt::skip]
        let table = [
            (vouching,               r#","email_verified":true"#,   Some("a@example.org")),
            (vouching,               r#","email_verified":false"#,  None),
            (vouching,               r#","email_verified":"true""#, None),
            (vouching,               "",                            None),
            (LoginSource::default(), r#","email_verified":true"#,   None),
        ];
        for (login, members, expected) in table {
            let caller = alice(Issuer { login, ..source() }, &format!("{EMAIL}{members}"));
            let facts = LoginFacts::of(&caller, None);
            let login = Login::new(&caller, &facts);
            assert_eq!(login.verified_email(), expected, "{members}");
            assert_eq!(login.who(), Who::External(&Id::user("https://id.example", "alice")));
            assert!(!format!("{login:?}").contains("example.org"), "{login:?}");
        }
    }

    #[test]
    fn only_sessions_name_an_account() {
        // ACCT-1, C2
        let account = AccountId::new("member", 42);
        let members = r#","session":{"account":"account:member:42"},"account":"account:member:42""#;
        for (scheme, expected) in
            [(SchemeId::Session, Some(&account)), (SchemeId::Bearer, None), (SchemeId::Basic, None)]
        {
            let caller = alice(Issuer { scheme, ..source() }, members);
            let facts = LoginFacts::of(&caller, None);
            let who = Login::new(&caller, &facts).who();
            assert_eq!(who, expected.map_or(Who::External(&facts.id), Who::Account), "{scheme:?}");
        }
    }
}
