//! The provider of accounts, which the application implements.

use std::any::Any;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::AccountsUnavailable;
use super::login::Login;
use crate::denial::quoted;
use crate::identity::account_id::AccountId;
use crate::identity::principal::LoadedAccount;
use crate::identity::rights::Rights;
use crate::runtime::future::BoxFuture;

/// Maps verified credentials to accounts, which are the application's own records of callers.
///
/// The account is loaded once per request, after the credential is verified and before the rule is decided. Handlers take it as
/// `Caller<A>`. Each call has 5 s. After an error, a timeout or a panic, the request gets 503 `authentication-unavailable`, and the
/// cause is logged.
///
/// ```
/// use std::convert::Infallible;
/// use auth_actix::Id;
/// use auth_actix::identity::{AccountId, Accounts, Login, Lookup, Rights, Who};
///
/// struct Member { id: i64, roles: Vec<String>, is_suspended: bool }
///
/// struct Members;
///
/// impl Members {
///     async fn by_id(&self, id: i64) -> Option<Member> { None }
///     async fn by_login(&self, login: &Id) -> Option<Member> { None }
/// }
///
/// impl Accounts for Members {
///     type Account = Member;
///     type Error = Infallible;
///     const KINDS: &'static [&'static str] = &["member"];
///
///     async fn find(&self, login: &Login<'_>) -> Result<Lookup<Member>, Infallible> {
///         let found = match login.who() {
///             Who::Account(id) => match id.parse("member") {
///                 Some(id) => self.by_id(id).await,
///                 None => None,
///             },
///             Who::External(id) => self.by_login(id).await,
///         };
///         Ok(match found {
///             None => Lookup::NotFound,
///             Some(member) if member.is_suspended => Lookup::Suspended(member),
///             Some(member) => Lookup::Found(member),
///         })
///     }
///
///     fn account_id(&self, member: &Member) -> AccountId {
///         AccountId::new("member", member.id)
///     }
///
///     fn rights(&self, member: &Member) -> Rights {
///         Rights::new().roles(&member.roles)
///     }
/// }
/// ```
pub trait Accounts: Send + Sync + 'static {
    /// The account. Several kinds of callers are variants of one enum.
    type Account: Send + Sync + 'static;

    /// The error of a lookup. It is logged, and must not contain secrets.
    type Error: std::fmt::Display;

    /// The kinds of accounts, such as `["member"]`. Each is part of the identity of its callers: 1 to 32 lowercase letters, digits and
    /// hyphens, of which the first is a letter.
    const KINDS: &'static [&'static str];

    /// Finds the account of a verified credential. Also called for each actor of a credential (`act`), with the identity of the actor and
    /// no other claims: a suspended or blocked account cannot act for another.
    ///
    /// # Errors
    /// The account is unknown.
    fn find(&self, login: &Login<'_>) -> impl Future<Output = Result<Lookup<Self::Account>, Self::Error>> + Send;

    /// Returns the id of an account. Its kind must be one of [`KINDS`](Self::KINDS), otherwise requests of the account get 503. An id
    /// must never be assigned to a second account.
    fn account_id(&self, account: &Self::Account) -> AccountId;

    /// Returns the roles and permissions of an account. They count outside of tenants, in addition to those of the credential.
    /// Scopes are ignored, because they limit what a client may do for its user.
    ///
    /// Default: no answer. A rule that requires the absence of a role then never holds for the account. An answer without roles is
    /// `Rights::new().roles([""; 0])`.
    fn rights(&self, account: &Self::Account) -> Rights {
        let _ = account;
        Rights::new()
    }

    /// Creates the account of a login of a person for which [`find`](Self::find) returned [`Lookup::NotFound`]. Not called for
    /// clients, for sessions, or while a response is being sent. Concurrent requests of one login share one call in each instance.
    /// Default: `NotFound`.
    ///
    /// # Errors
    /// It is unknown whether the account exists now.
    fn provision(&self, login: &Login<'_>) -> impl Future<Output = Result<Lookup<Self::Account>, Self::Error>> + Send {
        let _ = login;
        async { Ok(Lookup::NotFound) }
    }

    /// Returns how long accounts are cached in this process, at most 60 s. A change of an account takes effect after this time, unless
    /// it is invalidated. Only `Found` and `Suspended` are cached, for credentials with a [digest](Login::token_digest). Default:
    /// zero, which disables the cache.
    fn cache_ttl(&self) -> Duration {
        Duration::ZERO
    }
}

/// The outcome of a lookup of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lookup<A> {
    /// The account.
    Found(A),
    /// The account is suspended. Its requests get 403 `account-suspended`.
    Suspended(A),
    /// The credential has no account. For a login, requests that need one get 403 `account-required`. A session or token of an account
    /// that no longer exists gets 401 `revoked-credentials`.
    NotFound,
    /// The credential was revoked. Its requests get 401 `revoked-credentials`.
    Revoked,
}

/// [`Accounts`] as a trait object.
pub(super) trait DynAccounts: Send + Sync {
    fn find<'a>(&'a self, login: &'a Login<'a>) -> BoxFuture<'a, Result<Lookup<LoadedAccount>, AccountsUnavailable>>;
    fn provision<'a>(
        &'a self,
        login: &'a Login<'a>,
    ) -> BoxFuture<'a, Result<Lookup<LoadedAccount>, AccountsUnavailable>>;
    /// Returns an account of a test. Fails if it is not an account of this provider.
    fn load(&self, account: &Arc<dyn Any + Send + Sync>) -> Result<LoadedAccount, AccountsUnavailable>;
}

impl<P: Accounts> DynAccounts for P {
    fn find<'a>(&'a self, login: &'a Login<'a>) -> BoxFuture<'a, Result<Lookup<LoadedAccount>, AccountsUnavailable>> {
        Box::pin(async move { loaded(self, Accounts::find(self, login).await) })
    }

    fn provision<'a>(
        &'a self,
        login: &'a Login<'a>,
    ) -> BoxFuture<'a, Result<Lookup<LoadedAccount>, AccountsUnavailable>> {
        Box::pin(async move { loaded(self, Accounts::provision(self, login).await) })
    }

    fn load(&self, account: &Arc<dyn Any + Send + Sync>) -> Result<LoadedAccount, AccountsUnavailable> {
        match Arc::clone(account).downcast::<P::Account>() {
            Ok(account) => with_id(self, account),
            Err(_) => Err(unavailable("the account of the test is not of the type of the provider")),
        }
    }
}

fn unavailable(cause: &str) -> AccountsUnavailable {
    tracing::error!(target: "auth_core", cause, "the accounts are unavailable");
    AccountsUnavailable
}

fn loaded<P: Accounts>(
    provider: &P,
    found: Result<Lookup<P::Account>, P::Error>,
) -> Result<Lookup<LoadedAccount>, AccountsUnavailable> {
    let found = found.map_err(|error| unavailable(&quoted(&error.to_string())))?;
    Ok(match found {
        Lookup::Found(account) => Lookup::Found(with_id(provider, Arc::new(account))?),
        Lookup::Suspended(account) => Lookup::Suspended(with_id(provider, Arc::new(account))?),
        Lookup::NotFound => Lookup::NotFound,
        Lookup::Revoked => Lookup::Revoked,
    })
}

/// Adds the id and the rights. An id of an unknown kind could be that of another kind of caller tomorrow, so that it counts as a
/// failure of the provider.
fn with_id<P: Accounts>(provider: &P, account: Arc<P::Account>) -> Result<LoadedAccount, AccountsUnavailable> {
    let id = provider.account_id(&account);
    if !P::KINDS.contains(&id.kind()) {
        return Err(unavailable(&format!("the kind {} of an account is not in `KINDS`", quoted(id.kind()))));
    }
    if id.text().is_empty() {
        return Err(unavailable("the id of an account is empty"));
    }
    let rights = provider.rights(&account);
    Ok(LoadedAccount::new(id, rights, account))
}
