//! The conformance suite of token stores.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use super::{Owner, TokenAdmin, TokenDigest, TokenId, TokenRecord, TokenStore};
use crate::identity::account_id::AccountId;
use crate::identity::rights::{All, Rights};
use crate::identity::tenant::Tenant;
use crate::runtime::clock::{self, Timestamp, WallTime};
use crate::runtime::random::random;

/// Checks a store against all requirements of [`TokenStore`] and [`TokenAdmin`]. The tokens that the suite adds are random, and are
/// deleted at the end, so the store may be in use by other processes. It needs space for 40 tokens.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// auth_actix::test::token_store(auth_actix::tokens::MemoryTokenStore::new(1000)).await;
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
/// The store violates a requirement, or has no [`admin`](TokenStore::admin). The message names the requirement.
pub async fn token_store(store: impl TokenStore) {
    let suite = TokenSuite { store: Arc::new(store) };
    suite.finds_what_was_inserted().await;
    suite.keeps_each_limit().await;
    suite.keeps_unusual_texts().await;
    suite.rejects_duplicates_and_invalid_records().await;
    suite.lists_and_deletes_by_owner().await;
    suite.records_uses().await;
    suite.ends_tokens().await;
    suite.revokes_a_lineage().await;
    suite.admits_no_successor_of_a_revoked_token().await;
    suite.inserts_a_digest_once().await;
}

struct TokenSuite<S> {
    store: Arc<S>,
}

/// An hour ago, in whole seconds. A store may remove tokens that expired long ago.
static START: LazyLock<Timestamp> = LazyLock::new(|| clock::now().minus(Duration::from_secs(60 * 60)));

#[allow(clippy::expect_used, reason = "for tests, where a panic is the report")]
fn at(seconds: u64) -> WallTime {
    START.plus(Duration::from_secs(seconds)).to_wall_time().expect("the platform represents the time")
}

fn digest() -> TokenDigest {
    TokenDigest::sha256(&random::<32>())
}

fn client() -> Owner {
    Owner::Client(unique("client").into())
}

fn unique(text: &str) -> String {
    format!("{text} {:?}", random::<8>())
}

#[allow(clippy::expect_used, reason = "for tests, where a panic is the report")]
fn record(owner: &Owner) -> TokenRecord {
    TokenRecord::new(TokenId::generate().expect("random numbers"), owner.clone(), at(0))
}

fn successor(of: &TokenRecord) -> TokenRecord {
    TokenRecord { lineage: of.lineage.clone(), created: at(60), ..record(&of.owner) }
}

#[allow(clippy::expect_used, clippy::indexing_slicing, reason = "for tests, where a panic is the report")]
impl<S: TokenStore> TokenSuite<S> {
    fn admin(&self) -> &dyn TokenAdmin {
        self.store.admin().expect("the store has the operations of `TokenAdmin`")
    }

    async fn insert(&self, digest: &TokenDigest, record: &TokenRecord) {
        self.admin().insert(digest, record.clone()).await.expect("`insert` succeeds");
    }

    async fn rejects(&self, digest: &TokenDigest, record: &TokenRecord) -> bool {
        self.admin().insert(digest, record.clone()).await.is_err()
    }

    async fn find(&self, digest: &TokenDigest) -> Option<TokenRecord> {
        self.store.find(digest).await.expect("`find` succeeds")
    }

    async fn list(&self, owner: &Owner) -> Vec<TokenRecord> {
        self.admin().list(owner).await.expect("`list` succeeds")
    }

    async fn delete(&self, owner: &Owner) -> u64 {
        self.admin().delete_all(owner).await.expect("`delete_all` succeeds")
    }

    async fn revoke(&self, lineage: &TokenId) -> bool {
        self.admin().revoke(lineage).await.expect("`revoke` succeeds")
    }

    async fn finds_what_was_inserted(&self) {
        let owner = client();
        let presented = unique("pat_");
        let used = self.store.digest(presented.as_bytes());
        assert_eq!(used, self.store.digest(presented.as_bytes()), "`digest` is a function of the token");
        assert_ne!(used, self.store.digest(unique("pat_").as_bytes()), "two tokens have two digests");
        let mut digests = vec![used];
        for length in [20, 32, 64] {
            digests.push(TokenDigest::from_bytes(&random::<64>()[..length]).expect("a digest"));
        }
        // A digest that is the beginning of another one is another key.
        digests.push(TokenDigest::from_bytes(&digests[3].as_bytes()[..32]).expect("a digest"));
        assert_eq!(self.find(&digests[0]).await, None, "`find` of an unknown digest returns `None`");
        let records: Vec<_> = digests.iter().map(|_| record(&owner)).collect();
        let by_id = async |id| self.admin().find_by_id(id).await.expect("`find_by_id` succeeds");
        assert_eq!(by_id(&records[0].id).await, None, "`find_by_id` of an unknown identifier returns `None`");
        for (digest, record) in digests.iter().zip(&records) {
            self.insert(digest, record).await;
        }
        for (digest, record) in digests.iter().zip(&records) {
            assert_eq!(self.find(digest).await.as_ref(), Some(record), "`find` returns the inserted record");
            assert_eq!(by_id(&record.id).await.as_ref(), Some(record), "`find_by_id` returns the inserted record");
        }
        let late = TokenRecord { expires: Some(at(1)), last_used: Some(at(2)), revoked: true, ..record(&owner) };
        let digest = digest();
        self.insert(&digest, &late).await;
        assert_eq!(by_id(&late.id).await.as_ref(), Some(&late), "`find_by_id` returns expired and revoked records");
        assert_eq!(self.find(&digest).await, Some(late), "`find` returns expired and revoked records");
        let fraction = at(5) + Duration::from_millis(999);
        let times = TokenRecord { created: fraction, expires: Some(fraction), ..record(&owner) };
        let digest = self.store.digest(unique("pat_").as_bytes());
        self.insert(&digest, &times).await;
        let found = self.find(&digest).await.expect("the record");
        assert_eq!((found.created, found.expires), (at(5), Some(at(5))), "times are rounded down to seconds");
        assert_eq!(self.delete(&owner).await, 7);
    }

    /// Silence, an empty list and a list are three values.
    async fn keeps_each_limit(&self) {
        let owner = client();
        let (none, name) = ([""; 0], ["a \"b\" \\ \u{fc}, c"]);
        #[rustfmt::skip]
        let ceilings = [
            None,
            Some(Rights::new()),
            Some(Rights::everything()),
            Some(Rights::new().roles(none).permissions(none).scopes(none)),
            Some(Rights::new().scopes(none)),
            Some(Rights::new().roles(name).scopes(All)),
            Some(Rights::new().roles(["all"]).permissions(["null", "x"])),
            Some(Rights::new().scopes([""])),
        ];
        for ceiling in ceilings {
            self.keeps(TokenRecord { ceiling, ..record(&owner) }).await;
        }
        let acme = Tenant::of("org", "acme");
        let tenants = [
            Some(Vec::new()),
            Some(vec![acme.clone()]),
            Some(vec![
                acme.and("workspace", "a/b\",\u{fc}"),
                Tenant::of("workspace", "a").and("org", &"x".repeat(128)),
            ]),
        ];
        for tenants in tenants {
            self.keeps(TokenRecord { tenants, ..record(&owner) }).await;
        }
        let networks = [&[][..], &["10.0.0.0/8"], &["203.0.113.7", "2001:db8::/32", "0.0.0.0/0"]];
        for networks in networks {
            let networks = networks.iter().map(|text| text.parse().expect("a network")).collect();
            self.keeps(TokenRecord { networks: Some(networks), ..record(&owner) }).await;
        }
        assert_eq!(self.delete(&owner).await, 14);
    }

    async fn keeps(&self, record: TokenRecord) {
        let digest = digest();
        self.insert(&digest, &record).await;
        assert_eq!(self.find(&digest).await, Some(record), "silence, an empty list and a list are different values");
    }

    async fn keeps_unusual_texts(&self) {
        for text in ["'; DROP TABLE auth_tokens; --", "a:b", "\"\\\u{fc}\u{1f511}%_", " x ", "NULL", "A", "a"] {
            let text = unique(text);
            // Four owners that differ only in their form.
            let owners = [
                Owner::Client(text.as_str().into()),
                Owner::Account(AccountId::stored("member", &text)),
                Owner::Account(AccountId::stored(&text, "member")),
                Owner::Account(AccountId::stored("member:", &text)),
            ];
            for owner in &owners {
                let named = TokenRecord { name: text.clone(), ..record(owner) };
                self.insert(&digest(), &named).await;
                assert_eq!(self.list(owner).await, [named], "`list` returns the tokens of exactly this owner");
            }
            for owner in &owners {
                assert_eq!(self.delete(owner).await, 1, "`delete_all` deletes the tokens of exactly this owner");
            }
        }
        for owner in [Owner::Client("".into()), Owner::Client("\0".into()), Owner::Account(AccountId::stored("", "7"))]
        {
            assert_eq!((self.list(&owner).await.len(), self.delete(&owner).await), (0, 0), "{owner:?} has no tokens");
        }
    }

    async fn rejects_duplicates_and_invalid_records(&self) {
        let owner = client();
        let (known, first) = (digest(), record(&owner));
        self.insert(&known, &first).await;
        assert!(self.rejects(&known, &record(&owner)).await, "a digest is inserted once");
        assert!(self.rejects(&known, &first).await, "a token is inserted once");
        let again = TokenRecord { id: first.id.clone(), lineage: first.id.clone(), ..record(&owner) };
        assert!(self.rejects(&digest(), &again).await, "an identifier is inserted once");
        let long = "x".repeat(TokenRecord::MAX_TEXT_LENGTH + 1);
        let invalid = [
            TokenRecord { name: long.clone(), ..record(&owner) },
            TokenRecord { name: "a\nb".to_owned(), ..record(&owner) },
            TokenRecord { tenants: Some(vec![Tenant::of("org", "")]), ..record(&owner) },
            TokenRecord { tenants: Some(vec![Tenant::of("org", &"x".repeat(129))]), ..record(&owner) },
            TokenRecord { ceiling: Some(Rights::new().scopes(["x".repeat(70_000)])), ..record(&owner) },
            record(&Owner::Client("".into())),
            record(&Owner::Client("a\0".into())),
            record(&Owner::Client(long.into())),
            record(&Owner::Account(AccountId::stored("", "7"))),
            record(&Owner::Account(AccountId::stored("member", ""))),
        ];
        for record in &invalid {
            let digest = digest();
            assert!(self.rejects(&digest, record).await, "an invalid record is rejected");
            assert_eq!(self.find(&digest).await, None, "a rejected record is not stored");
        }
        assert_eq!(self.list(&owner).await, std::slice::from_ref(&first), "a rejected record changes nothing");
        assert_eq!(self.find(&known).await, Some(first));
        assert_eq!(self.delete(&owner).await, 1);
    }

    async fn lists_and_deletes_by_owner(&self) {
        let (owner, other) = (client(), client());
        let kept = digest();
        self.insert(&kept, &record(&other)).await;
        let mut records: Vec<_> =
            [3, 1, 2].iter().map(|age| TokenRecord { created: at(*age), ..record(&owner) }).collect();
        records[0].revoked = true;
        records[1].expires = Some(at(1));
        let digests = [digest(), digest(), digest()];
        for (digest, record) in digests.iter().zip(&records) {
            self.insert(digest, record).await;
        }
        records.sort_by_key(|record| record.created);
        let listed = self.list(&owner).await;
        assert_eq!(listed, records, "`list` returns all tokens of the owner, the oldest first");
        let shown = format!("{listed:?}");
        assert!(digests.iter().all(|digest| !shown.contains(&digest.to_hex())), "a list contains no digests");
        assert_eq!(self.delete(&owner).await, 3, "`delete_all` returns the number of tokens");
        assert_eq!((self.list(&owner).await.len(), self.delete(&owner).await), (0, 0), "deleted tokens are gone");
        for digest in &digests {
            assert_eq!(self.find(digest).await, None, "a deleted token is not found");
        }
        let by_id = self.admin().find_by_id(&records[0].id).await.expect("`find_by_id` succeeds");
        assert_eq!(by_id, None, "a deleted token is not found by its identifier");
        assert!(self.find(&kept).await.is_some(), "`delete_all` keeps the tokens of others");
        assert_eq!(self.delete(&other).await, 1);
    }

    async fn records_uses(&self) {
        let owner = client();
        let (digest, record) = (digest(), record(&owner));
        let touch = async |seconds| self.store.touch(&record.id, at(seconds)).await.expect("`touch` succeeds");
        touch(1).await; // The token does not exist yet.
        self.insert(&digest, &record).await;
        let last_used = async || self.find(&digest).await.and_then(|record| record.last_used);
        assert_eq!(last_used().await, None, "`touch` of an unknown token changes nothing");
        for (seconds, expected) in [(100, 100), (700, 700), (200, 700)] {
            touch(seconds).await;
            assert_eq!(last_used().await, Some(at(expected)), "the latest use is recorded");
        }
        touch(720).await;
        let last = last_used().await;
        assert!(last == Some(at(700)) || last == Some(at(720)), "a use within a minute may be ignored");
        let listed = self.list(&owner).await;
        assert_eq!(listed.first().map(|record| record.last_used), Some(last), "a list contains the time of use");
        let found = self.find(&digest).await;
        assert_eq!(found, Some(TokenRecord { last_used: last, ..record.clone() }), "`touch` changes nothing else");
        self.revoke(&record.id).await;
        assert_eq!(last_used().await, last, "a change keeps the time of use");
        assert_eq!(self.delete(&owner).await, 1);
    }

    async fn ends_tokens(&self) {
        let owner = client();
        let (old, new) = (digest(), digest());
        let first = record(&owner);
        self.insert(&old, &first).await;
        let second = successor(&first);
        self.insert(&new, &second).await;
        let end_at = async |seconds| self.admin().end_at(&first.id, at(seconds)).await.expect("`end_at` succeeds");
        for (seconds, expected) in [(100, 100), (50, 50), (200, 50)] {
            assert!(end_at(seconds).await, "`end_at` of a stored token returns true");
            let found = self.find(&old).await;
            let expected = TokenRecord { expires: Some(at(expected)), ..first.clone() };
            assert_eq!(found, Some(expected), "`end_at` never extends a token");
        }
        assert_eq!(self.find(&new).await, Some(second), "`end_at` changes one token of a lineage");
        assert_eq!(self.delete(&owner).await, 2);
        assert!(!end_at(10).await, "`end_at` of an unknown token returns false");
    }

    async fn revokes_a_lineage(&self) {
        let owner = client();
        let digests = [digest(), digest(), digest(), digest()];
        let first = record(&owner);
        let second = successor(&first);
        let other = record(&owner);
        let records = [&first, &second, &successor(&first), &other];
        for (digest, record) in digests.iter().zip(records) {
            self.insert(digest, record).await;
        }
        assert!(!self.revoke(&second.id).await, "the identifier of a successor is not a lineage");
        assert!(self.revoke(&first.lineage).await, "`revoke` returns whether a token was revoked");
        for (digest, record) in digests.iter().zip(records) {
            let expected = TokenRecord { revoked: record.id != other.id, ..record.clone() };
            assert_eq!(self.find(digest).await, Some(expected), "`revoke` revokes the lineage and nothing else");
        }
        assert!(!self.revoke(&first.lineage).await, "a second `revoke` returns false");
        assert_eq!(self.delete(&owner).await, 4);
        assert!(!self.revoke(&other.lineage).await, "`revoke` of an unknown lineage returns false");
    }

    async fn admits_no_successor_of_a_revoked_token(&self) {
        let owner = client();
        let (first, lost) = (record(&owner), record(&owner));
        assert!(self.rejects(&digest(), &successor(&lost)).await, "a lineage begins with its own token");
        self.insert(&digest(), &first).await;
        assert!(self.revoke(&first.lineage).await);
        assert!(self.rejects(&digest(), &successor(&first)).await, "a revoked token has no successor");
        let revoked = TokenRecord { revoked: true, ..successor(&first) };
        self.insert(&digest(), &revoked).await;
        assert_eq!(self.delete(&owner).await, 2);
        for _ in 0..8 {
            let (first, rotations) = self.rotate_concurrently(&owner).await;
            self.revoke(&first.lineage).await;
            for rotation in rotations {
                rotation.await.expect("no panic");
            }
            let listed = self.list(&owner).await;
            assert!(listed.iter().all(|record| record.revoked), "a concurrent rotation leaves no valid token");
            self.delete(&owner).await;
            let (_, rotations) = self.rotate_concurrently(&owner).await;
            self.delete(&owner).await;
            for rotation in rotations {
                rotation.await.expect("no panic");
            }
            assert_eq!(self.list(&owner).await, [], "a concurrent rotation leaves no token of a deleted owner");
        }
    }

    /// Inserts a token, and its successors in tasks. Returns when some of them have been inserted.
    async fn rotate_concurrently(&self, owner: &Owner) -> (TokenRecord, Vec<tokio::task::JoinHandle<()>>) {
        let first = record(owner);
        self.insert(&digest(), &first).await;
        let (started, mut starts) = tokio::sync::mpsc::unbounded_channel();
        let rotations = (0..4).map(|_| {
            let (store, first, started) = (Arc::clone(&self.store), first.clone(), started.clone());
            tokio::spawn(async move {
                for _ in 0..4 {
                    let admin = store.admin().expect("the store has the operations of `TokenAdmin`");
                    let _ = admin.insert(&digest(), successor(&first)).await;
                    let _ = started.send(());
                }
            })
        });
        let rotations = rotations.collect();
        for _ in 0..3 {
            starts.recv().await;
        }
        (first, rotations)
    }

    async fn inserts_a_digest_once(&self) {
        let (owner, digest) = (client(), digest());
        let inserts: Vec<_> = (0..8)
            .map(|_| {
                let (store, digest, record) = (Arc::clone(&self.store), digest.clone(), record(&owner));
                tokio::spawn(async move { store.admin()?.insert(&digest, record).await.ok() })
            })
            .collect();
        let mut inserted = 0;
        for insert in inserts {
            inserted += usize::from(insert.await.expect("no panic").is_some());
        }
        assert_eq!((inserted, self.list(&owner).await.len()), (1, 1), "one of many concurrent inserts succeeds");
        assert_eq!(self.delete(&owner).await, 1);
    }
}
