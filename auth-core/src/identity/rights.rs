//! Rights: the roles, permissions and scopes that a source grants.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::issuer::{Confers, RoleTypes, implies};
use super::vocabulary::{Bits, Name, NameKind, Vocabulary};

/// All names of a kind, for [`Rights`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct All;

/// The names of one kind in [`Rights`]: [`All`], or an iterator over texts or values of a vocabulary. Sealed.
pub trait IntoNames: sealed::IntoNames {}

impl<N: sealed::IntoNames> IntoNames for N {}

mod sealed {
    use super::{All, Answer};

    pub trait IntoNames {
        fn into_names(self) -> Answer;
    }

    impl IntoNames for All {
        fn into_names(self) -> Answer {
            Answer::All
        }
    }

    impl<N: IntoIterator<Item: AsRef<str>>> IntoNames for N {
        fn into_names(self) -> Answer {
            self.into_iter().map(|name| name.as_ref().to_owned()).collect()
        }
    }
}

/// Roles, permissions and scopes, such as the answer of a rights provider.
///
/// A kind that was never set is *silent*: neither the presence nor the absence of its names is known. An empty list states that
/// there are none.
///
/// ```
/// use auth_actix::identity::{All, Rights};
/// let editor = Rights::new().roles(["editor"]).permissions(["posts:publish"]);
/// let nobody = Rights::new().roles([""; 0]);
/// assert_ne!(nobody, Rights::new());
/// assert_eq!(Rights::everything(), Rights::new().roles(All).permissions(All).scopes(All));
/// ```
///
/// Values of a vocabulary are names as well, also those of an `Option`.
///
/// ```
/// use auth_actix::Role;
/// use auth_actix::identity::Rights;
/// #[derive(Role)]
/// enum Role { Editor }
/// struct Member { role: Option<Role> }
/// let member = Member { role: Some(Role::Editor) };
/// assert_eq!(Rights::new().roles(member.role.iter()), Rights::new().roles(["editor"]));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Rights {
    roles: Answer,
    permissions: Answer,
    scopes: Answer,
}

/// The names of one kind that a source grants.
#[doc(hidden)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Answer {
    /// The source makes no statement about this kind.
    #[default]
    Silent,
    /// These names, and no others.
    Names(Arc<BTreeSet<String>>),
    /// Every name.
    All,
}

/// A name of a vocabulary, whose text may be known only at run time.
#[derive(Clone, Copy)]
pub(crate) struct NameRef<'a> {
    pub(crate) vocabulary: &'static Vocabulary,
    pub(crate) index: u16,
    pub(crate) text: &'a str,
}

impl NameRef<'_> {
    /// Returns whether a holder of `held` also holds this name.
    fn is_implied_by(self, held: &str) -> bool {
        let Self { vocabulary, index, text } = self;
        if vocabulary.open { held == text } else { implies(vocabulary, held, Name { vocabulary, index, text: "" }) }
    }
}

impl From<Name> for NameRef<'static> {
    fn from(Name { vocabulary, index, text }: Name) -> Self {
        Self { vocabulary, index, text }
    }
}

impl FromIterator<String> for Answer {
    fn from_iter<I: IntoIterator<Item = String>>(names: I) -> Self {
        Self::Names(Arc::new(names.into_iter().collect()))
    }
}

impl Rights {
    /// Creates rights that are silent about every kind.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates rights that contain every role, permission and scope.
    pub fn everything() -> Self {
        Self { roles: Answer::All, permissions: Answer::All, scopes: Answer::All }
    }

    /// Sets the roles, with everything that they imply and grant.
    pub fn roles(self, names: impl IntoNames) -> Self {
        Self { roles: names.into_names(), ..self }
    }

    /// Sets the permissions, in addition to those that the roles grant.
    pub fn permissions(self, names: impl IntoNames) -> Self {
        Self { permissions: names.into_names(), ..self }
    }

    /// Sets the OAuth 2.0 scopes.
    pub fn scopes(self, names: impl IntoNames) -> Self {
        Self { scopes: names.into_names(), ..self }
    }

    /// Returns whether the rights contain every name of every kind.
    pub(crate) fn is_everything(&self) -> bool {
        [&self.roles, &self.permissions, &self.scopes].into_iter().all(|answer| *answer == Answer::All)
    }

    /// Returns the limits of an issuer that may confer these rights, and no claims.
    pub(crate) fn to_confers(&self) -> Confers {
        let names = |answer: &'_ Answer| match answer {
            Answer::Silent => Some(Vec::new()),
            Answer::Names(names) => Some(names.iter().cloned().collect()),
            Answer::All => None,
        };
        Confers::of_names([&self.roles, &self.permissions, &self.scopes].map(names))
    }

    /// Returns the part of these rights that an issuer may confer.
    pub(crate) fn within(self, confers: &Confers) -> Self {
        let within = |kind, answer: Answer| match answer {
            Answer::All if confers.allows_all(kind) => Answer::All,
            Answer::All => confers.listed(kind).map(str::to_owned).collect(),
            Answer::Names(names) if confers.allows_all(kind) => Answer::Names(names),
            Answer::Names(names) => names.iter().filter(|name| confers.allows(kind, name)).cloned().collect(),
            Answer::Silent => Answer::Silent,
        };
        Self {
            roles: within(NameKind::Role, self.roles),
            permissions: within(NameKind::Permission, self.permissions),
            scopes: within(NameKind::Scope, self.scopes),
        }
    }

    /// Returns whether no kind has a name.
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty() && self.permissions.is_empty() && self.scopes.is_empty()
    }

    pub(crate) fn of(&self, kind: NameKind) -> &Answer {
        match kind {
            NameKind::Role => &self.roles,
            NameKind::Permission => &self.permissions,
            NameKind::Scope => &self.scopes,
            // The kind of a credential is not a right.
            NameKind::Credential => &Answer::Silent,
        }
    }

    /// Returns whether the rights contain the name, or a name that implies or grants it.
    pub(crate) fn contain(&self, name: NameRef<'_>, types: &RoleTypes) -> bool {
        let by_itself = match self.of(name.vocabulary.kind) {
            Answer::Silent => false,
            Answer::All => true,
            Answer::Names(names) => names.iter().any(|held| name.is_implied_by(held)),
        };
        by_itself || name.vocabulary.kind == NameKind::Permission && self.grant(name, types)
    }

    /// Returns whether a role grants the permission.
    fn grant(&self, permission: NameRef<'_>, types: &RoleTypes) -> bool {
        let Answer::Names(held) = &self.roles else { return self.roles == Answer::All };
        let mut found = false;
        for roles in types.iter() {
            for index in held.iter().filter_map(|role| roles.index_of(role)) {
                let mut bits = Bits::none_of(roles);
                bits.add(roles, index);
                for index in bits.iter() {
                    types.each_grant(roles, index, &mut |granted| {
                        let is_of_type = granted.vocabulary.is(permission.vocabulary);
                        found |= is_of_type && permission.is_implied_by(granted.text);
                    });
                }
            }
        }
        found
    }

    /// Returns whether the rights prove the absence of a role: they list roles, all listed roles are declared, and none of them
    /// is the role or implies it. A name that no type declares makes the answer incomplete, because it may be the misspelt role.
    pub(crate) fn lack_role(&self, role: Name, types: &RoleTypes) -> bool {
        let Answer::Names(names) = &self.roles else { return false };
        let undeclared = names
            .iter()
            .find(|name| !role.vocabulary.declares(name) && !types.iter().any(|roles| roles.declares(name)));
        if let Some(name) = undeclared {
            let name = crate::runtime::strict_json::quoted(name);
            tracing::debug!(target: "auth_core", name, "an answer has a role that no type declares: it proves no absence");
            return false;
        }
        !names.iter().any(|held| implies(role.vocabulary, held, role))
    }

    /// Returns whether the rights contain a permission, or a role other than `negated`. Undeclared roles are ignored, unless the
    /// application declares no roles because they are data.
    pub(crate) fn has_any_but(&self, negated: &[Name], types: &RoleTypes) -> bool {
        let is_declared = |name: &str| types.iter().next().is_none() || types.iter().any(|roles| roles.declares(name));
        let counts = |name: &String| is_declared(name) && !negated.iter().any(|role| role.text == name);
        match &self.roles {
            Answer::All => true,
            Answer::Names(names) if names.iter().any(counts) => true,
            _ => !self.permissions.is_empty(),
        }
    }
}

impl Answer {
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Silent => true,
            Self::Names(names) => names.is_empty(),
            Self::All => false,
        }
    }
}

/// Lists the names.
impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [("roles", &self.roles), ("permissions", &self.permissions), ("scopes", &self.scopes)];
        if kinds.iter().all(|(_, answer)| **answer == Answer::All) {
            return f.write_str("everything");
        }
        let mut parts = Vec::new();
        for (kind, answer) in kinds {
            match answer {
                Answer::Silent => {}
                Answer::All => parts.push(format!("all {kind}")),
                Answer::Names(names) => {
                    let names: Vec<_> = names.iter().map(|name| format!("{name:?}")).collect();
                    parts.push(format!("{kind} {}", names.join(", ")).trim_end().to_owned());
                }
            }
        }
        f.write_str(&if parts.is_empty() { "nothing".to_owned() } else { parts.join("; ") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::vocabulary::NameIndex;

    static ROLES: Vocabulary = Vocabulary {
        kind: NameKind::Role,
        declared_in: "Role",
        module: "app",
        open: false,
        names: &["admin", "editor", "suspended"],
        variants: &["Admin", "Editor", "Suspended"],
        name_index: NameIndex::few(&[("admin", 0), ("editor", 1), ("suspended", 2)]),
        closure: &[&[0b011], &[0b010], &[0b100]],
        grants: &[&[], &[], &[]],
    };

    #[test]
    fn absence_of_a_role_requires_a_complete_answer() {
        // RIGHTS-1, RIGHTS-2
        let types: RoleTypes = [&ROLES].into();
        let suspended = ROLES.name("suspended");
        #[rustfmt::skip]
        let table = [
            (Rights::new(),                                   false),
            (Rights::new().permissions(["posts:read"]),       false),
            (Rights::new().roles([""; 0]),                    true),
            (Rights::new().roles(["editor"]),                 true),
            (Rights::new().roles(["suspended"]),              false),
            (Rights::new().roles(["editor", "suspnded"]),     false),
            (Rights::new().roles(All),                        false),
            (Rights::everything(),                            false),
        ];
        for (rights, lacks) in table {
            assert_eq!(rights.lack_role(suspended, &types), lacks, "{rights}");
        }
        assert!(
            !Rights::new().roles(["admin"]).lack_role(ROLES.name("editor"), &types),
            "an administrator is an editor"
        );
    }

    #[test]
    fn membership_requires_a_right_that_no_rule_negates() {
        // TENANT-13
        let declared: RoleTypes = [&ROLES].into();
        let negated = [ROLES.name("suspended")];
        let role = |name: &str| Rights::new().roles([name]);
        #[rustfmt::skip]
        let table = [
            // (rights, with declared roles, with roles that are data)
            (Rights::new(),                         false, false),
            (Rights::new().roles([""; 0]),          false, false),
            (role("editor"),                        true,  true),
            (role("suspended"),                     false, false),
            (role("sponsor"),                       false, true),
            (Rights::new().permissions(["a"]),      true,  true),
            (Rights::new().scopes(["a"]),           false, false),
            (Rights::everything(),                  true,  true),
        ];
        for (rights, with_declared, with_data) in table {
            assert_eq!(rights.has_any_but(&negated, &declared), with_declared, "{rights}");
            assert_eq!(rights.has_any_but(&negated, &RoleTypes::default()), with_data, "{rights}");
        }
    }

    #[test]
    fn everything_contains_each_name_and_silence_none() {
        // RIGHTS-10
        let types: RoleTypes = [&ROLES].into();
        let admin = || NameRef::from(ROLES.name("admin"));
        assert!(Rights::everything().contain(admin(), &types) && Rights::new().roles(All).contain(admin(), &types));
        assert!(!Rights::new().contain(admin(), &types) && !Rights::new().permissions(All).contain(admin(), &types));
        assert!(Rights::new().roles(["admin"]).contain(ROLES.name("editor").into(), &types));
        let shown = [Rights::new(), Rights::everything(), Rights::new().roles(["b", "a"]).scopes(All)];
        assert_eq!(shown.map(|rights| rights.to_string()), ["nothing", "everything", r#"roles "a", "b"; all scopes"#]);
    }
}
