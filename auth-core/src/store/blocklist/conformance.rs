//! The conformance suite of block list stores.

use super::{BlockChange, BlockEntries, BlockEntry, BlocklistStore};
use crate::identity::id::Id;
use crate::runtime::clock::Timestamp;

use crate::runtime::random::random;

/// Checks a store against all rules of [`BlocklistStore`]. `open` opens the same stored entries each time. The entries that the
/// suite adds are random, and are removed at the end, so the store may be shared with other clients. The function blocks, so it
/// must be called outside of async code.
///
/// ```
/// auth_actix::test::blocklist_store(|| auth_actix::blocklist::MemoryBlocklistStore);
/// ```
///
/// # Panics
/// Panics if the store violates a rule. The message describes the rule.
pub fn blocklist_store<S: BlocklistStore>(open: impl Fn() -> S) {
    let mut one = Instance::open(open());
    let added = entries();
    for entry in &added {
        one.change(BlockChange::Add(entry.clone()));
        assert!(one.contains(entry), "an added entry is in effect: {entry}");
    }
    one.load();
    assert!(added.iter().all(|entry| one.contains(entry)), "added entries stay in effect");
    if one.store.refresh_interval().is_some() {
        shares(&mut one, Instance::open(open()), &added);
    }
    for entry in &added {
        one.change(BlockChange::Remove(entry.clone()));
        assert!(!one.contains(entry), "a removed entry is not in effect: {entry}");
    }
}

/// Checks that another instance sees all changes and loses none.
fn shares<S: BlocklistStore>(one: &mut Instance<S>, mut other: Instance<S>, added: &[BlockEntry]) {
    assert!(added.iter().all(|entry| other.contains(entry)), "another instance loads all entries");
    let [first, second] = [(); 2].map(|()| BlockEntry::BlockSubject(Id::user("https://id.example", &unique())));
    one.change(BlockChange::Add(first.clone()));
    other.change(BlockChange::Add(second.clone()));
    assert!(other.contains(&first), "a change is applied to the stored entries, not only to those in effect");
    one.load();
    assert!(one.contains(&second), "the other instance sees the change");
    one.change(BlockChange::Remove(second.clone()));
    other.load();
    assert!(!other.contains(&second) && other.contains(&first), "the other instance sees the removal");
    other.change(BlockChange::Remove(first));
    one.load();
}

struct Instance<S> {
    store: S,
    entries: BlockEntries,
}

#[allow(clippy::expect_used, reason = "for tests, where a panic is the report")]
impl<S: BlocklistStore> Instance<S> {
    fn open(store: S) -> Self {
        let mut instance = Self { store, entries: BlockEntries::default() };
        instance.load();
        instance
    }

    /// Loads twice, since a store may need two calls to be sure that a change is complete.
    fn load(&mut self) {
        for _ in 0..2 {
            if let Some(entries) = self.store.load(&self.entries).expect("the store is available") {
                self.entries = entries;
            }
        }
    }

    fn change(&mut self, change: BlockChange) {
        self.entries = self.store.update(&self.entries, &change).expect("the store is available");
    }

    fn contains(&self, entry: &BlockEntry) -> bool {
        self.entries.iter().any(|other| other == *entry)
    }
}

/// Returns one entry of each kind, with characters that a store may mistake for its own syntax.
fn entries() -> Vec<BlockEntry> {
    let issuer = "https://id.example/\u{fc}\"\\".to_owned();
    let hostile = format!(" '; -- \u{fc}\"\\{} ", unique());
    vec![
        BlockEntry::BlockSubject(Id::user(&issuer, &hostile)),
        BlockEntry::BlockSubject(Id::client(&issuer, &hostile)),
        BlockEntry::BlockToken { issuer: issuer.clone(), jti: hostile.clone() },
        BlockEntry::RevokeToken { issuer, jti: hostile, expires: Timestamp::from_seconds(9_999_999_999) },
        BlockEntry::RevokeSubject { id: Id::user("a", &unique()), since: Timestamp::from_seconds(1) },
    ]
}

fn unique() -> String {
    format!("{:?}", random::<8>())
}
