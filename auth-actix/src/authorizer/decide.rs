//! Decisions of an [`Authorizer`] on objects and lists.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix_web::Error;
use auth_core::denial::Reason;
use auth_core::engine::rights_unavailable;
use auth_core::identity::vocabulary::NameKind;
use auth_core::runtime::clock::{self, Timestamp};

use super::{Action, Allows, Authorized, Authorizer, Denial, ListFilter, ObjectFacts, Policy, Resource, Unchecked};
use crate::extract::object::decision::{ObjectVerdict, denied, required};
use crate::extract::object::resource::{ObjectVisibility, Tenancy};
use crate::respond;

/// Time for which the facts of the request are used.
const FACTS_TTL: Duration = Duration::from_secs(5);

/// Time after which an authorizer refuses, because it cannot verify the credential again.
const MAX_AGE: Duration = Duration::from_secs(5 * 60);

/// The use of facts that are this old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Freshness {
    Fresh,
    /// Blocks and rights are asked for again.
    AskAgain,
    TooOld,
}

/// Returns the use of facts of this age, of a credential that ends at this time.
fn freshness(age: Duration, expires: Option<Timestamp>, now: Timestamp) -> Freshness {
    match age {
        _ if age <= FACTS_TTL => Freshness::Fresh,
        _ if age > MAX_AGE || expires.is_some_and(|end| end <= now) => Freshness::TooOld,
        _ => Freshness::AskAgain,
    }
}

/// An object, if it exists for the caller, and the decision on it.
type Decided<R> = (Option<Arc<R>>, ObjectVerdict);

impl Authorizer {
    /// Decides on the objects of pairs.
    pub(super) async fn pairs_decided<R: Policy<A>, A: Action, T: Send>(
        &self,
        pairs: Vec<(Unchecked<R>, T)>,
        limit: usize,
    ) -> Result<Vec<(Arc<Authorized<R, A>>, T)>, Denial> {
        if pairs.len() > limit {
            let denial = denied(Reason::BatchTooLarge, "a batch has more keys than `.batch_limit(…)`");
            return Err(self.report(denial.into()));
        }
        let mut positions: HashMap<R::Key, usize> = HashMap::with_capacity(pairs.len());
        let mut keys = Vec::with_capacity(pairs.len());
        let positioned = pairs.into_iter().map(|(Unchecked(key), value)| {
            let position = *positions.entry(key.clone()).or_insert_with(|| {
                keys.push(key);
                keys.len() - 1
            });
            (position, value)
        });
        let positioned: Vec<_> = positioned.collect();
        let objects = self.decided::<R, A>(keys).await?;
        let objects: Vec<_> = objects.into_iter().map(|object| Arc::new(Authorized::new(object))).collect();
        let of = |(position, value)| Some((Arc::clone(objects.get(position)?), value));
        Ok(positioned.into_iter().filter_map(of).collect())
    }

    /// Returns the objects with these keys, each once, in the order of the keys.
    pub(super) async fn decided<R: Policy<A>, A: Action>(&self, keys: Vec<R::Key>) -> Result<Vec<Arc<R>>, Denial> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        self.objects::<R, A>(&keys).await.map_err(|denial| self.report(denial))
    }

    async fn objects<R: Policy<A>, A: Action>(&self, keys: &[R::Key]) -> Result<Vec<Arc<R>>, Denial> {
        let mut facts = self.facts::<R>()?;
        if facts.caller.is_none() && !<R as Policy<A>>::ADMITS_ANONYMOUS {
            return Err(self.not_for_anonymous());
        }
        let mut decided = verdicts::<R, A>(&mut facts, keys).await?;
        if self.0.admits_anonymous && <R as Policy<A>>::ADMITS_ANONYMOUS {
            let is_uncounted = |(_, (_, verdict)): &(usize, &Decided<R>)| *verdict == ObjectVerdict::Uncounted;
            let uncounted: Vec<usize> = decided.iter().enumerate().filter(is_uncounted).map(|(at, _)| at).collect();
            if !uncounted.is_empty() {
                let again: Vec<_> = uncounted.iter().filter_map(|at| keys.get(*at).cloned()).collect();
                let anonymous = verdicts::<R, A>(&mut facts.anonymous(), &again).await?;
                for (at, one) in uncounted.into_iter().zip(anonymous) {
                    if let Some(known) = decided.get_mut(at) {
                        *known = one;
                    }
                }
            }
        }
        match self.refusal::<R, A>(&decided) {
            Some(denial) => Err(denial),
            None => Ok(decided.into_iter().filter_map(|(object, _)| object).collect()),
        }
    }

    /// Returns the denial of a batch, unless each of its objects was allowed (OBJ-11). A hidden object precedes the others.
    fn refusal<R: Policy<A>, A: Action>(&self, decided: &[Decided<R>]) -> Option<Denial> {
        let of = |found: ObjectVerdict| decided.iter().filter(move |(_, verdict)| *verdict == found);
        let is_hidden = |(object, _): &Decided<R>| object.is_none() || R::EXISTENCE == ObjectVisibility::Hidden;
        let refused = || of(ObjectVerdict::Refused).chain(of(ObjectVerdict::Uncounted));
        if refused().any(is_hidden) {
            return Some(Denial::hidden("an object does not exist for the caller, or its policy refuses the action"));
        }
        if of(ObjectVerdict::Refused).next().is_some() {
            return Some(match self.0.facts.caller {
                Some(_) => denied(Reason::InsufficientPermissions, "the policy of an object refuses the action").into(),
                None => self.not_for_anonymous(),
            });
        }
        if of(ObjectVerdict::Uncounted).next().is_some() {
            return Some(uncounted::<A>());
        }
        let too_many = of(ObjectVerdict::TooManyTenants).next();
        too_many.map(|_| denied(Reason::BatchTooLarge, "the objects of a batch belong to too many tenants").into())
    }

    /// Returns the filter of a list.
    pub(super) fn filter<R: Allows<A>, A: Action>(&self) -> Result<ListFilter<R, A>, Denial> {
        self.facts::<R>()?;
        let facts = &self.0.facts;
        let admits_anonymous = <R as Allows<A>>::ADMITS_ANONYMOUS;
        match &facts.caller {
            None if !admits_anonymous => Err(self.not_for_anonymous()),
            Some(caller) if !facts.knows_list_rights::<R>() => Err(rights_unavailable(caller).into()),
            _ if facts.counts_for_list::<R, A>() => Ok(ListFilter::of_facts(facts.clone())),
            _ if admits_anonymous && self.0.admits_anonymous => Ok(ListFilter::of_facts(facts.anonymous())),
            _ => Err(uncounted::<A>()),
        }
    }

    /// Returns the facts with which objects of this type are decided on.
    fn facts<R: Resource>(&self) -> Result<ObjectFacts, Denial> {
        let facts = self.0.facts.clone();
        let lacks = |name: &str| !R::TENANT.dimensions().contains(&name);
        let is_shared = matches!(R::TENANT, Tenancy::Shared(_));
        if !is_shared && facts.tenant.iter().flat_map(|tenant| tenant.dimensions()).any(|(name, _)| lacks(name)) {
            let cause = "the rule names a tenant that the objects lack: set `Resource::TENANT`";
            return Err(denied(Reason::SetUp, cause).into());
        }
        let Some(caller) = &facts.caller else { return Ok(facts) };
        let age = clock::monotonic().since(self.0.taken);
        match freshness(age, caller.expires_at(), clock::now()) {
            Freshness::Fresh => Ok(facts),
            Freshness::AskAgain => {
                let caller = facts.auth.engine().reject_if_blocked(caller.without_rights())?;
                Ok(ObjectFacts { caller: Some(caller.into()), ..facts })
            }
            Freshness::TooOld => {
                let cause = "the credential has expired, or an authorizer was used for too long";
                let reason = Reason::ExpiredCredentials;
                Err(auth_core::denial::Denial::refused(caller.scheme(), reason, cause).into())
            }
        }
    }

    /// Returns the denial of an anonymous caller, or of a login without an account, where a login or an account could help.
    fn not_for_anonymous(&self) -> Denial {
        match self.0.caller {
            Some(_) => denied(Reason::AccountRequired, "the objects are for callers with an account").into(),
            None => denied(Reason::MissingCredentials, "the objects are not for anonymous callers").into(),
        }
    }

    /// Records a denial, and adds the settings for its response.
    pub(super) fn report(&self, mut denial: Denial) -> Denial {
        let inner = &self.0;
        let (known, answer) = denial.parts();
        if let Some(caller) = &inner.caller {
            known.caller = Some(caller.id());
            known.scheme.get_or_insert(caller.scheme());
        }
        if let Some(event) = &inner.event {
            let engine = inner.facts.auth.engine();
            engine.record(&engine.denied_event(event.clone(), inner.rule, known, answer.status));
        }
        respond::log_denial(known, answer.is_of_server(), inner.rule, &inner.method);
        denial.of(&inner.facts.auth)
    }
}

/// Returns the denial of a credential that does not count for an action (RIGHTS-8).
fn uncounted<A: Action>() -> Denial {
    let reason = match required::<A>() {
        Some(name) if name.vocabulary.kind == NameKind::Scope => Reason::InsufficientScope(vec![name.text]),
        _ => Reason::InsufficientPermissions,
    };
    denied(reason, "the credential does not count for the action").into()
}

/// Loads objects and decides on them. Returns one decision for each key, in their order.
async fn verdicts<R: Policy<A>, A: Action>(
    facts: &mut ObjectFacts,
    keys: &[R::Key],
) -> Result<Vec<Decided<R>>, Denial> {
    let counts = facts.counts_unloaded::<R, A>().await?;
    if counts == Some(false) {
        return Ok(keys.iter().map(|_| (None, ObjectVerdict::Uncounted)).collect());
    }
    let objects: Vec<Arc<R>> = facts.load(keys, of_loader::<R>).await?;
    let judged = facts.judge::<R, A>(&objects, counts).await?;
    let missing = facts.of_missing::<R, A>(counts);
    let mut found: HashMap<R::Key, Decided<R>> = HashMap::with_capacity(objects.len());
    found.extend(objects.into_iter().zip(judged).map(|(object, verdict)| (object.key(), (Some(object), verdict))));
    Ok(keys.iter().map(|key| found.remove(key).unwrap_or((None, missing))).collect())
}

/// Returns the denial for an error of a loader (OBJ-15).
fn of_loader<R: Resource>(error: R::Error) -> Denial {
    let error: Error = error.into();
    let status = error.as_response_error().status_code();
    if !status.is_client_error() {
        tracing::error!(target: "auth_actix", %error, "the loader of an object failed");
    }
    Denial::of_failure("the loader of an object failed", status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_facts_are_asked_for_again_and_then_refused() {
        // DECIDE-4, DECIDE-5
        let now = clock::now();
        let at = |seconds: i64| Some(Timestamp::from_seconds(now.seconds() + seconds));
        #[rustfmt::skip]
        let table = [
            // (age, expiry of the credential, use)
            (0,   None,     Freshness::Fresh),
            (5,   None,     Freshness::Fresh),
            (5,   at(-100), Freshness::Fresh), // verified with leeway when the handler was called
            (6,   None,     Freshness::AskAgain),
            (6,   at(1),    Freshness::AskAgain),
            (6,   at(0),    Freshness::TooOld),
            (300, None,     Freshness::AskAgain),
            (301, None,     Freshness::TooOld),
            (301, at(900),  Freshness::TooOld),
        ];
        for (age, expires, expected) in table {
            assert_eq!(freshness(Duration::from_secs(age), expires, now), expected, "{age} {expires:?}");
        }
    }
}
