//! Settings of bearer tokens.

use std::sync::Arc;

use auth_core::scheme::bearer::{IssuerResolver, Jwt, TokenCache};
use auth_core::scheme::token_settings::TokenSettings;

use super::AuthBuilder;

impl AuthBuilder {
    pub(crate) fn tokens(self, set: impl FnOnce(&mut TokenSettings)) -> Self {
        self.with(|engine| engine.schemes.update(set))
    }

    /// Accepts bearer tokens of this issuer.
    ///
    /// Call it once for each issuer. The `iss` claim selects the issuer of a token. If there are several issuers of credentials,
    /// each must declare what it [confers](Jwt::confers).
    pub fn bearer(self, jwt: Jwt) -> Self {
        self.tokens(|tokens| tokens.jwts.push(jwt))
    }

    /// Sets the cache of verified tokens. By default, it contains at most 10,000 tokens with public-key signatures, each for at
    /// most ten minutes. A cache hit still checks the expiry, the key, and the block lists.
    ///
    /// # Errors
    /// [`build`](Self::build) returns [`BuildError::TokenCache`](crate::BuildError::TokenCache) if the cache could never contain a
    /// token.
    pub fn token_cache(self, token_cache: TokenCache) -> Self {
        self.once("token_cache").tokens(|tokens| tokens.cache = token_cache)
    }

    /// Accepts one-use tickets in the query, `?ticket=…`, in place of a bearer token. Pages need them to open WebSockets and
    /// `EventSource`s; see [`Ticket`](crate::jwt::Ticket). A ticket beside another credential counts as a second credential.
    ///
    /// # Errors
    /// [`build`](Self::build) returns [`BuildError::TicketsWithoutTokens`](crate::BuildError::TicketsWithoutTokens) if bearer
    /// tokens are not accepted.
    pub fn tickets(self) -> Self {
        self.tokens(|tokens| tokens.tickets = true)
    }

    /// Accepts a bearer token in `Sec-WebSocket-Protocol`, after the subprotocol of this name:
    /// `new WebSocket(url, ["bearer", token])`. Browsers let scripts set no other header when they open a WebSocket. The response
    /// selects the subprotocol of this name. The token is verified like one in `Authorization`. Beside that header, it counts as a
    /// second credential.
    ///
    /// # Errors
    /// [`build`](Self::build) returns [`BuildError::Subprotocol`](crate::BuildError::Subprotocol) if the name is not a token (RFC
    /// 6455 §4.1), or if bearer tokens are not accepted.
    pub fn bearer_in_subprotocol(self, name: impl Into<String>) -> Self {
        self.once("bearer_in_subprotocol").tokens(|tokens| tokens.subprotocol = Some(name.into()))
    }

    /// Accepts bearer tokens in the cookie of this name, which should be `HttpOnly`, `Secure` and `SameSite`.
    ///
    /// Browsers send a cookie automatically, so state-changing requests must come from pages of [`hosts`](Self::hosts) or
    /// [`origins`](Self::origins). The cookie counts only without an explicit credential and without a session. If the request has
    /// two cookies of this name, neither counts.
    ///
    /// ```
    /// use auth_actix::{Auth, Jwt};
    /// let jwt = Jwt::hs256([7; 32]).issuer("https://id.example").audience("reports");
    /// let auth = Auth::builder().bearer(jwt).bearer_cookie("access_token").hosts(["app.example"]).build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`build`](Self::build) returns [`BuildError::Cookie`](crate::BuildError::Cookie) if the name is not a valid cookie name, or
    /// if bearer tokens are not accepted.
    pub fn bearer_cookie(self, name: impl Into<String>) -> Self {
        self.once("bearer_cookie").tokens(|tokens| tokens.cookie = Some(name.into()))
    }

    /// Sets the resolver for issuers that are not registered by name, such as a provider with one issuer per tenant. It selects one
    /// of the issuers of [`bearer`](Self::bearer). A token never makes this server contact another host.
    pub fn issuers_from(self, resolver: impl IssuerResolver) -> Self {
        self.once("issuers_from").tokens(|tokens| tokens.resolver = Some(Arc::new(resolver)))
    }
}
