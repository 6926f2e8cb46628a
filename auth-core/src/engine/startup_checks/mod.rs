//! Checks of rules against the configuration. They run when handlers are registered. For handlers that actix registers by itself,
//! they run before the first decision.

mod rule_error;
mod credentials;

use std::sync::atomic::Ordering;

pub use self::rule_error::RuleError;
use crate::client::address::AddressSource;
use crate::client::csrf::CrossSite;
use crate::identity::dimension_name::declared_dimension;
use crate::identity::scheme_id::SchemeId;
use crate::identity::vocabulary::NameKind;
use crate::matrix::{AcceptedScheme, Expr, Matrix, RouteAccess};
use crate::policy::decision::Rules;
use crate::policy::facts::{CallerFacts, ExternalRights, Facts};
use crate::policy::rule::{ArgRequirement, FactsNeeded, Literal, Rule, RuleTarget, lacks_dimension};
use crate::runtime::clock::Timestamp;
use crate::store::accounts::ProvidedAccounts;

use super::Engine;
use super::request::Adapter;

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
    // The handlers use one vocabulary of credentials, whose mistakes are reported once.
    let of_credentials = |handler: &&'static Rule| {
        let found = credentials::vocabularies(engine, Rules { scopes, handler }, &place(handler));
        (!found.is_empty()).then_some(found)
    };
    mistakes.extend(handlers.iter().find_map(of_credentials).unwrap_or_default());
    mistakes.extend(
        handlers.iter().filter_map(|handler| credentials::api_keys(engine, Rules { scopes, handler }, &place(handler))),
    );
    let known = mistakes.is_empty();
    for handler in handlers {
        let rules = Rules { scopes, handler };
        mistakes.extend(places(engine, rules, rules.facts_needed()));
        if handler.uses_tenant() && !rules.dimension_sets().agree() {
            mistakes.push(RuleError::TenantsDiffer(place(handler)));
        }
        mistakes.extend(objects(engine, rules));
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
        let wrong_account = account_type(engine, handler);
        // Rules that require a credential are registered in open mode too, where they are denied.
        let known = known && wrong_account.is_none();
        let may_never_hold = engine.is_open();
        mistakes.extend(wrong_account);
        if known && !may_never_hold && !can_hold(engine, rules) {
            mistakes.push(RuleError::NeverHolds(place(handler), handler.text));
        } else if known && !scopes.is_empty() {
            mistakes.extend(contradiction(engine, rules));
        }
    }
    mistakes
}

/// Returns an error if the handler takes another type of accounts than the configured provider has.
fn account_type<H: Adapter>(engine: &Engine<H>, handler: &'static Rule) -> Option<RuleError> {
    let provided = engine.accounts().map(ProvidedAccounts::account_type);
    let requires = |argument: &&ArgRequirement| matches!(argument, ArgRequirement::Account(_));
    let required = handler.arguments.iter().find(requires).and_then(ArgRequirement::account);
    if let Some(taken) = required.filter(|_| provided.is_some() && engine.lacks_local_account()) {
        return Some(RuleError::NoLocalAccount { place: place(handler), taken: (taken.name)() });
    }
    let taken = handler.arguments.iter().filter_map(ArgRequirement::account);
    let mut wrong = taken.filter(|taken| provided.is_none_or(|(id, _)| id != (taken.id)()));
    wrong.next().map(|taken| {
        let (place, taken) = (place(handler), (taken.name)());
        match provided {
            Some((_, provided)) => RuleError::AccountType { place, taken, provided },
            None => RuleError::NoAccounts { place, taken },
        }
    })
}

/// Returns the mistakes about the objects of a handler: values that are missing to load them, and tenants that they do not have.
fn objects<H: Adapter>(engine: &Engine<H>, rules: Rules<'_>) -> Vec<RuleError> {
    let mut mistakes: Vec<RuleError> = Vec::new();
    if let Some(object) = rules.handler.repeated_object() {
        mistakes.push(RuleError::ObjectTwice { place: place(rules.handler), object: object.to_string() });
    }
    if rules.handler.reads_body() && rules.not_found() {
        mistakes.push(RuleError::HiddenBodyKey(place(rules.handler)));
    }
    for (_, object) in rules.handler.objects() {
        let (place, resource) = (place(rules.handler), (object.resource)());
        let lacked = lacks_dimension(object.tenancy, &rules.dimensions());
        let mistake = match lacked {
            Some(name) => RuleError::ObjectWithoutTenant { place, resource, name },
            None if engine.resource_deps().contains((object.deps)()) => continue,
            None => RuleError::NoResourceDeps { place, resource, deps: (object.deps_name)() },
        };
        if !mistakes.contains(&mistake) {
            mistakes.push(mistake);
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
/// the other value. If the pattern is unknown, a tenant with a location outside of the path counts as one that the client chooses.
pub fn tenants<H: Adapter>(engine: &Engine<H>, rules: Rules<'_>, pattern: Option<&str>) -> Vec<RuleError> {
    let whole = pattern.unwrap_or_default().to_owned();
    let times = |name: &str| names_in(&whole).filter(|known| *known == name).count();
    let place = || place(rules.handler);
    let mut mistakes = Vec::new();
    for name in rules.dimensions() {
        let location = engine.tenant_location(name);
        match location.path().map(|parameter| (parameter, times(parameter))) {
            Some(_) if pattern.is_none() && !location.is_outside_path() => continue,
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

/// Returns the headers that name the tenants of the rules on a route, each with the name of the tenant.
pub fn tenant_headers<H: Adapter>(engine: &Engine<H>, rules: Rules<'_>, pattern: &str) -> Vec<(String, String)> {
    let header = |name| {
        let location = engine.tenant_location(name);
        let is_in_path = location.path().is_some_and(|path| names_in(pattern).any(|known| known == path));
        let header = location.header().filter(|_| !is_in_path)?;
        Some((header.to_owned(), name.to_owned()))
    };
    rules.dimensions().into_iter().filter_map(header).collect()
}

/// The location from which a request for a route takes the value of a dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantPlace {
    /// The parameter of the path with this name.
    Path(String),
    /// The header with this name.
    Header(String),
    /// The tenant that the credential is bound to.
    Credential,
    /// A subprotocol.
    Subprotocol,
}

/// Returns the dimension with this name, and its first location in requests for a route with this pattern (TENANT-2). `None` if no
/// rule can contain the name.
pub fn tenant_place<H: Adapter>(engine: &Engine<H>, name: &str, pattern: &str) -> Option<(&'static str, TenantPlace)> {
    let name = declared_dimension(name)?;
    let location = engine.tenant_location(name);
    let path = location.path().filter(|path| names_in(pattern).any(|known| known == *path));
    let place = match (path, location.header()) {
        (Some(path), _) => TenantPlace::Path(path.to_owned()),
        (None, Some(header)) => TenantPlace::Header(header.to_owned()),
        (None, None) if location.is_in_credential() => TenantPlace::Credential,
        (None, None) => TenantPlace::Subprotocol,
    };
    Some((name, place))
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
    let of_actions = rules.handler.objects().into_iter().filter_map(|(_, object)| object.required);
    for name in rules.names().chain(rules.credentials()).chain(of_actions) {
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

/// Returns the schemes of the issuers whose best possible credential could satisfy the rules. In open mode, it is that of every request.
pub fn schemes<H: Adapter>(engine: &Engine<H>, rules: Rules<'_>) -> Vec<String> {
    if engine.is_open() {
        return vec![SchemeId::OPEN.name().to_owned()];
    }
    let could = |source: &&std::sync::Arc<crate::identity::issuer::Issuer>| {
        rules.could_hold_somewhere(&facts_of(engine, CallerFacts::Hypothetical(source)))
    };
    let mut schemes: Vec<_> =
        engine.sources().iter().filter(could).map(|source| source.scheme.name().to_owned()).collect();
    schemes.dedup();
    schemes
}

/// Returns the keys of the security schemes of OpenAPI documents whose credentials could satisfy the rules.
pub fn credentials<H: Adapter>(engine: &Engine<H>, rules: Rules<'_>) -> Vec<String> {
    let could = |source| rules.could_hold_somewhere(&facts_of(engine, CallerFacts::Hypothetical(source)));
    let accepted = engine.accepted().into_iter().filter(|(source, _)| could(source)).flat_map(|(_, schemes)| schemes);
    let mut keys: Vec<String> = Vec::new();
    for AcceptedScheme { key, .. } in accepted {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
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
        refusal: None,
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
