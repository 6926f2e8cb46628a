//! Challenges in `WWW-Authenticate` (RFC 9110 §11.6.1). All challenges are created in this module.

use std::fmt::Write as _;

use super::{Denial, Reason};
use crate::identity::scheme_id::{SchemeId, SchemeSet};

/// The protection space that challenges name (RFC 9110 §11.5), as a quoted-string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Realm(String);

/// The realm is empty, or contains characters that are not allowed in a challenge.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a realm is visible ASCII and spaces")]
pub struct RealmError;

crate::debug_as_display!(RealmError);

impl Realm {
    /// Validates and quotes the text. Escapes `"` and `\` (RFC 9110 §5.6.4).
    ///
    /// # Errors
    /// The text is empty, or contains a control character, a line break or a non-ASCII character.
    pub fn new(text: &str) -> Result<Self, RealmError> {
        if text.is_empty() || !text.bytes().all(|byte| matches!(byte, 0x20..=0x7E)) {
            return Err(RealmError);
        }
        Ok(Self(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))))
    }

    /// Returns a challenge for a credential of `scheme`, without error parameters. `metadata` is the URL at which this server
    /// publishes which tokens it accepts (RFC 9728 §5.1).
    pub fn bare(&self, scheme: SchemeId, metadata: Option<&str>) -> String {
        let metadata = metadata.map(|address| format!(", resource_metadata=\"{address}\"")).unwrap_or_default();
        match scheme {
            SchemeId::Bearer => format!("Bearer realm={}{metadata}", self.0),
            SchemeId::Dpop => format!("DPoP realm={}, algs=\"{PROOF_ALGORITHMS}\"{metadata}", self.0), // DPOP-7
            SchemeId::Basic => format!("Basic realm={}, charset=\"UTF-8\"", self.0),                   // BASIC-2
            _ => format!("{} realm={}", scheme.name(), self.0),
        }
    }
}

/// Algorithms that are accepted for signatures of proofs (RFC 9449 §7.1).
pub const PROOF_ALGORITHMS: &str = "ES256 ES384 EdDSA Ed25519 RS256 RS384 RS512 PS256 PS384 PS512";

/// A challenge of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge<'a> {
    /// The scheme, whose bare challenge is the beginning of the field line.
    pub scheme: SchemeId,
    denial: &'a Denial,
}

/// Returns the challenges of a response, one for each field line. The scheme that the caller used comes first.
///
/// `known` contains the schemes that the server accepts. If the caller is a script in a browser (`quiet`), Basic is omitted if
/// another scheme remains, so that the browser opens no password dialog.
pub fn challenges<'a>(
    denial: &'a Denial,
    known: &'a [SchemeId],
    quiet: bool,
) -> impl Iterator<Item = Challenge<'a>> + 'a {
    let used = denial.scheme.map(SchemeId::challenged);
    let accepted = known.iter().fold(SchemeSet::NONE, |set, scheme| set.with(*scheme));
    let mut schemes = match denial.reason {
        // Every 401 has a challenge (HTTP-5), so all schemes are named if none could help.
        _ if denial.reason.response().status == UNAUTHORIZED => {
            let helpful = denial.schemes.challenged();
            let helpful = if helpful.is_empty() { accepted } else { helpful };
            // The error belongs to the challenge of the scheme that was used, even if that scheme could not help.
            let has_error = |used: &SchemeId| used.is_oauth() && denial.reason.response().error.is_some();
            used.filter(has_error).map_or(helpful, |used| helpful.with(used))
        }
        Reason::MalformedCredentials => used.map_or(accepted, |used| SchemeSet::NONE.with(used)),
        // RFC 6750 §3 requires a challenge whenever the token does not enable access.
        Reason::InsufficientPermissions | Reason::InsufficientScope(_) => match used {
            Some(used) if used.is_oauth() => SchemeSet::NONE.with(used),
            _ => SchemeSet::NONE,
        },
        _ => SchemeSet::NONE,
    };
    let without_basic = schemes.without(SchemeId::Basic);
    if quiet && !without_basic.is_empty() {
        schemes = without_basic;
    }
    let used_first = used.into_iter().chain(known.iter().copied().filter(move |scheme| Some(*scheme) != used));
    used_first.filter(move |scheme| schemes.contains(*scheme)).map(move |scheme| Challenge { scheme, denial })
}

const UNAUTHORIZED: u16 = Reason::MissingCredentials.response().status;

impl Challenge<'_> {
    /// Returns the `error` code, if the challenge is for the scheme that the caller used (BEARER-12). Only OAuth challenges have
    /// one, and session challenges for a step-up. Basic challenges have no parameters (BASIC-1). A request without a credential
    /// gets no error code (RFC 6750 §3.1).
    pub fn error(&self) -> Option<&'static str> {
        let concerned = self.denial.scheme.is_none_or(|used| used.challenged() == self.scheme);
        let speaks = match self.scheme {
            SchemeId::Bearer | SchemeId::Dpop => true,
            // A login that is too old is not specific to OAuth, whereas the other codes are.
            SchemeId::Session => matches!(self.denial.reason, Reason::StepUpRequired(_)),
            _ => false,
        };
        self.denial.reason.response().error.filter(|_| concerned && speaks)
    }

    /// Returns whether the challenge depends only on its scheme and its row of the table.
    pub const fn is_of_row(&self) -> bool {
        !matches!(self.denial.reason, Reason::InsufficientScope(_) | Reason::StepUpRequired(_))
    }

    /// Returns `, error="…"` and the parameters that accompany it. Empty if there is no error.
    pub fn parameters(&self) -> String {
        let reason = &self.denial.reason;
        let mut parameters = String::new();
        let Some(error) = self.error() else { return parameters };
        let mut add = |name: &str, value: &dyn std::fmt::Display| {
            // Writing to a String cannot fail.
            let _ = write!(parameters, ", {name}=\"{value}\"");
        };
        add("error", &error);
        if let Some(description) = reason.error_description() {
            add("error_description", &description);
        }
        match reason {
            Reason::InsufficientScope(scopes) => add("scope", &scopes.join(" ")),
            Reason::StepUpRequired(step_up) => {
                if let Some(max_age) = step_up.max_age {
                    add("max_age", &max_age);
                }
                if !step_up.acr_values.is_empty() {
                    add("acr_values", &step_up.acr_values.join(" "));
                }
            }
            _ => {}
        }
        parameters
    }
}

#[cfg(test)]
mod tests {
    use super::super::StepUp;
    use super::*;

    fn lines(denial: &Denial, quiet: bool) -> Vec<String> {
        let realm = Realm::new("r").unwrap();
        let line = |challenge: Challenge<'_>| realm.bare(challenge.scheme, None) + &challenge.parameters();
        let with_session = [SchemeId::Bearer, SchemeId::Basic, SchemeId::Session];
        let known = if denial.scheme == Some(SchemeId::Session) { &with_session[..] } else { &with_session[..2] };
        challenges(denial, known, quiet).map(line).collect()
    }

    #[test]
    fn realm_is_escaped_and_control_characters_are_rejected() {
        // HTTP-8
        assert_eq!(Realm::new("a\"b\\c").unwrap().bare(SchemeId::Bearer, None), r#"Bearer realm="a\"b\\c""#);
        for text in ["", "x\r\nSet-Cookie: y", "\u{e9}", "\0", "\u{7f}"] {
            assert_eq!(Realm::new(text), Err(RealmError), "{text:?}");
        }
    }

    #[test]
    fn each_denial_reason_produces_its_www_authenticate_challenges() {
        let used = |scheme, reason| Denial { scheme: Some(scheme), ..Denial::new(reason) };
        let bearer = "Bearer realm=\"r\"";
        let basic = "Basic realm=\"r\", charset=\"UTF-8\"";
        let session = "Session realm=\"r\"";
        let with = |parameters: &str| format!("{bearer}, {parameters}");
        let step_up = StepUp { max_age: Some(300), acr_values: vec!["a", "b"] };
        #[rustfmt::skip]
        let table: &[(Denial, bool, Vec<String>)] = &[
            (Denial::new(Reason::MissingCredentials), false, vec![bearer.into(), basic.into()]), // BEARER-6
            (Denial::new(Reason::MissingCredentials), true, vec![bearer.into()]),
            (Denial { schemes: SchemeSet::NONE.with(SchemeId::Basic), ..Denial::new(Reason::MissingCredentials) }, true, vec![basic.into()]),
            (Denial::new(Reason::MalformedCredentials), false, vec![with("error=\"invalid_request\""), basic.into()]),
            (used(SchemeId::Basic, Reason::MalformedCredentials), false, vec![basic.into()]), // BASIC-1
            (used(SchemeId::Bearer, Reason::InvalidCredentials), false, vec![with("error=\"invalid_token\""), basic.into()]), // BEARER-12
            (used(SchemeId::Basic, Reason::InvalidCredentials), false, vec![basic.into(), bearer.into()]), // HTTP-20
            (used(SchemeId::Bearer, Reason::ExpiredCredentials), true, vec![with("error=\"invalid_token\", error_description=\"The token expired\"")]),
            (used(SchemeId::Bearer, Reason::StepUpRequired(step_up)), true, vec![with("error=\"insufficient_user_authentication\", max_age=\"300\", acr_values=\"a b\"")]), // STEP-1
            (used(SchemeId::Session, Reason::RevokedCredentials), true, vec![session.into(), bearer.into()]),
            (used(SchemeId::Session, Reason::StepUpRequired(StepUp { max_age: Some(60), acr_values: vec![] })), true,
                vec![format!("{session}, error=\"insufficient_user_authentication\", max_age=\"60\""), bearer.into()]),
            (used(SchemeId::Session, Reason::InsufficientPermissions), false, vec![]),
            (used(SchemeId::Bearer, Reason::InsufficientScope(vec!["a", "b"])), false, vec![with("error=\"insufficient_scope\", scope=\"a b\"")]), // BEARER-10
            (used(SchemeId::Bearer, Reason::InsufficientPermissions), false, vec![bearer.into()]),
            (used(SchemeId::Basic, Reason::InsufficientPermissions), false, vec![]),
            (Denial::new(Reason::AccessBlocked), false, vec![]),
            (Denial::new(Reason::CrossSiteRequest), false, vec![]),
        ];
        for (denial, quiet, expected) in table {
            assert_eq!(&lines(denial, *quiet), expected, "{denial:?}, quiet: {quiet}");
        }
    }
}
