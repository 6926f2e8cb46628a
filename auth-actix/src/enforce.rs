//! Gather, decide, extract, call: the only way to a handler.

use std::cell::RefCell;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest};
use auth_core::Principal;
use auth_core::clock;
use auth_core::decision::{Decision, Rules, counted, decide};
use auth_core::denial::challenge::Scheme;
use auth_core::denial::{Denial, Reason};
use auth_core::facts::{Caller, Facts};
use auth_core::rule::Rule;
use auth_core::scheme::Presented;
use pin_project_lite::pin_project;

use crate::auth::Auth;
use crate::respond::{self, Refusal};
use crate::{audit, count, gather, outcome};

/// What a scope binds its handlers to: its `Auth`, which no `app_data` replaces, its own rule, and the scope around it.
pub(crate) struct Binding {
    auth: Auth,
    rule: OnceLock<&'static Rule>,
    around: OnceLock<Arc<Binding>>,
    layers: OnceLock<Vec<Layer>>,
}

/// One decision: of an `Auth`, on the rules of its scopes.
pub(crate) struct Layer {
    auth: Auth,
    rules: Vec<&'static Rule>,
}

impl Binding {
    pub(crate) fn new(auth: &Auth) -> Arc<Self> {
        Arc::new(Self { auth: auth.clone(), rule: OnceLock::new(), around: OnceLock::new(), layers: OnceLock::new() })
    }

    pub(crate) fn auth(&self) -> &Auth {
        &self.auth
    }

    /// Sets the scope's rule; `false` where it has one already.
    pub(crate) fn require(&self, rule: &'static Rule) -> bool {
        self.rule.set(rule).is_ok()
    }

    pub(crate) fn nest_in(&self, around: &Arc<Self>) {
        // A scope is given to one other scope, by value.
        let _ = self.around.set(Arc::clone(around));
    }

    /// Registers what stands in this scope. A scope of ours that is found there nests in this one, also where scopes of
    /// actix stand between: those cannot say so.
    pub(crate) fn registering<R>(self: &Arc<Self>, register: impl FnOnce() -> R) -> R {
        let before = AROUND.replace(Some(Arc::clone(self)));
        let registered = register();
        AROUND.set(before);
        registered
    }

    /// Nests in the scope that is being registered, if it is in none.
    pub(crate) fn nest_in_registering(&self) {
        if let Some(around) = AROUND.with_borrow(Option::clone) {
            self.nest_in(&around);
        }
    }

    /// The decisions, from the outside in; the last one is that of the handler too. Settled when first asked for, after
    /// all scopes were put together.
    fn layers(&self) -> &[Layer] {
        self.layers.get_or_init(|| self.layers_so_far())
    }

    fn layers_so_far(&self) -> Vec<Layer> {
        let mut scopes = vec![self];
        while let Some(around) = scopes.last().and_then(|inner| inner.around.get()) {
            scopes.push(around);
        }
        scopes.reverse();
        let mut layers: Vec<Layer> = Vec::new();
        for scope in scopes {
            match layers.last_mut() {
                Some(layer) if layer.auth.is(&scope.auth) => layer.rules.extend(scope.rule.get()),
                _ => {
                    let rules = scope.rule.get().copied().into_iter().collect();
                    layers.push(Layer { auth: scope.auth.clone(), rules });
                }
            }
        }
        layers
    }

    /// The rules of this scope and of those around it that share its `Auth`, as far as they are put together.
    pub(crate) fn rules_so_far(&self) -> Vec<&'static Rule> {
        self.layers_so_far().pop().map(|layer| layer.rules).unwrap_or_default()
    }

    /// Whether this scope, or one around it, answers as an unknown path.
    pub(crate) fn hides_so_far(&self) -> bool {
        self.layers_so_far().iter().flat_map(|layer| &layer.rules).any(|rule| rule.not_found)
    }
}

thread_local! {
    /// The scope that is being registered: actix registers what stands in a scope while it registers the scope.
    static AROUND: RefCell<Option<Arc<Binding>>> = const { RefCell::new(None) };
}

/// Where a request is decided on.
#[derive(Clone)]
enum Place {
    Scope(Arc<Binding>),
    App(Auth),
}

impl Place {
    /// The innermost scope of ours, or the `Auth` that the application was given as `app_data`.
    fn of(request: &HttpRequest) -> Option<Self> {
        match request.app_data::<Arc<Binding>>() {
            Some(binding) => Some(Self::Scope(Arc::clone(binding))),
            None => request.app_data::<Auth>().cloned().map(Self::App),
        }
    }

    fn auth(&self) -> &Auth {
        match self {
            Self::Scope(binding) => &binding.auth,
            Self::App(auth) => auth,
        }
    }

    fn count(&self) -> usize {
        match self {
            Self::Scope(binding) => binding.layers().len(),
            Self::App(_) => 1,
        }
    }

    /// The decision at `index`, from the outside in; the handler's rule belongs to the last one.
    fn layer<'a>(&'a self, index: usize, handler: &'a Rule) -> Option<(&'a Auth, Rules<'a>)> {
        match self {
            Self::App(auth) => (index == 0).then_some((auth, Rules { scopes: &[], handler })),
            Self::Scope(binding) => {
                let layers = binding.layers();
                let layer = layers.get(index)?;
                let last = index + 1 == layers.len();
                let handler = if last { handler } else { &PASS };
                Some((&layer.auth, Rules { scopes: &layer.rules, handler }))
            }
        }
    }

    fn not_found(&self, handler: &Rule) -> bool {
        (0..self.count()).filter_map(|index| self.layer(index, handler)).any(|(_, rules)| rules.not_found())
    }
}

/// Adds nothing to the rules of scopes.
static PASS: Rule = Rule { text: "public", ..auth_core::rule::PUBLIC };

/// The `Auth` in reach of a request.
pub(crate) fn auth_of(request: &HttpRequest) -> Option<Auth> {
    Place::of(request).map(|place| place.auth().clone())
}

/// How far deciding got.
enum Step<'a> {
    Allowed,
    Denied(Denial),
    /// The credential has to be verified, which takes a while.
    #[allow(dead_code, reason = "bearer tokens alone are verified at once")]
    Later(&'a Auth, Credential),
}

/// A credential that takes a while to verify.
enum Credential {
    #[cfg(feature = "basic")]
    Password(auth_core::users::NameAndPassword),
    #[cfg(feature = "api-key")]
    ApiKey(String),
    #[cfg(feature = "session")]
    Session(auth_core::scheme::session::SessionId),
}

impl Credential {
    const fn scheme(&self) -> Scheme {
        match *self {
            #[cfg(feature = "basic")]
            Self::Password(_) => Scheme::Basic,
            #[cfg(feature = "api-key")]
            Self::ApiKey(_) => Scheme::ApiKey,
            #[cfg(feature = "session")]
            Self::Session(_) => Scheme::Session,
        }
    }
}

/// Decides one layer, for `handler`. `verified` is the outcome of a verification that took a while.
fn step<'a>(
    request: &HttpRequest,
    auth: &'a Auth,
    rules: Rules<'_>,
    handler: &'static Rule,
    verified: Option<Result<Principal, Denial>>,
) -> Step<'a> {
    let facts = gather::facts(request, auth, rules);
    if rules.read_caller() && auth.reads_cookies() {
        outcome::mark(request, |marks| marks.cookie = true);
    }
    let mut presented = rules.read_caller().then(|| gather::presented(request, auth));
    let mut known = verified.or_else(|| found(request, auth).map(Ok));
    if known.is_none() {
        known = presented.as_ref().and_then(|presented| gather::throttled(request, auth, presented)).map(Err);
    }
    let principal = loop {
        let caller = match (&known, &presented) {
            (Some(Ok(principal)), _) => Caller::Known(principal),
            (Some(Err(denial)), _) | (None, Some(Presented::Malformed(denial))) => Caller::Refused(denial),
            (None, presented) => {
                presented.as_ref().and_then(Presented::scheme).map_or(Caller::Nobody, Caller::Presented)
            }
        };
        match decide(rules, &Facts { caller, ..facts }) {
            Decision::Deny(denial) => return Step::Denied(denial),
            // Not of a cookie that does not count.
            Decision::Allow => match counted(rules, &Facts { caller, ..facts }) {
                Caller::Known(principal) => break Some(principal),
                _ => break None,
            },
            Decision::Verify => {}
        }
        known = match presented.take() {
            #[cfg(feature = "jwt")]
            Some(Presented::Bearer(token)) => {
                let since = clock::monotonic();
                let verified = auth.verifier_of_tokens().map(|bearer| bearer.verify(token, facts.now));
                count::authenticated(Scheme::Bearer, since, matches!(verified, Some(Ok(_))));
                verified.map(|verified| unblocked(auth, verified?))
            }
            #[cfg(feature = "basic")]
            Some(Presented::Basic(credential)) => return Step::Later(auth, Credential::Password(credential)),
            #[cfg(feature = "api-key")]
            Some(Presented::ApiKey(key)) => return Step::Later(auth, Credential::ApiKey(key.into())),
            #[cfg(feature = "session")]
            Some(Presented::Session(id)) => return Step::Later(auth, Credential::Session(id)),
            _ => None,
        };
        if known.is_none() {
            // A credential without a verifier is not accepted, and so was not presented: this cannot be.
            return Step::Denied(Denial::new(Reason::SetUp));
        }
    };
    if principal.is_some_and(|principal| principal.scheme() == Scheme::ApiKey) {
        // A shared cache knows of `Authorization`, and of no other header that decides.
        outcome::mark(request, |marks| marks.private = true);
    }
    if principal.is_some() || rules.handler.reads_principal {
        outcome::remember(request, auth, principal, handler);
    }
    if rules.name_place() {
        outcome::mark(request, |marks| marks.private = true);
    }
    Step::Allowed
}

/// Who was found before for this request, or put there by a test.
fn found(request: &HttpRequest, auth: &Auth) -> Option<Principal> {
    #[cfg(feature = "test-util")]
    if let Some(principal) = crate::test::by_hand(request, auth.sources()) {
        return Some(principal);
    }
    outcome::recall(request, auth).flatten()
}

/// A decision, or the rest of one.
pub(crate) enum Enforced {
    Allowed,
    Refused(Denial),
    Pending(Pin<Box<dyn Future<Output = Result<(), Denial>>>>),
}

/// Decides on a request for a handler with this rule: at once, unless a password has to be hashed.
pub(crate) fn enforce(request: &HttpRequest, handler: &'static Rule) -> Enforced {
    let Some(place) = Place::of(request) else {
        let cause = "no `Auth` in reach: put the handler in `auth.scope(…)`, or call `App::app_data(auth.clone())`";
        return Enforced::Refused(Denial { cause: Some(cause), ..Denial::new(Reason::SetUp) });
    };
    for index in 0..place.count() {
        let Some((auth, rules)) = place.layer(index, handler) else { break };
        match step(request, auth, rules, handler, None) {
            Step::Allowed if index + 1 == place.count() => {
                if let Err(denial) = tell_of_grant(request, auth, rules, handler) {
                    return Enforced::Refused(denial);
                }
            }
            Step::Allowed => {}
            Step::Denied(denial) if place.not_found(handler) => return as_unknown(request, auth, denial),
            Step::Denied(denial) => return Enforced::Refused(denial),
            Step::Later(_, credential) => {
                return Enforced::Pending(Box::pin(later(request.clone(), place.clone(), index, credential, handler)));
            }
        }
    }
    Enforced::Allowed
}

/// A denial of what hides, after the work that an unknown path would have been: where it came before the credential was
/// verified, that is verified now, and the outcome thrown away. Otherwise the time would tell the two apart.
fn as_unknown(request: &HttpRequest, auth: &Auth, denial: Denial) -> Enforced {
    let rules = Rules { scopes: &[], handler: &UNKNOWN_PATH };
    let early = matches!(denial.reason, Reason::AccessBlocked | Reason::CrossSiteRequest | Reason::SetUp);
    if !early || denial.caller.is_some() {
        return Enforced::Refused(denial);
    }
    match step(request, auth, rules, &UNKNOWN_PATH, None) {
        Step::Later(auth, credential) => {
            let (request, auth) = (request.clone(), auth.clone());
            Enforced::Pending(Box::pin(async move {
                // Whatever it says.
                let _ = verify(&request, &auth, credential, &mut Vec::new()).await;
                Err(denial)
            }))
        }
        _ => Enforced::Refused(denial),
    }
}

/// The rule of an unknown path beside a hidden one: the same steps, and nobody passes.
pub(crate) static UNKNOWN_PATH: Rule = Rule {
    text: "authenticated, and then nothing is here",
    guards: "an unknown path",
    not_found: true,
    ..auth_core::rule::AUTHENTICATED
};

/// The layers from `index` on, the first of which waits for this credential.
async fn later(
    request: HttpRequest,
    place: Place,
    index: usize,
    credential: Credential,
    handler: &'static Rule,
) -> Result<(), Denial> {
    let (mut credential, mut used) = (Some(credential), Vec::new());
    for index in index..place.count() {
        let Some((auth, rules)) = place.layer(index, handler) else { break };
        let mut verified = None;
        loop {
            if let Some(credential) = credential.take() {
                let (scheme, since) = (credential.scheme(), clock::monotonic());
                let outcome = verify(&request, auth, credential, &mut used).await;
                count::authenticated(scheme, since, outcome.is_ok());
                verified = Some(outcome);
            }
            match step(&request, auth, rules, handler, verified.take()) {
                Step::Allowed => break,
                Step::Denied(denial) => return Err(denial),
                Step::Later(_, next) => credential = Some(next),
            }
        }
    }
    touch(&request, used).await?;
    match place.count().checked_sub(1).and_then(|last| place.layer(last, handler)) {
        Some((auth, rules)) => tell_of_grant(&request, auth, rules, handler),
        None => Ok(()),
    }
}

/// Counts a grant, and tells the audit.
fn tell_of_grant(request: &HttpRequest, auth: &Auth, rules: Rules<'_>, handler: &'static Rule) -> Result<(), Denial> {
    if auth.sink().is_none() && !cfg!(feature = "metrics") {
        return Ok(());
    }
    let caller = found(request, auth);
    count::granted(handler, caller.as_ref());
    audit::granted(request, auth, handler, caller.as_ref(), rules.name_place())
}

/// Sessions that a request uses: to be touched if it is let in, as a refused one is no activity.
#[cfg(feature = "session")]
type Used = Vec<(Auth, auth_core::scheme::session::SessionKey)>;
#[cfg(not(feature = "session"))]
type Used = Vec<std::convert::Infallible>;

#[cfg_attr(
    not(feature = "session"),
    allow(unreachable_code, unused_variables, clippy::ptr_arg, reason = "sessions alone are used up")
)]
async fn verify(
    request: &HttpRequest,
    auth: &Auth,
    credential: Credential,
    used: &mut Used,
) -> Result<Principal, Denial> {
    let principal = match credential {
        #[cfg(feature = "basic")]
        Credential::Password(credential) => match auth.verifier_of_passwords() {
            Some(verifier) => verifier.verify(credential, gather::counted(request, auth)).await?,
            None => return Err(Denial::new(Reason::SetUp)),
        },
        #[cfg(feature = "api-key")]
        Credential::ApiKey(key) => match auth.api_keys() {
            Some(keys) => keys.verify(&key).await?,
            None => return Err(Denial::new(Reason::SetUp)),
        },
        #[cfg(feature = "session")]
        Credential::Session(id) => {
            let Some(sessions) = auth.sessions() else { return Err(Denial::new(Reason::SetUp)) };
            let verified = sessions.verify(id).await.map_err(|refused| dead(request, auth, refused))?;
            used.extend(verified.touch.map(|key| (auth.clone(), key)));
            verified.principal
        }
    };
    unblocked(auth, principal)
}

/// A verified caller, whom no list refuses. After the verification: before it, a name is anybody's claim.
fn unblocked(auth: &Auth, principal: Principal) -> Result<Principal, Denial> {
    #[cfg(feature = "blocks")]
    if let Some(blocks) = auth.blocks() {
        blocks.judge(&principal)?;
    }
    #[cfg(not(feature = "blocks"))]
    let _ = auth;
    Ok(principal)
}

#[cfg(feature = "session")]
async fn touch(request: &HttpRequest, used: Used) -> Result<(), Denial> {
    for (auth, key) in used {
        if let Some(sessions) = auth.sessions() {
            sessions.touch(key).await.map_err(|refused| dead(request, &auth, refused))?;
        }
    }
    Ok(())
}

#[cfg(not(feature = "session"))]
async fn touch(_: &HttpRequest, _: Used) -> Result<(), Denial> {
    Ok(())
}

/// The denial; the cookie of a session that has ended is deleted with the answer.
#[cfg(feature = "session")]
fn dead(request: &HttpRequest, auth: &Auth, refused: auth_core::scheme::session::Refused) -> Denial {
    if let Some(sessions) = auth.sessions().filter(|_| refused.delete_cookie) {
        let delete = actix_web::http::header::HeaderValue::from_str(&sessions.delete_cookie()).ok();
        outcome::mark(request, |marks| marks.delete_cookie = delete);
    }
    refused.denial
}

/// The error that answers a denial. The line that tells why is written when it is answered with, and not where an
/// `Option<Principal>` makes `None` of it.
pub(crate) fn refuse(request: &HttpRequest, handler: &'static Rule, denial: Denial, payload: Payload) -> Error {
    let place = Place::of(request);
    let event = place.as_ref().and_then(|place| {
        let auth = place.auth();
        let event = audit::refused(request, auth, handler, &denial)?;
        let auth = auth.clone();
        Some(Box::new(move || audit::tell(&auth, &event)) as Box<dyn Fn()>)
    });
    let response = match &place {
        Some(place) if place.not_found(handler) => {
            // What hides says nothing that an unknown path does not say.
            outcome::take_marks(request);
            respond::not_found()
        }
        Some(place) => place.auth().answers().response(&denial, request),
        None => respond::plain(&denial),
    };
    Refusal::new(denial, handler, request.method().clone(), response, payload).audited(event).into()
}

/// What ties a handler with these arguments to its rule. Written by the attributes, and by nobody else.
///
/// The arguments are a parameter and no associated type: a public handler may take what is private to its module.
#[diagnostic::on_unimplemented(
    message = "the rule of this handler was lost",
    label = "an attribute between the rule and the handler has dropped it",
    note = "write the rule below that attribute"
)]
pub trait Guard<A: FromRequest>: 'static {
    /// The rule above the handler.
    const RULE: &'static Rule;
}

/// The one argument that a guarded handler has for actix: decides, and extracts the others after.
pub struct Guarded<G, A> {
    /// The arguments.
    pub arguments: A,
    _decided: Decided<G>,
}

/// Only this room makes one.
struct Decided<G>(PhantomData<fn() -> G>);

impl<G, A> std::fmt::Debug for Guarded<G, A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guarded").finish_non_exhaustive()
    }
}

impl<G: Guard<A>, A: FromRequest> FromRequest for Guarded<G, A> {
    type Error = Error;
    type Future = GuardedFuture<G, A>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        match enforce(request, G::RULE) {
            Enforced::Allowed => GuardedFuture::Extracting { arguments: A::from_request(request, payload) },
            Enforced::Refused(denial) => GuardedFuture::Refused {
                error: Some(refuse(request, G::RULE, denial, payload.take())),
                guard: PhantomData,
            },
            Enforced::Pending(decision) => {
                GuardedFuture::Deciding { decision, request: request.clone(), payload: payload.take() }
            }
        }
    }
}

pin_project! {
    /// Decides, then extracts.
    #[project = Stage]
    pub enum GuardedFuture<G, A: FromRequest> {
        /// A password is being hashed.
        Deciding { decision: Pin<Box<dyn Future<Output = Result<(), Denial>>>>, request: HttpRequest, payload: Payload },
        /// The rule holds.
        Extracting { #[pin] arguments: A::Future },
        /// It does not.
        Refused { error: Option<Error>, guard: PhantomData<fn() -> G> },
    }
}

impl<G: Guard<A>, A: FromRequest> Future for GuardedFuture<G, A> {
    type Output = Result<Guarded<G, A>, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let next = match self.as_mut().project() {
                Stage::Extracting { arguments } => {
                    return arguments.poll(context).map(|extracted| match extracted {
                        Ok(arguments) => Ok(Guarded { arguments, _decided: Decided(PhantomData) }),
                        Err(error) => Err(error.into()),
                    });
                }
                Stage::Refused { error, .. } => {
                    return Poll::Ready(Err(error.take().unwrap_or_else(refuse_twice)));
                }
                Stage::Deciding { decision, request, payload } => match decision.as_mut().poll(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Ok(())) => GuardedFuture::Extracting { arguments: A::from_request(request, payload) },
                    Poll::Ready(Err(denial)) => {
                        let error = refuse(request, G::RULE, denial, payload.take());
                        GuardedFuture::Refused { error: Some(error), guard: PhantomData }
                    }
                },
            };
            self.set(next);
        }
    }
}

/// A future that is polled after its end refuses again.
pub(crate) fn refuse_twice() -> Error {
    let denial = Denial::new(Reason::SetUp);
    let response = respond::plain(&denial);
    Refusal::new(denial, &PASS, actix_web::http::Method::GET, response, Payload::None).into()
}
