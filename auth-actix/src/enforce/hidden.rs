//! What hides takes as long as an unknown path.

use actix_web::HttpRequest;
use auth_core::denial::{Denial, Reason};
use auth_core::policy::decision::Rules;
use auth_core::policy::facts::Checks;
use auth_core::policy::rule::Rule;

use super::verify::verify;
use super::{Denied, Enforced, Step, auth_of, found, step};
use crate::auth::Auth;

/// A denial of what hides, after the work that an unknown path would have been: where it came before the credential was
/// verified, that is verified now, and the outcome thrown away. Otherwise the time would tell the two apart.
pub(super) fn as_unknown(request: &HttpRequest, auth: &Auth, denial: Denial, asked: bool) -> Enforced {
    // Of whoever is known, a store of roles is asked once, whether or not it could matter (H5).
    if let (Some(caller), Some(_), false) = (&denial.caller, auth.roles_from(), asked) {
        let (auth, caller) = (auth.clone(), caller.clone());
        return Enforced::Pending(Box::pin(async move {
            if let Some(roles) = auth.roles_from() {
                let _ = roles.ask(&caller, None).await;
            }
            Err(Denied::by(&auth, denial))
        }));
    }
    let rules = Rules { scopes: &[], handler: &UNKNOWN_PATH };
    let early = matches!(denial.reason, Reason::AccessBlocked | Reason::CrossSiteRequest | Reason::SetUp);
    let denied = Denied::by(auth, denial);
    if !early || denied.denial.caller.is_some() {
        return Enforced::Refused(denied);
    }
    match step(request, auth, rules, &UNKNOWN_PATH, None, Checks::default()) {
        Step::Later(auth, wanted) => {
            let (request, auth) = (request.clone(), auth.clone());
            Enforced::Pending(Box::pin(async move {
                // Whatever it says.
                let _ = verify(&request, &auth, wanted, &mut Vec::new()).await;
                Err(denied)
            }))
        }
        _ => Enforced::Refused(denied),
    }
}

/// Asks a store of roles about a caller who is known, as a path that hides would have.
pub(crate) async fn ask_in_vain(request: &HttpRequest) {
    let Some(auth) = auth_of(request) else { return };
    if let (Some(roles), Some(Ok(caller))) = (auth.roles_from(), found(request, auth)) {
        let _ = roles.ask(&caller.id(), None).await;
    }
}

/// The rule of an unknown path beside a hidden one: the same steps, and nobody passes.
pub(crate) static UNKNOWN_PATH: Rule = Rule {
    text: "authenticated, and then nothing is here",
    guards: "an unknown path",
    not_found: true,
    ..auth_core::policy::rule::AUTHENTICATED
};
