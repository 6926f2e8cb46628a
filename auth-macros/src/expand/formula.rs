//! A formula as a const expression.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::LitStr;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;

use super::objects;
use super::paths::Paths;
use crate::analyze::{Atom, Check, CheckKind, ClaimValue, Dimensions, Formula, Name, Network};
use crate::grammar::Kind;

/// Returns the formula as an expression.
pub(super) fn formula(formula: &Formula, paths: &Paths<'_>) -> TokenStream {
    let path = paths.formula;
    let each = |parts: &[Formula]| parts.iter().map(|part| self::formula(part, paths)).collect::<Vec<_>>();
    match formula {
        Formula::Literal(one) => {
            let (atom, negated) = (atom(&one.atom, paths), one.negated);
            let (text, literal) = (formula.text(), paths.literal);
            quote!(#path::Literal(#literal { atom: #atom, negated: #negated, text: #text }))
        }
        Formula::All(parts) => {
            let parts = each(parts);
            quote!(#path::All(&[#(#parts),*]))
        }
        Formula::Any(parts) => {
            let parts = each(parts);
            quote!(#path::Any(&[#(#parts),*]))
        }
    }
}

/// Returns the vocabulary of a name: that of the type in scope at the handler, or of the path in the rule.
pub(super) fn vocabulary(kind: Kind, name: &Name, paths: &Paths<'_>) -> TokenStream {
    let at = span_of(name);
    let of = match name {
        Name::Text(_) => Ident::new(kind.type_name(), at).into_token_stream(),
        Name::Variant(of, _) => of.to_token_stream(),
    };
    let function = match kind {
        Kind::Role => paths.roles,
        Kind::Permission => paths.permissions,
        Kind::Scope => paths.scopes,
        Kind::Credential => paths.credentials,
    };
    let function = function.respanned(at);
    quote_spanned!(at=> #function::<#of>())
}

pub(super) fn span_of(name: &Name) -> Span {
    match name {
        Name::Text(text) => text.span(),
        Name::Variant(of, _) => of.span(),
    }
}

fn atom(atom: &Atom, paths: &Paths<'_>) -> TokenStream {
    let Paths { atom: variants, atoms, .. } = paths;
    match atom {
        Atom::Authenticated => quote!(#variants::Authenticated(#atoms::Authenticated)),
        Atom::Named(Kind::Credential, name) => credential(name, &Dimensions(Vec::new()), paths),
        Atom::InTenant(Kind::Credential, name, tenant) => credential(name, tenant, paths),
        Atom::Named(kind, name) => {
            let name = named(*kind, name, paths);
            quote!(#variants::Named(#atoms::Named(#name)))
        }
        Atom::InTenant(kind, name, tenant) => {
            let (name, tenant) = (named(*kind, name, paths), dimensions(tenant));
            quote!(#variants::NamedIn(#atoms::NamedIn { name: #name, tenant: #tenant }))
        }
        Atom::TenantMember(tenant) => {
            let tenant = dimensions(tenant);
            quote!(#variants::TenantMember(#atoms::TenantMember(#tenant)))
        }
        Atom::Claim(name, value) => {
            let value = claim_value(value, paths);
            quote!(#variants::Claim(#atoms::Claim { name: #name, value: #value }))
        }
        Atom::MaxAge(seconds) => quote!(#variants::MaxAge(#atoms::MaxAge { seconds: #seconds })),
        Atom::Text(_, shape, value) => {
            let name = Ident::new(shape.variant, Span::call_site());
            quote!(#variants::#name(#atoms::#name { value: #value }))
        }
        Atom::Scheme(name) => {
            let scheme = paths.scheme;
            quote!(#variants::Scheme(#atoms::ByScheme(#scheme(#name))))
        }
        Atom::Check(one) => check(one, paths),
        Atom::Direct => quote!(#variants::Direct(#atoms::Direct)),
        Atom::Login => quote!(#variants::Login(#atoms::Login)),
        Atom::Countries(codes) => countries(codes, paths),
        Atom::Networks(all) => networks(all, paths),
    }
}

pub(super) fn named(kind: Kind, name: &Name, paths: &Paths<'_>) -> TokenStream {
    let vocabulary = vocabulary(kind, name, paths);
    match name {
        Name::Text(text) => quote!(#vocabulary.name(#text)),
        Name::Variant(_, name) => {
            let name = name.unraw().to_string();
            quote!(#vocabulary.variant(#name))
        }
    }
}

fn credential(name: &Name, tenant: &Dimensions, paths: &Paths<'_>) -> TokenStream {
    let Paths { atom: variants, atoms, .. } = paths;
    let (kind, tenant) = (named(Kind::Credential, name, paths), dimensions(tenant));
    quote!(#variants::Credential(#atoms::ByCredential { kind: #kind, tenant: #tenant }))
}

fn dimensions(Dimensions(names): &Dimensions) -> TokenStream {
    let names = names.iter().map(|name| name.unraw().to_string());
    quote!(&[#(#names),*])
}

fn claim_value(value: &ClaimValue, paths: &Paths<'_>) -> TokenStream {
    let atoms = paths.atoms;
    match value {
        ClaimValue::Text(text) => quote!(#atoms::ClaimValue::Text(#text)),
        ClaimValue::Bool(value) => quote!(#atoms::ClaimValue::Bool(#value)),
        ClaimValue::Integer(value) => {
            let value = Literal::i64_suffixed(*value);
            quote!(#atoms::ClaimValue::Integer(#value))
        }
    }
}

fn check(check: &Check, paths: &Paths<'_>) -> TokenStream {
    let Paths { atom: variants, atoms, .. } = paths;
    let (index, names_principal, any_token) = (check.index, check.principal.is_some(), check.any_token);
    let object = match &check.kind {
        CheckKind::Object(object) => {
            let action = objects::action(object, paths);
            quote!(::core::option::Option::Some(#action))
        }
        CheckKind::Expression(_) => quote!(::core::option::Option::None),
    };
    quote! {
        #variants::Check(#atoms::Check {
            index: #index,
            names_principal: #names_principal,
            object: #object,
            any_token: #any_token,
        })
    }
}

fn countries(codes: &[LitStr], paths: &Paths<'_>) -> TokenStream {
    let Paths { atom: variants, atoms, country, .. } = paths;
    quote!(#variants::Country(#atoms::Country(const { &[#(#country(#codes)),*] })))
}

fn networks(networks: &[Network], paths: &Paths<'_>) -> TokenStream {
    let Paths { atom: variants, atoms, ipv4, ipv6, .. } = paths;
    let networks = networks.iter().map(|Network { address, prefix }| match address {
        std::net::IpAddr::V4(address) => {
            let bits = address.to_bits();
            quote!(#ipv4(#bits, #prefix))
        }
        std::net::IpAddr::V6(address) => {
            let bits = address.to_bits();
            quote!(#ipv6(#bits, #prefix))
        }
    });
    quote!(#variants::Network(#atoms::Network(const { &[#(#networks),*] })))
}
