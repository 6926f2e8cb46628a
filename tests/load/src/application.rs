//! Settings of applications beyond tokens of an issuer: own tokens, accounts and tenants.

use std::convert::Infallible;
use std::time::{Duration, SystemTime};

use actix_web::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::web::Bytes;
use auth_actix::identity::{
    AccountId, Accounts, Login, Lookup, Rights, RightsProvider, RightsUnavailable, Tenant, Who,
};
use auth_actix::tokens::{
    ExposeSecret as _, MemoryTokenStore, Owner, StoreUnavailable, TokenDigest, TokenId, TokenRecord, TokenStore, Tokens,
};
use auth_actix::{Auth, AuthBuilder, BoxFuture, Id, at};

use crate::Outcome;
use crate::objects;
use crate::subject::at_once;

/// The settings of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Application {
    /// A client with a token that the application issued.
    OwnToken(Lookups),
    /// An account with a token that the application issued, limited to a role if that is the ceiling.
    AccountToken(Ceiling),
    /// An account that is found for the token of an issuer.
    Account,
    /// A tenant in a header, within which a provider answers the role.
    Tenant,
    /// Objects and lists, with a body of 1 kB if the key of an object is located in it.
    Objects(Body),
}

/// The body of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    None,
    Key,
}

/// The store of own tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookups {
    /// In memory.
    Memory,
    /// In a store that is asked for each request, as a database is.
    Each,
    /// In the cache of that store.
    Cached,
}

/// The ceiling of a token of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ceiling {
    Everything,
    Role,
}

/// A store that is asked through futures.
struct Asked(MemoryTokenStore);

impl TokenStore for Asked {
    fn find<'a>(&'a self, digest: &'a TokenDigest) -> BoxFuture<'a, Result<Option<TokenRecord>, StoreUnavailable>> {
        self.0.find(digest)
    }

    fn touch<'a>(&'a self, id: &'a TokenId, at: SystemTime) -> BoxFuture<'a, Result<(), StoreUnavailable>> {
        self.0.touch(id, at)
    }
}

/// The time for which everything is cached that can be. Longer than a measurement.
const CACHE: Duration = Duration::from_secs(60);

/// The only member, who has the account 7.
pub(crate) struct Member(u32);

struct Members;

impl Accounts for Members {
    type Account = Member;
    type Error = Infallible;
    const KINDS: &'static [&'static str] = &["member"];

    async fn find(&self, login: &Login<'_>) -> Result<Lookup<Member>, Infallible> {
        Ok(match login.who() {
            Who::Account(id) => id.parse("member").map_or(Lookup::NotFound, |id| Lookup::Found(Member(id))),
            Who::External(_) => Lookup::Found(Member(7)),
        })
    }

    fn account_id(&self, member: &Member) -> AccountId {
        AccountId::new("member", member.0)
    }

    fn rights(&self, _: &Member) -> Rights {
        Rights::new().roles(["admin"])
    }

    fn cache_ttl(&self) -> Duration {
        CACHE
    }
}

struct Memberships;

impl RightsProvider for Memberships {
    async fn rights(&self, _: &Id, tenant: Option<&Tenant>) -> Result<Rights, RightsUnavailable> {
        Ok(Rights::new().roles(tenant.map(|_| "admin")))
    }

    fn cache_ttl(&self) -> Duration {
        CACHE
    }
}

impl Application {
    /// Returns the application with its settings, and the token of its caller if it issues tokens. `bearer` accepts the tokens of an
    /// issuer.
    pub(crate) fn build(self, bearer: AuthBuilder) -> Outcome<(Auth, Option<String>)> {
        match self {
            Self::OwnToken(lookups) => {
                let owner = Owner::Client("backup".into());
                own_tokens((lookups, Ceiling::Role), owner, |tokens| Auth::builder().tokens(tokens))
            }
            Self::AccountToken(ceiling) => {
                let owner = Owner::Account(AccountId::new("member", 7));
                own_tokens((Lookups::Memory, ceiling), owner, |tokens| {
                    Auth::builder().tokens(tokens.for_accounts()).accounts(Members)
                })
            }
            Self::Objects(_) => Ok((bearer.build()?, None)),
            Self::Account => Ok((bearer.accounts(Members).build()?, None)),
            Self::Tenant => {
                let bearer = bearer.tenant("org", at::header("X-Org")).rights_from(Memberships);
                Ok((bearer.build()?, None))
            }
        }
    }

    /// Returns a header of its requests in addition to the credential.
    pub(crate) fn header(self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::Tenant => Some((HeaderName::from_static("x-org"), HeaderValue::from_static("acme"))),
            Self::Objects(Body::Key) => Some((CONTENT_TYPE, HeaderValue::from_static("application/json"))),
            _ => None,
        }
    }

    /// Returns the body of its requests.
    pub(crate) fn body(self) -> Option<Bytes> {
        (self == Self::Objects(Body::Key)).then(objects::body)
    }
}

/// Returns an application with a single token of this owner.
fn own_tokens(
    (lookups, ceiling): (Lookups, Ceiling),
    owner: Owner,
    build: impl FnOnce(Tokens) -> AuthBuilder,
) -> Outcome<(Auth, Option<String>)> {
    let prefix: auth_actix::tokens::TokenPrefix = "pat_".parse()?;
    let token = prefix.generate()?.expose_secret().to_owned();
    let mut record = TokenRecord::new(TokenId::generate()?, owner, SystemTime::now());
    record.ceiling = Some(match ceiling {
        Ceiling::Everything => Rights::everything(),
        Ceiling::Role => Rights::new().roles(["admin"]),
    });
    // As if it was just used, so that no use is recorded while it is measured.
    record.last_used = Some(SystemTime::now() + CACHE);
    let store = MemoryTokenStore::new(1);
    let admin = auth_actix::tokens::TokenStore::admin(&store).ok_or("the store is read-only")?;
    at_once(admin.insert(&TokenDigest::sha256(token.as_bytes()), record)).ok_or("the store waits")??;
    let tokens = Tokens::named("personal").prefix("pat_");
    let tokens = match lookups {
        Lookups::Memory => tokens.store(store),
        Lookups::Each => tokens.store(Asked(store)),
        Lookups::Cached => tokens.store(Asked(store)).cache(CACHE),
    };
    Ok((build(tokens).build()?, Some(token)))
}
