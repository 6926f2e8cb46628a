//! What is found out when handlers are registered, so that no request finds out; and for handlers that actix registers by
//! itself, before the first request is decided on.

use crate::client::address::AddressSource;
use crate::client::csrf::CrossSite;
use crate::identity::vocabulary::NameKind;
use crate::matrix::{Expr, Matrix, RouteAccess};
use crate::policy::decision::Rules;
use crate::policy::facts::{CallerFacts, ExternalRoles, Facts};
use crate::policy::rule::{ArgRequirement, FactsNeeded, Rule, RuleTarget};
use crate::runtime::clock::Timestamp;

use super::Engine;
use super::request::Adapter;

/// A rule that this `Auth` cannot serve. Told in the log, and the server does not start.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// Where addresses come from has to be said: behind a proxy, everybody has the proxy's.
    #[error(
        "{0}: the rule names a network or a country, and nobody said where addresses come from: call `.client_address(Peer)` or `.trusted_proxies(…)`"
    )]
    NoAddress(String),
    /// Under a name of an attacker, a page could read what the network rule lets a browser see.
    #[error(
        "{0}: the rule names a network or a country, so the host names of this server have to be known: call `.hosts([…])`"
    )]
    NoHosts(String),
    /// Where countries come from has to be said.
    #[error("{0}: the rule names a country, and nobody said where countries come from: call `.countries(…)`")]
    NoCountries(String),
    /// Clients in the range could choose their address.
    #[error(
        "{0}: the rule names a network that holds trusted proxies ({1}): name each proxy by its address, or count hops"
    )]
    ProxyInNetwork(String, String),
    /// Nobody could ever pass.
    #[error(
        "{0}: no scheme that is accepted can make the rule `{1}` hold; where roles grant a permission, call `.roles::<…>()`, and where they are of a tenant, `.roles_from(…)`"
    )]
    NeverHolds(String, &'static str),
    /// Each could be passed, and not all of them by one.
    #[error("{0}: nobody can pass its rule and those of the scopes around it at once: `{1}`")]
    Contradicts(String, String),
    /// One name, two meanings.
    #[error(
        "{place}: {kind} \"{name}\" is declared by two types, `{first}` and `{second}`: call `.same_names::<{first}, {second}>()`, or rename one"
    )]
    NameDeclaredTwice {
        /// The handler.
        place: String,
        /// What is named.
        kind: &'static str,
        /// The name.
        name: &'static str,
        /// The type that was met first, with its module where both types have one name.
        first: String,
        /// The other one.
        second: String,
    },
    /// A scope has one rule.
    #[error("a scope requires a second rule, `{0}`: join the two with `&&`")]
    SecondRuleOfScope(&'static str),
    /// Its answers could be told from those of the hidden handler.
    #[error(
        "scope {0:?}: a handler hides as an unknown path (`not_found`), so unknown paths cannot have a service of their own"
    )]
    HiddenBesideDefault(String),
    /// Nobody would decide on its handlers.
    #[error(
        "scope {0:?} of `web::scope` is in no scope of an `Auth`: make it with `auth.scope({0:?})`, or register it in one"
    )]
    InNoScope(String),
    /// Nobody is a tenant there.
    #[error("{place}: the rule says `in = {name}`, and \"{pattern}\" has no `{{{name}}}`, or two of them")]
    NoTenant {
        /// The handler.
        place: String,
        /// What the rule says.
        name: &'static str,
        /// The pattern of its route.
        pattern: String,
    },
    /// There is no key of the object.
    #[error("{place}: the object is found by `{{{name}}}`, and \"{pattern}\" has no such name, or two of them")]
    NoObjectKey {
        /// The handler.
        place: String,
        /// The name.
        name: &'static str,
        /// The pattern of its route.
        pattern: String,
    },
    /// Whoever passes the rule could name any object.
    #[error(
        "{place}: nothing asks whether the caller may have the object that \"{pattern}\" names: take `Authorized<…>`, write `check(…)` over an argument, or say why not: `any_object = \"…\"`"
    )]
    AnyObject {
        /// The handler.
        place: String,
        /// The pattern of its route.
        pattern: String,
    },
    /// A strict scope has to see the patterns of its routes.
    #[error(
        "{0}: the scope is strict, and the pattern of this route cannot be seen: write the route attribute by its own name, such as `#[get(…)]`, or say why it does not matter: `any_object = \"…\"`"
    )]
    NoPattern(String),
    /// The names in that path would be asked about by nobody.
    #[error(
        "scope {0:?} is strict, and stands in a scope of plain actix, whose path cannot be seen: make that one with `auth.scope(…)`"
    )]
    StrictInPlain(String),
    /// What a handler gives would open nothing.
    #[error("{0}: the handler takes a `Ticket`: call `.tickets()`")]
    NoTickets(String),
    /// Nobody said what this server is called.
    #[error("`auth.metadata()` are those of a resource: call `.resource(\"https://…\")`")]
    NoResource,
    /// Each `Auth` would log out whom the other has logged in.
    #[error(
        "scope {0:?}: its sessions and those of a scope around it have one cookie and two stores: give one of them a `.cookie_name(…)`"
    )]
    SessionsClash(String),
}

/// As [`Display`](std::fmt::Display): `main` and `unwrap` print the `Debug` of an error.
impl std::fmt::Debug for RuleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// Checks the rules of handlers, each together with those of the scopes around it.
pub fn rules<H: Adapter>(engine: &Engine<H>, scopes: &[&'static Rule], handlers: &[&'static Rule]) -> Vec<RuleError> {
    let mut mistakes = Vec::new();
    if handlers.iter().any(|handler| std::ptr::eq(*handler, &METADATA)) && engine.resource().is_none() {
        mistakes.push(RuleError::NoResource);
    }
    // All names first: a role that one handler names may grant the permission that another asks for.
    for handler in handlers {
        names(engine, Rules { scopes, handler }, &mut mistakes);
    }
    let known = mistakes.is_empty();
    for handler in handlers {
        let rules = Rules { scopes, handler };
        mistakes.extend(places(engine, rules, rules.facts_needed()));
        if !engine.issues_tickets && handler.arguments.iter().any(|needs| matches!(needs, ArgRequirement::Ticket)) {
            mistakes.push(RuleError::NoTickets(place(handler)));
        }
        if known && !can_hold(engine, rules) {
            mistakes.push(RuleError::NeverHolds(place(handler), handler.text));
        } else if known && !scopes.is_empty() {
            mistakes.extend(contradiction(engine, rules));
        }
    }
    mistakes
}

fn place(rule: &Rule) -> String {
    match rule.place() {
        Some(place) => format!("{} ({place})", rule.target.name()),
        None => rule.target.name().to_owned(),
    }
}

/// All that a rule which names a network or a country lacks.
pub fn places<H: Adapter>(engine: &Engine<H>, rules: Rules<'_>, about: FactsNeeded) -> Vec<RuleError> {
    let mut lacks = Vec::new();
    if !about.place {
        return lacks;
    }
    let place = || place(rules.handler);
    if *engine.address() == AddressSource::Unset {
        lacks.push(RuleError::NoAddress(place()));
    }
    if engine.hosts().is_empty() {
        lacks.push(RuleError::NoHosts(place()));
    }
    if about.country && engine.countries().is_none() {
        lacks.push(RuleError::NoCountries(place()));
    }
    if let AddressSource::Behind { proxies, .. } = engine.address() {
        // A single address is a proxy and no client.
        let ranges = || proxies.iter().filter(|proxy| proxy.prefix_len() < proxy.max_prefix_len());
        let found = rules.networks().find_map(|network| ranges().find(|proxy| overlap(proxy, network)));
        lacks.extend(found.map(|proxy| RuleError::ProxyInNetwork(place(), proxy.to_string())));
    }
    lacks
}

/// Whether a pattern has each name that the rules take for a tenant, once: of two, a handler could read the other one.
pub fn tenants(rules: Rules<'_>, around: &str, pattern: &str) -> Option<RuleError> {
    let whole = format!("{around}{pattern}");
    let times = |name: &str| names_in(&whole).filter(|known| *known == name).count();
    let name = rules.tenants().find(|name| times(name) != 1)?;
    Some(RuleError::NoTenant { place: place(rules.handler), name, pattern: whole })
}

/// Whether a pattern has each name where the key of an object is to stand, once.
pub fn object_keys(rules: Rules<'_>, around: &str, pattern: &str) -> Option<RuleError> {
    let whole = format!("{around}{pattern}");
    let times = |name: &str| names_in(&whole).filter(|known| *known == name).count();
    let name = rules.object_keys().find(|name| times(name) != 1)?;
    Some(RuleError::NoObjectKey { place: place(rules.handler), name, pattern: whole })
}

/// In a strict scope: whether a pattern that names objects has a rule that asks about them.
pub fn any_object(rules: Rules<'_>, around: &str, pattern: &str) -> Option<RuleError> {
    let whole = format!("{around}{pattern}");
    let is_asked = asks(rules.handler) || rules.tenants().next().is_some();
    let is_mistaken = !is_asked && names_in(&whole).next().is_some();
    is_mistaken.then(|| RuleError::AnyObject { place: place(rules.handler), pattern: whole })
}

/// Whether a rule asks about the object of a request, or says why not; in a const.
pub const fn asks(rule: &Rule) -> bool {
    rule.any_object.is_some() || rule.checks_object || rule.asks_about_object()
}

/// In a strict scope: a route whose pattern is not known.
pub fn no_pattern(rule: &Rule) -> RuleError {
    RuleError::NoPattern(place(rule))
}

/// The names in a pattern of actix: `{name}` or `{name:expression}`.
fn names_in(pattern: &str) -> impl Iterator<Item = &str> {
    pattern.split('{').skip(1).filter_map(|rest| rest.split(['}', ':']).next())
}

/// The rule of the metadata of this server.
pub static METADATA: Rule =
    Rule { text: "public", target: RuleTarget::Other("the metadata of this server"), ..crate::policy::rule::PUBLIC };

fn names<H: Adapter>(engine: &Engine<H>, rules: Rules<'_>, mistakes: &mut Vec<RuleError>) {
    for name in rules.names() {
        if name.vocabulary.kind == NameKind::Scope && !rules.not_found() {
            engine.note_scope(name.text);
        }
        if let Err((shared, other)) = engine.register_vocabulary(name.vocabulary) {
            let (first, second) = other.names_of_types(name.vocabulary);
            mistakes.push(RuleError::NameDeclaredTwice {
                place: place(rules.handler),
                kind: other.kind.word(),
                name: shared,
                first,
                second,
            });
        }
    }
}

fn overlap(a: &ipnet::IpNet, b: &ipnet::IpNet) -> bool {
    a.contains(b) || b.contains(a)
}

/// The schemes of the sources whose best credential could pass.
pub fn schemes<H: Adapter>(engine: &Engine<H>, rules: Rules<'_>) -> Vec<String> {
    let could = |source: &&std::sync::Arc<crate::identity::issuer::Issuer>| {
        rules.could_hold_somewhere(&facts_of(engine, CallerFacts::Hypothetical(source)))
    };
    let mut schemes: Vec<_> =
        engine.sources().iter().filter(could).map(|source| source.scheme.name().to_owned()).collect();
    schemes.dedup();
    schemes
}

/// Whether somebody could pass: whoever logs in at one of the sources, or a stranger, from an address that fits.
fn can_hold<H: Adapter>(engine: &Engine<H>, rules: Rules<'_>) -> bool {
    let by = |caller| rules.could_hold_somewhere(&facts_of(engine, caller));
    engine.sources().iter().any(|source| by(CallerFacts::Hypothetical(source)))
        || rules.admit_strangers() && by(CallerFacts::Nobody)
}

/// Whether what scopes ask and what the handler asks cannot be had by one caller. Of the handler alone the compiler has seen to it.
fn contradiction<H: Adapter>(engine: &Engine<H>, rules: Rules<'_>) -> Option<RuleError> {
    let mut matrix = Matrix::default();
    matrix.add_words(rules, engine.roles().iter());
    let rule = RouteAccess::new("", "", rules).rule;
    let can_hold = Expr::read(&rule).and_then(|tree| tree.can_hold(&matrix.words)).unwrap_or(true);
    (!can_hold).then(|| RuleError::Contradicts(place(rules.handler), rule))
}

/// What is known of such a caller before there is a request.
fn facts_of<'a, H: Adapter>(engine: &'a Engine<H>, caller: CallerFacts<'a>) -> Facts<'a> {
    Facts {
        set_up: None,
        now: Timestamp::from_seconds(0),
        client: None,
        country: None,
        address_blocked: false,
        cross_site: CrossSite::Passed,
        caller,
        sources: &[],
        checks: Default::default(),
        elsewhere: ExternalRoles { is_asked: engine.role_provider().is_some(), ..ExternalRoles::default() },
    }
}

/// Tells a mistake: in the log, or where there is none, to whoever started the server.
#[allow(
    clippy::print_stderr,
    reason = "a server that does not start has to say why, and nobody may be listening to the log"
)]
pub fn log_warnings(mistake: &RuleError) {
    tracing::error!(target: "auth_actix", "{mistake}");
    if !tracing::dispatcher::has_been_set() {
        eprintln!("auth-actix: {mistake}");
    }
}
