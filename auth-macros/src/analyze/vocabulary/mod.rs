//! Validation of a vocabulary.

mod attribute;
mod settings;
mod case;
mod variant;
mod hierarchy;

use quote::ToTokens as _;
use syn::{Data, DataEnum, DeriveInput, Ident};

pub(super) use self::case::kebab_case;
use self::hierarchy::{check_cycles, check_names, implied_indices, is_set, transitive_closure};
use self::settings::read_settings;
use self::variant::{Variant, read_variant};
use crate::diagnostics::Diagnostics;
use crate::dialect::DIALECT;
use crate::grammar::Kind;

/// A valid vocabulary.
#[derive(Default)]
pub(crate) struct DeclaredVocabulary {
    pub(crate) variants: Vec<Variant>,
    /// For each variant, the bits of those that it implies. A variant implies itself.
    pub(crate) closure: Vec<Vec<u64>>,
    /// For each variant, the permissions that it and those that it implies grant, as type and variant.
    pub(crate) grants: Vec<Vec<(syn::Path, Ident)>>,
    /// The module of the proofs, if there is one.
    pub(crate) proofs: Option<Ident>,
    pub(crate) root: Option<syn::Path>,
}

impl DeclaredVocabulary {
    /// Returns the other variants that the variant at `position` implies.
    pub(crate) fn implied(&self, position: usize) -> impl Iterator<Item = &Variant> {
        let row = self.closure.get(position);
        self.variants
            .iter()
            .enumerate()
            .filter(move |(other, _)| {
                let word = row.and_then(|row| row.get(other / 64)).copied().unwrap_or_default();
                *other != position && word >> (other % 64) & 1 == 1
            })
            .map(|(_, variant)| variant)
    }
}

/// Reports an item that is not an enum, or whose number of variants is invalid.
fn check_enum<'a>(kind: Kind, input: &'a DeriveInput, diagnostics: &mut Diagnostics) -> Option<&'a DataEnum> {
    let (word, derive) = (kind.word(), kind.type_name());
    let example = format!("write an enum: `#[derive({derive})] enum {derive} {{ … }}`");
    let data = match &input.data {
        Data::Enum(data) => data,
        Data::Struct(data) => {
            return diagnostics.report(
                data.struct_token,
                format!("a vocabulary is an enum: a variant for each {word}"),
                example,
            );
        }
        Data::Union(data) => {
            return diagnostics.report(
                data.union_token,
                format!("a vocabulary is an enum: a variant for each {word}"),
                example,
            );
        }
    };
    if let Some(parameter) = input.generics.params.first() {
        return diagnostics.report(parameter, "a vocabulary cannot be generic", "delete them");
    }
    if data.variants.is_empty() {
        let open = match kind {
            Kind::Credential => "name one token source or scheme".to_owned(),
            _ => format!("name one, or accept any: `use {}::open::{derive};`", DIALECT.facade),
        };
        return diagnostics.report(&input.ident, format!("`{}` declares no {word}", input.ident), open);
    }
    let first_too_many = data.variants.iter().nth(Kind::MAX_CREDENTIALS).filter(|_| kind == Kind::Credential);
    if let Some(variant) = first_too_many {
        let wrong = format!("a vocabulary has at most {} credentials", Kind::MAX_CREDENTIALS);
        let help = "give tokens that pass the same rules one source, and delete the variant";
        return diagnostics.report(&variant.ident, wrong, help);
    }
    Some(data)
}

/// Validates the enum.
pub(crate) fn analyze_vocabulary(
    kind: Kind,
    input: &DeriveInput,
    diagnostics: &mut Diagnostics,
) -> Option<DeclaredVocabulary> {
    let data = check_enum(kind, input, diagnostics)?;
    let settings = read_settings(kind, &input.attrs, diagnostics);
    let variants: Vec<_> = data.variants.iter().map(|one| read_variant(kind, one, &settings, diagnostics)).collect();
    let variants = variants.into_iter().collect::<Option<Vec<_>>>()?;
    check_names(kind, &variants, diagnostics);
    let implied = implied_indices(&variants, diagnostics)?;
    check_cycles(&variants, &implied, diagnostics)?;
    let closure = transitive_closure(&implied);
    let grants = closure.iter().map(|row| {
        let mut all: Vec<(syn::Path, Ident)> = Vec::new();
        for (_, variant) in variants.iter().enumerate().filter(|(index, _)| is_set(row, *index)) {
            for grant in &variant.grants {
                let text = |(of, name): &(syn::Path, Ident)| format!("{}::{name}", of.to_token_stream());
                if !all.iter().any(|other| text(other) == text(grant)) {
                    all.push(grant.clone());
                }
            }
        }
        all
    });
    Some(DeclaredVocabulary {
        grants: grants.collect(),
        closure,
        variants,
        proofs: settings.proofs,
        root: settings.root,
    })
}
