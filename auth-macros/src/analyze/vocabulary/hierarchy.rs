//! The hierarchy of a vocabulary: mistakes, and the transitive closure.

use syn::Ident;

use super::variant::Variant;
use crate::diagnostics::{Diagnostics, did_you_mean};
use crate::grammar::Kind;

/// Returns whether a bit of the row is set.
pub(super) fn is_set(row: &[u64], index: usize) -> bool {
    row.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
}

/// Reports variants with the same name or alias.
pub(super) fn check_names(kind: Kind, variants: &[Variant], diagnostics: &mut Diagnostics) {
    let mut seen: Vec<(&str, &Ident)> = Vec::new();
    for variant in variants {
        for (name, at) in &variant.at {
            match seen.iter().find(|(other, _)| other == name) {
                Some((_, owner)) if *owner == &variant.ident => {
                    diagnostics.note_at(*at, format!("\"{name}\" is already the name of `{owner}`"), "delete it");
                }
                Some((_, owner)) => {
                    let wrong = format!("two {}s are named \"{name}\": `{owner}` and `{}`", kind.word(), variant.ident);
                    diagnostics.note_at(*at, wrong, "give one of them another name");
                }
                None => seen.push((name, &variant.ident)),
            }
        }
    }
}

/// Returns, for each variant, the indices of those that it implies directly.
pub(super) fn implied_indices(variants: &[Variant], diagnostics: &mut Diagnostics) -> Option<Vec<Vec<usize>>> {
    let names: Vec<_> = variants.iter().map(|variant| variant.ident.to_string()).collect();
    let all: Vec<_> = variants
        .iter()
        .map(|variant| {
            let indices = variant.implies.iter().map(|name| {
                let index = names.iter().position(|other| name == other);
                index.or_else(|| {
                    let near = did_you_mean(&name.to_string(), names.iter().map(String::as_str));
                    diagnostics.report(
                        name,
                        format!("`{name}` is not a variant of this enum{near}"),
                        format!("write one of {}", names.join(", ")),
                    )
                })
            });
            indices.collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>()
        })
        .collect();
    all.into_iter().collect()
}

/// Reports the first cycle.
pub(super) fn check_cycles(variants: &[Variant], implied: &[Vec<usize>], diagnostics: &mut Diagnostics) -> Option<()> {
    for (start, variant) in variants.iter().enumerate() {
        let (mut trail, mut seen) = (vec![start], vec![false; implied.len()]);
        if let Some(circle) = find_cycle(start, implied, &mut trail, &mut seen) {
            let names: Vec<_> = circle
                .iter()
                .chain([&start])
                .filter_map(|index| variants.get(*index))
                .map(|one| one.ident.to_string())
                .collect();
            let wrong = format!("`implies` is cyclic: {}", names.join(" → "));
            return diagnostics.report(variant.implies.first(), wrong, "delete one of these");
        }
    }
    Some(())
}

/// Returns the variants of a cycle through `start`. Each variant is visited once.
fn find_cycle(start: usize, implied: &[Vec<usize>], trail: &mut Vec<usize>, seen: &mut [bool]) -> Option<Vec<usize>> {
    let last = *trail.last()?;
    for next in implied.get(last)? {
        if *next == start {
            return Some(trail.clone());
        }
        let entered = seen.get_mut(*next)?;
        if !std::mem::replace(entered, true) {
            trail.push(*next);
            if let Some(found) = find_cycle(start, implied, trail, seen) {
                return Some(found);
            }
            trail.pop();
        }
    }
    None
}

/// Returns the transitive closure as rows of bits. The implications contain no cycle.
pub(super) fn transitive_closure(implied: &[Vec<usize>]) -> Vec<Vec<u64>> {
    fn add(index: usize, implied: &[Vec<usize>], row: &mut [u64]) {
        if is_set(row, index) {
            return;
        }
        if let Some(word) = row.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
        for next in implied.get(index).into_iter().flatten() {
            add(*next, implied, row);
        }
    }
    let words = implied.len().div_ceil(64);
    let rows = (0..implied.len()).map(|index| {
        let mut row = vec![0; words];
        add(index, implied, &mut row);
        row
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn implications_are_transitive() {
        assert_eq!(transitive_closure(&[vec![1], vec![2], vec![], vec![1]]), [[0b0111], [0b0110], [0b0100], [0b1110]]);
    }
}
