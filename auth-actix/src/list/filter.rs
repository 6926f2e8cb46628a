//! Lists of objects: the condition that a policy and a list share, and the filter of a request.

use std::any::{TypeId, type_name};
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpMessage as _, HttpRequest};
use auth_core::condition::{
    Aliased, ColumnValue, Columns, Condition, Dialect, lacked_column, within_tenants, without_tenant,
};
use auth_core::denial::{Denial, Reason};
use auth_core::identity::tenant::Tenant;
use auth_core::policy::atom::{ListArg, ObjectAction};
use auth_core::policy::rule::{Rule, RuleTarget};
use auth_core::runtime::future::LocalBoxFuture;

use crate::extract::object::action::Action;
use crate::extract::object::ask::{Undecidable, UnseenArgument, facts_of, keep_answers};
use crate::extract::object::decision::{ObjectFacts, exists, is_scope, required};
use crate::extract::object::resource::{Allows, Resource, Tenancy};
use crate::guard::{self, AskObject, CheckOutcome, ObjectQuestion};
use crate::principal::Principal;

/// The policy for the action `A`, as a condition on the columns of the table. A list of objects and the check of a single object use it,
/// so they cannot differ.
///
/// The rights of the caller in the tenant that was decided on are known, otherwise those outside of tenants.
///
/// ```
/// use actix_web::{HttpResponse, get, web};
/// use auth_actix::list::{Columns, Condition, Dialect, ListFilter, Visible};
/// use auth_actix::object::LoadContext;
/// use auth_actix::{Action, Authorized, Id, Principal, Resource, public};
///
/// #[derive(Columns)]
/// #[columns(table = "posts")]
/// struct Post { id: i64, author: Option<Id>, removed: bool }
///
/// #[derive(Action)]
/// struct Read;
///
/// impl Visible<Read> for Post {
///     fn condition(caller: Option<&Principal>) -> Condition<Self> {
///         Post::REMOVED.is(false) | Post::AUTHOR.is(caller.map(|caller| caller.id()))
///     }
/// }
///
/// # struct Pool;
/// # impl Pool { async fn titles(&self, _: &str, _: Vec<auth_actix::list::ColumnValue>) -> String { String::new() } }
/// impl Resource for Post {
///     type Key = i64;
///     type Deps = web::Data<Pool>;
///     type Error = actix_web::Error;
///     const PATH: &'static str = "id";
///     fn key(&self) -> i64 { self.id }
///     async fn load(ids: &[i64], _: &LoadContext<'_>, pool: &web::Data<Pool>) -> Result<Vec<Self>, actix_web::Error> {
/// #       let _ = (ids, pool);
///         // …
/// #       Ok(Vec::new())
///     }
/// }
///
/// #[public]
/// #[get("/posts")]
/// async fn list(filter: ListFilter<Post, Read>, pool: web::Data<Pool>) -> String {
///     let (visible, values) = filter.to_sql(Dialect::Postgres, 1);
///     pool.titles(&format!("SELECT title FROM posts WHERE {visible} ORDER BY id"), values).await
/// }
///
/// #[public]
/// #[get("/posts/{id}")]
/// async fn show(post: Authorized<Post, Read>) -> String {
///     format!("post {}", post.id)
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no condition for the action `{A}`",
    label = "no condition lists the objects on which a caller may perform this action",
    note = "write `impl Visible<{A}> for {Self}`, which replaces `impl Allows<{A}> for {Self}`",
    note = "without a condition, load the objects and call `retain`"
)]
pub trait Visible<A: Action>: Resource + Columns {
    /// Returns the condition of the objects on which the caller may perform the action. `None` is an anonymous caller.
    fn condition(caller: Option<&Principal>) -> Condition<Self>;
}

#[diagnostic::do_not_recommend]
impl<R: Visible<A>, A: Action> Allows<A> for R {
    const ADMITS_ANONYMOUS: bool = true;
    const LACKED_COLUMN: Option<&'static str> = lacked_column::<R>(R::TENANT.dimensions());

    fn allows(&self, caller: &Principal) -> bool {
        R::condition(Some(caller)).holds(self)
    }

    fn allows_anonymous(&self) -> bool {
        R::condition(None).holds(self)
    }

    fn allows_each(objects: &[&Self], caller: Option<&Principal>) -> Vec<bool> {
        let condition = R::condition(caller);
        objects.iter().map(|object| condition.holds(object)).collect()
    }
}

/// An extractor for the filter of a list: the objects on which the caller of this request may perform the action `A`.
///
/// It is a further requirement of the rule for a *limited* credential, such as a personal token with few scopes: without the name that
/// the action requires, it counts as anonymous if the handler and the policy admit anonymous callers, otherwise the response is 403.
///
/// The filter also requires the tenant that was decided on, and what the credential is bound to. The resource of a list under a rule with
/// a tenant must have the dimensions of the tenant, or be shared, otherwise the handler does not compile.
///
/// A handler can take the filter and ignore it. `test::assert_visible` finds that.
#[must_use = "a list that ignores its filter shows each object to each caller"]
pub struct ListFilter<R, A> {
    /// The caller. `None` for an anonymous one, and for one whose credential does not count.
    caller: Option<Principal>,
    /// The tenant that was decided on.
    tenant: Option<Tenant>,
    /// Whether the credential counts only for shared objects that name no tenant.
    only_without_tenant: bool,
    types: PhantomData<fn() -> (R, A)>,
}

impl<R, A> Clone for ListFilter<R, A> {
    fn clone(&self) -> Self {
        let (caller, tenant) = (self.caller.clone(), self.tenant.clone());
        Self { caller, tenant, only_without_tenant: self.only_without_tenant, types: PhantomData }
    }
}

/// Shows the types only.
impl<R, A> fmt::Debug for ListFilter<R, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ListFilter<{}, {}>", type_name::<R>(), type_name::<A>())
    }
}

impl<R: Allows<A>, A: Action> ListFilter<R, A> {
    #[doc(hidden)]
    pub const LIST: &'static ObjectAction = &ObjectAction {
        path: R::PATH,
        at: None,
        types: || (TypeId::of::<R>(), TypeId::of::<A>()),
        resource: type_name::<R>,
        action: type_name::<A>,
        required: required::<A>(),
        admits_anonymous: <R as Allows<A>>::ADMITS_ANONYMOUS,
        tenancy: R::TENANT,
        // A list loads no object.
        deps: TypeId::of::<()>,
        deps_name: type_name::<()>,
        list: Some(ListArg { lacked_column: <R as Allows<A>>::LACKED_COLUMN }),
        ask: &AskObject(ask::<R, A>),
    };

    /// Returns the condition of the objects in the list.
    pub fn condition(&self) -> Condition<R>
    where
        R: Visible<A>,
    {
        let is_shared = matches!(R::TENANT, Tenancy::Shared(_));
        let caller = self.caller.as_ref();
        let exists =
            within_tenants(R::TENANT.dimensions(), is_shared, self.tenant.as_ref(), caller.map(|caller| &**caller));
        let exists = if self.only_without_tenant { exists & without_tenant() } else { exists };
        exists & R::condition(caller)
    }

    /// Returns the condition as SQL in parentheses, and the values of its placeholders. They are numbered from `first_placeholder` on.
    ///
    /// See [`Condition::to_sql`].
    pub fn to_sql(&self, dialect: Dialect, first_placeholder: usize) -> (String, Vec<ColumnValue>)
    where
        R: Visible<A>,
    {
        self.condition().to_sql(dialect, first_placeholder)
    }

    /// Like [`to_sql`](Self::to_sql), with columns that are qualified by an alias of the table.
    pub fn to_sql_as(&self, alias: &str, dialect: Dialect, first_placeholder: usize) -> (String, Vec<ColumnValue>)
    where
        R: Visible<A>,
    {
        Aliased::to_sql(&self.condition().alias(alias), dialect, first_placeholder)
    }

    /// Removes the objects that are not in the list from those that were loaded.
    pub fn retain(&self, objects: &mut Vec<R>) {
        let mut kept = self.contain(&objects.iter().collect::<Vec<_>>()).into_iter();
        objects.retain(|_| kept.next().unwrap_or_default());
    }

    /// Returns for each object whether it is in the list.
    pub(crate) fn contain(&self, objects: &[&R]) -> Vec<bool> {
        let exists = |object: &R| {
            exists(object, self.tenant.as_ref(), self.caller.as_ref())
                && !(self.only_without_tenant && object.tenant().is_some())
        };
        let existing: Vec<bool> = objects.iter().map(|object| exists(object)).collect();
        let asked: Vec<&R> =
            objects.iter().zip(&existing).filter(|(_, exists)| **exists).map(|(object, _)| *object).collect();
        let mut allowed = <R as Allows<A>>::allows_each(&asked, self.caller.as_ref()).into_iter();
        existing.into_iter().map(|exists| exists && allowed.next().unwrap_or_default()).collect()
    }

    /// Returns the filter of a caller whose credential counts for the list.
    pub(crate) fn of_facts(facts: ObjectFacts) -> Self {
        let only_without_tenant = matches!(R::TENANT, Tenancy::Shared(_)) && facts.is_limited() && !is_scope::<A>();
        let ObjectFacts { caller, tenant, .. } = facts;
        Self { caller, tenant, only_without_tenant, types: PhantomData }
    }

    /// Returns the filter of a caller, for tests.
    #[allow(dead_code, reason = "test support for databases uses it")]
    pub(crate) const fn of(caller: Option<Principal>, tenant: Option<Tenant>) -> Self {
        Self { caller, tenant, only_without_tenant: false, types: PhantomData }
    }
}

/// The filter that the rule has decided on. Kept with the request until the argument is extracted.
struct Decided<R, A>(ListFilter<R, A>);

/// Decides whether the credential of the caller counts for a list, as a check of the rule.
fn ask<'a, R: Allows<A>, A: Action>(
    request: &'a HttpRequest,
    question: ObjectQuestion<'a>,
) -> LocalBoxFuture<'a, CheckOutcome> {
    Box::pin(async move {
        match decide::<R, A>(request, question).await {
            Ok(Some(filter)) => {
                request.extensions_mut().insert(Decided(filter));
                CheckOutcome::Held(true)
            }
            Ok(None) => CheckOutcome::Uncounted,
            Err(Undecidable::Failed(error)) => CheckOutcome::Failed(error),
            Err(Undecidable::Denied(denial)) => CheckOutcome::Denied(denial),
        }
    })
}

/// Returns the filter of a caller. `None` if the credential does not count for the action (RIGHTS-8).
async fn decide<R: Allows<A>, A: Action>(
    request: &HttpRequest,
    question: ObjectQuestion<'_>,
) -> Result<Option<ListFilter<R, A>>, Undecidable> {
    let ObjectQuestion { caller, any_token, rule, .. } = question;
    let mut facts = facts_of(request, caller, any_token, rule, R::TENANT != Tenancy::None)?;
    let asked = facts.ask_list_rights::<R>().await;
    keep_answers(request, &facts, rule);
    asked?;
    Ok(facts.counts_for_list::<R, A>().then(|| ListFilter::of_facts(facts)))
}

/// The future of [`ListFilter`].
pub enum ListFilterFuture<R, A> {
    /// The rule has decided.
    Found(Option<ListFilter<R, A>>),
    /// The attribute of the handler cannot see the argument, so that it is decided now.
    Asking(LocalBoxFuture<'static, Result<ListFilter<R, A>, Error>>),
}

impl<R, A> fmt::Debug for ListFilterFuture<R, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListFilterFuture").finish_non_exhaustive()
    }
}

impl<R, A> Future for ListFilterFuture<R, A> {
    type Output = Result<ListFilter<R, A>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Found(found) => Poll::Ready(found.take().ok_or_else(guard::refuse_twice)),
            Self::Asking(asking) => asking.as_mut().poll(context),
        }
    }
}

impl<R: Allows<A>, A: Action> FromRequest for ListFilter<R, A> {
    type Error = Error;
    type Future = ListFilterFuture<R, A>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let decided = request.extensions().get::<Decided<R, A>>().map(|Decided(filter)| filter.clone());
        match decided {
            Some(filter) => ListFilterFuture::Found(Some(filter)),
            None => ListFilterFuture::Asking(Box::pin(asked(request.clone()))),
        }
    }
}

/// The rule in logs for a handler that takes a filter without a rule.
static NO_RULE: Rule =
    Rule { target: RuleTarget::Other("a handler that takes a list filter"), ..auth_core::policy::rule::AUTHENTICATED };

/// Decides on a filter of which the rule does not know.
async fn asked<R: Allows<A>, A: Action>(request: HttpRequest) -> Result<ListFilter<R, A>, Error> {
    let argument = UnseenArgument::of(&request, <R as Allows<A>>::ADMITS_ANONYMOUS, &NO_RULE).await?;
    let mut payload = Payload::None;
    match decide::<R, A>(&request, argument.question::<R>(&mut payload)).await {
        Ok(Some(filter)) => Ok(filter),
        Ok(None) => {
            let cause = "the credential does not count for the action of the list";
            let denial = Denial { cause: Some(cause), ..Denial::new(Reason::InsufficientPermissions) };
            Err(argument.refuse(denial))
        }
        Err(cause) => Err(argument.undecidable(cause)),
    }
}
