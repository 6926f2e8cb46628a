//! Tests of rules that name kinds of credentials: every credential at every rule and every tenant of a request.

use super::*;
use crate::identity::principal::Binding;
use crate::identity::scheme_id::CustomSchemeId;
use crate::identity::tenant::Tenant;
use crate::policy::atom::ByCredential;

/// A credential: its kind (`None` for a JWT), and the values of `org` and `profile` that it is bound to.
#[derive(Clone, Copy, Debug)]
struct Held {
    kind: Option<&'static str>,
    bound: Option<(&'static str, Option<&'static str>)>,
}

/// The value of a dimension in a request.
type Named = Option<&'static str>;

const RULES: [(&str, &[&str]); 5] = [
    ("merchant-key", &[]),
    ("merchant-key", &["org"]),
    ("merchant-key", &["profile"]),
    ("merchant-key", &["org", "profile"]),
    ("Badge", &[]),
];

fn source(kind: Option<&str>) -> Issuer {
    match kind {
        None => tokens(),
        Some("Badge") => {
            let scheme = SchemeId::Custom(CustomSchemeId::new("Badge", false, 0).unwrap());
            Issuer { issuer: "scheme:Badge".into(), scheme, ..tokens() }
        }
        Some(kind) => {
            let tenancy = crate::identity::tenant::IssuerTenancy { grants_in_tenants: true, ..Default::default() };
            Issuer { issuer: format!("token:{kind}").into(), scheme: SchemeId::ApiKey, tenancy, ..tokens() }
        }
    }
}

impl Held {
    fn principal(self) -> Principal {
        let principal = Principal::from_claims(Arc::new(source(self.kind)), r#"{"sub":"alice"}"#.to_owned()).unwrap();
        let Some((org, profile)) = self.bound else { return principal };
        let tenant = Tenant::of("org", org);
        let tenant = profile.map_or(tenant.clone(), |profile| tenant.and("profile", profile));
        let confers = Confers::everything();
        let granted = crate::identity::granted::GrantedRights::unbound(Rights::new(), &confers);
        principal.granting(granted, Binding::Only([tenant].into()), None)
    }

    fn value(self, name: &str) -> Named {
        let (org, profile) = self.bound?;
        if name == "org" { Some(org) } else { profile }
    }
}

/// Returns the answer by the contract: the status, and the problem of a denial.
fn expected(kind: &str, dimensions: &[&str], held: Option<Held>, named: &dyn Fn(&str) -> Named) -> &'static str {
    const WRONG: &str = "401 missing-credentials";
    const ELSEWHERE: &str = "403 insufficient-permissions";
    let Some(held) = held else { return WRONG };
    // TENANT-11: a bound token counts for requests with a value for a tenant that the rule names, and it is one of the token's.
    if held.bound.is_some() {
        let shared: Vec<_> = dimensions.iter().filter(|name| held.value(name).is_some()).collect();
        if shared.is_empty()
            || shared.iter().any(|name| named(name).is_some_and(|value| held.value(name) != Some(value)))
        {
            return ELSEWHERE;
        }
        if shared.iter().any(|name| named(name).is_none()) {
            return "400 tenant-required";
        }
    }
    if held.kind != Some(kind) {
        return WRONG;
    }
    match dimensions.iter().all(|name| held.value(name).is_some()) {
        true => "run",
        false => ELSEWHERE,
    }
}

#[test]
fn kind_and_tenant_of_a_credential_decide() {
    // TOKEN-10, TENANT-5, TENANT-11 to TENANT-13, section 9: wrong kind of credential
    let kinds = [None, Some("merchant-key"), Some("publishable-key"), Some("Badge")];
    let bounds = [None, Some(("acme", None)), Some(("acme", Some("eu"))), Some(("other", Some("eu")))];
    let values = [None, Some("acme"), Some("other")];
    let profiles = [None, Some("eu"), Some("us")];
    let sources: Vec<_> = kinds.iter().map(|kind| Arc::new(source(*kind))).collect();
    let held = kinds.iter().flat_map(|kind| bounds.map(|bound| Some(Held { kind: *kind, bound })));
    // Only tokens of the application are bound.
    let held = held
        .filter(|held| held.is_some_and(|held| held.bound.is_none() || source(held.kind).scheme == SchemeId::ApiKey));
    let held: Vec<_> = held.chain([None]).collect();
    let mut count = 0;
    for (kind, dimensions) in RULES {
        let atom = Atom::Credential(ByCredential { kind: KINDS.name(kind), tenant: dimensions });
        let rule = rule(Formula::Literal(Literal { atom, negated: false, text: "credential" }));
        let negated = Formula::Literal(Literal { atom, negated: true, text: "credential" });
        for caller in &held {
            let principal = caller.map(Held::principal);
            for (org, profile) in values.iter().flat_map(|org| profiles.map(|profile| (*org, profile))) {
                let named = |name: &str| if name == "org" { org } else { profile };
                let request = |name: &&'static str| RequestDimension {
                    name,
                    value: named(name)
                        .map_or(DimensionValue::Missing(false), |value| DimensionValue::Named(value.to_owned())),
                };
                let tenants = RequestTenants { dimensions: dimensions.iter().map(request).collect(), negated: &[] };
                let tenants = (!dimensions.is_empty()).then_some(&tenants);
                let facts = Facts {
                    external: ExternalRights { tenants, ..ExternalRights::default() },
                    sources: &sources,
                    ..facts(principal.as_ref().map_or(CallerFacts::Nobody, CallerFacts::Known), OUTSIDE, Passed)
                };
                let case = format!("credential({kind:?}, in = {dimensions:?}) {caller:?} {org:?} {profile:?}");
                let decision = decide(alone(rule), &facts);
                assert_eq!(answer(&decision), expected(kind, dimensions, *caller, &named), "{case}");
                assert!(!negated.truth(&facts).now, "{case}: a credential cannot be negated");
                if let Decision::Deny(denial) = &decision
                    && denial.reason == Reason::MissingCredentials
                {
                    // The challenges are those of the right kind.
                    let scheme = source(Some(kind)).scheme;
                    assert_eq!(denial.schemes, SchemeSet::NONE.with(scheme), "{case}");
                }
                count += 1;
            }
        }
    }
    assert!(count > 400, "{count}");
}

#[test]
fn kinds_of_credentials_are_those_of_tokens_and_own_schemes() {
    // TOKEN-9, TOKEN-10
    let of = |issuer: &str, scheme| Issuer { issuer: issuer.into(), scheme, ..tokens() };
    let badge = CustomSchemeId::new("Badge", false, 7).unwrap();
    #[rustfmt::skip]
    let table = [
        (of("token:pat", SchemeId::ApiKey),                Some("pat")),
        (of("token:pat", SchemeId::OWN_TOKEN),             Some("pat")),
        (of("apikey:reports", SchemeId::ApiKey),           Some("api-key")),
        (of("scheme:Badge", SchemeId::Custom(badge)),      Some("Badge")),
        // The issuer of a JWT is text that another party controls.
        (of("token:pat", SchemeId::Bearer),                None),
        (of("token:pat", SchemeId::Dpop),                  None),
        (of("token:pat", SchemeId::Session),               None),
        (of("token:pat", SchemeId::TOKEN_COOKIE),          None),
        (of("token:pat", SchemeId::Basic),                 None),
        (of("token:pat", SchemeId::ClientCertificate),     None),
        (of("https://id.example", SchemeId::Bearer),       None),
    ];
    for (source, kind) in table {
        assert_eq!(source.credential_kind(), kind, "{} {:?}", source.issuer, source.scheme);
        let by_bearer = ByScheme(SchemeId::Bearer);
        let caller = Principal::from_claims(Arc::new(source), r#"{"sub":"alice"}"#.to_owned()).unwrap();
        let is_bearer = Atom::Scheme(by_bearer).truth(false, &facts(CallerFacts::Known(&caller), OUTSIDE, Passed)).now;
        assert!(!is_bearer || kind.is_none(), "an own token is never `bearer`");
    }
}

#[test]
fn a_credential_is_no_name_of_a_ceiling() {
    // RIGHTS-6
    let key = Held { kind: Some("merchant-key"), bound: None }.principal();
    let atom = |kind| Atom::Credential(ByCredential { kind: KINDS.name(kind), tenant: &[] });
    let one = |kind| Formula::Literal(Literal { atom: atom(kind), negated: false, text: "credential" });
    let scope = is(Scope("a"));
    let limited = key.clone().with_ceiling(Rights::new().scopes(["b"]));
    #[rustfmt::skip]
    let table = [
        (one("merchant-key"),                                                          &key,     "run"),
        (one("merchant-key"),                                                          &limited, "403 insufficient-permissions"),
        (one("admin-key"),                                                             &limited, "401 missing-credentials"),
        (Formula::Any(Box::leak(Box::new([one("merchant-key"), literal(scope)]))),     &limited, "403 insufficient-scope"),
    ];
    for (formula, caller, expected) in table {
        let decision = decide(alone(rule(formula)), &facts(CallerFacts::Known(caller), OUTSIDE, Passed));
        assert_eq!(answer(&decision), expected, "{formula:?}");
    }
}
