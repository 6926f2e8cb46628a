//! Leases for responses that outlive the decision, such as streams and WebSockets.

use std::fmt;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest};
use auth_core::denial::{Denial, Reason};
use auth_core::policy::rule::{Rule, RuleTarget};
use auth_core::runtime::clock::{self, Timestamp};
use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::guard;

/// A future that completes when the rule of the handler no longer holds. For handlers with long-lived responses, such as WebSockets
/// or server-sent events.
///
/// It ends exactly when the credential expires. For a bearer token, the leeway for clock skew is added, as in the verification.
///
/// It ends within 10 s, or the interval of [`every`](Self::every), when the login becomes older than the rule allows, when the
/// caller or the token is blocked or revoked, when the session has ended, or when a role of the role provider is withdrawn. While
/// one of these is unavailable, the lease continues for three intervals and then ends.
///
/// The results of checks and the client address are not evaluated again.
///
/// ```
/// use actix_web::{HttpResponse, get};
/// use actix_web::web::Bytes;
/// use auth_actix::require_role;
/// use auth_actix::lease::Lease;
/// # #[derive(auth_actix::Role)] enum Role { Staff }
/// # struct News;
/// # impl futures_core::Stream for News {
/// #     type Item = Result<Bytes, actix_web::Error>;
/// #     fn poll_next(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<Option<Self::Item>> {
/// #         std::task::Poll::Ready(None)
/// #     }
/// # }
///
/// #[require_role("staff")]
/// #[get("/news")]
/// async fn news(lease: Lease) -> HttpResponse {
///     HttpResponse::Ok().content_type("text/event-stream").streaming(lease.over(News))
/// }
/// ```
pub struct Lease {
    request: HttpRequest,
    rule: &'static Rule,
    every: Duration,
    watch: Option<Pin<Box<dyn Future<Output = LeaseEnd>>>>,
    ended: Option<LeaseEnd>,
}

/// The reason why a [`Lease`] has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeaseEnd {
    /// The credential has expired, or the login is older than the rule allows. A new login could help.
    Expired,
    /// Access was withdrawn: the caller is blocked, revoked or logged out, or has lost a role.
    Withdrawn,
    /// It was unknown for too long whether the rule still holds, because a store or provider was unavailable.
    Unreachable,
}

/// The default interval between two evaluations of the rule.
const EVERY: Duration = Duration::from_secs(10);

/// The minimum interval.
const SOON: Duration = Duration::from_secs(1);

/// The number of failed evaluations that a lease outlives.
const PATIENCE: u32 = 3;

impl Lease {
    /// Sets the interval between two evaluations of the rule. Default: 10 s. Minimum: 1 s.
    #[must_use]
    pub fn every(self, interval: Duration) -> Self {
        Self { every: interval.max(SOON), ..self }
    }

    /// Returns the stream, limited by the lease: it ends when the lease does.
    pub fn over<S: Stream>(self, stream: S) -> LeasedStream<S> {
        LeasedStream { stream, lease: Some(self) }
    }
}

async fn watch(request: HttpRequest, rule: &'static Rule, every: Duration) -> LeaseEnd {
    let mut expires = None;
    let mut unreachable = 0;
    loop {
        match guard::still_holds(&request, rule).await {
            Ok(end) => (expires, unreachable) = (end, 0),
            Err(denial) => match denial.reason {
                Reason::ExpiredCredentials | Reason::StepUpRequired(_) => return LeaseEnd::Expired,
                Reason::AuthenticationUnavailable(_) if unreachable < PATIENCE => unreachable += 1,
                Reason::AuthenticationUnavailable(_) => return LeaseEnd::Unreachable,
                _ => return LeaseEnd::Withdrawn,
            },
        }
        let left =
            |end: Timestamp| Duration::from_secs(u64::try_from(end.seconds() - clock::now().seconds()).unwrap_or(0));
        let wait = expires.map_or(every, |end| left(end).clamp(SOON, every));
        actix_web::rt::time::sleep(wait).await;
    }
}

impl Future for Lease {
    type Output = LeaseEnd;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<LeaseEnd> {
        let this = &mut *self;
        // A poll after completion returns the same value.
        if let Some(end) = this.ended {
            return Poll::Ready(end);
        }
        let watch = this.watch.get_or_insert_with(|| Box::pin(watch(this.request.clone(), this.rule, this.every)));
        watch.as_mut().poll(context).map(|end| *this.ended.insert(end))
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("rule", &self.rule.text).field("every", &self.every).finish_non_exhaustive()
    }
}

impl FromRequest for Lease {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let rule = guard::rule_of(request);
        ready(match rule {
            Some(rule) => Ok(Self { request: request.clone(), rule, every: EVERY, watch: None, ended: None }),
            None => {
                let cause = "a handler without a rule takes a `Lease`";
                let denial = Denial { cause: Some(cause), ..Denial::new(Reason::SetUp) };
                Err(guard::refuse(request, &NO_RULE, denial, Payload::None))
            }
        })
    }
}

/// The rule in logs for a handler without a rule.
static NO_RULE: Rule =
    Rule { target: RuleTarget::Other("a handler that takes a lease"), ..auth_core::policy::rule::AUTHENTICATED };

pin_project! {
    /// A stream that ends when its [`Lease`] does. Created by [`Lease::over`].
    pub struct LeasedStream<S> {
        #[pin]
        stream: S,
        lease: Option<Lease>,
    }
}

impl<S> fmt::Debug for LeasedStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeasedStream").field("lease", &self.lease).finish_non_exhaustive()
    }
}

impl<S: Stream> Stream for LeasedStream<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let goes_on = this.lease.as_mut().is_some_and(|lease| Pin::new(lease).poll(context).is_pending());
        if goes_on {
            return this.stream.poll_next(context);
        }
        *this.lease = None;
        Poll::Ready(None)
    }
}
