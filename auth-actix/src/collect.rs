//! From a request to [`Facts`]: cheapest first, and nothing that the rules do not ask for.

use actix_web::HttpRequest;
#[cfg(feature = "jwt")]
use actix_web::http::Method;
#[cfg(any(feature = "session", feature = "jwt"))]
use actix_web::http::header::COOKIE;
#[cfg(feature = "jwt")]
use actix_web::http::header::{ACCEPT, SEC_WEBSOCKET_PROTOCOL};
use actix_web::http::header::{HeaderMap, HeaderValue, UPGRADE};
use auth_core::client::Fields;
use auth_core::client::address::Seen;
use auth_core::client::country::CountryCode;
use auth_core::client::csrf::CrossSite;
#[cfg(feature = "basic")]
use auth_core::denial::Reason;
use auth_core::denial::{Denial, quoted};
#[cfg(any(feature = "basic", feature = "jwt"))]
use auth_core::identity::scheme_id::Scheme;
use auth_core::policy::decision::Rules;
use auth_core::policy::facts::{Caller, Checks, Elsewhere, Facts};
use auth_core::policy::rule::About;
use auth_core::runtime::clock::{self, Timestamp};
use auth_core::scheme::{self, Presented};

use crate::auth::Auth;
#[cfg(feature = "jwt")]
use crate::outcome::{self, authorization};
use crate::startup_checks::{self, RuleError};

/// The header of a request, as the core reads it.
struct Lines<'a>(&'a HeaderMap);

impl Fields for Lines<'_> {
    fn lines<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        // Each request is asked for `Upgrade`: by a name that has not to be parsed.
        let lines = if name == "upgrade" { self.0.get_all(UPGRADE) } else { self.0.get_all(name) };
        lines.map(|value| value.as_bytes())
    }

    fn has_name(&self, is_it: impl Fn(&str) -> bool) -> bool {
        self.0.keys().any(|name| is_it(name.as_str()))
    }
}

/// The token that a ticket in the address stands for, where a page could send no header. Used once, and known as long as the request
/// is.
#[cfg(feature = "jwt")]
fn with_ticket<'a>(explicit: Presented<'a>, request: &HttpRequest, auth: &Auth) -> Presented<'a> {
    let Some(tickets) = auth.given_tickets() else { return explicit };
    let accepts_events = || {
        let mut accepted = request.headers().get_all(ACCEPT);
        *request.method() == Method::GET && accepted.any(|line| line.as_bytes().starts_with(b"text/event-stream"))
    };
    if !is_socket_of_page(request) && !accepts_events() {
        return explicit;
    }
    let mut found = request.query_string().split('&').filter_map(|pair| pair.strip_prefix("ticket="));
    let Some(ticket) = found.next() else { return explicit };
    if found.next().is_some() || !matches!(explicit, Presented::Nothing) {
        return Presented::malformed(Some(Scheme::Bearer), "a ticket beside another credential");
    }
    Presented::Ticket(outcome::exchanged(request, auth, || tickets.take(ticket)))
}

/// Whether the request opens a WebSocket. Whatever names one does: actix takes no more than that for it.
pub(crate) fn is_socket(request: &HttpRequest) -> bool {
    const NAME: &[u8] = b"websocket";
    let names = |line: &[u8]| line.windows(NAME.len()).any(|part| part.eq_ignore_ascii_case(NAME));
    request.headers().get_all(UPGRADE).any(|line| names(line.as_bytes()))
}

/// Whether a page could have sent it that opens a WebSocket, and can set no header.
#[cfg(feature = "jwt")]
fn is_socket_of_page(request: &HttpRequest) -> bool {
    *request.method() == Method::GET && is_socket(request)
}

/// The credential of a request, as far as its form goes; or whom it names, where that is known at this time.
pub(crate) fn presented_now<'a>(
    request: &'a HttpRequest,
    auth: &Auth,
    authorization: &'a [HeaderValue],
    now: Timestamp,
) -> Presented<'a> {
    #[cfg(feature = "jwt")]
    if let Some(bearer) = auth.verifier_of_tokens() {
        let find = |token: &[u8]| bearer.remembered(token, now);
        let lines = authorization.iter().map(HeaderValue::as_bytes);
        if let Some(principal) = scheme::remembered(lines, auth.answers().accepted, find) {
            let presented = Presented::Remembered(principal);
            return if auth.reads_beside_authorization() { with_others(presented, request, auth) } else { presented };
        }
    }
    let _ = now;
    read(request, auth, authorization)
}

/// The credential of a request, as far as its form goes.
#[cfg(feature = "jwt")]
pub(crate) fn presented<'a>(request: &'a HttpRequest, auth: &Auth) -> Presented<'a> {
    read(request, auth, authorization(request))
}

fn read<'a>(request: &'a HttpRequest, auth: &Auth, authorization: &'a [HeaderValue]) -> Presented<'a> {
    let lines = authorization.iter().map(HeaderValue::as_bytes);
    with_others(scheme::read(lines, auth.answers().accepted, auth.longest_token()), request, auth)
}

/// What the `Authorization` line presents, with all else that may: one credential decides.
fn with_others<'a>(explicit: Presented<'a>, request: &'a HttpRequest, auth: &Auth) -> Presented<'a> {
    let is_own = || auth.own().iter().any(|own| own.header().is_none() && !own.is_ambient() && own.is_named(request));
    let explicit = match explicit {
        Presented::Foreign if auth.passes_foreign_authorization() && !is_own() => Presented::Nothing,
        other => other,
    };
    if !auth.reads_beside_authorization() {
        return explicit;
    }
    #[cfg(feature = "jwt")]
    let explicit = match auth.subprotocol().filter(|_| is_socket_of_page(request)) {
        Some(name) => {
            let lines = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL).map(|value| value.as_bytes());
            scheme::with_subprotocol(explicit, name, lines, auth.longest_token())
        }
        None => explicit,
    };
    #[cfg(feature = "api-key")]
    let explicit = match auth.api_keys() {
        Some(keys) => {
            let lines = request.headers().get_all(keys.header()).map(|value| value.as_bytes());
            scheme::with_api_key(explicit, lines)
        }
        None => explicit,
    };
    let mut explicit = explicit;
    for own in auth.own().iter().filter(|own| !own.is_ambient()) {
        explicit = match own.header() {
            Some(header) => scheme::with_own(explicit, own.scheme(), request.headers().get_all(header).count()),
            // An `Authorization` line that no other scheme takes.
            None if matches!(explicit, Presented::Foreign) && own.is_named(request) => Presented::Own(own.scheme()),
            None => explicit,
        };
    }
    // After all others: beside one of them it is not used up.
    #[cfg(feature = "jwt")]
    let explicit = with_ticket(explicit, request, auth);
    #[cfg(feature = "session")]
    if let Some(sessions) = auth.sessions() {
        // One credential decides: what a browser adds by itself stands in for nothing that was sent on purpose.
        let counts = matches!(explicit, Presented::Nothing);
        let cookies = || request.headers().get_all(COOKIE).map(|value| value.as_bytes());
        if let Some(id) = counts.then(|| sessions.read(cookies())).flatten() {
            return Presented::Session(id);
        }
    }
    #[cfg(feature = "jwt")]
    if matches!(explicit, Presented::Nothing) && token_in_cookie(request, auth).is_some() {
        return Presented::Own(Scheme::TOKEN_COOKIE);
    }
    let from_proxy = auth.address().is_from_proxy(request.peer_addr());
    if matches!(explicit, Presented::Nothing)
        && let Some(own) = auth.own().iter().find(|own| own.is_ambient() && own.is_presented(request, from_proxy))
    {
        return Presented::Own(own.scheme());
    }
    explicit
}

/// The token in the cookie of tokens, as far as its form goes. Of two cookies of the name neither counts: another host of the site may
/// have set one.
#[cfg(feature = "jwt")]
pub(crate) fn token_in_cookie<'a>(request: &'a HttpRequest, auth: &Auth) -> Option<&'a str> {
    let name = auth.token_cookie()?;
    let pairs = request.headers().get_all(COOKIE).flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    // Compared as they are: what Unicode calls space is part of a name.
    let values = pairs.map(|pair| pair.strip_prefix(b" ").unwrap_or(pair));
    let mut values = values.filter_map(|pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"="));
    let (value, None) = (values.next()?, values.next()) else { return None };
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte);
    let fits = !value.is_empty() && value.len() <= auth.longest_token() && value.iter().all(is_token);
    std::str::from_utf8(value).ok().filter(|_| fits)
}

/// What a proof that comes with a token has to agree with.
#[cfg(feature = "dpop")]
pub(crate) fn proven(request: &HttpRequest, auth: &Auth) -> auth_core::scheme::dpop::Proven {
    auth_core::scheme::dpop::Proven {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        proofs: request.headers().get_all("dpop").map(|line| line.as_bytes().to_vec()).collect(),
        client: counted(request, auth).map(Seen::address),
    }
}

/// That a login has to wait, if so: known before anything is verified.
#[cfg(feature = "basic")]
pub(crate) fn throttled(request: &HttpRequest, auth: &Auth, presented: &Presented<'_>) -> Option<Denial> {
    let Presented::Basic(credential) = presented else { return None };
    let after = auth.verifier_of_passwords()?.must_wait(credential, counted(request, auth))?;
    Some(Denial::refused(Scheme::Basic, Reason::TooManyAttempts(after), "too many failed logins"))
}

#[cfg(not(feature = "basic"))]
pub(crate) fn throttled(_: &HttpRequest, _: &Auth, _: &Presented<'_>) -> Option<Denial> {
    None
}

/// Whether the request came from another site.
pub(crate) fn cross_site(request: &HttpRequest, auth: &Auth) -> CrossSite {
    cross_site_as(request.method().as_str(), request, auth)
}

/// The same for what changes state whatever its method says.
#[cfg(feature = "session")]
pub(crate) fn cross_site_of_change(request: &HttpRequest, auth: &Auth) -> CrossSite {
    cross_site_as("POST", request, auth)
}

fn cross_site_as(method: &str, request: &HttpRequest, auth: &Auth) -> CrossSite {
    let authority = request.uri().authority().map(|authority| authority.as_str());
    CrossSite::of(method, authority, &Lines(request.headers()), auth.origins(), auth.hosts())
}

/// The origin that a request states, for the log, and the setting that would allow such requests.
pub(crate) fn told_of_site(request: &HttpRequest, auth: &Auth) -> String {
    let shown = |name: &str| {
        let mut lines = request.headers().get_all(name).map(|line| String::from_utf8_lossy(line.as_bytes()));
        match (lines.next(), lines.next()) {
            (None, _) => "absent".to_owned(),
            (Some(line), None) => quoted(&line),
            (Some(_), Some(_)) => "there twice".to_owned(),
        }
    };
    let (site, origin) = (shown("sec-fetch-site"), shown("origin"));
    let help = match auth.hosts().is_empty() {
        true => "`.hosts([…])` names this server, `.origins([…])` its front ends elsewhere",
        false => "`.origins([…])` names front ends elsewhere",
    };
    format!("Sec-Fetch-Site is {site}, Origin is {origin}; {help}")
}

/// What stands in the path where the rules say that a tenant does, read as a handler's own arguments read it.
pub(crate) fn tenants(request: &HttpRequest, rules: Rules<'_>, about: About) -> Vec<(&'static str, String)> {
    if !about.tenant {
        return Vec::new();
    }
    // Of two of one name, the handler may read the other one.
    rules.tenants().filter_map(|name| Some((name, segment(request, name)?))).collect()
}

/// What stands in the path where the pattern has this name, read as a handler's own arguments read it; `None` where the pattern
/// has no such name, or two.
pub(crate) fn segment(request: &HttpRequest, name: &str) -> Option<String> {
    let values: Vec<String> = request.match_info().load().unwrap_or_default();
    let mut found = request.match_info().iter().map(|(known, _)| known).zip(values).filter(|(known, _)| *known == name);
    let first = found.next().map(|(_, value)| value);
    first.filter(|_| found.next().is_none())
}

/// What is known but for who calls.
pub(crate) fn facts<'a>(
    request: &HttpRequest,
    auth: &'a Auth,
    rules: Rules<'_>,
    about: About,
    tenants: &'a [(&'static str, String)],
    checks: Checks,
) -> Facts<'a> {
    let client = if about.place { client(request, auth) } else { None };
    Facts {
        set_up: set_up(request, auth, rules, about, tenants),
        now: clock::now(),
        client,
        country: if about.country { country(request, auth, client) } else { None },
        address_blocked: address_is_blocked(request, auth),
        cross_site: if about.place || auth.accepts_ambient() { cross_site(request, auth) } else { CrossSite::Passed },
        caller: Caller::Nobody,
        sources: auth.sources(),
        checks,
        elsewhere: Elsewhere { is_asked: auth.roles_from().is_some(), tenants, unknown_holds: false },
    }
}

/// The client's address, where it is known, and the request is for one of our names.
pub(crate) fn client(request: &HttpRequest, auth: &Auth) -> Option<std::net::IpAddr> {
    let lines = Lines(request.headers());
    let authority = request.uri().authority().map(|authority| authority.as_str());
    if auth.address().is_contradicted(&lines) && auth.tell_of_proxy_once() {
        tracing::warn!(
            target: "auth_actix",
            "a request carries a forwarding header, and `.client_address(Peer)` says that there is no proxy: its address is not known"
        );
    }
    let ours = auth.hosts().is_empty() || auth.hosts().are_asked(authority, &lines);
    auth.address().client(request.peer_addr(), &lines).filter(|_| ours)
}

/// The country of a client whose address is known.
fn country(request: &HttpRequest, auth: &Auth, client: Option<std::net::IpAddr>) -> Option<CountryCode> {
    let from_proxy = auth.address().is_from_proxy(request.peer_addr());
    auth.countries()?.of(client?, from_proxy, &Lines(request.headers()))
}

/// Whether requests from there are refused.
#[cfg(feature = "blocks")]
fn address_is_blocked(request: &HttpRequest, auth: &Auth) -> bool {
    let address = || auth.address().blocked(request.peer_addr(), &Lines(request.headers()));
    auth.blocks().is_some_and(|blocks| blocks.refuse_address(address()))
}

#[cfg(not(feature = "blocks"))]
fn address_is_blocked(_: &HttpRequest, _: &Auth) -> bool {
    false
}

/// Where a request is counted, and told to come from.
pub(crate) fn counted(request: &HttpRequest, auth: &Auth) -> Option<Seen> {
    auth.address().counted(request.peer_addr(), &Lines(request.headers()))
}

fn set_up(
    request: &HttpRequest,
    auth: &Auth,
    rules: Rules<'_>,
    about: About,
    tenants: &[(&'static str, String)],
) -> Option<&'static str> {
    let is_known = |name: &str| tenants.iter().any(|(known, _)| *known == name);
    if about.tenant && !rules.tenants().all(is_known) {
        return Some("the rule says `in` a name that the pattern of this route does not have, or has twice");
    }
    if let Some(mistake) = startup_checks::places(auth, rules, about).into_iter().next() {
        // A scope would not have started.
        return Some(match mistake {
            RuleError::NoAddress(_) => {
                "the rule names a network or a country: call `.client_address(Peer)` or `.behind(…)`"
            }
            RuleError::NoHosts(_) => "the rule names a network or a country: call `.hosts([…])`",
            RuleError::NoCountries(_) => "the rule names a country: call `.countries(…)`",
            _ => "the rule names a network that holds trusted proxies",
        });
    }
    let from_elsewhere = || request.peer_addr().is_some_and(|peer| !peer.ip().to_canonical().is_loopback());
    (auth.is_loopback_only() && from_elsewhere())
        .then_some("keys and cookies of development are for this machine alone")
}
