//! The data of a rule: formulas, literals, atoms. Contains no parsing and no diagnostics.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::{Expr, LitStr};

use crate::grammar::{self, Kind, TextShape};

/// A rule in negation normal form: only atoms are negated.
#[derive(Clone)]
pub(crate) enum Formula {
    Literal(Box<Literal>),
    All(Vec<Formula>),
    Any(Vec<Formula>),
}

/// An atom or its negation.
#[derive(Clone)]
pub(crate) struct Literal {
    pub(crate) atom: Atom,
    pub(crate) negated: bool,
    /// The source, for mistakes that are found later.
    pub(crate) at: TokenStream,
}

/// A condition on the request.
#[derive(Clone)]
pub(crate) enum Atom {
    Authenticated,
    Named(Kind, Name),
    /// A name that applies within a tenant.
    InTenant(Kind, Name, Dimensions),
    /// A caller with a right within a tenant.
    TenantMember(Dimensions),
    Claim(String, ClaimValue),
    /// The maximum age in seconds.
    MaxAge(u64),
    /// A text, with the row and the shape of the atom.
    Text(&'static grammar::Atom, &'static TextShape, String),
    Scheme(LitStr),
    Direct,
    Login,
    Networks(Vec<Network>),
    Countries(Vec<LitStr>),
    Check(Box<Check>),
}

/// The dimensions of a tenant, as written after `in =`.
#[derive(Clone)]
pub(crate) struct Dimensions(pub(crate) Vec<Ident>);

impl std::fmt::Display for Dimensions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.0.iter().map(|name| name.unraw().to_string()).collect();
        match names.as_slice() {
            [one] => f.write_str(one),
            several => write!(f, "({})", several.join(", ")),
        }
    }
}

/// A name of a vocabulary.
#[derive(Clone)]
pub(crate) enum Name {
    /// `"admin"`
    Text(LitStr),
    /// `Role::Admin`: the type and the variant.
    Variant(syn::Path, Ident),
}

/// The value that a claim is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClaimValue {
    Text(String),
    Bool(bool),
    Integer(i64),
}

/// A network: its first address and its prefix.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    pub(crate) address: IpAddr,
    pub(crate) prefix: u8,
}

/// `check(…)` or `authorized(…)`.
#[derive(Clone)]
pub(crate) struct Check {
    pub(crate) kind: CheckKind,
    /// Its position among the checks of the rule.
    pub(crate) index: u8,
    /// The caller as the expression names it. `None` if the expression does not name the caller, and for an object about which
    /// anonymous callers are decided on too.
    pub(crate) principal: Option<Ident>,
    /// Whether limited credentials may perform an action on an object without the name that it requires.
    pub(crate) any_token: bool,
    /// The free names of the expression without the caller.
    pub(super) free_names: Vec<String>,
    /// The source on one line.
    pub(super) text: String,
}

/// The question of a check.
#[derive(Clone)]
pub(crate) enum CheckKind {
    Expression(Expr),
    /// Whether the caller may perform an action on an object.
    Object(ObjectCheck),
}

/// An action on an object.
#[derive(Clone)]
pub(crate) struct ObjectCheck {
    /// The type of the object.
    pub(crate) object: syn::Path,
    /// The type of the action.
    pub(crate) action: syn::Path,
    /// The location of the key. `None` is the parameter of the path that the type of the object names.
    pub(crate) location: Option<KeyLocation>,
}

/// The location of the key of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyLocation {
    /// A parameter of the path.
    Path(String),
    /// A parameter of the query.
    Query(String),
    /// A header, in lower case.
    Header(String),
    /// A JSON pointer into the body.
    Json(String),
}

impl fmt::Display for KeyLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(name) => write!(f, "path({name:?})"),
            Self::Query(name) => write!(f, "query({name:?})"),
            Self::Header(name) => write!(f, "header({name:?})"),
            Self::Json(pointer) => write!(f, "json({pointer:?})"),
        }
    }
}

impl Formula {
    /// Returns the conjunction. One part is returned as it is, and nested conjunctions are merged.
    pub(crate) fn all(parts: Vec<Self>) -> Self {
        let parts = parts.into_iter().flat_map(|part| match part {
            Self::All(inner) => inner,
            other => vec![other],
        });
        <[_; 1]>::try_from(parts.collect::<Vec<_>>()).map_or_else(Self::All, |[one]| one)
    }

    /// Returns the disjunction of two formulas. Nested disjunctions are merged.
    pub(super) fn either(left: Self, right: Self) -> Self {
        let parts = [left, right].into_iter().flat_map(|part| match part {
            Self::Any(inner) => inner,
            other => vec![other],
        });
        Self::Any(parts.collect())
    }

    /// Returns the formula of one atom.
    pub(super) fn literal(atom: Atom, negated: bool, at: TokenStream) -> Self {
        Self::Literal(Box::new(Literal { atom, negated, at }))
    }

    /// Replaces each literal.
    pub(super) fn map(self, change: &dyn Fn(Literal) -> Literal) -> Self {
        let each = |parts: Vec<Self>| parts.into_iter().map(|part| part.map(change)).collect();
        match self {
            Self::Literal(literal) => Self::Literal(Box::new(change(*literal))),
            Self::All(parts) => Self::All(each(parts)),
            Self::Any(parts) => Self::Any(each(parts)),
        }
    }

    /// Returns the literals in source order.
    pub(crate) fn literals(&self) -> Vec<&Literal> {
        match self {
            Self::Literal(literal) => vec![literal],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::literals).collect(),
        }
    }

    /// Returns the checks in source order, which is that of their indices.
    pub(crate) fn checks(&self) -> Vec<&Check> {
        let checks = self.literals().into_iter().filter_map(|literal| match &literal.atom {
            Atom::Check(check) => Some(&**check),
            _ => None,
        });
        checks.collect()
    }

    pub(crate) fn is_about_caller(&self) -> bool {
        self.literals().iter().any(|literal| literal.atom.is_about_caller())
    }

    /// Returns whether an atom cannot hold for anonymous callers. The policy of an object may admit them.
    pub(super) fn requires_caller(&self) -> bool {
        self.literals().iter().any(|literal| literal.atom.is_about_caller() && !literal.atom.is_about_object())
    }

    /// Returns whether a request without a credential can satisfy the rule.
    pub(crate) fn admits_anonymous(&self) -> bool {
        match self {
            Self::Literal(literal) => !literal.atom.is_about_caller(),
            Self::All(parts) => parts.iter().all(Self::admits_anonymous),
            Self::Any(parts) => parts.iter().any(Self::admits_anonymous),
        }
    }

    /// Returns the formula in the notation of `#[require(…)]`.
    pub(crate) fn text(&self) -> String {
        let joined = |parts: &[Self], by: &str| {
            let nested = |part: &Self| match part {
                Self::Literal(_) => part.text(),
                _ => format!("({})", part.text()),
            };
            parts.iter().map(nested).collect::<Vec<_>>().join(by)
        };
        match self {
            Self::Literal(literal) => format!("{}{}", if literal.negated { "!" } else { "" }, literal.atom.text()),
            Self::All(parts) if parts.is_empty() => "public".to_owned(),
            Self::All(parts) => joined(parts, " && "),
            Self::Any(parts) => joined(parts, " || "),
        }
    }
}

impl Atom {
    pub(crate) const fn is_about_caller(&self) -> bool {
        match self {
            Self::Networks(_) | Self::Countries(_) => false,
            Self::Check(check) => check.principal.is_some(),
            _ => true,
        }
    }

    fn is_about_object(&self) -> bool {
        matches!(self, Self::Check(check) if matches!(check.kind, CheckKind::Object(_)))
    }

    /// Returns the kind of credentials that the atom requires.
    pub(super) const fn credential(&self) -> Option<&Name> {
        match self {
            Self::Named(Kind::Credential, name) | Self::InTenant(Kind::Credential, name, _) => Some(name),
            _ => None,
        }
    }

    /// Returns the atom in the notation of `#[require(…)]`.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Authenticated => "authenticated".to_owned(),
            Self::Named(kind, name) => format!("{}({})", kind.word(), name.text()),
            Self::InTenant(kind, name, tenant) => format!("{}({}, in = {tenant})", kind.word(), name.text()),
            Self::TenantMember(tenant) => format!("authenticated(in = {tenant})"),
            Self::Claim(name, value) => format!("claim({name:?}, {value})"),
            Self::MaxAge(seconds) => format!("max_age(\"{}\")", duration_text(*seconds)),
            Self::Text(row, _, text) => format!("{}({text:?})", row.word),
            Self::Scheme(name) => format!("scheme({:?})", name.value()),
            Self::Direct => "direct".to_owned(),
            Self::Login => "login".to_owned(),
            Self::Check(check) => match check.kind {
                CheckKind::Expression(_) => format!("check({})", check.text),
                CheckKind::Object(_) => format!("authorized({})", check.text),
            },
            Self::Countries(codes) => {
                let all: Vec<_> = codes.iter().map(|code| format!("{:?}", code.value())).collect();
                format!("country({})", all.join(", "))
            }
            Self::Networks(networks) => {
                let all: Vec<_> = networks.iter().map(|net| format!("\"{}/{}\"", net.address, net.prefix)).collect();
                format!("network({})", all.join(", "))
            }
        }
    }
}

/// Returns the duration in the largest unit that divides it.
fn duration_text(seconds: u64) -> String {
    let fitting = grammar::TIME_UNITS.iter().filter(|(_, unit)| seconds.is_multiple_of(*unit));
    let (name, unit) = fitting.max_by_key(|(_, unit)| *unit).unwrap_or(&("s", 1));
    format!("{}{name}", seconds / unit)
}

impl Name {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => format!("{:?}", text.value()),
            Self::Variant(of, variant) => {
                let path: String = of.to_token_stream().to_string().split_whitespace().collect();
                format!("{path}::{variant}")
            }
        }
    }
}

impl fmt::Display for ClaimValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Bool(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
        }
    }
}

impl Network {
    /// Returns whether this network contains all addresses of the other one.
    pub(super) fn contains(&self, other: &Self) -> bool {
        let same = self.address.is_ipv4() == other.address.is_ipv4();
        same && self.prefix <= other.prefix && first_address(other.address, self.prefix) == self.address
    }
}

/// Returns the first address of the network of that address.
pub(super) fn first_address(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or_default();
            Ipv4Addr::from(v4.to_bits() & mask).into()
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or_default();
            Ipv6Addr::from(v6.to_bits() & mask).into()
        }
    }
}
