use super::{Fact, Requirement};
use crate::identity::issuer::Issuer;
use crate::identity::principal::{Principal, RightsLookup};
use crate::identity::tenant::TenantRef;
use crate::identity::vocabulary::{Name, NameKind};
use crate::policy::facts::{CallerFacts, Facts, TenantUnknown};
use crate::policy::truth::Truth;

/// A role, a permission or a scope that the caller holds.
#[derive(Clone, Copy, Debug)]
pub struct Named(pub Name);

/// A role or a permission that the caller holds within a tenant.
#[derive(Clone, Copy, Debug)]
pub struct NamedIn {
    /// The role or permission.
    pub name: Name,
    /// The dimensions of the tenant.
    pub tenant: &'static [&'static str],
}

/// Returns whether the name may be negated. Callers can omit permissions, scopes and open names by presenting less (C4).
const fn may_be_negated(name: Name) -> bool {
    matches!(name.vocabulary.kind, NameKind::Role) && !name.vocabulary.open
}

/// Returns the truth of a name in a tenant, or outside of tenants.
#[inline(never)]
fn truth(name: Name, tenant: Option<&TenantRef<'_>>, negated: bool, facts: &Facts<'_>) -> Truth {
    let external = facts.external;
    let is_asked = external.is_asked && name.vocabulary.kind != NameKind::Scope;
    facts.of_caller(
        |caller| {
            let unknown = |otherwise| if external.unknown_holds { Truth::HOLDS } else { otherwise };
            // A source that could give a name above the ceiling is not asked (RIGHTS-6).
            if negated && !may_be_negated(name) || !negated && !caller.may_hold(name) {
                return Truth::NO;
            }
            if !negated && caller.holds_within(name, tenant) {
                return Truth::HOLDS;
            }
            match caller.answer(tenant) {
                None if is_asked => unknown(Truth::NO),
                Some(RightsLookup::OutOfReach) => unknown(Truth::OUT_OF_REACH),
                // The provider has answered, or the credential is the only source of names.
                None | Some(RightsLookup::Answered(_)) => Truth::settled(negated && caller.lacks_within(name, tenant)),
            }
        },
        |source| could_hold(name, &[], negated, source, is_asked),
    )
}

/// Returns whether a credential of an issuer could satisfy the name, in a tenant with these dimensions or outside of tenants.
fn could_hold(name: Name, dimensions: &[&str], negated: bool, source: &Issuer, is_asked: bool) -> bool {
    let is_scope = name.vocabulary.kind == NameKind::Scope;
    let counts = is_scope || source.tenancy.could_count(dimensions);
    // The rights of an account count outside of tenants.
    let is_asked = is_asked || !is_scope && dimensions.is_empty() && source.login.loads_account();
    match negated {
        false => counts && source.could_hold(name) || is_asked && source.roles.could_hold(name),
        true => may_be_negated(name) && (is_asked || counts && source.could_answer(name)),
    }
}

impl Requirement for Named {
    const ABOUT_CALLER: bool = true;

    fn describe(&self, _: &'static str) -> Fact {
        Fact::Name(self.0.vocabulary.kind.word().to_owned(), self.0.text.to_owned(), None)
    }

    #[inline]
    fn truth(&self, negated: bool, facts: &Facts<'_>) -> Truth {
        match facts.caller {
            // Fast path of every request.
            CallerFacts::Known(caller) if !negated && caller.is_known_to_hold(self.0) => Truth::HOLDS,
            _ => truth(self.0, None, negated, facts),
        }
    }
}

impl Requirement for NamedIn {
    const ABOUT_CALLER: bool = true;

    fn describe(&self, _: &'static str) -> Fact {
        let (kind, name) = (self.name.vocabulary.kind.word(), self.name.text);
        Fact::Name(kind.to_owned(), name.to_owned(), Some(dimensions_text(self.tenant)))
    }

    fn truth(&self, negated: bool, facts: &Facts<'_>) -> Truth {
        let Self { name, tenant } = *self;
        let external = facts.external;
        let CallerFacts::Known(caller) = facts.caller else {
            let is_asked = external.is_asked && name.vocabulary.kind != NameKind::Scope;
            return facts.of_caller(
                |_| Truth::NO,
                |source| source.tenancy.could_enter(tenant) && could_hold(name, tenant, negated, source, is_asked),
            );
        };
        match external.tenant(tenant, Some(caller)) {
            // TENANT-5: nobody is known to hold a name in an unknown tenant, or to lack it.
            Err(TenantUnknown) if external.missing_holds && !negated => Truth::settled(caller.may_hold(name)),
            Err(TenantUnknown) => Truth::NO,
            Ok(tenant) if !may_count(caller, &tenant) => Truth::NO,
            Ok(tenant) => truth(name, Some(&tenant), negated, facts),
        }
    }
}

/// Returns whether any right of the caller could count in a tenant. A bound credential counts only in tenants that have a dimension
/// in common with its own, and no dimension with another value (TENANT-10, TENANT-12).
pub(crate) fn may_count(caller: &Principal, tenant: &TenantRef<'_>) -> bool {
    !caller.is_bound()
        || caller.bound_tenants().iter().any(|bound| tenant.shares_dimension(bound) && !tenant.contradicts(bound))
}

/// Returns the dimensions as written after `in =`.
pub(crate) fn dimensions_text(dimensions: &[&str]) -> String {
    match dimensions {
        [one] => (*one).to_owned(),
        several => format!("({})", several.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Atom;
    use super::super::tests::{alice, facts, source};
    use super::*;
    use crate::identity::issuer::Confers;
    use crate::identity::vocabulary::open::Role as OpenRole;
    use crate::identity::vocabulary::{Declares, NameIndex, Vocabulary};

    static PERMISSIONS: Vocabulary = Vocabulary {
        kind: NameKind::Permission,
        declared_in: "Permission",
        module: "app",
        open: false,
        names: &["posts:read", "posts:write"],
        variants: &["PostsRead", "PostsWrite"],
        name_index: NameIndex::few(&[("posts:read", 0), ("posts:write", 1)]),
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
        name_index: NameIndex::few(&[("admin", 0), ("editor", 1), ("redactor", 1), ("suspended", 2)]),
        closure: &[&[0b011], &[0b010], &[0b100]],
        grants: &[&[PERMISSIONS.name("posts:write")], &[PERMISSIONS.name("posts:write")], &[]],
    };
    /// Like `ROLES`, in another order and without a hierarchy: H7.
    static OTHER_ROLES: Vocabulary = Vocabulary {
        kind: NameKind::Role,
        declared_in: "Role",
        module: "app",
        open: false,
        names: &["suspended", "editor", "admin"],
        variants: &["Suspended", "Editor", "Admin"],
        name_index: NameIndex::few(&[("admin", 2), ("editor", 1), ("suspended", 0)]),
        closure: &[&[0b001], &[0b010], &[0b100]],
        grants: &[&[], &[], &[]],
    };

    fn holds(name: Name, negated: bool, members: &str) -> bool {
        let caller = alice(crate::identity::issuer::Issuer { roles: [&ROLES].into(), ..source() }, members);
        Named(name).truth(negated, &facts(CallerFacts::Known(&caller))).now
    }

    #[test]
    fn named_atom_honors_implied_roles_and_granted_permissions() {
        // JWT-27
        #[rustfmt::skip]
        let table = [
            (ROLES.name("admin"), r#","roles":["admin"]"#, true),
            (ROLES.name("editor"), r#","roles":["admin"]"#, true),
            (ROLES.name("editor"), r#","roles":["\u0072edactor"]"#, true),
            (ROLES.name("admin"), r#","roles":["editor"]"#, false),
            (ROLES.name("admin"), r#","roles":["Admin"," admin","admin ","administrator",""]"#, false),
            (ROLES.name("admin"), r#","roles":"admin""#, false),
            (ROLES.name("admin"), r#","roles":["admin",1]"#, false),
            (ROLES.name("admin"), r#","roles":[["admin"]]"#, false),
            (ROLES.name("admin"), r#","permissions":["admin"],"scp":["admin"]"#, false),
            (OTHER_ROLES.name("editor"), r#","roles":["admin"]"#, false),
            (OTHER_ROLES.name("admin"), r#","roles":["admin"]"#, true),
            (OTHER_ROLES.name("suspended"), r#","roles":["admin"]"#, false),
            (PERMISSIONS.name("posts:read"), r#","roles":["editor"]"#, true),
            (PERMISSIONS.name("posts:write"), r#","permissions":["posts:write"]"#, true),
            (PERMISSIONS.name("posts:write"), r#","permissions":["posts:read"]"#, false),
            (PERMISSIONS.name("posts:read"), r#","roles":["suspended"]"#, false),
            (OpenRole::VOCABULARY.name("night-shift"), r#","roles":["night-shift"]"#, true),
            (OpenRole::VOCABULARY.name("night-shift"), r#","roles":["night"]"#, false),
        ];
        for (name, members, expected) in table {
            assert_eq!(holds(name, false, members), expected, "{} {members}", name.text);
        }
    }

    #[test]
    fn negated_name_requires_an_authoritative_role_list() {
        // C4
        let suspended = ROLES.name("suspended");
        #[rustfmt::skip]
        let table = [
            (suspended, r#","roles":[]"#, true),
            (suspended, r#","roles":["admin"]"#, true),
            (suspended, r#","roles":["suspended"]"#, false),
            (suspended, "", false),
            (suspended, r#","roles":"none""#, false),
            (PERMISSIONS.name("posts:write"), r#","permissions":[],"roles":[]"#, false),
            (OpenRole::VOCABULARY.name("suspendd"), r#","roles":[]"#, false),
        ];
        for (name, members, expected) in table {
            assert_eq!(holds(name, true, members), expected, "{} {members}", name.text);
        }
        // An alias or an implying name refutes the absence, even if the issuer may confer only the name itself.
        let partner = || crate::identity::issuer::Issuer { confers: Confers::nothing().roles(["editor"]), ..source() };
        for (listed, lacks) in
            [("[]", true), (r#"["viewer"]"#, true), (r#"["redactor"]"#, false), (r#"["admin"]"#, false)]
        {
            let caller = alice(partner(), &format!(r#","roles":{listed}"#));
            let found = Named(ROLES.name("editor")).truth(true, &facts(CallerFacts::Known(&caller)));
            assert_eq!(found, Truth::settled(lacks), "{listed}");
        }
        let silent =
            alice(crate::identity::issuer::Issuer { confers: Confers::nothing(), ..source() }, r#","roles":[]"#);
        assert_eq!(Named(suspended).truth(true, &facts(CallerFacts::Known(&silent))), Truth::NO);
    }

    #[test]
    fn names_the_issuer_may_not_confer_are_dropped() {
        // C3
        let partner = || crate::identity::issuer::Issuer { confers: Confers::nothing().roles(["editor"]), ..source() };
        let caller = alice(partner(), r#","roles":["admin","editor"]"#);
        for (role, expected) in [("admin", false), ("editor", true)] {
            let named = Named(ROLES.name(role));
            assert_eq!(named.truth(false, &facts(CallerFacts::Known(&caller))), Truth::settled(expected), "{role}");
            assert_eq!(named.truth(false, &facts(CallerFacts::Hypothetical(&partner()))).could, expected, "{role}");
        }
    }

    #[test]
    fn a_ceiling_applies_to_names_that_were_found_before() {
        // RIGHTS-4
        let admin = Named(ROLES.name("admin"));
        let caller = alice(source(), r#","roles":["admin"]"#);
        assert_eq!(admin.truth(false, &facts(CallerFacts::Known(&caller))), Truth::HOLDS);
        let shared = caller.clone();
        for caller in [caller, shared] {
            let limited = caller.with_ceiling(crate::identity::rights::Rights::new());
            assert_eq!(admin.truth(false, &facts(CallerFacts::Known(&limited))), Truth::NO);
        }
    }

    #[test]
    fn names_are_resolved_beyond_the_vocabulary_cache_size() {
        let admin = Atom::Named(Named(ROLES.name("admin")));
        assert_eq!(admin.truth(false, &facts(CallerFacts::Nobody)), Truth::COULD);
        assert_eq!(admin.truth(true, &facts(CallerFacts::Nobody)), Truth::COULD);
        let caller = alice(source(), r#","roles":["admin"]"#);
        for _ in 0..6 {
            let declared = Vocabulary { closure: OTHER_ROLES.closure, grants: OTHER_ROLES.grants, ..ROLES_COPY };
            let fresh: &'static Vocabulary = Box::leak(Box::new(declared));
            assert!(caller.holds(fresh.name("admin")) && !caller.holds(fresh.name("editor")));
        }
    }

    const ROLES_COPY: Vocabulary = Vocabulary {
        kind: NameKind::Role,
        declared_in: "Role",
        module: "app",
        open: false,
        names: &["suspended", "editor", "admin"],
        variants: &[],
        name_index: NameIndex::few(&[("admin", 2), ("editor", 1), ("suspended", 0)]),
        closure: &[],
        grants: &[],
    };
}
