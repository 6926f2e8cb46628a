//! The vocabulary of a derive: a `static` with names, aliases, and the transitive closure of implications.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt as _;

use super::paths::{Paths, Root};
use crate::analyze::{DeclaredVocabulary, analyze_vocabulary};
use crate::diagnostics::Diagnostics;
use crate::grammar::Kind;

/// Expands `#[derive(Role)]` and the other derives.
pub(crate) fn derive(kind: Kind, item: TokenStream) -> TokenStream {
    let input: syn::DeriveInput = match syn::parse2(item) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let mut diagnostics = Diagnostics::default();
    let declared = analyze_vocabulary(kind, &input, &mut diagnostics);
    let nothing = DeclaredVocabulary::default();
    let (mistakes, declared) = match (diagnostics.into_compile_errors(), &declared) {
        (None, Some(declared)) => (None, declared),
        // Without the impls, each use of the type would be an error too.
        (mistakes, _) if input.generics.params.is_empty() => (Some(quote!(#mistakes)), &nothing),
        (mistakes, _) => return quote!(#mistakes),
    };
    let root = Root::first_of([&declared.root].into_iter());
    let vocabulary = VocabularyExpansion { kind, input: &input, declared, paths: &Paths::new(&root) };
    let (impls, proofs) = (vocabulary.tokens(), vocabulary.proofs());
    quote!(#mistakes #impls #proofs)
}

/// Expands one vocabulary.
struct VocabularyExpansion<'a> {
    kind: Kind,
    input: &'a syn::DeriveInput,
    declared: &'a DeclaredVocabulary,
    paths: &'a Paths<'a>,
}

/// Returns a name that the user cannot have given to the enum or to an item around it. The struct of a route attribute can be named
/// like a variable.
fn hidden(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

impl VocabularyExpansion<'_> {
    fn tokens(&self) -> TokenStream {
        let Paths { declares, unknown_name, .. } = self.paths;
        let name = &self.input.ident;
        let set = match self.kind {
            Kind::Role => self.paths.role_set,
            Kind::Permission => self.paths.permission_set,
            Kind::Scope => self.paths.scope_set,
            Kind::Credential => self.paths.credential_set,
        };
        let (kind, names) = (self.kind_tokens(), self.names());
        let numbers: Vec<_> = self.indices().collect();
        let variants: Vec<_> = self.declared.variants.iter().map(|variant| &variant.ident).collect();
        let (native, vocabulary) = (self.permissions_exist(), self.vocabulary());
        let (str, text) = (quote!(::core::primitive::str), hidden("__text"));
        // Without variants there was a mistake, which was reported.
        let (index, spelling) = match variants.is_empty() {
            true => (quote!(0), quote!("")),
            false => (
                quote!(match self { #(Self::#variants => #numbers,)* }),
                quote!(match self { #(Self::#variants => #names,)* }),
            ),
        };
        let table = table(self.kind, self.declared);
        let (text_impls, serde) = (self.text_impls(), self.serde_impls());
        quote! {
            #native
            impl #declares for #name {
                #vocabulary
                fn index(&self) -> ::core::primitive::u16 {
                    #index
                }
                fn as_str(&self) -> &#str {
                    self.name()
                }
            }
            impl #set for #name {}
            impl #name {
                #[doc = #table]
                pub const NAMES: &'static [&'static #str] = &[#(#names),*];
                /// Returns the name in tokens and rules.
                pub const fn name(&self) -> &'static #str {
                    #spelling
                }
            }
            #text_impls
            impl ::core::str::FromStr for #name {
                type Err = #unknown_name;
                fn from_str(#text: &#str) -> ::core::result::Result<Self, #unknown_name> {
                    match <Self as #declares>::VOCABULARY.index_of(#text) {
                        #(::core::option::Option::Some(#numbers) => ::core::result::Result::Ok(Self::#variants),)*
                        _ => ::core::result::Result::Err(#unknown_name::new(#kind)),
                    }
                }
            }
            #serde
        }
    }

    /// Returns the kind of the names, as an expression.
    fn kind_tokens(&self) -> TokenStream {
        let (kind, word) = (self.paths.kind, self.kind.variant());
        let word = Ident::new(word, Span::call_site());
        quote!(#kind::#word)
    }

    fn names(&self) -> Vec<&String> {
        self.declared.variants.iter().map(|variant| &variant.name).collect()
    }

    fn indices(&self) -> impl Iterator<Item = u16> {
        (0..).take(self.declared.variants.len())
    }

    /// Returns code that does not compile if a granted permission does not exist.
    fn permissions_exist(&self) -> Option<TokenStream> {
        let grants = self.declared.grants.iter().flatten().map(|(of, variant)| quote!(let _ = #of::#variant;));
        let grants = grants.collect::<TokenStream>();
        (!grants.is_empty()).then(|| quote!(const _: () = { #grants };))
    }

    /// Returns the const that contains the vocabulary.
    fn vocabulary(&self) -> TokenStream {
        let Paths { vocabulary, permissions, .. } = self.paths;
        let (declared_in, kind, names) = (self.input.ident.to_string(), self.kind_tokens(), self.names());
        let variants = self.declared.variants.iter().map(|variant| variant.ident.unraw().to_string());
        let name_index = self.name_index();
        let closure = self.declared.closure.iter().map(|row| quote!(&[#(#row),*]));
        let grants = self.declared.grants.iter().map(|row| {
            let names = row.iter().map(|(of, variant)| {
                let variant = variant.unraw().to_string();
                quote!(#permissions::<#of>().variant(#variant))
            });
            quote!(&[#(#names),*])
        });
        quote! {
            const VOCABULARY: &'static #vocabulary = {
                static VOCABULARY: #vocabulary = #vocabulary {
                    kind: #kind,
                    declared_in: #declared_in,
                    module: ::core::module_path!(),
                    open: false,
                    names: &[#(#names),*],
                    variants: &[#(#variants),*],
                    name_index: #name_index,
                    closure: &[#(#closure),*],
                    grants: &[#(#grants),*],
                };
                &VOCABULARY
            };
        }
    }

    /// Returns the index from names and aliases to variants: a list of few entries, or a hash table.
    fn name_index(&self) -> TokenStream {
        const MAX_LIST_LENGTH: usize = 8;
        let Paths { name_index, first_buckets, next_entries, .. } = self.paths;
        let names = self.indices().zip(&self.declared.variants).flat_map(|(index, variant)| {
            [&variant.name].into_iter().chain(&variant.aliases).map(move |name| (name.as_str(), index))
        });
        let mut names: Vec<(&str, u16)> = names.collect();
        names.sort_unstable();
        let (count, entries) = (names.len(), names.iter().map(|(name, index)| quote!((#name, #index))));
        let entries = quote!(&[#(#entries),*]);
        if count <= MAX_LIST_LENGTH {
            return quote!(#name_index::few(#entries));
        }
        let buckets = (2 * count).next_power_of_two();
        quote! {{
            const ALL: &[(&::core::primitive::str, ::core::primitive::u16)] = #entries;
            const FIRST: &[::core::primitive::u16] = &#first_buckets::<#buckets>(ALL);
            const NEXT: &[::core::primitive::u16] = &#next_entries::<#count, #buckets>(ALL);
            #name_index::many(ALL, FIRST, NEXT)
        }}
    }

    /// Returns the impls of `AsRef<str>` and `Display`.
    fn text_impls(&self) -> TokenStream {
        let (name, str, formatter) = (&self.input.ident, quote!(::core::primitive::str), hidden("__formatter"));
        quote! {
            impl ::core::convert::AsRef<#str> for #name {
                fn as_ref(&self) -> &#str {
                    self.name()
                }
            }
            impl ::core::fmt::Display for #name {
                fn fmt(&self, #formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    #formatter.write_str(self.name())
                }
            }
        }
    }

    /// Returns the impls of `Serialize` and `Deserialize`.
    fn serde_impls(&self) -> TokenStream {
        let (name, serde) = (&self.input.ident, self.paths.serde);
        let [text, serializer, deserializer] = ["__text", "__serializer", "__deserializer"].map(hidden);
        quote! {
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

    /// Returns a module with one type for each name, and the implementations that state what each type proves.
    fn proofs(&self) -> TokenStream {
        let Some(module) = &self.declared.proofs else { return TokenStream::new() };
        let Paths { proof, implies, name, declares, .. } = self.paths;
        let (visibility, of, word) = (&self.input.vis, &self.input.ident, self.kind.word());
        let markers = self.declared.variants.iter().map(|variant| {
            let (ident, doc) = (&variant.ident, format!("The {word} \"{}\".", variant.name));
            quote!(#[doc = #doc] #[derive(Debug)] pub enum #ident {})
        });
        let proven = self.declared.variants.iter().enumerate().map(|(position, variant)| {
            let (ident, text) = (&variant.ident, variant.ident.unraw().to_string());
            let weaker = self.declared.implied(position).map(|weaker| {
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
        let doc = format!("Types for `Granted<…>`, one for each {word}.");
        quote! {
            #[doc = #doc]
            #visibility mod #module {
                #(#markers)*
            }
            #(#proven)*
        }
    }
}

/// Returns the names as a table for the docs.
fn table(kind: Kind, declared: &DeclaredVocabulary) -> String {
    if kind == Kind::Credential {
        let rows = declared.variants.iter().map(|variant| format!("| `{}` |\n", variant.name));
        return format!("The credentials by name.\n\n| name |\n| --- |\n{}", rows.collect::<String>());
    }
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
