//! New tokens, before and after they are issued.

use std::time::Duration;

use auth_core::Principal;
use auth_core::client::address::AddressSource;
use auth_core::denial::{Denial, Reason};
use auth_core::engine::conferral::Conferral;
use auth_core::identity::account_id::AccountId;
use auth_core::identity::network::Network;
use auth_core::identity::rights::{IntoNames, Rights};
use auth_core::identity::tenant::Tenant;
use auth_core::runtime::clock::{self, Timestamp};
use auth_core::scheme::own_token::{ManagedTokens, SecretString};
use auth_core::store::tokens::{Owner, TokenId, TokenRecord, TokenRecordError, TokenRequest};

use super::issue_error::IssueError;
use crate::auth::Auth;
use crate::extract::account::Caller;

/// A token to issue, with its owner and its limits. See [`Tokens::issue`](super::Tokens::issue).
///
/// Its ceiling is empty by default: a token without a name of a role, permission or scope may do nothing that requires one.
///
/// ```
/// use std::time::Duration;
/// use auth_actix::identity::AccountId;
/// use auth_actix::tokens::NewToken;
/// let new = NewToken::for_account(AccountId::new("member", 7), "import of the old keys")
///     .named("ci")
///     .scopes(["projects:write"])
///     .networks(["10.0.0.0/8".parse()?])
///     .expires_in(Duration::from_secs(90 * 24 * 3600));
/// # Ok::<(), auth_actix::tokens::NetworkError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct NewToken {
    requester: Requester,
    name: String,
    ceiling: Rights,
    expires_in: Option<Duration>,
    tenants: Option<Vec<Tenant>>,
    networks: Option<Vec<Network>>,
}

/// The party that issues a token.
#[derive(Clone, Debug)]
enum Requester {
    /// A caller, for its own account. `auth` is the number of the `Auth` that has verified it.
    Caller { principal: Principal, account: AccountId, auth: u64 },
    /// Code of the application.
    Administration { owner: Owner, why: &'static str },
}

/// An issued token. Only this value contains the secret: the store keeps its digest.
#[derive(Debug)]
#[non_exhaustive]
pub struct IssuedToken {
    /// The token, which its owner sends. Show it once.
    pub secret: SecretString,
    /// The public identifier.
    pub id: TokenId,
    /// The record.
    pub record: TokenRecord,
}

impl NewToken {
    /// Creates a token that acts for the account of the caller.
    ///
    /// It is refused for a caller with a token (except one of [`login_sessions`](super::Tokens::login_sessions)) or with an actor, and
    /// for a caller of another `Auth`. The token must not have a role, permission, scope, tenant or network beyond what the caller holds
    /// when it is issued. Scopes limit only a caller whose credential has a ceiling, or is from a source that confers scopes. Tenants and
    /// networks to which the credential of the caller is bound are those of the token, unless others are named.
    pub fn by<A>(caller: &Caller<A>) -> Self {
        Self::of_caller(caller.principal(), caller.account_id().clone(), caller.auth())
    }

    pub(super) fn of_caller(principal: &Principal, account: AccountId, auth: u64) -> Self {
        Self::new(Requester::Caller { principal: principal.clone(), account, auth })
    }

    /// Creates a token that acts for this account, without a caller. `why` is part of the audit event. For administration: no caller's
    /// rights are checked.
    pub fn for_account(id: AccountId, why: &'static str) -> Self {
        Self::new(Requester::Administration { owner: Owner::Account(id), why })
    }

    /// Like [`for_account`](Self::for_account), for a client with this name. Its rights are those of its ceiling.
    pub fn for_client(name: impl Into<String>, why: &'static str) -> Self {
        Self::new(Requester::Administration { owner: Owner::Client(name.into().into()), why })
    }

    fn new(requester: Requester) -> Self {
        let (name, ceiling) = (String::new(), Rights::new());
        Self { requester, name, ceiling, expires_in: None, tenants: None, networks: None }
    }

    /// Returns this token with the name and the limits of a request.
    pub(super) fn requested(self, request: TokenRequest) -> Self {
        let TokenRequest { name, expires_in, ceiling, tenants, networks, .. } = request;
        Self { name, expires_in, ceiling, tenants, networks, ..self }
    }

    /// Sets the name for lists, of at most 512 bytes. Default: empty.
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// Sets the roles of the ceiling. Default: none.
    pub fn roles(self, names: impl IntoNames) -> Self {
        Self { ceiling: self.ceiling.roles(names), ..self }
    }

    /// Sets the permissions of the ceiling. Default: none.
    pub fn permissions(self, names: impl IntoNames) -> Self {
        Self { ceiling: self.ceiling.permissions(names), ..self }
    }

    /// Sets the scopes of the ceiling. Default: none.
    pub fn scopes(self, names: impl IntoNames) -> Self {
        Self { ceiling: self.ceiling.scopes(names), ..self }
    }

    /// Sets the whole ceiling.
    pub fn ceiling(self, ceiling: Rights) -> Self {
        Self { ceiling, ..self }
    }

    /// Sets the lifetime. Default: the token does not expire.
    pub fn expires_in(self, lifetime: Duration) -> Self {
        Self { expires_in: Some(lifetime), ..self }
    }

    /// Binds the token to these tenants. With an empty list it counts nowhere. Default: those to which the credential of the caller is
    /// bound, or none.
    pub fn tenants(self, tenants: impl IntoIterator<Item = Tenant>) -> Self {
        Self { tenants: Some(tenants.into_iter().collect()), ..self }
    }

    /// Limits the token to requests from these networks. With an empty list it counts nowhere. Default: those from which the
    /// credential of the caller counts, or all.
    pub fn networks(self, networks: impl IntoIterator<Item = Network>) -> Self {
        Self { networks: Some(networks.into_iter().collect()), ..self }
    }

    /// Returns the record of the token, and the reason of an administrator.
    pub(super) async fn record(
        self,
        auth: &Auth,
        tokens: ManagedTokens<'_>,
    ) -> Result<(TokenRecord, Option<&'static str>), IssueError> {
        if self.networks.is_some() && *auth.engine().address() == AddressSource::Unset {
            return Err(IssueError::SetUp("`.networks(…)` requires `.client_address(Peer)` or `.trusted_proxies(…)`"));
        }
        let is_of_account = matches!(
            self.requester,
            Requester::Caller { .. } | Requester::Administration { owner: Owner::Account(_), .. }
        );
        if is_of_account != tokens.is_for_accounts() {
            return Err(IssueError::SetUp(
                "a token of an account requires `.for_accounts()`, and one of a client must not have it",
            ));
        }
        let now = clock::now();
        let mut conferral = Conferral { ceiling: self.ceiling, tenants: self.tenants, networks: self.networks };
        let (owner, created, why) = match self.requester {
            Requester::Administration { owner, why } => (owner, now, Some(why)),
            Requester::Caller { principal, account, auth: verified_by } => {
                let deny = |cause| IssueError::Denied(refused(&principal, cause));
                if verified_by != auth.engine().id() {
                    return Err(deny("the caller was verified by another `Auth`"));
                }
                conferral = auth.engine().check_conferral(&principal, conferral).await.map_err(IssueError::Denied)?;
                let login = if tokens.is_login_sessions() { principal.login_time(now) } else { Some(now) };
                let created = login.ok_or_else(|| deny("the time of the caller's login is unknown"))?;
                (Owner::Account(account), created, None)
            }
        };
        let invalid = || IssueError::Invalid(TokenRecordError::Time);
        let time = |at: Timestamp| at.to_wall_time().ok_or_else(invalid);
        let mut record = TokenRecord::new(super::administration::new_id()?, owner, time(created)?);
        record.name = self.name;
        record.expires = self.expires_in.map(|lifetime| time(now.plus(lifetime))).transpose()?;
        record.ceiling = Some(conferral.ceiling);
        (record.tenants, record.networks) = (conferral.tenants, conferral.networks);
        record.check().map_err(IssueError::Invalid)?;
        Ok((record, why))
    }
}

fn refused(principal: &Principal, cause: &'static str) -> Denial {
    let caller = Some(principal.id());
    Denial { caller, ..Denial::refused(principal.scheme(), Reason::InsufficientPermissions, cause) }
}
