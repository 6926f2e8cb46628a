//! Permissions granted to roles in addition to the declared ones, as data that changes while the server runs.
//!
//! # Why
//! The closure of the declared grants is computed at compile time, and compile-time proofs depend on it. Data therefore only adds
//! grants, and can only revoke what it added. It names only declared roles and permissions, so that it cannot extend a vocabulary
//! with names that were never reviewed.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use serde::Deserialize;

use crate::identity::vocabulary::{Name, PermissionSet, RoleSet, Vocabulary};
use crate::runtime::file_watcher::watch;

/// Permissions that roles grant in addition to the declared ones, as versioned data. Every audit event contains the version.
/// Cloning is cheap. All clones share the grants, and a replacement takes effect with the next request.
///
/// ```
/// use auth_actix::identity::Grants;
/// use auth_actix::{Permission, Role};
///
/// #[derive(Role)]
/// enum Role { Editor }
///
/// #[derive(Permission)]
/// enum Permission {
///     #[permission("posts:pin")]
///     PostsPin,
/// }
///
/// let grants = Grants::<Role, Permission>::new();
/// grants.replace("2026-11-25", [("editor", "posts:pin")])?;
/// assert!(grants.replace("2026-11-26", [("editor", "posts:burn")]).is_err());
/// assert_eq!(grants.version().as_deref(), Some("2026-11-25"));
/// # Ok::<(), auth_actix::identity::GrantsError>(())
/// ```
pub struct Grants<R, P> {
    table: Table,
    types: PhantomData<fn() -> (R, P)>,
}

/// An error in the grants. The previous grants stay in effect.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum GrantsError {
    /// The role is not declared.
    #[error("`{1}` declares no role {0:?}")]
    Role(String, &'static str),
    /// The permission is not declared.
    #[error("`{1}` declares no permission {0:?}")]
    Permission(String, &'static str),
    /// The version is invalid, because it must fit into a line of a log.
    #[error("a version is one to 64 visible ASCII characters")]
    Version,
    /// The file cannot be read.
    #[error("the grants cannot be read: {0}")]
    Read(std::io::Error),
    /// The file is not `{"version": "…", "grants": {"role": ["permission"]}}`.
    #[error("the grants are not a JSON object of a version and grants: {0}")]
    Json(serde_json::Error),
}

crate::debug_as_display!(GrantsError);

impl From<GrantsError> for std::io::Error {
    fn from(error: GrantsError) -> Self {
        Self::new(std::io::ErrorKind::InvalidInput, error.to_string())
    }
}

/// The grants without their type parameters, for lookup.
#[derive(Clone, Debug)]
pub struct Table(Arc<GrantsInner>);

#[derive(Debug)]
struct GrantsInner {
    roles: &'static Vocabulary,
    permissions: &'static Vocabulary,
    now: ArcSwap<Snapshot>,
    /// Number of replacements. Incremented after the previous grants have been replaced.
    changes: AtomicU64,
}

#[derive(Debug, Default)]
struct Snapshot {
    version: Option<String>,
    /// Permissions by the index of the role.
    of: BTreeMap<u16, Vec<Name>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GrantsFile {
    version: String,
    grants: BTreeMap<String, Vec<String>>,
}

impl<R: RoleSet, P: PermissionSet> Grants<R, P> {
    /// Creates an empty set of grants. Roles and permissions of an open vocabulary cannot be granted, because an open vocabulary
    /// declares no names.
    pub fn new() -> Self {
        let (roles, permissions) = (R::VOCABULARY, P::VOCABULARY);
        let inner = GrantsInner { roles, permissions, now: ArcSwap::default(), changes: AtomicU64::new(0) };
        Self { table: Table(Arc::new(inner)), types: PhantomData }
    }

    /// Reads grants from a file of the form `{"version": "2026-11-25", "grants": {"editor": ["posts:pin"]}}`. The file is checked
    /// every two seconds and read again when it changes. If it is then invalid, the previous grants stay in effect and an error is
    /// logged.
    ///
    /// # Errors
    /// The file cannot be read, does not have this form, or contains an undeclared name.
    pub fn file(path: impl AsRef<Path>) -> Result<Self, GrantsError> {
        Self::file_with_interval(path.as_ref(), Duration::from_secs(2))
    }

    fn file_with_interval(path: &Path, every: Duration) -> Result<Self, GrantsError> {
        let grants = Self::new();
        grants.table.0.replace(read::<R, P>(path)?);
        let take = GrantsInner::replace;
        watch(&grants.table.0, path, every, read::<R, P>, take).map_err(GrantsError::Read)?;
        Ok(grants)
    }

    /// Replaces all grants atomically by pairs of a role and a permission, by their declared names.
    ///
    /// # Errors
    /// A name is not declared, or the version is invalid. The grants then stay unchanged.
    pub fn replace(
        &self,
        version: impl Into<String>,
        grants: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<str>)>,
    ) -> Result<(), GrantsError> {
        let snapshot = Snapshot::of::<R, P>(version.into(), grants)?;
        self.table.0.replace(snapshot);
        Ok(())
    }

    /// Returns the version of the current grants.
    pub fn version(&self) -> Option<String> {
        self.table.version()
    }

    pub(crate) fn table(&self) -> &Table {
        &self.table
    }
}

fn read<R: RoleSet, P: PermissionSet>(path: &Path) -> Result<Snapshot, GrantsError> {
    parse::<R, P>(
        &std::fs::read_to_string(path).map_err(crate::runtime::file_watcher::at(path)).map_err(GrantsError::Read)?,
    )
}

fn parse<R: RoleSet, P: PermissionSet>(text: &str) -> Result<Snapshot, GrantsError> {
    let GrantsFile { version, grants } = serde_json::from_str(text).map_err(GrantsError::Json)?;
    let pairs = grants.iter().flat_map(|(role, all)| all.iter().map(move |permission| (role, permission)));
    Snapshot::of::<R, P>(version, pairs)
}

impl Snapshot {
    fn of<R: RoleSet, P: PermissionSet>(
        version: String,
        grants: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<str>)>,
    ) -> Result<Self, GrantsError> {
        if !(1..=64).contains(&version.len()) || !version.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(GrantsError::Version);
        }
        let mut of: BTreeMap<u16, Vec<Name>> = BTreeMap::new();
        for (role, permission) in grants {
            let (role, permission) = (role.as_ref(), permission.as_ref());
            let unknown = || GrantsError::Role(role.to_owned(), R::VOCABULARY.declared_in);
            let (role, _) = declared(R::VOCABULARY, role).ok_or_else(unknown)?;
            let unknown = || GrantsError::Permission(permission.to_owned(), P::VOCABULARY.declared_in);
            let (index, text) = declared(P::VOCABULARY, permission).ok_or_else(unknown)?;
            of.entry(role).or_default().push(Name { vocabulary: P::VOCABULARY, index, text });
        }
        Ok(Self { version: Some(version), of })
    }
}

/// Finds a declared name. Aliases are not accepted, because only tokens may contain them.
fn declared(vocabulary: &'static Vocabulary, name: &str) -> Option<(u16, &'static str)> {
    (0..).zip(vocabulary.names).find(|(_, declared)| **declared == name).map(|(index, declared)| (index, *declared))
}

impl GrantsInner {
    fn replace(&self, snapshot: Snapshot) {
        self.now.store(Arc::new(snapshot));
        // Incremented after the store: a reader that has seen the previous number may have read the previous grants.
        self.changes.fetch_add(1, Ordering::Release);
    }
}

impl Table {
    /// Returns the number of replacements. Values derived from the grants are outdated once this number has changed.
    pub(crate) fn changes(&self) -> u64 {
        self.0.changes.load(Ordering::Acquire)
    }

    /// Returns the vocabulary of the roles.
    pub fn roles(&self) -> &'static Vocabulary {
        self.0.roles
    }

    /// Returns the version of the current grants.
    pub fn version(&self) -> Option<String> {
        self.0.now.load().version.clone()
    }

    /// Returns whether a role may be granted permissions of this vocabulary.
    pub(crate) fn could_grant(&self, permissions: &'static Vocabulary) -> bool {
        self.0.permissions.is(permissions) && !self.0.roles.open
    }

    /// Calls `visit` with each permission currently granted to the role at `index`.
    pub(crate) fn each(&self, roles: &'static Vocabulary, index: u16, visit: &mut impl FnMut(&Name)) {
        if self.0.roles.is(roles) {
            self.0.now.load().of.get(&index).into_iter().flatten().for_each(visit);
        }
    }
}

impl<R, P> Clone for Grants<R, P> {
    fn clone(&self) -> Self {
        Self { table: self.table.clone(), types: PhantomData }
    }
}

impl<R: RoleSet, P: PermissionSet> Default for Grants<R, P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R, P> std::fmt::Debug for Grants<R, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grants").field("version", &self.table.version()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::identity::vocabulary::{Declares, NameIndex, NameKind};

    const fn of(kind: NameKind, names: &'static [&'static str]) -> Vocabulary {
        let (closure, grants): (&[&[u64]], &[&[Name]]) = (&[&[0b01], &[0b10]], &[&[], &[]]);
        let (declared_in, module, variants) = ("Names", "app", &["A", "B"]);
        Vocabulary {
            kind,
            declared_in,
            module,
            open: false,
            names,
            variants,
            name_index: NameIndex::few(&[]),
            closure,
            grants,
        }
    }

    static ROLES: Vocabulary = of(NameKind::Role, &["a \"quoted\" \\ role\n", "é"]);
    static PERMISSIONS: Vocabulary = of(NameKind::Permission, &["posts:write", "\u{2028}"]);

    struct Role;
    struct Permission;

    impl Declares for Role {
        const VOCABULARY: &'static Vocabulary = &ROLES;
        fn index(&self) -> u16 {
            0
        }
        fn as_str(&self) -> &str {
            "a"
        }
    }

    impl Declares for Permission {
        const VOCABULARY: &'static Vocabulary = &PERMISSIONS;
        fn index(&self) -> u16 {
            0
        }
        fn as_str(&self) -> &str {
            "a"
        }
    }

    impl RoleSet for Role {}
    impl PermissionSet for Permission {}

    proptest! {
        #[test]
        fn role_grants_round_trip_and_undeclared_names_are_rejected(version in "[!-~]{1,64}|\\PC{0,8}", pairs in proptest::collection::btree_set((0_u16..2, 0_u16..2), 0..4), stranger in any::<Option<String>>()) {
            let mut grants: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for (role, permission) in &pairs {
                grants.entry(ROLES.names[usize::from(*role)]).or_default().push(PERMISSIONS.names[usize::from(*permission)]);
            }
            if let Some(stranger) = &stranger {
                grants.entry(ROLES.names[0]).or_default().push(stranger);
            }
            let text = serde_json::json!({ "version": version, "grants": grants }).to_string();
            let read = parse::<Role, Permission>(&text);
            let is_version = (1..=64).contains(&version.len()) && version.bytes().all(|byte| byte.is_ascii_graphic());
            let is_declared = stranger.as_ref().is_none_or(|name| PERMISSIONS.names.contains(&name.as_str()));
            prop_assert_eq!(read.is_ok(), is_version && is_declared, "{}", text);
            if let (Ok(read), None) = (read, stranger) {
                prop_assert_eq!(read.version, Some(version));
                let found = read.of.iter().flat_map(|(role, names)| names.iter().map(move |name| (*role, name.index)));
                prop_assert_eq!(found.collect::<std::collections::BTreeSet<_>>(), pairs);
            }
        }
    }
}
