//! Decisions inside handlers, about objects that no attribute can see.

mod decide;

use std::fmt;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::{Error, FromRequest, HttpRequest};
use auth_core::audit::Event;
use auth_core::policy::rule::{Rule, RuleTarget, check_list_columns};
use auth_core::runtime::clock::{self, Moment};
use auth_core::runtime::future::{BoxFuture, LocalBoxFuture};

use crate::extract::object::action::Action;
use crate::extract::object::ask::UnseenArgument;
use crate::extract::object::decision::ObjectFacts;
use crate::extract::object::resource::{Allows, Policy, Resource};
use crate::extract::object::unchecked::Unchecked;
use crate::extract::object::{Authorized, Denial};
use crate::guard;
use crate::list::ListFilter;
use crate::principal::Principal;

/// An extractor for decisions inside a handler: on objects whose keys are located in lists, or are known only later.
///
/// It contains what the rule of the handler has found: the caller, who may be anonymous, and the tenant that was decided on. An object of
/// another tenant does not exist for it. It contains no request, so it can be sent to other tasks and threads. It decides by the facts of
/// its request for 5 s. Afterwards, blocks and rights of the caller are asked for again, and after the credential has expired, or after
/// five minutes, it refuses with 401.
///
/// When the handler is called, the rights provider is asked for the rights of the caller outside of tenants and in the tenant that was decided
/// on, because [`list`](Self::list) does not wait. A failure has an effect only on what depends on the answer.
///
/// The credential of a limited caller counts for an action only by the name that the action requires. Without it, objects are decided on as
/// for an anonymous caller if the handler and the policy admit those, otherwise they are refused.
///
/// ```
/// # use auth_actix::object::LoadContext;
/// use actix_web::web::Json;
/// use auth_actix::object::{Denial, Unchecked};
/// use auth_actix::{Action, Allows, Authorizer, Principal, Resource, require_auth};
/// # struct Post { id: u64, author: auth_actix::Id, title: String }
/// # #[derive(Action)]
/// # struct Read;
/// # impl Resource for Post {
/// #     type Key = u64;
/// #     type Deps = ();
/// #     type Error = actix_web::Error;
/// #     const PATH: &'static str = "id";
/// #     fn key(&self) -> u64 { self.id }
/// #     async fn load(_: &[u64], _: &LoadContext<'_>, (): &()) -> Result<Vec<Self>, actix_web::Error> { Ok(Vec::new()) }
/// # }
/// # impl Allows<Read> for Post {
/// #     fn allows(&self, caller: &Principal) -> bool { caller.id() == self.author }
/// # }
///
/// #[derive(serde::Deserialize)]
/// struct Item { post: Unchecked<Post>, note: String }
///
/// #[require_auth]
/// #[actix_web::post("/bookmarks")]
/// async fn bookmark(items: Json<Vec<Item>>, may: Authorizer) -> Result<String, Denial> {
///     let items = items.into_inner().into_iter().map(|item| (item.post, item.note));
///     // All posts are loaded at once. If the caller may not read one of them, the response is 404.
///     let posts = may.each::<Post, Read, _>(items).await?;
///     Ok(posts.iter().map(|(post, note)| format!("{}: {note}\n", post.title)).collect())
/// }
/// ```
#[derive(Clone)]
pub struct Authorizer(Arc<Inner>);

struct Inner {
    facts: ObjectFacts,
    /// The caller, also a login without an account, as which no object is decided.
    caller: Option<Principal>,
    /// Whether the rules of the handler admit anonymous callers.
    admits_anonymous: bool,
    rule: &'static Rule,
    method: Method,
    taken: Moment,
    /// The audit event of the request, if events are recorded.
    event: Option<Event>,
}

impl Authorizer {
    /// Returns the caller. `None` for an anonymous one, and for one whose credential does not count for the handler.
    pub fn principal(&self) -> Option<&Principal> {
        self.0.caller.as_ref()
    }

    /// Loads an object, and decides whether the caller may perform the action on it.
    ///
    /// # Errors
    /// - 404 `not-found`: the object does not exist for the caller, or its policy refuses and its existence is hidden.
    /// - 403, or 401 for an anonymous caller: the policy refuses, and the existence of the object is public.
    /// - 401 `missing-credentials`: the caller is anonymous, and the policy admits no anonymous callers.
    /// - 503: the rights of the caller, or the policy, are unavailable.
    /// - The status of an error of the loader, otherwise 500.
    pub fn object<R: Policy<A>, A: Action>(
        &self,
        key: Unchecked<R>,
    ) -> BoxFuture<'static, Result<Authorized<R, A>, Denial>> {
        let this = self.clone();
        // A boxed future, because the compiler reports an unmet bound on a returned `impl Future` three times.
        Box::pin(async move {
            let mut objects = this.decided::<R, A>(vec![key.0]).await?;
            objects.pop().map(Authorized::new).ok_or_else(|| Denial::hidden("no object was decided on"))
        })
    }

    /// Loads several objects in one call of their loader, and decides whether the caller may perform the action on each of them. Each key
    /// comes with a value of the application, such as its row in the body. The objects are returned in the same order with these values.
    /// A repeated key is loaded and decided once.
    ///
    /// Everything is decided before it returns, and one refusal refuses all.
    ///
    /// # Errors
    /// - 400 `batch-too-large`: more than 1,000 keys ([`batch_limit`](crate::AuthBuilder::batch_limit)), or objects of more than 16 tenants
    ///   about which the rights provider is asked.
    /// - 404 `not-found` if one object does not exist for the caller or is hidden from them.
    /// - Otherwise as for [`object`](Self::object).
    pub fn each<'a, R: Policy<A>, A: Action, T: Send + 'a>(
        &self,
        keys: impl IntoIterator<Item = (Unchecked<R>, T)> + Send,
    ) -> BoxFuture<'a, Result<Vec<(Arc<Authorized<R, A>>, T)>, Denial>> {
        let limit = self.0.facts.auth.engine().resource_deps().batch_limit;
        // One more than allowed, so that a longer batch is recognized without being read to its end.
        let pairs: Vec<_> = keys.into_iter().take(limit.saturating_add(1)).collect();
        let this = self.clone();
        Box::pin(async move { this.pairs_decided(pairs, limit).await })
    }

    /// Returns the filter of a list, as the extractor [`ListFilter`] does. The rights of the caller are those at the time at which the
    /// handler was called.
    ///
    /// # Errors
    /// - 403, or 401 for an anonymous caller: the list is not for this caller.
    /// - 503: the rights of the caller are unavailable.
    pub fn list<R: Allows<A>, A: Action>(&self) -> Result<ListFilter<R, A>, Denial> {
        const { check_list_columns(ListFilter::<R, A>::LIST) };
        self.filter::<R, A>().map_err(|denial| self.report(denial))
    }
}

impl fmt::Debug for Authorizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorizer").field("rule", &self.0.rule.text).finish_non_exhaustive()
    }
}

/// The rule in logs for a handler that takes an authorizer without a rule.
static NO_RULE: Rule =
    Rule { target: RuleTarget::Other("a handler that takes an authorizer"), ..auth_core::policy::rule::AUTHENTICATED };

impl FromRequest for Authorizer {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Box::pin(taken(request.clone()))
    }
}

async fn taken(request: HttpRequest) -> Result<Authorizer, Error> {
    let argument = UnseenArgument::of(&request, true, &NO_RULE).await?;
    let mut facts = argument.facts().map_err(|denial| argument.refuse(denial))?;
    // A list is decided without waiting, so its rights are asked for now (RIGHTS-12).
    facts.ask_rights_of_lists().await;
    argument.keep_answers(&facts);
    let event = facts.auth.engine().event_of(&request);
    let (rule, caller) = (argument.rule, argument.caller);
    let admits_anonymous = guard::admits_anonymous(&request, rule);
    let (method, taken) = (request.method().clone(), clock::monotonic());
    Ok(Authorizer(Arc::new(Inner { facts, caller, admits_anonymous, rule, method, taken, event })))
}
