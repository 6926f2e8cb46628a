//! Checks of the kinds of credentials that rules name, against the configured sources of credentials.

use std::collections::BTreeSet;

use super::super::Engine;
use super::super::request::Adapter;
use super::rule_error::RuleError;
use crate::identity::issuer::Issuer;
use crate::identity::scheme_id::SchemeId;
use crate::identity::vocabulary::Vocabulary;
use crate::policy::atom::{Atom, ByScheme};
use crate::policy::decision::Rules;

/// Returns the mistakes of the vocabularies of credentials that the rules use: names without a source, and sources without a name
/// (TOKEN-10). In open mode, there are no sources, and rules that name kinds of credentials are denied (TOKEN-19).
pub(super) fn vocabularies<H: Adapter>(engine: &Engine<H>, rules: Rules<'_>, place: &str) -> Vec<RuleError> {
    if engine.is_open() {
        return Vec::new();
    }
    let (kinds, shared) = kinds(engine);
    let mut checked: Vec<&'static Vocabulary> = Vec::new();
    let mut mistakes = Vec::new();
    for vocabulary in rules.credentials().map(|kind| kind.vocabulary) {
        if checked.iter().any(|other| other.is(vocabulary)) {
            continue;
        }
        checked.push(vocabulary);
        let (place, declared_in) = (|| place.to_owned(), vocabulary.declared_in);
        let without_source = vocabulary.names.iter().filter(|name| !kinds.contains(*name));
        mistakes.extend(without_source.map(|name| RuleError::CredentialWithoutSource {
            place: place(),
            name,
            declared_in,
            sources: listed(&kinds),
        }));
        let without_name = kinds.iter().filter(|kind| !vocabulary.names.contains(kind));
        mistakes.extend(without_name.map(|kind| RuleError::SourceWithoutCredential {
            place: place(),
            name: (*kind).to_owned(),
            declared_in,
        }));
        let ambiguous = shared.iter().filter(|kind| vocabulary.names.contains(kind));
        mistakes.extend(
            ambiguous.map(|kind| RuleError::CredentialOfTwoSources { place: place(), name: (*kind).to_owned() }),
        );
    }
    mistakes
}

/// Returns an error if a rule names all own tokens by `scheme("api-key")`, and there are several sources of them (TOKEN-9).
pub(super) fn api_keys<H: Adapter>(engine: &Engine<H>, rules: Rules<'_>, place: &str) -> Option<RuleError> {
    let names_them = |atom: &Atom| matches!(atom, Atom::Scheme(ByScheme(SchemeId::ApiKey)));
    if !rules.literals().into_iter().any(|literal| names_them(&literal.atom)) {
        return None;
    }
    let own = engine.sources().iter().filter(|source| source.scheme.is_of_own_tokens());
    let names: BTreeSet<&str> = own.map(|source| source.credential_kind().unwrap_or(&source.issuer)).collect();
    (names.len() > 1).then(|| RuleError::ApiKeyOfSeveralSources { place: place.to_owned(), sources: listed(&names) })
}

/// Returns the names of the sources of own tokens and of the schemes of the application, and the names that both have.
fn kinds<H: Adapter>(engine: &Engine<H>) -> (BTreeSet<&str>, BTreeSet<&str>) {
    let of = |is_of_own_tokens: bool| -> BTreeSet<&str> {
        let sources = engine.sources().iter().filter(|source| source.scheme.is_of_own_tokens() == is_of_own_tokens);
        sources.filter_map(|source: &std::sync::Arc<Issuer>| source.credential_kind()).collect()
    };
    let (tokens, schemes) = (of(true), of(false));
    (&tokens | &schemes, &tokens & &schemes)
}

/// Returns the names as a list within quotes, for messages.
fn listed(names: &BTreeSet<&str>) -> String {
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", "),
    }
}
