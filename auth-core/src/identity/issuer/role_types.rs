//! The role types of an application.

use std::sync::{Arc, OnceLock};

use super::implies;
use crate::identity::grants::{Grants, Table};
use crate::identity::vocabulary::{Name, NameKind, PermissionSet, RoleSet, Vocabulary};

/// The role types of an application, whose grants are in effect. Shared by its issuers. Grows while handlers are registered, and is
/// read without a lock.
#[derive(Clone, Debug, Default)]
pub struct RoleTypes {
    types: Arc<[OnceLock<&'static Vocabulary>; Self::MOST]>,
    data: Option<Table>,
}

impl RoleTypes {
    /// Maximum number of role types in an application.
    pub const MOST: usize = 16;

    /// Adds a role type unless it is present. Returns `false` if there are too many.
    pub fn add(&self, roles: &'static Vocabulary) -> bool {
        self.types.iter().any(|slot| slot.get_or_init(|| roles).is(roles))
    }

    /// Returns the role types that were added.
    pub fn iter(&self) -> impl Iterator<Item = &'static Vocabulary> + '_ {
        self.types.iter().map_while(OnceLock::get).copied()
    }

    /// Adds grants that are data.
    #[must_use]
    pub fn with_grants<R: RoleSet, P: PermissionSet>(self, grants: &Grants<R, P>) -> Self {
        Self { data: Some(grants.table().clone()), ..self }
    }

    /// Returns the number of replacements of the grants that are data.
    pub(crate) fn changes(&self) -> u64 {
        self.data.as_ref().map_or(0, Table::changes)
    }

    /// Returns the version of the grants that are data.
    pub fn version(&self) -> Option<String> {
        self.data.as_ref()?.version()
    }

    /// Returns whether a caller with suitable roles could hold the name. It is a role, or a role grants it.
    pub(crate) fn could_hold(&self, name: Name) -> bool {
        name.vocabulary.kind == NameKind::Role
            || self
                .iter()
                .any(|roles| (roles.names.iter().zip(0..)).any(|(_, role)| self.could_grant(roles, role, name)))
    }

    /// Returns whether the role at `index` could grant the name, by declaration or by data.
    pub(super) fn could_grant(&self, roles: &'static Vocabulary, index: u16, name: Name) -> bool {
        let data = self.data.as_ref().filter(|data| data.roles().is(roles));
        let declared = roles.grants.get(usize::from(index)).copied().unwrap_or_default();
        data.is_some_and(|data| data.could_grant(name.vocabulary))
            || declared
                .iter()
                .any(|granted| granted.vocabulary.is(name.vocabulary) && implies(name.vocabulary, granted.text, name))
    }

    /// Calls `visit` with each name that the role at `index` grants, by declaration or currently by data.
    pub(crate) fn each_grant(&self, roles: &'static Vocabulary, index: u16, visit: &mut impl FnMut(&Name)) {
        roles.grants.get(usize::from(index)).copied().unwrap_or_default().iter().for_each(&mut *visit);
        if let Some(data) = &self.data {
            data.each(roles, index, visit);
        }
    }
}

impl<const N: usize> From<[&'static Vocabulary; N]> for RoleTypes {
    fn from(all: [&'static Vocabulary; N]) -> Self {
        let types = Self::default();
        for one in all {
            types.add(one);
        }
        types
    }
}
