//! The configured provider of accounts, with its deadline and its caches.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::AccountsUnavailable;
use super::cache::{AccountCache, CredentialKey};
use super::login::{Login, LoginFacts};
use super::provider::{Accounts, DynAccounts, Lookup};
use crate::client::address::PeerOrClient;
use crate::denial::RetryAfter;
use crate::identity::account_id::AccountId;
use crate::identity::id::{Id, is_account_kind};
use crate::identity::principal::{LoadedAccount, Principal};
use crate::identity::rights::Rights;
use crate::identity::scheme_id::SchemeId;
use crate::identity::token_digest::TokenDigest;
use crate::runtime::single_flight::SingleFlightCache;
use crate::runtime::timeout;
use crate::store::throttle::Throttle;

/// Maximum time for which accounts are cached.
const MAX_CACHE_TTL: Duration = Duration::from_secs(60);

/// Time for which the outcome of a provision is shared with requests of the same login that have found no account.
const PROVISIONED_TTL: Duration = Duration::from_secs(1);

/// Maximum number of logins whose outcomes are shared.
const MAX_PROVISIONED: usize = 10_000;

/// An error of the settings of accounts.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountsError {
    /// No kind of accounts is declared.
    #[error("`KINDS` is empty: name the kind of the accounts, such as `[\"member\"]`")]
    NoKinds,
    /// The kind is not a lowercase word.
    #[error(
        "the kind {0:?} in `KINDS` is invalid: write 1 to 32 lowercase letters, digits and `-`, beginning with a letter"
    )]
    Kind(&'static str),
    /// The kind is declared twice.
    #[error("the kind {0:?} occurs twice in `KINDS`")]
    KindTwice(&'static str),
    /// Accounts are cached for too long. The suspension of an account would take effect too late.
    #[error("`cache_ttl` is longer than 60 s")]
    CacheTtl,
}

crate::debug_as_display!(AccountsError);

/// The configured provider of accounts.
pub struct ProvidedAccounts {
    provider: Arc<dyn DynAccounts>,
    kinds: &'static [&'static str],
    account: (TypeId, &'static str),
    ttl: Duration,
    cache: AccountCache,
    provisioned: SingleFlightCache<Id, Lookup<LoadedAccount>>,
    /// Counts accounts that could not be created, by the network of the client.
    failures: Throttle,
}

/// The account that a test has set for a request, in place of that of the provider.
#[derive(Clone)]
pub enum TestAccount {
    /// The caller has no account.
    Missing,
    /// The account, and the rights that it has instead of those of the provider.
    Found(Arc<dyn Any + Send + Sync>, Rights),
}

/// A lookup of an account.
pub(crate) struct LookUp<'a> {
    /// The verified caller.
    pub(crate) principal: &'a Principal,
    /// The digest of the presented credential, if it has one.
    pub(crate) digest: Option<TokenDigest>,
    /// Whether an account may be created.
    pub(crate) may_provision: bool,
    /// The client by which failures to create an account are counted.
    pub(crate) client: Option<PeerOrClient>,
}

/// The reason why the outcome of a lookup is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LookUpError {
    /// The provider is unavailable.
    Unavailable,
    /// Too many accounts could not be created for clients in this network.
    TooManyFailures(RetryAfter),
}

impl From<AccountsUnavailable> for LookUpError {
    fn from(AccountsUnavailable: AccountsUnavailable) -> Self {
        Self::Unavailable
    }
}

/// The outcome of a lookup.
#[derive(Debug)]
pub(crate) struct AccountLookup {
    /// The account, or why there is none.
    pub(crate) found: Lookup<LoadedAccount>,
    /// Whether the credential was issued for an account, which must exist.
    pub(crate) names_account: bool,
    /// Whether the account was created by this lookup.
    pub(crate) is_new: bool,
}

impl ProvidedAccounts {
    /// Wraps a provider.
    pub fn new<P: Accounts>(provider: P) -> Self {
        Self {
            ttl: provider.cache_ttl(),
            provider: Arc::new(provider),
            kinds: P::KINDS,
            account: (TypeId::of::<P::Account>(), std::any::type_name::<P::Account>()),
            cache: AccountCache::new(),
            provisioned: SingleFlightCache::new(MAX_PROVISIONED),
            failures: Throttle::memory(),
        }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// The kinds are invalid, or accounts are cached for more than 60 s.
    pub(crate) fn check(&self) -> Result<(), AccountsError> {
        if self.kinds.is_empty() {
            return Err(AccountsError::NoKinds);
        }
        for (position, kind) in self.kinds.iter().enumerate() {
            if !is_account_kind(kind) {
                return Err(AccountsError::Kind(kind));
            }
            if self.kinds.iter().take(position).any(|other| other == kind) {
                return Err(AccountsError::KindTwice(kind));
            }
        }
        if self.ttl > MAX_CACHE_TTL { Err(AccountsError::CacheTtl) } else { Ok(()) }
    }

    /// Returns the kinds of accounts.
    pub fn kinds(&self) -> &'static [&'static str] {
        self.kinds
    }

    /// Returns the type of accounts, and its name.
    pub(crate) fn account_type(&self) -> (TypeId, &'static str) {
        self.account
    }

    /// Removes the cached entries of an account.
    pub fn invalidate(&self, id: &AccountId) {
        self.cache.invalidate(id);
        self.provisioned.clear();
    }

    /// Returns the account of every request in open mode. `None` if it is not an account of this provider.
    pub(crate) fn local(&self, account: &Arc<dyn Any + Send + Sync>) -> Option<LoadedAccount> {
        self.provider.load(account).ok()
    }

    /// Returns the cached account of a credential, or that of a test. `None` if the provider must be asked.
    pub(crate) fn cached(&self, look_up: &LookUp<'_>) -> Option<Result<AccountLookup, LookUpError>> {
        if let Some(account) = look_up.principal.account_of_test() {
            let loaded = self.provider.load(account).map_err(LookUpError::from);
            return Some(loaded.map(|account| AccountLookup::of(Lookup::Found(account))));
        }
        let found = self.cache.get(&self.key(look_up)?)?;
        Some(Ok(AccountLookup::of(found)))
    }

    /// Returns the account that a test has set for a request.
    pub(crate) fn of_test(&self, account: TestAccount) -> Result<AccountLookup, LookUpError> {
        let found = match account {
            TestAccount::Missing => Lookup::NotFound,
            TestAccount::Found(account, rights) => Lookup::Found(self.provider.load(&account)?.with_rights(rights)),
        };
        Ok(AccountLookup::of(found))
    }

    fn key(&self, look_up: &LookUp<'_>) -> Option<CredentialKey> {
        let digest = look_up.digest.as_ref().filter(|_| !self.ttl.is_zero())?;
        Some((look_up.principal.scheme(), digest.clone()))
    }

    /// Asks the provider. Logs the cause if it is unavailable.
    pub(crate) async fn ask(&self, look_up: LookUp<'_>) -> Result<AccountLookup, LookUpError> {
        let key = self.key(&look_up);
        let LookUp { principal, digest, may_provision, client } = look_up;
        let (facts, start) = (LoginFacts::of(principal, digest), self.cache.start());
        let login = Login::new(principal, &facts);
        let found = answered(timeout::with_timeout(async { self.provider.find(&login).await }).await, "find")?;
        let names_account = facts.acts_for().is_some();
        if !matches!(found, Lookup::NotFound) || names_account || !may_provision || !is_user_login(principal) {
            if let Some(key) = key {
                self.cache.put(key, &found, self.ttl, start);
            }
            return Ok(AccountLookup { found, names_account, is_new: false });
        }
        if let Some(delay) = client.and_then(|client| self.failures.delay_of_networks(client)) {
            return Err(LookUpError::TooManyFailures(delay));
        }
        let mut is_new = false;
        let provision = async {
            let found = self.provision(&login, client).await?;
            is_new = matches!(found, Lookup::Found(_));
            Ok((found, PROVISIONED_TTL))
        };
        let found = self.provisioned.get_or_fetch(facts.id(), || LookUpError::Unavailable, provision).await?;
        Ok(AccountLookup { found, names_account, is_new })
    }

    /// Creates the account of a login. Counts a failure for the network of the client (ACCT-13).
    async fn provision(
        &self,
        login: &Login<'_>,
        client: Option<PeerOrClient>,
    ) -> Result<Lookup<LoadedAccount>, LookUpError> {
        let asked = timeout::with_timeout(async { self.provider.provision(login).await }).await;
        let found = answered(asked, "provision");
        if let (Err(AccountsUnavailable), Some(client)) = (&found, client) {
            self.failures.count_for_networks(client).await;
        }
        Ok(found?)
    }
}

impl AccountLookup {
    const fn of(found: Lookup<LoadedAccount>) -> Self {
        Self { found, names_account: false, is_new: false }
    }
}

/// Returns whether an account may be created for a caller: a person who logs in, with a credential that is not a session.
fn is_user_login(principal: &Principal) -> bool {
    principal.is_login() && !principal.has_actor() && principal.scheme() != SchemeId::Session
}

/// Logs that a call took longer than the deadline or panicked. The provider logs its own errors.
fn answered<T>(answer: Option<Result<T, AccountsUnavailable>>, call: &str) -> Result<T, AccountsUnavailable> {
    answer.unwrap_or_else(|| {
        tracing::error!(target: "auth_core", "`Accounts::{call}` panicked, or took longer than 5 s");
        Err(AccountsUnavailable)
    })
}

/// Shows the kinds.
impl fmt::Debug for ProvidedAccounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProvidedAccounts").field("kinds", &self.kinds).field("ttl", &self.ttl).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
