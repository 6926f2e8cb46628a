//! A boolean formula over atoms: a const that evaluates without allocating.

mod implication;
mod redundancy;
mod handler_args;
mod display;

pub use self::handler_args::{ArgRequirement, ObjectArg};
pub use self::implication::check_proof;
pub use self::redundancy::{Part, check_all, check_any, check_possible};
use crate::identity::vocabulary::Name;
use crate::policy::atom::{Atom, Authenticated, Check, Named, Network, ObjectKey, TenantRole};
use crate::policy::facts::Facts;
use crate::policy::truth::Truth;

/// A formula in negation normal form. The attributes push `!` down to the atoms.
#[derive(Clone, Copy, Debug)]
pub enum Formula {
    /// An atom, or its negation.
    Literal(Literal),
    /// All of these; of none: always true.
    All(&'static [Formula]),
    /// Any of these; of none: never true.
    Any(&'static [Formula]),
}

/// An atom, or its negation.
#[derive(Clone, Copy, Debug)]
pub struct Literal {
    /// The atom.
    pub atom: Atom,
    /// Whether its absence is asked for.
    pub negated: bool,
    /// How it is written, for logs.
    pub text: &'static str,
}

/// What a rule is enforced for, as matrices, logs and audit events name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuleTarget {
    /// A handler, by its path.
    Handler(&'static str),
    /// The endpoints of login and logout.
    Login,
    /// Anything else, described.
    Other(&'static str),
}

impl RuleTarget {
    /// Returns the path of the handler, or a description.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Handler(path) => path,
            Self::Login => "a log-in",
            Self::Other(description) => description,
        }
    }
}

/// A rule: the formula above a handler, and where it stands.
#[derive(Debug)]
pub struct Rule {
    /// The formula.
    pub terms: CompiledFormula,
    /// All of it as one formula, for logs.
    pub text: &'static str,
    /// The handler or scope that it guards, for logs.
    pub target: RuleTarget,
    /// The source file, for logs. Empty for rules of auth-actix.
    pub file: &'static str,
    /// The line in it, for logs.
    pub line: u32,
    /// What the handler reads of the caller.
    pub reads: CallerAccess,
    /// Whether all that is not granted is answered as an unknown path would be.
    pub not_found: bool,
    /// What its arguments ask, as far as their types can be told.
    pub arguments: &'static [ArgRequirement],
    /// Whether a check of the rule is over an argument that may say which object the request is about.
    pub checks_object: bool,
    /// Why the handler may be called for any object.
    pub any_object: Option<&'static str>,
}

/// A formula, with what each request would else find out of it again.
#[derive(Clone, Copy, Debug)]
pub struct CompiledFormula {
    formula: Formula,
    about: FactsNeeded,
    of_unknown: Option<Truth>,
}

/// What has to be known of a request to decide by a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FactsNeeded {
    /// Who calls: a presented credential is verified.
    pub caller: bool,
    /// Where the client is: it names a network or a country.
    pub place: bool,
    /// In which country that is.
    pub country: bool,
    /// Which tenant the path names.
    pub tenant: bool,
    /// What the application finds out by itself.
    pub check: bool,
}

/// What a handler reads of the caller beside what its rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerAccess {
    /// Nothing.
    Nothing,
    /// Who it is, if it is somebody: a presented credential is verified whatever the formula says.
    Caller,
    /// The same; and where who it is cannot be found out now, the handler copes with that.
    CallerOrOutage,
}

impl FactsNeeded {
    /// What two are about.
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
    /// What two arguments read: one that does not cope is enough.
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, reads) | (reads, Self::Nothing) => reads,
            (Self::CallerOrOutage, Self::CallerOrOutage) => Self::CallerOrOutage,
            (Self::Caller, _) | (_, Self::Caller) => Self::Caller,
        }
    }
}

/// Lets anyone in.
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
};

/// Lets in whoever has authenticated.
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

/// Lets nobody in: what stands where a rule did not compile.
pub static REFUSING: Rule = Rule { terms: CompiledFormula::of(Formula::Any(&[])), text: "nobody", ..PUBLIC };

impl CompiledFormula {
    /// Those of a formula.
    pub const fn of(formula: Formula) -> Self {
        Self { about: formula.facts_needed(), of_unknown: formula.of_unknown(), formula }
    }
}

impl Rule {
    /// Returns the location in the application's source, as `file:line`.
    pub fn place(&self) -> Option<String> {
        (!self.file.is_empty()).then(|| format!("{}:{}", self.file, self.line))
    }

    /// Its formula.
    pub const fn formula(&self) -> &Formula {
        &self.terms.formula
    }

    /// What its atoms are about.
    pub(crate) const fn facts_needed(&self) -> FactsNeeded {
        self.terms.about
    }

    /// What it is while nobody knows who calls, and no check was run; `None` where that depends on the request.
    pub(crate) const fn of_unknown(&self) -> Option<Truth> {
        self.terms.of_unknown
    }

    /// Whether an argument asks about an object, or an atom is about one or about a tenant; in a const.
    #[allow(clippy::indexing_slicing, reason = "const code has no `get`; the index is bounded by the loop")]
    pub const fn asks_about_object(&self) -> bool {
        let mut index = 0;
        while index < self.arguments.len() {
            if self.arguments[index].asks_about_object() {
                return true;
            }
            index += 1;
        }
        self.terms.formula.is_about_object()
    }

    /// The objects that its handler takes.
    pub fn objects(&self) -> impl Iterator<Item = &'static ObjectArg> {
        self.arguments.iter().filter_map(ArgRequirement::object)
    }
}

impl Formula {
    /// The fold of all literals' truths.
    pub fn truth(&self, facts: &Facts<'_>) -> Truth {
        // Mostly the parts are literals: those are asked in this loop.
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

    /// Whether an atom of it is about the object of a request, or its tenant; in a const.
    #[allow(clippy::indexing_slicing, reason = "const code has no `get`; the index is bounded by the loop")]
    const fn is_about_object(&self) -> bool {
        let parts = match self {
            Self::Literal(literal) => return literal.object_key().is_some() || literal.tenant().is_some(),
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

    /// What its atoms are about.
    #[allow(clippy::indexing_slicing, reason = "const code has no `get`; the index is bounded by the loop")]
    const fn facts_needed(&self) -> FactsNeeded {
        const NOTHING: FactsNeeded =
            FactsNeeded { caller: false, place: false, country: false, tenant: false, check: false };
        let parts = match self {
            Self::Literal(Literal { atom, .. }) => {
                return match atom {
                    Atom::Network(_) => FactsNeeded { place: true, ..NOTHING },
                    Atom::Country(_) => FactsNeeded { place: true, country: true, ..NOTHING },
                    Atom::TenantRole(_) => FactsNeeded { caller: true, tenant: true, ..NOTHING },
                    Atom::Check(check) => FactsNeeded { caller: check.names_principal, check: true, ..NOTHING },
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

    /// What it is while nobody knows who calls, and no check was run; `None` where that depends on the request.
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

    /// Whether somebody without a credential can pass, from an address that fits.
    pub fn admits_strangers(&self) -> bool {
        match self {
            Self::Literal(literal) => !literal.atom.is_about_caller(),
            Self::All(parts) => parts.iter().all(Self::admits_strangers),
            Self::Any(parts) => parts.iter().any(Self::admits_strangers),
        }
    }

    /// Whether it could hold, were the client at an address that fits.
    pub fn could_hold_somewhere(&self, facts: &Facts<'_>) -> bool {
        match self {
            Self::Literal(literal) => !literal.atom.is_about_caller() || literal.truth(facts).could,
            Self::All(parts) => parts.iter().all(|part| part.could_hold_somewhere(facts)),
            Self::Any(parts) => parts.iter().any(|part| part.could_hold_somewhere(facts)),
        }
    }

    /// Shows the literals, from left to right, until `found` says true; whether it did.
    pub fn literals<'a>(&'a self, found: &mut dyn FnMut(&'a Literal) -> bool) -> bool {
        match self {
            Self::Literal(literal) => found(literal),
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.literals(found)),
        }
    }
}

impl Literal {
    /// Its truth, with its polarity.
    pub fn truth(&self, facts: &Facts<'_>) -> Truth {
        self.atom.truth(self.negated, facts)
    }

    /// The networks that it names.
    pub const fn networks(&self) -> Option<&'static [ipnet::IpNet]> {
        match self.atom {
            Atom::Network(Network(networks)) => Some(networks),
            _ => None,
        }
    }

    /// The name in the pattern of the route that it takes for a tenant.
    pub const fn tenant(&self) -> Option<&'static str> {
        match self.atom {
            Atom::TenantRole(TenantRole { tenant, .. }) => Some(tenant),
            _ => None,
        }
    }

    /// The name in the pattern of the route where the key of the object stands that it is about.
    pub const fn object_key(&self) -> Option<&'static str> {
        match self.atom {
            Atom::Check(Check { object: Some(ObjectKey(key)), .. }) => Some(key),
            _ => None,
        }
    }

    /// The name that it asks for, if it asks for one.
    pub const fn name(&self) -> Option<Name> {
        match self.atom {
            Atom::Named(Named(name)) | Atom::TenantRole(TenantRole { name, .. }) => Some(name),
            _ => None,
        }
    }
}
