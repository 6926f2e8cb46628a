//! Objects that requests are about, and the policies of actions on them.

use std::collections::HashSet;
use std::future::Future;
use std::hash::Hash;
use std::str::FromStr;

use actix_web::Error;
use auth_core::denial::Reason;
use auth_core::identity::tenant::Tenant;
pub use auth_core::policy::atom::Tenancy;

use super::action::Action;
use super::denial::Denial;
use crate::principal::Principal;

/// An object that a request is about, such as a post or an order, and how it is loaded.
///
/// ```
/// use actix_web::web::Data;
/// use auth_actix::object::LoadContext;
/// use auth_actix::{Action, Allows, Authorized, Principal, Resource, require_auth};
/// # struct Pool;
/// # impl Pool { async fn posts(&self, _: &[u64]) -> Result<Vec<Post>, actix_web::Error> { Ok(Vec::new()) } }
///
/// struct Post { id: u64, author: auth_actix::Id, title: String }
///
/// #[derive(Action)]
/// struct Edit;
///
/// impl Resource for Post {
///     type Key = u64;
///     type Deps = Data<Pool>;
///     type Error = actix_web::Error;
///     const PATH: &'static str = "id";
///
///     fn key(&self) -> u64 { self.id }
///
///     async fn load(ids: &[u64], _: &LoadContext<'_>, pool: &Data<Pool>) -> Result<Vec<Self>, actix_web::Error> {
///         pool.posts(ids).await
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
///
/// let builder = auth_actix::Auth::builder().resource_deps(Data::new(Pool));
/// ```
pub trait Resource: Sized + Send + Sync + 'static {
    /// The key, parsed from the path. A path segment that does not parse is treated as a missing object.
    type Key: FromStr + Clone + Eq + Hash + Send + Sync + 'static;
    /// The value with which objects are loaded, such as a connection pool or `web::Data` of one. It is registered once, with
    /// [`resource_deps`](crate::AuthBuilder::resource_deps). In scopes, a missing value is an error at start-up, elsewhere the request
    /// gets 500. `()` needs no registration.
    type Deps: Clone + Send + Sync + 'static;
    /// The error of [`load`](Self::load). The response is the error's own if its status is 400 or above, and otherwise 500. The
    /// request is never granted.
    type Error: Into<Error>;
    /// The name of the path parameter that contains the key: `"id"` for `/posts/{id}`.
    const PATH: &'static str;
    /// The visibility of the object to callers without access. Default: [`ObjectVisibility::Hidden`], so a missing object and a
    /// denied one get the same 404 response, the problem `not-found`.
    const EXISTENCE: ObjectVisibility = ObjectVisibility::Hidden;
    /// The tenants of the objects. Default: none. Under a rule with a tenant, an object must have its dimensions or be shared, otherwise
    /// the handler does not compile.
    const TENANT: Tenancy = Tenancy::None;

    /// Returns the key.
    fn key(&self) -> Self::Key;

    /// Returns the tenant of the object. Required if [`TENANT`](Self::TENANT) names dimensions. Default: none.
    ///
    /// An object whose tenant differs from that of the rule does not exist for the request, and one whose tenant contradicts what the
    /// credential is bound to does not exist for it.
    fn tenant(&self) -> Option<Tenant> {
        None
    }

    /// Loads the objects with these keys, in any order. Missing ones are absent from the result. An object with another key is an error
    /// of the server (500).
    ///
    /// It runs after everything else in the rule holds, for at most 5 s, and once for each resource of a request. It runs again if a
    /// limited credential turns out to count as anonymous.
    ///
    /// # Errors
    /// It is unknown whether the objects exist.
    fn load(
        keys: &[Self::Key],
        cx: &LoadContext<'_>,
        deps: &Self::Deps,
    ) -> impl Future<Output = Result<Vec<Self>, Self::Error>> + Send;
}

/// The visibility of an object's existence to callers without access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectVisibility {
    /// A missing object and a denied one get the same 404.
    Hidden,
    /// A denied object is 403: its existence is public. An anonymous caller gets 401.
    Public,
}

/// The context in which objects are loaded.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LoadContext<'a> {
    /// The caller. `None` for an anonymous one.
    pub caller: Option<&'a Principal>,
    /// The tenant that was decided on. `None` if the rule names none.
    pub tenant: Option<&'a Tenant>,
}

impl LoadContext<'_> {
    /// Returns the value of a dimension of the tenant that was decided on.
    ///
    /// # Errors
    /// The rule names no tenant with this dimension: 500 `set-up`.
    pub fn tenant(&self, name: &str) -> Result<&str, Denial> {
        self.tenant.and_then(|tenant| tenant.get(name)).ok_or_else(|| {
            let cause = "a loader asks for a tenant that the rule does not name";
            let denial = auth_core::denial::Denial::new(Reason::SetUp);
            Denial::from(auth_core::denial::Denial { cause: Some(cause), ..denial })
        })
    }
}

/// The policy for the action `A`, as a function of the loaded object and the caller.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no policy for the action `{A}`",
    label = "no implementation decides who may perform this action",
    note = "write `impl Allows<{A}> for {Self}`, or `impl Visible<{A}> for {Self}` if a condition on its columns decides"
)]
pub trait Allows<A: Action>: Resource {
    /// Whether [`allows_anonymous`](Self::allows_anonymous) can return `true`. Required for handlers that admit anonymous callers.
    /// Default: `false`.
    const ADMITS_ANONYMOUS: bool = false;
    /// A dimension of the tenants of the objects that has no column, so that no list can be restricted to a tenant.
    #[doc(hidden)]
    const LACKED_COLUMN: Option<&'static str> = None;

    /// Returns whether the caller may perform the action. Compare an owner with the complete
    /// [`Principal::id`](auth_core::Principal::id), and never with a part of it. The rights of the caller in the tenant of the object are
    /// known.
    fn allows(&self, caller: &Principal) -> bool;

    /// Returns whether an anonymous caller may perform the action. Default: `false`.
    fn allows_anonymous(&self) -> bool {
        false
    }

    /// Returns for each object whether the caller, or an anonymous one, may perform the action.
    #[doc(hidden)]
    fn allows_each(objects: &[&Self], caller: Option<&Principal>) -> Vec<bool> {
        objects.iter().map(|object| is_allowed::<Self, A>(object, caller)).collect()
    }
}

/// The policy for the action `A` on several objects at once. Implement [`Allows`] unless an external engine decides.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no policy for the action `{A}`",
    label = "no implementation decides who may perform this action",
    note = "write `impl Allows<{A}> for {Self}`, or `impl Visible<{A}> for {Self}` if a condition on its columns decides"
)]
pub trait Policy<A: Action>: Resource {
    /// Whether the policy can allow the action to anonymous callers. Required for handlers that admit them. Default: `false`.
    const ADMITS_ANONYMOUS: bool = false;

    /// Returns the keys of those objects on which the caller may perform the action. A key of another object is an error of the server
    /// (500). Runs for at most 5 s.
    ///
    /// # Errors
    /// The policy cannot decide now: 503 `authorization-unavailable`.
    fn allowed(
        objects: &[&Self],
        cx: &PolicyContext<'_>,
    ) -> impl Future<Output = Result<HashSet<Self::Key>, PolicyUnavailable>> + Send;
}

/// Returns whether the caller, or an anonymous one, may perform the action.
fn is_allowed<R: Allows<A>, A: Action>(object: &R, caller: Option<&Principal>) -> bool {
    match caller {
        Some(caller) => object.allows(caller),
        None => <R as Allows<A>>::ADMITS_ANONYMOUS && object.allows_anonymous(),
    }
}

#[diagnostic::do_not_recommend]
impl<R: Allows<A>, A: Action> Policy<A> for R {
    const ADMITS_ANONYMOUS: bool = <R as Allows<A>>::ADMITS_ANONYMOUS;

    fn allowed(
        objects: &[&Self],
        cx: &PolicyContext<'_>,
    ) -> impl Future<Output = Result<HashSet<Self::Key>, PolicyUnavailable>> + Send {
        let allowed = <R as Allows<A>>::allows_each(objects, cx.caller);
        let allowed = objects.iter().zip(allowed).filter(|(_, allowed)| *allowed);
        std::future::ready(Ok(allowed.map(|(object, _)| object.key()).collect()))
    }
}

/// The context in which a policy is asked.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PolicyContext<'a> {
    /// The caller. `None` for an anonymous one.
    pub caller: Option<&'a Principal>,
    /// The tenant that was decided on. `None` if the rule names none.
    pub tenant: Option<&'a Tenant>,
}

/// The policy cannot decide now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the policy is unavailable")]
pub struct PolicyUnavailable;
