//! Const comparisons of the parts of a rule. Only the compiler can make them, as only the vocabulary contains implications.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

use super::paths::Paths;
use crate::analyze::{Checked, Implicants};

fn implicants(implicants: &Implicants) -> TokenStream {
    let implicants = implicants.iter().map(|implicant| quote!(&[#(#implicant),*]));
    quote!(&[#(#implicants),*])
}

/// Returns consts that do not compile if a part of the rule is redundant or the rule is unsatisfiable. `formula` is an expression
/// for a reference to the formula of the rule. Each connective has a const of its own, as each is its own mistake.
pub(super) fn checks(
    checked: &Checked,
    formula: &TokenStream,
    conditions: &TokenStream,
    paths: &Paths<'_>,
) -> TokenStream {
    let Paths { part, formula: formula_type, .. } = paths;
    // Both have one span, because `macro_rules!` distinguishes equal names by their spans.
    let [known, listed] = ["__formula", "__parts"].map(|name| syn::Ident::new(name, Span::mixed_site()));
    let connectives = checked.connectives.iter().map(|connective| {
        let check = if connective.is_any { paths.check_any } else { paths.check_all };
        let parts = connective.parts.iter().map(|one| {
            let (implicants, text) = (implicants(&one.implicants), &one.text);
            quote!(#part { ways: #implicants, text: #text })
        });
        // Reported at the last part.
        let possible = connective.contradictions.as_ref().zip(connective.parts.last()).map(|(all, last)| {
            let (at, all) = (last.at, implicants(all));
            let check = paths.check_possible.respanned(at);
            quote_spanned!(at=> #check(#known, #all);)
        });
        let compared: Vec<_> = connective.parts.iter().enumerate().filter(|(_, part)| part.compared).collect();
        let parts = (!compared.is_empty()).then(|| quote!(let #listed: &[#part] = &[#(#parts),*];));
        let calls = compared.into_iter().map(|(index, one)| {
            let (at, check) = (one.at, check.respanned(one.at));
            let others = (!connective.is_any).then(|| implicants(&one.others)).map(|others| quote!(, #others));
            quote_spanned!(at=> #check(#known, #listed, #index #others);)
        });
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
    connectives.collect()
}
