//! Connections that outlive their request: a stream, a socket. What has let them in may cease to hold.

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

/// Ends when the rule of the handler stops holding: a future, for handlers whose answer goes on, as that of a WebSocket or of
/// server-sent events.
///
/// It ends when the credential expires (a bearer token a leeway of clocks later, as it would be refused), to the second; and within 10 s (or what [`every`](Self::every) says) when the login is older
/// than the rule allows, when the caller or the token is blocked or revoked, the session has ended, or a role was withdrawn that is
/// asked for elsewhere. While the source of that cannot be reached it goes on for three such intervals, and then ends. What checks
/// have found is not asked again, and where the request came from counts as it did.
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

/// Why a [`Lease`] has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeaseEnd {
    /// The credential has expired, or the login is older than the rule allows: another one would do.
    Expired,
    /// Revoked, blocked, logged out, or a role is there no more.
    Withdrawn,
    /// Whether the rule still holds could not be found out for too long.
    Unreachable,
}

/// How often it is asked whether the rule still holds, unless said otherwise.
const EVERY: Duration = Duration::from_secs(10);

/// At least this long lies between two times.
const SOON: Duration = Duration::from_secs(1);

/// So many intervals may pass while nobody can say.
const PATIENCE: u32 = 3;

impl Lease {
    /// Asks so often whether the rule still holds; at least a second lies between two times.
    #[must_use]
    pub fn every(self, interval: Duration) -> Self {
        Self { every: interval.max(SOON), ..self }
    }

    /// The stream, which ends when the lease does.
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
        // Asked again, it says the same.
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

/// For the log, where there is none.
static NO_RULE: Rule =
    Rule { target: RuleTarget::Other("a handler that takes a lease"), ..auth_core::policy::rule::AUTHENTICATED };

pin_project! {
    /// A stream that ends when its [`Lease`] does. Made by [`Lease::over`].
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
