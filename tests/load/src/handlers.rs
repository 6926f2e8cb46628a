//! The handler, as often as it is guarded in another way. It always says the same.

use actix_web::error::{ErrorForbidden, ErrorUnauthorized};
use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpRequest, web};
use jsonwebtoken::{DecodingKey, Validation};
use serde::Deserialize;

const ANSWER: &str = "ok";

/// Lets anyone in, as nobody asks.
pub async fn bare() -> &'static str {
    ANSWER
}

/// What people write by hand: jsonwebtoken, the claims in a type that owns them, and a look at the roles.
pub async fn by_hand(request: HttpRequest, check: web::Data<ByHand>) -> Result<&'static str, actix_web::Error> {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| value.strip_prefix("Bearer ")).ok_or(ErrorUnauthorized("missing token"))?;
    let claims = check.decode(token).ok_or(ErrorUnauthorized("invalid token"))?;
    if claims.has("admin") { Ok(ANSWER) } else { Err(ErrorForbidden("forbidden")) }
}

/// A check by hand, made at start-up.
#[allow(missing_debug_implementations, reason = "it has keys")]
pub struct ByHand(pub (DecodingKey, Validation));

impl ByHand {
    /// What the token says, if it is good.
    pub fn decode(&self, token: &str) -> Option<ClaimsByHand> {
        let Self((key, validation)) = self;
        jsonwebtoken::decode(token, key, validation).ok().map(|data| data.claims)
    }
}

/// What tokens say, as people declare it: everything owned.
#[derive(Clone, Debug, Deserialize)]
#[allow(dead_code, reason = "people declare what tokens say, and read what they need")]
pub struct ClaimsByHand {
    iss: String,
    sub: String,
    aud: String,
    exp: u64,
    iat: u64,
    /// What the caller is.
    pub roles: Vec<String>,
    scope: String,
}

impl ClaimsByHand {
    /// Whether the caller is that.
    pub fn has(&self, role: &str) -> bool {
        self.roles.iter().any(|held| held == role)
    }
}

/// With the roles that the token has.
pub(crate) mod usual {
    use std::hint::black_box;

    use auth_actix::{Principal, public, require_auth, require_claim, require_role, require_scope};

    use super::ANSWER;

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

    /// The rule of a scope.
    pub(crate) fn editors() -> &'static auth_actix::Rule {
        auth_actix::rule!(role("editor"))
    }

    /// The rule of a scope around it.
    pub(crate) fn viewers() -> &'static auth_actix::Rule {
        auth_actix::rule!(role("viewer"))
    }

    /// The rule of [`role`], for who decides without a handler.
    pub(crate) fn admins() -> &'static auth_actix::Rule {
        auth_actix::rule!(role("admin"))
    }
}

/// With a single role.
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

/// With 1,000 roles.
pub(crate) mod thousand {
    use auth_actix::require_role;

    include!(concat!(env!("OUT_DIR"), "/thousand.rs"));

    #[require_role("admin")]
    pub(crate) async fn role() -> &'static str {
        super::ANSWER
    }
}
