//! What is kept with a request: who calls, authenticated once however many rules ask; and what the response has to say about it.

use std::sync::Arc;

use crate::audit::Event;
use crate::client::RequestHead;
use crate::denial::Denial;
use crate::identity::issuer::Issuer;
use crate::identity::principal::Principal;
use crate::policy::decision::Explanation;
use crate::policy::facts::Checks;
use crate::policy::rule::Rule;
use crate::scheme::{ActivityKey, RequestView};

/// A web framework, as the engine uses it.
pub trait Adapter: RequestHead {
    /// Takes the state out of a request, or makes it.
    fn take_state(request: &Self::Request) -> RequestState<Self>;

    /// Keeps the state with a request, in a place that no bytes on a socket can reach.
    fn put_state(request: &Self::Request, state: RequestState<Self>);

    /// The caller that a test has set, if any. These are the issuers of the application.
    fn caller_override(_request: &Self::Request, _sources: &[Arc<Issuer>]) -> Option<Principal> {
        None
    }
}

/// Identifies an engine within the process.
pub(super) type EngineId = u64;

/// Who calls, as far as it is known.
#[derive(Clone)]
pub enum CallerOutcome {
    /// A caller whose credential was verified.
    Known(Principal),
    /// Nobody who counts.
    Nobody,
    /// Unknown: a store cannot be reached, and the handler accepts that.
    Unavailable,
    /// A credential that was refused before a rule asked for it.
    Refused(Box<Denial>),
}

impl CallerOutcome {
    /// The caller, if known.
    pub fn known(self) -> Option<Principal> {
        match self {
            Self::Known(principal) => Some(principal),
            Self::Nobody | Self::Unavailable | Self::Refused(_) => None,
        }
    }
}

/// What one engine has found. Other engines do not read it, and it is good only for the credential that was sent then.
struct Outcome<H: RequestHead> {
    engine: EngineId,
    /// The last `Authorization` line: if middleware has added a second one, no outcome contains it.
    authorization: Option<H::Line>,
    /// What the schemes read beside that, if they do.
    others: Option<Box<OtherLines<H>>>,
    found: CallerOutcome,
    /// The handler's rule, for logs.
    rule: &'static Rule,
}

/// Headers beside `Authorization` that schemes read, and their lines.
struct OtherLines<H: RequestHead> {
    headers: Arc<[String]>,
    lines: Vec<H::Line>,
}

/// The state of one request.
pub struct RequestState<H: RequestHead> {
    outcome: Option<Outcome<H>>,
    /// What few requests have.
    notes: Option<Box<Notes<H>>>,
}

impl<H: RequestHead> Default for RequestState<H> {
    fn default() -> Self {
        Self { outcome: None, notes: None }
    }
}

/// What few requests have.
pub struct Notes<H: RequestHead> {
    /// What the response has to say.
    pub hints: ResponseHints,
    /// The results of the rule's checks, for a lease.
    pub checks: Checks,
    /// Whether the request was denied, so that no proof of a grant may be extracted.
    pub is_denied: bool,
    /// Whether a denial must look as if the object did not exist.
    pub hides_object: bool,
    /// Credentials to verify in place of the presented ones, which are used up.
    replacements: Vec<(EngineId, String)>,
    /// Activities to record when a rule grants the request.
    activities: Vec<Activity>,
    /// Explanations of the decisions, if a test wants them.
    pub explanations: Option<Vec<Explanation>>,
    /// Whether the handler's rule granted the request, if a test wants to know.
    pub is_granted: Option<bool>,
    /// The number of the request in audit events, once it has one.
    pub(super) number: Option<String>,
    /// A hash of the name that a login claims.
    pub(super) claimed: Option<String>,
    /// The outcomes of further engines, if scopes of several are nested.
    outcomes: Vec<Outcome<H>>,
}

impl<H: RequestHead> Default for Notes<H> {
    fn default() -> Self {
        Self {
            hints: ResponseHints::default(),
            checks: Checks::default(),
            is_denied: false,
            hides_object: false,
            replacements: Vec::new(),
            activities: Vec::new(),
            explanations: None,
            is_granted: None,
            number: None,
            claimed: None,
            outcomes: Vec::new(),
        }
    }
}

/// What a response has to say about how the request was decided.
#[derive(Clone, Debug, Default)]
pub struct ResponseHints {
    /// The request was granted by something that shared caches do not look at: the client's address, or an API key.
    pub private: bool,
    /// Cookies were read, whether or not there were any.
    pub cookie: bool,
    /// The `Set-Cookie` line that deletes a cookie which means nothing any more.
    pub delete_cookie: Option<String>,
    /// The nonce for the client's next proof (RFC 9449 §8.2).
    pub next_nonce: Option<String>,
}

/// An activity to record: which engine, which of its schemes, and the key that the scheme gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Activity {
    /// The engine.
    pub(super) engine: EngineId,
    /// The position of the scheme.
    pub(super) scheme: usize,
    /// The key.
    pub(super) key: ActivityKey,
}

impl<H: RequestHead> RequestState<H> {
    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.outcome.is_none() && self.notes.is_none()
    }

    /// What few requests have; made if needed.
    pub fn notes_mut(&mut self) -> &mut Notes<H> {
        self.notes.get_or_insert_default()
    }

    /// What few requests have, if this one has it.
    pub fn notes(&self) -> Option<&Notes<H>> {
        self.notes.as_deref()
    }

    /// What the response has to say. It is said once.
    pub fn take_hints(&mut self) -> ResponseHints {
        self.notes.as_deref_mut().map(|notes| std::mem::take(&mut notes.hints)).unwrap_or_default()
    }

    /// Keeps who was found.
    pub(super) fn store_caller(
        &mut self,
        (engine, headers): (EngineId, &Arc<[String]>),
        view: &RequestView<'_, H>,
        found: CallerOutcome,
        rule: &'static Rule,
    ) {
        let authorization = view.line.cloned();
        let others = (!headers.is_empty()).then(|| {
            let lines = lines::<H>(view.head.0, headers).cloned().collect();
            Box::new(OtherLines { headers: Arc::clone(headers), lines })
        });
        let outcome = Outcome { engine, authorization, others, found, rule };
        if self.outcome.as_ref().is_none_or(|known| known.engine == engine) {
            self.outcome = Some(outcome);
            return;
        }
        let outcomes = &mut self.notes_mut().outcomes;
        outcomes.retain(|known| known.engine != engine);
        outcomes.push(outcome);
    }

    fn of(&self, engine: EngineId) -> Option<&Outcome<H>> {
        match &self.outcome {
            Some(known) if known.engine == engine => Some(known),
            _ => self.notes()?.outcomes.iter().find(|known| known.engine == engine),
        }
    }

    /// What this engine has found, if it was asked and the credential is the same as then.
    pub fn cached_caller(&self, request: &H::Request, engine: EngineId) -> Option<CallerOutcome> {
        self.of(engine)?.if_unchanged(request)
    }

    /// What the first engine has found that was asked: for code that runs outside of all scopes.
    pub fn first(&self, request: &H::Request) -> Option<CallerOutcome> {
        self.outcome.as_ref()?.if_unchanged(request)
    }

    /// The rule that decided last for this engine.
    pub fn rule(&self, engine: EngineId) -> Option<&'static Rule> {
        self.of(engine).map(|known| known.rule)
    }

    pub(super) fn replacement(&self, engine: EngineId) -> Option<&str> {
        let replacements = &self.notes()?.replacements;
        replacements.iter().find(|(other, _)| *other == engine).map(|(_, credential)| credential.as_str())
    }

    pub(super) fn replace_credential(&mut self, engine: EngineId, credential: String) {
        let replacements = &mut self.notes_mut().replacements;
        replacements.retain(|(other, _)| *other != engine);
        replacements.push((engine, credential));
    }

    /// Adds activities to record when a rule grants the request.
    pub(super) fn add_activity(&mut self, activity: Activity) {
        let activities = &mut self.notes_mut().activities;
        if !activities.contains(&activity) {
            activities.push(activity);
        }
    }

    /// Takes the activities to record.
    pub(super) fn take_activities(&mut self) -> Vec<Activity> {
        self.notes.as_deref_mut().map(|notes| std::mem::take(&mut notes.activities)).unwrap_or_default()
    }

    /// Whether there are activities to record.
    pub(super) fn has_activities(&self) -> bool {
        self.notes().is_some_and(|notes| !notes.activities.is_empty())
    }

    /// Keeps the name that a login claims, for its audit event: as a hash, since people type passwords there.
    pub fn claim_name(&mut self, name: &str) {
        self.notes_mut().claimed = Some(Event::hash_of(name));
    }
}

fn lines<'r, H: RequestHead>(request: &'r H::Request, headers: &[String]) -> impl Iterator<Item = &'r H::Line> {
    headers.iter().flat_map(|name| H::lines(request, name))
}

impl<H: RequestHead> Outcome<H> {
    fn if_unchanged(&self, request: &H::Request) -> Option<CallerOutcome> {
        // Mostly they are the very same bytes.
        let is_same = |one: &H::Line, other: &H::Line| std::ptr::eq(one.as_ref(), other.as_ref()) || one == other;
        let same = match (&self.authorization, H::lines(request, "authorization").last()) {
            (Some(known), Some(now)) => is_same(known, now),
            (None, None) => true,
            _ => false,
        };
        let same = same
            && self.others.as_ref().is_none_or(|others| others.lines.iter().eq(lines::<H>(request, &others.headers)));
        same.then(|| self.found.clone())
    }
}
