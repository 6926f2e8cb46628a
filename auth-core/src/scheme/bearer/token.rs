//! A token, from its characters to a principal. Cheap checks first, then the key, then the signature, then the claims.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use jsonwebtoken::AlgorithmFamily;
#[cfg(feature = "dpop")]
use subtle::ConstantTimeEq as _;

use super::Issuer;
#[cfg(feature = "oidc")]
use super::fetched::Fetched;
use super::header::{self, Header};
use super::key::PreparedKey;
use super::resolver::Resolved;
#[cfg(feature = "oidc")]
use crate::clock;
use crate::clock::Timestamp;
use crate::denial::challenge::Scheme;
use crate::denial::{Denial, Reason};
use crate::json::{self, Raw, Span};
use crate::principal::{Lists, Login, Named, Principal};

/// A key id may name several keys, and a token may name none; more trials than this are an attack (JWKS-7).
pub(super) const MOST_TRIALS: usize = 8;

/// An 8192-bit RSA signature; a longer one is none.
const LONGEST_SIGNATURE: usize = 1024;

/// Most headers; longer ones are read from the heap.
const USUAL_HEADER: usize = 512;

/// What the caller has shown beside the token.
#[derive(Clone, Copy)]
pub(super) enum Held<'a> {
    Bare,
    /// That the key of this name is at hand.
    #[cfg(feature = "dpop")]
    Proven(&'a str),
    #[cfg(not(feature = "dpop"))]
    #[allow(dead_code, reason = "there are no proofs")]
    Never(std::convert::Infallible, &'a ()),
}

impl Held<'_> {
    /// The name of the key.
    fn key(self) -> Option<Box<str>> {
        match self {
            Self::Bare => None,
            #[cfg(feature = "dpop")]
            Self::Proven(thumbprint) => Some(thumbprint.into()),
            #[cfg(not(feature = "dpop"))]
            Self::Never(never, _) => match never {},
        }
    }

    /// Whether a token that is bound to this key, or to none, may come so (H8).
    pub(super) fn fits(self, bound_to: Option<&str>) -> bool {
        match self {
            Self::Bare => bound_to.is_none(),
            #[cfg(feature = "dpop")]
            Self::Proven(thumbprint) => bound_to.is_some_and(|key| key.as_bytes().ct_eq(thumbprint.as_bytes()).into()),
            #[cfg(not(feature = "dpop"))]
            Self::Never(never, _) => match never {},
        }
    }
}

/// A token that is good, and what that rests on.
#[derive(Clone)]
pub(super) struct Verified {
    pub(super) principal: Principal,
    /// The latest of the times that have to be past.
    pub(super) begins_at: Option<Timestamp>,
    /// By its place among the issuers.
    pub(super) issuer: usize,
    /// Whether it names the issuer itself; else a resolver said who stands for it.
    is_itself: bool,
    pub(super) key: KeyOf,
    /// The key that it is bound to, which was shown.
    pub(super) bound_to: Option<Box<str>>,
}

/// Whose key has verified a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyOf {
    /// A shared secret.
    Secret,
    /// One of those of the settings.
    Settings,
    /// One that was fetched, of the set of this number.
    #[cfg(feature = "oidc")]
    Fetched(u64),
}

impl Verified {
    /// Whether it may be kept: what a resolver says is asked each time.
    pub(super) fn may_be_kept(&self, secrets: bool) -> bool {
        self.is_itself && (secrets || self.key != KeyOf::Secret)
    }
}

/// Why a token was not verified.
pub(super) enum Unverified {
    Denied(Denial),
    /// The issuer that it names is none of those that are known.
    IssuerMissing(String),
    /// None of the keys that are known is its key, and these may not be all.
    #[cfg(feature = "oidc")]
    KeyMissing(Arc<Fetched>),
}

impl From<Denial> for Unverified {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}

fn invalid(cause: &'static str) -> Denial {
    Denial::refused(Scheme::Bearer, Reason::InvalidCredentials, cause)
}

/// The issuer is not known, and nobody stands for it.
pub(super) fn unknown_issuer() -> Denial {
    invalid("the issuer is not known")
}

/// Verifies a token68 against the issuers of this server, of which there may be `several`. `resolved` is who stands for the
/// issuer of this name.
pub(super) fn verify(
    token: &str,
    issuers: &[Issuer],
    several: bool,
    resolved: Option<(&str, &Resolved)>,
    longest: usize,
    now: Timestamp,
    held: Held<'_>,
) -> Result<Verified, Unverified> {
    if token.len() > longest {
        return Err(invalid("the token is longer than allowed").into());
    }
    let parts = Parts::of(token).ok_or_else(|| invalid("the token has not three parts"))?;
    if let ([only], false) = (issuers, several) {
        // Nothing of the claims is read before the signature holds.
        let key = verify_signature(&parts, only)?;
        let (principal, begins_at) = read_claims(decoded(parts.claims)?, only, &As::Itself, only.profile, now, held)?;
        return Ok(Verified { principal, begins_at, issuer: 0, is_itself: true, key, bound_to: held.key() });
    }
    // Before the signature holds, a claim may do no more than pick one of these (RFC 8725 §3.8).
    let claims = decoded(parts.claims)?;
    let named = issuer_of(&claims).ok_or_else(|| invalid("the claims name no issuer, or are no strict JSON"))?;
    let by_name = |name: &str| issuers.iter().enumerate().find(|(_, issuer)| *issuer.source.issuer == *name);
    let (issuer, signs) = match (by_name(&named), resolved.filter(|(of, _)| *of == named)) {
        (Some(issuer), _) => (Some(issuer), As::Itself),
        (None, Some((_, resolved))) => (by_name(&resolved.issuer), As::Another(&named, resolved.tenant.as_deref())),
        (None, None) => return Err(Unverified::IssuerMissing(named)),
    };
    // A resolver that names an issuer which is not registered builds nothing.
    let (position, issuer) = issuer.ok_or_else(unknown_issuer)?;
    if token.len() > issuer.longest {
        return Err(invalid("the token is longer than allowed").into());
    }
    let key = verify_signature(&parts, issuer)?;
    let (principal, begins_at) = read_claims(claims, issuer, &signs, issuer.profile, now, held)?;
    let is_itself = matches!(signs, As::Itself);
    Ok(Verified { principal, begins_at, issuer: position, is_itself, key, bound_to: held.key() })
}

/// In whose name an issuer signs.
enum As<'a> {
    Itself,
    /// One that it stands for, and the tenant of that.
    Another(&'a str, Option<&'a str>),
}

impl As<'_> {
    fn names(&self, issuer: &Issuer, named: &str) -> bool {
        match self {
            Self::Itself => issuer.unnamed || *named == *issuer.source.issuer,
            Self::Another(name, _) => named == *name,
        }
    }

    fn named(&self, issuer: &Issuer) -> Named {
        let configured = issuer.tenant.as_deref();
        match self {
            Self::Itself => Named { issuer: None, tenant: configured.map(Box::from) },
            Self::Another(name, tenant) => {
                Named { issuer: Some((*name).into()), tenant: tenant.or(configured).map(Box::from) }
            }
        }
    }
}

fn decoded(claims: &str) -> Result<String, Denial> {
    let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| invalid("the claims are not canonical base64url"))?;
    String::from_utf8(claims).map_err(|_| invalid("the claims are not UTF-8"))
}

/// The three parts of a compact JWS (RFC 7515 §7.1).
struct Parts<'a> {
    header: &'a str,
    claims: &'a str,
    signature: &'a str,
    signed: &'a str,
}

impl<'a> Parts<'a> {
    fn of(token: &'a str) -> Option<Self> {
        let mut dots = memchr::memchr_iter(b'.', token.as_bytes());
        let (first, second, None) = (dots.next()?, dots.next()?, dots.next()) else { return None };
        let (header, claims) = (token.get(..first)?, token.get(first + 1..second)?);
        Some(Self { header, claims, signature: token.get(second + 1..)?, signed: token.get(..second)? })
    }
}

/// Whether it looks like a JWT: three parts, of which the first is a JSON object. Whatever else it is, no issuer is asked.
#[cfg(feature = "oidc")]
pub(super) fn is_jwt(token: &str) -> bool {
    let header = Parts::of(token).and_then(|parts| URL_SAFE_NO_PAD.decode(parts.header).ok());
    header.is_some_and(|header| header.trim_ascii_start().starts_with(b"{"))
}

/// What an issuer says of a token that is active (RFC 7662 §2.2), held against the same settings as a JWT. The answer comes
/// from the issuer itself, so it need not repeat its name, though it may not give another; and where it names no subject, the
/// token is of the client.
#[cfg(feature = "oidc")]
pub(super) fn read_answer(answer: &str, issuer: &Issuer, now: Timestamp, held: Held<'_>) -> Result<Principal, Denial> {
    let (mut named, mut subject, mut client, mut user, mut other) = (false, false, None, false, false);
    let is = |value: Raw<'_>, kinds: &[&str]| {
        value.string().is_some_and(|said| kinds.iter().any(|kind| said.eq_ignore_ascii_case(kind)))
    };
    let read = json::object(answer, |name, value| match name {
        "iss" => named = true,
        "sub" => subject = true,
        "username" => user = true,
        // A refresh token is active too, at issuers that answer about those.
        "token_type" => other |= !is(value, &["bearer", "dpop"]),
        "token_use" => other |= !is(value, &["access_token", "access"]),
        "client_id" => client = Some(value.text()),
        _ => {}
    });
    let members = read.ok().and_then(|()| answer.trim_start().strip_prefix('{'));
    let members = members.ok_or_else(|| invalid("the answer is no strict JSON object"))?;
    if other {
        return Err(invalid("the issuer says that this is no access token"));
    }
    if user && !subject {
        return Err(invalid("the issuer names a user without a subject"));
    }
    let mut claims = String::from("{");
    if !named {
        claims.push_str(&format!("\"iss\":{},", serde_json::Value::from(&*issuer.source.issuer)));
    }
    if let Some(client) = client.filter(|_| !subject) {
        claims.push_str(&format!("\"sub\":{client},"));
    }
    claims.push_str(members);
    read_claims(claims, issuer, &As::Itself, false, now, held).map(|(principal, _)| principal)
}

fn issuer_of(claims: &str) -> Option<String> {
    let mut issuer = None;
    json::object(claims, |name, value| {
        if name == "iss" {
            issuer = value.string();
        }
    })
    .ok()?;
    issuer.map(std::borrow::Cow::into_owned)
}

fn verify_signature(parts: &Parts<'_>, issuer: &Issuer) -> Result<KeyOf, Unverified> {
    if let Some(header) = issuer.headers.find(parts.header) {
        return verify_by(header, parts, issuer);
    }
    let header = read_header(parts.header, issuer)?;
    let key = verify_by(&header, parts, issuer)?;
    issuer.headers.add(parts.header, header);
    Ok(key)
}

fn read_header(encoded: &str, issuer: &Issuer) -> Result<Header, Denial> {
    const HEADER: &str = "the header is not canonical base64url of UTF-8";
    let (mut usual, mut long) = ([0; USUAL_HEADER], Vec::new());
    let buffer = if encoded.len() <= USUAL_HEADER {
        usual.as_mut_slice()
    } else {
        long.resize(encoded.len(), 0);
        long.as_mut_slice()
    };
    let length = URL_SAFE_NO_PAD.decode_slice(encoded, buffer).map_err(|_| invalid(HEADER))?;
    let text = buffer.get(..length).and_then(|bytes| std::str::from_utf8(bytes).ok()).ok_or_else(|| invalid(HEADER))?;
    header::read(text, &issuer.types, issuer.profile).map_err(invalid)
}

fn verify_by(header: &Header, parts: &Parts<'_>, issuer: &Issuer) -> Result<KeyOf, Unverified> {
    let mut signature = [0; LONGEST_SIGNATURE];
    let length = URL_SAFE_NO_PAD
        .decode_slice(parts.signature, &mut signature)
        .map_err(|_| invalid("the signature is not canonical base64url"))?;
    let signature = signature.get(..length).unwrap_or_default();

    let message = parts.signed.as_bytes();
    let own = try_keys(&issuer.keys, header, message, signature);
    if matches!(own, Some(Ok(()))) {
        let is_secret = header.algorithm.family() == AlgorithmFamily::Hmac;
        return Ok(if is_secret { KeyOf::Secret } else { KeyOf::Settings });
    }
    // No secret is ever fetched, so none of what may come could verify an HMAC.
    #[cfg(feature = "oidc")]
    if let Some(fetched) = issuer.fetched.as_ref().filter(|_| header.algorithm.family() != AlgorithmFamily::Hmac) {
        let try_keys = |keys: &[PreparedKey]| try_keys(keys, header, message, signature);
        return match fetched.with_current(clock::monotonic(), try_keys) {
            Some((Some(Ok(())), number)) => Ok(KeyOf::Fetched(number)),
            // Where the token names the key, no other one can be meant.
            Some((Some(Err(denial)), _)) if header.kid.is_some() => Err(denial.into()),
            Some(_) | None => Err(Unverified::KeyMissing(Arc::clone(fetched))),
        };
    }
    if let Some(Err(denial)) = own {
        return Err(denial.into());
    }
    Err(invalid("no key of this issuer has that algorithm and key id").into())
}

/// Whether one of the keys verifies; `None` where none of them fits.
fn try_keys(keys: &[PreparedKey], header: &Header, message: &[u8], signature: &[u8]) -> Option<Result<(), Denial>> {
    let named = |kid: &Option<String>| match (&header.kid, kid) {
        (Some(named), Some(kid)) => named == kid,
        _ => true,
    };
    // The algorithm is the key's, and the header has to agree (RFC 8725 §3.1).
    let mut fitting = keys.iter().filter(|key| key.algorithm == header.algorithm && named(&key.kid)).peekable();
    fitting.peek()?;
    let verifies = fitting.take(MOST_TRIALS).any(|key| key.verifies(message, signature));
    Some(if verifies { Ok(()) } else { Err(invalid("the signature does not verify")) })
}

/// What the one pass over the claims takes note of.
#[derive(Default)]
struct Registered {
    issuer_fits: bool,
    audience_fits: bool,
    subject: Option<Span>,
    client: Option<Span>,
    expires_at: Option<Timestamp>,
    /// The latest of the times that have to be past, rounded up.
    begins_at: Option<Timestamp>,
    authenticated_at: Option<Timestamp>,
    acr: Option<Span>,
    actor: Option<Span>,
    overage: bool,
    bound: Option<Span>,
    /// It says when it was made.
    issued: bool,
    /// It has a name of its own.
    named: bool,
    wrong_type: Option<&'static str>,
}

fn read_claims(
    claims: String,
    issuer: &Issuer,
    signs: &As<'_>,
    profile: bool,
    now: Timestamp,
    held: Held<'_>,
) -> Result<(Principal, Option<Timestamp>), Denial> {
    let mut lists = Lists::of(&issuer.source);
    let mut read =
        Registered { issuer_fits: issuer.unnamed, audience_fits: issuer.audiences.is_empty(), ..Registered::default() };
    json::object(&claims, |name, value| {
        lists.see(&issuer.source, &claims, name, value);
        read.see(issuer, signs, &claims, name, value);
    })
    .map_err(|_| invalid("the claims are no strict JSON object"))?;
    if let Some(cause) = read.wrong_type {
        return Err(invalid(cause));
    }
    if lists.has_broken_scope() {
        return Err(invalid("the scopes have another type than configured"));
    }
    if !read.issuer_fits {
        return Err(invalid("the issuer is another"));
    }
    if !read.audience_fits {
        return Err(invalid("the audience is another"));
    }
    let source = match held {
        Held::Bare if read.bound.is_some() => {
            return Err(invalid("the token is bound to a key that a bearer cannot show (cnf)"));
        }
        Held::Bare => &issuer.source,
        #[cfg(feature = "dpop")]
        Held::Proven(thumbprint) if !read.bound.is_some_and(|cnf| is_bound_to(Raw::at(&claims, cnf), thumbprint)) => {
            return Err(invalid("the token is not bound to the key of the proof (cnf)"));
        }
        #[cfg(feature = "dpop")]
        Held::Proven(_) => &issuer.proven,
        #[cfg(not(feature = "dpop"))]
        Held::Never(never, _) => match never {},
    };
    let subject = read.subject.ok_or_else(|| invalid("the subject is absent or empty"))?;
    let expires_at = read.expires_at.ok_or_else(|| invalid("the expiry is absent"))?;
    if profile && !(read.client.is_some() && read.issued && read.named) {
        return Err(invalid("the token does not follow the profile: client_id, iat or jti is absent"));
    }
    if read.begins_at.is_some_and(|time| time > now.plus(issuer.leeway)) {
        return Err(invalid("the token is from the future"));
    }
    if now >= expires_at.plus(issuer.leeway) {
        return Err(Denial::refused(Scheme::Bearer, Reason::ExpiredCredentials, "the token has expired"));
    }
    let is_client =
        read.client.is_some_and(|client| Raw::at(&claims, client).string() == Raw::at(&claims, subject).string());
    let login = Login {
        subject,
        is_client,
        acr: read.acr,
        actor: read.actor,
        authenticated_at: read.authenticated_at,
        expires_at: Some(expires_at),
        overage: read.overage,
    };
    Ok((Principal::new(Arc::clone(source), signs.named(issuer), claims, lists, login), read.begins_at))
}

impl Registered {
    /// A registered claim of the wrong type is a refusal, never an absence (JWT-24).
    fn see(&mut self, issuer: &Issuer, signs: &As<'_>, claims: &str, name: &str, value: Raw<'_>) {
        let text = || value.is_string().then(|| value.span(claims)).ok_or("a registered claim is no string");
        let date = || value.numeric_date().ok_or("a registered claim is no NumericDate");
        let seen = match name {
            "iss" => value.string().ok_or("the issuer is no string").map(|named| {
                self.issuer_fits = signs.names(issuer, &named);
            }),
            "aud" => audience_fits(value, issuer).map(|fits| self.audience_fits |= fits),
            "sub" => match value.string() {
                Some(subject) if !subject.is_empty() => Ok(value.span(claims)).map(|span| self.subject = Some(span)),
                _ => Err("the subject is no string, or empty"),
            },
            "client_id" => text().map(|span| self.client = Some(span)),
            "acr" => text().map(|span| self.acr = Some(span)),
            "jti" => text().map(|_| self.named = true),
            "azp" => text().map(drop),
            // No rounding in the token's favour.
            "exp" => date().map(|(down, _)| self.expires_at = Some(down)),
            "nbf" | "iat" => date().map(|(_, up)| {
                self.issued |= name == "iat";
                self.begins_at = self.begins_at.max(Some(up));
            }),
            "auth_time" => date().map(|(down, up)| {
                self.authenticated_at = Some(down);
                self.begins_at = self.begins_at.max(Some(up));
            }),
            "act" if is_actor(value, MOST_ACTORS) => Ok(value.span(claims)).map(|span| self.actor = Some(span)),
            "act" => Err("the actor is none, or the chain of actors too long"),
            "cnf" => Ok(value.span(claims)).map(|span| self.bound = Some(span)),
            // Entra ID leaves groups out when there are too many, and says so in one of these.
            "_claim_names" | "hasgroups" => Ok(true).map(|overage| self.overage = overage),
            _ => Ok(()),
        };
        if let Err(cause) = seen {
            self.wrong_type = self.wrong_type.or(Some(cause));
        }
    }
}

/// Whether the confirmation (RFC 7800 §3) is this key and no other one: what asks for a client certificate too is not shown
/// by a proof (DPOP-4).
#[cfg(feature = "dpop")]
fn is_bound_to(cnf: Raw<'_>, thumbprint: &str) -> bool {
    let named = cnf.member("jkt").and_then(Raw::string);
    cnf.is_object_of(1) && named.is_some_and(|named| named.as_bytes().ct_eq(thumbprint.as_bytes()).into())
}

/// Who acted for whom, at most (RFC 8693 §4.1).
const MOST_ACTORS: usize = 4;

fn is_actor(value: Raw<'_>, left: usize) -> bool {
    left > 0
        && value.member("sub").and_then(Raw::string).is_some_and(|subject| !subject.is_empty())
        && value.member("iss").is_none_or(Raw::is_string)
        && value.member("act").is_none_or(|act| is_actor(act, left - 1))
}

/// A string, or an array of strings, that names one of our audiences exactly (RFC 7519 §4.1.3).
fn audience_fits(value: Raw<'_>, issuer: &Issuer) -> Result<bool, &'static str> {
    const TYPE: &str = "the audience is no string and no array of strings";
    let ours = |named: &str| issuer.audiences.iter().any(|audience| audience == named);
    if let Some(one) = value.string() {
        return Ok(ours(&one));
    }
    let mut fits = false;
    for element in value.strings().ok_or(TYPE)? {
        fits |= ours(&element.ok_or(TYPE)?);
    }
    Ok(fits)
}
