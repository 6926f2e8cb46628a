//! The facts about one request that a decision is based on.

use std::net::IpAddr;

use crate::client::country::CountryCode;
use crate::client::csrf::CrossSite;
use crate::denial::Denial;
use crate::identity::issuer::Issuer;
use crate::identity::principal::Principal;
use crate::identity::scheme_id::SchemeId;
use crate::policy::truth::Truth;
use crate::runtime::clock::Timestamp;

/// The input of a decision. The adapter collects the facts, cheapest first. See [`crate::policy::decision`].
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The error in the server's configuration, if any.
    pub set_up: Option<&'static str>,
    /// The time of the request.
    pub now: Timestamp,
    /// The client address. `None` if it is unknown.
    pub client: Option<IpAddr>,
    /// The country of the address. `None` if it is unknown.
    pub country: Option<CountryCode>,
    /// Whether the address is on a block list.
    pub address_blocked: bool,
    /// The result of the cross-site check.
    pub cross_site: CrossSite,
    /// The caller.
    pub caller: CallerFacts<'a>,
    /// The issuers whose credentials are accepted.
    pub sources: &'a [std::sync::Arc<Issuer>],
    /// The roles that no credential carries.
    pub elsewhere: ExternalRoles<'a>,
    /// The results of the rule's checks so far.
    pub checks: Checks,
}

/// The context of external roles, which no credential carries. The principal contains the answers of lookups for a caller.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExternalRoles<'a> {
    /// Whether a role provider is configured, so that external roles can be looked up.
    pub is_asked: bool,
    /// The path parameters that rules use as tenants, with their values.
    pub tenants: &'a [(&'static str, String)],
    /// Whether unknown roles count as if they satisfied a literal. Used to determine whether a lookup could change the decision.
    pub unknown_holds: bool,
}

impl<'a> ExternalRoles<'a> {
    /// Returns the tenant in a path parameter.
    pub(crate) fn tenant(&self, name: &str) -> Option<&'a str> {
        self.tenants.iter().find(|(known, _)| *known == name).map(|(_, tenant)| tenant.as_str())
    }
}

/// The results of a rule's checks so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    asked: u32,
    held: u32,
    /// Whether checks that have not run count in favor of the request.
    open_hold: bool,
}

impl Checks {
    /// Maximum number of checks in a rule.
    pub const MOST: u8 = 32;

    /// Returns the result of a check, or `None` if it has not run.
    pub const fn of(self, index: u8) -> Option<bool> {
        let bit = 1_u32.unbounded_shl(index as u32);
        if self.asked & bit == 0 { None } else { Some(self.held & bit != 0) }
    }

    /// Adds the result of a check.
    #[must_use]
    pub const fn with(self, index: u8, held: bool) -> Self {
        let bit = 1_u32.unbounded_shl(index as u32);
        Self { asked: self.asked | bit, held: if held { self.held | bit } else { self.held }, ..self }
    }

    pub(crate) const fn open_hold(self) -> bool {
        self.open_hold
    }

    /// Returns the results with all checks that have not run counted in favor of the request.
    #[must_use]
    pub const fn at_best(self) -> Self {
        Self { open_hold: true, ..self }
    }
}

/// The caller, as far as it is known.
#[derive(Clone, Copy, Debug)]
pub enum CallerFacts<'a> {
    /// No credential, or none of an accepted scheme.
    Nobody,
    /// A well-formed credential that is not verified yet.
    Presented(SchemeId),
    /// A rejected credential.
    Refused(&'a Denial),
    /// A verified caller.
    Known(&'a Principal),
    /// A hypothetical caller with the best credential that this issuer could provide. Used to determine which schemes could help.
    Hypothetical(&'a Issuer),
}

impl CallerFacts<'_> {
    /// Whether the caller is neither verified nor hypothetical.
    #[inline]
    pub(crate) const fn is_unknown(&self) -> bool {
        matches!(self, Self::Nobody | Self::Presented(_) | Self::Refused(_))
    }
}

impl Facts<'_> {
    /// Returns the truth of a literal about the caller. `known` evaluates a principal. `would` returns whether an issuer could
    /// provide a credential that satisfies the literal.
    pub(crate) fn of_caller(
        &self,
        known: impl FnOnce(&Principal) -> Truth,
        would: impl FnOnce(&Issuer) -> bool,
    ) -> Truth {
        match self.caller {
            CallerFacts::Known(principal) => known(principal),
            CallerFacts::Hypothetical(source) => {
                Truth::renewable(false).and(Truth { now: false, ..Truth::settled(would(source)) })
            }
            // `Atom::of_unknown` has already answered for these callers.
            CallerFacts::Nobody | CallerFacts::Presented(_) | CallerFacts::Refused(_) => Truth::NO,
        }
    }
}
