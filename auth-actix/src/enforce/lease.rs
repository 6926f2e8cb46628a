//! Whether a rule that let a request in still holds, while its answer goes on.

use actix_web::{HttpMessage as _, HttpRequest};
use auth_core::denial::{Denial, Reason};
use auth_core::identity::scheme_id::Scheme;
use auth_core::policy::facts::Checks;
use auth_core::policy::rule::Rule;
use auth_core::runtime::clock::{self, Timestamp};

use super::place::OwnedPlace;
use super::verify::{again, unblocked};
use super::{NO_AUTH, Waiting, go_on, set_up};
use crate::auth::Auth;
use crate::outcome::{self, Found};

/// Rules in front of the handler's own that have admitted the request, from the outside in, and where each was decided.
#[derive(Clone, Default)]
struct Fronts(Vec<(OwnedPlace, &'static Rule)>);

/// Keeps with the request a rule in front of the handler's own that has admitted it.
pub(super) fn admitted_by(request: &HttpRequest, place: OwnedPlace, rule: &'static Rule) {
    let mut extensions = request.extensions_mut();
    match extensions.get_mut::<Fronts>() {
        Some(Fronts(fronts)) => fronts.push((place, rule)),
        None => {
            extensions.insert(Fronts(vec![(place, rule)]));
        }
    }
}

/// Decides again, by the rule of the handler and by each rule in front of it: with the credential as its source sees it now, blocks and revocation as they are now, roles asked for anew, and
/// the age of the login as it is by now. What checks have found, and where the request came from, stays.
///
/// Gives when the credential expires.
pub(crate) async fn still_holds(request: &HttpRequest, rule: &'static Rule) -> Result<Option<Timestamp>, Denial> {
    let place = OwnedPlace::of(request).ok_or_else(|| set_up(NO_AUTH).denial)?;
    let Fronts(fronts) = request.extensions().get::<Fronts>().cloned().unwrap_or_default();
    let mut guards: Vec<_> = fronts.into_iter().map(|(place, rule)| (place, rule, Checks::default())).collect();
    guards.push((place, rule, outcome::checks(request)));
    let mut auths: Vec<&Auth> = Vec::new();
    for (place, rule, _) in &guards {
        let place = place.place();
        let layers = (0..place.count()).filter_map(|index| place.layer(index, rule));
        auths.extend(layers.map(|(auth, _)| auth));
    }
    let mut expires: Option<Timestamp> = None;
    for (index, auth) in auths.iter().enumerate() {
        if auths.iter().take(index).any(|earlier| earlier.is(auth)) {
            continue;
        }
        let Some(Found::Known(known)) = outcome::recall(request, auth) else { continue };
        let principal = unblocked(auth, again(request, auth, &known).await?)?;
        if principal.id() != known.id() || !principal.actors().eq(known.actors()) {
            let cause = "the credential is now of somebody else";
            return Err(Denial::refused(principal.scheme(), Reason::RevokedCredentials, cause));
        }
        // A token that cannot be verified again ends when it says so, without leeway.
        let is_verified_again = principal.scheme() != Scheme::Dpop;
        if !is_verified_again && principal.expires_at().is_some_and(|end| end <= clock::now()) {
            return Err(Denial::refused(principal.scheme(), Reason::ExpiredCredentials, "the credential has expired"));
        }
        expires = expires.into_iter().chain(principal.expires_at()).min();
        outcome::remember(request, auth, outcome::authorization(request), Found::Known(principal), rule);
    }
    for (place, rule, checks) in &guards {
        match go_on(request, place.place(), rule, Waiting::default(), *checks, &mut Vec::new()).await {
            Ok(None) => {}
            Ok(Some(_)) => return Err(Denial::new(Reason::InsufficientPermissions)),
            Err(denied) => return Err(denied.denial),
        }
    }
    Ok(expires)
}
