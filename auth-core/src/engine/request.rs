//! The state of a request: the caller, who is authenticated only once for all rules, and the headers that the response needs.

use std::sync::Arc;

use crate::audit::Event;
use crate::client::RequestHead;
use crate::denial::Denial;
use crate::identity::issuer::Issuer;
use crate::identity::principal::Principal;
use crate::identity::rights::Rights;
use crate::identity::tenant::Tenant;
use crate::policy::decision::Explanation;
use crate::policy::facts::Checks;
use crate::policy::rule::Rule;
use crate::scheme::{ActivityKey, RequestView};
use crate::store::accounts::TestAccount;

/// The answers of a test in place of those of the rights provider: the rights in a tenant, or outside of tenants.
pub type GivenRights = Arc<dyn Fn(Option<&Tenant>) -> Rights + Send + Sync>;

/// The interface between a web framework and the engine.
pub trait Adapter: RequestHead {
    /// Takes the state out of a request, or creates an empty state.
    fn take_state(request: &Self::Request) -> RequestState<Self>;

    /// Stores the state with a request, in a place that received bytes cannot reach.
    fn put_state(request: &Self::Request, state: RequestState<Self>);

    /// Returns the caller that a test has set, if any. `_sources` are the issuers of the application.
    fn caller_override(_request: &Self::Request, _sources: &[Arc<Issuer>]) -> Option<Principal> {
        None
    }

    /// Returns the answers that a test has set in place of those of the rights provider, if any.
    fn rights_override(_request: &Self::Request) -> Option<GivenRights> {
        None
    }

    /// Returns the account that a test has set in place of that of the provider of accounts, if any.
    fn account_override(_request: &Self::Request) -> Option<TestAccount> {
        None
    }
}

/// The progress of the decision on a request, if a test observes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    /// Neither a check was run nor the request granted.
    Nothing,
    /// A check or a question about an object was run, and the request was not granted.
    Check,
    /// The handler's rule granted the request without a check.
    Granted,
    /// The handler's rule granted the request after a check or a question about an object.
    GrantedAfterCheck,
}

pub(super) type EngineId = u64;

/// The caller of a request, as far as known.
#[derive(Clone)]
pub enum CallerOutcome {
    /// A caller whose credential was verified.
    Known(Principal),
    /// An anonymous caller, or one whose credential the decision ignored.
    Nobody,
    /// The caller is unknown because a store is unavailable, and the handler accepts this.
    Unavailable,
    /// A credential that was refused before a rule needed it.
    Refused(Box<Denial>),
}

impl CallerOutcome {
    /// Returns the caller, if known.
    pub fn known(self) -> Option<Principal> {
        match self {
            Self::Known(principal) => Some(principal),
            Self::Nobody | Self::Unavailable | Self::Refused(_) => None,
        }
    }
}

/// The outcome of one engine. It is not visible to other engines, and is valid only for the credential that was presented at that
/// time.
struct Outcome<H: RequestHead> {
    engine: EngineId,
    /// The last `Authorization` line. If middleware has added a second line, the outcome no longer matches.
    authorization: Option<H::Line>,
    /// The other headers that the schemes read, if any.
    others: Option<Box<OtherLines<H>>>,
    found: CallerOutcome,
    /// The handler's rule, for logs.
    rule: &'static Rule,
}

/// Headers other than `Authorization` that schemes read, and their lines.
struct OtherLines<H: RequestHead> {
    headers: Arc<[String]>,
    lines: Vec<H::Line>,
}

/// The state of one request.
pub struct RequestState<H: RequestHead> {
    outcome: Option<Outcome<H>>,
    /// State that only few requests need, boxed to keep this type small.
    notes: Option<Box<Notes<H>>>,
}

impl<H: RequestHead> Default for RequestState<H> {
    fn default() -> Self {
        Self { outcome: None, notes: None }
    }
}

/// State that only few requests need.
pub struct Notes<H: RequestHead> {
    /// The headers that the response needs.
    pub hints: ResponseHints,
    /// The results of the rule's checks, for a lease.
    pub checks: Checks,
    /// Whether the request was denied. A denied request must not yield a proof of a grant to an extractor.
    pub is_denied: bool,
    /// The refusal of a credential that an argument has asked for and the rule of the handler does not read. The argument may have
    /// turned it into `None`.
    pub hidden_refusal: Option<Box<Denial>>,
    /// The tenant that was decided on, if the handler takes it.
    pub tenant: Option<Box<Tenant>>,
    /// Whether a denial must look as if the object did not exist.
    pub hides_object: bool,
    /// Credentials to verify in place of the presented ones, which have been used up.
    replacements: Vec<(EngineId, String)>,
    /// Activities to record if the request is granted.
    activities: Vec<Activity>,
    /// Explanations of the decisions, if a test requests them.
    pub explanations: Option<Vec<Explanation>>,
    /// The progress of the decision, if a test observes it.
    pub observed: Option<Observed>,
    /// The number of the request in audit events, assigned by its first event.
    pub(super) number: Option<String>,
    /// A hash of the user name that a login claims.
    pub(super) claimed: Option<String>,
    /// The verified caller whose credential counted as anonymous, for audit events (RIGHTS-14).
    pub(super) uncounted: Option<Principal>,
    /// The outcomes of further engines, if scopes of several engines are nested.
    outcomes: Vec<Outcome<H>>,
}

impl<H: RequestHead> Default for Notes<H> {
    fn default() -> Self {
        Self {
            hints: ResponseHints::default(),
            checks: Checks::default(),
            is_denied: false,
            hidden_refusal: None,
            tenant: None,
            hides_object: false,
            replacements: Vec::new(),
            activities: Vec::new(),
            explanations: None,
            observed: None,
            number: None,
            claimed: None,
            uncounted: None,
            outcomes: Vec::new(),
        }
    }
}

/// Headers that the response needs because of how the request was decided.
#[derive(Clone, Debug, Default)]
pub struct ResponseHints {
    /// The request was granted by something that shared caches ignore, such as the client address or an API key.
    pub private: bool,
    /// Cookies were read, whether or not the request contained any.
    pub cookie: bool,
    /// The headers that chose a tenant, in lower case.
    pub vary: Option<Box<Vec<String>>>,
    /// The `Set-Cookie` line that deletes an invalid cookie.
    pub delete_cookie: Option<String>,
    /// The nonce for the client's next proof (RFC 9449 §8.2).
    pub next_nonce: Option<String>,
}

/// An activity to record: its engine, the scheme, and the key that the scheme provided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Activity {
    pub(super) engine: EngineId,
    /// The position of the scheme among those of the engine.
    pub(super) scheme: usize,
    pub(super) key: ActivityKey,
}

impl<H: RequestHead> RequestState<H> {
    /// Returns whether the state contains nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.outcome.is_none() && self.notes.is_none()
    }

    /// Returns the notes, creating them if needed.
    pub fn notes_mut(&mut self) -> &mut Notes<H> {
        self.notes.get_or_insert_default()
    }

    /// Returns the notes, if there are any.
    pub fn notes(&self) -> Option<&Notes<H>> {
        self.notes.as_deref()
    }

    /// Records the progress of the decision, if a test observes it.
    pub(super) fn observe(&mut self, progress: Observed) {
        if let Some(observed) = self.notes.as_deref_mut().and_then(|notes| notes.observed.as_mut()) {
            *observed = match (*observed, progress) {
                (Observed::Check, Observed::Granted) => Observed::GrantedAfterCheck,
                _ => progress,
            };
        }
    }

    /// Takes the headers that the response needs, so that they are added only once.
    pub fn take_hints(&mut self) -> ResponseHints {
        self.notes.as_deref_mut().map(|notes| std::mem::take(&mut notes.hints)).unwrap_or_default()
    }

    /// Stores the caller that an engine has determined, with the header lines that the outcome depends on.
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

    /// Returns the outcome of this engine. `None` if it has not determined a caller yet, or if the credential has changed since.
    pub fn cached_caller(&self, request: &H::Request, engine: EngineId) -> Option<CallerOutcome> {
        self.of(engine)?.if_unchanged(request)
    }

    /// Returns the outcome of the first engine that determined a caller, for code outside of all scopes. `None` if the credential
    /// has changed since.
    pub fn first(&self, request: &H::Request) -> Option<CallerOutcome> {
        self.outcome.as_ref()?.if_unchanged(request)
    }

    /// Returns the handler's rule of the latest outcome of this engine.
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

    pub(super) fn add_activity(&mut self, activity: Activity) {
        let activities = &mut self.notes_mut().activities;
        if !activities.contains(&activity) {
            activities.push(activity);
        }
    }

    pub(super) fn take_activities(&mut self) -> Vec<Activity> {
        self.notes.as_deref_mut().map(|notes| std::mem::take(&mut notes.activities)).unwrap_or_default()
    }

    pub(super) fn has_activities(&self) -> bool {
        self.notes().is_some_and(|notes| !notes.activities.is_empty())
    }

    /// Stores a hash of the user name that a login claims, for its audit event. It is hashed because users type passwords into the
    /// name field.
    pub fn claim_name(&mut self, name: &str) {
        self.notes_mut().claimed = Some(Event::hash_of(name));
    }
}

fn lines<'r, H: RequestHead>(request: &'r H::Request, headers: &[String]) -> impl Iterator<Item = &'r H::Line> {
    headers.iter().flat_map(|name| H::lines(request, name))
}

impl<H: RequestHead> Outcome<H> {
    fn if_unchanged(&self, request: &H::Request) -> Option<CallerOutcome> {
        // Usually both refer to the same memory.
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
