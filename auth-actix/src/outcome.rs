//! Who was found to call, kept with the request: verified once, however many rules ask.

use actix_web::http::header::{AUTHORIZATION, HeaderValue};
use actix_web::{HttpMessage as _, HttpRequest};
use auth_core::Principal;
use auth_core::rule::Rule;

use crate::auth::Auth;

/// What one `Auth` found. Another one never reads it, and it holds only for the credential that was presented then.
struct Outcome {
    auth: Auth,
    credential: Option<HeaderValue>,
    principal: Option<Principal>,
    /// The handler's rule, for logs.
    rule: &'static Rule,
}

/// Of all that have decided on a request. A private type: no bytes on a socket can put one there.
#[derive(Default)]
struct Outcomes {
    first: Option<Outcome>,
    /// Only where scopes of several `Auth`s are nested.
    others: Vec<Outcome>,
}

/// Keeps who was found, or that nobody was.
pub(crate) fn remember(request: &HttpRequest, auth: &Auth, principal: Option<&Principal>, rule: &'static Rule) {
    let credential = credential(request).cloned();
    let outcome = Outcome { auth: auth.clone(), credential, principal: principal.cloned(), rule };
    let mut extensions = request.extensions_mut();
    match extensions.get_mut::<Outcomes>() {
        None => drop(extensions.insert(Outcomes { first: Some(outcome), others: Vec::new() })),
        Some(outcomes) => {
            let known = outcomes.first.iter_mut().chain(&mut outcomes.others).find(|known| known.auth.is(auth));
            match known {
                Some(known) => *known = outcome,
                None => outcomes.others.push(outcome),
            }
        }
    }
}

/// What this `Auth` found, if it was asked and the credential is still the same: who, or that nobody calls.
pub(crate) fn recall(request: &HttpRequest, auth: &Auth) -> Option<Option<Principal>> {
    let extensions = request.extensions();
    let outcomes = extensions.get::<Outcomes>()?;
    let known = outcomes.first.iter().chain(&outcomes.others).find(|known| known.auth.is(auth))?;
    (known.credential.as_ref() == credential(request)).then(|| known.principal.clone())
}

/// The rule that decided last for this `Auth`.
pub(crate) fn rule(request: &HttpRequest, auth: &Auth) -> Option<&'static Rule> {
    let extensions = request.extensions();
    let outcomes = extensions.get::<Outcomes>()?;
    outcomes.first.iter().chain(&outcomes.others).find(|known| known.auth.is(auth)).map(|known| known.rule)
}

/// The line that was decided on. A second one, which middleware may have added, is in no outcome.
fn credential(request: &HttpRequest) -> Option<&HeaderValue> {
    request.headers().get_all(AUTHORIZATION).last()
}

/// That the client's address was part of what granted a request.
struct AddressDecided;

pub(crate) fn mark_address_decided(request: &HttpRequest) {
    request.extensions_mut().insert(AddressDecided);
}

pub(crate) fn address_decided(request: &HttpRequest) -> bool {
    request.extensions().contains::<AddressDecided>()
}
