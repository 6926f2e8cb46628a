//! One-time tickets. A page exchanges its bearer token for a ticket, and sends it in the query of requests for which it cannot set
//! headers.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::bearer::Bearer;
use super::{Authenticator, Credential, Effects, Extracted, RequestView, SyntaxError, Verification, Verified};
use crate::client::RequestHead;
use crate::denial::{Denial, Reason, RetryAfter};
use crate::identity::id::Id;
use crate::identity::issuer::Issuer;
use crate::identity::scheme_id::SchemeId;
use crate::identity::token_digest::TokenDigest;
use crate::runtime::clock::{self, Moment};

/// Lifetime of a ticket.
const LASTS: Duration = Duration::from_secs(30);

/// Maximum number of stored tickets. Further tickets are refused, since no issued ticket may be evicted.
const MOST: usize = 10_000;

/// Maximum number of stored tickets per caller.
const MOST_OF_ONE: usize = 16;

type Number = [u8; 32];

/// The tickets of one process, in memory only. They expire within 30 seconds, so they need not survive a restart.
#[derive(Default)]
pub struct Tickets(Mutex<StoredTicket>);

#[derive(Default)]
struct StoredTicket {
    tickets: HashMap<Number, TicketNumber>,
    /// Unused tickets in the order of expiry. Contains the same tickets as [`of`](Self::of) counts, so that both limits agree.
    order: BTreeSet<(Moment, Number)>,
    /// Number of unused tickets per caller.
    of: HashMap<Id, usize>,
}

struct TicketNumber {
    until: Moment,
    token: String,
    owner: Id,
}

/// The reason why no ticket can be issued. The value is the time to wait before the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoTicket {
    /// The caller has too many unused tickets.
    TooManyOfOne(RetryAfter),
    /// There are too many unused tickets in total, or the system provides no random numbers.
    Full(RetryAfter),
}

impl StoredTicket {
    fn remove(&mut self, number: &Number) -> Option<TicketNumber> {
        let ticket = self.tickets.remove(number)?;
        self.order.remove(&(ticket.until, *number));
        if let Entry::Occupied(mut of) = self.of.entry(ticket.owner.clone()) {
            *of.get_mut() -= 1;
            if *of.get() == 0 {
                of.remove();
            }
        }
        Some(ticket)
    }

    /// Removes expired tickets and their tokens.
    fn prune(&mut self, now: Moment) {
        while let Some((until, number)) = self.order.first().copied() {
            if until.after(now).is_some() {
                break;
            }
            self.order.remove(&(until, number));
            self.remove(&number);
        }
    }
}

impl Tickets {
    /// Issues a ticket for the token of a caller.
    ///
    /// # Errors
    /// There are too many unused tickets, or the system provides no random numbers.
    pub fn issue(&self, token: &str, owner: Id) -> Result<String, NoTicket> {
        let after = RetryAfter::seconds(LASTS.as_secs() as u32);
        let mut number = [0; 32];
        getrandom::fill(&mut number).map_err(|_| NoTicket::Full(after))?;
        let now = clock::monotonic();
        let until = now.plus(LASTS);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.prune(now);
        if kept.tickets.len() >= MOST {
            return Err(NoTicket::Full(after));
        }
        let of = kept.of.entry(owner.clone()).or_default();
        if *of >= MOST_OF_ONE {
            return Err(NoTicket::TooManyOfOne(after));
        }
        *of += 1;
        kept.order.insert((until, number));
        kept.tickets.insert(number, TicketNumber { until, token: token.to_owned(), owner });
        Ok(URL_SAFE_NO_PAD.encode(number))
    }

    /// Consumes a ticket and returns its token. `None` if the ticket is unknown, used or expired.
    pub fn redeem(&self, ticket: &str) -> Option<String> {
        let number = URL_SAFE_NO_PAD.decode(ticket).ok()?.try_into().ok()?;
        let TicketNumber { until, token, .. } =
            self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&number)?;
        until.after(clock::monotonic()).map(|_| token)
    }
}

/// Redacts the tokens and tickets.
impl std::fmt::Debug for Tickets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tickets(_)")
    }
}

/// Tickets in the query (`?ticket=…`) of requests for which scripts cannot set headers: opening a WebSocket or an `EventSource`.
pub struct TicketsInQuery {
    bearer: Arc<Bearer>,
    tickets: Arc<Tickets>,
}

impl TicketsInQuery {
    /// Creates the scheme for these tickets, whose tokens `bearer` verifies.
    pub fn new(bearer: Arc<Bearer>, tickets: Arc<Tickets>) -> Self {
        Self { bearer, tickets }
    }
}

impl<H: RequestHead> Authenticator<H> for TicketsInQuery {
    fn scheme(&self) -> SchemeId {
        SchemeId::Bearer
    }

    /// Returns no issuers, since the callers belong to those of the tokens.
    fn sources(&self) -> &[Arc<Issuer>] {
        &[]
    }

    fn affects_responses(&self) -> bool {
        true
    }

    fn extract<'r>(&self, view: &RequestView<'r, H>) -> Extracted<'r> {
        let mut found = H::query(view.head.0).split('&').filter_map(|pair| pair.strip_prefix("ticket="));
        let Some(ticket) = found.next() else { return Extracted::Absent };
        let accepts_events = || {
            let mut accepted = view.head.bytes("accept");
            view.head.method() == "GET" && accepted.any(|line| line.starts_with(b"text/event-stream"))
        };
        if !view.head.is_websocket_of_page() && !accepts_events() {
            return Extracted::Absent;
        }
        if found.next().is_some() {
            return Extracted::Refused(SyntaxError::malformed(Some(SchemeId::Bearer), "two tickets"));
        }
        Credential { is_in_query: true, ..Credential::new(SchemeId::Bearer, ticket) }.into()
    }

    fn verify<'r>(&'r self, credential: Credential<'r>, view: &RequestView<'r, H>) -> Verification<'r> {
        let client = view.client().map(|seen| seen.address());
        Verification::pending(async move {
            let Some(token) = self.tickets.redeem(credential.text) else {
                let cause = "the ticket is unknown, was used, or has expired";
                return Err(Denial::refused(SchemeId::Bearer, Reason::InvalidCredentials, cause)).into();
            };
            let result = self.bearer.verify_later(&token, client).await;
            Verified { result, effects: Some(Box::new(Effects { replacement: Some(token), ..Effects::default() })) }
        })
    }

    fn reverify<'r>(
        &'r self,
        _: Credential<'r>,
        replacement: Option<&'r str>,
        view: &RequestView<'r, H>,
    ) -> Option<Verification<'r>> {
        let client = view.client().map(|seen| seen.address());
        Some(Verification::pending(self.bearer.verify_later(replacement?, client)))
    }

    fn digest(&self, _: &Credential<'_>, token: Option<&str>, _: &RequestView<'_, H>) -> Option<TokenDigest> {
        token.map(|token| TokenDigest::sha256(token.as_bytes()))
    }

    fn switches(&self) -> Vec<String> {
        vec!["a single-use ticket in the URL is accepted in place of a token".to_owned()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickets_are_single_use_short_lived_and_limited_per_caller() {
        let tickets = Tickets::default();
        let id = |number: usize| Id::user("https://id.example", &format!("user {number}"));
        let one = tickets.issue("token", id(0)).unwrap();
        let other = tickets.issue("other", id(0)).unwrap();
        assert!(one != other && one.len() == 43 && !format!("{tickets:?}").contains("token"));
        assert_eq!(tickets.redeem(&one).as_deref(), Some("token"));
        for none in [one.as_str(), "", "x", &format!("{other}A"), &format!("{other}=")] {
            assert_eq!(tickets.redeem(none), None, "{none}");
        }
        let end_all = |tickets: &Tickets| {
            let mut kept = tickets.0.lock().unwrap();
            kept.tickets.values_mut().for_each(|ticket| ticket.until = Moment::default());
            kept.order = kept.tickets.keys().map(|number| (Moment::default(), *number)).collect();
        };
        end_all(&tickets);
        assert_eq!(tickets.redeem(&other), None, "it has ended");
        for _ in 0..MOST_OF_ONE {
            tickets.issue("token", id(1)).unwrap();
        }
        let after = RetryAfter::seconds(30);
        assert_eq!(tickets.issue("token", id(1)), Err(NoTicket::TooManyOfOne(after)));
        let mine = tickets.issue("token", id(2)).unwrap();
        for number in 3.. {
            if let Err(told) = tickets.issue("token", id(number)) {
                assert_eq!(told, NoTicket::Full(after));
                break;
            }
        }
        assert!(tickets.redeem(&mine).is_some(), "tickets of other callers do not evict it");
        // S7: used tickets no longer count, neither for their caller nor in total.
        end_all(&tickets);
        for _ in 0..2 * MOST {
            let ticket = tickets.issue("token", id(1)).unwrap();
            assert!(tickets.redeem(&ticket).is_some());
        }
        assert!(tickets.issue("token", id(2)).is_ok());
        end_all(&tickets);
        assert!(tickets.issue("token", id(1)).is_ok(), "those that have ended make room");
        let kept = tickets.0.lock().unwrap();
        assert_eq!((kept.tickets.len(), kept.order.len(), kept.of.len()), (1, 1, 1), "and leave nothing behind");
    }

    #[test]
    fn ticket_is_its_number_in_base64url() {
        let tickets = Tickets::default();
        let (owner, until) = (Id::user("https://id.example", "alice"), clock::monotonic().plus(LASTS));
        {
            let mut kept = tickets.0.lock().unwrap();
            kept.order.insert((until, [0xff; 32]));
            kept.of.insert(owner.clone(), 1);
            kept.tickets.insert([0xff; 32], TicketNumber { until, token: "token".to_owned(), owner });
        }
        assert_eq!(tickets.redeem("__________________________________________8").as_deref(), Some("token"));
    }
}
