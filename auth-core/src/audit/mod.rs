//! Audit events: one for each denial, login, logout and revocation, and for grants.
//!
//! # Why
//! A log line helps to operate the server today, whereas an audit event is evidence. Its fields are therefore fixed, contain no
//! free text of the request, and have no place for a secret. A name that was entered at a login and not verified may be a password,
//! and is recorded as a keyed hash.

mod bounded;
mod json_lines;

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;

use serde::Serialize;

pub use self::bounded::Bounded;
pub use self::json_lines::{JsonLines, JsonLinesError};
use crate::runtime::clock::Timestamp;

/// The kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EventKind {
    /// A request was denied.
    Denied,
    /// A request was admitted.
    Granted,
    /// A user logged in.
    LoggedIn,
    /// A login failed because of a wrong name or password.
    LoginFailed,
    /// A login was rejected without verification, because too many have failed before.
    LockedOut,
    /// A user logged out, or the sessions of a user were ended.
    LoggedOut,
    /// A session continues on behalf of another user.
    ActsAs,
    /// The roles of the live sessions of a user were changed.
    RolesChanged,
    /// An account was created for a login.
    AccountProvisioned,
    /// An account was forgotten: its sessions were ended.
    AccountForgotten,
    /// A token was issued. The entry contains its identifier.
    TokenIssued,
    /// A token was replaced by a new one. The entry contains both identifiers.
    TokenRotated,
    /// A token was revoked, with all tokens of its lineage.
    TokenRevoked,
    /// A token was presented after it was replaced and had ended. It may have been copied.
    ReplacedTokenUsed,
    /// An entry was added to the lists of blocked and revoked entries.
    ListAdded,
    /// An entry was removed from the lists of blocked and revoked entries.
    ListRemoved,
}

/// An audit event. Serializes to one JSON object, which omits unknown fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// The time, in UTC (RFC 3339).
    #[serde(serialize_with = "rfc_3339")]
    pub at: Timestamp,
    /// The kind of the event.
    #[serde(rename = "happened")]
    pub kind: EventKind,
    /// The number of the request, which all of its events share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The method of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The pattern of the route. Not the path, which may contain private data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// The client address, or the address of the peer if the client is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<IpAddr>,
    /// The handler.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handler: Option<&'static str>,
    /// The rule of the handler, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<&'static str>,
    /// The location of the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The status of a denial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The last segment of the problem type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<&'static str>,
    /// The failed literals of the rule.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<&'static str>,
    /// A fixed sentence on the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<&'static str>,
    /// The scheme of the credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<&'static str>,
    /// The verified identity of the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The actors on behalf of the caller, the most recent first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actors: Vec<String>,
    /// A claimed, unverified name, as a hash that only shows whether two names are equal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed: Option<String>,
    /// The entry of a list, or the identifier of a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// The version of the grants that are data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grants: Option<String>,
}

impl Event {
    /// Creates an event in which all other fields are unknown.
    pub const fn new(at: Timestamp, happened: EventKind) -> Self {
        Self {
            at,
            kind: happened,
            request: None,
            method: None,
            route: None,
            client: None,
            handler: None,
            rule: None,
            place: None,
            status: None,
            problem: None,
            failed: Vec::new(),
            cause: None,
            scheme: None,
            subject: None,
            actors: Vec::new(),
            claimed: None,
            entry: None,
            grants: None,
        }
    }

    /// Returns the hash of an unverified name. The key is specific to this process, so another process returns another hash.
    pub fn hash_of(claimed: &str) -> String {
        static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        format!("{:016x}", KEY.hash_one(claimed))
    }
}

fn rfc_3339<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    let text = time::OffsetDateTime::from_unix_timestamp(at.seconds()).ok();
    let text = text.and_then(|at| at.format(&time::format_description::well_known::Rfc3339).ok());
    serializer.serialize_str(&text.unwrap_or_default())
}

/// A receiver of audit events. It is called while a request waits, so a slow sink must be wrapped in [`Bounded`].
///
/// If grants are recorded, a sink that panics causes the denial of a request that would otherwise be admitted, because a request
/// must not continue without evidence.
pub trait Sink: Send + Sync + 'static {
    /// Records an event.
    fn record(&self, event: &Event);
}

/// Records an event. Returns `false` if the sink panicked.
pub(crate) fn try_record(sink: &dyn Sink, event: &Event) -> bool {
    catch_unwind(AssertUnwindSafe(|| sink.record(event))).is_ok()
}

/// Writes events through `tracing` under the target `auth_audit`, each as one JSON object.
#[derive(Clone, Copy, Debug)]
pub struct TracingSink;

impl Sink for TracingSink {
    fn record(&self, event: &Event) {
        let event = serde_json::to_string(event).unwrap_or_default();
        tracing::info!(target: "auth_audit", event, "audit");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audit_event_escapes_control_characters() {
        // LOG-3, LOG-4
        let mut event = Event::new(Timestamp::from_seconds(1_764_054_000), EventKind::Denied);
        event.subject = Some("user:1:a:evil\r\n{\"happened\":\"granted\"}\u{1b}[31m".to_owned());
        event.status = Some(403);
        let line = serde_json::to_string(&event).unwrap();
        assert!(!line.bytes().any(|byte| byte.is_ascii_control()), "{line}");
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["at"], "2025-11-25T07:00:00Z");
        assert_eq!((read["happened"].as_str(), read.as_object().unwrap().len()), (Some("denied"), 4));
        assert_eq!(Event::hash_of("alice"), Event::hash_of("alice"));
        assert!(Event::hash_of("alice") != Event::hash_of("bob") && !Event::hash_of("alice").contains("alice"));
    }

    #[test]
    fn audit_line_has_the_form_of_an_earlier_version() {
        use EventKind::*;
        let event = Event {
            request: Some("1f".to_owned()),
            method: Some("GET".to_owned()),
            route: Some("/posts/{id}".to_owned()),
            client: Some("203.0.113.7".parse().unwrap()),
            handler: Some("edit"),
            rule: Some("role(\"editor\")"),
            place: Some("src/main.rs:7".to_owned()),
            status: Some(403),
            problem: Some("insufficient-permissions"),
            failed: vec!["role(\"editor\")"],
            cause: Some("a cause"),
            scheme: Some("Bearer"),
            subject: Some("user:18:https://id.example:alice".to_owned()),
            actors: vec!["client:1:a:b".to_owned()],
            claimed: Some("00ff".to_owned()),
            entry: Some("block address 10.0.0.0/8".to_owned()),
            grants: Some("7".to_owned()),
            ..Event::new(Timestamp::from_seconds(1_764_054_000), Denied)
        };
        let line = concat!(
            r#"{"at":"2025-11-25T07:00:00Z","happened":"denied","request":"1f","method":"GET","route":"/posts/{id}","#,
            r#""client":"203.0.113.7","handler":"edit","rule":"role(\"editor\")","place":"src/main.rs:7","status":403,"#,
            r#""problem":"insufficient-permissions","failed":["role(\"editor\")"],"cause":"a cause","scheme":"Bearer","#,
            r#""subject":"user:18:https://id.example:alice","actors":["client:1:a:b"],"claimed":"00ff","#,
            r#""entry":"block address 10.0.0.0/8","grants":"7"}"#,
        );
        assert_eq!(serde_json::to_string(&event).unwrap(), line);
        let kinds = [
            Denied,
            Granted,
            LoggedIn,
            LoginFailed,
            LockedOut,
            LoggedOut,
            ActsAs,
            RolesChanged,
            AccountProvisioned,
            AccountForgotten,
            TokenIssued,
            TokenRotated,
            TokenRevoked,
            ReplacedTokenUsed,
            ListAdded,
            ListRemoved,
        ];
        let expected = concat!(
            r#"["denied","granted","logged-in","login-failed","locked-out","logged-out","acts-as","roles-changed","#,
            r#""account-provisioned","account-forgotten","token-issued","token-rotated","token-revoked","#,
            r#""replaced-token-used","list-added","list-removed"]"#,
        );
        assert_eq!(serde_json::to_string(&kinds).unwrap(), expected);
    }
}
