//! Bearer tokens, wherever they are located.

use std::sync::Arc;

use crate::client::RequestHead;
use crate::identity::issuer::RoleTypes;
use crate::scheme::bearer::{Bearer, BearerTokens, CookieTokens, IssuerResolver, Jwt, Key, TokenCache};
use crate::scheme::build_error::{BuildError, Mistakes};
use crate::scheme::settings::{AllSettings, Assembly, SchemeSettings, SettingsContext};
use crate::scheme::ticket::{Tickets, TicketsInQuery};
use crate::scheme::{OwnIssuer, Subprotocol};

/// Settings of bearer tokens.
#[derive(Default)]
pub struct TokenSettings {
    /// The issuers.
    pub jwts: Vec<Jwt>,
    /// The subprotocol behind whose name a page offers a token.
    pub subprotocol: Option<String>,
    /// The cookie that tokens come in.
    pub cookie: Option<String>,
    /// Whether tickets stand for tokens.
    pub tickets: bool,
    /// How verified tokens are cached.
    pub cache: TokenCache,
    /// Selects an issuer for tokens of others.
    pub resolver: Option<Arc<dyn IssuerResolver>>,
    /// Replaces the keys of every issuer in a test.
    pub test_keys: Option<TestKeys>,
}

/// Keys of a test.
pub struct TestKeys {
    /// Returns the key that replaces those of the issuer with this name.
    pub key_of: Box<dyn Fn(&str) -> Key>,
    /// Whether that is allowed in a release build.
    pub in_release: bool,
}

impl TokenSettings {
    /// Whether tokens of an issuer are accepted.
    pub fn has_issuers(&self) -> bool {
        !self.jwts.is_empty()
    }

    fn bearer(self, roles: &RoleTypes) -> Result<Option<Bearer>, BuildError> {
        let jwts = match self.test_keys {
            Some(keys) if !keys.in_release && !cfg!(debug_assertions) => return Err(BuildError::TestKeysInRelease),
            Some(keys) => {
                let replace = |jwt: Jwt| {
                    let key = (keys.key_of)(jwt.name_of_issuer());
                    jwt.with_only(key)
                };
                self.jwts.into_iter().map(replace).collect()
            }
            None => self.jwts,
        };
        for jwt in jwts.iter().filter(|jwt| jwt.is_dev()) {
            if !cfg!(debug_assertions) {
                return Err(BuildError::DevInRelease);
            }
            print_commands(jwt, roles);
        }
        if jwts.is_empty() {
            return Ok(None);
        }
        let prepared = Bearer::new(jwts, self.resolver, roles);
        let prepared = prepared.map_err(|(issuer, error)| BuildError::Jwt { issuer, error })?;
        prepared.with_cache(self.cache).map(Some).map_err(BuildError::TokenCache)
    }
}

/// Prints a command for each role, with a token of `Jwt::dev()` that has it.
#[allow(clippy::print_stderr, reason = "it is for the person at the terminal, and only in debug builds")]
fn print_commands(jwt: &Jwt, roles: &RoleTypes) {
    eprintln!(
        "For development: tokens of a key that ends with this process, for this machine alone. Put your path at the end."
    );
    let names = roles.iter().flat_map(|vocabulary| vocabulary.names);
    for (what, role) in [("no role", None)].into_iter().chain(names.map(|name| (*name, Some(*name)))) {
        let token = jwt.dev_token(role).unwrap_or_default();
        eprintln!("# {what}\ncurl -i -H 'Authorization: Bearer {token}' http://127.0.0.1:8080/");
    }
}

impl<H: RequestHead> SchemeSettings<H> for TokenSettings {
    /// After all schemes that have issuers of their own: tokens may not have the names of those.
    fn order(&self) -> u8 {
        4
    }

    fn issuers(&self) -> Vec<(&'static str, bool)> {
        self.jwts.iter().map(|jwt| ("bearer", jwt.has_explicit_confers())).collect()
    }

    fn check(&self, _: &SettingsContext<'_, H>, mistakes: &mut Mistakes) {
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        };
        let has_tokens = self.has_issuers();
        if self.tickets && !has_tokens {
            mistakes.add(BuildError::TicketsWithoutTokens);
        }
        if let Some(name) = self.subprotocol.as_ref().filter(|name| !has_tokens || !is_name(name)) {
            mistakes.add(BuildError::Subprotocol(name.clone()));
        }
        if let Some(name) = self.cookie.as_ref().filter(|name| !has_tokens || !is_name(name)) {
            mistakes.add(BuildError::Cookie(name.clone()));
        }
    }

    fn is_for_this_machine(&self) -> bool {
        self.jwts.iter().any(Jwt::is_dev)
    }

    fn has_secret(&self, secret: &[u8]) -> bool {
        self.jwts.iter().any(|jwt| jwt.has_secret(secret))
    }

    fn prepare(mut self: Box<Self>, assembly: &mut Assembly<'_, H>, _: &AllSettings<H>, mistakes: &mut Mistakes) {
        let (subprotocol, cookie, tickets) = (self.subprotocol.take(), self.cookie.take(), self.tickets);
        let bearer = mistakes.collect(self.bearer(assembly.roles));
        let issuers = assembly.schemes.iter().flat_map(|scheme| scheme.sources());
        let others = issuers.map(|source| Arc::clone(&source.issuer));
        // Those of users and keys that may be accepted one day: identities are stored for long.
        let own_names = OwnIssuer::ALL.map(|issuer| issuer.name(assembly.realm));
        let reserved = others.chain(own_names).collect();
        let bearer = bearer.map(|bearer| bearer.reserving(reserved)).transpose();
        let Some(bearer) = mistakes.collect(bearer.map_err(BuildError::IssuerOfAnotherScheme)) else { return };
        let audience = assembly.resource.map(|resource| resource.identifier());
        if let Some(resource) = audience
            && let Some(issuer) = bearer.accepts_foreign_audience(resource)
        {
            mistakes.add(BuildError::ResourceIsNoAudience(resource.to_owned(), issuer.to_owned()));
        }
        let bearer = Arc::new(bearer);
        assembly.provide(Arc::clone(&bearer));
        assembly.provide(Arc::new(Subprotocol(subprotocol.clone())));
        assembly.schemes.push(Arc::new(BearerTokens::new(Arc::clone(&bearer), subprotocol)));
        if let Some(name) = cookie {
            assembly.schemes.push(Arc::new(CookieTokens::new(Arc::clone(&bearer), name)));
        }
        if tickets {
            let tickets = Arc::new(Tickets::default());
            assembly.issues_tickets = true;
            assembly.provide(Arc::clone(&tickets));
            assembly.schemes.push(Arc::new(TicketsInQuery::new(bearer, tickets)));
        }
    }
}
