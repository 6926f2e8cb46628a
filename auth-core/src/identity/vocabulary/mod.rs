//! Names of roles, permissions and scopes: which there are, which implies which, and what a role grants.
//!
//! A vocabulary is a `static` that a derive makes. Its address is its identity at run time; to tokens and to people
//! the names are. The derive closes hierarchies over, so that a request only tests bits.

mod check;
pub mod open;
mod name_index;

pub(crate) use self::check::{Text, same};
pub use self::check::{check_name, check_negated};
pub use self::name_index::{NameIndex, first, next};

/// What a vocabulary names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NameKind {
    /// Roles (RBAC).
    Role,
    /// Permissions.
    Permission,
    /// OAuth 2.0 scopes (RFC 6749 §3.3).
    Scope,
}

impl NameKind {
    /// The word for messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Permission => "permission",
            Self::Scope => "scope",
        }
    }
}

/// The names of one kind that one type declares. Made by `#[derive(Role)]` and its like.
#[derive(Debug)]
pub struct Vocabulary {
    /// What it names.
    pub kind: NameKind,
    /// The type that declares it, for messages.
    pub declared_in: &'static str,
    /// The module of that type, for messages about two of one name.
    pub module: &'static str,
    /// Whether any name belongs to it: see [`open`].
    pub open: bool,
    /// The names, by index.
    pub names: &'static [&'static str],
    /// The variants, by index.
    pub variants: &'static [&'static str],
    /// Names and aliases, as tokens spell them.
    pub name_index: NameIndex,
    /// By index: the bits of all that a name implies, itself included.
    pub closure: &'static [&'static [u64]],
    /// By index: what a name, or one that it implies, grants in other vocabularies.
    pub grants: &'static [&'static [Name]],
}

/// One name of a vocabulary.
#[derive(Clone, Copy, Debug)]
pub struct Name {
    /// Where it is declared.
    pub vocabulary: &'static Vocabulary,
    /// Which of its names it is; unused where the vocabulary is open.
    pub index: u16,
    /// The name as tokens spell it.
    pub text: &'static str,
}

impl Name {
    /// The same, and the vocabulary of the other name says so too.
    pub const fn is_stronger_than(self, other: Self) -> bool {
        let same_kind = self.vocabulary.kind as u8 == other.vocabulary.kind as u8;
        self.implies(other) && (!same_kind || other.vocabulary.name(self.text).implies(other))
    }

    /// Whether whoever holds this one holds the other, in a const: by the hierarchy, and by what roles grant.
    #[allow(clippy::indexing_slicing, reason = "const; the tables are parallel, and the index is bounded by the loop")]
    pub const fn implies(self, other: Self) -> bool {
        let (own, others) = (self.vocabulary, other.vocabulary);
        // What is declared nowhere was told, and nothing follows from it.
        if !own.open && self.index == NO_INDEX {
            return false;
        }
        let is_kind = own.kind as u8 == others.kind as u8;
        // Whether the vocabularies are one is asked last: it takes longest.
        if is_kind && same(self.text, other.text) && own.reads_as(others) {
            return true;
        }
        let index = self.index as usize;
        if own.open || others.open || index >= own.closure.len() || other.index as usize >= others.names.len() {
            return false;
        }
        if is_kind {
            let word = other.index as usize / 64;
            return word < own.closure[index].len()
                && own.closure[index][word] >> (other.index % 64) & 1 == 1
                && own.reads_as(others);
        }
        let (granted, mut at) = (own.grants[index], 0);
        while at < granted.len() {
            if granted[at].implies(other) {
                return true;
            }
            at += 1;
        }
        false
    }
}

/// The index of no name.
pub const NO_INDEX: u16 = u16::MAX;

impl Vocabulary {
    /// The names of two types, with their modules where the names are equal.
    pub fn names_of_types(&self, other: &Self) -> (String, String) {
        let named = |one: &Self| match self.declared_in == other.declared_in {
            true => format!("{}::{}", one.module, one.declared_in),
            false => one.declared_in.to_owned(),
        };
        (named(self), named(other))
    }

    /// Whether the two are of one type, in a const: a const cannot compare addresses, and compares the types' paths.
    pub(crate) const fn is_of(&self, other: &Self) -> bool {
        same(self.module, other.module) && same(self.declared_in, other.declared_in)
    }

    /// The name that `text` spells, in a const: a declared name, not an alias. An undeclared one gets an index that
    /// nobody holds; [`check_name`] is what reports it.
    pub const fn name(&'static self, text: &'static str) -> Name {
        Name { vocabulary: self, index: if self.open { NO_INDEX } else { check::position(self.names, text) }, text }
    }

    /// The name of the variant that is name_index so, in a const.
    #[allow(
        clippy::indexing_slicing,
        reason = "const; the index is the position of an element, the tables are parallel"
    )]
    pub const fn variant(&'static self, variant: &str) -> Name {
        let index = check::position(self.variants, variant);
        Name { vocabulary: self, index, text: if index == NO_INDEX { "" } else { self.names[index as usize] } }
    }

    /// Whether the two declare the same names, and the same of each: a const cannot compare addresses.
    #[allow(clippy::indexing_slicing, reason = "const; the index is bounded by the loop, and the tables are parallel")]
    const fn reads_as(&self, other: &Self) -> bool {
        let mut index = 0;
        while self.names.len() == other.names.len()
            && index < self.names.len()
            && same(self.names[index], other.names[index])
            && same_words(self.closure[index], other.closure[index])
            && same_names(self.grants[index], other.grants[index])
        {
            index += 1;
        }
        index == self.names.len() && index == other.names.len() && self.open == other.open
    }

    /// The index of a name or an alias that a credential carries.
    pub fn index_of(&self, text: &str) -> Option<u16> {
        self.name_index.find(text)
    }

    /// Whether tokens may carry the name: it is declared, or an alias.
    pub fn declares(&self, name: &str) -> bool {
        self.open || self.index_of(name).is_some()
    }

    /// The declared name that is most like this one, if one is.
    pub fn nearest(&self, name: &str) -> Option<&'static str> {
        self.names.get(usize::from(check::nearest(self.names, name))).copied()
    }

    /// Whether the two are one: by address, as each is a `static`.
    pub fn is(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

#[allow(clippy::indexing_slicing, reason = "const; the index is bounded by the loop")]
const fn same_words(one: &[u64], other: &[u64]) -> bool {
    let mut index = 0;
    while index < one.len() && index < other.len() && one[index] == other[index] {
        index += 1;
    }
    index == one.len() && index == other.len()
}

#[allow(clippy::indexing_slicing, reason = "const; the index is bounded by the loop")]
const fn same_names(one: &[Name], other: &[Name]) -> bool {
    let mut index = 0;
    while index < one.len() && index < other.len() && same(one[index].text, other[index].text) {
        index += 1;
    }
    index == one.len() && index == other.len()
}

/// A type that declares names. Derived, never written by hand.
pub trait Declares: Sized {
    /// Its names.
    const VOCABULARY: &'static Vocabulary;
    /// Which one this value is.
    fn index(&self) -> u16;
    /// How tokens spell this value.
    fn as_str(&self) -> &str;
}

/// A type whose values are roles: `#[derive(Role)]`, or [`open::Role`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` declares no roles",
    label = "not a role type",
    note = "write `#[derive(auth_actix::Role)]` on the enum of your roles"
)]
pub trait RoleSet: Declares {}

/// A type whose values are permissions: `#[derive(Permission)]`, or [`open::Permission`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` declares no permissions",
    label = "not a permission type",
    note = "write `#[derive(auth_actix::Permission)]` on the enum of your permissions"
)]
pub trait PermissionSet: Declares {}

/// A type whose values are OAuth 2.0 scopes: `#[derive(TokenScope)]`, or [`open::TokenScope`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` declares no scopes",
    label = "not a scope type",
    note = "write `#[derive(auth_actix::TokenScope)]` on the enum of your scopes"
)]
pub trait ScopeSet: Declares {}

/// Text that names nothing that the type declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownName(NameKind);

impl UnknownName {
    /// Of this kind.
    pub const fn new(kind: NameKind) -> Self {
        Self(kind)
    }
}

impl std::fmt::Display for UnknownName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no {} has this name", self.0.word())
    }
}

impl std::error::Error for UnknownName {}

/// A set of names of one vocabulary. Up to 128 names need no allocation.
#[derive(Clone, Debug)]
pub enum Bits {
    /// For vocabularies of up to 128 names.
    Small([u64; 2]),
    /// For larger ones.
    Large(Box<[u64]>),
}

impl Bits {
    /// The empty set of names of `vocabulary`.
    pub fn none_of(vocabulary: &Vocabulary) -> Self {
        if vocabulary.names.len() <= 128 {
            Self::Small([0; 2])
        } else {
            Self::Large(vec![0; vocabulary.names.len().div_ceil(64)].into())
        }
    }

    /// Adds the name at `index` and all that it implies.
    pub fn add(&mut self, vocabulary: &Vocabulary, index: u16) {
        let words: &mut [u64] = match self {
            Self::Small(words) => words,
            Self::Large(words) => words,
        };
        for (word, implied) in
            words.iter_mut().zip(vocabulary.closure.get(usize::from(index)).into_iter().copied().flatten())
        {
            *word |= implied;
        }
    }

    /// Whether the name at `index` is in the set.
    pub fn contains(&self, index: u16) -> bool {
        let words: &[u64] = match self {
            Self::Small(words) => words,
            Self::Large(words) => words,
        };
        words.get(usize::from(index / 64)).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// The indices in the set, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        let words: &[u64] = match self {
            Self::Small(words) => words,
            Self::Large(words) => words,
        };
        let count = u16::try_from(words.len() * 64).unwrap_or(NO_INDEX);
        (0..count).filter(|index| self.contains(*index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static ROLES: Vocabulary = Vocabulary {
        kind: NameKind::Role,
        declared_in: "Role",
        module: "app",
        open: false,
        names: &["admin", "editor", "viewer"],
        variants: &["Admin", "Editor", "Viewer"],
        name_index: NameIndex::few(&[("admin", 0), ("editor", 1), ("redactor", 1), ("viewer", 2)]),
        closure: &[&[0b111], &[0b110], &[0b100]],
        grants: &[&[], &[], &[]],
    };

    #[test]
    fn names_and_aliases_of_tokens_are_found_whole() {
        let table = [
            ("admin", Some(0)),
            ("redactor", Some(1)),
            ("viewer", Some(2)),
            ("Admin", None),
            ("admi", None),
            ("", None),
        ];
        for (text, index) in table {
            assert_eq!(ROLES.index_of(text), index, "{text}");
        }
    }

    #[test]
    fn in_rules_an_alias_and_an_unknown_name_are_held_by_nobody() {
        assert_eq!(ROLES.name("editor").index, 1);
        assert_eq!(ROLES.name("redactor").index, NO_INDEX);
        assert_eq!(ROLES.variant("Viewer").text, "viewer");
        assert!(!Bits::none_of(&ROLES).contains(NO_INDEX));
    }

    #[test]
    fn a_held_name_brings_what_it_implies() {
        let mut bits = Bits::none_of(&ROLES);
        bits.add(&ROLES, 1);
        assert_eq!(bits.iter().collect::<Vec<_>>(), [1, 2]);
        bits.add(&ROLES, NO_INDEX);
        assert!(!bits.contains(0) && bits.contains(1) && bits.contains(2) && !bits.contains(700));
    }
}
