//! The services that a scope accepts, and the registry of their rules.

use std::sync::Arc;

use actix_web::dev::HttpServiceFactory;
use auth_core::engine::startup_checks::{self, RuleError};
use auth_core::matrix::{Matrix, RouteAccess};
use auth_core::policy::decision::Rules;
use auth_core::policy::rule::Rule;

use crate::auth::Auth;
use crate::guard::Binding;

/// A service that a scope of [`Auth::scope`] accepts: a handler with a rule, a nested scope, or a service wrapped by
/// [`guarded`](crate::guarded) or [`unguarded`](crate::unguarded).
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no access rule",
    label = "scopes of `Auth` accept only services with a rule",
    note = "write `#[require_auth]`, `#[require_role(\"…\")]` or another rule above its route attribute, or `#[public]` to admit anyone",
    note = "register a function without a route attribute with `.route(\"/path\", auth_actix::web::get().to(f))`",
    note = "a rule below the route attribute is enforced, but scopes do not see it: move it above",
    note = "`.require(…)` of a scope adds to the rules of its handlers and does not replace them",
    note = "a function that creates a scope returns `auth_actix::Scope`",
    note = "register tuples and lists one by one: `.service(a).service(b)`"
)]
pub trait Service {
    /// The service for actix.
    type Factory: HttpServiceFactory + 'static;
    /// Whether every known route that names an object checks access to it.
    #[doc(hidden)]
    const ASKS: bool = true;
    /// Adds the rules to the registry, and returns the service for actix.
    #[doc(hidden)]
    fn open(self, registry: &mut Registry) -> Self::Factory;
}

/// A route, as written in its attribute.
#[derive(Clone, Copy, Debug)]
pub struct Pattern {
    /// The methods. Empty for every method.
    pub methods: &'static [&'static str],
    /// The path pattern below the scope.
    pub path: &'static str,
    /// The number of route guards.
    pub guards: usize,
    /// The number of middleware wrappers.
    pub wraps: usize,
}

/// The error for a route of a strict scope that does not check access to the object in its path.
pub(super) const ANY_OBJECT: &str = "the rule does not check access to the object that the path of this handler names\nhelp: take `Authorized<…>`, write `check(…)` over an argument, or give a reason: `any_object = \"…\"`";

/// Returns whether the pattern of one of the routes has a parameter.
#[allow(clippy::indexing_slicing, reason = "const code has no `get`; the indices are bounded by the loops")]
const fn names_something(routes: &[Pattern]) -> bool {
    let mut route = 0;
    while route < routes.len() {
        let (path, mut at) = (routes[route].path.as_bytes(), 0);
        while at < path.len() {
            if path[at] == b'{' {
                return true;
            }
            at += 1;
        }
        route += 1;
    }
    false
}

/// A handler with a rule and a route attribute: the struct that the route attribute generates. Implemented only by the attributes.
///
/// The rule is a const and not a type, because the struct may be public while the handler's arguments are private; actix has an
/// option for this.
pub trait Proven {
    /// The rule of the handler.
    const RULE: &'static Rule;
    /// The routes, as far as the attributes contain them.
    const ROUTES: &'static [Pattern];
}

#[diagnostic::do_not_recommend]
impl<S: Proven + HttpServiceFactory + 'static> Service for S {
    type Factory = S;
    const ASKS: bool = startup_checks::asks(S::RULE) || !names_something(S::ROUTES);

    fn open(self, registry: &mut Registry) -> S {
        registry.add_all(S::RULE, S::ROUTES.iter().map(RegisteredRoute::from));
        self
    }
}

/// The title of the note that counts the guards of a route.
pub(crate) const ROUTE_GUARDS: &str = "route guards";

/// A route in the registry of a scope.
#[derive(Clone, Debug)]
pub(super) struct RegisteredRoute {
    /// Empty for every method.
    pub(super) methods: Vec<String>,
    /// The pattern below the scope. `None` if it is unknown.
    pub(super) path: Option<String>,
    pub(super) notes: Vec<String>,
    /// Whether all its patterns are known.
    pub(super) is_seen: bool,
}

impl From<&Pattern> for RegisteredRoute {
    fn from(route: &Pattern) -> Self {
        let notes = [(route.guards, ROUTE_GUARDS), (route.wraps, "route middleware")];
        Self {
            methods: route.methods.iter().map(|method| (*method).to_owned()).collect(),
            path: Some(route.path.to_owned()),
            notes: notes.iter().filter_map(|(count, what)| count_note(*count, what)).collect(),
            is_seen: true,
        }
    }
}

/// Returns the pattern as actix interprets it: a non-empty pattern starts with a slash.
fn slashed(pattern: &str) -> std::borrow::Cow<'_, str> {
    if pattern.is_empty() || pattern.starts_with('/') { pattern.into() } else { format!("/{pattern}").into() }
}

/// Returns a note with the count. Returns `None` for zero.
pub(super) fn count_note(count: usize, what: &str) -> Option<String> {
    (count > 0).then(|| format!("{what}: {count}"))
}

/// The rules and routes of a scope, in the order of registration.
#[derive(Clone)]
pub struct Registry {
    binding: Arc<Binding>,
    rules: Vec<&'static Rule>,
    routes: Vec<(&'static Rule, RegisteredRoute)>,
    /// The services without a rule: the reason, and the source file.
    unguarded: Vec<String>,
    twice: Vec<&'static Rule>,
    /// The nested scopes.
    nested: Vec<Registry>,
    /// Whether the application has set a service for unknown paths.
    own_default: bool,
    /// The resources with a service for other methods, and whether a route there is hidden.
    defaults: Vec<(String, bool)>,
}

impl Registry {
    pub(super) fn new(auth: Option<&Auth>, path: &str, strict: bool) -> Self {
        Self {
            binding: Binding::new(auth, path, strict),
            rules: Vec::new(),
            routes: Vec::new(),
            unguarded: Vec::new(),
            twice: Vec::new(),
            nested: Vec::new(),
            own_default: false,
            defaults: Vec::new(),
        }
    }

    /// Adds the rule of the service for unknown paths.
    pub(super) fn add_default(&mut self, rule: &'static Rule) {
        self.add_service(rule, "unknown paths", true);
        self.own_default = true;
    }

    pub(super) fn own_default(&self) -> bool {
        self.own_default
    }

    /// Adds the rule of a resource's service for other methods. `hides` is whether denials of a route there look like the
    /// response to an unknown path.
    pub(super) fn add_default_at(&mut self, path: String, rule: &'static Rule, hides: bool) {
        self.add_service(rule, "other methods", true);
        self.defaults.push((path, hides));
    }

    pub(super) fn binding(&self) -> &Arc<Binding> {
        &self.binding
    }

    /// Adds the rule of a service whose routes are unknown.
    pub(super) fn add_service(&mut self, rule: &'static Rule, what: &str, is_seen: bool) {
        self.rules.push(rule);
        let path = Some(format!("/… ({what})"));
        self.routes.push((rule, RegisteredRoute { methods: Vec::new(), path, notes: Vec::new(), is_seen }));
    }

    /// Adds a rule with its routes.
    pub(super) fn add_all(&mut self, rule: &'static Rule, routes: impl Iterator<Item = RegisteredRoute>) {
        self.rules.push(rule);
        let before = self.routes.len();
        self.routes.extend(routes.map(|route| (rule, route)));
        if self.routes.len() == before {
            let methods = vec!["?".to_owned()];
            self.routes.push((rule, RegisteredRoute { methods, path: None, notes: Vec::new(), is_seen: false }));
        }
    }

    pub(super) fn add_unguarded(&mut self, why: String) {
        self.unguarded.push(why);
    }

    /// Like [`describe`](Self::describe), including nested scopes.
    pub(super) fn describe_all(&self, matrix: &mut Matrix) {
        self.describe(matrix);
        self.nested.iter().for_each(|nested| nested.describe_all(matrix));
    }

    /// Adds the scope to a matrix.
    pub(super) fn describe(&self, matrix: &mut Matrix) {
        // A scope without an `Auth` is not registered, and its accepted callers are unknown.
        let Some(auth) = self.binding.auth() else { return };
        let scopes = self.binding.all_rules_so_far();
        let around = self.binding.pattern_so_far();
        for (handler, entry) in &self.routes {
            let rules = Rules { scopes: &scopes, handler };
            matrix.add_words(rules, auth.engine().roles().iter());
            let path = match (&around, &entry.path) {
                (Some(around), Some(path)) => format!("{around}{}", slashed(path)),
                (None, Some(path)) => format!("…{}", slashed(path)),
                (_, None) => "?".to_owned(),
            };
            let methods = if entry.methods.is_empty() { vec!["*".to_owned()] } else { entry.methods.clone() };
            for method in methods {
                let mut route = RouteAccess::new(&method, &path, rules);
                route.schemes = startup_checks::schemes(auth.engine(), rules);
                route.credentials = startup_checks::credentials(auth.engine(), rules);
                route.tenant_headers = startup_checks::tenant_headers(auth.engine(), rules, &path);
                route.notes.extend(entry.notes.iter().cloned());
                route.notes.extend(count_note(self.binding.guards_so_far(), "scope guards"));
                route.notes.extend(self.binding.middleware_so_far());
                matrix.routes.push(route);
            }
        }
        matrix.scopes.extend(around.clone());
        let below = around.as_deref().unwrap_or("…");
        let rule = if self.has_unguarded_under_rule() { " (only the rule of its scope applies)" } else { "" };
        matrix.unguarded.extend(self.unguarded.iter().map(|why| format!("{below}/…{rule}: {why}")));
        auth.engine().describe(matrix);
    }

    pub(super) fn require(&mut self, rule: &'static Rule) {
        if !self.binding.require(rule) {
            self.twice.push(rule);
        }
    }

    pub(super) fn nest_in(&self, around: &mut Self) {
        self.binding.nest_in(&around.binding);
        around.nested.push(self.clone());
    }

    /// Returns whether this scope contains a service without a rule, to which a rule of this or an enclosing scope applies.
    pub(super) fn has_unguarded_under_rule(&self) -> bool {
        !self.unguarded.is_empty() && !self.binding.all_rules_so_far().is_empty()
    }

    /// Returns whether a handler, or the whole scope, is hidden: its denials look like the response to an unknown path.
    pub(super) fn hides_something(&self) -> bool {
        self.binding.hides_so_far() || self.rules.iter().any(|rule| rule.not_found)
    }

    /// Returns the mistakes in this scope and in nested scopes.
    pub(super) fn check_all(&self) -> Vec<RuleError> {
        self.check().into_iter().chain(self.nested.iter().flat_map(Self::check_all)).collect()
    }

    /// Returns the mistakes in this scope only.
    pub(super) fn check(&self) -> Vec<RuleError> {
        let path = || self.binding.path().to_owned();
        let Some(auth) = self.binding.auth() else { return vec![RuleError::InNoScope(path())] };
        let mut mistakes = self.check_rules(auth);
        if self.binding.is_strict_so_far() && self.binding.pattern_so_far().is_none() {
            mistakes.push(RuleError::StrictInPlain(path()));
        }
        if self.binding.sessions_clash_so_far() {
            mistakes.push(RuleError::SessionsClash(path()));
        }
        mistakes
    }

    fn check_rules(&self, auth: &Auth) -> Vec<RuleError> {
        let defaults = self.defaults.iter().filter(|(_, hides)| *hides || self.binding.hides_so_far());
        let defaults = defaults.map(|(path, _)| path.clone());
        let own = (self.own_default && self.hides_something()).then(|| self.binding.path().to_owned());
        let beside_default = defaults.chain(own).map(RuleError::HiddenBesideDefault);
        let twice = self.twice.iter().map(|rule| RuleError::SecondRuleOfScope(rule.text));
        let scopes = self.binding.rules_so_far();
        let around = self.binding.pattern_so_far();
        let patterns = || {
            let known = self.routes.iter().filter_map(|(rule, entry)| Some((rule, entry.path.as_deref()?)));
            known.map(|(rule, pattern)| (Rules { scopes: &scopes, handler: rule }, pattern))
        };
        let tenants = self.routes.iter().flat_map(|(rule, entry)| {
            let rules = Rules { scopes: &scopes, handler: rule };
            let pattern = around.as_ref().zip(entry.path.as_ref()).map(|(around, path)| format!("{around}{path}"));
            startup_checks::tenants(auth.engine(), rules, pattern.as_deref())
        });
        let keys =
            patterns().filter_map(|(rules, pattern)| startup_checks::object_keys(rules, around.as_deref()?, pattern));
        let strict = self.binding.is_strict_so_far();
        let before = around.as_deref().unwrap_or_default();
        let any_object = patterns().filter(|_| strict);
        let any_object = any_object.filter_map(|(rules, pattern)| startup_checks::any_object(rules, before, pattern));
        let unseen = self.routes.iter().filter(|(rule, entry)| strict && !entry.is_seen && rule.any_object.is_none());
        let unseen = unseen.map(|(rule, _)| startup_checks::no_pattern(rule));
        twice
            .chain(tenants)
            .chain(keys)
            .chain(any_object)
            .chain(unseen)
            .chain(startup_checks::rules(auth.engine(), &scopes, &self.rules))
            .chain(beside_default)
            .collect()
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("rules", &self.rules.len()).finish_non_exhaustive()
    }
}
