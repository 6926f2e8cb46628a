//! Who calls, as an argument of handlers.

use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::{Error, FromRequest, HttpRequest};
use auth_core::denial::{Denial, Reason, RetryAfter};
use auth_core::engine::layers::LayerDenial;
use auth_core::engine::{Adapter as _, CallerOutcome};
use auth_core::policy::rule::{CallerAccess, Rule, RuleTarget};
use serde::de::DeserializeOwned;

use crate::adapter::{self, Actix};
use crate::guard::{self, LayerOutcome, PendingDecision};
use crate::principal::Principal;

/// The claims of the caller's credential, in the application's own type.
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

/// What stands for `#[require_auth]` where a principal is asked for without a rule that has decided.
static REQUIRE_AUTH: Rule =
    Rule { target: RuleTarget::Other("a handler that takes a Principal"), ..auth_core::policy::rule::AUTHENTICATED };

/// What was found, where a rule has decided.
pub(crate) fn decided(request: &HttpRequest) -> Option<CallerOutcome> {
    let auth = guard::auth_of(request)?;
    // That a credential was refused is no decision yet.
    let found = adapter::read(request, |state| state.cached_caller(request, auth.engine().id()));
    let found = found.filter(|found| !matches!(found, CallerOutcome::Refused(_)));
    found.or_else(|| Actix::caller_override(request, auth.engine().sources()).map(CallerOutcome::Known))
}

pin_project_lite::pin_project! {
    /// Reads what the handler's rule has found; where none has decided, decides as `#[require_auth]`.
    #[project = Stage]
    pub enum PrincipalFuture {
        /// A rule has decided.
        Decided { found: Option<Result<Principal, Error>> },
        /// None has, and a password is being hashed.
        Deciding { decision: PendingDecision, request: HttpRequest },
    }
}

/// The error where a principal is asked for, and `Option` may make it `None`. The body is left alone: other arguments may
/// want it.
fn refuse(request: &HttpRequest, denied: impl Into<LayerDenial>) -> Error {
    guard::refuse(request, &REQUIRE_AUTH, denied, Payload::None)
}

/// Who was found, once it was decided.
fn known(request: &HttpRequest, found: Option<CallerOutcome>) -> Result<Principal, Error> {
    match found {
        Some(CallerOutcome::Known(principal)) => Ok(principal.into()),
        Some(CallerOutcome::Unavailable) => {
            let reason = Reason::AuthenticationUnavailable(RetryAfter::seconds(2));
            Err(refuse(request, Denial { cause: Some("who calls cannot be found out now"), ..Denial::new(reason) }))
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
                Err(denial) => Err(refuse(request, denial)),
            }),
        }
    }
}

impl FromRequest for Principal {
    type Error = Error;
    type Future = PrincipalFuture;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = match decided(request) {
            Some(found) => known(request, Some(found)),
            None => match guard::enforce(request, &REQUIRE_AUTH) {
                LayerOutcome::Allowed => known(request, decided(request)),
                LayerOutcome::Refused(denial) => Err(refuse(request, denial)),
                LayerOutcome::Pending(decision) => {
                    return PrincipalFuture::Deciding { decision, request: request.clone() };
                }
            },
        };
        PrincipalFuture::Decided { found: Some(found) }
    }
}

/// The caller, as an argument of handlers that let strangers in and go on where nobody can say who calls.
///
/// `Option<Principal>` is answered with 503 while the store of sessions, or of users, is out of reach: neither `None` nor
/// somebody would be right. A page that is as good without a name takes this instead.
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
    /// Who calls.
    Known(Principal),
    /// Nobody has authenticated.
    Anonymous,
    /// There is a credential, and it cannot be verified now. Grants nothing.
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

/// What stands for `#[public]` where this is asked for without a rule that has decided.
static PUBLIC: Rule = Rule {
    target: RuleTarget::Other("a handler that takes a MaybePrincipal"),
    reads: CallerAccess::CallerOrOutage,
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
    /// The principal, then its claims.
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
                    cause: Some("the claims do not fit the type that the handler takes"),
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

/// Who was found to call, for middleware that runs after a handler.
pub trait PrincipalExt {
    /// The principal that the decision was made on; `None` before it, and where nobody had to authenticate.
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
