//! Settings of bearer tokens in all locations: header, cookie, subprotocol and tickets.

use std::sync::Arc;

use crate::client::RequestHead;
use crate::identity::issuer::RoleTypes;
use crate::scheme::bearer::{Bearer, CookieTokens, IssuerResolver, Jwt, JwtError, Key, TokenCache, authenticators};
use crate::scheme::build_error::{BuildError, Mistakes};
use crate::scheme::settings::{AllSettings, Assembly, IssuerSettings, SchemeSettings, SettingsContext};
use crate::scheme::ticket::{Tickets, TicketsInQuery};
use crate::scheme::token_place::TokenPlace;
use crate::scheme::{ForeignTokens, OwnIssuer, Subprotocol};

/// Settings of bearer tokens.
#[derive(Default)]
pub struct TokenSettings {
    /// The issuers.
    pub jwts: Vec<Jwt>,
    /// The WebSocket subprotocol that a page offers before a token.
    pub subprotocol: Option<String>,
    /// The name of the cookie that contains tokens.
    pub cookie: Option<String>,
    /// Whether pages can exchange tokens for tickets.
    pub tickets: bool,
    /// The settings of the cache of verified tokens.
    pub cache: TokenCache,
    /// Selects an issuer for tokens of unknown issuers.
    pub resolver: Option<Arc<dyn IssuerResolver>>,
    /// Test keys that replace the keys of every issuer.
    pub test_keys: Option<TestKeys>,
}

/// Keys for tests.
pub struct TestKeys {
    /// Returns the key that replaces those of the issuer with this name.
    pub key_of: Box<dyn Fn(&str) -> Key>,
    /// Whether test keys are allowed in a release build.
    pub in_release: bool,
}

impl TokenSettings {
    /// Returns whether any token issuer is configured.
    pub fn has_issuers(&self) -> bool {
        !self.jwts.is_empty()
    }

    /// Checks that only trusted proxies can set the headers of proxies, and that browsers send no other credential by themselves.
    fn check_proxy_headers<H: RequestHead>(&self, context: &SettingsContext<'_, H>, mistakes: &mut Mistakes) {
        let mut issuers = context.settings.iter().flat_map(SchemeSettings::issuers);
        let has_session = issuers.any(|issuer| issuer.method == "session");
        for (jwt, name) in self.jwts.iter().filter_map(|jwt| Some((jwt, jwt.header_of_proxy()?))) {
            if !context.names_proxies {
                mistakes.add(BuildError::ProxyHeaderWithoutProxy(name.to_owned()));
            }
            for (other, _) in [("session", has_session), ("bearer_cookie", self.cookie.is_some())]
                .iter()
                .filter(|(_, is_set)| *is_set)
            {
                mistakes.add(BuildError::ProxyHeaderBeside(other));
            }
            if context.settings.iter().any(|settings| settings.reads_tokens_in(TokenPlace::Header(name))) {
                let (issuer, error) = (jwt.name_of_issuer().to_owned(), JwtError::ProxyHeaderIsPlace(name.to_owned()));
                mistakes.add(BuildError::Jwt { issuer, error });
            }
        }
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

/// Prints a `curl` command for each role, with a token of `Jwt::dev()` that has the role.
#[allow(clippy::print_stderr, reason = "the output is for the terminal, only in debug builds")]
fn print_commands(jwt: &Jwt, roles: &RoleTypes) {
    eprintln!(
        "For development only: these tokens are accepted from this machine until this process ends. Append the path of a route."
    );
    let names = roles.iter().flat_map(|vocabulary| vocabulary.names);
    for (what, role) in [("no role", None)].into_iter().chain(names.map(|name| (*name, Some(*name)))) {
        let token = jwt.dev_token(role).unwrap_or_default();
        eprintln!("# {what}\ncurl -i -H 'Authorization: Bearer {token}' http://127.0.0.1:8080/");
    }
}

impl<H: RequestHead> SchemeSettings<H> for TokenSettings {
    /// Returns the position after all schemes with issuers of their own, since token issuers must not have the same names.
    fn order(&self) -> u8 {
        4
    }

    fn issuers(&self) -> Vec<IssuerSettings> {
        let stated = |jwt: &Jwt| IssuerSettings {
            method: "bearer",
            declares_confers: jwt.has_explicit_confers(),
            login: jwt.login(),
        };
        self.jwts.iter().map(stated).collect()
    }

    fn reads_tokens_in(&self, place: TokenPlace<'_>) -> bool {
        self.jwts.iter().any(|jwt| jwt.is_read_in(place))
    }

    fn check(&self, context: &SettingsContext<'_, H>, mistakes: &mut Mistakes) {
        self.check_proxy_headers(context, mistakes);
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        };
        let has_tokens = self.has_issuers();
        let has_bearer = self.jwts.iter().any(|jwt| jwt.is_read_in(TokenPlace::Bearer));
        if self.tickets && !has_tokens {
            mistakes.add(BuildError::TicketsWithoutTokens);
        }
        if let Some(name) = self.subprotocol.as_ref().filter(|name| !has_bearer || !is_name(name)) {
            mistakes.add(BuildError::Subprotocol(name.clone()));
        }
        if let Some(name) = self.cookie.as_ref().filter(|name| !has_tokens || !is_name(name)) {
            mistakes.add(BuildError::Cookie(name.clone()));
        }
    }

    fn is_for_this_machine(&self) -> bool {
        self.jwts.iter().any(Jwt::is_dev)
    }

    fn accept_opaque_tokens(&self) -> usize {
        self.jwts.iter().filter(|jwt| jwt.has_introspection()).count()
    }

    fn has_secret(&self, secret: &[u8]) -> bool {
        self.jwts.iter().any(|jwt| jwt.has_secret(secret))
    }

    fn prepare(mut self: Box<Self>, assembly: &mut Assembly<'_, H>, _: &AllSettings<H>, mistakes: &mut Mistakes) {
        self.jwts.iter_mut().for_each(|jwt| jwt.set_login_context(assembly.logins));
        let (subprotocol, cookie, tickets) = (self.subprotocol.take(), self.cookie.take(), self.tickets);
        let bearer = mistakes.collect(self.bearer(assembly.roles));
        let issuers = assembly.schemes.iter().flat_map(|scheme| scheme.sources());
        let others = issuers.map(|source| Arc::clone(&source.issuer));
        // Also reserve the names of issuers that are not configured, since they may be added later and identities are stored
        // long-term.
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
        let foreign = assembly.part::<ForeignTokens>();
        assembly.schemes.extend(authenticators(&bearer, subprotocol, foreign));
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
