//! One object, and what its caller may do to it.

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

/// What requests are about, one at a time: a post, an order. Says once how it is loaded.
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
    /// What finds it, read from the path. What does not read as one is not there.
    type Key: FromStr;
    /// What loads it: any extractor, such as `web::Data<Pool>`, or a tuple of several. None gets the body of the request.
    type Deps: FromRequest;
    /// What may go wrong. Answered as its own response says if that is 400 or more, else as 500; never let in.
    type Error: Into<Error>;
    /// The name in the pattern of the route where the key stands: `"id"` for `/posts/{id}`.
    const PATH: &'static str;
    /// Whether whoever may not have it learns that it is there. Unless said otherwise they do not: "not there" and "not yours" are
    /// one answer: the problem `not-found`, 404.
    const VISIBILITY: ObjectVisibility = ObjectVisibility::Hidden;

    /// Loads it; `None` where it is not there. Called for nobody whom the rule of the handler refuses: once for the rule and the
    /// first argument of the handler, and once more for each further argument of the same resource.
    ///
    /// # Errors
    /// It cannot be said whether it is there.
    fn load(key: Self::Key, deps: &Self::Deps) -> impl Future<Output = Result<Option<Self>, Self::Error>>;
}

/// Whether somebody who may not have an object learns that it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectVisibility {
    /// "Not there" and "not yours" are one 404.
    Hidden,
    /// "Not yours" is 403: that the object exists is public.
    Public,
}

/// Who may do `A` to the object. `A` is a type of the application that nothing has to be said of.
#[diagnostic::on_unimplemented(
    message = "nobody said who may `{A}` a `{Self}`",
    label = "for this there has to be an answer",
    note = "write `impl Allows<{A}> for {Self}`"
)]
pub trait Allows<A>: Resource {
    /// Whether the caller may. Compare [`Principal::id`](auth_core::Principal::id) with an owner, and never less than that.
    fn allows(&self, caller: &Principal) -> bool;
}

/// An object, loaded, and the proof that the caller of this request may do `A` to it.
///
/// There is no other way to make one: a function that takes it cannot be called with an object that was not asked about. It is
/// taken as an argument, after the rule of the handler holds, and before any body is read where the argument is written by this
/// name (an alias, or an `Option` of it, is loaded together with the others); in rules, `authorized(Post, Edit)` asks the same.
/// What it proves was so when it was asked.
pub struct Authorized<R, A> {
    object: R,
    action: PhantomData<fn() -> A>,
}

impl<R, A> Authorized<R, A> {
    /// The object, without the proof.
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

/// An object, loaded, and no word on who may do what to it: for handlers whose rule says that, as `authorized(Post, Edit)`. 404
/// where it is not there. What the rule has loaded is not loaded again.
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

/// What a rule has loaded, for the argument of the handler.
struct Stash<R>(R);

/// Loads the object; from the rule, if that has done so.
async fn load<R: Resource>(request: &HttpRequest) -> Result<Option<R>, Error> {
    let stashed = request.extensions_mut().remove::<Stash<R>>();
    if let Some(Stash(object)) = stashed {
        return Ok(Some(object));
    }
    let Some(key) = Actix::path_parameter(request, R::PATH) else {
        let cause = "the pattern of the route has no name for the key of the object, or has it twice";
        let denial = Denial { cause: Some(cause), ..Denial::new(Reason::SetUp) };
        return Err(guard::refuse(request, rule_of(request), denial, Payload::None));
    };
    let Ok(key) = key.parse::<R::Key>() else { return Ok(None) };
    let deps = R::Deps::from_request(request, &mut Payload::None).await.map_err(Into::into)?;
    R::load(key, &deps).await.map_err(Into::into)
}

/// The rule, for the log, of who takes an object without one.
static NO_RULE: Rule =
    Rule { target: RuleTarget::Other("a handler that takes an object"), ..auth_core::policy::rule::AUTHENTICATED };

/// Makes a denial look as if the object did not exist.
fn hide(request: &HttpRequest) {
    adapter::update(request, |state| state.notes_mut().hides_object = true);
}

/// The rule that has let the request in.
fn rule_of(request: &HttpRequest) -> &'static Rule {
    guard::rule_of(request).unwrap_or(&NO_RULE)
}

/// The answer for an object that is not there, or not for this caller.
fn refuse<R: Resource>(request: &HttpRequest, is_there: bool) -> Error {
    if !is_there || R::VISIBILITY == ObjectVisibility::Hidden {
        hide(request);
    }
    let caller = request.principal().map(|caller| caller.id());
    let cause = if is_there { "the caller may not do this to the object" } else { "the object is not there" };
    let denial = Denial { cause: Some(cause), caller, ..Denial::new(Reason::InsufficientPermissions) };
    guard::refuse(request, rule_of(request), denial, Payload::None)
}

/// What the application's own code finds, or the answer where it fails or panics.
async fn whole<T>(request: &HttpRequest, asked: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match catch_panic(pin!(asked)).await {
        Some(found) => found.map_err(|error| failed(request, error)),
        None => {
            let cause = "what loads an object, or says who may have it, panicked";
            let denial = Denial { cause: Some(cause), ..Denial::new(Reason::CheckFailed) };
            Err(guard::refuse(request, rule_of(request), denial, Payload::None))
        }
    }
}

/// The error of a loader, as an answer.
fn failed(request: &HttpRequest, error: Error) -> Error {
    // One of ours, which says what to answer.
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
                // A check over it that says no must not tell that it is there.
                hide(&request);
            }
            object.map(Self).ok_or_else(|| refuse::<R>(&request, false))
        })
    }
}

/// Where the key of the object stands.
#[doc(hidden)]
pub const fn object_key<R: Resource>() -> ObjectKey {
    ObjectKey(R::PATH)
}

/// What `authorized(R, A)` asks in a rule. What was loaded is kept for the handler.
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
