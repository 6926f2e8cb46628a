//! Verification of a token and its conversion to a principal. Cheap checks come first, followed by the key, the signature and the
//! claims.

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

/// Maximum number of keys tried per token. A key id may name several keys and a token may lack a key id, but more attempts are an
/// attack (JWKS-7).
pub(super) const MOST_TRIALS: usize = 8;

/// Maximum size of a signature in bytes, which is that of an 8192-bit RSA signature.
const LONGEST_SIGNATURE: usize = 1024;

/// Size of the stack buffer for headers in bytes, sufficient for most headers. Longer ones are decoded on the heap.
const USUAL_HEADER: usize = 512;

/// A verified token, and the facts on which its validity depends.
#[derive(Clone)]
pub(super) struct VerifiedJws {
    pub(super) principal: Principal,
    /// The latest of the times that must have passed.
    pub(super) begins_at: Option<Timestamp>,
    /// The index of the issuer.
    pub(super) issuer: usize,
    /// Whether the settings determine the issuer. Otherwise a resolver has selected it.
    is_itself: bool,
    pub(super) key: VerifiedBy,
    /// The thumbprint of the key to which the token is bound, and whose possession was proven.
    pub(super) bound_to: Option<Box<str>>,
}

/// The origin of the key that verified a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VerifiedBy {
    /// A shared secret.
    Secret,
    /// A public key of the settings.
    Settings,
    /// A fetched key of the set with this number.
    FetchedKey(u64),
}

impl VerifiedJws {
    /// Returns whether the token may be cached. A token whose issuer was selected by a resolver is not cached, because the resolver
    /// is consulted each time. `secrets` permits tokens verified by a shared secret.
    pub(super) fn may_be_kept(&self, secrets: bool) -> bool {
        self.is_itself && (secrets || self.key != VerifiedBy::Secret)
    }
}

/// The reason why a token is not verified.
pub(super) enum Unverified {
    Denied(Denial),
    /// The issuer that the token names is not configured.
    IssuerMissing(String),
    /// No available key matches, but further keys may be published. Contains the number of the set that was tried, if one is valid.
    KeyMissing(Arc<JwksCache>, Option<u64>),
}

impl From<Denial> for Unverified {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}

/// Returns the denial for an issuer that is neither configured nor resolved.
pub(super) fn unknown_issuer() -> Denial {
    invalid("the issuer is unknown")
}

/// Verifies a token68 against the configured issuers. `several` states whether tokens may name one of several issuers. `resolved`
/// is an issuer name and the result of the resolver for it.
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
    let parts = Parts::of(token).ok_or_else(|| invalid("the token does not have three parts"))?;
    if let ([only], false) = (issuers, several) {
        // No claim is read before the signature is verified.
        let key = verify_signature(&parts, only, &IssuerClaim::Itself)?;
        let (principal, begins_at) =
            read_claims(decoded(parts.claims)?, only, &IssuerClaim::Itself, only.profile, now, held)?;
        return Ok(VerifiedJws { principal, begins_at, issuer: 0, is_itself: true, key, bound_to: held.key() });
    }
    // Before the signature is verified, a claim may only select one of the configured issuers (RFC 8725 §3.8).
    let claims = decoded(parts.claims)?;
    let named = issuer_of(&claims).ok_or_else(|| invalid("the claims contain no issuer, or are not strict JSON"))?;
    let by_name = |name: &str| issuers.iter().enumerate().find(|(_, issuer)| *issuer.source.issuer == *name);
    let listed = || issuers.iter().enumerate().find(|(_, issuer)| issuer.signs_for.contains(&named));
    let (issuer, signs) = match (by_name(&named), resolved.filter(|(of, _)| *of == named)) {
        (Some(issuer), _) => (Some(issuer), IssuerClaim::Itself),
        (None, Some((_, resolved))) => {
            (by_name(&resolved.issuer), IssuerClaim::Another(&named, resolved.tenant.as_ref()))
        }
        (None, None) => match listed() {
            Some(issuer) => (Some(issuer), IssuerClaim::Listed(&named)),
            None => return Err(Unverified::IssuerMissing(named)),
        },
    };
    // A token is denied if the resolver names an issuer that is not configured.
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
    // Anyone can send such a token, so the sizes are logged at a level that costs nothing when disabled.
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

/// Returns whether the token looks like a JWT, which has three parts of which the first is a JSON object. No issuer is asked about
/// such a token, even if it is otherwise invalid.
pub(super) fn is_jwt(token: &str) -> bool {
    let header = Parts::of(token).and_then(|parts| URL_SAFE_NO_PAD.decode(parts.header).ok());
    header.is_some_and(|header| header.trim_ascii_start().starts_with(b"{"))
}

/// Reads the introspection response for an active token (RFC 7662 §2.2), with the settings for JWTs of the issuer. The response
/// comes from the issuer itself, so it may omit the name of the issuer, but must not contain another one.
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
        // Issuers that also introspect refresh tokens report them as active.
        "token_type" => other |= !is(value, &["bearer", "dpop"]),
        _ => {}
    });
    let members = read.ok().and_then(|()| answer.trim_start().strip_prefix('{'));
    let members = members.ok_or_else(|| invalid("the response is not a strict JSON object"))?;
    if other {
        return Err(invalid("the issuer reports that this is not an access token"));
    }
    if user && !subject {
        return Err(invalid("the response names a user (username) without a subject (sub)"));
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
        return Err(invalid("the token type (typ) is not accepted").with_detail(detail).into());
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
    // Secrets are never fetched, so no fetched key can verify an HMAC.
    if let Some(fetched) = issuer.remote.keys().filter(|_| header.algorithm.family() != AlgorithmFamily::Hmac) {
        let try_keys = |keys: &[PreparedKey]| try_keys(keys, header, signer, message, signature);
        return match fetched.with_current(clock::monotonic(), try_keys) {
            Some((Some(Ok(())), number)) => Ok(VerifiedBy::FetchedKey(number)),
            // If the token names the key, no other key can be meant.
            Some((Some(Err(denial)), _)) if header.kid.is_some() => Err(denial.into()),
            tried => Err(Unverified::KeyMissing(Arc::clone(fetched), tried.map(|(_, number)| number))),
        };
    }
    if let Some(Err(denial)) = own {
        return Err(denial.into());
    }
    Err(invalid("no key of this issuer has that algorithm and key id").into())
}

/// Returns whether one of the keys verifies the signature, or `None` if none of them matches the header.
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
    // The algorithm is determined by the key, and the header must match it (RFC 8725 §3.1). A key that names its issuer only
    // verifies tokens of that issuer.
    let of_signer = |key: &&PreparedKey| match &key.issuer {
        Some(issuer) => signer.is_some_and(|signer| issuer.is(signer)),
        None => true,
    };
    let fits = |key: &&PreparedKey| key.algorithm == header.algorithm && named(&key.kid) && of_signer(key);
    let mut fitting = keys.iter().filter(fits).peekable();
    fitting.peek()?;
    let verifies = fitting.take(MOST_TRIALS).any(|key| key.verifies(message, signature));
    Some(if verifies { Ok(()) } else { Err(invalid("the signature is invalid")) })
}
