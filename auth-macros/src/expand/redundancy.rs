//! Comparisons of the parts of a rule, which only the compiler can make: it alone knows what a name implies.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

use super::paths::{Root, respan};
use crate::analyze::{Checked, Ways};

fn ways(ways: &Ways) -> TokenStream {
    let ways = ways.iter().map(|way| quote!(&[#(#way),*]));
    quote!(&[#(#ways),*])
}

/// Consts that do not compile where a part of the rule can be left out, or nobody can pass. `formula` is the rule's, as a
/// reference; one const for each place where parts are joined, as each is its own mistake.
pub(super) fn checks(checked: &Checked, formula: &TokenStream, conditions: &TokenStream, root: &Root) -> TokenStream {
    // By one span wherever they stand: `macro_rules!` keeps variables of different places apart.
    let [known, listed] = ["__formula", "__parts"].map(|name| syn::Ident::new(name, Span::mixed_site()));
    let nodes = checked.nodes.iter().map(|node| {
        let (part, check) = (root.private(quote!(Part)), if node.any { quote!(check_any) } else { quote!(check_all) });
        let parts = node.parts.iter().map(|one| {
            let (ways, text) = (ways(&one.ways), &one.text);
            quote!(#part { ways: #ways, text: #text })
        });
        // Told at the last part.
        let possible = node.impossible.as_ref().zip(node.parts.last()).map(|(all, last)| {
            let (at, all) = (last.at, ways(all));
            let check = respan(root.private(quote!(check_possible)), at);
            quote_spanned!(at=> #check(#known, #all);)
        });
        let compared: Vec<_> = node.parts.iter().enumerate().filter(|(_, part)| part.compared).collect();
        let parts = (!compared.is_empty()).then(|| quote!(let #listed: &[#part] = &[#(#parts),*];));
        let calls = compared.into_iter().map(|(index, one)| {
            let at = one.at;
            let check = respan(root.private(check.clone()), at);
            let others = (!node.any).then(|| ways(&one.others)).map(|others| quote!(, #others));
            quote_spanned!(at=> #check(#known, #listed, #index #others);)
        });
        let formula_type = root.private(quote!(Formula));
        quote! {
            #conditions
            const _: () = {
                let #known: &#formula_type = #formula;
                #parts
                #possible
                #(#calls)*
            };
        }
    });
    nodes.collect()
}
