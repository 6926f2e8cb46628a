//! Reevaluation of the rules that granted a request, while its response continues.

use actix_web::{HttpMessage as _, HttpRequest};
use auth_core::denial::{Denial, Reason};
use auth_core::engine::layers::{self, Layers as _};
use auth_core::policy::facts::Checks;
use auth_core::policy::rule::Rule;
use auth_core::runtime::clock::Timestamp;

use super::binding::OwnedPlace;
use super::no_auth;
use crate::adapter;

/// The rules in front of the handler's rule that have granted the request, from the outside in, and the site of each decision.
#[derive(Clone, Default)]
struct Fronts(Vec<(OwnedPlace, &'static Rule)>);

/// Records a rule in front of the handler's rule that has granted the request.
pub(super) fn admitted_by(request: &HttpRequest, place: OwnedPlace, rule: &'static Rule) {
    let mut extensions = request.extensions_mut();
    match extensions.get_mut::<Fronts>() {
        Some(Fronts(fronts)) => fronts.push((place, rule)),
        None => {
            extensions.insert(Fronts(vec![(place, rule)]));
        }
    }
}

/// Evaluates again the rule of the handler and the rules in front of it. The credential, blocks, revocation, roles of the role
/// provider and the age of the login are evaluated as they are now. The results of checks and the client address are kept.
///
/// Returns the expiry time of the credential.
pub(crate) async fn still_holds(request: &HttpRequest, rule: &'static Rule) -> Result<Option<Timestamp>, Denial> {
    let place = OwnedPlace::of(request).ok_or_else(|| no_auth().denial)?;
    let Fronts(fronts) = request.extensions().get::<Fronts>().cloned().unwrap_or_default();
    let mut guards: Vec<_> = fronts.into_iter().map(|(place, rule)| (place, rule, Checks::default())).collect();
    let checks = adapter::read(request, |state| Some(state.notes()?.checks)).unwrap_or_default();
    guards.push((place, rule, checks));
    let mut engines = Vec::new();
    for (place, rule, _) in &guards {
        engines.extend(place.place().iter(rule).map(|(engine, _)| engine));
    }
    let mut expires: Option<Timestamp> = None;
    for (index, engine) in engines.iter().enumerate() {
        if engines.iter().take(index).any(|earlier| earlier.id() == engine.id()) {
            continue;
        }
        expires = expires.into_iter().chain(engine.reverify(request, rule).await?).min();
    }
    for (place, rule, checks) in &guards {
        match layers::evaluate_layers(place.place(), request, rule, 0, *checks).await {
            Ok(None) => {}
            Ok(Some(_)) => return Err(Denial::new(Reason::InsufficientPermissions)),
            Err(denied) => return Err(denied.denial),
        }
    }
    Ok(expires)
}
