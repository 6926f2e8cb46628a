//! The JOSE header (RFC 7515 §4), read strictly.

use std::sync::OnceLock;

use super::key::Algorithm;
use super::kind::is_kind;
use crate::runtime::strict_json;

/// The header parameters that affect verification.
#[derive(Debug, PartialEq)]
pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<String>,
    /// The `typ`, if it is not accepted. It is rejected only after the signature is verified, because only then may a log quote it.
    pub(super) wrong_type: Option<WrongType>,
}

/// A `typ` that is not accepted.
#[derive(Debug, PartialEq)]
pub(super) enum WrongType {
    Absent,
    Is(String),
}

/// Encoded headers of verified tokens, with their parsed content. Issuers use few different headers, so most are parsed only once.
/// They are parsed with the settings of one issuer, and a header is found only if it is identical.
#[derive(Debug, Default)]
pub(super) struct SeenHeaders([OnceLock<(Box<str>, Header)>; 4]);

impl SeenHeaders {
    /// Returns the parsed header, if it was seen before.
    pub(super) fn find(&self, encoded: &str) -> Option<&Header> {
        let mut seen = self.0.iter().map_while(OnceLock::get);
        seen.find(|(known, _)| **known == *encoded).map(|(_, header)| header)
    }

    /// Records the header of a verified token, if there is space.
    pub(super) fn add(&self, encoded: &str, mut header: Header) {
        for slot in &self.0 {
            match slot.get() {
                Some((known, _)) if **known == *encoded => return,
                Some(_) => {}
                None => match slot.set((encoded.into(), header)) {
                    Ok(()) => return,
                    Err((_, back)) => header = back,
                },
            }
        }
    }
}

/// Maximum size of a key id in bytes. Key ids are names, not documents.
const LONGEST_KID: usize = 256;

/// Maximum number of header parameters, because the header is read before the sender has proven anything.
const MOST_PARAMETERS: usize = 32;

/// Reads the header. `typed` requires a `typ`. The error is the cause, for the log.
pub(super) fn read(text: &str, types: &[String], typed: bool) -> Result<Header, &'static str> {
    let (mut algorithm, mut kid, mut refused) = (None, None, None);
    let mut wrong_type = typed.then_some(WrongType::Absent);
    let mut refuse = |cause| refused = refused.or(Some(cause));
    strict_json::small_object(text, MOST_PARAMETERS, |name, value| match name {
        "alg" => match value.string().and_then(|name| Algorithm::from_name(&name)) {
            Some(known) => algorithm = Some(known),
            None => refuse("the algorithm (alg) is unknown"),
        },
        "kid" => match value.string() {
            Some(id) if id.len() <= LONGEST_KID => kid = Some(id.into_owned()),
            _ => refuse("the key id (kid) is not a string, or is too long"),
        },
        "typ" => match value.string() {
            Some(kind) if is_accepted(&kind, types) => wrong_type = None,
            Some(kind) => wrong_type = Some(WrongType::Is(kind.into_owned())),
            None => refuse("the type of the token (typ) is not a string"),
        },
        "cty" if value.string().is_none_or(|kind| is_kind(&kind, "jwt")) => refuse("the token is nested (cty)"),
        // No extension is implemented, so none may be critical (RFC 7515 §4.1.11). `b64` is an extension (RFC 7797 §7).
        "crit" | "b64" => refuse("the header requires an unsupported extension (crit, b64)"),
        "enc" | "zip" => refuse("the token is encrypted or compressed"),
        // A key that the token contains proves nothing (RFC 8725 §3.10).
        "jwk" => refuse("the token contains its own key (jwk)"),
        // These parameters are never used. Their types are checked for the sake of readers that use them.
        "jku" | "x5u" | "x5t" | "x5t#S256" | "url" | "nonce" if value.string().is_none() => {
            refuse("a registered header parameter has another type");
        }
        "x5c" if !value.lists_strings() => {
            refuse("a registered header parameter has another type");
        }
        _ => {}
    })
    .map_err(|_| "the header is not a strict JSON object")?;
    match (refused, algorithm) {
        (Some(cause), _) => Err(cause),
        (None, None) => Err("the header contains no algorithm (alg)"),
        (None, Some(algorithm)) => Ok(Header { algorithm, kid, wrong_type }),
    }
}

fn is_accepted(kind: &str, types: &[String]) -> bool {
    types.iter().any(|accepted| is_kind(kind, accepted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jose_headers_with_unsupported_parameters_are_rejected() {
        // JWT-5, JWT-11 to JWT-14
        let types = ["jwt".to_owned(), "at+jwt".to_owned()];
        let long = format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "k".repeat(257));
        #[rustfmt::skip]
        let good = [
            r#"{"alg":"RS256"}"#, r#"{"typ":"JWT","alg":"RS256"}"#, r#"{"alg":"RS256","typ":"application/JWT"}"#,
            r#"{"alg":"RS256","typ":"AT+jwt"}"#, r#"{"\u0061lg":"RS\u003256"}"#, r#"{"alg":"RS256","x5t":"a","x5c":["b"],"jku":"https://evil"}"#,
            r#"{"alg":"RS256","cty":"json","anything":{"else":[1]}}"#,
        ];
        #[rustfmt::skip]
        let bad = [
            r#"{}"#, r#"{"alg":"none"}"#, r#"{"alg":"rs256"}"#, r#"{"alg":["RS256"]}"#, r#"{"alg":"RS256","alg":"HS256"}"#, r#"{"alg":"Ed448"}"#,
            r#"{"alg":"RS256","typ":"dpop+jwt"}"#, r#"{"alg":"RS256","typ":5}"#, r#"{"alg":"RS256","typ":null}"#, r#"{"alg":"RS256","typ":""}"#,
            r#"{"alg":"RS256","crit":[]}"#, r#"{"alg":"RS256","crit":["exp"]}"#, r#"{"alg":"RS256","crit":"b64"}"#, r#"{"alg":"RS256","b64":false}"#,
            r#"{"alg":"RS256","cty":"JWT"}"#, r#"{"alg":"RS256","enc":"A256GCM"}"#, r#"{"alg":"RS256","zip":"DEF"}"#, r#"{"alg":"RS256","jwk":{}}"#,
            r#"{"alg":"RS256","kid":7}"#, r#"{"alg":"RS256","x5c":"a"}"#, r#"{"alg":"RS256","jku":1}"#, long.as_str(),
        ];
        for text in good {
            assert_eq!(read(text, &types, false).map(|header| header.algorithm), Ok(Algorithm::RS256), "{text}");
        }
        for name in ["EdDSA", "Ed25519"] {
            let text = format!(r#"{{"alg":"{name}"}}"#);
            assert_eq!(read(&text, &types, false).map(|header| header.algorithm), Ok(Algorithm::EdDSA)); // JWT-10
        }
        for text in bad {
            let accepted = read(text, &types, false).is_ok_and(|header| header.wrong_type.is_none());
            assert!(!accepted, "{text}");
        }
    }
}
