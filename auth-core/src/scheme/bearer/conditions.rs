//! Conditions on the tokens of an issuer in addition to RFC 7519: the claim that contains the audience, required claims, and the
//! claims that mark the caller as a client.

use std::fmt;

use serde_json::Value;

use super::denials::{invalid, shown};
use crate::denial::Denial;
use crate::runtime::strict_json::{Raw, Span, pointer};

/// The member names that lead to a claim.
pub(super) type Path = Vec<String>;

/// The conditions of one issuer.
#[derive(Clone, Debug, Default)]
pub(super) struct Conditions {
    /// The claim that contains the audience. `aud` if `None`.
    pub(super) audience: Option<Path>,
    pub(super) required: Vec<Required>,
    /// Claims other than `client_id` that contain the client's id.
    pub(super) client_ids: Vec<Path>,
    pub(super) client_marks: Vec<(Path, ClientMark)>,
    /// The name of the client that tokens without a subject belong to.
    pub(super) without_subject: Option<String>,
    /// Whether a token without a subject is accepted as a token of its client.
    pub(super) clients_without_subject: bool,
    pub(super) accepts_id_tokens: bool,
}

/// A claim that every token must contain.
#[derive(Clone, Debug)]
pub(super) struct Required {
    pub(super) path: Path,
    /// The accepted values. Any value is accepted if this is empty.
    pub(super) values: Vec<Value>,
}

/// The form of a claim that marks a client's token.
#[derive(Clone, Debug)]
pub(super) enum ClientMark {
    /// The claim is this value, or an array that contains it.
    Is(Value),
    /// The claim is a string with this prefix.
    StartsWith(&'static str),
    /// The claim is the subject without this suffix.
    IsSubjectWithout(&'static str),
}

/// Writes the claim and its accepted values, for the access matrix.
impl fmt::Display for Required {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&pointer(&self.path))?;
        for (position, value) in self.values.iter().enumerate() {
            write!(f, "{}{value}", if position == 0 { " " } else { " or " })?;
        }
        Ok(())
    }
}

impl Conditions {
    /// Returns claims with which a token for this audience meets the conditions.
    pub(super) fn example(&self, audience: Option<&String>) -> Vec<(Path, Value)> {
        let claim = self.audience.clone().unwrap_or_else(|| vec!["aud".to_owned()]);
        let audience = audience.map(|audience| (claim, Value::from(audience.as_str())));
        let required = self.required.iter().map(|Required { path, values }| {
            (path.clone(), values.first().cloned().unwrap_or_else(|| Value::from("any")))
        });
        audience.into_iter().chain(required).collect()
    }

    pub(super) fn audience_claim(&self) -> Option<&Path> {
        self.audience.as_ref()
    }

    /// Returns whether the value is one of the audiences, or an array that contains one (RFC 7519 §4.1.3). Returns `None` for a
    /// value of any other type.
    pub(super) fn audience_fits(&self, value: Raw<'_>, audiences: &[String]) -> Option<bool> {
        let ours = |named: &str| audiences.iter().any(|audience| audience == named);
        if let Some(one) = value.string() {
            return Some(ours(&one));
        }
        let mut fits = false;
        for element in value.strings()? {
            fits |= ours(&element?);
        }
        Some(fits)
    }

    /// Checks the required claims.
    pub(super) fn check(&self, claims: &str) -> Result<(), Denial> {
        for Required { path, values } in &self.required {
            let found = lookup(claims, path).filter(|value| value.text() != "null");
            if found.is_some_and(|value| values.is_empty() || values.iter().any(|accepted| contains(value, accepted))) {
                continue;
            }
            let accepted: Vec<_> = values.iter().map(Value::to_string).collect();
            let accepted = if values.is_empty() { "any value".to_owned() } else { accepted.join(", ") };
            let (claim, found) = (pointer(path), found.map_or("absent".to_owned(), shown));
            let denial = invalid("a required claim is absent or has another value");
            return Err(denial.with_detail(format!("{claim} is {found}; accepted: {accepted}")));
        }
        Ok(())
    }

    /// Returns the claims with the name of the client, if they have no subject and there is a name for it. Positions of the other claims
    /// do not change.
    pub(super) fn with_subject(&self, claims: String, subject: &mut Option<Span>) -> (String, bool) {
        let (None, Some(name), Some(end)) = (&subject, &self.without_subject, claims.rfind('}')) else {
            return (claims, false);
        };
        // There is another claim, since every token expires.
        let named = format!("{},\"sub\":{}}}", claims.get(..end).unwrap_or_default(), Value::from(name.as_str()));
        *subject = Raw::whole(&named).member("sub").map(|name| name.span(&named));
        (named, true)
    }

    /// Returns the claim that names the caller, and whether the caller is a client.
    pub(super) fn caller(
        &self,
        claims: &str,
        subject: Option<Span>,
        client: Option<Span>,
    ) -> Result<(Span, bool), Denial> {
        let names_it = |claim: Raw<'_>| claim.string().is_some_and(|name| !name.is_empty());
        let Some(subject) = subject else {
            if !self.clients_without_subject {
                return Err(invalid("the subject (sub) is absent")
                    .with_detail("`.without_subject(…)` or `.clients_without_subject()` accepts tokens without one"));
            }
            let others =
                || self.client_ids.iter().find_map(|path| lookup(claims, path).filter(|claim| names_it(*claim)));
            let client = client.map(|span| Raw::at(claims, span)).filter(|claim| names_it(*claim)).or_else(others);
            let client =
                client.ok_or_else(|| invalid("both the subject (sub) and the client (client_id) are absent"))?;
            return Ok((client.span(claims), true));
        };
        let name = Raw::at(claims, subject);
        let is_subject = |claim: Raw<'_>| claim.is_same_string(name);
        let is_marked = |(path, mark): &(Path, ClientMark)| {
            lookup(claims, path).is_some_and(|value| match mark {
                ClientMark::Is(expected) => contains(value, expected),
                ClientMark::StartsWith(prefix) => value.string().is_some_and(|text| text.starts_with(prefix)),
                ClientMark::IsSubjectWithout(end) => {
                    let name = name.string();
                    let id = name.as_ref().and_then(|name| name.strip_suffix(end));
                    id.is_some() && value.string().as_deref() == id
                }
            })
        };
        let is_client = client.is_some_and(|span| is_subject(Raw::at(claims, span)))
            || self.client_ids.iter().any(|path| lookup(claims, path).is_some_and(is_subject))
            || self.client_marks.iter().any(is_marked);
        Ok((subject, is_client))
    }
}

/// Returns the claim at the end of the path.
pub(super) fn lookup<'a>(claims: &'a str, path: &Path) -> Option<Raw<'a>> {
    path.iter().try_fold(Raw::whole(claims), |value, name| value.member(name))
}

/// Returns whether the claim is the value, or an array that contains it. Types are not converted.
fn contains(claim: Raw<'_>, expected: &Value) -> bool {
    match serde_json::from_str(claim.text()) {
        Ok(Value::Array(elements)) => elements.contains(expected),
        Ok(value) => value == *expected,
        Err(_) => false,
    }
}
