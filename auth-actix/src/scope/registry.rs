//! What all scopes of an application say of themselves while they are registered, where a test wants to know.

use std::cell::RefCell;
use std::ops::Range;

use auth_core::matrix::Matrix;

use super::service::Registry;
use crate::auth::Auth;

/// What is found while an application is registered.
#[derive(Default)]
pub(crate) struct Collected {
    pub(crate) matrix: Matrix,
    /// For each route of the matrix, who decides on it.
    pub(crate) auths: Vec<Option<Auth>>,
    /// The scopes, in the order in which they were registered.
    pub(crate) scopes: Vec<Met>,
}

/// A scope of ours.
pub(crate) struct Met {
    /// Which routes of the matrix are its own.
    pub(crate) routes: Range<usize>,
    /// Whether conditions of routing decide if it is asked.
    pub(crate) has_guards: bool,
}

/// What the path of the resource begins with that marks one of our scopes in the map of resources; its number follows.
pub(crate) const MARK: &str = "/access-matrix/scope/";

thread_local! {
    static COLLECTED: RefCell<Option<Collected>> = const { RefCell::new(None) };
}

/// Registers an application, and gives what was found in all its scopes, in the order in which they were met.
pub(crate) async fn collected<T>(register: impl Future<Output = T>) -> (T, Collected) {
    COLLECTED.set(Some(Collected::default()));
    let registered = register.await;
    (registered, COLLECTED.take().unwrap_or_default())
}

impl Registry {
    /// Tells of this scope, which is being registered. `None` where nobody collects; otherwise its number.
    pub(super) fn add_to_matrix(&self) -> Option<usize> {
        COLLECTED.with_borrow_mut(|collecting| {
            let Collected { matrix, auths, scopes } = collecting.as_mut()?;
            let before = matrix.routes.len();
            self.describe(matrix);
            // Where each of nested scopes has an `Auth` of its own, no one of them decides.
            let alone = self.binding().auth().filter(|_| self.binding().count_so_far() == 1).cloned();
            auths.resize(matrix.routes.len(), alone);
            scopes.push(Met { routes: before..matrix.routes.len(), has_guards: self.binding().has_guards() });
            Some(scopes.len() - 1)
        })
    }
}
