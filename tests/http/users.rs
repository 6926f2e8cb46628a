//! Users for Basic: a store that counts lookups. The hash is computed once.

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use auth_actix::BoxFuture;
use auth_actix::password::{User, UserStore, UserStoreUnavailable, hash_password};

/// The password of every user.
pub(crate) const PASSWORD: &str = "c0rrect horse: battery";

static HASH: LazyLock<String> = LazyLock::new(|| hash_password(&PASSWORD.into()).unwrap());

/// A user store: `alice` is an admin, `victor` a viewer, `down` is unavailable, `panic` panics. Counts the lookups of users and of
/// decoys. A decoy replaces an unknown user, so each lookup is followed by one hash.
#[derive(Clone, Default)]
pub(crate) struct Staff {
    pub(crate) found: Arc<AtomicUsize>,
    pub(crate) decoys: Arc<AtomicUsize>,
}

impl Staff {
    /// Returns the numbers of user lookups and of decoys since the last call.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.found.swap(0, Ordering::SeqCst), self.decoys.swap(0, Ordering::SeqCst))
    }
}

impl UserStore for Staff {
    fn find<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<User>, UserStoreUnavailable>> {
        self.found.fetch_add(1, Ordering::SeqCst);
        let user = |roles: &[&str]| Ok(Some(User::new(HASH.as_str()).unwrap().roles(roles.iter().copied())));
        Box::pin(std::future::ready(match name {
            "alice" => user(&["admin"]),
            "victor" => user(&["viewer"]),
            "j\u{fc}rgen" | "" => user(&[]),
            "down" => Err(UserStoreUnavailable),
            "panic" => panic!("the store of users is broken"),
            _ => Ok(None),
        }))
    }

    fn decoy(&self) -> Cow<'_, str> {
        self.decoys.fetch_add(1, Ordering::SeqCst);
        Cow::Borrowed(HASH.as_str()) // the password matches, but is rejected, because the user does not exist
    }
}
