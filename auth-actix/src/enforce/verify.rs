//! What takes a while: a credential that is verified elsewhere, a password that is hashed, a store of roles that is asked.

use actix_web::HttpRequest;
use auth_core::Principal;
#[cfg(feature = "jwt")]
use auth_core::client::address::Seen;
use auth_core::denial::{Denial, Reason};
use auth_core::identity::scheme_id::Scheme;
use auth_core::scheme::Presented;

use super::Denied;
use crate::auth::Auth;

/// What takes a while to find out about the caller.
pub(super) enum Wanted {
    /// Roles that no credential carries, within a tenant or none.
    Roles(Principal, Option<String>),
    /// Whom a scheme of the application makes out.
    Own(Scheme),
    #[cfg(feature = "jwt")]
    Token(String),
    #[cfg(feature = "dpop")]
    Bound(String, auth_core::scheme::dpop::Proven),
    #[cfg(feature = "basic")]
    Password(auth_core::store::users::NameAndPassword),
    #[cfg(feature = "api-key")]
    ApiKey(String),
    #[cfg(feature = "session")]
    Session(auth_core::scheme::session::SessionId),
}

impl Wanted {
    /// The scheme of a credential that is to be verified.
    pub(super) fn scheme(&self) -> Option<Scheme> {
        Some(match *self {
            Self::Roles(..) => return None,
            Self::Own(scheme) => scheme,
            #[cfg(feature = "jwt")]
            Self::Token(_) => Scheme::Bearer,
            #[cfg(feature = "dpop")]
            Self::Bound(..) => Scheme::Dpop,
            #[cfg(feature = "basic")]
            Self::Password(_) => Scheme::Basic,
            #[cfg(feature = "api-key")]
            Self::ApiKey(_) => Scheme::ApiKey,
            #[cfg(feature = "session")]
            Self::Session(_) => Scheme::Session,
        })
    }
}

/// Sessions that a request uses: to be touched if it is let in, as a refused one is no activity.
#[cfg(feature = "session")]
pub(super) type Used = Vec<(Auth, auth_core::scheme::session::SessionKey)>;
#[cfg(not(feature = "session"))]
pub(super) type Used = Vec<std::convert::Infallible>;

#[cfg_attr(
    not(feature = "session"),
    allow(unreachable_code, unused_variables, clippy::ptr_arg, reason = "sessions alone are used up")
)]
pub(super) async fn verify(
    request: &HttpRequest,
    auth: &Auth,
    wanted: Wanted,
    used: &mut Used,
) -> Result<Principal, Denial> {
    let principal: Principal = match wanted {
        Wanted::Roles(principal, tenant) => match auth.roles_from() {
            Some(roles) => {
                let answer = roles.ask(&principal.id(), tenant.as_deref()).await;
                return Ok(principal.with_answer(tenant.as_deref(), answer));
            }
            None => return Err(Denial::new(Reason::SetUp)),
        },
        #[cfg(feature = "jwt")]
        Wanted::Own(Scheme::TOKEN_COOKIE) => {
            let token = crate::collect::token_in_cookie(request, auth);
            let (Some(token), Some(bearer)) = (token, auth.verifier_of_tokens()) else {
                return Err(Denial::new(Reason::SetUp));
            };
            let client = crate::collect::counted(request, auth).map(Seen::address);
            let verified = match bearer.verify(token, auth_core::runtime::clock::now()) {
                Some(verified) => verified,
                None => bearer.verify_later(token, client).await,
            };
            let verified = verified.map_err(|denial| Denial { used: Some(Scheme::TOKEN_COOKIE), ..denial })?;
            bearer.in_cookie(&verified).ok_or_else(|| Denial::new(Reason::SetUp))?
        }
        Wanted::Own(scheme) => match auth.own().iter().find(|own| own.scheme() == scheme) {
            Some(own) => own.verify(request).await?,
            None => return Err(Denial::new(Reason::SetUp)),
        },
        #[cfg(feature = "jwt")]
        Wanted::Token(token) => match auth.verifier_of_tokens() {
            Some(verifier) => {
                verifier.verify_later(&token, crate::collect::counted(request, auth).map(Seen::address)).await?
            }
            None => return Err(Denial::new(Reason::SetUp)),
        },
        #[cfg(feature = "dpop")]
        Wanted::Bound(token, proven) => match (auth.proofs(), auth.verifier_of_tokens()) {
            (Some(proofs), Some(bearer)) => {
                let (principal, next) = proofs.verify(bearer, &token, &proven).await?;
                let next = next.and_then(|nonce| nonce.try_into().ok());
                crate::outcome::mark(request, |marks| marks.next_nonce = next);
                principal
            }
            _ => return Err(Denial::new(Reason::SetUp)),
        },
        #[cfg(feature = "basic")]
        Wanted::Password(credential) => match auth.verifier_of_passwords() {
            Some(verifier) => verifier.verify(credential, crate::collect::counted(request, auth)).await?,
            None => return Err(Denial::new(Reason::SetUp)),
        },
        #[cfg(feature = "api-key")]
        Wanted::ApiKey(key) => match auth.api_keys() {
            Some(keys) => keys.verify(&key).await?,
            None => return Err(Denial::new(Reason::SetUp)),
        },
        #[cfg(feature = "session")]
        Wanted::Session(id) => {
            let Some(sessions) = auth.sessions() else { return Err(Denial::new(Reason::SetUp)) };
            let verified = sessions.verify(id).await.map_err(|refused| dead(request, auth, refused))?;
            used.extend(verified.touch.map(|key| (auth.clone(), key)));
            verified.principal
        }
    };
    let is_session = principal.scheme() == Scheme::Session;
    unblocked(auth, principal).map_err(|denial| {
        // What was revoked does not come back; who is blocked may be let in again.
        let is_over = is_session && matches!(denial.reason, Reason::RevokedCredentials);
        if is_over { forgotten(request, auth, denial) } else { denial }
    })
}

/// The caller as the source of the credential sees them now. What cannot be asked again (a password, a proof of possession) stays
/// as it was.
pub(super) async fn again(request: &HttpRequest, auth: &Auth, known: &Principal) -> Result<Principal, Denial> {
    #[cfg(feature = "test-util")]
    if let Some(principal) = crate::stand_in::by_hand(request, auth.sources()) {
        return Ok(principal);
    }
    let now = auth_core::runtime::clock::now();
    let wanted = match crate::collect::presented_now(request, auth, crate::outcome::authorization(request), now) {
        #[cfg(feature = "jwt")]
        Presented::Bearer(token) => {
            let verified = auth.verifier_of_tokens().and_then(|bearer| bearer.verify(token, now));
            match verified {
                Some(verified) => return verified,
                None => Wanted::Token(token.into()),
            }
        }
        #[cfg(feature = "jwt")]
        Presented::Remembered(principal) => return Ok(principal),
        #[cfg(feature = "jwt")]
        Presented::Ticket(Some(token)) => Wanted::Token(token),
        #[cfg(feature = "api-key")]
        Presented::ApiKey(key) => Wanted::ApiKey(key.into()),
        #[cfg(feature = "session")]
        Presented::Session(id) => Wanted::Session(id),
        Presented::Own(scheme) => Wanted::Own(scheme),
        _ => return Ok(known.without_answers()),
    };
    verify(request, auth, wanted, &mut Vec::new()).await
}

/// A verified caller, whom no list refuses. After the verification: before it, a name is anybody's claim.
pub(crate) fn unblocked(auth: &Auth, principal: Principal) -> Result<Principal, Denial> {
    #[cfg(feature = "blocks")]
    if let Some(blocks) = auth.blocks() {
        blocks.judge(&principal)?;
    }
    #[cfg(not(feature = "blocks"))]
    let _ = auth;
    Ok(principal)
}

#[cfg(feature = "session")]
pub(super) async fn touch(request: &HttpRequest, used: Used) -> Result<(), Denied> {
    for (auth, key) in used {
        if let Some(sessions) = auth.sessions() {
            let touched = sessions.touch(key).await;
            touched.map_err(|refused| Denied::by(&auth, dead(request, &auth, refused)))?;
        }
    }
    Ok(())
}

#[cfg(not(feature = "session"))]
pub(super) async fn touch(_: &HttpRequest, _: Used) -> Result<(), Denied> {
    Ok(())
}

/// The denial; the cookie of a session that has ended is deleted with the answer.
#[cfg(feature = "session")]
fn dead(request: &HttpRequest, auth: &Auth, refused: auth_core::scheme::session::Refused) -> Denial {
    if refused.delete_cookie { forgotten(request, auth, refused.denial) } else { refused.denial }
}

/// The denial, whose answer deletes the cookie.
#[cfg_attr(not(feature = "session"), allow(unused_variables, reason = "there are no cookies"))]
fn forgotten(request: &HttpRequest, auth: &Auth, denial: Denial) -> Denial {
    #[cfg(feature = "session")]
    if let Some(sessions) = auth.sessions() {
        let delete = actix_web::http::header::HeaderValue::from_str(&sessions.delete_cookie()).ok();
        crate::outcome::mark(request, |marks| marks.delete_cookie = delete);
    }
    denial
}
