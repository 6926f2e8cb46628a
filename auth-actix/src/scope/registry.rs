//! Collection of all scopes while an application is registered, for the access matrix of tests.

use std::cell::RefCell;
use std::ops::Range;

use auth_core::matrix::Matrix;

use super::service::Registry;
use crate::auth::Auth;

/// The collected routes and scopes.
#[derive(Default)]
pub(crate) struct Collected {
    pub(crate) matrix: Matrix,
    /// The `Auth` that decides, for each route of the matrix.
    pub(crate) auths: Vec<Option<Auth>>,
    /// The scopes, in the order in which they were registered.
    pub(crate) scopes: Vec<Met>,
}

pub(crate) struct Met {
    /// The routes of the scope in the matrix.
    pub(crate) routes: Range<usize>,
    /// Whether the scope has route guards.
    pub(crate) has_guards: bool,
}

/// The path prefix of the resource that marks one of our scopes in the resource map. The number of the scope follows.
pub(crate) const MARK: &str = "/access-matrix/scope/";

thread_local! {
    static COLLECTED: RefCell<Option<Collected>> = const { RefCell::new(None) };
}

/// Runs a registration. Returns its result and what was collected, in the order of registration.
pub(crate) async fn collected<T>(register: impl Future<Output = T>) -> (T, Collected) {
    COLLECTED.set(Some(Collected::default()));
    let registered = register.await;
    (registered, COLLECTED.take().unwrap_or_default())
}

impl Registry {
    /// Adds this scope to the collection during registration. Returns its number, or `None` if nothing is collected.
    pub(super) fn add_to_matrix(&self) -> Option<usize> {
        COLLECTED.with_borrow_mut(|collecting| {
            let Collected { matrix, auths, scopes } = collecting.as_mut()?;
            let before = matrix.routes.len();
            self.describe(matrix);
            // With nested scopes of several `Auth`s, none of them decides by itself.
            let alone = self.binding().auth().filter(|_| self.binding().count_so_far() == 1).cloned();
            auths.resize(matrix.routes.len(), alone);
            scopes.push(Met { routes: before..matrix.routes.len(), has_guards: self.binding().has_guards() });
            Some(scopes.len() - 1)
        })
    }
}
