//! The names that a principal holds. They are listed in its credential, implied or granted by listed names, or returned by a role
//! lookup.

use std::sync::OnceLock;

use smallvec::SmallVec;

use super::{Principal, RightsLookup};
use crate::identity::issuer::{Issuer, ListClaim, implies};
use crate::identity::rights::{NameRef, Rights};
use crate::identity::scheme_id::SchemeId;
use crate::identity::tenant::TenantRef;
use crate::identity::vocabulary::{Bits, Name, NameKind, Vocabulary};
use crate::runtime::strict_json::{Raw, Span};

/// The location of each list of an issuer in the claims. `None` if the credential does not contain the list, or if the list has the
/// wrong type or an element that is not a string.
#[derive(Clone, Debug)]
pub(crate) struct Lists {
    found: SmallVec<[Option<Span>; 4]>,
    broken_scope: bool,
    /// Bit set of the positions of lists that are present in another form than configured.
    unreadable: u32,
}

impl Lists {
    pub(crate) fn of(source: &Issuer) -> Self {
        Self { found: SmallVec::from_elem(None, source.lists.len()), broken_scope: false, unreadable: 0 }
    }

    /// Records a member of the claims from the strict reader.
    pub(crate) fn record(&mut self, source: &Issuer, claims: &str, name: &str, value: Raw<'_>) {
        for (position, (list, found)) in (0..).zip(source.lists.iter().zip(&mut self.found)) {
            let Some((_, inner)) = list.path.split_first().filter(|(first, _)| *first == name) else { continue };
            let Some(value) = inner.iter().try_fold(value, |value, name| value.member(name)) else { continue };
            if list.form.fits(value) {
                *found = Some(value.span(claims));
            } else {
                self.broken_scope |= list.kind == NameKind::Scope;
                self.unreadable |= 1_u32.unbounded_shl(position);
            }
        }
    }

    /// Returns whether a claim that lists scopes has the wrong type, so that the whole token must be rejected (BEARER-9).
    pub(crate) fn has_broken_scope(&self) -> bool {
        self.broken_scope
    }
}

/// The names of one vocabulary that a principal holds, computed once.
#[derive(Clone)]
pub(super) struct NameSet {
    vocabulary: &'static Vocabulary,
    /// The number of replacements of the grants from which permissions were computed. A principal is shared, and grants can be
    /// replaced.
    grants: u64,
    bits: Bits,
}

impl NameSet {
    /// Returns whether the grants have not been replaced since the computation. Roles and scopes do not depend on them.
    fn is_current(&self, source: &Issuer) -> bool {
        self.vocabulary.kind != NameKind::Permission || self.grants == source.roles.changes()
    }
}

impl Principal {
    /// Returns the names of one kind that the credential lists and its issuer may confer, with their configured prefix. Also
    /// returns whether the list is complete. If it is not, the absence of a name proves nothing.
    pub(crate) fn listed(&self, kind: NameKind) -> (Vec<String>, bool) {
        let (mut names, mut written) = (Vec::new(), 0);
        self.each_listed(kind, |name| names.push(name.to_owned()));
        self.each_written(kind, |_| written += 1);
        let all = self.lists_all(kind) && names.len() == written;
        (names, all)
    }

    /// Returns whether an earlier computation found that the credential confers the name. Only tests bits: the principal may hold
    /// the name even if this returns `false`.
    #[inline]
    pub(crate) fn is_known_to_hold(&self, name: Name) -> bool {
        let found = |held: &NameSet| {
            held.vocabulary.is(name.vocabulary) && held.is_current(&self.said.source) && held.bits.contains(name.index)
        };
        let counts = name.vocabulary.kind == NameKind::Scope || self.said.counts_in(None);
        counts && self.said.held.iter().map_while(OnceLock::get).any(found)
    }

    /// Returns whether the principal holds the name directly, or holds a name that implies or grants it.
    #[cfg(test)]
    pub(crate) fn holds(&self, name: Name) -> bool {
        self.holds_within(name, None)
    }

    /// Returns whether the principal holds the name directly, or holds a name that implies or grants it. A `tenant` of `None` is
    /// outside of tenants.
    pub(crate) fn holds_within<'n>(&self, name: impl Into<NameRef<'n>>, tenant: Option<&TenantRef<'_>>) -> bool {
        let name = name.into();
        match &self.said.ceiling {
            None => self.was_conferred(name, tenant) || self.was_given(name, tenant) || self.was_granted(name, tenant),
            Some(ceiling) => self.holds_below(ceiling, name, tenant),
        }
    }

    /// Returns whether the ceiling of the credential contains the name, if there is a ceiling.
    pub(crate) fn may_hold(&self, name: Name) -> bool {
        let contains = |ceiling: &Rights| ceiling.contain(name.into(), &self.said.source.roles);
        self.said.ceiling.as_ref().is_none_or(contains)
    }

    /// Returns whether the ceiling contains the name, and the principal would hold the name without it. A ceiling grants scopes
    /// (RIGHTS-5), and limits everything else.
    #[cold]
    fn holds_below(&self, ceiling: &Rights, name: NameRef<'_>, tenant: Option<&TenantRef<'_>>) -> bool {
        ceiling.contain(name, &self.said.source.roles)
            && (name.vocabulary.kind == NameKind::Scope && tenant.is_none()
                || self.was_conferred(name, tenant)
                || self.was_given(name, tenant)
                || self.was_granted(name, tenant))
    }

    /// Returns whether the rights that the credential grants for each tenant contain the name.
    fn was_granted(&self, name: NameRef<'_>, tenant: Option<&TenantRef<'_>>) -> bool {
        self.said.granted_in(tenant).is_some_and(|granted| granted.contain(name, tenant, &self.said.source.roles))
    }

    /// Returns whether the credential grants a right in the tenant. See [`Rights::has_any_but`].
    pub(crate) fn is_granted_any_but(&self, negated: &[Name], tenant: &TenantRef<'_>) -> bool {
        let granted = self.said.granted_in(Some(tenant));
        granted.is_some_and(|granted| granted.has_any_but(negated, tenant, &self.said.source.roles))
    }

    /// Returns whether the credential lists the name, or a name that implies or grants it.
    fn was_conferred(&self, name: NameRef<'_>, tenant: Option<&TenantRef<'_>>) -> bool {
        let NameRef { vocabulary, index, text } = name;
        let counts = vocabulary.kind == NameKind::Scope && tenant.is_none() || self.said.counts_in(tenant);
        counts && self.holds_in(vocabulary, index, text)
    }

    /// Returns the answers about rights in `tenant`, or outside of tenants: that of the account and that of the rights provider. The
    /// rights of an account count outside of tenants only (RIGHTS-9).
    pub(super) fn answered<'a>(&'a self, tenant: Option<&TenantRef<'_>>) -> impl Iterator<Item = &'a Rights> {
        let of_provider = match self.answer(tenant) {
            Some(RightsLookup::Answered(rights)) => Some(&**rights),
            Some(RightsLookup::OutOfReach) | None => None,
        };
        let of_account = if tenant.is_none() { self.answered_rights() } else { None };
        of_account.into_iter().chain(of_provider)
    }

    /// Returns whether the account or an answer of the rights provider contains the name, or a name that implies or grants it. Scopes
    /// limit what a client may do for its user, so only credentials contain them.
    fn was_given(&self, name: NameRef<'_>, tenant: Option<&TenantRef<'_>>) -> bool {
        if self.answers.is_none() || name.vocabulary.kind == NameKind::Scope {
            return false;
        }
        let types = &self.said.source.roles;
        let is_of_account =
            || tenant.is_none() && self.rights_of_account().is_some_and(|held| held.contain(name, types));
        match self.answer(tenant) {
            Some(RightsLookup::Answered(rights)) if rights.contain(name, types) => true,
            _ => is_of_account(),
        }
    }

    /// Returns whether the absence of the role is proven, within a tenant or outside of tenants. Each source that could have answered
    /// must have answered: the credential if its rights count there, the account outside of tenants, and the provider if it was asked.
    ///
    /// An empty answer for a tenant proves nothing: the same tenant may have another spelling, and the caller chooses the spelling in
    /// the path.
    pub(crate) fn lacks_within(&self, name: Name, tenant: Option<&TenantRef<'_>>) -> bool {
        let counts = self.said.counts_in(tenant);
        if matches!(self.answer(tenant), Some(RightsLookup::OutOfReach)) {
            return false;
        }
        if self.said.source.tenancy.grants_in_tenants {
            let granted = self.said.granted_in(tenant);
            if !granted.is_some_and(|granted| granted.lack_role(name, tenant, &self.said.source.roles)) {
                return false;
            }
        }
        let mut answers = self.answered(tenant).peekable();
        if answers.peek().is_none() {
            // If the claim that grants rights in each tenant has answered, the lists may not count here.
            return match self.said.source.tenancy.grants_in_tenants && !counts {
                true => !self.writes(name),
                false => counts && self.lacks(name),
            };
        }
        let is_answered = !counts || !self.said.source.could_answer(name) || self.lists_all(name.vocabulary.kind);
        let lacks = |rights: &Rights| {
            (tenant.is_none() || !rights.is_empty()) && rights.lack_role(name, &self.said.source.roles)
        };
        is_answered && !self.writes(name) && answers.all(lacks)
    }

    /// Returns whether the credential lists the name or one that implies it, or marks the list as omitted. It does not matter
    /// whether the issuer may confer the name.
    fn writes(&self, name: Name) -> bool {
        let mut listed = false;
        self.each_written(name.vocabulary.kind, |written| listed |= implies(name.vocabulary, written, name));
        listed || self.omits(name.vocabulary.kind)
    }

    /// Returns whether the issuer proves that the caller does not hold the name. The credential must contain all lists of this
    /// kind, and neither the name nor one that implies it, not even one that the issuer may not confer.
    pub(crate) fn lacks(&self, name: Name) -> bool {
        let source = &self.said.source;
        let kind = name.vocabulary.kind;
        source.confers.allows(kind, name.text) && self.lists_all(kind) && !self.writes(name)
    }

    /// Returns the lists of one kind, with their locations in the claims.
    pub(super) fn lists_of(&self, kind: NameKind) -> impl Iterator<Item = (&ListClaim, Option<Span>)> {
        let lists = self.said.source.lists.iter().zip(self.said.lists.found.iter().copied());
        lists.filter(move |(list, _)| list.kind == kind)
    }

    /// Describes for logs which claims of the credential list names of this kind, and how many. Returns `None` if no list of this
    /// kind is configured.
    pub(crate) fn told_of_lists(&self, kind: NameKind) -> Option<String> {
        let (source, lists) = (&self.said.source, &self.said.lists);
        let mut told = Vec::new();
        for (position, (list, found)) in (0..).zip(source.lists.iter().zip(&lists.found)) {
            if list.kind != kind {
                continue;
            }
            let mut count = 0;
            if let Some(span) = found {
                list.form.each(Raw::at(&self.said.claims, *span), |_| count += 1);
            }
            let at = list.pointer();
            told.push(match (found, lists.unreadable & 1_u32.unbounded_shl(position) != 0) {
                (_, true) => format!("{at} has another type than configured"),
                (None, false) => format!("none, {at} is absent"),
                (Some(_), false) if count == 0 => format!("none at {at}"),
                (Some(_), false) => format!("{count} at {at}"),
            });
        }
        let help = if matches!(self.scheme().challenged(), SchemeId::Bearer | SchemeId::Dpop) {
            format!(" (`.{}s_at([…])`)", kind.word())
        } else {
            String::new()
        };
        (!told.is_empty()).then(|| format!("the credential lists {}s: {}{help}", kind.word(), told.join(", ")))
    }

    /// Returns whether the issuer has a list of this kind, and the credential contains all of these lists and marks none as
    /// omitted.
    fn lists_all(&self, kind: NameKind) -> bool {
        let mut lists = self.lists_of(kind).peekable();
        lists.peek().is_some() && lists.all(|(_, found)| found.is_some()) && !self.omits(kind)
    }

    /// Returns whether the credential marks a list of this kind as omitted.
    fn omits(&self, kind: NameKind) -> bool {
        let mut claims = self.lists_of(kind).filter_map(|(list, _)| list.path.first());
        self.said.login.omitted.is_some() && claims.any(|claim| self.omits_claim(claim))
    }

    fn holds_in(&self, vocabulary: &'static Vocabulary, index: u16, text: &str) -> bool {
        if self.said.source.has_scope_anyway(vocabulary.kind, text) {
            return true;
        }
        if vocabulary.open {
            let mut found = false;
            self.each_listed(vocabulary.kind, |name| found |= name == text);
            return found || (vocabulary.kind == NameKind::Permission && self.grants_open(text));
        }
        // Under a ceiling, nothing is kept, because kept names are found without comparing them with the ceiling.
        let slots = if self.said.ceiling.is_none() { self.said.held.as_slice() } else { &[] };
        for slot in slots {
            let held = slot.get_or_init(|| {
                // Read before the grants, so that a set computed from grants that are replaced meanwhile does not count as current.
                let grants = self.said.source.roles.changes();
                NameSet { vocabulary, grants, bits: self.bits(vocabulary) }
            });
            if held.vocabulary.is(vocabulary) && held.is_current(&self.said.source) {
                return held.bits.contains(index);
            }
        }
        // There are more vocabularies than slots, or the grants were replaced. This is slower, but correct.
        self.bits(vocabulary).contains(index)
    }

    /// Returns all names of the vocabulary that the credential confers.
    fn bits(&self, vocabulary: &'static Vocabulary) -> Bits {
        let mut bits = self.listed_bits(vocabulary);
        if vocabulary.kind == NameKind::Permission {
            self.each_grant(|granted| {
                if granted.vocabulary.is(vocabulary) {
                    bits.add(vocabulary, granted.index);
                }
            });
        }
        bits
    }

    fn grants_open(&self, permission: &str) -> bool {
        let mut found = false;
        self.each_grant(|granted| found |= granted.text == permission);
        found
    }

    /// Calls `visit` with each name that the listed roles grant.
    fn each_grant(&self, mut visit: impl FnMut(&Name)) {
        let types = &self.said.source.roles;
        for roles in types.iter() {
            for index in self.listed_bits(roles).iter() {
                types.each_grant(roles, index, &mut visit);
            }
        }
    }

    /// Returns the listed names of the vocabulary and the names that they imply.
    fn listed_bits(&self, vocabulary: &'static Vocabulary) -> Bits {
        let mut bits = Bits::none_of(vocabulary);
        self.each_listed(vocabulary.kind, |name| {
            if let Some(index) = vocabulary.index_of(name) {
                bits.add(vocabulary, index);
            }
        });
        bits
    }

    /// Calls `visit` with each listed name of one kind that the issuer may confer.
    fn each_listed(&self, kind: NameKind, mut visit: impl FnMut(&str)) {
        self.each_written(kind, |name| {
            if self.said.source.confers.allows(kind, name) {
                visit(name);
            }
        });
    }

    /// Calls `visit` with each listed name of one kind, with its configured prefix.
    fn each_written(&self, kind: NameKind, mut visit: impl FnMut(&str)) {
        let source = &self.said.source;
        let mut prefixed = String::new();
        for (list, found) in source.lists.iter().zip(&self.said.lists.found) {
            let Some(value) = found.filter(|_| list.kind == kind).map(|span| Raw::at(&self.said.claims, span)) else {
                continue;
            };
            let mut visit = |name: &str| {
                if list.prefix.is_empty() {
                    return visit(name);
                }
                prefixed.clear();
                prefixed.push_str(&list.prefix);
                prefixed.push_str(name);
                visit(&prefixed);
            };
            list.form.each(value, &mut visit);
        }
    }
}
