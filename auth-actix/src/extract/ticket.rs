//! One-use tickets for WebSockets and `EventSource`s, which browsers open without custom headers.

use std::fmt;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest};
use auth_core::denial::{Denial, Reason};
use auth_core::engine::CallerOutcome;
use auth_core::policy::rule::{Rule, RuleTarget};
use auth_core::scheme::ticket::{NoTicket, Tickets};

use crate::{adapter, guard};

/// A one-use ticket for the caller. It replaces the caller's bearer token for 30 s.
///
/// A page cannot set headers when it opens a WebSocket or an `EventSource`, and a token in a URL is exposed in logs and histories.
/// Instead, the page requests a ticket, with its token in `Authorization`, and opens `/socket?ticket=…`. A used ticket is
/// worthless. An `EventSource` reconnects with the same URL, which is refused: its page must then request a new ticket.
///
/// At most 16 unused tickets exist per caller; a further request gets 429. Tickets are valid only in the process that issued them.
/// If there are several processes, a proxy must route both requests to the same one. See
/// [`AuthBuilder::tickets`](crate::AuthBuilder::tickets).
///
/// ```
/// use actix_web::post;
/// use auth_actix::require_auth;
/// use auth_actix::jwt::Ticket;
///
/// #[require_auth]
/// #[post("/ticket")]
/// async fn ticket(ticket: Ticket) -> String {
///     ticket.into_string()
/// }
/// ```
pub struct Ticket(String);

impl Ticket {
    /// Returns the value for the query parameter `ticket`.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Redacts the ticket.
impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(_)")
    }
}

/// The rule in logs for a handler without a rule.
static NO_RULE: Rule =
    Rule { target: RuleTarget::Other("a handler that issues a ticket"), ..auth_core::policy::rule::AUTHENTICATED };

impl FromRequest for Ticket {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let auth = guard::auth_of(request);
        let rule = guard::rule_of(request);
        let ticket = || {
            let set_up = |cause| Denial { cause: Some(cause), ..Denial::new(Reason::SetUp) };
            let auth =
                auth.as_ref().filter(|_| rule.is_some()).ok_or(set_up("a handler without a rule issues a ticket"))?;
            let tickets =
                auth.engine().part::<Tickets>().ok_or(set_up("a handler issues tickets: call `.tickets()`"))?;
            let engine = auth.engine();
            let known = adapter::read(request, |state| state.cached_caller(request, engine.id()))
                .and_then(CallerOutcome::known);
            // The outcome belongs to the presented credential, so this token was verified.
            let (token, owner) = match (engine.bearer_token(request), known) {
                (Some(token), Some(principal)) => (token, principal.id()),
                _ => {
                    let cause = Some("a ticket replaces a bearer token, but this caller presented another credential");
                    return Err(Denial { cause, ..Denial::new(Reason::InsufficientPermissions) });
                }
            };
            adapter::update(request, |state| state.notes_mut().hints.private = true);
            tickets.issue(token, owner).map_err(|full| {
                let reason = match full {
                    NoTicket::TooManyOfOne(after) => Reason::TooManyAttempts(after),
                    NoTicket::Full(after) => Reason::AuthenticationUnavailable(after),
                };
                Denial { cause: Some("too many tickets are unused"), ..Denial::new(reason) }
            })
        };
        let refuse = |denial: Denial| guard::refuse(request, rule.unwrap_or(&NO_RULE), denial, Payload::None);
        ready(ticket().map(Self).map_err(refuse))
    }
}
