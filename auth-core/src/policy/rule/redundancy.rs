//! Detection of faulty rules at compile time: parts that no caller can satisfy, redundant parts, and parts that exclude no caller.
//!
//! A part is a set of ways to satisfy it, each of which is a set of literals. The attributes compute the ways. Literals are
//! compared in pairs, as [`super::implication`] defines. Implications that need more than two literals, such as from two lists of
//! networks with a common part, are not detected. Such rules, and anything else that is not understood, are accepted.
#![allow(clippy::indexing_slicing, reason = "const code has no `get`; every index is bounded by the loop around it")]

use super::implication::Side;
use super::{Formula, Literal};
use crate::identity::vocabulary::Text;

/// One operand of `&&` or `||`.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The ways to satisfy the part, each with the indexes of its literals in the rule.
    pub ways: &'static [&'static [u16]],
    /// The source text.
    pub text: &'static str,
}

impl Formula {
    /// Returns the literal at this index, counted from left to right.
    pub(super) const fn literal(&self, index: u16) -> Option<&Literal> {
        let mut left = index;
        self.nth(&mut left)
    }

    const fn nth(&self, left: &mut u16) -> Option<&Literal> {
        let parts = match self {
            Self::Literal(literal) if *left == 0 => return Some(literal),
            Self::Literal(_) => {
                *left -= 1;
                return None;
            }
            Self::All(parts) | Self::Any(parts) => *parts,
        };
        let mut part = 0;
        while part < parts.len() {
            if let Some(literal) = parts[part].nth(left) {
                return Some(literal);
            }
            part += 1;
        }
        None
    }

    /// Returns whether a literal of this way to satisfy a part implies the literal at `index`.
    const fn implied_by(&self, way: &[u16], index: u16) -> bool {
        let Some(wanted) = self.literal(index) else { return false };
        let mut at = 0;
        while at < way.len() {
            if way[at] == index {
                return true;
            }
            if let Some(literal) = self.literal(way[at])
                && Side::of(literal).implies(Side::of(wanted))
            {
                return true;
            }
            at += 1;
        }
        false
    }

    /// Returns two literals of this way to satisfy a part, if no caller can satisfy both.
    const fn contradiction(&self, way: &[u16]) -> Option<(&Literal, &Literal)> {
        let mut at = 0;
        while at < way.len() {
            let mut with = at + 1;
            while with < way.len() {
                if let (Some(one), Some(other)) = (self.literal(way[at]), self.literal(way[with]))
                    && Side::of(one).implies(Side::of(other).opposite())
                {
                    return Some((one, other));
                }
                with += 1;
            }
            at += 1;
        }
        None
    }

    /// Returns whether every caller that satisfies one of `these` ways satisfies one of `those`.
    const fn covers(&self, those: &[&[u16]], these: &[&[u16]]) -> bool {
        let mut at = 0;
        while at < these.len() {
            if self.contradiction(these[at]).is_none() && !self.covers_way(those, these[at]) {
                return false;
            }
            at += 1;
        }
        true
    }

    const fn covers_way(&self, those: &[&[u16]], way: &[u16]) -> bool {
        let mut at = 0;
        while at < those.len() {
            let (wanted, mut index) = (those[at], 0);
            while index < wanted.len() && self.implied_by(way, wanted[index]) {
                index += 1;
            }
            if index == wanted.len() {
                return true;
            }
            at += 1;
        }
        false
    }

    /// Returns two contradictory literals if no caller can satisfy any of the ways.
    const fn impossible(&self, ways: &[&[u16]]) -> Option<(&Literal, &Literal)> {
        let (mut at, mut why) = (0, None);
        while at < ways.len() {
            let found = self.contradiction(ways[at]);
            if found.is_none() {
                return None;
            }
            if why.is_none() {
                why = found;
            }
            at += 1;
        }
        why
    }
}

const KEEP: &str = "help: delete it, or give a reason: `redundant = \"…\"`";

#[track_caller]
#[allow(clippy::panic, reason = "the panic of a const is the compile error")]
const fn refuse(parts: &[&str]) {
    let mut text = Text::new();
    text.all(parts);
    panic!("{}", text.as_str());
}

/// Rejects a rule, or a part of one, that no caller can satisfy.
///
/// # Panics
/// Panics at compile time. The message is for the user.
#[track_caller]
pub const fn check_possible(formula: &Formula, ways: &[&[u16]]) {
    if let Some((one, other)) = formula.impossible(ways) {
        let (one, other) = if one.negated { (other, one) } else { (one, other) };
        refuse(&["no caller can pass: `", one.text, "` excludes `", other.text, "`\nhelp: delete one of the two"]);
    }
}

/// Rejects an operand of `||` if another operand covers it, or if it and another operand exclude only callers for which the fact is
/// unknown.
///
/// # Panics
/// Panics at compile time. The message is for the user.
#[track_caller]
pub const fn check_any(formula: &Formula, parts: &[Part], index: usize) {
    let part = &parts[index];
    let mut at = 0;
    while at < parts.len() {
        let other = &parts[at];
        // Of two equal operands, the second is rejected.
        if at != index
            && formula.covers(other.ways, part.ways)
            && (at < index || !formula.covers(part.ways, other.ways))
        {
            refuse(&["`", part.text, "` is redundant: `", other.text, "` already covers it\n", KEEP]);
        }
        if let ([[one]], [[two]]) = (other.ways, part.ways)
            && let (Some(one), Some(two)) = (formula.literal(*one), formula.literal(*two))
            && at < index
            && Side::of(one).opposite().implies(Side::of(two))
        {
            let everybody = if two.atom.is_about_caller() { "authenticated" } else { "public" };
            refuse(&[
                "`",
                one.text,
                "` or `",
                two.text,
                "` is true for every caller for whom it is known\nhelp: write `",
                everybody,
                "` to admit the others too, or give a reason: `redundant = \"…\"`",
            ]);
        }
        at += 1;
    }
}

/// Rejects an operand of `&&` that follows from another operand, or from the others together. `others` contains the ways of the
/// latter.
///
/// # Panics
/// Panics at compile time. The message is for the user.
#[track_caller]
pub const fn check_all(formula: &Formula, parts: &[Part], index: usize, others: &[&[u16]]) {
    let part = &parts[index];
    let mut at = 0;
    while at < parts.len() {
        let other = &parts[at];
        if at != index
            && formula.covers(part.ways, other.ways)
            && (at < index || !formula.covers(other.ways, part.ways))
        {
            refuse(&["`", part.text, "` adds nothing to `", other.text, "`\n", KEEP]);
        }
        at += 1;
    }
    if !others.is_empty() && formula.impossible(others).is_none() && formula.covers(part.ways, others) {
        refuse(&["`", part.text, "` adds nothing to the rest of the rule\n", KEEP]);
    }
}

#[cfg(test)]
mod tests {
    use ipnet::{IpNet, Ipv4Net};
    use proptest::prelude::*;
    use proptest::test_runner::TestRunner;

    use super::*;
    use crate::client::country::CountryCode;
    use crate::identity::vocabulary::{NameIndex, NameKind, Vocabulary};
    use crate::matrix::{DeclaredNames, Expr, holds_wherever};
    use crate::policy::atom::{
        Atom, Authenticated, ByCredential, Claim, Country, MaxAge, Named, Network, TenantMember,
    };

    static PERMISSIONS: Vocabulary = Vocabulary {
        kind: NameKind::Permission,
        declared_in: "Permission",
        module: "app",
        open: false,
        names: &["read", "write"],
        variants: &["Read", "Write"],
        name_index: NameIndex::few(&[("read", 0), ("write", 1)]),
        closure: &[&[0b01], &[0b11]],
        grants: &[&[], &[]],
    };
    static ROLES: Vocabulary = Vocabulary {
        kind: NameKind::Role,
        declared_in: "Role",
        module: "app",
        open: false,
        names: &["admin", "editor", "suspended"],
        variants: &["Admin", "Editor", "Suspended"],
        name_index: NameIndex::few(&[("admin", 0), ("editor", 1), ("suspended", 2)]),
        closure: &[&[0b011], &[0b010], &[0b100]],
        grants: &[&[PERMISSIONS.name("write")], &[PERMISSIONS.name("write")], &[]],
    };
    const fn net(address: [u8; 4], prefix: u8) -> IpNet {
        let [a, b, c, d] = address;
        IpNet::V4(Ipv4Net::new_assert(std::net::Ipv4Addr::new(a, b, c, d), prefix))
    }
    static WIDE: [IpNet; 1] = [net([10, 0, 0, 0], 8)];
    static NARROW: [IpNet; 1] = [net([10, 1, 0, 0], 16)];
    static OTHER: [IpNet; 2] = [net([10, 1, 2, 0], 24), net([192, 168, 0, 0], 16)];
    static DE: [CountryCode; 1] = [CountryCode::new("DE")];
    static DE_FR: [CountryCode; 2] = [CountryCode::new("DE"), CountryCode::new("FR")];

    static KINDS: Vocabulary = Vocabulary {
        kind: NameKind::Credential,
        declared_in: "Credential",
        module: "app",
        open: false,
        names: &["merchant-key", "admin-key"],
        variants: &["MerchantKey", "AdminKey"],
        name_index: NameIndex::few(&[("admin-key", 1), ("merchant-key", 0)]),
        closure: &[&[0b01], &[0b10]],
        grants: &[&[], &[]],
    };

    /// Returns each atom, and whether it compiles negated.
    fn atoms() -> Vec<(Atom, bool)> {
        let role = |name| Atom::Named(Named(ROLES.name(name)));
        let credential = |name, tenant| Atom::Credential(ByCredential { kind: KINDS.name(name), tenant });
        vec![
            (Atom::Authenticated(Authenticated), false),
            (role("admin"), true),
            (role("editor"), true),
            (role("suspended"), true),
            (Atom::Named(Named(PERMISSIONS.name("read"))), false),
            (Atom::Named(Named(PERMISSIONS.name("write"))), false),
            (Atom::Network(Network(&WIDE)), true),
            (Atom::Network(Network(&NARROW)), true),
            (Atom::Network(Network(&OTHER)), true),
            (Atom::Country(Country(&DE)), true),
            (Atom::Country(Country(&DE_FR)), true),
            (Atom::Claim(Claim { name: "org", value: crate::policy::atom::ClaimValue::Text("acme") }), true),
            (Atom::MaxAge(MaxAge { seconds: 60 }), false),
            (Atom::MaxAge(MaxAge { seconds: 3600 }), false),
            (credential("merchant-key", &[]), false),
            (credential("merchant-key", &["org"]), false),
            (credential("merchant-key", &["team", "org"]), false),
            (credential("admin-key", &[]), false),
            (Atom::TenantMember(TenantMember(&["org"])), false),
        ]
    }

    fn formula() -> impl Strategy<Value = Formula> {
        let leaf = (0..atoms().len(), any::<bool>()).prop_map(|(index, negated)| {
            let (atom, may_be_negated) = atoms()[index];
            Formula::Literal(Literal { atom, negated: negated && may_be_negated, text: "" })
        });
        leaf.prop_recursive(2, 5, 3, |part| {
            let parts = proptest::collection::vec(part, 1..4).prop_map(|parts| &*parts.leak());
            prop_oneof![parts.clone().prop_map(Formula::All), parts.prop_map(Formula::Any)]
        })
    }

    /// Returns the ways to satisfy a formula, as the attributes write them. `next` counts its literals.
    fn ways(formula: &Formula, next: &mut u16) -> Vec<Vec<u16>> {
        match formula {
            Formula::Literal(_) => {
                *next += 1;
                vec![vec![*next - 1]]
            }
            Formula::Any(parts) => parts.iter().flat_map(|part| ways(part, next)).collect(),
            Formula::All(parts) => parts.iter().fold(vec![vec![]], |so_far, part| {
                let more = ways(part, next);
                so_far.iter().flat_map(|way| more.iter().map(move |add| [way.as_slice(), add].concat())).collect()
            }),
        }
    }

    fn words() -> DeclaredNames {
        let mut words = DeclaredNames::default();
        words.add(&ROLES);
        words
    }

    fn has_negation(formula: &Formula) -> bool {
        formula.literals(&mut |literal| literal.negated)
    }

    /// Returns whether the formula names two kinds of credentials, which exclude each other. An unsatisfiable part proves each name.
    fn has_two_kinds(formula: &Formula) -> bool {
        let has = |name: &str| {
            formula.literals(
                &mut |literal| matches!(literal.atom, Atom::Credential(ByCredential { kind, .. }) if kind.text == name),
            )
        };
        has("merchant-key") && has("admin-key")
    }

    #[test]
    fn redundancy_findings_are_sound_and_complete_without_negation() {
        let words = words();
        let config = ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() };
        let counts = [const { std::cell::Cell::new(0) }; 3];
        let [covered, impossible, implied] = &counts;
        let count = |of: &std::cell::Cell<usize>, says: bool| of.set(of.get() + usize::from(says));
        let outcome = TestRunner::new(config).run(&(formula(), formula()), |(one, other)| {
            let both = Formula::Any(vec![one, other].leak());
            let mut next = 0;
            let (of_one, of_other) = (ways(&one, &mut next), ways(&other, &mut next));
            let as_slices = |ways: &[Vec<u16>]| ways.iter().map(|way| &*way.clone().leak()).collect::<Vec<&[u16]>>();
            let (of_one, of_other) = (as_slices(&of_one), as_slices(&of_other));
            let tree = |formula: &Formula| Expr::read(&formula.to_string()).expect("what is written is read");
            let (one_tree, other_tree) = (tree(&one), tree(&other));
            let Some(follows) = holds_wherever(&one_tree, &other_tree, &words) else { return Ok(()) };
            let says = both.covers(&of_other, &of_one);
            prop_assert!(!says || follows, "{} does not follow from {}", other, one);
            // No single literal represents the common part of two lists of networks.
            let is_network =
                |literal: &u16| both.literal(*literal).is_some_and(|one| matches!(one.atom, Atom::Network(_)));
            let shared = of_one.iter().any(|way| way.iter().filter(|literal| is_network(literal)).count() > 1);
            if !shared && !has_negation(&one) && !has_negation(&other) {
                prop_assert_eq!(says, follows, "{} from {}", other, one);
            }
            count(covered, says);
            // Formulas that no caller can satisfy.
            let Some(never) = holds_wherever(&one_tree, &Expr::Any(Vec::new()), &words) else { return Ok(()) };
            let says = both.impossible(&of_one).is_some();
            prop_assert!(!says || never, "a caller can satisfy {}", one);
            count(impossible, says);
            // Names that a proof may rely on.
            for name in [ROLES.name("admin"), ROLES.name("editor"), PERMISSIONS.name("read")] {
                let held = Formula::Literal(Literal { atom: Atom::Named(Named(name)), negated: false, text: "" });
                let Some(follows) = holds_wherever(&one_tree, &tree(&held), &words) else { return Ok(()) };
                let says = one.implies(name);
                prop_assert!(!says || follows, "{} does not give {}", one, name.text);
                if !has_negation(&one) && !has_two_kinds(&one) {
                    prop_assert_eq!(says, follows, "{} gives {}", one, name.text);
                }
                count(implied, says);
            }
            Ok(())
        });
        outcome.unwrap();
        let [covered, impossible, implied] = [covered.get(), impossible.get(), implied.get()];
        assert!(covered > 10 && impossible > 3 && implied > 10, "{covered} {impossible} {implied}: none is trivial");
    }

    #[test]
    fn literal_implications_agree_with_enumeration() {
        let words = words();
        let literals: Vec<Literal> = atoms()
            .into_iter()
            .flat_map(|(atom, may_be_negated)| {
                let each = if may_be_negated { vec![false, true] } else { vec![false] };
                each.into_iter().map(move |negated| Literal { atom, negated, text: "" })
            })
            .collect();
        let tree = |literal: &Literal| Expr::read(&literal.to_string()).expect("what is written is read");
        for one in &literals {
            for other in &literals {
                let follows = holds_wherever(&tree(one), &tree(other), &words).expect("few worlds");
                // A rule may require an authenticated caller in addition to the absence of a role.
                let left_alone = one.negated && matches!(other.atom, Atom::Authenticated(_));
                let says = Side::of(one).implies(Side::of(other));
                assert_eq!(says, follows && !left_alone, "{one} and {other}");
            }
        }
    }
}
