//! What is told to whoever has to know later: one event for each refusal, login, log-out and revocation, and for grants.
//!
//! # Why
//! A log line is for whoever runs the server today; an audit event is evidence. So its fields are fixed, nothing of it is free
//! text of the request, and no secret has a place in it: there is no field for one. A name that was typed into a login and is
//! not verified may be a password, and is told as a keyed hash.

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

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EventKind {
    /// A request was refused.
    Denied,
    /// A request was let in.
    Granted,
    /// Somebody logged in.
    LoggedIn,
    /// A login failed: a wrong name or password.
    LoginFailed,
    /// A login was not judged, as too many have failed before.
    LockedOut,
    /// Somebody logged out, or their sessions were ended.
    LoggedOut,
    /// Somebody goes on in another's name.
    ActsAs,
    /// The roles of somebody's live sessions were changed.
    RolesChanged,
    /// An entry was added to the lists of what is blocked or revoked.
    ListAdded,
    /// One was taken out.
    ListRemoved,
}

/// An event. Serializes into one JSON object; what is not known is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// When, in UTC (RFC 3339).
    #[serde(serialize_with = "rfc_3339")]
    pub at: Timestamp,
    /// What.
    #[serde(rename = "happened")]
    pub kind: EventKind,
    /// The same for all events of one request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// Its method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The pattern of its route: no path, which may hold what is private.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// The client's address, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<IpAddr>,
    /// The handler.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handler: Option<&'static str>,
    /// Its rule, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<&'static str>,
    /// Where that stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The status of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The last part of its problem type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<&'static str>,
    /// The literals that did not hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<&'static str>,
    /// A fixed sentence on the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<&'static str>,
    /// The scheme of the credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<&'static str>,
    /// The identity of the caller, verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Who acts in its name, the last one first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actors: Vec<String>,
    /// A name that was claimed and not verified, as a hash that only tells whether two are the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed: Option<String>,
    /// The entry of a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// The version of the grants that are data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grants: Option<String>,
}

impl Event {
    /// An event of which no more is known.
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

    /// The hash of a name that is not verified. Of this process: another one says it differently.
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

/// Who is told. Called while a request waits: what takes long goes behind [`Bounded`].
///
/// A sink that panics refuses a request that was about to be let in, where grants are told: evidence that is missing is no
/// reason to go on.
pub trait Sink: Send + Sync + 'static {
    /// Takes note of an event.
    fn record(&self, event: &Event);
}

/// Records an event. Returns whether the sink recorded it: `false` if it panicked.
pub(crate) fn try_record(sink: &dyn Sink, event: &Event) -> bool {
    catch_unwind(AssertUnwindSafe(|| sink.record(event))).is_ok()
}

/// Events as lines of `tracing`, under the target `auth_audit`, each as one JSON object.
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
    fn an_event_is_one_json_object_in_one_line_whatever_it_holds() {
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
}
