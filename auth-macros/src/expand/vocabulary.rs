//! The vocabulary that a derive makes: a `static` with names, aliases, and hierarchies closed over.

use proc_macro2::{Span, TokenStream};
use quote::quote;

use super::paths::Root;
use crate::analyze::{Declared, declared};
use crate::diagnostics::Diagnostics;
use crate::grammar::Kind;

/// `#[derive(Role)]` and its like.
pub(crate) fn derive(kind: Kind, item: TokenStream) -> TokenStream {
    let input: syn::DeriveInput = match syn::parse2(item) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let mut diagnostics = Diagnostics::default();
    let declared = declared(kind, &input, &mut diagnostics);
    match (diagnostics.settle(), declared) {
        (None, Some(declared)) => {
            let (vocabulary, proofs) = (vocabulary(kind, &input.ident, &declared), proofs(kind, &input, &declared));
            quote!(#vocabulary #proofs)
        }
        (mistakes, _) => {
            // Without these, each use of the type would complain as well.
            let nothing = vocabulary(kind, &input.ident, &Declared::default());
            if input.generics.params.is_empty() { quote!(#mistakes #nothing) } else { quote!(#mistakes) }
        }
    }
}

fn vocabulary(kind: Kind, name: &syn::Ident, declared: &Declared) -> TokenStream {
    let root = Root::first_of([&declared.root].into_iter());
    let private = |tokens: TokenStream| root.private(tokens);
    let (vocabulary, declares) = (private(quote!(Vocabulary)), private(quote!(Declares)));
    let (set, word) = match kind {
        Kind::Role => (private(quote!(RoleSet)), quote!(Role)),
        Kind::Permission => (private(quote!(PermissionSet)), quote!(Permission)),
        Kind::Scope => (private(quote!(ScopeSet)), quote!(Scope)),
    };
    let kind_path = private(quote!(Kind));
    let names: Vec<_> = declared.variants.iter().map(|variant| &variant.name).collect();
    let variants: Vec<_> = declared.variants.iter().map(|variant| &variant.ident).collect();
    let texts: Vec<_> =
        variants.iter().map(ToString::to_string).map(|text| text.trim_start_matches("r#").to_owned()).collect();
    let indices = || (0u16..).zip(&declared.variants);
    let mut spellings: Vec<(&str, u16)> = indices()
        .flat_map(|(index, variant)| {
            [&variant.name].into_iter().chain(&variant.aliases).map(move |name| (name.as_str(), index))
        })
        .collect();
    spellings.sort_unstable();
    let spellings = self::spelt(&spellings, &root);
    let closure = declared.closure.iter().map(|row| quote!(&[#(#row),*]));
    let grants = declared.grants.iter().map(|row| {
        let permissions = private(quote!(permissions));
        let names = row.iter().map(|(of, variant)| {
            let variant = variant.to_string();
            quote!(#permissions::<#of>().variant(#variant))
        });
        quote!(&[#(#names),*])
    });
    let native = declared.grants.iter().flatten().map(|(of, variant)| quote!(let _ = #of::#variant;));
    let native = native.collect::<TokenStream>();
    let native = (!native.is_empty()).then(|| quote!(const _: () = { #native };));
    let table = table(kind, declared);
    let declared_in = name.to_string();
    let numbers: Vec<_> = indices().map(|(index, _)| index).collect();
    let (unknown, serde) = (private(quote!(UnknownName)), private(quote!(serde)));
    // A handler may be named as a primitive type, or as what a variable would be: its route attribute makes a struct of it.
    let str = quote!(::core::primitive::str);
    let own = |name: &str| syn::Ident::new(name, Span::mixed_site());
    let (text, formatter) = (own("__text"), own("__formatter"));
    let (serializer, deserializer) = (own("__serializer"), own("__deserializer"));
    // Without variants there was a mistake, which is told elsewhere.
    let arms = if variants.is_empty() { quote!(0) } else { quote!(match self { #(Self::#variants => #numbers,)* }) };
    let spelt = if variants.is_empty() { quote!("") } else { quote!(match self { #(Self::#variants => #names,)* }) };
    let found = quote! {
        match <Self as #declares>::VOCABULARY.index_of(#text) {
            #(::core::option::Option::Some(#numbers) => ::core::result::Result::Ok(Self::#variants),)*
            _ => ::core::result::Result::Err(#unknown::new(#kind_path::#word)),
        }
    };
    quote! {
        #native
        impl #declares for #name {
            const VOCABULARY: &'static #vocabulary = {
                static VOCABULARY: #vocabulary = #vocabulary {
                    kind: #kind_path::#word,
                    declared_in: #declared_in,
                    module: ::core::module_path!(),
                    open: false,
                    names: &[#(#names),*],
                    variants: &[#(#texts),*],
                    spelt: #spellings,
                    closure: &[#(#closure),*],
                    grants: &[#(#grants),*],
                };
                &VOCABULARY
            };
            fn index(&self) -> ::core::primitive::u16 {
                #arms
            }
            fn as_str(&self) -> &#str {
                self.name()
            }
        }
        impl #set for #name {}
        impl #name {
            #[doc = #table]
            pub const NAMES: &'static [&'static #str] = &[#(#names),*];
            /// How tokens and rules spell it.
            pub const fn name(&self) -> &'static #str {
                #spelt
            }
        }
        impl ::core::fmt::Display for #name {
            fn fmt(&self, #formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                #formatter.write_str(self.name())
            }
        }
        impl ::core::str::FromStr for #name {
            type Err = #unknown;
            fn from_str(#text: &#str) -> ::core::result::Result<Self, #unknown> {
                #found
            }
        }
        impl #serde::Serialize for #name {
            fn serialize<S: #serde::Serializer>(&self, #serializer: S) -> ::core::result::Result<S::Ok, S::Error> {
                #serializer.serialize_str(self.name())
            }
        }
        impl<'de> #serde::Deserialize<'de> for #name {
            fn deserialize<D: #serde::Deserializer<'de>>(#deserializer: D) -> ::core::result::Result<Self, D::Error> {
                let #text = <::std::string::String as #serde::Deserialize>::deserialize(#deserializer)?;
                #text.parse().map_err(#serde::de::Error::custom)
            }
        }
    }
}

/// A type for each name, in a module of their own: what a guard can prove.
/// How tokens spell the names: each of a few is looked at, and more are found by hash.
fn spelt(all: &[(&str, u16)], root: &Root) -> TokenStream {
    const FEW: usize = 8;
    let (count, entries) = (all.len(), all.iter().map(|(name, index)| quote!((#name, #index))));
    let (spelt, entries) = (root.private(quote!(Spelt)), quote!(&[#(#entries),*]));
    if count <= FEW {
        return quote!(#spelt::few(#entries));
    }
    let (first, next) = (root.private(quote!(first)), root.private(quote!(next)));
    let buckets = (2 * count).next_power_of_two();
    quote! {{
        const ALL: &[(&::core::primitive::str, ::core::primitive::u16)] = #entries;
        const FIRST: &[::core::primitive::u16] = &#first::<#buckets>(ALL);
        const NEXT: &[::core::primitive::u16] = &#next::<#count, #buckets>(ALL);
        #spelt::many(ALL, FIRST, NEXT)
    }}
}

fn proofs(kind: Kind, input: &syn::DeriveInput, declared: &Declared) -> TokenStream {
    let Some(module) = &declared.proofs else { return TokenStream::new() };
    let root = Root::first_of([&declared.root].into_iter());
    let (proof, implies, name, declares) = (
        root.private(quote!(Proof)),
        root.private(quote!(Implies)),
        root.private(quote!(Name)),
        root.private(quote!(Declares)),
    );
    let (visibility, of, word) = (&input.vis, &input.ident, kind.word());
    let markers = declared.variants.iter().map(|variant| {
        let (ident, doc) = (&variant.ident, format!("The {word} \"{}\".", variant.name));
        quote!(#[doc = #doc] #[derive(Debug)] pub enum #ident {})
    });
    let proven = declared.variants.iter().enumerate().map(|(position, variant)| {
        let (ident, text) = (&variant.ident, variant.ident.to_string());
        let text = text.trim_start_matches("r#");
        let weaker = declared.implied(position).map(|weaker| {
            let weaker = &weaker.ident;
            quote!(impl #implies<#module::#weaker> for #module::#ident {})
        });
        quote! {
            impl #proof for #module::#ident {
                const NAME: #name = <#of as #declares>::VOCABULARY.variant(#text);
            }
            #(#weaker)*
        }
    });
    let doc = format!("What a guard can prove of the {word}s: types for `Granted<…>`.");
    quote! {
        #[doc = #doc]
        #visibility mod #module {
            #(#markers)*
        }
        #(#proven)*
    }
}

/// The names as a table in the docs.
fn table(kind: Kind, declared: &Declared) -> String {
    let mut table = format!(
        "The {}s by name.\n\n| name | also accepted from tokens | implies | grants |\n| --- | --- | --- | --- |\n",
        kind.word()
    );
    for (position, variant) in declared.variants.iter().enumerate() {
        let implied = declared.implied(position).map(|other| format!("`{}`", other.name)).collect::<Vec<_>>();
        let granted = declared
            .grants
            .get(position)
            .into_iter()
            .flatten()
            .map(|(_, name)| format!("`{name}`"))
            .collect::<Vec<_>>();
        let aliases = variant.aliases.iter().map(|alias| format!("`{alias}`")).collect::<Vec<_>>();
        table += &format!(
            "| `{}` | {} | {} | {} |\n",
            variant.name,
            aliases.join(", "),
            implied.join(", "),
            granted.join(", ")
        );
    }
    table
}
