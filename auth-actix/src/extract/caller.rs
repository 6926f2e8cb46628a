//! Extractors for the caller.

use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::{Error, FromRequest, HttpRequest};
use auth_core::denial::{Denial, Reason, RetryAfter};
use auth_core::engine::layers::LayerDenial;
use auth_core::engine::{Adapter as _, CallerOutcome};
use auth_core::policy::decision::denies_everywhere;
use auth_core::policy::rule::{CallerAccess, Rule, RuleTarget};
use serde::de::DeserializeOwned;

use crate::adapter::{self, Actix};
use crate::guard::{self, LayerOutcome, PendingDecision};
use crate::principal::Principal;

/// An extractor for the claims of the caller's credential, deserialized into a type of the application. Claims that do not fit the
/// type are 403.
///
/// ```
/// use actix_web::{Responder, get};
/// use auth_actix::{Claims, require_auth};
///
/// #[derive(serde::Deserialize)]
/// struct Ours { org: String }
///
/// #[require_auth]
/// #[get("/org")]
/// async fn org(claims: Claims<Ours>) -> impl Responder {
///     claims.org.clone()
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Claims<T>(pub T);

impl<T> Deref for Claims<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// The equivalent of `#[require_auth]`, for a principal that is extracted before any rule has decided.
pub(super) static REQUIRE_AUTH: Rule =
    Rule { target: RuleTarget::Other("a handler that takes a Principal"), ..auth_core::policy::rule::AUTHENTICATED };

/// The rule of [`Auth::identify`](crate::Auth::identify), which reads the caller. Its denial denies no request.
pub(crate) static IDENTIFIES: Rule = Rule {
    target: RuleTarget::Other("`auth.identify()`"),
    reads: CallerAccess::Caller,
    ..auth_core::policy::rule::PUBLIC
};

/// Returns the caller, if a rule has decided.
pub(crate) fn decided(request: &HttpRequest) -> Option<CallerOutcome> {
    let auth = guard::auth_of(request)?;
    // A refused credential is not a decision yet.
    let found = adapter::read(request, |state| state.cached_caller(request, auth.engine().id()));
    let found = found.filter(|found| !matches!(found, CallerOutcome::Refused(_)));
    found.or_else(|| Actix::caller_override(request, auth.engine().sources()).map(CallerOutcome::Known))
}

pin_project_lite::pin_project! {
    /// Returns the caller that the handler's rule has found. If no rule has decided, it decides like `#[require_auth]`.
    #[project = Stage]
    pub enum PrincipalFuture {
        /// A rule has decided.
        Decided { found: Option<Result<Principal, Error>> },
        /// No rule has decided, and the decision is pending, for example while a password is hashed.
        Deciding { decision: PendingDecision, request: HttpRequest },
    }
}

/// Returns the error of an extractor for the caller. `Option` may turn it into `None`. The body stays with the request, because
/// other arguments may read it.
fn refuse(request: &HttpRequest, denied: impl Into<LayerDenial>) -> Error {
    guard::refuse(request, &REQUIRE_AUTH, denied, Payload::None)
}

/// Returns the error of an extractor for the caller in a handler whose rule does not read the caller, or that has no rule. `Option`
/// turns it into `None`, also for a suspended account (ACCT-6). A handler with a rule does not run then. For others, the first one
/// that hides a credential is logged.
pub(super) fn refuse_undecided(request: &HttpRequest, denied: LayerDenial) -> Error {
    if denies_everywhere(&denied.denial) {
        let refusal = Some(Box::new(denied.denial.clone()));
        adapter::update(request, |state| state.notes_mut().hidden_refusal = refusal);
    }
    let is_first = || guard::auth_of(request).is_some_and(|auth| auth.engine().warn_of_hidden_credential_once());
    if denied.denial.scheme.is_some() && is_first() {
        tracing::error!(
            target: "auth_actix",
            path = request.match_pattern(),
            "a handler takes a `Principal` or a `Caller<…>` that no rule reads, and `Option` would hide that a credential is refused: write `#[require_auth]` or `#[public]` above it, and name the types of its arguments without an alias"
        );
    }
    refuse(request, denied)
}

/// Returns the caller after a decision.
fn known(request: &HttpRequest, found: Option<CallerOutcome>) -> Result<Principal, Error> {
    match found {
        Some(CallerOutcome::Known(principal)) => Ok(principal.into()),
        Some(CallerOutcome::Unavailable) => {
            let reason = Reason::AuthenticationUnavailable(RetryAfter::seconds(2));
            Err(refuse(
                request,
                Denial { cause: Some("the caller cannot be authenticated now"), ..Denial::new(reason) },
            ))
        }
        Some(CallerOutcome::Nobody | CallerOutcome::Refused(_)) | None => {
            Err(refuse(request, Denial::new(Reason::MissingCredentials)))
        }
    }
}

impl Future for PrincipalFuture {
    type Output = Result<Principal, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            Stage::Decided { found } => Poll::Ready(found.take().unwrap_or_else(|| Err(guard::refuse_twice()))),
            Stage::Deciding { decision, request } => decision.as_mut().poll(context).map(|decision| match decision {
                Ok(()) => known(request, decided(request)),
                Err(undecided) => Err(refuse_undecided(request, LayerDenial::from(undecided))),
            }),
        }
    }
}

impl FromRequest for Principal {
    type Error = Error;
    type Future = PrincipalFuture;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // A login without an account that only middleware has identified does not pass `require_auth`.
        let is_decided = |found: &CallerOutcome| match found {
            CallerOutcome::Known(principal) => {
                !principal.lacks_account()
                    || !guard::rule_of(request).is_some_and(|rule| std::ptr::eq(rule, &IDENTIFIES))
            }
            _ => true,
        };
        let found = match decided(request).filter(is_decided) {
            Some(found) => known(request, Some(found)),
            None => match guard::enforce(request, &REQUIRE_AUTH) {
                LayerOutcome::Allowed => known(request, decided(request)),
                LayerOutcome::Refused(denial) => Err(refuse_undecided(request, denial)),
                LayerOutcome::Pending(decision) => {
                    return PrincipalFuture::Deciding { decision, request: request.clone() };
                }
            },
        };
        PrincipalFuture::Decided { found: Some(found) }
    }
}

/// An extractor for the caller in handlers that admit anonymous callers and keep working while authentication is unavailable.
///
/// With `Option<Principal>`, the response is 503 while the session or user store is unavailable, because neither `None` nor a
/// principal would be correct. A page that also works without the caller takes this instead.
///
/// ```
/// use actix_web::{Responder, get};
/// use auth_actix::{MaybePrincipal, public};
///
/// #[public]
/// #[get("/")]
/// async fn home(caller: MaybePrincipal) -> impl Responder {
///     match caller {
///         MaybePrincipal::Known(caller) => format!("Hello {}", caller.local_subject()),
///         MaybePrincipal::Anonymous => "Hello".to_owned(),
///         MaybePrincipal::Unavailable => "Hello. You cannot log in just now.".to_owned(),
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub enum MaybePrincipal {
    /// The verified caller.
    Known(Principal),
    /// The request is anonymous.
    Anonymous,
    /// The credential cannot be verified now, because a store is unavailable. It grants nothing.
    Unavailable,
}

impl From<CallerOutcome> for MaybePrincipal {
    fn from(found: CallerOutcome) -> Self {
        match found {
            CallerOutcome::Known(principal) => Self::Known(principal.into()),
            CallerOutcome::Nobody | CallerOutcome::Refused(_) => Self::Anonymous,
            CallerOutcome::Unavailable => Self::Unavailable,
        }
    }
}

/// The equivalent of `#[public]`, for a [`MaybePrincipal`] that is extracted before any rule has decided.
static PUBLIC: Rule = Rule {
    target: RuleTarget::Other("a handler that takes a MaybePrincipal"),
    reads: CallerAccess::Caller,
    ..auth_core::policy::rule::PUBLIC
};

impl FromRequest for MaybePrincipal {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            if decided(&request).is_none() {
                let outcome = guard::enforce(&request, &PUBLIC).settled().await;
                outcome.map_err(|denied| guard::refuse(&request, &PUBLIC, denied, Payload::None))?;
            }
            Ok(decided(&request).unwrap_or(CallerOutcome::Nobody).into())
        })
    }
}

pin_project_lite::pin_project! {
    /// The future of [`Claims`]: extracts the principal, then its claims.
    pub struct ClaimsFuture<T> {
        #[pin]
        principal: PrincipalFuture,
        request: HttpRequest,
        claims: PhantomData<T>,
    }
}

impl<T: DeserializeOwned> Future for ClaimsFuture<T> {
    type Output = Result<Claims<T>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.principal.poll(context).map(|principal| {
            let principal = principal?;
            principal.claims().map(Claims).map_err(|_| {
                let denial = Denial {
                    scheme: Some(principal.scheme()),
                    caller: Some(principal.id()),
                    cause: Some("the claims cannot be deserialized into the type of the argument"),
                    ..Denial::new(Reason::InsufficientPermissions)
                };
                let rule = guard::rule_of(this.request);
                guard::refuse(this.request, rule.unwrap_or(&REQUIRE_AUTH), denial, Payload::None)
            })
        })
    }
}

impl<T: DeserializeOwned> FromRequest for Claims<T> {
    type Error = Error;
    type Future = ClaimsFuture<T>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ClaimsFuture {
            principal: Principal::from_request(request, payload),
            request: request.clone(),
            claims: PhantomData,
        }
    }
}

/// Access to the caller from requests, for middleware.
pub trait PrincipalExt {
    /// Returns the principal that the decision is based on. Returns `None` before the decision, and if no authentication was
    /// required.
    fn principal(&self) -> Option<Principal>;
}

impl PrincipalExt for HttpRequest {
    fn principal(&self) -> Option<Principal> {
        decided(self)
            .or_else(|| adapter::read(self, |state| state.first(self)))
            .and_then(CallerOutcome::known)
            .map(Principal::from)
    }
}

impl PrincipalExt for ServiceRequest {
    fn principal(&self) -> Option<Principal> {
        self.request().principal()
    }
}
