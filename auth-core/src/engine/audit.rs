//! Audit events of requests.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Engine;
use super::request::{Adapter, RequestState};
use crate::audit::{Event, EventKind, try_record};
use crate::client::address::PeerOrClient;
use crate::denial::{Denial, Reason, RetryAfter};
use crate::identity::id::Id;
use crate::identity::principal::Principal;
use crate::policy::rule::{Rule, RuleTarget};
use crate::runtime::clock;

fn next_number() -> String {
    static PROCESS: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(()));
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{:016x}-{:x}", *PROCESS, NEXT.fetch_add(1, Ordering::Relaxed))
}

fn of_rule(event: Event, rule: &'static Rule) -> Event {
    Event { handler: Some(rule.target.name()), rule: Some(rule.text), place: rule.place(), ..event }
}

fn of_caller(event: Event, caller: Option<&Principal>) -> Event {
    let Some(caller) = caller else { return event };
    Event {
        subject: Some(caller.id().to_string()),
        actors: caller.actors().map(|actor| actor.id().to_string()).collect(),
        scheme: Some(caller.scheme().name()),
        ..event
    }
}

impl<H: Adapter> Engine<H> {
    fn event(&self, request: &H::Request, happened: EventKind, state: &mut RequestState<H>) -> Event {
        Event {
            request: Some(state.notes_mut().number.get_or_insert_with(next_number).clone()),
            // Registered methods are short. The limit bounds the size of an event.
            method: Some(H::method(request).chars().take(32).collect()),
            route: H::route_pattern(request),
            client: self.throttled_client(request).map(PeerOrClient::address),
            grants: self.version_of_grants(),
            ..Event::new(clock::now(), happened)
        }
    }

    /// Returns the event of a denial that is answered with this status. `None` without a sink.
    pub fn event_of_denial(
        &self,
        request: &H::Request,
        rule: &'static Rule,
        denial: &Denial,
        status: u16,
    ) -> Option<Event> {
        let event = self.event_of(request)?;
        let happened = match denial.reason {
            Reason::TooManyAttempts(_) => EventKind::LockedOut,
            _ if rule.target == RuleTarget::Login => EventKind::LoginFailed,
            _ => EventKind::Denied,
        };
        Some(self.denied_event(Event { kind: happened, ..event }, rule, denial, status))
    }

    /// Returns the event of a denial that has not happened yet, with the facts of the request. `None` without a sink.
    pub fn event_of(&self, request: &H::Request) -> Option<Event> {
        self.sink()?;
        let mut state = H::take_state(request);
        let claimed = state.notes().and_then(|notes| notes.claimed.clone());
        let event = Event { claimed, ..self.event(request, EventKind::Denied, &mut state) };
        H::put_state(request, state);
        Some(event)
    }

    /// Returns an event of a request with the facts of a denial, which is answered with this status.
    pub fn denied_event(&self, event: Event, rule: &'static Rule, denial: &Denial, status: u16) -> Event {
        let event = Event {
            status: Some(status),
            problem: Some(denial.reason.response().problem),
            failed: denial.failed.clone(),
            cause: denial.cause,
            scheme: denial.scheme.map(|scheme| scheme.name()),
            subject: denial.caller.as_ref().map(ToString::to_string),
            ..event
        };
        of_rule(event, rule)
    }

    /// Records an event, if a sink is configured. A panic of the sink does not affect the outcome.
    pub fn record(&self, event: &Event) {
        if let Some(sink) = self.sink()
            && !try_record(sink, event)
        {
            tracing::error!(target: "auth_actix", "the audit sink panicked");
        }
    }

    /// Records an event before the operation that it describes.
    ///
    /// # Errors
    /// The sink panicked. The operation must not happen without a record.
    pub fn record_first(&self, event: impl FnOnce() -> Event) -> Result<(), Denial> {
        let Some(sink) = self.sink() else { return Ok(()) };
        if try_record(sink, &event()) {
            return Ok(());
        }
        let reason = Reason::AuthenticationUnavailable(RetryAfter::seconds(5));
        Err(Denial { cause: Some("the audit sink panicked"), ..Denial::new(reason) })
    }

    /// Records a grant. A grant is always recorded if the caller's credential is ambient, if the caller has an actor, or if an
    /// anonymous caller is granted access by network or country. Other grants are recorded only if the builder enables it.
    pub(super) fn record_granted(
        &self,
        request: &H::Request,
        rule: &'static Rule,
        caller: Option<&Principal>,
        by_place: bool,
        state: &mut RequestState<H>,
    ) -> Result<(), Denial> {
        if self.sink().is_none() {
            return Ok(());
        }
        let uncounted = state.notes().and_then(|notes| notes.uncounted.clone()).filter(|_| caller.is_none());
        let known = caller.or(uncounted.as_ref());
        let ambient = known.is_some_and(|caller| caller.scheme().is_ambient() || caller.actor().is_some());
        if !(self.audits_grants || ambient || by_place && caller.is_none()) {
            return Ok(());
        }
        self.record_first(|| {
            let cause = match (&uncounted, caller) {
                (Some(_), _) => Some("the credential counted as anonymous"),
                (None, None) if by_place => Some("anonymous (by network or country)"),
                _ => None,
            };
            of_caller(of_rule(Event { cause, ..self.event(request, EventKind::Granted, state) }, rule), known)
        })
    }

    /// Records an action of the application on a principal, outside of a request.
    pub fn record_of(&self, happened: EventKind, id: &Id) {
        if self.sink().is_some() {
            self.record(&Event { subject: Some(id.to_string()), ..Event::new(clock::now(), happened) });
        }
    }

    /// Records a login, a logout, or the start of acting as another principal.
    ///
    /// # Errors
    /// The sink panicked. The operation must not happen without a record.
    pub fn record_session(
        &self,
        request: &H::Request,
        happened: EventKind,
        caller: Option<&Principal>,
    ) -> Result<(), Denial> {
        let mut state = H::take_state(request);
        let recorded = self.record_first(|| of_caller(self.event(request, happened, &mut state), caller));
        H::put_state(request, state);
        recorded
    }
}
