//! Authorization for single objects: load, check, and proof.

mod denial;
pub(crate) mod action;
pub(crate) mod resource;
pub(crate) mod unchecked;
pub(crate) mod decision;
pub(crate) mod ask;

use std::any::{TypeId, type_name};
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest};
use auth_core::policy::atom::{KeyLocation, ObjectAction};
use auth_core::policy::rule::{Rule, RuleTarget};
use auth_core::runtime::future::LocalBoxFuture;

use self::action::Action;
use self::ask::{UnseenArgument, allowed_object, ask, verdict};
use self::decision::{ObjectVerdict, required};
pub use self::denial::Denial;
use self::resource::Policy;
use crate::extract::caller::PrincipalExt as _;
use crate::guard::{self, AskObject};

/// A loaded object, and the proof that the caller of this request may perform the action `A` on it.
///
/// It is a further requirement of the rule: the object is loaded and its policy is asked after everything else in the rule holds, and
/// before any other argument is extracted. So the body is not read if the policy refuses. Several arguments and
/// `authorized(…)` in the rule share one object of each type.
///
/// It has no public constructor, so a function that takes it cannot be called with an object that was not checked. In a handler with a
/// type parameter on which the argument depends, the attribute cannot see it: there, it is checked when the arguments are extracted.
/// The proof reflects the time of the check.
///
/// Handlers that admit anonymous callers can take it if the policy has [`ADMITS_ANONYMOUS`](Policy::ADMITS_ANONYMOUS).
pub struct Authorized<R, A> {
    object: Arc<R>,
    action: PhantomData<fn() -> A>,
}

impl<R, A> Authorized<R, A> {
    pub(crate) const fn new(object: Arc<R>) -> Self {
        Self { object, action: PhantomData }
    }
}

impl<R: Clone, A> Authorized<R, A> {
    /// Returns the object without the proof. Clones it, because other arguments and checks of the request may share it.
    pub fn into_inner(self) -> R {
        Arc::unwrap_or_clone(self.object)
    }
}

impl<R: Policy<A>, A: Action> Authorized<R, A> {
    #[doc(hidden)]
    pub const OBJECT: &'static ObjectAction = &ObjectAction {
        path: R::PATH,
        at: None,
        types: || (TypeId::of::<R>(), TypeId::of::<A>()),
        resource: type_name::<R>,
        action: type_name::<A>,
        required: required::<A>(),
        admits_anonymous: <R as Policy<A>>::ADMITS_ANONYMOUS,
        tenancy: R::TENANT,
        deps: TypeId::of::<R::Deps>,
        deps_name: type_name::<R::Deps>,
        list: None,
        ask: &AskObject(ask::<R, A>),
    };
}

impl<R, A> Deref for Authorized<R, A> {
    type Target = R;

    fn deref(&self) -> &R {
        &self.object
    }
}

impl<R: fmt::Debug, A> fmt::Debug for Authorized<R, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Authorized").field(&self.object).finish()
    }
}

/// Returns the action of an atom `authorized(R, A)`.
#[doc(hidden)]
pub const fn object_action<R: Policy<A>, A: Action>() -> &'static ObjectAction {
    Authorized::<R, A>::OBJECT
}

/// Returns the action of an atom that names the location of the key.
#[doc(hidden)]
pub const fn object_action_at<R: Policy<A>, A: Action>(at: KeyLocation) -> ObjectAction {
    ObjectAction { at: Some(at), ..*Authorized::<R, A>::OBJECT }
}

/// The future of [`Authorized`].
#[derive(Debug)]
pub enum AuthorizedFuture<R, A> {
    /// The rule has allowed the action.
    Found(Option<Authorized<R, A>>),
    /// The attribute of the handler cannot see the argument, so that it is checked now.
    Asking(AskingFuture<R, A>),
}

/// The future of an argument that the rule has not checked.
pub struct AskingFuture<R, A>(LocalBoxFuture<'static, Result<Authorized<R, A>, Error>>);

impl<R, A> fmt::Debug for AskingFuture<R, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AskingFuture").finish_non_exhaustive()
    }
}

impl<R, A> Future for AuthorizedFuture<R, A> {
    type Output = Result<Authorized<R, A>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Found(found) => Poll::Ready(found.take().ok_or_else(guard::refuse_twice)),
            Self::Asking(AskingFuture(asking)) => asking.as_mut().poll(context),
        }
    }
}

impl<R: Policy<A>, A: Action> FromRequest for Authorized<R, A> {
    type Error = Error;
    type Future = AuthorizedFuture<R, A>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        match allowed_object::<R, A>(request) {
            Some(object) => AuthorizedFuture::Found(Some(Self::new(object))),
            None => AuthorizedFuture::Asking(AskingFuture(Box::pin(asked(request.clone())))),
        }
    }
}

/// The rule in logs for a handler that takes an object without a rule.
static NO_RULE: Rule =
    Rule { target: RuleTarget::Other("a handler that takes an object"), ..auth_core::policy::rule::AUTHENTICATED };

/// Decides on an object of which the rule does not know.
async fn asked<R: Policy<A>, A: Action>(request: HttpRequest) -> Result<Authorized<R, A>, Error> {
    let argument = UnseenArgument::of(&request, <R as Policy<A>>::ADMITS_ANONYMOUS, &NO_RULE).await?;
    let mut payload = Payload::None;
    match verdict::<R, A>(&request, argument.question::<R>(&mut payload)).await {
        Ok(ObjectVerdict::Allowed) => {
            allowed_object::<R, A>(&request).map(Authorized::new).ok_or_else(guard::refuse_twice)
        }
        Ok(ObjectVerdict::Refused | ObjectVerdict::Uncounted | ObjectVerdict::TooManyTenants) => {
            let caller = request.principal().map(|caller| caller.id());
            let cause = "the caller may not perform this action on the object, or the object does not exist";
            let reason = auth_core::denial::Reason::InsufficientPermissions;
            let denial =
                auth_core::denial::Denial { cause: Some(cause), caller, ..auth_core::denial::Denial::new(reason) };
            Err(argument.refuse(denial))
        }
        Err(cause) => Err(argument.undecidable(cause)),
    }
}
