//! What was found out about a request, kept with it: who calls, verified once, however many rules ask; and what the answer has
//! to say of how it was decided.

use actix_web::http::header::{AUTHORIZATION, HeaderValue};
use actix_web::{HttpMessage as _, HttpRequest};
use auth_core::Principal;
use auth_core::denial::Denial;
use auth_core::policy::decision::Explanation;
use auth_core::policy::facts::Checks;
use auth_core::policy::rule::Rule;

use crate::auth::Auth;

/// What one `Auth` found. Another one never reads it, and it holds only for the credential that was presented then.
struct Outcome {
    auth: Auth,
    /// The last line: a second one, which middleware may have added, is in no outcome.
    authorization: Option<HeaderValue>,
    others: Vec<HeaderValue>,
    found: Found,
    /// The handler's rule, for logs.
    rule: &'static Rule,
}

/// Who calls, as far as one could tell.
#[derive(Clone)]
pub(crate) enum Found {
    Known(Principal),
    /// Nobody who counts.
    Nobody,
    /// Somebody perhaps: it could not be found out, and the handler copes with that.
    Unavailable,
    /// The credential was refused, before a rule has asked for it.
    Refused(Box<Denial>),
}

impl Found {
    pub(crate) fn known(self) -> Option<Principal> {
        match self {
            Self::Known(principal) => Some(principal),
            Self::Nobody | Self::Unavailable | Self::Refused(_) => None,
        }
    }
}

/// All that is kept with a request: one entry among its extensions. A private type: no bytes on a socket can put one there.
#[derive(Default)]
struct Kept {
    first: Option<Outcome>,
    /// Only where scopes of several `Auth`s are nested.
    others: Vec<Outcome>,
    /// What few requests have.
    notes: Option<Box<Notes>>,
}

impl Kept {
    fn of(&self, auth: &Auth) -> Option<&Outcome> {
        self.first.iter().chain(&self.others).find(|known| known.auth.is(auth))
    }
}

#[derive(Default)]
struct Notes {
    marks: Marks,
    /// What the checks of a rule have found, for a connection that is asked about again.
    checks: Checks,
    /// It was refused: what proofs rest on does not hold.
    is_refused: bool,
    /// It is about an object which whoever may not have it is not told of.
    hides_object: bool,
    /// The tokens that a ticket has stood for, by who was asked.
    #[cfg(feature = "jwt")]
    exchanged: Vec<(Auth, Option<String>)>,
    /// Sessions that were verified before a rule has let the request in: to be touched when one does.
    #[cfg(feature = "session")]
    untouched: Vec<(Auth, auth_core::scheme::session::SessionKey)>,
}

/// Takes a note.
fn note<R>(request: &HttpRequest, take: impl FnOnce(&mut Notes) -> R) -> R {
    let mut extensions = request.extensions_mut();
    take(extensions.get_or_insert_with(Kept::default).notes.get_or_insert_default())
}

/// Takes back what was noted, if something was.
fn take_back<R>(request: &HttpRequest, take: impl FnOnce(&mut Notes) -> R) -> Option<R> {
    request.extensions_mut().get_mut::<Kept>()?.notes.as_deref_mut().map(take)
}

/// What was noted, if something was.
fn noted<R>(request: &HttpRequest, read: impl FnOnce(&Notes) -> R) -> Option<R> {
    request.extensions().get::<Kept>()?.notes.as_deref().map(read)
}

/// The `Authorization` lines of a request: one, if all is well.
pub(crate) fn authorization(request: &HttpRequest) -> &[HeaderValue] {
    request.headers().get_all(AUTHORIZATION).as_slice()
}

/// Keeps who was found.
pub(crate) fn remember(
    request: &HttpRequest,
    auth: &Auth,
    authorization: &[HeaderValue],
    found: Found,
    rule: &'static Rule,
) {
    let others = match auth.reads_other_lines() {
        true => other_lines(request, auth).into_iter().cloned().collect(),
        false => Vec::new(),
    };
    let outcome = Outcome { auth: auth.clone(), authorization: authorization.last().cloned(), others, found, rule };
    let mut extensions = request.extensions_mut();
    let Some(kept) = extensions.get_mut::<Kept>() else {
        extensions.insert(Kept { first: Some(outcome), ..Kept::default() });
        return;
    };
    if kept.first.is_none() {
        kept.first = Some(outcome);
        return;
    }
    match kept.first.iter_mut().chain(&mut kept.others).find(|known| known.auth.is(auth)) {
        Some(known) => *known = outcome,
        None => kept.others.push(outcome),
    }
}

/// What this `Auth` found, if it was asked and the credential is still the same.
pub(crate) fn recall(request: &HttpRequest, auth: &Auth) -> Option<Found> {
    let extensions = request.extensions();
    let known = extensions.get::<Kept>()?.of(auth)?;
    // Mostly they are the very same bytes.
    let is_same =
        |one: &HeaderValue, other: &HeaderValue| std::ptr::eq(one.as_bytes(), other.as_bytes()) || one == other;
    let same = match (&known.authorization, authorization(request).last()) {
        (Some(known), Some(now)) => is_same(known, now),
        (None, None) => true,
        _ => false,
    };
    let same = same && (!auth.reads_other_lines() || known.others.iter().eq(other_lines(request, auth)));
    same.then(|| known.found.clone())
}

/// What the first `Auth` found that was asked: for what runs outside of all scopes.
pub(crate) fn first(request: &HttpRequest) -> Option<Found> {
    let auth = request.extensions().get::<Kept>()?.first.as_ref()?.auth.clone();
    recall(request, &auth)
}

/// The rule that decided last for this `Auth`.
pub(crate) fn rule(request: &HttpRequest, auth: &Auth) -> Option<&'static Rule> {
    request.extensions().get::<Kept>()?.of(auth).map(|known| known.rule)
}

/// All others that a credential may stand in.
fn other_lines<'a>(request: &'a HttpRequest, auth: &Auth) -> Vec<&'a HeaderValue> {
    let lines = |name: &str| request.headers().get_all(name);
    let cookies = auth.reads_cookies().then(|| lines("cookie")).into_iter().flatten();
    let own = auth.own().iter().flat_map(|own| own.headers()).flat_map(lines);
    let subprotocols = auth.subprotocol_lines().then(|| lines("sec-websocket-protocol")).into_iter().flatten();
    cookies.chain(subprotocols).chain(auth.api_key_header().map(lines).into_iter().flatten()).chain(own).collect()
}

/// Keeps sessions to be touched.
#[cfg(feature = "session")]
pub(crate) fn keep_untouched(request: &HttpRequest, used: Vec<(Auth, auth_core::scheme::session::SessionKey)>) {
    if !used.is_empty() {
        note(request, |notes| notes.untouched.extend(used));
    }
}

/// Whether there are any.
#[cfg(feature = "session")]
pub(crate) fn has_untouched(request: &HttpRequest) -> bool {
    noted(request, |notes| !notes.untouched.is_empty()).unwrap_or_default()
}

/// Takes them.
#[cfg(feature = "session")]
pub(crate) fn take_untouched(request: &HttpRequest) -> Vec<(Auth, auth_core::scheme::session::SessionKey)> {
    take_back(request, |notes| std::mem::take(&mut notes.untouched)).unwrap_or_default()
}

/// What the answer to a request has to say of how it was decided.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    /// It was granted by what no shared cache looks at: the client's address, or an API key.
    pub(crate) private: bool,
    /// A cookie was looked at, whether or not there was one.
    pub(crate) cookie: bool,
    /// `Set-Cookie` that deletes a cookie which means nothing any more.
    pub(crate) delete_cookie: Option<HeaderValue>,
    /// The nonce for the next proof (RFC 9449 §8.2).
    pub(crate) next_nonce: Option<HeaderValue>,
}

/// Keeps what the checks of a rule have found.
pub(crate) fn keep_checks(request: &HttpRequest, checks: Checks) {
    note(request, |notes| notes.checks = checks);
}

/// What was kept.
pub(crate) fn checks(request: &HttpRequest) -> Checks {
    noted(request, |notes| notes.checks).unwrap_or_default()
}

/// The token of a ticket: taken once, and the same whenever this request asks again.
#[cfg(feature = "jwt")]
pub(crate) fn exchanged(request: &HttpRequest, auth: &Auth, take: impl FnOnce() -> Option<String>) -> Option<String> {
    note(request, |notes| match notes.exchanged.iter().find(|(other, _)| other.is(auth)) {
        Some((_, token)) => token.clone(),
        None => {
            let token = take();
            notes.exchanged.push((auth.clone(), token.clone()));
            token
        }
    })
}

/// Takes note of a refusal.
pub(crate) fn refused(request: &HttpRequest) {
    note(request, |notes| notes.is_refused = true);
}

/// Whether the request was refused.
pub(crate) fn is_refused(request: &HttpRequest) -> bool {
    noted(request, |notes| notes.is_refused).unwrap_or_default()
}

/// Whether the rule of the handler has let the request in. Known to a test that wants to know, and tells its refusals from those of
/// arguments.
#[cfg(feature = "test-util")]
struct IsLetIn(bool);

/// Wants to know it.
#[cfg(all(feature = "test-util", feature = "jwt"))]
pub(crate) fn watch(request: &actix_http::Request) {
    request.extensions_mut().insert(IsLetIn(false));
}

/// Takes note of it.
pub(crate) fn let_in(_request: &HttpRequest) {
    #[cfg(feature = "test-util")]
    if let Some(IsLetIn(is)) = _request.extensions_mut().get_mut() {
        *is = true;
    }
}

/// Whether it was.
#[cfg(all(feature = "test-util", feature = "jwt"))]
pub(crate) fn is_let_in(request: &HttpRequest) -> bool {
    request.extensions().get().is_some_and(|IsLetIn(is)| *is)
}

/// Takes note that an object hides.
pub(crate) fn hide_object(request: &HttpRequest) {
    note(request, |notes| notes.hides_object = true);
}

/// Whether an object hides.
pub(crate) fn hides_object(request: &HttpRequest) -> bool {
    noted(request, |notes| notes.hides_object).unwrap_or_default()
}

/// That somebody wants to know why a request is decided on as it is, and what there is to know.
#[derive(Default)]
struct Explained(Vec<Explanation>);

/// Asks for it. Only a test can: no bytes on a socket put this there.
#[cfg(feature = "test-util")]
pub(crate) fn want_explanation(request: &actix_http::Request) {
    request.extensions_mut().insert(Explained::default());
}

/// What was kept.
#[cfg(feature = "test-util")]
pub(crate) fn explanation(request: &HttpRequest) -> Option<String> {
    let extensions = request.extensions();
    let Explained(all) = extensions.get()?;
    Some(all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// Tells why, where somebody wants to know: a test, or whoever reads the log at its finest. At no cost to others.
pub(crate) fn explain(request: &HttpRequest, handler: &'static Rule, explained: impl FnOnce() -> Explanation) {
    let is_logged = tracing::enabled!(target: "auth_actix", tracing::Level::DEBUG);
    if !is_logged && cfg!(not(feature = "test-util")) {
        return;
    }
    let mut extensions = request.extensions_mut();
    let wanted = extensions.get_mut::<Explained>();
    if !is_logged && wanted.is_none() {
        return;
    }
    let explained = explained();
    if is_logged {
        // One line, as every entry is.
        let lines = explained.to_string();
        let why = lines.lines().map(str::trim).collect::<Vec<_>>().join("; ");
        tracing::debug!(target: "auth_actix", handler = handler.guards, why, "decided");
    }
    if let Some(Explained(all)) = wanted {
        all.push(explained);
    }
}

/// Adds to the marks of a request.
pub(crate) fn mark(request: &HttpRequest, add: impl FnOnce(&mut Marks)) {
    note(request, |notes| add(&mut notes.marks));
}

/// The marks of a request, whose answer says all of them now.
pub(crate) fn take_marks(request: &HttpRequest) -> Marks {
    take_back(request, |notes| std::mem::take(&mut notes.marks)).unwrap_or_default()
}
