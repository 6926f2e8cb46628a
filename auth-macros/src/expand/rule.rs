//! A rule as a const, and the checks that only the compiler can make.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;

use super::paths::{Root, respan};
use crate::analyze::{self, Atom, CheckKind, Checked, ClaimValue, Formula, Literal, Name, Network};
use crate::diagnostics::Diagnostics;
use crate::grammar::{Attribute, Kind};
use crate::parse;

/// `rule!(…)`: an expression of type `&'static Rule`.
pub(crate) fn standalone(words: TokenStream) -> TokenStream {
    let mut diagnostics = Diagnostics::default();
    let words = parse::words(Attribute::Require, Span::call_site(), &words, &mut diagnostics);
    let root = Root::first_of([&words.root].into_iter());
    let checked = if diagnostics.is_empty() { analyze::rule(&words, &mut diagnostics) } else { None };
    let refuses = refusing(&root);
    match (diagnostics.settle(), checked) {
        (None, Some(checked)) => {
            let names = checks(&checked.formula, &TokenStream::new(), &root);
            let own = quote!(__RULE.formula());
            let parts = super::redundancy::checks(&checked, &own, &TokenStream::new(), &root);
            let formula = formula(&checked.formula, &root);
            let rule = rule(&checked, &formula, "scope", &Asked::nothing(&root), Span::call_site(), &root);
            let kind = root.private(quote!(Rule));
            quote!({ const __RULE: &'static #kind = #rule; #names #parts __RULE })
        }
        (mistakes, _) => quote!({ #mistakes #refuses }),
    }
}

/// What the arguments of a handler ask, as expressions.
pub(super) struct Asked {
    pub(super) reads: TokenStream,
    pub(super) arguments: TokenStream,
    pub(super) checks_object: TokenStream,
}

impl Asked {
    /// Of no arguments.
    pub(super) fn nothing(root: &Root) -> Self {
        let reads = root.private(quote!(CallerAccess::Nothing));
        Self { reads, arguments: quote!(&[]), checks_object: quote!(false) }
    }
}

/// The rule as an expression. `guards` is what it guards, for logs.
pub(super) fn rule(
    checked: &Checked,
    formula: &TokenStream,
    guards: &str,
    asked: &Asked,
    at: Span,
    root: &Root,
) -> TokenStream {
    let (text, not_found) = (checked.formula.text(), checked.not_found);
    let (rule, terms) = (root.private(quote!(Rule)), root.private(quote!(CompiledFormula)));
    let Asked { reads, arguments, checks_object } = asked;
    let any_object = match &checked.any_object {
        Some(reason) => quote!(::core::option::Option::Some(#reason)),
        None => quote!(::core::option::Option::None),
    };
    // The line of the handler's name, not that of the macro.
    let line = quote_spanned!(at=> ::core::line!());
    quote! {
        &#rule {
            terms: #terms::of(#formula),
            text: #text,
            guards: ::core::concat!(::core::module_path!(), "::", #guards),
            file: ::core::file!(),
            line: #line,
            reads: #reads,
            not_found: #not_found,
            arguments: #arguments,
            checks_object: #checks_object,
            any_object: #any_object,
        }
    }
}

/// The rule that refuses everybody, for what did not pass.
pub(super) fn refusing(root: &Root) -> TokenStream {
    let rule = root.private(quote!(REFUSING));
    quote!(&#rule)
}

/// Consts that do not compile where a name is not declared, or of the wrong kind. One for each name: each is its own
/// mistake. `conditions` are the `cfg`s of the handler.
pub(super) fn checks(formula: &Formula, conditions: &TokenStream, root: &Root) -> TokenStream {
    let checks = formula.literals().into_iter().flat_map(|literal| check(literal, root));
    checks.map(|check| quote!(#conditions #check)).collect()
}

fn check(literal: &Literal, root: &Root) -> Vec<TokenStream> {
    let (kind, name) = match &literal.atom {
        Atom::Named(kind, name) | Atom::InTenant(kind, name, _) => (kind, name),
        Atom::Countries(codes) => {
            let checks = codes.iter().map(|code| {
                let check = respan(root.private(quote!(check_country)), code.span());
                quote_spanned!(code.span()=> const _: () = #check(#code);)
            });
            return checks.collect();
        }
        _ => return Vec::new(),
    };
    let vocabulary = vocabulary(*kind, name, root);
    let at = span_of(name);
    let mut calls = TokenStream::new();
    if let Name::Text(text) = name {
        let check = root.private(quote!(check_name));
        let check = respan(check, at);
        calls.extend(quote_spanned!(at=> #check(#vocabulary, #text);));
    } else if let Name::Variant(of, variant) = name {
        // So that the compiler explains a variant that does not exist, and editors find the one that does.
        calls.extend(quote!(let _ = #of::#variant;));
    }
    if literal.negated {
        let at = literal.at.span();
        let check = respan(root.private(quote!(check_negated)), at);
        calls.extend(quote_spanned!(at=> #check(#vocabulary);));
    }
    vec![quote!(const _: () = { #calls };)]
}

fn span_of(name: &Name) -> Span {
    match name {
        Name::Text(text) => text.span(),
        Name::Variant(of, _) => of.span(),
    }
}

/// The vocabulary of the type that is in scope where the handler stands, or of the path that was written.
fn vocabulary(kind: Kind, name: &Name, root: &Root) -> TokenStream {
    let at = span_of(name);
    let of = match name {
        Name::Text(_) => syn::Ident::new(kind.declared_in(), at).into_token_stream(),
        Name::Variant(of, _) => of.to_token_stream(),
    };
    let function = respan(
        match kind {
            Kind::Role => root.private(quote!(roles)),
            Kind::Permission => root.private(quote!(permissions)),
            Kind::Scope => root.private(quote!(scopes)),
        },
        at,
    );
    quote_spanned!(at=> #function::<#of>())
}

pub(super) fn formula(formula: &Formula, root: &Root) -> TokenStream {
    let path = root.private(quote!(Formula));
    match formula {
        Formula::Literal(one) => {
            let (atom, negated) = (atom(&one.atom, root), one.negated);
            let text = Formula::Literal(one.clone()).text();
            let literal = root.private(quote!(Literal));
            quote!(#path::Literal(#literal { atom: #atom, negated: #negated, text: #text }))
        }
        Formula::All(parts) => {
            let parts = parts.iter().map(|part| self::formula(part, root));
            quote!(#path::All(&[#(#parts),*]))
        }
        Formula::Any(parts) => {
            let parts = parts.iter().map(|part| self::formula(part, root));
            quote!(#path::Any(&[#(#parts),*]))
        }
    }
}

/// A name of a vocabulary.
fn named(kind: Kind, name: &Name, root: &Root) -> TokenStream {
    let vocabulary = vocabulary(kind, name, root);
    match name {
        Name::Text(text) => quote!(#vocabulary.name(#text)),
        Name::Variant(_, name) => {
            let name = name.to_string();
            quote!(#vocabulary.variant(#name))
        }
    }
}

fn atom(atom: &Atom, root: &Root) -> TokenStream {
    let variant = |name: TokenStream| {
        let path = root.private(quote!(Atom));
        quote!(#path::#name)
    };
    let of = |name: TokenStream| root.private(quote!(atom::#name));
    match atom {
        Atom::Authenticated => {
            let (variant, kind) = (variant(quote!(Authenticated)), of(quote!(Authenticated)));
            quote!(#variant(#kind))
        }
        Atom::Named(kind, name) => {
            let (variant, of) = (variant(quote!(Named)), of(quote!(Named)));
            let name = named(*kind, name, root);
            quote!(#variant(#of(#name)))
        }
        Atom::InTenant(kind, name, tenant) => {
            let (variant, of) = (variant(quote!(TenantRole)), of(quote!(TenantRole)));
            let (name, tenant) = (named(*kind, name, root), tenant.unraw().to_string());
            quote!(#variant(#of { name: #name, tenant: #tenant }))
        }
        Atom::Claim(name, value) => {
            let kind = of(quote!(ClaimValue));
            let (variant, of) = (variant(quote!(Claim)), of(quote!(Claim)));
            let value = match value {
                ClaimValue::Text(text) => quote!(#kind::Text(#text)),
                ClaimValue::Bool(value) => quote!(#kind::Bool(#value)),
                ClaimValue::Integer(value) => {
                    let value = proc_macro2::Literal::i64_suffixed(*value);
                    quote!(#kind::Integer(#value))
                }
            };
            quote!(#variant(#of { name: #name, value: #value }))
        }
        Atom::MaxAge(seconds) => {
            let (variant, of) = (variant(quote!(MaxAge)), of(quote!(MaxAge)));
            quote!(#variant(#of { seconds: #seconds }))
        }
        Atom::Acr(value) => {
            let (variant, of) = (variant(quote!(Acr)), of(quote!(Acr)));
            quote!(#variant(#of { value: #value }))
        }
        Atom::Scheme(name) => {
            let (variant, of) = (variant(quote!(Scheme)), of(quote!(ByScheme)));
            let scheme = root.private(quote!(Scheme));
            let name = syn::Ident::new(name, Span::call_site());
            quote!(#variant(#of(#scheme::#name)))
        }
        Atom::Check(check) => {
            let (variant, of) = (variant(quote!(Check)), of(quote!(Check)));
            let (index, names_principal) = (check.index, check.principal.is_some());
            let object = match &check.kind {
                CheckKind::Object(object, _) => {
                    let key = root.private(quote!(object_key));
                    quote!(::core::option::Option::Some(#key::<#object>()))
                }
                CheckKind::Expression(_) => quote!(::core::option::Option::None),
            };
            quote!(#variant(#of { index: #index, names_principal: #names_principal, object: #object }))
        }
        Atom::Direct => {
            let (variant, kind) = (variant(quote!(Direct)), of(quote!(Direct)));
            quote!(#variant(#kind))
        }
        Atom::Countries(codes) => {
            let (variant, of, make) = (variant(quote!(Country)), of(quote!(Country)), root.private(quote!(country)));
            quote!(#variant(#of(const { &[#(#make(#codes)),*] })))
        }
        Atom::Networks(networks) => {
            let (variant, of) = (variant(quote!(Network)), of(quote!(Network)));
            let networks = networks.iter().map(|Network { address, prefix }| match address {
                std::net::IpAddr::V4(address) => {
                    let (make, bits) = (root.private(quote!(ipv4)), address.to_bits());
                    quote!(#make(#bits, #prefix))
                }
                std::net::IpAddr::V6(address) => {
                    let (make, bits) = (root.private(quote!(ipv6)), address.to_bits());
                    quote!(#make(#bits, #prefix))
                }
            });
            quote!(#variant(#of(const { &[#(#networks),*] })))
        }
    }
}
