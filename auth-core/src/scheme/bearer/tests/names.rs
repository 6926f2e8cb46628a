//! Tests of the claims from which roles and scopes are read.

use super::*;

#[test]
fn roles_and_scopes_are_read_from_provider_specific_claims() {
    // JWT-27, AT-4, C4: (issuer, claims, roles held, scopes held, whether a missing role is known to be missing).
    let shop = |jwt: Jwt| server(jwt.issuer(ISSUER).audience(AUDIENCE));
    let flat = || Jwt::hs256(fixture("hmac.secret.txt"));
    #[rustfmt::skip]
    let table = [
        ("flat", flat(), r#""roles":["admin"],"groups":["g"],"scope":"openid  reports","scp":["s"]"#, "admin", "openid reports", true),
        ("flat, without", flat(), r#""realm_access":{"roles":["admin"]},"scp":"openid""#, "", "", false),
        ("Keycloak", flat().keycloak("shop/web~1"), r#""typ":"Bearer","azp":"shop","acr":"1","realm_access":{"roles":["offline_access","admin"]},
            "resource_access":{"shop/web~1":{"roles":["viewer"]},"account":{"roles":["manage-account","editor"]}},"scope":"openid profile email""#,
            "admin viewer", "openid profile email", true),
        ("Keycloak, without roles of the client", flat().keycloak("shop"), r#""realm_access":{"roles":["admin"]},"roles":["editor"]"#, "admin", "", false),
        ("Keycloak, told apart", flat().keycloak_with_prefixes("shop", "realm:", ""), r#""realm_access":{"roles":["admin"]},
            "resource_access":{"shop":{"roles":["editor"]}}"#, "realm:admin editor", "", true),
        ("Keycloak, told apart", flat().keycloak_with_prefixes("shop", "", "shop:"), r#""realm_access":{"roles":["viewer"]},
            "resource_access":{"shop":{"roles":["admin"]}}"#, "shop:admin viewer", "", true),
        ("Auth0", flat().auth0("https://shop.example/"), r#""azp":"k","https://shop.example/roles":["admin"],"permissions":["read:x"],"roles":["editor"],
            "scope":"openid read:x""#, "admin", "openid read:x", true),
        ("Entra ID", flat().entra(), r#""ver":"2.0","oid":"o","tid":"t","roles":["admin"],"scp":"Files.Read User.Read","groups":["viewer"]"#,
            "admin", "Files.Read User.Read", true),
        ("Entra ID, too many groups", flat().entra(), r#""roles":["admin"],"_claim_names":{"groups":"src1"},"_claim_sources":{"src1":{"endpoint":"https://x"}}"#,
            "admin", "", true),
        ("Entra ID, too many groups", flat().entra(), r#""roles":["admin"],"hasgroups":true"#, "admin", "", true),
        ("Entra ID, groups as roles, too many", flat().roles_at(["/groups"]), r#""groups":["admin"],"hasgroups":true"#, "admin", "", false),
        ("Okta", flat().okta(), r#""ver":1,"cid":"c","uid":"u","groups":["Everyone","admin"],"scp":["openid","reports"],"roles":["editor"]"#,
            "admin", "openid reports", true),
        ("deep", flat().roles_at(["/a~1b/~0c/"]), r#""a/b":{"~c":{"":["admin"]}},"roles":["editor"]"#, "admin", "", true),
        ("one string at the end", flat().roles_at(["/a/b"]), r#""a":{"b":"admin"}"#, "admin", "", true),
        ("no list at the end", flat().roles_at(["/a/b"]), r#""a":{"b":{"admin":1}}"#, "", "", false),
        ("one string where nothing is configured", flat(), r#""roles":"admin""#, "", "", false),
    ];
    for (case, jwt, members, roles, scopes, answers) in table {
        let members = format!("{{{members},{}", &claims(&[])[1..]);
        let caller = shop(jwt)
            .verify(&hs256(HS256, &members), at(NOW))
            .unwrap()
            .unwrap_or_else(|denial| panic!("{case}: {denial:?}"));
        for role in ["admin", "editor", "viewer", "g", "manage-account", "realm:admin", "shop:admin", "realm:editor"] {
            let held = roles.split(' ').any(|held| held == role);
            assert_eq!(caller.has_role(Role::new(role)), held, "{case}: {role}");
            assert_eq!(caller.lacks(Role::VOCABULARY.name(role)), answers && !held, "{case}: {role}");
        }
        for scope in ["openid", "profile", "email", "reports", "read:x", "Files.Read", "User.Read", "s", "open", ""] {
            let held = !scope.is_empty() && scopes.split(' ').any(|held| held == scope);
            assert_eq!(caller.has_scope(TokenScope::new(scope)), held, "{case}: {scope}");
        }
    }
    for (jwt, member) in [
        (flat(), r#""scope":["openid"]"#),
        (flat().entra(), r#""scp":{"a":1}"#),
        (flat().okta(), r#""cid":"c","scp":7"#),
        (flat().okta(), r#""cid":"c","scp":["a",1]"#),
    ] {
        let members = format!("{{{member},{}", &claims(&[])[1..]);
        assert_eq!(outcome(&shop(jwt), &hs256(HS256, members), at(NOW)), "invalid-credentials", "BEARER-9: {member}");
    }
}
