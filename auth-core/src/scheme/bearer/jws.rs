//! A token, from its characters to a principal. Cheap checks first, then the key, then the signature, then the claims.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use jsonwebtoken::AlgorithmFamily;

use super::TokenIssuer;
use super::claims::read_claims;
use super::denials::invalid;
use super::header::{self, Header, WrongType};
use super::key::PreparedKey;
use super::presentation::{IssuerClaim, ProofOfPossession};
use super::remote::JwksCache;
use super::resolver::Resolved;
use crate::denial::{Denial, quoted};
use crate::identity::principal::Principal;
use crate::runtime::clock::{self, Timestamp};
use crate::runtime::strict_json::{self, Raw};

/// A key id may name several keys, and a token may name none; more trials than this are an attack (JWKS-7).
pub(super) const MOST_TRIALS: usize = 8;

/// An 8192-bit RSA signature; a longer one is none.
const LONGEST_SIGNATURE: usize = 1024;

/// Most headers; longer ones are read from the heap.
const USUAL_HEADER: usize = 512;

/// A token that is good, and what that rests on.
#[derive(Clone)]
pub(super) struct VerifiedJws {
    pub(super) principal: Principal,
    /// The latest of the times that have to be past.
    pub(super) begins_at: Option<Timestamp>,
    /// By its place among the issuers.
    pub(super) issuer: usize,
    /// Whether it names the issuer itself; else a resolver said who stands for it.
    is_itself: bool,
    pub(super) key: VerifiedBy,
    /// The key that it is bound to, which was shown.
    pub(super) bound_to: Option<Box<str>>,
}

/// Whose key has verified a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VerifiedBy {
    /// A shared secret.
    Secret,
    /// One of those of the settings.
    Settings,
    /// One that was fetched, of the set of this number.
    FetchedKey(u64),
}

impl VerifiedJws {
    /// Whether it may be kept: what a resolver says is asked each time.
    pub(super) fn may_be_kept(&self, secrets: bool) -> bool {
        self.is_itself && (secrets || self.key != VerifiedBy::Secret)
    }
}

/// Why a token was not verified.
pub(super) enum Unverified {
    Denied(Denial),
    /// The issuer that it names is none of those that are known.
    IssuerMissing(String),
    /// None of the keys that are known is its key, and these may not be all.
    KeyMissing(Arc<JwksCache>),
}

impl From<Denial> for Unverified {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}

/// The issuer is not known, and nobody stands for it.
pub(super) fn unknown_issuer() -> Denial {
    invalid("the issuer is not known")
}

/// Verifies a token68 against the issuers of this server, of which there may be `several`. `resolved` is who stands for the
/// issuer of this name.
pub(super) fn verify(
    token: &str,
    issuers: &[TokenIssuer],
    several: bool,
    resolved: Option<(&str, &Resolved)>,
    longest: usize,
    now: Timestamp,
    held: ProofOfPossession<'_>,
) -> Result<VerifiedJws, Unverified> {
    if token.len() > longest {
        return Err(too_long(token, longest).into());
    }
    let parts = Parts::of(token).ok_or_else(|| invalid("the token has not three parts"))?;
    if let ([only], false) = (issuers, several) {
        // Nothing of the claims is read before the signature holds.
        let key = verify_signature(&parts, only, &IssuerClaim::Itself)?;
        let (principal, begins_at) =
            read_claims(decoded(parts.claims)?, only, &IssuerClaim::Itself, only.profile, now, held)?;
        return Ok(VerifiedJws { principal, begins_at, issuer: 0, is_itself: true, key, bound_to: held.key() });
    }
    // Before the signature holds, a claim may do no more than pick one of these (RFC 8725 §3.8).
    let claims = decoded(parts.claims)?;
    let named = issuer_of(&claims).ok_or_else(|| invalid("the claims name no issuer, or are no strict JSON"))?;
    let by_name = |name: &str| issuers.iter().enumerate().find(|(_, issuer)| *issuer.source.issuer == *name);
    let listed = || issuers.iter().enumerate().find(|(_, issuer)| issuer.signs_for.contains(&named));
    let (issuer, signs) = match (by_name(&named), resolved.filter(|(of, _)| *of == named)) {
        (Some(issuer), _) => (Some(issuer), IssuerClaim::Itself),
        (None, Some((_, resolved))) => {
            (by_name(&resolved.issuer), IssuerClaim::Another(&named, resolved.tenant.as_deref()))
        }
        (None, None) => match listed() {
            Some(issuer) => (Some(issuer), IssuerClaim::Listed(&named)),
            None => return Err(Unverified::IssuerMissing(named)),
        },
    };
    // A resolver that names an issuer which is not registered builds nothing.
    let (position, issuer) = issuer.ok_or_else(unknown_issuer)?;
    if token.len() > issuer.longest {
        return Err(too_long(token, issuer.longest).into());
    }
    let key = verify_signature(&parts, issuer, &signs)?;
    let (principal, begins_at) = read_claims(claims, issuer, &signs, issuer.profile, now, held)?;
    let is_itself = !matches!(signs, IssuerClaim::Another(..));
    Ok(VerifiedJws { principal, begins_at, issuer: position, is_itself, key, bound_to: held.key() })
}

fn too_long(token: &str, longest: usize) -> Denial {
    // Anyone can send one: the sizes cost nothing unless somebody reads them.
    tracing::debug!(target: "auth_core", bytes = token.len(), limit = longest, "a token is longer than allowed");
    invalid("the token is longer than `.max_token_size(…)` allows")
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
pub(super) fn is_jwt(token: &str) -> bool {
    let header = Parts::of(token).and_then(|parts| URL_SAFE_NO_PAD.decode(parts.header).ok());
    header.is_some_and(|header| header.trim_ascii_start().starts_with(b"{"))
}

/// Reads what an issuer answers about an active token (RFC 7662 §2.2), by the settings of its JWTs. The answer comes from the issuer
/// itself, so it need not repeat its name, though it may not give another.
pub(super) fn read_answer(
    answer: &str,
    issuer: &TokenIssuer,
    now: Timestamp,
    held: ProofOfPossession<'_>,
) -> Result<Principal, Denial> {
    let (mut named, mut subject, mut user, mut other) = (false, false, false, false);
    let is = |value: Raw<'_>, kinds: &[&str]| {
        value.string().is_some_and(|said| kinds.iter().any(|kind| said.eq_ignore_ascii_case(kind)))
    };
    let read = strict_json::object(answer, |name, value| match name {
        "iss" => named = true,
        "sub" => subject = true,
        "username" => user = true,
        // A refresh token is active too, at issuers that answer about those.
        "token_type" => other |= !is(value, &["bearer", "dpop"]),
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
    claims.push_str(members);
    read_claims(claims, issuer, &IssuerClaim::Itself, false, now, held).map(|(principal, _)| principal)
}

fn issuer_of(claims: &str) -> Option<String> {
    let mut issuer = None;
    strict_json::object(claims, |name, value| {
        if name == "iss" {
            issuer = value.string();
        }
    })
    .ok()?;
    issuer.map(std::borrow::Cow::into_owned)
}

fn verify_signature(
    parts: &Parts<'_>,
    issuer: &TokenIssuer,
    signs: &IssuerClaim<'_>,
) -> Result<VerifiedBy, Unverified> {
    if let Some(header) = issuer.headers.find(parts.header) {
        return verify_by(header, parts, issuer, signs);
    }
    let header = read_header(parts.header, issuer)?;
    let key = verify_by(&header, parts, issuer, signs)?;
    if let Some(wrong) = &header.wrong_type {
        let found = match wrong {
            WrongType::Absent => "it is absent".to_owned(),
            WrongType::Is(kind) => format!("it is {}", quoted(kind)),
        };
        let detail = format!("{found}; accepted: {}", issuer.types.join(", "));
        return Err(invalid("the token is of another type (typ)").with_detail(detail).into());
    }
    issuer.headers.add(parts.header, header);
    Ok(key)
}

fn read_header(encoded: &str, issuer: &TokenIssuer) -> Result<Header, Denial> {
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

fn verify_by(
    header: &Header,
    parts: &Parts<'_>,
    issuer: &TokenIssuer,
    signs: &IssuerClaim<'_>,
) -> Result<VerifiedBy, Unverified> {
    let mut signature = [0; LONGEST_SIGNATURE];
    let length = URL_SAFE_NO_PAD
        .decode_slice(parts.signature, &mut signature)
        .map_err(|_| invalid("the signature is not canonical base64url"))?;
    let signature = signature.get(..length).unwrap_or_default();

    let message = parts.signed.as_bytes();
    let signer = signs.signer(issuer);
    let own = try_keys(&issuer.keys, header, signer, message, signature);
    if matches!(own, Some(Ok(()))) {
        let is_secret = header.algorithm.family() == AlgorithmFamily::Hmac;
        return Ok(if is_secret { VerifiedBy::Secret } else { VerifiedBy::Settings });
    }
    // No secret is ever fetched, so none of what may come could verify an HMAC.
    if let Some(fetched) = issuer.remote.keys().filter(|_| header.algorithm.family() != AlgorithmFamily::Hmac) {
        let try_keys = |keys: &[PreparedKey]| try_keys(keys, header, signer, message, signature);
        return match fetched.with_current(clock::monotonic(), try_keys) {
            Some((Some(Ok(())), number)) => Ok(VerifiedBy::FetchedKey(number)),
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
fn try_keys(
    keys: &[PreparedKey],
    header: &Header,
    signer: Option<&str>,
    message: &[u8],
    signature: &[u8],
) -> Option<Result<(), Denial>> {
    let named = |kid: &Option<String>| match (&header.kid, kid) {
        (Some(named), Some(kid)) => named == kid,
        _ => true,
    };
    // The algorithm is the key's, and the header has to agree (RFC 8725 §3.1).
    // A key that names its issuer verifies the tokens of no other.
    let of_signer = |key: &&PreparedKey| match &key.issuer {
        Some(issuer) => signer.is_some_and(|signer| issuer.is(signer)),
        None => true,
    };
    let fits = |key: &&PreparedKey| key.algorithm == header.algorithm && named(&key.kid) && of_signer(key);
    let mut fitting = keys.iter().filter(fits).peekable();
    fitting.peek()?;
    let verifies = fitting.take(MOST_TRIALS).any(|key| key.verifies(message, signature));
    Some(if verifies { Ok(()) } else { Err(invalid("the signature does not verify")) })
}
