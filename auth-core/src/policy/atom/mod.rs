//! The kinds of atoms, one file each. To add a kind, add its file, a variant here, one in `fact`, and a row of `grammar` in
//! auth-macros.

mod account;
mod acr;
mod authenticated;
mod object;
mod check;
mod claim;
mod country;
mod direct;
mod fact;
mod login;
mod max_age;
mod named;
mod network;
mod scheme;
mod tenant_member;
mod credential;

pub use self::account::Account;
pub use self::acr::Acr;
pub use self::authenticated::Authenticated;
pub use self::check::Check;
pub use self::claim::{Claim, ClaimValue, claim_path};
pub use self::country::Country;
pub use self::credential::ByCredential;
pub use self::direct::Direct;
pub use self::fact::Fact;
pub(crate) use self::fact::has_dimensions_of;
pub use self::login::Login;
pub use self::max_age::MaxAge;
pub(crate) use self::named::may_count;
pub use self::named::{Named, NamedIn};
pub use self::network::Network;
pub use self::object::{KeyLocation, ListArg, ObjectAction, Tenancy};
pub use self::scheme::ByScheme;
pub use self::tenant_member::TenantMember;

use crate::policy::facts::Facts;
use crate::policy::truth::Truth;

/// One requirement of a rule, without its polarity.
#[derive(Clone, Copy, Debug)]
pub enum Atom {
    /// Any authenticated principal.
    Authenticated(Authenticated),
    /// A role, a permission or a scope.
    Named(Named),
    /// A role or a permission within a tenant.
    NamedIn(NamedIn),
    /// Membership in a tenant: any right within it, or a credential that is bound to it.
    TenantMember(TenantMember),
    /// A claim that equals or contains a value.
    Claim(Claim),
    /// A recent login.
    MaxAge(MaxAge),
    /// A login at an assurance level.
    Acr(Acr),
    /// A credential of a scheme.
    Scheme(ByScheme),
    /// A credential of a source of own tokens, or of a scheme of the application.
    Credential(ByCredential),
    /// A caller without an actor.
    Direct(Direct),
    /// A verified login of a person.
    Login(Login),
    /// A caller with an account.
    Account(Account),
    /// A client in one of several networks.
    Network(Network),
    /// A client in one of several countries.
    Country(Country),
    /// An application-defined check.
    Check(Check),
}

/// The behavior of a kind of atom.
pub(crate) trait Requirement {
    /// Whether the atom is about the caller, so that a presented credential must be verified.
    const ABOUT_CALLER: bool;
    /// Whether the atom may be negated. Must be `false` if a caller could satisfy the negation by presenting less. The attributes
    /// reject such a negation at compile time. In rules built without the attributes, it never holds.
    const MAY_BE_NEGATED: bool = true;
    /// Returns the requirement as data. `text` is its source text.
    fn describe(&self, text: &'static str) -> Fact;
    /// Returns the truth of the atom, or of its negation.
    fn truth(&self, negated: bool, facts: &Facts<'_>) -> Truth;
}

/// Evaluates one expression for the content of every variant.
macro_rules! each {
    ($atom:expr, $it:ident => $answer:expr) => {
        match $atom {
            Atom::Authenticated($it) => $answer,
            Atom::Named($it) => $answer,
            Atom::NamedIn($it) => $answer,
            Atom::TenantMember($it) => $answer,
            Atom::Claim($it) => $answer,
            Atom::MaxAge($it) => $answer,
            Atom::Acr($it) => $answer,
            Atom::Scheme($it) => $answer,
            Atom::Credential($it) => $answer,
            Atom::Direct($it) => $answer,
            Atom::Login($it) => $answer,
            Atom::Account($it) => $answer,
            Atom::Network($it) => $answer,
            Atom::Country($it) => $answer,
            Atom::Check($it) => $answer,
        }
    };
}

const fn about_caller<R: Requirement>(_: &R) -> bool {
    R::ABOUT_CALLER
}

const fn may_be_negated<R: Requirement>(_: &R) -> bool {
    R::MAY_BE_NEGATED
}

impl Atom {
    /// Returns whether the atom is about the caller.
    pub const fn is_about_caller(&self) -> bool {
        match self {
            Self::Check(check) => check.names_principal,
            _ => each!(self, it => about_caller(it)),
        }
    }

    /// Returns the requirement as data. `text` is its source text.
    pub(crate) fn describe(&self, text: &'static str) -> Fact {
        each!(self, it => it.describe(text))
    }

    /// Returns the truth of the atom, or of its negation, for an unknown caller before any check has run. Returns `None` if that
    /// depends on the request.
    pub const fn of_unknown(&self, negated: bool) -> Option<Truth> {
        if !each!(self, it => about_caller(it)) {
            return None;
        }
        Some(if negated && !each!(self, it => may_be_negated(it)) { Truth::NO } else { Truth::COULD })
    }

    /// Returns the truth of the atom, or of its negation.
    pub fn truth(&self, negated: bool, facts: &Facts<'_>) -> Truth {
        if negated && !each!(self, it => may_be_negated(it)) {
            return Truth::NO;
        }
        if !matches!(self, Self::Check(_))
            && facts.caller.is_unknown()
            && let Some(truth) = self.of_unknown(negated)
        {
            return truth;
        }
        each!(self, it => it.truth(negated, facts))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use crate::client::csrf::CrossSite;
    use crate::identity::issuer::{Confers, Form, Issuer, ListClaim};
    use crate::identity::principal::Principal;
    use crate::identity::scheme_id::SchemeId;
    use crate::identity::vocabulary::NameKind;
    use crate::policy::facts::{CallerFacts, Facts};
    use crate::runtime::clock::Timestamp;

    pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

    pub(crate) fn source() -> Issuer {
        let list = |kind, name: &str| ListClaim::new(kind, Form::Array, vec![name.to_owned()]);
        Issuer {
            issuer: "https://id.example".into(),
            scheme: SchemeId::Bearer,
            confers: Confers::everything(),
            lists: vec![
                list(NameKind::Role, "roles"),
                list(NameKind::Permission, "permissions"),
                list(NameKind::Scope, "scp"),
            ],
            has_claims: true,
            tenancy: Default::default(),
            all_scopes: false,
            login: Default::default(),
            roles: Default::default(),
        }
    }

    /// Alice, with these additional members in the claims of her token.
    pub(crate) fn alice(source: Issuer, members: &str) -> Principal {
        Principal::from_claims(Arc::new(source), format!(r#"{{"sub":"alice"{members}}}"#)).unwrap()
    }

    pub(crate) fn facts(caller: CallerFacts<'_>) -> Facts<'_> {
        let cross_site = CrossSite::Passed;
        Facts {
            set_up: None,
            now: NOW,
            client: None,
            country: None,
            refusal: None,
            cross_site,
            caller,
            sources: &[],
            external: Default::default(),
            checks: Default::default(),
        }
    }
}
