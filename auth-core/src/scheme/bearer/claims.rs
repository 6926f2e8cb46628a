//! The claims of a token, read in one pass: registered claims, the conditions of the issuer, and the identity of the caller.

use std::sync::Arc;

use subtle::ConstantTimeEq as _;

use super::TokenIssuer;
use super::conditions::lookup;
use super::denials::{invalid, shown};
use super::kind::{OtherKind, other_kind};
use super::presentation::{IssuerClaim, ProofOfPossession};
use crate::denial::{Denial, Detail, Reason, quoted};
use crate::identity::principal::{CredentialClaims, Lists, Omitted, Principal};
use crate::identity::scheme_id::SchemeId;
use crate::runtime::clock::Timestamp;
use crate::runtime::strict_json::{self, Raw, Span, pointer};

/// The result of one pass over the claims.
#[derive(Default)]
struct RegisteredClaims {
    issuer: Option<Span>,
    issuer_fits: bool,
    audience: Option<Span>,
    audience_fits: bool,
    subject: Option<Span>,
    client: Option<Span>,
    expires_at: Option<Timestamp>,
    /// The latest of the times that must have passed, rounded up, and the claim that contains it.
    begins_at: Option<(Timestamp, &'static str)>,
    authenticated_at: Option<Timestamp>,
    acr: Option<Span>,
    actor: Option<Span>,
    omitted: Option<Omitted>,
    bound: Option<Span>,
    has_issue_time: bool,
    has_token_id: bool,
    other_kind: Option<(OtherKind, Span)>,
    wrong_type: Option<(&'static str, Span)>,
}

/// Reads claims whose signature is verified, or that come from an introspection response of the issuer.
pub(super) fn read_claims(
    claims: String,
    issuer: &TokenIssuer,
    signs: &IssuerClaim<'_>,
    profile: bool,
    now: Timestamp,
    held: ProofOfPossession<'_>,
) -> Result<(Principal, Option<Timestamp>), Denial> {
    let mut lists = Lists::of(&issuer.source);
    let mut read = RegisteredClaims { issuer_fits: issuer.unnamed, ..RegisteredClaims::default() };
    strict_json::object(&claims, |name, value| {
        lists.record(&issuer.source, &claims, name, value);
        read.record(issuer, signs, &claims, name, value);
    })
    .map_err(|_| invalid("the claims are not a strict JSON object"))?;
    if let Some((cause, value)) = read.wrong_type {
        return Err(invalid(cause).with_detail(format!("it is {}", type_of(Raw::at(&claims, value)))));
    }
    if lists.has_broken_scope() {
        return Err(invalid("the scopes have another type than configured"));
    }
    read.check_issuer(&claims, issuer, signs)?;
    read.check_audience(&claims, issuer)?;
    read.check_kind(&claims, issuer)?;
    issuer.conditions.check(&claims)?;
    let source = match held {
        ProofOfPossession::Bare if read.bound.is_some() => {
            return Err(invalid("the token is bound to a key (cnf) and requires a proof of possession"));
        }
        ProofOfPossession::Bare => &issuer.source,
        ProofOfPossession::Proven(thumbprint)
            if !read.bound.is_some_and(|cnf| is_bound_to(Raw::at(&claims, cnf), thumbprint)) =>
        {
            return Err(invalid("the token is not bound to the key of the proof (cnf)"));
        }
        ProofOfPossession::Proven(_) => &issuer.proven,
    };
    let expires_at = read.expires_at.ok_or_else(|| invalid("the expiry (exp) is absent"))?;
    let (claims, is_named) = issuer.conditions.with_subject(claims, &mut read.subject);
    let (subject, is_client) = issuer.conditions.caller(&claims, read.subject, read.client)?;
    let is_client = is_client || is_named;
    if profile {
        read.check_profile()?;
    }
    read.check_times(expires_at, issuer, now)?;
    let login = CredentialClaims {
        subject,
        is_client,
        acr: read.acr,
        actor: read.actor,
        authenticated_at: read.authenticated_at,
        expires_at: Some(expires_at),
        omitted: read.omitted,
    };
    let begins_at = read.begins_at.map(|(time, _)| time);
    let owner = signs.owner(issuer, &claims)?;
    Ok((Principal::new(Arc::clone(source), owner, claims, lists, login), begins_at))
}

impl RegisteredClaims {
    /// Records a claim. A claim of RFC 7519 §4.1 with the wrong type is an error and is never treated as missing (JWT-24). `act`
    /// and `cnf`, which restrict who may use the token, are treated alike. Any other unreadable claim is unknown.
    fn record(&mut self, issuer: &TokenIssuer, signs: &IssuerClaim<'_>, claims: &str, name: &str, value: Raw<'_>) {
        let text = || value.is_string().then(|| value.span(claims));
        let date = |cause| value.numeric_date().ok_or(cause);
        let mut found = || {
            match name {
                "iss" => {
                    let named = value.string().ok_or("the issuer (iss) is not a string")?;
                    self.issuer = Some(value.span(claims));
                    self.issuer_fits = signs.names(issuer, &named);
                }
                "aud" => {
                    const TYPE: &str = "the audience (aud) is not a string and not an array of strings";
                    self.audience = Some(value.span(claims));
                    self.audience_fits |= issuer.conditions.audience_fits(value, &issuer.audiences).ok_or(TYPE)?;
                }
                "sub" => match value.string() {
                    Some(subject) if !subject.is_empty() => self.subject = Some(value.span(claims)),
                    _ => return Err("the subject (sub) is not a string, or empty"),
                },
                "jti" => {
                    self.has_token_id = text().map(|_| true).ok_or("the token id (jti) is not a string")?;
                    self.see_kind(claims, name, value);
                }
                // Never rounded in favor of the token.
                "exp" => self.expires_at = Some(date("the expiry (exp) is not a NumericDate")?.0),
                "nbf" => {
                    self.begins(date("the time before which it must not be used (nbf) is not a NumericDate")?.1, "nbf")
                }
                "iat" => {
                    self.begins(date("the time of issue (iat) is not a NumericDate")?.1, "iat");
                    self.has_issue_time = true;
                }
                "act" if is_actor(value, MOST_ACTORS) => self.actor = Some(value.span(claims)),
                "act" => return Err("the actor (act) cannot be read, or the chain of actors is too long"),
                "cnf" => self.bound = Some(value.span(claims)),
                "auth_time" => {
                    if let Some((down, up)) = value.numeric_date() {
                        self.authenticated_at = Some(down);
                        self.begins(up, "auth_time");
                    }
                }
                "client_id" => self.client = text(),
                "acr" => self.acr = text(),
                _ => {
                    self.see_kind(claims, name, value);
                    Omitted::record(&mut self.omitted, claims, name, value);
                }
            }
            Ok(())
        };
        if let Err(cause) = found() {
            self.wrong_type = self.wrong_type.or(Some((cause, value.span(claims))));
        }
    }

    /// Records a claim that identifies another kind of token. Other kinds take precedence over ID tokens.
    fn see_kind(&mut self, claims: &str, name: &str, value: Raw<'_>) {
        if let Some(kind) = other_kind(name, value)
            && self.other_kind.is_none_or(|(known, _)| known == OtherKind::IdToken)
        {
            self.other_kind = Some((kind, value.span(claims)));
        }
    }

    fn begins(&mut self, time: Timestamp, claim: &'static str) {
        if self.begins_at.is_none_or(|(latest, _)| latest < time) {
            self.begins_at = Some((time, claim));
        }
    }

    fn check_issuer(&self, claims: &str, issuer: &TokenIssuer, signs: &IssuerClaim<'_>) -> Result<(), Denial> {
        if self.issuer_fits {
            return Ok(());
        }
        let accepted = quoted(signs.signer(issuer).unwrap_or_default());
        Err(match self.issuer {
            None => invalid("the issuer (iss) is absent").with_detail(format!("accepted: {accepted}")),
            Some(found) => {
                let found = shown(Raw::at(claims, found));
                invalid("the issuer (iss) is not accepted").with_detail(format!("it is {found}; accepted: {accepted}"))
            }
        })
    }

    fn check_audience(&self, claims: &str, issuer: &TokenIssuer) -> Result<(), Denial> {
        if issuer.audiences.is_empty() {
            return Ok(());
        }
        let path = issuer.conditions.audience_claim();
        let (found, fits) = match path {
            None => (self.audience.map(|span| Raw::at(claims, span)), self.audience_fits),
            Some(path) => {
                let found = lookup(claims, path);
                let fits = found.and_then(|value| issuer.conditions.audience_fits(value, &issuer.audiences));
                (found, fits.unwrap_or_default())
            }
        };
        if fits {
            return Ok(());
        }
        let accepted: Vec<_> = issuer.audiences.iter().map(|audience| quoted(audience)).collect();
        let (accepted, claim) = (accepted.join(", "), path.map_or("/aud".to_owned(), |path| pointer(path)));
        Err(match found {
            None => invalid("the audience is absent").with_detail(format!("{claim}; accepted: {accepted}")),
            Some(found) => {
                let detail = format!("{claim} is {}; accepted: {accepted}", shown(found));
                invalid("the audience is not accepted").with_detail(detail)
            }
        })
    }

    fn check_kind(&self, claims: &str, issuer: &TokenIssuer) -> Result<(), Denial> {
        match self.other_kind {
            None => Ok(()),
            Some((OtherKind::IdToken, _)) if issuer.conditions.accepts_id_tokens => Ok(()),
            Some((OtherKind::IdToken, value)) => {
                let detail = format!("it contains {}; `.accept_id_tokens()`", shown(Raw::at(claims, value)));
                Err(invalid("the token is an ID token").with_detail(detail))
            }
            Some((OtherKind::Other, value)) => {
                let detail = format!("it contains {}", shown(Raw::at(claims, value)));
                Err(invalid("the token is not an access token").with_detail(detail))
            }
        }
    }

    fn check_profile(&self) -> Result<(), Denial> {
        let absent = [("client_id", self.client.is_some()), ("iat", self.has_issue_time), ("jti", self.has_token_id)];
        match absent.iter().find(|(_, is_there)| !is_there) {
            None => Ok(()),
            Some((claim, _)) => {
                let detail = format!("{claim} is absent; `.access_token_profile()` requires it");
                Err(invalid("the token does not follow RFC 9068").with_detail(detail))
            }
        }
    }

    fn check_times(&self, expires_at: Timestamp, issuer: &TokenIssuer, now: Timestamp) -> Result<(), Denial> {
        let leeway = issuer.leeway;
        if let Some((time, claim)) = self.begins_at.filter(|(time, _)| *time > now.plus(leeway)) {
            let ahead = time.seconds().saturating_sub(now.seconds());
            let detail =
                format!("{claim} is {ahead} s ahead of this server's clock; `.leeway(…)` is {} s", leeway.as_secs());
            return Err(invalid("the token is not valid yet").with_detail(detail));
        }
        if now >= expires_at.plus(leeway) {
            let ago = now.seconds().saturating_sub(expires_at.seconds());
            let denial = Denial::refused(SchemeId::Bearer, Reason::ExpiredCredentials, "the token has expired");
            return Err(denial.with_detail(Detail::expired(ago, leeway)));
        }
        Ok(())
    }
}

/// Returns the type of a value of the wrong type, for the log. A string is not quoted, because it may contain anything.
fn type_of(value: Raw<'_>) -> String {
    match value.text().as_bytes().first() {
        Some(b'"') => "a string".to_owned(),
        Some(b'[') => "an array".to_owned(),
        Some(b'{') => "an object".to_owned(),
        _ => shown(value),
    }
}

/// Returns whether the confirmation (RFC 7800 §3) consists of this key only. A proof does not satisfy a confirmation that also
/// requires a client certificate (DPOP-4).
fn is_bound_to(cnf: Raw<'_>, thumbprint: &str) -> bool {
    let named = cnf.member("jkt").and_then(Raw::string);
    cnf.is_object_of(1) && named.is_some_and(|named| named.as_bytes().ct_eq(thumbprint.as_bytes()).into())
}

/// Maximum length of the chain of actors (RFC 8693 §4.1).
const MOST_ACTORS: usize = 4;

fn is_actor(value: Raw<'_>, left: usize) -> bool {
    left > 0
        && value.member("sub").and_then(Raw::string).is_some_and(|subject| !subject.is_empty())
        && value.member("iss").is_none_or(Raw::is_string)
        && value.member("act").is_none_or(|act| is_actor(act, left - 1))
}
