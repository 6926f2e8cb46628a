//! Tests that a hidden handler makes the same calls as an unknown path.

use std::sync::atomic::{AtomicUsize, Ordering};

use auth_actix::identity::{RightsProvider, RightsUnavailable, Tenant};
use auth_actix::password::Basic;
use auth_actix::{Confers, Id};

use super::*;

/// A provider of rights that counts its calls.
#[derive(Clone, Default)]
struct Counted(Arc<AtomicUsize>);

impl RightsProvider for Counted {
    async fn rights(&self, _: &Id, _: Option<&Tenant>) -> Result<Rights, RightsUnavailable> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(Rights::new())
    }
}

#[test]
fn hidden_handlers_and_unknown_paths_make_the_same_calls() {
    // ACCT-15, H5
    let directory = Directory::default();
    directory.set("alice", Row::Found(Party::member(1).with_roles(&["viewer"])));
    directory.set("sue", Row::Suspended(Party::member(2))).set("rex", Row::Revoked);
    directory.set("panics", Row::Broken("panics"));
    let rights = Counted::default();
    for has_rights in [false, true] {
        let auth = builder().bearer(jwt()).accounts(directory.clone());
        let (server, _) = serve(if has_rights { auth.rights_from(rights.clone()) } else { auth });
        for name in ["alice", "nobody", "sue", "rex", "panics"] {
            let calls = |path: &str| {
                assert_eq!(told(&send(&server, path, Some(&as_user(name)))), "404 not-found", "{name} {path}");
                // The outcome of a provision is shared for a second, so that only the first of the requests asks.
                let mut calls = directory.calls();
                calls.retain(|call| !call.starts_with("provision"));
                (calls, rights.0.swap(0, Ordering::SeqCst))
            };
            let unknown = calls("/nothing");
            assert_eq!(unknown.0.len(), 1, "{name}: {unknown:?}");
            for path in ["/hidden", "/far"] {
                assert_eq!(calls(path), unknown, "{name} {path}, rights: {has_rights}");
            }
        }
    }
}

#[test]
fn hidden_handlers_and_unknown_paths_provision_alike() {
    // ACCT-15
    let directory = Directory::default();
    let (server, _) = with_tokens(&directory);
    for (path, name) in [("/nothing", "a"), ("/hidden", "b"), ("/far", "c")] {
        assert_eq!(told(&send(&server, path, Some(&as_user(name)))), "404 not-found", "{path}");
        assert_eq!(directory.calls(), [format!("find {name}"), format!("provision {name}")], "{path}");
    }
}

#[test]
fn the_account_of_a_password_is_loaded_for_unknown_paths() {
    // ACCT-15: the verification is pending before the account is.
    let directory = Directory::default();
    directory.set_key("user:13:basic:reports:alice", Row::Found(Party::member(1).with_roles(&["viewer"])));
    let rights = Counted::default();
    let users = Basic::new(crate::users::Staff::default()).confers(Confers::nothing());
    let auth = builder().basic(users).accounts(directory.clone()).rights_from(rights.clone());
    let (server, _) = serve(auth);
    let alice = auth_tests::token::basic("alice", crate::users::PASSWORD);
    for path in ["/nothing", "/hidden", "/far"] {
        assert_eq!(told(&send(&server, path, Some(&alice))), "404 not-found", "{path}");
        assert_eq!(
            (directory.calls(), rights.0.swap(0, Ordering::SeqCst)),
            (vec!["find alice".to_owned()], 1),
            "{path}"
        );
    }
}
