//! The result of a test request, and its description.

use std::fmt;

use actix_web::dev::ServiceResponse;
use actix_web::http::{StatusCode, header};
use auth_core::engine::Observed;
use auth_core::matrix::{Case, CaseLocation, CaseOutcome};

use super::requests::Variation;
use super::senders::Sender;
use crate::adapter;
use crate::respond::Refusal;

/// The result of a request, as the client and the handler see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Called,
    Checked,
    Unauthenticated,
    Denied,
    UnknownPath,
    Other,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Called => "a call of the handler",
            Self::Checked => "a check",
            Self::Unauthenticated => "401 with a challenge",
            Self::Denied => "403",
            Self::UnknownPath => "an unknown path",
            Self::Other => "another response",
        })
    }
}

impl Outcome {
    /// Returns the expected result.
    pub(super) fn expected(outcome: CaseOutcome, not_found: bool) -> Self {
        match outcome {
            CaseOutcome::Granted => Self::Called,
            CaseOutcome::Checked => Self::Checked,
            _ if not_found => Self::UnknownPath,
            CaseOutcome::Unauthenticated => Self::Unauthenticated,
            _ => Self::Denied,
        }
    }

    /// Returns the actual result.
    pub(super) fn of<B>(answer: &ServiceResponse<B>) -> Self {
        // An argument of the handler may refuse the request after its rule has granted it.
        match adapter::read(answer.request(), |state| state.notes()?.observed) {
            Some(Observed::Granted) => return Self::Called,
            Some(Observed::Check | Observed::GrantedAfterCheck) => return Self::Checked,
            Some(Observed::Nothing) | None => {}
        }
        let is_refused = answer.response().error().is_some_and(|error| error.as_error::<Refusal>().is_some());
        let challenged = answer.headers().contains_key(header::WWW_AUTHENTICATE);
        match (is_refused, answer.status()) {
            (true, StatusCode::UNAUTHORIZED) if challenged => Self::Unauthenticated,
            (true, StatusCode::FORBIDDEN) => Self::Denied,
            (true, StatusCode::NOT_FOUND) if !challenged => Self::UnknownPath,
            _ => Self::Other,
        }
    }
}

/// Returns the case whose caller satisfies the challenge of the response: it has these scopes too (RFC 6750 §3), or logs in again,
/// at this level (RFC 9470 §3).
pub(super) fn obeyed<B>(answer: &ServiceResponse<B>, case: &Case) -> Option<Case> {
    let challenges: Vec<_> =
        answer.headers().get_all(header::WWW_AUTHENTICATE).filter_map(|line| line.to_str().ok()).collect();
    let parameter = |name: &str| {
        let begins = format!("{name}=\"");
        let (_, rest) = challenges.iter().find_map(|line| line.split_once(begins.as_str()))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    let mut caller = case.caller.clone()?;
    let (scopes, age, levels) = (parameter("scope"), parameter("max_age"), parameter("acr_values"));
    (scopes.is_some() || age.is_some() || levels.is_some()).then(|| {
        let names =
            scopes.iter().flat_map(|scopes| scopes.split(' ')).map(|name| ("scope".to_owned(), name.to_owned()));
        caller.names.extend(names);
        let names = &caller.names;
        caller.lacks.retain(|(kind, name, tenant)| tenant.is_some() || !names.contains(&(kind.clone(), name.clone())));
        caller.age = age.map(|_| 0).or(caller.age);
        caller.acr = levels.and_then(|levels| levels.split(' ').next().map(str::to_owned)).or(caller.acr.take());
        case.clone().with_caller(caller)
    })
}

/// A description of the caller.
pub(super) struct Shown<'a>(pub(super) &'a Case, pub(super) Option<(&'a Sender<'a>, Variation)>);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.caller {
            None => f.write_str("an anonymous caller")?,
            Some(caller) => {
                match self.1 {
                    Some((sender, _)) => write!(f, "a caller with {}", sender.shown())?,
                    None => f.write_str("an authenticated caller")?,
                }
                match self.1 {
                    Some((_, Variation::BoundElsewhere)) => f.write_str(", bound to another tenant")?,
                    Some((_, Variation::WithoutAccount)) => f.write_str(", without an account")?,
                    Some((_, Variation::WithOtherRight)) => f.write_str(", with another right in the tenant")?,
                    Some((_, Variation::Unchanged)) | None => {}
                }
                caller.names.iter().try_for_each(|(kind, name)| write!(f, ", {kind} {name:?}"))?;
                let mut within = caller.names_in_tenants.iter();
                within.try_for_each(|(kind, name, tenant)| write!(f, ", {kind} {name:?} in {tenant}"))?;
                caller.claims.iter().try_for_each(|(name, values)| write!(f, ", {name} {}", values.join(" ")))?;
                caller.acr.iter().try_for_each(|acr| write!(f, ", acr {acr}"))?;
                caller.age.iter().try_for_each(|age| write!(f, ", logged in {age} s ago"))?;
                if !caller.lists_roles {
                    f.write_str(", roles unknown")?;
                }
                let mut members = caller.is_member_of.iter().filter(|(_, is)| *is);
                members.try_for_each(|(tenant, _)| write!(f, ", a member of {tenant}"))?;
                if caller.has_actor {
                    f.write_str(", with an actor")?;
                }
            }
        }
        match &self.0.place {
            CaseLocation::Anywhere => Ok(()),
            CaseLocation::Within(network, _) => write!(f, " from {network}"),
            CaseLocation::Outside(_) => f.write_str(" from an address outside of these networks"),
            CaseLocation::NotKnown => f.write_str(" from an unknown address"),
        }
    }
}
