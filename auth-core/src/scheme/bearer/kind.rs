//! Detection of tokens that are marked as something other than access tokens.
//!
//! # Why
//! An issuer signs ID tokens, refresh tokens and logout tokens with the keys of its access tokens. RFC 9068 distinguishes them by
//! the header `typ`, which few providers set. In practice, providers distinguish them by the claims below.

use crate::runtime::strict_json::Raw;

/// Compares media types case-insensitively. The prefix `application/` of `kind` is optional (RFC 7515 §4.1.9).
pub(super) fn is_kind(kind: &str, expected: &str) -> bool {
    const PREFIX: &str = "application/";
    let short = match kind.get(..PREFIX.len()) {
        Some(prefix) if prefix.eq_ignore_ascii_case(PREFIX) => kind.get(PREFIX.len()..).unwrap_or_default(),
        _ => kind,
    };
    short.eq_ignore_ascii_case(expected)
}

/// A kind of token other than an access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OtherKind {
    /// An ID token (OpenID Connect Core 1.0 §2).
    IdToken,
    /// A refresh token, a logout token, a security event or another kind.
    Other,
}

/// Returns the kind of token that a claim indicates, if it is not an access token.
pub(super) fn other_kind(name: &str, value: Raw<'_>) -> Option<OtherKind> {
    match name {
        // Cognito, and introspection responses.
        "token_use" => match value.string().map(|word| kind_of(&word)) {
            Some(TokenKind::Access) => None,
            Some(TokenKind::IdToken) => Some(OtherKind::IdToken),
            Some(TokenKind::Other | TokenKind::Unknown) | None => Some(OtherKind::Other),
        },
        // Keycloak (`typ`), Curity (`purpose`), ForgeRock (`tokenName`), Django and Flask (`token_type`, `type`), FusionAuth (`tty`).
        "typ" | "purpose" | "tokenName" | "token_type" | "tokenType" | "token_kind" | "type" | "tty" => {
            match kind_of(&value.string()?) {
                TokenKind::IdToken => Some(OtherKind::IdToken),
                TokenKind::Other => Some(OtherKind::Other),
                TokenKind::Access | TokenKind::Unknown => None,
            }
        }
        // Hashes of the values with which an ID token was issued (OpenID Connect Core 1.0 §3.1.3.6, §3.3.2.11).
        "at_hash" | "c_hash" | "s_hash" if value.is_string() => Some(OtherKind::IdToken),
        // A security event, such as a logout token, names its events by URIs (RFC 8417 §2.2).
        "events" => {
            let mut events = value.members()?;
            events.any(|(event, _)| event.contains(':')).then_some(OtherKind::Other)
        }
        // UAA marks a refresh token with a suffix of its id.
        "jti" => {
            // Few ids have this suffix or contain an escape.
            if !value.text().ends_with("-r\"") && !value.text().contains('\\') {
                return None;
            }
            let id = value.string()?;
            let id = id.strip_suffix("-r")?;
            (id.len() >= 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-'))
                .then_some(OtherKind::Other)
        }
        _ => None,
    }
}

enum TokenKind {
    Access,
    IdToken,
    Other,
    Unknown,
}

/// Returns the kind of token that a word denotes, regardless of case and separators.
fn kind_of(word: &str) -> TokenKind {
    const APPLICATION: &str = "application/";
    let word = word.to_ascii_lowercase();
    let word = word.strip_prefix(APPLICATION).unwrap_or(&word);
    let word = word.strip_suffix("+jwt").unwrap_or(word);
    let plain: String = word.chars().filter(char::is_ascii_alphanumeric).collect();
    match plain.strip_suffix("token").unwrap_or(&plain) {
        "at" | "access" | "bearer" | "dpop" => TokenKind::Access,
        "id" | "identity" | "serializedid" => TokenKind::IdToken,
        "refresh" | "rt" | "offline" | "logout" | "secevent" | "registrationaccess" | "initialaccess" => {
            TokenKind::Other
        }
        _ => TokenKind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::strict_json;

    #[test]
    fn tokens_marked_as_non_access_tokens_are_recognized() {
        use OtherKind::{IdToken, Other};
        #[rustfmt::skip]
        let table = [
            (r#"{"token_use":"access"}"#, None),
            (r#"{"token_use":"access_token"}"#, None),
            (r#"{"token_use":"id"}"#, Some(IdToken)),
            (r#"{"token_use":"ID"}"#, Some(IdToken)),
            (r#"{"token_use":"\u0069d"}"#, Some(IdToken)),
            (r#"{"token_use":"refresh"}"#, Some(Other)),
            (r#"{"token_use":"anything"}"#, Some(Other)),
            (r#"{"token_use":null}"#, Some(Other)),
            (r#"{"token_use":["id"]}"#, Some(Other)),
            (r#"{"typ":"Bearer"}"#, None),
            (r#"{"typ":"DPoP"}"#, None),
            (r#"{"typ":"JWT"}"#, None),
            (r#"{"typ":"at+jwt"}"#, None),
            (r#"{"typ":"customer"}"#, None),
            (r#"{"typ":"ID"}"#, Some(IdToken)),
            (r#"{"typ":"id_token"}"#, Some(IdToken)),
            (r#"{"typ":"Refresh"}"#, Some(Other)),
            (r#"{"typ":"Offline"}"#, Some(Other)),
            (r#"{"typ":"Logout"}"#, Some(Other)),
            (r#"{"typ":"application/logout+jwt"}"#, Some(Other)),
            (r#"{"purpose":"access_token"}"#, None),
            (r#"{"purpose":"id"}"#, Some(IdToken)),
            (r#"{"tokenName":"id_token"}"#, Some(IdToken)),
            (r#"{"token_type":"Bearer"}"#, None),
            (r#"{"token_type":"refresh"}"#, Some(Other)),
            (r#"{"type":"refresh"}"#, Some(Other)),
            (r#"{"type":"user"}"#, None),
            (r#"{"at_hash":"x"}"#, Some(IdToken)),
            (r#"{"c_hash":"x"}"#, Some(IdToken)),
            (r#"{"nonce":"x"}"#, None),
            (r#"{"events":{"http://schemas.openid.net/event/backchannel-logout":{}}}"#, Some(Other)),
            (r#"{"events":["login"]}"#, None),
            (r#"{"events":{}}"#, None),
            (r#"{"jti":"0123456789abcdef0123456789abcdef-r"}"#, Some(Other)),
            (r#"{"jti":"0123456789abcdef0123456789abcdef"}"#, None),
            (r#"{"jti":"for-r"}"#, None),
        ];
        for (claims, expected) in table {
            let mut found = None;
            strict_json::object(claims, |name, value| found = found.or(other_kind(name, value))).unwrap();
            assert_eq!(found, expected, "{claims}");
        }
    }
}
