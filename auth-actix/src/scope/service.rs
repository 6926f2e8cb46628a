//! What a scope takes, and what it keeps of it.

use std::sync::Arc;

use actix_web::dev::HttpServiceFactory;
use auth_core::decision::Rules;
use auth_core::rule::Rule;

use crate::auth::Auth;
use crate::check::{self, RuleError};
use crate::enforce::Binding;

/// What a scope of [`Auth::scope`] takes: a handler with a rule, a scope of its own kind, or what was given a rule by name.
#[diagnostic::on_unimplemented(
    message = "no rule stands above `{Self}`",
    label = "a scope of `Auth` takes only what carries a rule",
    note = "write `#[require_auth]`, `#[require_role(\"…\")]` or the like above its route attribute, or `#[public]` to let anyone in",
    note = "a function without a route attribute goes in by `.route(\"/path\", auth_actix::get().to(f))`",
    note = "a rule that stands below the route attribute enforces, and proves nothing: move it above"
)]
pub trait Service {
    /// What actix registers.
    type Factory: HttpServiceFactory + 'static;
    /// Takes note of the rules.
    #[doc(hidden)]
    fn open(self, registry: &mut Registry) -> Self::Factory;
}

/// The struct that a route attribute makes of a handler with a rule above. Written by the attributes, and by nobody else.
///
/// A const and no type: the struct may be public where the handler's arguments are not, as actix can be told to make it so.
pub trait Proven {
    /// The rule of the handler.
    const RULE: &'static Rule;
    /// The patterns of its routes, as far as its attributes say them.
    const PATTERNS: &'static [&'static str];
}

#[diagnostic::do_not_recommend]
impl<S: Proven + HttpServiceFactory + 'static> Service for S {
    type Factory = S;

    fn open(self, registry: &mut Registry) -> S {
        registry.add_at(S::RULE, S::PATTERNS.iter().copied());
        self
    }
}

/// The rules of a scope, in the order of registration.
pub struct Registry {
    binding: Arc<Binding>,
    rules: Vec<&'static Rule>,
    /// The patterns below the scope that rules stand at, as far as they are known.
    patterns: Vec<(&'static Rule, String)>,
    /// Rules of routes whose patterns are not known.
    elsewhere: Vec<&'static Rule>,
    twice: Vec<&'static Rule>,
}

impl Registry {
    pub(super) fn new(auth: &Auth, path: &str, strict: bool) -> Self {
        Self {
            binding: Binding::new(auth, path, strict),
            rules: Vec::new(),
            patterns: Vec::new(),
            elsewhere: Vec::new(),
            twice: Vec::new(),
        }
    }

    pub(super) fn binding(&self) -> &Arc<Binding> {
        &self.binding
    }

    pub(super) fn add(&mut self, rule: &'static Rule) {
        self.rules.push(rule);
    }

    /// Adds a rule that stands at these patterns.
    pub(super) fn add_at<'a>(&mut self, rule: &'static Rule, patterns: impl Iterator<Item = &'a str>) {
        let before = self.patterns.len();
        self.patterns.extend(patterns.map(|pattern| (rule, pattern.to_owned())));
        if self.patterns.len() == before {
            self.elsewhere.push(rule);
        }
        self.add(rule);
    }

    pub(super) fn require(&mut self, rule: &'static Rule) {
        if !self.binding.require(rule) {
            self.twice.push(rule);
        }
    }

    pub(super) fn nest_in(&self, around: &Self) {
        self.binding.nest_in(&around.binding);
    }

    /// Whether a handler, or the scope as a whole, answers as an unknown path to whom it refuses.
    pub(super) fn hides_something(&self) -> bool {
        self.binding.hides_so_far() || self.rules.iter().any(|rule| rule.not_found)
    }

    /// What would never work, or mean something else than it says.
    pub(super) fn check(&self) -> Vec<RuleError> {
        let twice = self.twice.iter().map(|rule| RuleError::SecondRuleOfScope(rule.text));
        let scopes = self.binding.rules_so_far();
        let around = self.binding.pattern_so_far();
        let tenants = self.patterns.iter().filter_map(|(rule, pattern)| {
            check::tenants(Rules { scopes: &scopes, handler: rule }, around.as_deref()?, pattern)
        });
        let keys = self.patterns.iter().filter_map(|(rule, pattern)| {
            check::object_keys(Rules { scopes: &scopes, handler: rule }, around.as_deref()?, pattern)
        });
        let strict = self.binding.is_strict_so_far();
        let any_object = self.patterns.iter().filter(|_| strict).filter_map(|(rule, pattern)| {
            check::any_object(Rules { scopes: &scopes, handler: rule }, around.as_deref().unwrap_or_default(), pattern)
        });
        let unseen = self.elsewhere.iter().filter(|_| strict).map(|rule| check::no_pattern(rule));
        twice
            .chain(tenants)
            .chain(keys)
            .chain(any_object)
            .chain(unseen)
            .chain(check::rules(self.binding.auth(), &scopes, &self.rules))
            .collect()
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("rules", &self.rules.len()).finish_non_exhaustive()
    }
}
