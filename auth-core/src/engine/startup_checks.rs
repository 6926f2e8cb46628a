//! Checks of rules against the configuration. They run when handlers are registered. For handlers that actix registers by itself,
//! they run before the first decision.

use crate::client::address::AddressSource;
use crate::client::csrf::CrossSite;
use crate::identity::vocabulary::NameKind;
use crate::matrix::{Expr, Matrix, RouteAccess};
use crate::policy::decision::Rules;
use crate::policy::facts::{CallerFacts, ExternalRights, Facts};
use crate::policy::rule::{ArgRequirement, FactsNeeded, Literal, Rule, RuleTarget};
use crate::runtime::clock::Timestamp;

use std::sync::atomic::Ordering;

use super::Engine;
use super::request::Adapter;

/// A rule that the configuration of its `Auth` cannot serve. The error is logged, and the server does not start.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// The source of client addresses is not configured. Behind a proxy, all clients would have the address of the proxy.
    #[error(
        "{0}: the rule names a network or a country, and the source of client addresses is not configured: call `.client_address(Peer)` or `.trusted_proxies(…)`"
    )]
    NoAddress(String),
    /// The host names of this server are not configured. By DNS rebinding, a page on an attacker's host name could read whatever
    /// the network rule grants to a browser.
    #[error(
        "{0}: the rule names a network or a country, which requires the host names of this server: call `.hosts([…])`"
    )]
    NoHosts(String),
    /// The source of client countries is not configured.
    #[error("{0}: the rule names a country, and no source of countries is configured: call `.countries(…)`")]
    NoCountries(String),
    /// The network contains a range of trusted proxies. Clients in that range could forge their address.
    #[error(
        "{0}: the rule names a network that contains trusted proxies ({1}): name each proxy by its address, or count hops"
    )]
    ProxyInNetwork(String, String),
    /// The rule cannot hold for any caller of an accepted scheme.
    #[error(
        "{0}: no accepted scheme can satisfy the rule `{1}`; if a role grants the permission, call `.roles::<…>()`; if rights belong to a tenant, call `.rights_from(…)`"
    )]
    NeverHolds(String, &'static str),
    /// The rules can hold separately, but not together for one caller.
    #[error("{0}: its rule contradicts the rules of its scopes: `{1}`")]
    Contradicts(String, String),
    /// Two types declare the same name, which would have two meanings.
    #[error(
        "{place}: {kind} \"{name}\" is declared by two types, `{first}` and `{second}`: call `.same_names::<{first}, {second}>()`, or rename one"
    )]
    NameDeclaredTwice {
        /// The handler.
        place: String,
        /// The kind of the name, such as a role.
        kind: &'static str,
        /// The name.
        name: &'static str,
        /// The type that was registered first, with its module if both types have the same name.
        first: String,
        /// The type that was registered second.
        second: String,
    },
    /// The scope already has a rule.
    #[error("a scope requires a second rule, `{0}`: join the two with `&&`")]
    SecondRuleOfScope(&'static str),
    /// A scope with a hidden handler has its own default service. Its responses would be distinguishable from those of the hidden
    /// handler.
    #[error(
        "scope {0:?}: a handler with `not_found` responds as unknown paths do, so the scope cannot have a default service"
    )]
    HiddenBesideDefault(String),
    /// The scope is not part of an `Auth`, so its handlers would not be protected.
    #[error(
        "scope {0:?} of `web::scope` is not in a scope of an `Auth`: create it with `auth.scope({0:?})`, or register it in one"
    )]
    InNoScope(String),
    /// The tenant is located in the path, and the pattern of the route does not contain its parameter exactly once.
    #[error(
        "{place}: the rule contains `in = {name}`, and \"{pattern}\" has no `{{{parameter}}}`, or two of them: declare other locations with `.tenant({name:?}, …)`, or change the pattern"
    )]
    NoTenant {
        /// The handler.
        place: String,
        /// The name of the tenant in the rule.
        name: &'static str,
        /// The path parameter.
        parameter: String,
        /// The pattern of the route.
        pattern: String,
    },
    /// The tenant is located outside of the path, and the pattern has a parameter of its name. The decision would be about one tenant,
    /// and the handler about another.
    #[error(
        "{place}: the rule contains `in = {name}`, which `.tenant({name:?}, …)` locates outside of the path, and \"{pattern}\" has `{{{name}}}`: add `.or_path({name:?})`, or rename the parameter"
    )]
    TenantInPattern {
        /// The handler.
        place: String,
        /// The name of the tenant.
        name: &'static str,
        /// The pattern of the route.
        pattern: String,
    },
    /// A rule negates an atom within a tenant that the client chooses. The client could choose one in which the atom is absent.
    #[error(
        "{place}: the rule negates an atom `in = {name}`, and the client chooses {name} outside of the path: require what must be present, or locate {name} in the path"
    )]
    NegatedTenant {
        /// The handler.
        place: String,
        /// The name of the tenant.
        name: &'static str,
    },
    /// The handler does not take the tenant that was decided on, although it is not in the path.
    #[error(
        "{place}: the rule contains `in = {name}`, and {name} is not in the path: take the argument `Tenant`, so that the handler uses the tenant that was decided on"
    )]
    TenantNotTaken {
        /// The handler.
        place: String,
        /// The name of the tenant.
        name: &'static str,
    },
    /// The rules of the handler and its scopes name different dimensions, and the handler takes the tenant.
    #[error(
        "{0}: the handler takes the tenant, and the rules admit callers by different dimensions: write the same dimensions in each"
    )]
    TenantsDiffer(String),
    /// The provider of roles is asked about a tenant with one dimension only.
    #[error(
        "{place}: the rule names a tenant with several dimensions, `in = {tenant}`, which `.roles_from(…)` cannot be asked about: call `.rights_from(…)`"
    )]
    TenantOfSeveralDimensions {
        /// The handler.
        place: String,
        /// The dimensions.
        tenant: String,
    },
    /// The pattern of the route does not contain the key of the object exactly once.
    #[error("{place}: the object is loaded by `{{{name}}}`, but \"{pattern}\" does not contain it exactly once")]
    NoObjectKey {
        /// The handler.
        place: String,
        /// The path parameter that contains the key.
        name: &'static str,
        /// The pattern of the route.
        pattern: String,
    },
    /// The rule does not restrict the object, so every caller who satisfies it could access any object.
    #[error(
        "{place}: the rule does not check access to the object that \"{pattern}\" names: take `Authorized<…>`, write `check(…)` over an argument, or give a reason: `any_object = \"…\"`"
    )]
    AnyObject {
        /// The handler.
        place: String,
        /// The pattern of the route.
        pattern: String,
    },
    /// The pattern of a route in a strict scope is unknown.
    #[error(
        "{0}: the scope is strict, and the pattern of this route is unknown: write a route attribute under its original name, such as `#[get(…)]`, or give a reason: `any_object = \"…\"`"
    )]
    NoPattern(String),
    /// A strict scope is nested in a plain actix scope. The path of that scope is unknown, so its parameters could not be checked.
    #[error(
        "scope {0:?} is strict, and its parent is a plain actix scope, whose path is unknown: create the parent with `auth.scope(…)`"
    )]
    StrictInPlain(String),
    /// The handler takes a `Ticket`, but tickets are not enabled.
    #[error("{0}: the handler takes a `Ticket`: call `.tickets()`")]
    NoTickets(String),
    /// The identifier of this server as a protected resource is not configured.
    #[error("`auth.metadata()` requires a resource: call `.resource(\"https://…\")`")]
    NoResource,
    /// The sessions of two nested scopes share a cookie name but not a store. Each `Auth` would log out the users of the other.
    #[error(
        "scope {0:?}: this scope and one around it use one session cookie with two stores: give one of them a `.cookie_name(…)`"
    )]
    SessionsClash(String),
}

/// Like [`Display`](std::fmt::Display), because `main` and `unwrap` print the `Debug` form of an error.
impl std::fmt::Debug for RuleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// Checks the rules of handlers, each together with the rules of the scopes around it.
pub fn rules<H: Adapter>(engine: &Engine<H>, scopes: &[&'static Rule], handlers: &[&'static Rule]) -> Vec<RuleError> {
    let mut mistakes = Vec::new();
    if handlers.iter().any(|handler| std::ptr::eq(*handler, &METADATA)) && engine.resource().is_none() {
        mistakes.push(RuleError::NoResource);
    }
    // All names are registered first, since a role in one rule may grant the permission that another rule requires.
    for handler in handlers {
        names(engine, Rules { scopes, handler }, &mut mistakes);
    }
    let known = mistakes.is_empty();
    for handler in handlers {
        let rules = Rules { scopes, handler };
        mistakes.extend(places(engine, rules, rules.facts_needed()));
        if handler.takes_tenant() && !rules.dimension_sets().agree() {
            mistakes.push(RuleError::TenantsDiffer(place(handler)));
        }
        if engine.rights_provider().is_some_and(|provider| !provider.knows_dimensions()) {
            let several = rules.literals().into_iter().filter_map(Literal::tenant).find(|tenant| tenant.len() > 1);
            mistakes.extend(several.map(|tenant| {
                let tenant = format!("({})", tenant.join(", "));
                RuleError::TenantOfSeveralDimensions { place: place(handler), tenant }
            }));
        }
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

/// Returns the settings that a rule with a network or a country requires and that are missing.
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
        // A single address is a proxy and not a client.
        let ranges = || proxies.iter().filter(|proxy| proxy.prefix_len() < proxy.max_prefix_len());
        let found = rules.networks().find_map(|network| ranges().find(|proxy| overlap(proxy, network)));
        lacks.extend(found.map(|proxy| RuleError::ProxyInNetwork(place(), proxy.to_string())));
    }
    lacks
}

/// Returns the mistakes about tenants on a route. If the parameter of a tenant occurred twice in the pattern, the handler could read
/// the other value.
pub fn tenants<H: Adapter>(engine: &Engine<H>, rules: Rules<'_>, around: &str, pattern: &str) -> Vec<RuleError> {
    let whole = format!("{around}{pattern}");
    let times = |name: &str| names_in(&whole).filter(|known| *known == name).count();
    let place = || place(rules.handler);
    let mut mistakes = Vec::new();
    for name in rules.dimensions() {
        let location = engine.tenant_location(name);
        match location.path().map(|parameter| (parameter, times(parameter))) {
            Some((_, 1)) => continue,
            Some((_, 0)) if location.is_outside_path() => {}
            None if times(name) == 0 => {}
            None => {
                mistakes.push(RuleError::TenantInPattern { place: place(), name, pattern: whole.clone() });
                continue;
            }
            Some((parameter, _)) => {
                let (parameter, pattern) = (parameter.to_owned(), whole.clone());
                mistakes.push(RuleError::NoTenant { place: place(), name, parameter, pattern });
                continue;
            }
        }
        let names_it = |literal: &&Literal| literal.tenant().is_some_and(|dimensions| dimensions.contains(&name));
        if rules.literals().into_iter().filter(names_it).any(|literal| literal.negated) {
            mistakes.push(RuleError::NegatedTenant { place: place(), name });
        } else if !rules.handler.takes_tenant() {
            mistakes.push(RuleError::TenantNotTaken { place: place(), name });
        }
    }
    mistakes
}

/// Returns an error unless the pattern contains each parameter for the key of an object exactly once.
pub fn object_keys(rules: Rules<'_>, around: &str, pattern: &str) -> Option<RuleError> {
    let whole = format!("{around}{pattern}");
    let times = |name: &str| names_in(&whole).filter(|known| *known == name).count();
    let name = rules.object_keys().find(|name| times(name) != 1)?;
    Some(RuleError::NoObjectKey { place: place(rules.handler), name, pattern: whole })
}

/// Returns an error if a pattern with parameters has a rule that does not restrict the object. For strict scopes.
pub fn any_object(rules: Rules<'_>, around: &str, pattern: &str) -> Option<RuleError> {
    let whole = format!("{around}{pattern}");
    let is_asked = asks(rules.handler) || !rules.dimensions().is_empty();
    let is_mistaken = !is_asked && names_in(&whole).next().is_some();
    is_mistaken.then(|| RuleError::AnyObject { place: place(rules.handler), pattern: whole })
}

/// Returns whether a rule restricts the object of a request, or states why it does not. Usable in constants.
pub const fn asks(rule: &Rule) -> bool {
    rule.any_object.is_some() || rule.checks_object || rule.asks_about_object()
}

/// Returns the error for a route in a strict scope whose pattern is unknown.
pub fn no_pattern(rule: &Rule) -> RuleError {
    RuleError::NoPattern(place(rule))
}

/// Returns the parameters of an actix pattern: `{name}` or `{name:expression}`.
fn names_in(pattern: &str) -> impl Iterator<Item = &str> {
    pattern.split('{').skip(1).filter_map(|rest| rest.split(['}', ':']).next())
}

/// The rule of the metadata endpoint of this server.
pub static METADATA: Rule =
    Rule { text: "public", target: RuleTarget::Other("the metadata of this server"), ..crate::policy::rule::PUBLIC };

fn names<H: Adapter>(engine: &Engine<H>, rules: Rules<'_>, mistakes: &mut Vec<RuleError>) {
    if rules.not_found() && rules.dimensions().iter().any(|name| engine.tenant_location(name).is_outside_path()) {
        engine.hides_tenants.store(true, Ordering::Relaxed);
    }
    for name in rules.literals().into_iter().filter(|literal| literal.negated).filter_map(Literal::name) {
        engine.note_negated(name);
    }
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

/// Returns the schemes of the issuers whose best possible credential could satisfy the rules.
pub fn schemes<H: Adapter>(engine: &Engine<H>, rules: Rules<'_>) -> Vec<String> {
    let could = |source: &&std::sync::Arc<crate::identity::issuer::Issuer>| {
        rules.could_hold_somewhere(&facts_of(engine, CallerFacts::Hypothetical(source)))
    };
    let mut schemes: Vec<_> =
        engine.sources().iter().filter(could).map(|source| source.scheme.name().to_owned()).collect();
    schemes.dedup();
    schemes
}

/// Returns whether any caller could satisfy the rules: an authenticated caller of any issuer, or an anonymous one, from a suitable
/// address.
fn can_hold<H: Adapter>(engine: &Engine<H>, rules: Rules<'_>) -> bool {
    let by = |caller| rules.could_hold_somewhere(&facts_of(engine, caller));
    engine.sources().iter().any(|source| by(CallerFacts::Hypothetical(source)))
        || rules.admit_strangers() && by(CallerFacts::Nobody)
}

/// Returns an error if no caller can satisfy the rules of the scopes and of the handler together. The handler's rule by itself is
/// checked at compile time.
fn contradiction<H: Adapter>(engine: &Engine<H>, rules: Rules<'_>) -> Option<RuleError> {
    let mut matrix = Matrix::default();
    matrix.add_words(rules, engine.roles().iter());
    let rule = RouteAccess::new("", "", rules).rule;
    let can_hold = Expr::read(&rule).and_then(|tree| tree.can_hold(&matrix.words)).unwrap_or(true);
    (!can_hold).then(|| RuleError::Contradicts(place(rules.handler), rule))
}

/// Returns the facts that are known about a hypothetical caller before there is a request.
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
        external: ExternalRights { is_asked: engine.rights_provider().is_some(), ..ExternalRights::default() },
    }
}

/// Logs an error. Prints it to standard error if no log subscriber is set.
#[allow(
    clippy::print_stderr,
    reason = "a server that does not start must report why, and a log subscriber may be absent"
)]
pub fn log_warnings(mistake: &RuleError) {
    tracing::error!(target: "auth_actix", "{mistake}");
    if !tracing::dispatcher::has_been_set() {
        eprintln!("auth-actix: {mistake}");
    }
}
