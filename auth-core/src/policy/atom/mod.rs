//! A file per kind of atom. To add one: its file, a variant here, one in `fact`, and a row of `grammar` in auth-macros.

mod acr;
mod authenticated;
mod check;
mod claim;
mod country;
mod direct;
mod fact;
mod max_age;
mod named;
mod network;
mod scheme;

pub use self::acr::Acr;
pub use self::authenticated::Authenticated;
pub use self::check::{Check, ObjectKey};
pub use self::claim::{Claim, ClaimValue, claim_path};
pub use self::country::Country;
pub use self::direct::Direct;
pub use self::fact::Fact;
pub use self::max_age::MaxAge;
pub use self::named::{Named, TenantRole};
pub use self::network::Network;
pub use self::scheme::ByScheme;

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
    TenantRole(TenantRole),
    /// A claim that is, or contains, a value.
    Claim(Claim),
    /// A login that is recent.
    MaxAge(MaxAge),
    /// A login at an assurance level.
    Acr(Acr),
    /// A credential of a scheme.
    Scheme(ByScheme),
    /// A caller in whose name nobody else acts.
    Direct(Direct),
    /// A client in one of some networks.
    Network(Network),
    /// A client in one of some countries.
    Country(Country),
    /// What the application finds out by itself.
    Check(Check),
}

/// What each kind of atom answers.
pub(crate) trait Requirement {
    /// Whether it is about the caller, so that a presented credential has to be verified.
    const ABOUT_CALLER: bool;
    /// Whether its absence may be asked for. What a caller can shed does not hold negated: the attributes refuse to
    /// compile it, and so does nothing here that was made without them.
    const MAY_BE_NEGATED: bool = true;
    /// What it asks, as data. `text` is how it is written.
    fn describe(&self, text: &'static str) -> Fact;
    /// The truth of the atom, or of its negation.
    fn truth(&self, negated: bool, facts: &Facts<'_>) -> Truth;
}

/// For each variant: the same expression over what it holds.
macro_rules! each {
    ($atom:expr, $it:ident => $answer:expr) => {
        match $atom {
            Atom::Authenticated($it) => $answer,
            Atom::Named($it) => $answer,
            Atom::TenantRole($it) => $answer,
            Atom::Claim($it) => $answer,
            Atom::MaxAge($it) => $answer,
            Atom::Acr($it) => $answer,
            Atom::Scheme($it) => $answer,
            Atom::Direct($it) => $answer,
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
    /// Whether it is about the caller.
    pub const fn is_about_caller(&self) -> bool {
        match self {
            Self::Check(check) => check.names_principal,
            _ => each!(self, it => about_caller(it)),
        }
    }

    /// What it asks, as data. `text` is how it is written.
    pub(crate) fn describe(&self, text: &'static str) -> Fact {
        each!(self, it => it.describe(text))
    }

    /// What it, or its negation, is while nobody knows who calls, and no check was run; `None` where that depends on the request.
    pub const fn of_unknown(&self, negated: bool) -> Option<Truth> {
        if !each!(self, it => about_caller(it)) {
            return None;
        }
        Some(if negated && !each!(self, it => may_be_negated(it)) { Truth::NO } else { Truth::COULD })
    }

    /// The truth of the atom, or of its negation.
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
            roles: Default::default(),
        }
    }

    /// Alice, with what these members of her token's claims say besides.
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
            address_blocked: false,
            cross_site,
            caller,
            sources: &[],
            elsewhere: Default::default(),
            checks: Default::default(),
        }
    }
}
