//! The records of uses of tokens, which never delay a request.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use quick_cache::sync::Cache;

use super::found::FoundToken;
use super::source::TokenSource;
use crate::audit::{Event, EventKind, Sink, try_record};
use crate::runtime::background_fetch::spawn;
use crate::runtime::clock::{self, Moment, Timestamp};
use crate::runtime::timeout;
use crate::store::tokens::{TokenId, TokenRecord, TokenStore};

/// Number of tokens whose recent use is known.
const RECENTLY_USED: usize = 10_000;

/// Minimum time between two records of the use of a token (TOKEN-15).
const USE_INTERVAL: Duration = Duration::from_secs(60);

/// Records uses of tokens.
pub(super) struct TokenUses {
    used: Cache<TokenId, Moment>,
    /// Expired tokens whose recent use was examined.
    late: Cache<TokenId, Moment>,
    sink: Option<Arc<dyn Sink>>,
}

impl TokenUses {
    pub(super) fn new(sink: Option<Arc<dyn Sink>>) -> Self {
        Self { used: Cache::new(RECENTLY_USED), late: Cache::new(RECENTLY_USED), sink }
    }

    /// Records the use of a token in the background, at most once a minute (TOKEN-15).
    pub(super) fn note(&self, store: &Arc<dyn TokenStore>, found: &FoundToken) {
        let (now, record) = (clock::monotonic(), &found.record);
        let recorded = record.last_used.map(|used| Timestamp::from_wall_time(used).plus(USE_INTERVAL));
        let mut noted = found.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = noted.is_some_and(|until| until > now) || recorded.is_some_and(|next| next > clock::now());
        if is_recent || self.used.get(&record.id).is_some_and(|used| used.plus(USE_INTERVAL) > now) {
            return;
        }
        let Some(at) = clock::now().to_wall_time() else { return };
        *noted = Some(now.plus(USE_INTERVAL));
        drop(noted);
        self.used.insert(record.id.clone(), now);
        let (store, id) = (Arc::clone(store), record.id.clone());
        let _ = spawn(async move {
            if !matches!(timeout::with_timeout(store.touch(&id, at)).await, Some(Ok(()))) {
                tracing::warn!(target: "auth_core", token = %id, "the use of a token could not be recorded");
            }
        });
    }

    /// Records an audit event in the background if a token is used after its rotation, at most once a minute (TOKEN-14).
    pub(super) fn note_late(&self, source: &TokenSource, store: &Arc<dyn TokenStore>, record: &TokenRecord) {
        let now = clock::monotonic();
        let is_recent = self.late.get(&record.id).is_some_and(|used| used.plus(USE_INTERVAL) > now);
        let Some(sink) = self.sink.clone().filter(|_| !is_recent) else { return };
        self.late.insert(record.id.clone(), now);
        let (store, record) = (Arc::clone(store), record.clone());
        let (subject, entry) = (source.identity(&record.owner), format!("token {} of {}", record.id, source.name));
        let _ = spawn(async move {
            let Some(admin) = store.admin() else { return };
            let Some(Ok(others)) = timeout::with_timeout(admin.list(&record.owner)).await else { return };
            if others.iter().any(|other| record.is_replaced_by(other)) {
                let (subject, entry) = (Some(subject.to_string()), Some(entry));
                let event = Event::new(clock::now(), EventKind::ReplacedTokenUsed);
                try_record(&*sink, &Event { subject, entry, ..event });
            }
        });
    }
}
