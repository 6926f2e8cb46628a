//! Comparisons of the parts of a rule, which only the compiler can make: it alone knows what a name implies.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::paths::Root;
use super::rule::respan;
use crate::analyse::{Checked, Node, Ways};

fn ways(ways: &Ways) -> TokenStream {
    let ways = ways.iter().map(|way| quote!(&[#(#way),*]));
    quote!(&[#(#ways),*])
}

/// Consts that do not compile where a part of the rule can be left out, or nobody can pass. `formula` is the rule's, as a
/// reference; one const for each place where parts are joined, as each is its own mistake.
pub(super) fn checks(checked: &Checked, formula: &TokenStream, conditions: &TokenStream, root: &Root) -> TokenStream {
    let nodes = checked.nodes.iter().enumerate().map(|(position, node)| {
        let (part, check) = (root.private(quote!(Part)), if node.any { quote!(check_any) } else { quote!(check_all) });
        let parts = node.parts.iter().map(|one| {
            let (ways, text) = (ways(&one.ways), &one.text);
            quote!(#part { ways: #ways, text: #text })
        });
        let possible = (position == 0).then(|| possible(node, root));
        let compared = node.parts.iter().enumerate().filter(|_| node.compared);
        let calls = compared.map(|(index, one)| {
            let at = one.at;
            let check = respan(root.private(check.clone()), at);
            let others = (!node.any).then(|| ways(&one.others)).map(|others| quote!(, #others));
            quote_spanned!(at=> #check(__FORMULA, __PARTS, #index #others);)
        });
        let (formula_type, possible) = (root.private(quote!(Formula)), possible.unwrap_or_default());
        quote! {
            #conditions
            const _: () = {
                const __FORMULA: &#formula_type = #formula;
                const __PARTS: &[#part] = &[#(#parts),*];
                #possible
                #(#calls)*
            };
        }
    });
    nodes.collect()
}

/// That somebody can pass the whole rule, told at its last part.
fn possible(node: &Node, root: &Root) -> TokenStream {
    let Some(last) = node.parts.last() else { return TokenStream::new() };
    let all: Option<Ways> = if node.any {
        Some(node.parts.iter().flat_map(|part| part.ways.clone()).collect())
    } else {
        crate::analyse::joined(node.parts.iter().map(|part| &part.ways))
    };
    let Some(all) = all else { return TokenStream::new() };
    let (at, all) = (last.at, ways(&all));
    let check = respan(root.private(quote!(check_possible)), at);
    quote_spanned!(at=> #check(__FORMULA, #all);)
}
