//! Settings of bearer tokens.

use std::sync::Arc;

use auth_core::scheme::bearer::{IssuerResolver, Jwt, TokenCache};
use auth_core::scheme::token_settings::TokenSettings;

use super::AuthBuilder;

impl AuthBuilder {
    pub(crate) fn tokens(self, set: impl FnOnce(&mut TokenSettings)) -> Self {
        self.with(|engine| engine.schemes.update(set))
    }

    /// Accepts bearer tokens of this issuer. Call it again for another one; tokens are told apart by `iss`, and with
    /// several sources each says what it [confers](Jwt::confers).
    pub fn bearer(self, jwt: Jwt) -> Self {
        self.tokens(|tokens| tokens.jwts.push(jwt))
    }

    /// How tokens that were verified are remembered: by default those that a public key verifies, 10,000 of them for ten minutes at
    /// most. Whether a token is in time, its key still holds, or somebody is blocked is asked each time all the same.
    ///
    /// # Errors
    /// [`BuildError::TokenCache`](crate::BuildError::TokenCache) where it could keep nothing.
    pub fn token_cache(self, token_cache: TokenCache) -> Self {
        self.once("token_cache").tokens(|tokens| tokens.cache = token_cache)
    }

    /// Pages open WebSockets and `EventSource`s with a ticket in the address, `?ticket=…`, which stands for a bearer token once: see
    /// [`Ticket`](crate::jwt::Ticket). Beside another credential it is a second one.
    ///
    /// # Errors
    /// [`BuildError::TicketsWithoutTokens`](crate::BuildError::TicketsWithoutTokens) where no bearer tokens are accepted.
    pub fn tickets(self) -> Self {
        self.tokens(|tokens| tokens.tickets = true)
    }

    /// Pages open WebSockets with a token: a browser lets a script set no header there but the subprotocols. The one of this name is
    /// followed by the token, `new WebSocket(url, ["bearer", token])`, and is the one that the answer chooses. The token is a
    /// bearer token as in `Authorization`, and beside that a second credential.
    ///
    /// # Errors
    /// [`BuildError::Subprotocol`](crate::BuildError::Subprotocol) where the name is no token (RFC 6455 §4.1), or no bearer tokens are accepted.
    pub fn bearer_in_subprotocol(self, name: impl Into<String>) -> Self {
        self.once("bearer_in_subprotocol").tokens(|tokens| tokens.subprotocol = Some(name.into()))
    }

    /// Accepts bearer tokens in the cookie of this name, which is to be `HttpOnly`, `Secure` and `SameSite`. A browser sends it by
    /// itself, so what changes state must come from pages of [`hosts`](Self::hosts) or [`origins`](Self::origins). It counts only without
    /// an explicit credential and without a session. Of two cookies of the name neither counts.
    ///
    /// ```
    /// use auth_actix::{Auth, Jwt};
    /// let jwt = Jwt::hs256([7; 32]).issuer("https://id.example").audience("reports");
    /// let auth = Auth::builder().bearer(jwt).bearer_cookie("access_token").hosts(["app.example"]).build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`BuildError::Cookie`](crate::BuildError::Cookie) where no cookie has such a name, or no bearer tokens are accepted.
    pub fn bearer_cookie(self, name: impl Into<String>) -> Self {
        self.once("bearer_cookie").tokens(|tokens| tokens.cookie = Some(name.into()))
    }

    /// Who stands for an issuer that is not registered by its own name: one of a provider that has an issuer for each of its
    /// tenants. Picks one of the issuers of [`bearer`](Self::bearer); a token makes this server ask nobody else.
    pub fn issuers_from(self, resolver: impl IssuerResolver) -> Self {
        self.once("issuers_from").tokens(|tokens| tokens.resolver = Some(Arc::new(resolver)))
    }
}
