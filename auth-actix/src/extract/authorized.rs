//! Authorization for single objects: load, check, and proof.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::{Pin, pin};
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpMessage as _, HttpRequest};
use auth_core::client::RequestHead as _;
use auth_core::denial::{Denial, Reason};
use auth_core::policy::atom::ObjectKey;
use auth_core::policy::rule::{ObjectArg, Rule, RuleTarget};
use auth_core::runtime::timeout::catch_panic;

use crate::adapter::{self, Actix};
use crate::extract::caller::PrincipalExt as _;
use crate::guard::{self, CheckOutcome};
use crate::principal::Principal;

/// An object that a request is about, such as a post or an order, and how it is loaded.
///
/// ```
/// use actix_web::web::Data;
/// use auth_actix::{Allows, Authorized, Principal, Resource, require_auth};
/// # struct Pool;
/// # impl Pool { async fn post(&self, _: u64) -> Result<Option<Post>, actix_web::Error> { Ok(None) } }
///
/// struct Post { author: auth_actix::Id, title: String }
/// struct Edit;
///
/// impl Resource for Post {
///     type Key = u64;
///     type Deps = Data<Pool>;
///     type Error = actix_web::Error;
///     const PATH: &'static str = "id";
///
///     async fn load(id: u64, pool: &Data<Pool>) -> Result<Option<Self>, actix_web::Error> {
///         pool.post(id).await
///     }
/// }
///
/// impl Allows<Edit> for Post {
///     fn allows(&self, caller: &Principal) -> bool { caller.id() == self.author }
/// }
///
/// #[require_auth]
/// #[actix_web::put("/posts/{id}")]
/// async fn edit(post: Authorized<Post, Edit>, title: String) -> String {
///     rename(post, title)
/// }
///
/// /// Cannot be called with a post that its caller may not edit.
/// fn rename(post: Authorized<Post, Edit>, title: String) -> String {
///     format!("{} is {title} now", post.title)
/// }
/// ```
pub trait Resource: Sized + 'static {
    /// The key, parsed from the path. A path segment that does not parse is treated as a missing object.
    type Key: FromStr;
    /// The dependencies of [`load`](Self::load): any extractor, such as `web::Data<Pool>`, or a tuple of several. They cannot read
    /// the request body.
    type Deps: FromRequest;
    /// The error of [`load`](Self::load). The response is the error's own if its status is 400 or above, and otherwise 500. The
    /// request is never granted.
    type Error: Into<Error>;
    /// The name of the path parameter that contains the key: `"id"` for `/posts/{id}`.
    const PATH: &'static str;
    /// The visibility of the object to callers without access. Default: [`ObjectVisibility::Hidden`], so a missing object and a
    /// denied one get the same 404 response, the problem `not-found`.
    const VISIBILITY: ObjectVisibility = ObjectVisibility::Hidden;

    /// Loads the object; returns `None` if it does not exist. It is never called for callers that the rule denies. It is called
    /// once for the rule and the first argument of the handler, and once more for each further argument of the same resource.
    ///
    /// # Errors
    /// It is unknown whether the object exists.
    fn load(key: Self::Key, deps: &Self::Deps) -> impl Future<Output = Result<Option<Self>, Self::Error>>;
}

/// The visibility of an object's existence to callers without access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectVisibility {
    /// A missing object and a denied one get the same 404.
    Hidden,
    /// A denied object is 403: its existence is public.
    Public,
}

/// The policy for the action `A` on the object. `A` is a type of the application, without trait requirements.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not implement `Allows<{A}>`",
    label = "no implementation decides who may perform this action",
    note = "write `impl Allows<{A}> for {Self}`"
)]
pub trait Allows<A>: Resource {
    /// Returns whether the caller may perform the action. Compare an owner with the complete
    /// [`Principal::id`](auth_core::Principal::id), and never with a part of it.
    fn allows(&self, caller: &Principal) -> bool;
}

/// A loaded object, and the proof that the caller of this request may perform the action `A` on it.
///
/// It has no public constructor, so a function that takes it cannot be called with an object that was not checked. An argument of
/// this type is extracted after the rule of the handler holds, and before the body is read if the argument is written with this
/// type name. An alias, or an `Option` of it, is loaded together with the other arguments. In rules, `authorized(Post, Edit)` is
/// the equivalent check. The proof reflects the time of the check.
pub struct Authorized<R, A> {
    object: R,
    action: PhantomData<fn() -> A>,
}

impl<R, A> Authorized<R, A> {
    /// Returns the object without the proof.
    pub fn into_inner(self) -> R {
        self.object
    }
}

impl<R: Resource, A: 'static> Authorized<R, A> {
    #[doc(hidden)]
    pub const OBJECT: ObjectArg =
        ObjectArg { path: R::PATH, resource: std::any::type_name::<R>, action: Some(std::any::type_name::<A>) };
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

/// A loaded object without a permission check, for handlers whose rule contains it, as `authorized(Post, Edit)`. A missing object
/// is 404. An object that the rule has loaded is not loaded again.
pub struct Loaded<R>(pub R);

impl<R: Resource> Loaded<R> {
    #[doc(hidden)]
    pub const OBJECT: ObjectArg = ObjectArg { path: R::PATH, resource: std::any::type_name::<R>, action: None };
}

impl<R> Deref for Loaded<R> {
    type Target = R;

    fn deref(&self) -> &R {
        &self.0
    }
}

impl<R: fmt::Debug> fmt::Debug for Loaded<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Object").field(&self.0).finish()
    }
}

/// The object that a rule has loaded, for the argument of the handler.
struct Stash<R>(R);

/// Returns the object that the rule has loaded, or loads it.
async fn load<R: Resource>(request: &HttpRequest) -> Result<Option<R>, Error> {
    let stashed = request.extensions_mut().remove::<Stash<R>>();
    if let Some(Stash(object)) = stashed {
        return Ok(Some(object));
    }
    let Some(key) = Actix::path_parameter(request, R::PATH) else {
        let cause = "the route pattern does not contain the path parameter of the object exactly once";
        let denial = Denial { cause: Some(cause), ..Denial::new(Reason::SetUp) };
        return Err(guard::refuse(request, rule_of(request), denial, Payload::None));
    };
    let Ok(key) = key.parse::<R::Key>() else { return Ok(None) };
    let deps = R::Deps::from_request(request, &mut Payload::None).await.map_err(Into::into)?;
    R::load(key, &deps).await.map_err(Into::into)
}

/// The rule in logs for a handler that takes an object without a rule.
static NO_RULE: Rule =
    Rule { target: RuleTarget::Other("a handler that takes an object"), ..auth_core::policy::rule::AUTHENTICATED };

/// Makes a denial look as if the object did not exist.
fn hide(request: &HttpRequest) {
    adapter::update(request, |state| state.notes_mut().hides_object = true);
}

fn rule_of(request: &HttpRequest) -> &'static Rule {
    guard::rule_of(request).unwrap_or(&NO_RULE)
}

/// Returns the denial for an object that is missing, or that the caller may not access.
fn refuse<R: Resource>(request: &HttpRequest, is_there: bool) -> Error {
    if !is_there || R::VISIBILITY == ObjectVisibility::Hidden {
        hide(request);
    }
    let caller = request.principal().map(|caller| caller.id());
    let cause =
        if is_there { "the caller may not perform this action on the object" } else { "the object does not exist" };
    let denial = Denial { cause: Some(cause), caller, ..Denial::new(Reason::InsufficientPermissions) };
    guard::refuse(request, rule_of(request), denial, Payload::None)
}

/// Runs application code. Returns the response error if it fails or panics.
async fn whole<T>(request: &HttpRequest, asked: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match catch_panic(pin!(asked)).await {
        Some(found) => found.map_err(|error| failed(request, error)),
        None => {
            let cause = "the code that loads or authorizes an object panicked";
            let denial = Denial { cause: Some(cause), ..Denial::new(Reason::CheckFailed) };
            Err(guard::refuse(request, rule_of(request), denial, Payload::None))
        }
    }
}

/// Returns the response error for an error of a loader.
fn failed(request: &HttpRequest, error: Error) -> Error {
    // A denial of this crate already contains its response.
    if error.as_error::<crate::respond::Refusal>().is_some() {
        return error;
    }
    guard::failed(request, rule_of(request), &error, guard::Failure::OfCheck, Payload::None)
}

impl<R: Allows<A>, A: 'static> FromRequest for Authorized<R, A> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let caller = Principal::from_request(&request, &mut Payload::None).await?;
            let asked = async {
                let object = load::<R>(&request).await?;
                let allowed = object.as_ref().is_some_and(|object| object.allows(&caller));
                Ok((object, allowed))
            };
            match whole(&request, asked).await? {
                (Some(object), true) => Ok(Self { object, action: PhantomData }),
                (object, _) => Err(refuse::<R>(&request, object.is_some())),
            }
        })
    }
}

impl<R: Resource> FromRequest for Loaded<R> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let object = whole(&request, load::<R>(&request)).await?;
            if R::VISIBILITY == ObjectVisibility::Hidden {
                // If a later check denies, the response must not reveal that the object exists.
                hide(&request);
            }
            object.map(Self).ok_or_else(|| refuse::<R>(&request, false))
        })
    }
}

/// Returns the path parameter of the object's key.
#[doc(hidden)]
pub const fn object_key<R: Resource>() -> ObjectKey {
    ObjectKey(R::PATH)
}

/// Runs `authorized(R, A)` in a rule. The loaded object is kept for the handler.
#[doc(hidden)]
pub async fn authorized<R: Allows<A>, A: 'static>(request: &HttpRequest, caller: Option<&Principal>) -> CheckOutcome {
    let Some(caller) = caller else { return CheckOutcome::NotAsked };
    let asked = async {
        let found = load::<R>(request).await?;
        let allowed = found.as_ref().is_some_and(|object| object.allows(caller));
        Ok((found, allowed))
    };
    let (found, allowed) = match catch_panic(pin!(asked)).await {
        Some(Ok(found)) => found,
        Some(Err(error)) => return CheckOutcome::Failed(error),
        None => return CheckOutcome::Panicked,
    };
    if !allowed && (found.is_none() || R::VISIBILITY == ObjectVisibility::Hidden) {
        hide(request);
    }
    if let Some(object) = found {
        request.extensions_mut().insert(Stash(object));
    }
    CheckOutcome::Held(allowed)
}
