//! Implication at compile time: between two literals, and from a formula to a name.
//!
//! # Why
//! The attributes have the formula but not the vocabulary. Const code has both, but is slow. The attributes therefore convert
//! formulas to sets of literals, and const code only compares two literals. Anything that it does not understand is not implied.
#![allow(clippy::indexing_slicing, reason = "const code has no `get`; every index is bounded by the loop around it")]

use ipnet::IpNet;

use super::{Formula, Literal};
use crate::client::country::CountryCode;
use crate::identity::vocabulary::{Name, Text};
use crate::policy::atom::{Atom, ByCredential, Country, Named, NamedIn, Network, TenantMember};

/// A literal, or its opposite.
#[derive(Clone, Copy)]
pub(super) struct Side<'a> {
    pub(super) atom: &'a Atom,
    pub(super) negated: bool,
}

impl<'a> Side<'a> {
    pub(super) const fn of(literal: &'a Literal) -> Self {
        Self { atom: &literal.atom, negated: literal.negated }
    }

    pub(super) const fn opposite(self) -> Self {
        Self { negated: !self.negated, ..self }
    }

    /// Returns whether every caller that satisfies `self` satisfies `other`.
    pub(super) const fn implies(self, other: Self) -> bool {
        match (self.negated, other.negated) {
            (false, false) => includes(other.atom, self.atom),
            // A caller that lacks a fact lacks every fact that implies it.
            (true, true) => includes(self.atom, other.atom),
            // The absence of a role does imply an authenticated caller. A rule may still contain both, because readers may not be
            // aware of the implication.
            (true, false) => false,
            (false, true) => are_apart(self.atom, other.atom),
        }
    }
}

/// Returns whether `smaller` implies `larger`, both without `!`.
const fn includes(larger: &Atom, smaller: &Atom) -> bool {
    match (larger, smaller) {
        (Atom::Check(_), _) => false, // the result of a check is unknown at compile time
        // A login without an account satisfies `login` only.
        (Atom::Authenticated(_), Atom::Login(_)) => false,
        (Atom::Authenticated(_), smaller) => smaller.is_about_caller(),
        (Atom::Named(Named(larger)), Atom::Named(Named(smaller))) => smaller.implies(*larger),
        (Atom::NamedIn(larger), Atom::NamedIn(smaller)) => {
            same_dimensions(larger.tenant, smaller.tenant) && smaller.name.implies(larger.name)
        }
        // Every name in a tenant makes its holder a member, unless a rule of the application negates it.
        (Atom::TenantMember(TenantMember(larger)), Atom::TenantMember(TenantMember(smaller))) => {
            same_dimensions(larger, smaller)
        }
        // A credential that is bound to a tenant is bound to each of its dimensions, and makes its holder a member (TENANT-13).
        (Atom::Credential(larger), Atom::Credential(smaller)) => {
            larger.is_kind_of(smaller) && contains(smaller.tenant, larger.tenant)
        }
        (Atom::TenantMember(TenantMember(larger)), Atom::Credential(ByCredential { tenant, .. })) => {
            contains(tenant, larger)
        }
        (Atom::Claim(larger), Atom::Claim(smaller)) => {
            same(larger.name, smaller.name) && larger.value.is(smaller.value)
        }
        (Atom::MaxAge(larger), Atom::MaxAge(smaller)) => smaller.seconds <= larger.seconds,
        (Atom::Acr(larger), Atom::Acr(smaller)) => same(larger.value, smaller.value),
        (Atom::Scheme(larger), Atom::Scheme(smaller)) => larger.is(smaller),
        (Atom::Direct(_), Atom::Direct(_)) | (Atom::Login(_), Atom::Login(_)) => true,
        (Atom::Network(Network(larger)), Atom::Network(Network(smaller))) => {
            let mut index = 0;
            while index < smaller.len() {
                if !is_within(&smaller[index], larger) {
                    return false;
                }
                index += 1;
            }
            true
        }
        (Atom::Country(Country(larger)), Atom::Country(Country(smaller))) => {
            let mut index = 0;
            while index < smaller.len() {
                if !is_one_of(smaller[index], larger) {
                    return false;
                }
                index += 1;
            }
            true
        }
        _ => false,
    }
}

/// Returns whether no caller can satisfy both.
const fn are_apart(one: &Atom, other: &Atom) -> bool {
    match (one, other) {
        (Atom::Network(Network(one)), Atom::Network(Network(other))) => {
            let mut index = 0;
            while index < one.len() {
                let mut with = 0;
                while with < other.len() {
                    if holds(&one[index], &other[with]) || holds(&other[with], &one[index]) {
                        return false;
                    }
                    with += 1;
                }
                index += 1;
            }
            true
        }
        (Atom::Country(Country(one)), Atom::Country(Country(other))) => {
            let mut index = 0;
            while index < one.len() {
                if !one[index].is_known() || is_one_of(one[index], other) {
                    return false;
                }
                index += 1;
            }
            true
        }
        // One credential decides.
        (Atom::Credential(one), Atom::Credential(other)) => !one.is_kind_of(other),
        (Atom::Credential(credential), Atom::Scheme(scheme)) | (Atom::Scheme(scheme), Atom::Credential(credential)) => {
            !credential.may_be(scheme)
        }
        _ => false,
    }
}

const fn is_within(network: &IpNet, others: &[IpNet]) -> bool {
    let mut index = 0;
    while index < others.len() {
        if holds(&others[index], network) {
            return true;
        }
        index += 1;
    }
    false
}

const fn holds(larger: &IpNet, smaller: &IpNet) -> bool {
    match (larger, smaller) {
        (IpNet::V4(larger), IpNet::V4(smaller)) => {
            let bits = 32 - larger.prefix_len() as u32;
            let (first, other) = (larger.addr().to_bits() as u64, smaller.addr().to_bits() as u64);
            larger.prefix_len() <= smaller.prefix_len() && first >> bits == other >> bits
        }
        (IpNet::V6(larger), IpNet::V6(smaller)) => {
            let bits = 128 - larger.prefix_len() as u32;
            let (first, other) = (larger.addr().to_bits(), smaller.addr().to_bits());
            let same = match (first.checked_shr(bits), other.checked_shr(bits)) {
                (Some(first), Some(other)) => first == other,
                _ => true,
            };
            larger.prefix_len() <= smaller.prefix_len() && same
        }
        _ => false,
    }
}

const fn is_one_of(country: CountryCode, others: &[CountryCode]) -> bool {
    let mut index = 0;
    while index < others.len() {
        if country.is(others[index]) {
            return true;
        }
        index += 1;
    }
    false
}

const fn same(one: &str, other: &str) -> bool {
    crate::identity::vocabulary::same(one, other)
}

/// Returns whether the dimensions contain all of the others.
const fn contains(dimensions: &[&str], others: &[&str]) -> bool {
    let mut index = 0;
    while index < others.len() {
        let mut at = 0;
        while at < dimensions.len() && !same(dimensions[at], others[index]) {
            at += 1;
        }
        if at == dimensions.len() {
            return false;
        }
        index += 1;
    }
    true
}

/// Returns whether both lists contain the same dimensions in the same order.
const fn same_dimensions(one: &[&str], other: &[&str]) -> bool {
    let mut index = 0;
    while index < one.len() && index < other.len() {
        if !same(one[index], other[index]) {
            return false;
        }
        index += 1;
    }
    one.len() == other.len()
}

impl Formula {
    /// Returns the first name of the same kind in the rule that is declared by another type.
    const fn asks_of_another(&self, name: Name) -> Option<Name> {
        let mut index = 0;
        while let Some(literal) = self.literal(index) {
            if let Literal { atom: Atom::Named(Named(asked)), negated: false, .. } = literal
                && asked.vocabulary.kind as u8 == name.vocabulary.kind as u8
                && !asked.vocabulary.is_of(name.vocabulary)
            {
                return Some(*asked);
            }
            index += 1;
        }
        None
    }

    /// Returns whether every caller that the formula admits holds the name. The result is exact for formulas without `!`. For other
    /// formulas, an implication may be missed.
    pub const fn implies(&self, name: Name) -> bool {
        match self {
            Self::Literal(Literal { atom: Atom::Named(Named(held)), negated: false, .. }) => held.implies(name),
            // A name in one tenant is not a name in all.
            Self::Literal(Literal { atom: Atom::NamedIn(NamedIn { .. }), .. } | _) => false,
            Self::All(parts) => {
                let mut index = 0;
                while index < parts.len() {
                    if parts[index].implies(name) {
                        return true;
                    }
                    index += 1;
                }
                false
            }
            Self::Any(parts) => {
                let mut index = 0;
                while index < parts.len() {
                    if !parts[index].implies(name) {
                        return false;
                    }
                    index += 1;
                }
                true // an empty disjunction admits no caller
            }
        }
    }
}

/// Rejects a proof that the rule does not imply.
///
/// # Panics
/// Panics at compile time. The message is for the user.
#[track_caller]
#[allow(clippy::panic, reason = "the panic of a const is the compile error")]
pub const fn check_proof(formula: &Formula, name: Name) {
    if formula.implies(name) {
        return;
    }
    let mut text = Text::new();
    let kind = name.vocabulary.kind.word();
    if let Some(asked) = formula.asks_of_another(name) {
        let (own, other) = (asked.vocabulary, name.vocabulary);
        text.all(&["expected a proof of `", own.module, "::", own.declared_in, "`, found one of another type, `"]);
        text.all(&[other.module, "::", other.declared_in, "`\n"]);
        text.all(&[
            "help: take a proof of the type that the rule names, or name a ",
            kind,
            " of the other type in the rule",
        ]);
        panic!("{}", text.as_str());
    }
    text.all(&["the rule admits callers without the ", kind, " \"", name.text, "\", and this argument proves it\n"]);
    text.all(&["help: write `#[require_", kind, "(\"", name.text, "\")]` above the handler, or delete the argument"]);
    panic!("{}", text.as_str());
}
