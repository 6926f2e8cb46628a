//! The account of the caller.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest};
use auth_core::denial::{Denial, Reason};
use auth_core::identity::account_id::AccountId;
use auth_core::identity::scheme_id::SchemeId;

use crate::extract::caller::{PrincipalFuture, REQUIRE_AUTH, refuse_undecided};
use crate::guard;
use crate::principal::Principal;

/// An extractor for the account of the caller. `A` is the account type of [`AuthBuilder::accounts`](crate::AuthBuilder::accounts), to
/// which it dereferences.
///
/// A handler that takes it requires an account in addition to its rule. A login without an account gets 403 `account-required`, and a
/// credential that keeps its own identity gets 401. In scopes, another type of accounts is an error at start-up. A handler whose rule
/// admits logins without an account (`login`) cannot take it.
///
/// Handlers that admit anonymous callers take `Option<Caller<A>>`. It is `None` for anonymous callers, for logins without an account,
/// and for credentials that keep their own identity. A suspended account gets 403 there too.
///
/// Ask the [principal](Self::principal) for roles and permissions, because a credential may limit those of the account.
///
/// ```
/// use actix_web::{Responder, get};
/// use auth_actix::{Caller, public, require_auth};
///
/// struct Member { name: String }
///
/// #[require_auth]
/// #[get("/profile")]
/// async fn profile(me: Caller<Member>) -> impl Responder {
///     me.name.clone()
/// }
///
/// #[public]
/// #[get("/")]
/// async fn home(me: Option<Caller<Member>>) -> impl Responder {
///     me.map_or_else(|| "Hello".to_owned(), |me| format!("Hello {}", me.name))
/// }
/// ```
pub struct Caller<A> {
    principal: Principal,
    id: Arc<AccountId>,
    account: Arc<A>,
    /// The number of the `Auth` that has verified the caller.
    auth: u64,
}

impl<A> Caller<A> {
    /// Returns the principal, for questions about rights and the credential.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Returns the id of the account.
    pub fn account_id(&self) -> &AccountId {
        &self.id
    }

    /// Returns the number of the `Auth` that has verified the caller.
    pub(crate) fn auth(&self) -> u64 {
        self.auth
    }
}

impl<A> Deref for Caller<A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.account
    }
}

impl<A> Clone for Caller<A> {
    fn clone(&self) -> Self {
        let (id, account) = (Arc::clone(&self.id), Arc::clone(&self.account));
        Self { principal: self.principal.clone(), id, account, auth: self.auth }
    }
}

/// Shows the id only, because the account is data of the application.
impl<A> fmt::Debug for Caller<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Caller").field(&self.id.to_string()).finish()
    }
}

pin_project_lite::pin_project! {
    /// The future of [`Caller`]: extracts the principal, then its account.
    pub struct CallerFuture<A> {
        #[pin]
        principal: PrincipalFuture,
        request: HttpRequest,
        account: PhantomData<A>,
    }
}

/// Returns the denial of a caller without an account of this type.
fn refuse(request: &HttpRequest, principal: &Principal) -> Error {
    let (reason, cause) = if principal.account_id().is_some() {
        (Reason::SetUp, "the handler takes a `Caller<…>` of another type than `.accounts(…)` provides")
    } else if principal.lacks_account() {
        (Reason::AccountRequired, "the login has no account")
    } else if principal.scheme() == SchemeId::OPEN {
        (Reason::InsufficientPermissions, "open mode has no account: call `.local_account(…)`")
    } else {
        (Reason::MissingCredentials, "the credential keeps its own identity, and the handler takes an account")
    };
    let caller = Some(principal.id());
    let denial = Denial { caller, ..Denial::refused(principal.scheme(), reason, cause) };
    match guard::rule_of(request).filter(|rule| !std::ptr::eq(*rule, &REQUIRE_AUTH)) {
        Some(rule) => guard::refuse(request, rule, denial, Payload::None),
        None => refuse_undecided(request, denial.into()),
    }
}

impl<A: Send + Sync + 'static> Future for CallerFuture<A> {
    type Output = Result<Caller<A>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.principal.poll(context).map(|principal| {
            let principal = principal?;
            match principal.shared_account().zip(guard::auth_of(this.request)) {
                Some(((id, account), auth)) => Ok(Caller { principal, id, account, auth: auth.engine().id() }),
                None => Err(refuse(this.request, &principal)),
            }
        })
    }
}

impl<A: Send + Sync + 'static> FromRequest for Caller<A> {
    type Error = Error;
    type Future = CallerFuture<A>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let principal = Principal::from_request(request, payload);
        CallerFuture { principal, request: request.clone(), account: PhantomData }
    }
}
