//! Boolean formulas over atoms, which are constants and evaluate without allocating.

mod implication;
mod redundancy;
mod handler_args;
mod account;
mod conjuncts;
mod dimensions;
mod objects;
mod display;

pub(crate) use self::account::requires_login;
pub use self::account::{ACCOUNT, check_account};
pub use self::conjuncts::{RuleProperties, conjuncts, count_conjuncts, with_conjuncts};
pub(crate) use self::dimensions::DimensionSets;
pub use self::dimensions::{check_one_tenant, check_tenant};
pub use self::handler_args::{AccountArg, ArgRequirement};
pub use self::implication::check_proof;
pub(crate) use self::objects::lacks_dimension;
pub use self::objects::{check_anonymous_object, check_list_columns, check_object_tenant};
pub use self::redundancy::{Part, check_all, check_any, check_possible};
use crate::identity::vocabulary::{Name, NameKind};
use crate::policy::atom::{Atom, Authenticated, ByCredential, Named, NamedIn, Network, TenantMember};
use crate::policy::facts::Facts;
use crate::policy::truth::Truth;

/// A formula in negation normal form. The attributes push `!` down to the atoms.
#[derive(Clone, Copy, Debug)]
pub enum Formula {
    /// An atom or its negation.
    Literal(Literal),
    /// A conjunction. It always holds if it is empty.
    All(&'static [Formula]),
    /// A disjunction. It never holds if it is empty.
    Any(&'static [Formula]),
}

/// An atom or its negation.
#[derive(Clone, Copy, Debug)]
pub struct Literal {
    /// The atom.
    pub atom: Atom,
    /// Whether the atom is negated.
    pub negated: bool,
    /// The source text, for logs.
    pub text: &'static str,
}

/// The target of a rule, as matrices, logs and audit events name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuleTarget {
    /// A handler, by its path.
    Handler(&'static str),
    /// The endpoints of login and logout.
    Login,
    /// Any other target, with its description.
    Other(&'static str),
}

impl RuleTarget {
    /// Returns the path of the handler, or a description.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Handler(path) => path,
            Self::Login => "a login",
            Self::Other(description) => description,
        }
    }
}

/// A rule: the formula of a handler or scope, with its location.
#[derive(Debug)]
pub struct Rule {
    /// The compiled formula.
    pub terms: CompiledFormula,
    /// The text of the entire formula, for logs.
    pub text: &'static str,
    /// The guarded handler or scope, for logs.
    pub target: RuleTarget,
    /// The source file, for logs. Empty for rules of auth-actix.
    pub file: &'static str,
    /// The line in the source file, for logs.
    pub line: u32,
    /// The handler's access to the caller.
    pub reads: CallerAccess,
    /// Whether denials look like the response to an unknown path.
    pub not_found: bool,
    /// The requirements of the handler's arguments, as far as their types are recognized.
    pub arguments: &'static [ArgRequirement],
    /// Whether a check of the rule uses an argument that may identify the object of the request.
    pub checks_object: bool,
    /// The reason why the handler may be called for any object.
    pub any_object: Option<&'static str>,
    /// The reason why limited credentials may call the handler without a name of their ceiling (RIGHTS-7).
    pub any_token: Option<&'static str>,
}

/// A formula, with properties that every request would otherwise compute again.
#[derive(Clone, Copy, Debug)]
pub struct CompiledFormula {
    formula: Formula,
    about: FactsNeeded,
    of_unknown: Option<Truth>,
    reads_body: bool,
}

/// The facts about a request that a rule needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FactsNeeded {
    /// The caller. A presented credential is verified.
    pub caller: bool,
    /// The location of the client, for networks and countries.
    pub place: bool,
    /// The country of the client.
    pub country: bool,
    /// The tenant of the request.
    pub tenant: bool,
    /// The results of application-defined checks.
    pub check: bool,
}

/// The access of a handler to the caller, in addition to its rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerAccess {
    /// No access.
    Nothing,
    /// The caller, if there is one. A presented credential is verified, whatever the formula requires.
    Caller,
    /// Like [`Caller`](Self::Caller), for a handler that also accepts that the caller cannot be determined now.
    CallerOrOutage,
}

impl FactsNeeded {
    /// Returns the facts that either of the two needs.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            caller: self.caller | other.caller,
            place: self.place | other.place,
            country: self.country | other.country,
            tenant: self.tenant | other.tenant,
            check: self.check | other.check,
        }
    }
}

impl CallerAccess {
    /// Combines the access of two arguments. The handler accepts outages only if no argument requires [`Caller`](Self::Caller).
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, reads) | (reads, Self::Nothing) => reads,
            (Self::CallerOrOutage, Self::CallerOrOutage) => Self::CallerOrOutage,
            (Self::Caller, _) | (_, Self::Caller) => Self::Caller,
        }
    }
}

/// A rule that admits everyone.
pub const PUBLIC: Rule = Rule {
    terms: CompiledFormula::of(Formula::All(&[])),
    text: "public",
    target: RuleTarget::Other(""),
    file: "",
    line: 0,
    reads: CallerAccess::Nothing,
    not_found: false,
    arguments: &[],
    checks_object: false,
    any_object: None,
    any_token: None,
};

/// A rule that admits every authenticated caller.
pub const AUTHENTICATED: Rule = Rule {
    terms: CompiledFormula::of(Formula::Literal(Literal {
        atom: Atom::Authenticated(Authenticated),
        negated: false,
        text: "authenticated",
    })),
    text: "authenticated",
    reads: CallerAccess::Caller,
    ..PUBLIC
};

/// A rule that admits no caller. It replaces a rule that did not compile.
pub static REFUSING: Rule = Rule { terms: CompiledFormula::of(Formula::Any(&[])), text: "nobody", ..PUBLIC };

impl CompiledFormula {
    /// Computes the properties of a formula.
    pub const fn of(formula: Formula) -> Self {
        Self {
            about: formula.facts_needed(),
            of_unknown: formula.of_unknown(),
            reads_body: formula.reads_body(),
            formula,
        }
    }
}

impl Rule {
    /// Returns the location in the application's source, as `file:line`.
    pub fn place(&self) -> Option<String> {
        (!self.file.is_empty()).then(|| format!("{}:{}", self.file, self.line))
    }

    /// Returns the formula.
    pub const fn formula(&self) -> &Formula {
        &self.terms.formula
    }

    pub(crate) const fn facts_needed(&self) -> FactsNeeded {
        self.terms.about
    }

    /// Returns whether the rule verifies a presented credential: because of an atom, or for an argument whose type is recognized.
    pub const fn reads_caller(&self) -> bool {
        self.terms.about.caller || !matches!(self.reads, CallerAccess::Nothing)
    }

    /// Returns the truth for an unknown caller before any check has run. Returns `None` if that depends on the request.
    pub(crate) const fn of_unknown(&self) -> Option<Truth> {
        self.terms.of_unknown
    }

    /// Returns whether an atom is about an object or a tenant. Available in const code.
    pub const fn asks_about_object(&self) -> bool {
        self.terms.formula.is_about_object()
    }

    /// Returns whether an argument of the handler needs the tenant that was decided on.
    pub(crate) fn takes_tenant(&self) -> bool {
        self.arguments.iter().any(ArgRequirement::takes_tenant)
    }
}

impl Formula {
    /// Returns the fold of all literals' truths.
    pub fn truth(&self, facts: &Facts<'_>) -> Truth {
        // Most parts are literals, which this loop evaluates without recursion.
        let of = |part: &Self| match part {
            Self::Literal(literal) => literal.truth(facts),
            nested => nested.truth(facts),
        };
        match self {
            Self::Literal(literal) => literal.truth(facts),
            Self::All(parts) => parts.iter().fold(Truth::HOLDS, |truth, part| truth.and(of(part))),
            Self::Any(parts) => parts.iter().fold(Truth::NO, |truth, part| truth.or(of(part))),
        }
    }

    /// Returns whether the formula holds, and whether it holds by a role, a permission or a scope that the caller holds.
    pub(crate) fn holds_by_name(&self, facts: &Facts<'_>) -> (bool, bool) {
        match self {
            Self::Literal(literal) => {
                let holds = literal.truth(facts).now;
                (holds, holds && !literal.negated && literal.is_by_name())
            }
            Self::All(parts) => parts.iter().fold((true, false), |(all, named), part| {
                let (holds, by_name) = part.holds_by_name(facts);
                let all = all && holds;
                (all, all && (named || by_name))
            }),
            Self::Any(parts) => parts.iter().fold((false, false), |(any, named), part| {
                let (holds, by_name) = part.holds_by_name(facts);
                (any || holds, named || by_name)
            }),
        }
    }

    /// Returns whether an atom is about the object of a request, or its tenant.
    #[allow(clippy::indexing_slicing, reason = "const code has no `get`; the index is bounded by the loop")]
    const fn is_about_object(&self) -> bool {
        let parts = match self {
            Self::Literal(literal) => return literal.object().is_some() || literal.tenant().is_some(),
            Self::All(parts) | Self::Any(parts) => *parts,
        };
        let mut index = 0;
        while index < parts.len() {
            if parts[index].is_about_object() {
                return true;
            }
            index += 1;
        }
        false
    }

    #[allow(clippy::indexing_slicing, reason = "const code has no `get`; the index is bounded by the loop")]
    const fn facts_needed(&self) -> FactsNeeded {
        const NOTHING: FactsNeeded =
            FactsNeeded { caller: false, place: false, country: false, tenant: false, check: false };
        let parts = match self {
            Self::Literal(Literal { atom, .. }) => {
                return match atom {
                    Atom::Network(_) => FactsNeeded { place: true, ..NOTHING },
                    Atom::Country(_) => FactsNeeded { place: true, country: true, ..NOTHING },
                    Atom::NamedIn(_) | Atom::TenantMember(_) => FactsNeeded { caller: true, tenant: true, ..NOTHING },
                    Atom::Credential(ByCredential { tenant, .. }) => {
                        FactsNeeded { caller: true, tenant: !tenant.is_empty(), ..NOTHING }
                    }
                    Atom::Check(check) => {
                        FactsNeeded { caller: check.names_principal || check.object.is_some(), check: true, ..NOTHING }
                    }
                    atom => FactsNeeded { caller: atom.is_about_caller(), ..NOTHING },
                };
            }
            Self::All(parts) | Self::Any(parts) => *parts,
        };
        let (mut about, mut index) = (NOTHING, 0);
        while index < parts.len() {
            about = about.and(parts[index].facts_needed());
            index += 1;
        }
        about
    }

    /// Returns the truth for an unknown caller before any check has run. Returns `None` if that depends on the request.
    #[allow(clippy::indexing_slicing, reason = "const code has no `get`; the index is bounded by the loop")]
    const fn of_unknown(&self) -> Option<Truth> {
        let (parts, mut truth, all) = match self {
            Self::Literal(Literal { atom, negated, .. }) => return atom.of_unknown(*negated),
            Self::All(parts) => (*parts, Truth::HOLDS, true),
            Self::Any(parts) => (*parts, Truth::NO, false),
        };
        let mut index = 0;
        while index < parts.len() {
            let Some(part) = parts[index].of_unknown() else { return None };
            truth = if all { truth.and(part) } else { truth.or(part) };
            index += 1;
        }
        Some(truth)
    }

    /// Returns whether a caller without a credential can pass from a matching address.
    pub fn admits_strangers(&self) -> bool {
        match self {
            Self::Literal(literal) => !literal.atom.is_about_caller(),
            Self::All(parts) => parts.iter().all(Self::admits_strangers),
            Self::Any(parts) => parts.iter().any(Self::admits_strangers),
        }
    }

    /// Returns whether the formula could hold if the client had a matching address.
    pub fn could_hold_somewhere(&self, facts: &Facts<'_>) -> bool {
        match self {
            Self::Literal(literal) => !literal.atom.is_about_caller() || literal.truth(facts).could,
            Self::All(parts) => parts.iter().all(|part| part.could_hold_somewhere(facts)),
            Self::Any(parts) => parts.iter().any(|part| part.could_hold_somewhere(facts)),
        }
    }

    /// Passes the literals to `found`, from left to right, until it returns `true`. Returns whether it did.
    pub fn literals<'a>(&'a self, found: &mut dyn FnMut(&'a Literal) -> bool) -> bool {
        match self {
            Self::Literal(literal) => found(literal),
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.literals(found)),
        }
    }
}

impl Literal {
    /// Returns the truth of the literal, with its polarity.
    pub fn truth(&self, facts: &Facts<'_>) -> Truth {
        self.atom.truth(self.negated, facts)
    }

    /// Returns the networks of the literal.
    pub const fn networks(&self) -> Option<&'static [ipnet::IpNet]> {
        match self.atom {
            Atom::Network(Network(networks)) => Some(networks),
            _ => None,
        }
    }

    /// Returns the dimensions of the literal's tenant.
    pub const fn tenant(&self) -> Option<&'static [&'static str]> {
        match self.atom {
            Atom::NamedIn(NamedIn { tenant, .. }) | Atom::TenantMember(TenantMember(tenant)) => Some(tenant),
            Atom::Credential(ByCredential { tenant, .. }) if !tenant.is_empty() => Some(tenant),
            _ => None,
        }
    }

    /// Returns whether the rights provider could satisfy the literal.
    pub(crate) fn needs_rights(&self) -> bool {
        match self.atom {
            Atom::TenantMember(_) => true,
            _ => self.name().is_some_and(|name| name.vocabulary.kind != NameKind::Scope),
        }
    }

    /// Returns the role, permission or scope of the literal, if it has one.
    pub const fn name(&self) -> Option<Name> {
        match self.atom {
            Atom::Named(Named(name)) | Atom::NamedIn(NamedIn { name, .. }) => Some(name),
            _ => None,
        }
    }
}
