//! Handlers with different guards. All of them return the same response.

use actix_web::error::{ErrorForbidden, ErrorUnauthorized};
use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpRequest, web};
use jsonwebtoken::{DecodingKey, Validation};
use serde::Deserialize;

pub(crate) const ANSWER: &str = "ok";

/// A handler without any check.
pub async fn bare() -> &'static str {
    ANSWER
}

/// A typical hand-written check: jsonwebtoken, an owned claims type, and a comparison of roles.
pub async fn by_hand(request: HttpRequest, check: web::Data<ByHand>) -> Result<&'static str, actix_web::Error> {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| value.strip_prefix("Bearer ")).ok_or(ErrorUnauthorized("missing token"))?;
    let claims = check.decode(token).ok_or(ErrorUnauthorized("invalid token"))?;
    if claims.has("admin") { Ok(ANSWER) } else { Err(ErrorForbidden("forbidden")) }
}

/// The settings of a hand-written check, created at start-up.
#[allow(missing_debug_implementations, reason = "it has keys")]
pub struct ByHand(pub (DecodingKey, Validation));

impl ByHand {
    /// Returns the claims of a valid token.
    pub fn decode(&self, token: &str) -> Option<ClaimsByHand> {
        let Self((key, validation)) = self;
        jsonwebtoken::decode(token, key, validation).ok().map(|data| data.claims)
    }
}

/// The claims of a token as applications usually declare them, with owned fields.
#[derive(Clone, Debug, Deserialize)]
#[allow(dead_code, reason = "people declare what tokens say, and read what they need")]
pub struct ClaimsByHand {
    iss: String,
    sub: String,
    aud: String,
    exp: u64,
    iat: u64,
    /// The roles of the caller.
    pub roles: Vec<String>,
    scope: String,
}

impl ClaimsByHand {
    /// Returns whether the caller has the role.
    pub fn has(&self, role: &str) -> bool {
        self.roles.iter().any(|held| held == role)
    }
}

/// Handlers with a vocabulary of the roles in the token.
pub(crate) mod usual {
    use std::hint::black_box;

    use auth_actix::{Caller, Principal, Tenant, public, require_auth, require_claim, require_role, require_scope};

    use super::ANSWER;
    use crate::application::Member;

    #[derive(auth_actix::Role)]
    #[allow(dead_code, reason = "rules name them as text")]
    enum Role {
        Admin,
        Editor,
        Viewer,
    }

    #[derive(auth_actix::TokenScope)]
    #[allow(dead_code, reason = "rules name them as text")]
    enum TokenScope {
        #[token_scope("read:users")]
        ReadUsers,
        #[token_scope("write:users")]
        WriteUsers,
    }

    #[require_role("admin")]
    pub(crate) async fn role() -> &'static str {
        ANSWER
    }

    #[require_role("admin")]
    pub(crate) async fn role_and_principal(caller: Principal) -> &'static str {
        black_box(caller);
        ANSWER
    }

    #[require_role("admin")]
    #[require_role("editor")]
    pub(crate) async fn two_roles() -> &'static str {
        ANSWER
    }

    #[require_role("admin")]
    #[require_role("editor")]
    #[require_role("viewer")]
    #[require_role(any("admin", "viewer"), redundant = "stacked to be measured")]
    pub(crate) async fn four_roles() -> &'static str {
        ANSWER
    }

    #[require_role("admin")]
    #[require_auth(redundant = "stacked to be measured")]
    #[require_scope("read:users")]
    #[require_claim("aud", "api.example.com")]
    pub(crate) async fn four_kinds() -> &'static str {
        ANSWER
    }

    #[public]
    pub(crate) async fn open() -> &'static str {
        ANSWER
    }

    #[public]
    pub(crate) async fn open_to_known(caller: Option<Principal>) -> &'static str {
        black_box(caller);
        ANSWER
    }

    #[require_role("admin")]
    pub(crate) async fn account(caller: Caller<Member>) -> &'static str {
        black_box(caller);
        ANSWER
    }

    #[require_role("admin", in = org)]
    pub(crate) async fn tenant(tenant: Tenant) -> &'static str {
        black_box(tenant);
        ANSWER
    }

    /// Returns the rule of a scope.
    pub(crate) fn editors() -> &'static auth_actix::Rule {
        auth_actix::rule!(role("editor"))
    }

    /// Returns the rule of an enclosing scope.
    pub(crate) fn viewers() -> &'static auth_actix::Rule {
        auth_actix::rule!(role("viewer"))
    }

    /// Returns the rule of [`role`], for decisions without a handler.
    pub(crate) fn admins() -> &'static auth_actix::Rule {
        auth_actix::rule!(role("admin"))
    }
}

/// A handler with a vocabulary of a single role.
pub(crate) mod one {
    use auth_actix::require_role;

    #[derive(auth_actix::Role)]
    #[allow(dead_code, reason = "rules name it as text")]
    enum Role {
        Admin,
    }

    #[require_role("admin")]
    pub(crate) async fn role() -> &'static str {
        super::ANSWER
    }
}

/// A handler with a vocabulary of 1,000 roles.
pub(crate) mod thousand {
    use auth_actix::require_role;

    include!(concat!(env!("OUT_DIR"), "/thousand.rs"));

    #[require_role("admin")]
    pub(crate) async fn role() -> &'static str {
        super::ANSWER
    }
}
