//! All that is known about one request when it is decided on.

use std::net::IpAddr;

use crate::client::country::CountryCode;
use crate::client::csrf::CrossSite;
use crate::denial::Denial;
use crate::identity::issuer::Issuer;
use crate::identity::principal::Principal;
use crate::identity::scheme_id::SchemeId;
use crate::policy::truth::Truth;
use crate::runtime::clock::Timestamp;

/// What a decision is made on. Gathered by the adapter, cheapest first; see [`crate::policy::decision`].
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// What is wrong with the server's own set-up, if something is.
    pub set_up: Option<&'static str>,
    /// The time of the request.
    pub now: Timestamp,
    /// The client's address; `None` where it is not known.
    pub client: Option<IpAddr>,
    /// The country of that address; `None` where it is not known.
    pub country: Option<CountryCode>,
    /// Whether that address is on a block list.
    pub address_blocked: bool,
    /// Whether the request came from another site.
    pub cross_site: CrossSite,
    /// Who calls.
    pub caller: CallerFacts<'a>,
    /// The sources whose credentials are accepted.
    pub sources: &'a [std::sync::Arc<Issuer>],
    /// Roles that no credential carries.
    pub elsewhere: ExternalRoles<'a>,
    /// What the checks of the rule have answered so far.
    pub checks: Checks,
}

/// What is known of roles that no credential carries. What was answered for a caller, the principal knows.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExternalRoles<'a> {
    /// Whether there is somebody to ask.
    pub is_asked: bool,
    /// The names of the route's pattern that rules take for tenants, and what stands there.
    pub tenants: &'a [(&'static str, String)],
    /// Whether what is not known counts as if it held: tells whether asking could change the answer.
    pub unknown_holds: bool,
}

impl<'a> ExternalRoles<'a> {
    /// The tenant that a name of the pattern stands for.
    pub(crate) fn tenant(&self, name: &str) -> Option<&'a str> {
        self.tenants.iter().find(|(known, _)| *known == name).map(|(_, tenant)| tenant.as_str())
    }
}

/// What the checks of a rule have answered so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checks {
    asked: u32,
    held: u32,
    /// Whether what was not asked counts as if it let the request in.
    open_hold: bool,
}

impl Checks {
    /// As many checks as a rule may have.
    pub const MOST: u8 = 32;

    /// The answer of a check, if it was run.
    pub const fn of(self, index: u8) -> Option<bool> {
        let bit = 1_u32.unbounded_shl(index as u32);
        if self.asked & bit == 0 { None } else { Some(self.held & bit != 0) }
    }

    /// With the answer of a check.
    #[must_use]
    pub const fn with(self, index: u8, held: bool) -> Self {
        let bit = 1_u32.unbounded_shl(index as u32);
        Self { asked: self.asked | bit, held: if held { self.held | bit } else { self.held }, ..self }
    }

    /// Whether what was not asked counts as if it let the request in.
    pub(crate) const fn open_hold(self) -> bool {
        self.open_hold
    }

    /// The same, as it would be if whatever was not asked let the request in.
    #[must_use]
    pub const fn at_best(self) -> Self {
        Self { open_hold: true, ..self }
    }
}

/// Who calls, as far as that is known.
#[derive(Clone, Copy, Debug)]
pub enum CallerFacts<'a> {
    /// No credential, or none of a scheme that is accepted here.
    Nobody,
    /// A well-formed credential that has not been verified yet.
    Presented(SchemeId),
    /// A credential that was refused.
    Refused(&'a Denial),
    /// A verified one.
    Known(&'a Principal),
    /// Nobody real: whoever would log in at this source. For the question which schemes could help.
    Hypothetical(&'a Issuer),
}

impl CallerFacts<'_> {
    /// Whether nobody knows who it is.
    #[inline]
    pub(crate) const fn is_unknown(&self) -> bool {
        matches!(self, Self::Nobody | Self::Presented(_) | Self::Refused(_))
    }
}

impl Facts<'_> {
    /// The truth of a literal about the caller: `known` judges a principal, `would` what a source could bring about.
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
            // What an atom says of them, it has said already: `Atom::of_unknown`.
            CallerFacts::Nobody | CallerFacts::Presented(_) | CallerFacts::Refused(_) => Truth::NO,
        }
    }
}
