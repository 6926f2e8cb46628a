//! The role types of an application.

use std::sync::{Arc, OnceLock};

use super::implies;
use crate::identity::grants::{Grants, Table};
use crate::identity::vocabulary::{Name, NameKind, PermissionSet, RoleSet, Vocabulary};

/// The role types of an application, whose grants count. Shared by its sources; grows while handlers are registered, and is
/// read without a lock.
#[derive(Clone, Debug, Default)]
pub struct RoleTypes {
    types: Arc<[OnceLock<&'static Vocabulary>; Self::MOST]>,
    data: Option<Table>,
}

impl RoleTypes {
    /// So many types of roles in one application.
    pub const MOST: usize = 16;

    /// Adds one, if it is not there; `false` if there are too many.
    pub fn add(&self, roles: &'static Vocabulary) -> bool {
        self.types.iter().any(|slot| slot.get_or_init(|| roles).is(roles))
    }

    /// Those that were added so far.
    pub fn iter(&self) -> impl Iterator<Item = &'static Vocabulary> + '_ {
        self.types.iter().map_while(OnceLock::get).copied()
    }

    /// Adds grants that are data.
    #[must_use]
    pub fn with_grants<R: RoleSet, P: PermissionSet>(self, grants: &Grants<R, P>) -> Self {
        Self { data: Some(grants.table().clone()), ..self }
    }

    /// How often the grants that are data were replaced.
    pub(crate) fn changes(&self) -> u64 {
        self.data.as_ref().map_or(0, Table::changes)
    }

    /// The version of the grants that are data.
    pub fn version(&self) -> Option<String> {
        self.data.as_ref()?.version()
    }

    /// Whether somebody could hold the name, were they given roles: it is a role, or some role grants it.
    pub(crate) fn could_hold(&self, name: Name) -> bool {
        name.vocabulary.kind == NameKind::Role
            || self
                .iter()
                .any(|roles| (roles.names.iter().zip(0..)).any(|(_, role)| self.could_grant(roles, role, name)))
    }

    /// Whether the role at `index` could grant the name, as declared or by data.
    pub(super) fn could_grant(&self, roles: &'static Vocabulary, index: u16, name: Name) -> bool {
        let data = self.data.as_ref().filter(|data| data.roles().is(roles));
        let declared = roles.grants.get(usize::from(index)).copied().unwrap_or_default();
        data.is_some_and(|data| data.could_grant(name.vocabulary))
            || declared
                .iter()
                .any(|granted| granted.vocabulary.is(name.vocabulary) && implies(name.vocabulary, granted.text, name))
    }

    /// What the role at `index` grants, as declared and as data says now.
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
