//! A ticket for a socket or a stream, which a page of a browser opens without a header.

use std::fmt;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest};
use auth_core::denial::{Denial, Reason};
use auth_core::engine::CallerOutcome;
use auth_core::policy::rule::{Rule, RuleTarget};
use auth_core::scheme::ticket::{NoTicket, Tickets};

use crate::{adapter, guard};

/// A one-use ticket for whoever calls: it stands for their bearer token, for half a minute.
///
/// A page can set no header when it opens a WebSocket or an `EventSource`, and a token in an address is in logs and histories. So
/// it asks for a ticket, with its token in `Authorization`, and opens `/socket?ticket=…`. A ticket that was seen is worth nothing.
/// An `EventSource` that was cut off asks again with the same address, and is refused: its page asks for a new ticket then.
///
/// Of one caller, sixteen may wait to be used: one more is 429. Tickets are of one process: between several, a proxy has to send both requests to one. See
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
    /// What stands behind `?ticket=`.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Not the ticket.
impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(_)")
    }
}

/// For the log, where there is none.
static NO_RULE: Rule =
    Rule { target: RuleTarget::Other("a handler that gives a ticket"), ..auth_core::policy::rule::AUTHENTICATED };

impl FromRequest for Ticket {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let auth = guard::auth_of(request);
        let rule = guard::rule_of(request);
        let ticket = || {
            let set_up = |cause| Denial { cause: Some(cause), ..Denial::new(Reason::SetUp) };
            let auth =
                auth.as_ref().filter(|_| rule.is_some()).ok_or(set_up("a handler without a rule gives a ticket"))?;
            let tickets =
                auth.engine().part::<Tickets>().ok_or(set_up("a handler gives tickets: call `.tickets()`"))?;
            let engine = auth.engine();
            let known = adapter::read(request, |state| state.cached_caller(request, engine.id()))
                .and_then(CallerOutcome::known);
            // What was verified is what stands there.
            let (token, owner) = match (engine.bearer_token(request), known) {
                (Some(token), Some(principal)) => (token, principal.id()),
                _ => {
                    let cause = Some("a ticket stands for a bearer token, and this caller came with something else");
                    return Err(Denial { cause, ..Denial::new(Reason::InsufficientPermissions) });
                }
            };
            adapter::update(request, |state| state.notes_mut().hints.private = true);
            tickets.issue(token, owner).map_err(|full| {
                let reason = match full {
                    NoTicket::TooManyOfOne(after) => Reason::TooManyAttempts(after),
                    NoTicket::Full(after) => Reason::AuthenticationUnavailable(after),
                };
                Denial { cause: Some("too many tickets wait to be used"), ..Denial::new(reason) }
            })
        };
        let refuse = |denial: Denial| guard::refuse(request, rule.unwrap_or(&NO_RULE), denial, Payload::None);
        ready(ticket().map(Self).map_err(refuse))
    }
}
