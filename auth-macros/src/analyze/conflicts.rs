//! Mistakes in the combination of a handler's attributes.

use quote::ToTokens as _;

use super::implicants;
use super::model::{Atom, Formula, Literal, Name, Network};
use crate::diagnostics::Diagnostics;
use crate::grammar::Attribute;
use crate::parse::Words;

/// Reports duplicate attributes, and `#[public]` beside a rule about the caller. Returns whether an attribute is repeated.
pub(crate) fn check_attributes(
    attributes: &[Words],
    formulas: &[Option<Formula>],
    diagnostics: &mut Diagnostics,
) -> bool {
    let mut is_repeated = false;
    for (position, words) in attributes.iter().enumerate() {
        let earlier = attributes.get(..position).unwrap_or_default();
        if earlier.iter().any(|other| other.attribute == words.attribute && other.text == words.text) {
            let wrong = format!("`#[{}]` is repeated with the same arguments", words.attribute.word());
            diagnostics.note_at(words.span, wrong, "delete one of the two");
            is_repeated = true;
        }
    }
    let about_caller = formulas.iter().flatten().any(Formula::requires_caller);
    let public = attributes.iter().find(|words| words.attribute == Attribute::Public);
    if let Some(public) = public.filter(|_| about_caller) {
        let wrong = "`#[public]` admits anyone, and another attribute requires a caller";
        diagnostics.note_at(public.span, wrong, "delete one of the two");
    }
    is_repeated
}

/// Reports a rule without a requirement on the caller, such as one that restricts only addresses. It would admit anonymous
/// callers, which must be stated explicitly.
pub(crate) fn check_anonymous(attributes: &[Words], formula: &Formula, diagnostics: &mut Diagnostics) {
    let public = attributes.iter().any(|words| words.attribute == Attribute::Public);
    if public || formula.is_about_caller() {
        return;
    }
    if let Some(first) = attributes.first() {
        let wrong = "this rule does not state whether anonymous callers are admitted";
        diagnostics.note_at(first.span, wrong, "write `#[public]` or `#[require_auth]` beside it");
    }
}

/// The reason why no request satisfies an implicant, and the help.
struct Contradiction<'a> {
    at: &'a Literal,
    wrong: String,
    help: &'static str,
}

/// Reports a rule that no request can satisfy.
pub(crate) fn check_contradictions(formula: &Formula, diagnostics: &mut Diagnostics) {
    let Some(implicants) = implicants::implicants(formula) else { return };
    let literals = formula.literals();
    let literal = |index: &u16| literals.get(usize::from(*index)).copied();
    let implicants: Vec<Vec<&Literal>> =
        implicants.iter().map(|implicant| implicant.iter().filter_map(literal).collect()).collect();
    let contradictions: Vec<_> = implicants.iter().map(|implicant| contradiction(implicant)).collect();
    if contradictions.iter().all(Option::is_some)
        && let Some(Some(Contradiction { at, wrong, help })) = contradictions.first()
    {
        diagnostics.note(&at.at, format!("no caller can pass: {wrong}"), *help);
    }
}

/// Returns the first literal that contradicts those before it.
fn contradiction<'a>(implicant: &[&'a Literal]) -> Option<Contradiction<'a>> {
    implicant.iter().enumerate().find_map(|(position, literal)| {
        let earlier = implicant.get(..position).unwrap_or_default();
        let (wrong, help) = earlier
            .iter()
            .find_map(|other| mutual_exclusion(other, literal))
            .or_else(|| empty_intersection(implicant.get(..=position).unwrap_or_default()))?;
        Some(Contradiction { at: literal, wrong, help })
    })
}

const ONE_OF_TWO: &str = "delete one of the two";

/// Returns the reason why no request satisfies both literals.
fn mutual_exclusion(a: &Literal, b: &Literal) -> Option<(String, &'static str)> {
    if a.negated != b.negated && a.atom.text() == b.atom.text() {
        return Some((format!("the rule requires `{}` and its absence", b.atom.text()), ONE_OF_TWO));
    }
    let either = "write `||` between the two, or delete one";
    match (&a.atom, &b.atom) {
        _ if a.negated || b.negated => None,
        (Atom::Text(_, shape, one), Atom::Text(_, other_shape, other)) if shape == other_shape && one != other => {
            let sentence = shape.exclusive?;
            Some((format!("{sentence}, and the rule requires \"{one}\" and \"{other}\""), either))
        }
        (one, other) if are_of_two_credentials(one, other) => {
            let (one, other) = (a.atom.text(), b.atom.text());
            Some((
                format!("a request is decided by one credential, and the rule requires `{one}` and `{other}`"),
                either,
            ))
        }
        _ => None,
    }
}

/// Returns whether the atoms require different schemes, or different kinds of credentials. Const code compares names of which one is
/// a variant.
fn are_of_two_credentials(one: &Atom, other: &Atom) -> bool {
    let path = |of: &syn::Path| of.to_token_stream().to_string();
    match (one, other) {
        (Atom::Scheme(one), Atom::Scheme(other)) => one.value() != other.value(),
        // The schemes of the application have no word, and own tokens are API keys.
        (Atom::Scheme(scheme), credential) | (credential, Atom::Scheme(scheme)) => {
            credential.credential().is_some() && scheme.value() != "api-key"
        }
        _ => match (one.credential(), other.credential()) {
            (Some(Name::Text(one)), Some(Name::Text(other))) => one.value() != other.value(),
            (Some(Name::Variant(one, variant)), Some(Name::Variant(other, other_variant))) => {
                path(one) == path(other) && variant != other_variant
            }
            _ => false,
        },
    }
}

/// Returns the reason why no address satisfies all literals.
fn empty_intersection(implicant: &[&Literal]) -> Option<(String, &'static str)> {
    const LISTS: &str = "write one list, or delete one of them";
    let atoms =
        |negated| implicant.iter().filter(move |literal| literal.negated == negated).map(|literal| &literal.atom);
    let of_countries = |negated| {
        atoms(negated).filter_map(|atom| match atom {
            Atom::Countries(codes) => Some(codes.iter().map(syn::LitStr::value).collect::<Vec<_>>()),
            _ => None,
        })
    };
    let left = of_countries(false).reduce(|left, more| left.into_iter().filter(|code| more.contains(code)).collect());
    if let Some(left) = left {
        if left.is_empty() {
            return Some(("the required lists of countries have no country in common".to_owned(), LISTS));
        }
        if left.iter().all(|code| of_countries(true).any(|denied| denied.contains(code))) {
            return Some(("every required country is also denied".to_owned(), LISTS));
        }
    }
    let of_networks = |negated| {
        atoms(negated).filter_map(|atom| match atom {
            Atom::Networks(networks) => Some(networks.clone()),
            _ => None,
        })
    };
    let intersection = |a: &Network, b: &Network| b.contains(a).then_some(*a).or_else(|| a.contains(b).then_some(*b));
    let left = of_networks(false).reduce(|left, more| {
        left.iter().flat_map(|one| more.iter().filter_map(|other| intersection(one, other))).collect()
    })?;
    if left.is_empty() {
        return Some(("the required networks have no address in common".to_owned(), LISTS));
    }
    let is_denied = |one: &Network| of_networks(true).any(|denied| denied.iter().any(|denied| denied.contains(one)));
    let all_denied = left.iter().all(is_denied);
    all_denied.then(|| ("every required network is also denied".to_owned(), LISTS))
}
