//! One-use tickets: a page changes its token for one, where a browser lets it send no header, and the token comes back once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::clock::{self, Moment};

/// So long a ticket is good.
const LASTS: Duration = Duration::from_secs(30);

/// So many are kept at most. Where there are more, none is given: whoever holds one is not to lose it.
const MOST: usize = 10_000;

/// The tickets of one process. Kept in memory alone: they are gone in half a minute anyway.
#[derive(Default)]
pub struct Tickets(Mutex<HashMap<[u8; 32], (Moment, String)>>);

/// No more tickets can be given now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoTicket;

impl Tickets {
    /// A ticket for the token.
    ///
    /// # Errors
    /// Too many wait to be used, or the system gives no random numbers.
    pub fn issue(&self, token: &str) -> Result<String, NoTicket> {
        let mut number = [0; 32];
        getrandom::fill(&mut number).map_err(|_| NoTicket)?;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::monotonic();
        if kept.len() >= MOST {
            kept.retain(|_, (until, _)| until.after(now).is_some());
        }
        if kept.len() >= MOST {
            return Err(NoTicket);
        }
        kept.insert(number, (now.plus(LASTS), token.to_owned()));
        Ok(URL_SAFE_NO_PAD.encode(number))
    }

    /// The token of a ticket, which is used by that; `None` where there is none, it was used, or has ended.
    pub fn take(&self, ticket: &str) -> Option<String> {
        let number: [u8; 32] = URL_SAFE_NO_PAD.decode(ticket).ok()?.try_into().ok()?;
        let (until, token) = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&number)?;
        until.after(clock::monotonic()).map(|_| token)
    }
}

/// No token, and no ticket.
impl std::fmt::Debug for Tickets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tickets(_)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_good_once_for_half_a_minute_and_full_is_full() {
        let tickets = Tickets::default();
        let one = tickets.issue("token").unwrap();
        let other = tickets.issue("other").unwrap();
        assert!(one != other && one.len() == 43 && !format!("{tickets:?}").contains("token"));
        assert_eq!(tickets.take(&one).as_deref(), Some("token"));
        for none in [one.as_str(), "", "x", &format!("{other}A"), &format!("{other}=")] {
            assert_eq!(tickets.take(none), None, "{none}");
        }
        let ended = |tickets: &Tickets| {
            for (until, _) in tickets.0.lock().unwrap().values_mut() {
                *until = Moment::default();
            }
        };
        ended(&tickets);
        assert_eq!(tickets.take(&other), None, "it has ended");
        for _ in 0..MOST {
            tickets.issue("token").unwrap();
        }
        assert_eq!(tickets.issue("token"), Err(NoTicket));
        ended(&tickets);
        assert!(tickets.issue("token").is_ok(), "those that have ended make room");
    }
}
