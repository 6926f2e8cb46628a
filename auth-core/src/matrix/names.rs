//! The meaning of names: the names that they imply, and the permissions that a role grants.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::identity::vocabulary::Vocabulary;

/// The names of all vocabularies, by kind and name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DeclaredNames(pub BTreeMap<String, BTreeMap<String, DeclaredName>>);

/// The meaning of a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DeclaredName {
    /// Other names that credentials may contain in its place.
    pub aliases: BTreeSet<String>,
    /// All names that it implies, except itself.
    pub implies: BTreeSet<String>,
    /// The permissions that it grants, directly or through the names that it implies.
    pub grants: BTreeSet<String>,
}

impl DeclaredNames {
    /// Adds the names of a vocabulary, and of the vocabularies of the names that it grants. Open vocabularies are skipped.
    pub fn add(&mut self, vocabulary: &'static Vocabulary) {
        if vocabulary.open {
            return;
        }
        let kind = self.0.entry(vocabulary.kind.word().to_owned()).or_default();
        for (index, name) in vocabulary.names.iter().enumerate() {
            let row = vocabulary.closure.get(index).copied().unwrap_or_default();
            let held = |other: usize| row.get(other / 64).is_some_and(|word| word >> (other % 64) & 1 == 1);
            let implied = vocabulary.names.iter().enumerate().filter(|(other, _)| *other != index && held(*other));
            let granted = vocabulary.grants.get(index).copied().unwrap_or_default();
            let aliases =
                vocabulary.name_index.all().iter().filter(|(alias, of)| usize::from(*of) == index && alias != name);
            let word = kind.entry((*name).to_owned()).or_default();
            word.aliases.extend(aliases.map(|(alias, _)| (*alias).to_owned()));
            word.implies.extend(implied.map(|(_, name)| (*name).to_owned()));
            word.grants.extend(granted.iter().map(|name| name.text.to_owned()));
        }
        for granted in vocabulary.grants.iter().copied().flatten() {
            self.add(granted.vocabulary);
        }
    }

    pub(super) fn of(vocabulary: &'static Vocabulary) -> Self {
        let mut words = Self::default();
        words.add(vocabulary);
        words
    }

    /// Returns a name that has different meanings in the two.
    pub(super) fn first_other(&self, other: &Self) -> Option<String> {
        self.0.iter().find_map(|(kind, names)| {
            let others = other.0.get(kind)?;
            names
                .iter()
                .find(|(name, word)| others.get(*name).is_some_and(|other| other != *word))
                .map(|(name, _)| name.clone())
        })
    }

    /// Returns the names whose holders hold this one, each with its kind.
    pub(super) fn holders(&self, kind: &str, name: &str) -> Vec<(String, String)> {
        let implying = |kind: &str, name: &str| -> BTreeSet<String> {
            let of_kind = self.0.get(kind).into_iter().flatten();
            let implying = of_kind.filter(|(_, word)| word.implies.contains(name)).map(|(other, _)| other.clone());
            implying.chain([name.to_owned()]).collect()
        };
        let own = implying(kind, name);
        let roles = self.0.get("role").into_iter().flatten().filter(|_| kind == "permission");
        let granting = roles.filter(|(_, word)| !word.grants.is_disjoint(&own)).map(|(role, _)| role.clone());
        let granting: Vec<_> = granting.map(|role| ("role".to_owned(), role)).collect();
        own.into_iter().map(|name| (kind.to_owned(), name)).chain(granting).collect()
    }
}
