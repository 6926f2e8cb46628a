//! From settings to an `Auth`, and what can be wrong with them: here, and in no request.

use std::sync::Arc;

use auth_core::client::address::{AddressSource, Hosts};
use auth_core::client::country::Countries;
use auth_core::client::csrf::Origins;
use auth_core::denial::challenge::Realm;
#[cfg(feature = "blocks")]
use auth_core::engine::BlockCheck;
use auth_core::engine::{Engine, Settings};
use auth_core::identity::scheme_id::{OwnScheme, Scheme};
use auth_core::oidc::protected_resource::Resource;
use auth_core::scheme::Authenticator;
#[cfg(feature = "api-key")]
use auth_core::scheme::api_key::ApiKeyScheme;
#[cfg(feature = "basic")]
use auth_core::scheme::basic;
#[cfg(feature = "jwt")]
use auth_core::scheme::bearer::{Bearer, BearerTokens, CookieTokens, Jwt};
#[cfg(feature = "dpop")]
use auth_core::scheme::dpop::{BoundTokens, Dpop};
#[cfg(feature = "session")]
use auth_core::scheme::session::Sessions;
#[cfg(all(feature = "oidc", feature = "session"))]
use auth_core::scheme::session::oidc_login::RelyingParty;
#[cfg(feature = "jwt")]
use auth_core::scheme::ticket::{Tickets, TicketsInQuery};
#[cfg(feature = "session")]
use auth_core::store::users::Passwords;

#[cfg(feature = "session")]
use super::SessionSettings;
#[cfg(feature = "jwt")]
use super::Tokens;
use super::build_error::Mistakes;
use super::builder::{Address, AuthBuilder};
use super::{Auth, BuildError, Inner};
use crate::adapter::Actix;
use crate::custom_scheme::{CustomScheme, Prepared};
use crate::respond::Answers;

impl AuthBuilder {
    /// Checks the settings, and prepares keys and verifiers. Opens no connection.
    ///
    /// # Errors
    /// Settings are wrong; the error names each of them.
    pub fn build(mut self) -> Result<Auth, BuildError> {
        let mut mistakes = Mistakes::default();
        self.check_together(&mut mistakes);
        let loopback_only = self.is_for_this_machine();
        let realm_text = self.realm.take().unwrap_or_else(|| "restricted".to_owned());
        let realm = Realm::new(&realm_text).map(Some).map_err(|error| BuildError::Realm(realm_text.clone(), error));
        let realm = mistakes.keep(realm);
        #[cfg(all(feature = "oidc", feature = "session"))]
        let relying_party = mistakes.keep(self.prepare_relying_party());
        #[cfg(feature = "jwt")]
        let bearer = mistakes.keep(self.prepare_bearer());
        #[cfg(feature = "session")]
        let users = mistakes.keep(self.users_of_logins());
        #[cfg(feature = "session")]
        let kept_at = self.sessions.as_ref().and_then(Sessions::memory_address);
        #[cfg(not(feature = "session"))]
        let kept_at = None;
        #[cfg(feature = "session")]
        let plain_http = self.sessions.as_ref().is_some_and(Sessions::is_for_this_machine);
        #[cfg(feature = "session")]
        let sessions = self.sessions.take().map(|sessions| sessions.prepare(&realm_text, users.clone(), &self.roles));
        #[cfg(feature = "session")]
        let sessions = mistakes.keep(sessions.transpose().map_err(BuildError::Sessions)).map(Arc::new);

        // Those of tokens come after, as they may not have the names of other issuers.
        let mut schemes: Vec<Arc<dyn Authenticator<Actix>>> = Vec::new();
        #[cfg(feature = "basic")]
        if let Some(basic) = self.basic.take() {
            schemes.push(Arc::new(basic.prepare(&realm_text, &self.roles)));
        }
        #[cfg(feature = "api-key")]
        if let Some(keys) = self.api_keys.take() {
            schemes.push(Arc::new(keys.prepare(&realm_text, &self.roles)));
        }
        #[cfg(feature = "session")]
        schemes.extend(sessions.iter().map(|sessions| Arc::clone(sessions) as _));
        for own in self.prepare_own(&mut mistakes) {
            schemes.push(Arc::new(own));
        }
        #[cfg(feature = "jwt")]
        let tokens = self.token_schemes(bearer, &realm_text, &mut schemes, &mut mistakes);
        let sources: Vec<_> = schemes.iter().flat_map(|scheme| scheme.sources()).collect();
        let mut accepted: Vec<Scheme> = Scheme::OURS.into_iter().collect();
        accepted.retain(|scheme| sources.iter().any(|source| source.scheme == *scheme));
        let is_custom = |scheme: &Scheme| matches!(scheme, Scheme::Own(_)) && *scheme != Scheme::TOKEN_COOKIE;
        accepted.extend(sources.iter().map(|source| source.scheme).filter(is_custom));
        let has_ambient = sources.iter().any(|source| source.scheme.is_ambient());
        let has_passwords = sources.iter().any(|source| source.scheme == Scheme::Basic);

        #[cfg(all(feature = "oidc", feature = "session"))]
        if relying_party.is_some() && self.login_page.is_none() {
            self.login_page = Some("/login".to_owned());
        }
        let login_page = mistakes.keep(self.login_page.take().map(checked_login_page).transpose());
        let base = mistakes.keep(self.problem_base.take().map(checked_problem_base).transpose());
        let resource = mistakes.keep(self.resource.take().map(checked_resource).transpose());
        #[cfg(feature = "jwt")]
        if let (Some(resource), Some(bearer)) = (&resource, &tokens.bearer)
            && let Some(issuer) = bearer.takes_tokens_of_another_audience(resource.identifier())
        {
            mistakes.add(BuildError::ResourceIsNoAudience(resource.identifier().to_owned(), issuer.to_owned()));
        }
        let address = mistakes.keep(address_source(self.address));
        let hosts = mistakes.keep(Hosts::new(self.hosts).map_err(BuildError::Host));
        let origins = mistakes.keep(Origins::new(self.origins).map_err(BuildError::Origin));
        let realm = mistakes.settled(realm)?;

        let metadata = resource.as_ref().map(Resource::metadata);
        let mut answers = Answers::new(&realm, accepted, login_page, metadata);
        answers.renderer = self.renderer;
        answers.texts = self.texts;
        if let Some(base) = base {
            answers.base = base;
        }
        #[cfg(feature = "session")]
        if plain_http {
            super::warn("session cookies go over plain HTTP: for a browser on this machine alone");
        }
        #[cfg(feature = "session")]
        let by_form = users.is_some();
        #[cfg(not(feature = "session"))]
        let by_form = false;
        if address == AddressSource::Unset && (by_form || has_passwords) {
            tracing::warn!(
                target: "auth_actix",
                "failed logins are counted by account alone: call `.client_address(Peer)` or `.behind(…)`, or a stranger's guesses keep everybody waiting"
            );
        }
        if hosts.is_empty() && origins.iter().next().is_none() && has_ambient {
            // Chromium names no site with a WebSocket, and no browser does to a server without TLS.
            super::warn(
                "a cookie or Basic cannot open a WebSocket, nor change state over plain HTTP: call `.hosts([…])` with the names of this server, or `.origins([…])` with those of its front ends",
            );
        }
        #[cfg(feature = "blocks")]
        if let (Some(blocks), Some(sink)) = (&self.blocks, &self.sink) {
            blocks.audit(Arc::clone(sink));
        }
        #[cfg(feature = "jwt")]
        let issues_tickets = tokens.tickets.is_some();
        #[cfg(not(feature = "jwt"))]
        let issues_tickets = false;
        #[cfg(feature = "blocks")]
        let blocklist = self.blocks.map(|blocks| Arc::new(blocks) as Arc<dyn BlockCheck>);
        #[cfg(not(feature = "blocks"))]
        let blocklist = None;
        let engine = Engine::new(Settings {
            schemes,
            ignore_unsupported: self.foreign_authorization,
            address,
            countries: self.countries,
            hosts,
            origins,
            blocklist,
            sink: self.sink,
            audits_grants: self.tells_grants,
            resource,
            loopback_only,
            issues_tickets,
            roles: self.roles,
            role_provider: self.roles_from,
            same: self.same,
        });
        Ok(Auth(Arc::new(Inner {
            engine,
            answers,
            #[cfg(feature = "jwt")]
            tokens,
            #[cfg(feature = "session")]
            sessions: SessionSettings {
                verifier: sessions,
                users,
                #[cfg(feature = "oidc")]
                relying_party,
            },
            in_memory: kept_at.map(|address| (realm_text.clone(), address)),
        })))
    }

    /// The schemes that accept bearer tokens: they precede the others.
    #[cfg(feature = "jwt")]
    fn token_schemes(
        &mut self,
        bearer: Option<Bearer>,
        realm: &str,
        schemes: &mut Vec<Arc<dyn Authenticator<Actix>>>,
        mistakes: &mut Mistakes,
    ) -> Tokens {
        let others = schemes.iter().flat_map(|scheme| scheme.sources()).map(|source| Arc::clone(&source.issuer));
        // Those of users and keys that may be accepted one day: identities are stored for long.
        let own_names = ["basic", "apikey"].map(|kind| Arc::from(format!("{kind}:{realm}")));
        let reserved = others.chain(own_names).collect::<Vec<_>>();
        let bearer = bearer.map(|bearer| bearer.reserving(reserved)).transpose();
        let bearer = mistakes.keep(bearer.map_err(BuildError::IssuerOfAnotherScheme)).map(Arc::new);
        let subprotocol = self.subprotocol.take();
        let tickets = self.tickets.then(|| Arc::new(Tickets::default()));
        #[cfg(feature = "dpop")]
        let proofs = self.dpop.take().map(|dpop| dpop.prepare(realm)).transpose().map_err(BuildError::Dpop);
        #[cfg(feature = "dpop")]
        let proofs = mistakes.keep(proofs);
        let mut of_tokens: Vec<Arc<dyn Authenticator<Actix>>> = Vec::new();
        if let Some(bearer) = &bearer {
            of_tokens.push(Arc::new(BearerTokens::new(Arc::clone(bearer), subprotocol.clone())));
            #[cfg(feature = "dpop")]
            of_tokens.extend(proofs.map(|proofs| Arc::new(BoundTokens::new(Arc::clone(bearer), proofs)) as _));
        }
        schemes.splice(0..0, of_tokens);
        if let (Some(bearer), Some(name)) = (&bearer, self.cookie.take()) {
            schemes.push(Arc::new(CookieTokens::new(Arc::clone(bearer), name)));
        }
        if let (Some(bearer), Some(tickets)) = (&bearer, &tickets) {
            schemes.push(Arc::new(TicketsInQuery::new(Arc::clone(bearer), Arc::clone(tickets))));
        }
        Tokens { bearer, tickets, subprotocol }
    }

    /// Takes note of settings that are wrong together, or by themselves as they were written.
    fn check_together(&self, mistakes: &mut Mistakes) {
        for setting in self.once.repeated() {
            mistakes.add(BuildError::Repeated(setting));
        }
        mistakes.keep(self.check_what_is_shared());
        self.check_what_sources_confer(mistakes);
        #[cfg(feature = "jwt")]
        {
            let has_tokens = !self.jwts.is_empty();
            let is_name = |name: &str| {
                !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
            };
            if self.tickets && !has_tokens {
                mistakes.add(BuildError::TicketsWithoutTokens);
            }
            if let Some(name) = self.subprotocol.as_ref().filter(|name| !has_tokens || !is_name(name)) {
                mistakes.add(BuildError::Subprotocol(name.clone()));
            }
            if let Some(name) = self.cookie.as_ref().filter(|name| !has_tokens || !is_name(name)) {
                mistakes.add(BuildError::Cookie(name.clone()));
            }
            #[cfg(feature = "dpop")]
            if self.dpop.is_some() && !has_tokens {
                mistakes.add(BuildError::DpopWithoutTokens);
            }
        }
        #[cfg(feature = "api-key")]
        if let Some(keys) = &self.api_keys
            && actix_web::http::header::HeaderName::from_bytes(keys.header_name().as_bytes()).is_err()
        {
            mistakes.add(BuildError::ApiKeyHeader(keys.header_name().to_owned()));
        }
        let is_behind = matches!(self.address, Address::Behind(..) | Address::Hops(..));
        mistakes.keep(check_country_header(self.countries.as_ref(), is_behind));
        #[cfg(feature = "session")]
        if is_behind && self.sessions.as_ref().is_some_and(Sessions::is_for_this_machine) {
            mistakes.add(BuildError::PlainHttpBehindProxy);
        }
        #[cfg(feature = "blocks")]
        if self.blocks.is_some() && matches!(self.address, Address::Unset) {
            mistakes.add(BuildError::BlocksWithoutAddress);
        }
    }

    /// A name of its own, where sessions or counts are kept with those of others.
    fn check_what_is_shared(&self) -> Result<(), BuildError> {
        if self.realm.is_some() {
            return Ok(());
        }
        #[cfg(feature = "session")]
        if self.sessions.as_ref().is_some_and(Sessions::is_shared) {
            return Err(BuildError::RealmMissing(".session(…)"));
        }
        #[cfg(feature = "dpop")]
        if self.dpop.as_ref().is_some_and(Dpop::is_shared) {
            return Err(BuildError::RealmMissing(".dpop(…)"));
        }
        #[cfg(feature = "session")]
        if self.users.as_ref().is_some_and(Passwords::are_counted_together) {
            return Err(BuildError::RealmMissing(".users(…)"));
        }
        #[cfg(feature = "basic")]
        if self.basic.as_ref().is_some_and(|basic| basic.passwords().are_counted_together()) {
            return Err(BuildError::RealmMissing(".basic(…)"));
        }
        Ok(())
    }

    /// Somebody can authenticate; and of several sources, each says what it may confer.
    fn check_what_sources_confer(&self, mistakes: &mut Mistakes) {
        let sources: [(&'static str, Vec<bool>); 5] = [
            ("scheme", self.own.iter().map(CustomScheme::says_what_it_confers).collect()),
            #[cfg(feature = "api-key")]
            ("api_keys", self.api_keys.iter().map(ApiKeyScheme::says_what_it_confers).collect()),
            #[cfg(not(feature = "api-key"))]
            ("api_keys", Vec::new()),
            #[cfg(feature = "jwt")]
            ("bearer", self.jwts.iter().map(Jwt::says_what_it_confers).collect()),
            #[cfg(not(feature = "jwt"))]
            ("bearer", Vec::new()),
            #[cfg(feature = "basic")]
            ("basic", self.basic.iter().map(basic::Basic::says_what_it_confers).collect()),
            #[cfg(not(feature = "basic"))]
            ("basic", Vec::new()),
            #[cfg(feature = "session")]
            ("session", self.sessions.iter().map(Sessions::says_what_it_confers).collect()),
            #[cfg(not(feature = "session"))]
            ("session", Vec::new()),
        ];
        match sources.iter().map(|(_, say)| say.len()).sum() {
            0 => mistakes.add(BuildError::NoScheme),
            1 => {}
            2.. => {
                for (name, _) in sources.iter().filter(|(_, say)| !say.iter().all(|says| *says)) {
                    mistakes.add(BuildError::ConfersMissing(name));
                }
            }
        }
    }

    /// Where people log in at a provider.
    #[cfg(all(feature = "oidc", feature = "session"))]
    fn prepare_relying_party(&mut self) -> Result<Option<RelyingParty>, BuildError> {
        let Some(login) = self.oidc_login.take() else { return Ok(None) };
        let Some(sessions) = &self.sessions else { return Err(BuildError::OidcLoginWithoutSession) };
        if sessions.is_strict() {
            return Err(BuildError::OidcLoginWithStrictSession);
        }
        let jwts = &self.jwts;
        let is_of_tokens = |secret: &[u8]| jwts.iter().any(|jwt| jwt.has_secret(secret));
        let prepared = login.prepare(&self.roles, sessions.is_for_this_machine(), is_of_tokens);
        prepared.map(Some).map_err(BuildError::OidcLogin)
    }

    /// The schemes of the application.
    fn prepare_own(&mut self, mistakes: &mut Mistakes) -> Vec<Prepared> {
        if self.own.len() > OwnScheme::MOST {
            mistakes.add(BuildError::TooManySchemes);
            return Vec::new();
        }
        let mut prepared: Vec<Prepared> = Vec::new();
        for (own, slot) in std::mem::take(&mut self.own).into_iter().zip(0_u8..) {
            let own = self.prepare_scheme(own, slot, &prepared);
            prepared.extend(mistakes.keep(own.map(Some)));
        }
        prepared
    }

    /// One of them, beside those before it.
    fn prepare_scheme(&self, own: CustomScheme, slot: u8, before: &[Prepared]) -> Result<Prepared, BuildError> {
        let name = own.name();
        let scheme = OwnScheme::new(name, own.is_sent_by_browsers(), slot);
        let scheme =
            scheme.filter(|_| before.iter().all(|other| !other.source().scheme.name().eq_ignore_ascii_case(name)));
        let scheme = scheme.ok_or(BuildError::SchemeName(name))?;
        // By hops alone, whoever reaches this server is one.
        if own.comes_from_a_proxy() && !matches!(self.address, Address::Behind(..)) {
            return Err(BuildError::SchemeWithoutProxy(name));
        }
        let header = own.header();
        if header.as_ref().is_some_and(|header| !is_own_header(header)) {
            return Err(BuildError::SchemeHeader(name, header.unwrap_or_default()));
        }
        Ok(own.prepare(scheme, &self.roles))
    }

    /// Whether keys or cookies are those of development.
    fn is_for_this_machine(&self) -> bool {
        #[cfg(feature = "jwt")]
        if self.jwts.iter().any(Jwt::is_dev) {
            return true;
        }
        #[cfg(feature = "session")]
        if self.sessions.as_ref().is_some_and(Sessions::is_for_this_machine) {
            return true;
        }
        false
    }

    #[cfg(feature = "jwt")]
    fn prepare_bearer(&mut self) -> Result<Option<Bearer>, BuildError> {
        let jwts = std::mem::take(&mut self.jwts);
        #[cfg(feature = "test-util")]
        let jwts = match self.test_keys.take() {
            Some((_, false)) if !cfg!(debug_assertions) => return Err(BuildError::TestKeysInRelease),
            Some((keys, _)) => jwts.into_iter().map(|jwt| keys.replace(jwt)).collect(),
            None => jwts,
        };
        for jwt in jwts.iter().filter(|jwt| jwt.is_dev()) {
            if !cfg!(debug_assertions) {
                return Err(BuildError::DevInRelease);
            }
            super::dev::print_commands(jwt, &self.roles);
        }
        if jwts.is_empty() {
            return Ok(None);
        }
        let prepared = Bearer::new(jwts, self.issuers_from.take(), &self.roles);
        let prepared = prepared.map_err(|(issuer, error)| BuildError::Jwt { issuer, error })?;
        prepared.remembering(self.token_cache).map(Some).map_err(BuildError::TokenCache)
    }

    /// The users of the login form: those of Basic, unless others are said, which then have to be the same.
    #[cfg(feature = "session")]
    fn users_of_logins(&mut self) -> Result<Option<Passwords>, BuildError> {
        let users = self.users.take();
        #[cfg(feature = "basic")]
        if let Some(basic) = &self.basic {
            return match users {
                Some(users) if !users.is(basic.passwords()) => Err(BuildError::TwoStoresOfUsers),
                _ => Ok(Some(basic.passwords().clone())),
            };
        }
        Ok(users)
    }
}

/// A header that a credential can have for itself: none that browsers send by themselves.
fn is_own_header(name: &str) -> bool {
    let is_name = actix_web::http::header::HeaderName::from_bytes(name.as_bytes()).is_ok();
    let taken = ["authorization", "cookie", "host", "proxy-authorization"];
    is_name && !taken.iter().any(|other| name.eq_ignore_ascii_case(other))
}

/// A header that anybody could write says nothing.
fn check_country_header(countries: Option<&Countries>, is_behind: bool) -> Result<(), BuildError> {
    let Some(name) = countries.and_then(Countries::header_name) else { return Ok(()) };
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if is_name && is_behind { Ok(()) } else { Err(BuildError::CountryHeader(name.to_owned())) }
}

/// A path on this site, and nothing that a browser takes for another one.
fn checked_login_page(page: String) -> Result<String, BuildError> {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#' | b'"');
    let here = page.starts_with('/') && !page.starts_with("//") && page.bytes().all(plain);
    if here { Ok(page) } else { Err(BuildError::LoginPage(page)) }
}

fn checked_resource(identifier: String) -> Result<Resource, BuildError> {
    Resource::new(&identifier).map_err(|error| BuildError::Resource(identifier, error))
}

fn checked_problem_base(base: String) -> Result<String, BuildError> {
    let scheme = base.split_once(':').map_or("", |(scheme, _)| scheme);
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"\\<>{}|^`".contains(&byte);
    let absolute = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let fits = absolute && base.ends_with(['/', ':', '#']) && base.bytes().all(plain);
    if fits { Ok(base) } else { Err(BuildError::ProblemBase(base)) }
}

fn address_source(address: Address) -> Result<AddressSource, BuildError> {
    let (written, header) = match address {
        Address::Unset => return Ok(AddressSource::Unset),
        Address::Peer => return Ok(AddressSource::Peer),
        Address::Hops(hops, header) => return Ok(AddressSource::Hops { hops, header }),
        Address::Behind(written, header) => (written, header),
    };
    if written.is_empty() {
        return Err(BuildError::NoProxy);
    }
    let (mut proxies, mut unix) = (Vec::new(), false);
    for proxy in written {
        if proxy == "unix" {
            unix = true;
        } else {
            proxies.push(auth_core::client::address::network(&proxy).ok_or(BuildError::Proxy(proxy))?);
        }
    }
    Ok(AddressSource::Behind { proxies, unix, header })
}

#[cfg(all(test, feature = "jwt"))]
mod tests {
    use auth_core::client::address::Forwarding;

    use super::*;
    use crate::{Confers, Key, Peer};

    fn jwt() -> Jwt {
        Jwt::hs256([7; 32]).issuer("https://id.example").audience("reports")
    }

    #[test]
    fn a_wrong_setting_does_not_build_and_is_named() {
        let with = || Auth::builder().bearer(jwt());
        let partner = || Jwt::hs256([8; 32]).issuer("https://partner.example").audience("reports");
        #[rustfmt::skip]
        let table: Vec<(AuthBuilder, &str)> = vec![
            (Auth::builder(), "no scheme is accepted: call `.bearer(…)`, `.basic(…)`, `.api_keys(…)`, `.session(…)` or `.scheme(…)`"),
            (with().realm("a\r\nb"), "`.realm(\"a\\r\\nb\")`: a realm is visible ASCII and spaces"),
            (Auth::builder().bearer(Jwt::hs256([7; 32]).audience("reports")), "`.bearer(…)` for issuer \"\": `.issuer(…)` is missing: whose tokens are these?"),
            (Auth::builder().bearer(Jwt::hs256([7; 31]).issuer("a").audience("b")), "`.bearer(…)` for issuer \"a\": key 1: an HMAC secret for this algorithm has at least 32 bytes: `openssl rand -hex 32` makes one"),
            (with().bearer(partner()), "`.bearer(…)` does not say what it `.confers(…)`, and there are several sources: `Confers::nothing().roles([…])`, or `Confers::everything()` for each"),
            (Auth::builder().bearer(jwt().confers(Confers::everything())).bearer(partner().confers(Confers::nothing()).or_key(Key::secret(crate::Algorithm::HS256, [7; 32]))),
                "`.bearer(…)` for issuer \"https://partner.example\": two issuers share one HMAC secret"), // L2
            (with().behind(Vec::<String>::new(), Forwarding::Forwarded), "`.behind(…)` names no proxy: write `.client_address(Peer)` if there is none"),
            (with().behind(["proxy.example"], Forwarding::Forwarded), "`.behind(…)`: \"proxy.example\" is no address and no network"),
            (with().behind(["10.0.0.1/8"], Forwarding::Forwarded), "`.behind(…)`: \"10.0.0.1/8\" is no address and no network"),
            (with().hosts(["https://intranet.example"]), "`.hosts(…)`: \"https://intranet.example\" is no host name: write it without a scheme, a port and a path, such as `intranet.example` or `[::1]`"),
            (with().login_page("/log\0in"), "`.login_page(\"/log\\0in\")`: write a path on this site, such as \"/login\""),
            (with().origins(["https://app.example/"]), "`.origins(…)`: an origin is `https://host` or `https://host:port` in lower case, without a path"),
            (with().login_page("//evil.example"), "`.login_page(\"//evil.example\")`: write a path on this site, such as \"/login\""),
            (with().login_page("https://evil.example"), "`.login_page(\"https://evil.example\")`: write a path on this site, such as \"/login\""),
            (with().resource("api.example"), "`.resource(\"api.example\")`: a resource is an `https` URL without query and fragment, such as \"https://api.example\""),
            (with().resource("https://api.example"), "`.resource(\"https://api.example\")`: tokens of issuer \"https://id.example\" are for another `.audience(…)`: name the resource there"), // META-2
            // S12, C2
            (Auth::builder().realm("att").bearer(Jwt::hs256([7; 32]).issuer("basic:att").audience("reports")), "`.bearer(…)` for issuer \"basic:att\": that is the name under which another scheme identifies its callers"),
            (Auth::builder().realm("att").bearer(jwt().or_issuer("apikey:att")), "`.bearer(…)` for issuer \"apikey:att\": that is the name under which another scheme identifies its callers"),
            (with().problem_base("/problems/"), "`.problem_base(\"/problems/\")`: write an absolute URI that ends in `/`, `:` or `#`"),
            (with().problem_base("https://a\"/"), "`.problem_base(\"https://a\\\"/\")`: write an absolute URI that ends in `/`, `:` or `#`"),
        ];
        for (builder, expected) in table {
            assert_eq!(builder.build().unwrap_err().to_string(), expected);
        }
        assert!(with().build().is_ok());
        // All at once, and one for each mistake.
        let several = with()
            .realm("é")
            .realm("a")
            .login_page("login")
            .client_address(Peer)
            .behind(["proxy.example"], Forwarding::Forwarded)
            .hosts(["a b"])
            .origins(["app"])
            .countries(crate::Countries::header("x-country"))
            .bearer(partner())
            .bearer_cookie("a b");
        let told = several.build().unwrap_err().to_string();
        let mut lines = told.lines();
        assert_eq!(lines.next(), Some("8 settings are wrong:"));
        let starts = [
            "`.realm(…)` is called twice",
            "`.client_address(…)` is called twice",
            "`.bearer(…)` does not say what",
            "`.bearer_cookie(\"a b\")`",
            "`.login_page(\"login\")`",
            "`.behind(…)`: \"proxy.example\"",
            "`.hosts(…)`",
            "`.origins(…)`",
        ];
        for start in starts {
            assert!(lines.next().is_some_and(|line| line.trim_start().starts_with(start)), "{start}: {told}");
        }
        assert_eq!(lines.next(), None);
        // What is missing because something else is wrong is no second mistake.
        let broken = || Jwt::hs256([7; 31]).issuer("https://id.example").audience("reports");
        let one = Auth::builder().bearer(broken()).tickets().bearer_cookie("token").bearer_in_subprotocol("token");
        assert!(matches!(one.build(), Err(BuildError::Jwt { .. })));
        let error = std::io::Error::from(Auth::builder().build().unwrap_err());
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    }

    /// H15: run with and without debug assertions; see `.ci/run`.
    #[test]
    fn keys_for_development_and_tests_build_in_debug_builds_alone() {
        let outcome = |builder: AuthBuilder| builder.build().map(drop);
        let expected = |error| if cfg!(debug_assertions) { Ok(()) } else { Err(error) };
        assert_eq!(outcome(Auth::builder().bearer(Jwt::dev())), expected(BuildError::DevInRelease));
        #[cfg(feature = "test-util")]
        {
            let keys = crate::stand_in::Keys::new();
            assert_eq!(
                outcome(Auth::builder().bearer(jwt()).test_keys(&keys)),
                expected(BuildError::TestKeysInRelease)
            );
            let aloud = Auth::builder().bearer(jwt()).test_keys_although_this_is_a_release_build(&keys);
            assert_eq!(outcome(aloud), Ok(()));
        }
    }

    #[test]
    fn no_debug_shows_a_secret() {
        let builder = Auth::builder().bearer(Jwt::hs256(b"canary-canary-canary-canary-canary"));
        let shown = format!("{builder:?} {:?} {:?}", jwt(), Auth::builder().bearer(jwt()).build());
        assert!(!shown.contains("canary") && !shown.contains("[7, 7"), "{shown}");
    }
}
