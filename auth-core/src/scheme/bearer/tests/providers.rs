//! Tests with tokens as providers issue them, and with the settings documented for them.

use super::*;
use crate::identity::issuer::NameList;

const SECRET: [u8; 32] = [7; 32];

/// Returns the token of this shape, with some claims replaced. The value `"absent"` removes a claim.
fn token(shape: &str, others: serde_json::Value) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/providers");
    let text = std::fs::read_to_string(folder.join(format!("{shape}.json"))).unwrap();
    let shape: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut claims = shape["claims"].clone();
    claims["iat"] = NOW.into();
    claims["exp"] = (NOW + 3600).into();
    for name in ["nbf", "auth_time"] {
        if claims[name].is_number() {
            claims[name] = NOW.into();
        }
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    for (name, value) in others.as_object().into_iter().flatten() {
        claims[name] = value.clone();
        if value == "absent" {
            claims.as_object_mut().unwrap().remove(name);
        }
    }
    let header = match shape["typ"].as_str() {
        Some(kind) => format!(r#"{{"alg":"HS256","typ":"{kind}"}}"#),
        None => r#"{"alg":"HS256"}"#.to_owned(),
    };
    sign_by(&SECRET, header, claims.to_string())
}

fn issuer(name: &str) -> Jwt {
    Jwt::hs256(SECRET).issuer(name)
}

/// Returns the cause of the denial, or whether the caller is a client, its roles and its scopes.
fn found(jwt: Jwt, token: &str) -> String {
    match server(jwt).verify(token, at(NOW)).unwrap() {
        Err(denial) => denial.cause.unwrap_or_default().to_owned(),
        Ok(caller) => {
            let mut found = vec![if caller.is_client() { "client" } else { "user" }];
            let names = ["admin", "org:admin", "editor"].into_iter();
            found.extend(names.filter(|name| caller.has_role(Role::new(*name))));
            found.extend(["read", "write"].into_iter().filter(|name| caller.has_scope(TokenScope::new(*name))));
            found.join(" ")
        }
    }
}

const ENTRA: &str = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0";
const AUDIENCE_ABSENT: &str = "the audience is absent";
const AUDIENCE_OTHER: &str = "the audience is not accepted";
const ID_TOKEN: &str = "the token is an ID token";
const OTHER_TOKEN: &str = "the token is not an access token";
const CLAIM: &str = "a required claim is absent or has another value";

#[test]
fn provider_presets_accept_default_provider_tokens() {
    use serde_json::json;
    let none = || json!({});
    let plain = || issuer("https://id.example/plain").audience("api");
    let cognito = || issuer("https://id.example/cognito").cognito("app-1");
    let keycloak = || issuer("https://id.example/realms/acme").audience("reports").keycloak("reports");
    let entra = || issuer(ENTRA).audience("api-client-id").entra();
    let auth0 = || issuer("https://tenant.eu.auth0.com/").audience("https://api.example").auth0("https://app.example/");
    let adfs = || issuer("http://adfs.example/adfs/services/trust").audience("https://api.example").adfs();
    let okta = || issuer("https://dev-1.okta.com/oauth2/default").audience("api://default").okta();
    let supabase = || issuer("https://ref.supabase.co/auth/v1").supabase();
    let google = || issuer("https://accounts.google.com").audience("123.apps.googleusercontent.com");
    let apple = || issuer("https://appleid.apple.com").audience("com.example.app");
    #[rustfmt::skip]
    let table = [
        // Row 1: an unreadable claim that RFC 7519 does not register is unknown.
        ("adfs-auth-time-iso", none(), adfs(), "user admin"),
        ("adfs-auth-time-iso", json!({"acr": 3, "azp": ["a"], "client_id": {}}), adfs(), "user admin"),
        ("adfs-auth-time-iso", json!({"jti": 42}), adfs(), "the token id (jti) is not a string"),
        ("adfs-auth-time-iso", json!({"act": "alice"}), adfs(), "the actor (act) cannot be read, or the chain of actors is too long"),
        // Row 2: the identity of the caller.
        ("duende-nosub", none(), plain(), "the subject (sub) is absent"),
        ("duende-nosub", none(), plain().clients_without_subject(), "client read"),
        ("duende-nosub", json!({"client_id": "absent"}), plain().clients_without_subject(), "both the subject (sub) and the client (client_id) are absent"),
        ("duende-nosub", json!({"client_id": ""}), plain().clients_without_subject(), "both the subject (sub) and the client (client_id) are absent"),
        ("duende-nosub", json!({"sub": ""}), plain().clients_without_subject(), "the subject (sub) is not a string, or empty"),
        ("duende-nosub", json!({"client_id": "absent", "azp": "svc"}), plain().clients_without_subject().client_id_claim("azp"), "client read"),
        // Rows 3 and 4: forms of lists.
        ("dotnet-role-string", none(), plain().roles_at(["/role"]), "user admin"),
        ("dotnet-role-array", none(), plain().roles_at(["/role"]), "user admin"),
        ("dotnet-role-uri-string", none(), plain().roles_at(["/http:~1~1schemas.microsoft.com~1ws~12008~106~1identity~1claims~1role"]), "user admin"),
        ("dotnet-role-string", json!({"role": "admin,editor"}), plain().roles_at(["/role"]), "user"),
        ("dotnet-role-string", json!({"role": "admin, editor"}), plain().roles_at([NameList::at("/role").separated_by(',')]), "user admin editor"),
        ("dotnet-role-string", json!({"role": [{"name": "admin"}, {"name": "editor", "id": 1}]}), plain().roles_at([NameList::at("/role").member("name")]), "user admin editor"),
        ("dotnet-role-string", json!({"role": [{"name": "admin"}, {"id": 1}]}), plain().roles_at([NameList::at("/role").member("name")]), "user"),
        ("dotnet-role-array", json!({"role": ["admin", 1]}), plain().roles_at(["/role"]), "user"),
        ("dotnet-role-array", json!({"role": ["x"], "roles": "admin"}), plain().roles_at(["/role"]).roles_at(["/roles"]), "user admin"),
        ("zitadel-role-map", none(), issuer("https://id.example/zitadel").audience("3691234").zitadel("3691234"), "user admin"),
        ("zitadel-role-map", none(), issuer("https://id.example/zitadel").audience("3691234").zitadel("999"), "user"),
        // Row 5: one string or an array.
        ("scope-array-conf", none(), plain().scopes_at(["/scope"]), "user read"),
        ("scope-array-conf", json!({"scope": "read write"}), plain().scopes_at(["/scope"]), "user read write"),
        ("scope-array-conf", none(), plain(), "the scopes have another type than configured"), // BEARER-9
        ("uaa", none(), issuer("https://uaa.example/oauth/token").audience("api").scopes_at(["/scope"]).roles_at(["/authorities"]).clients_have("grant_type", "client_credentials"), "client admin read"),
        // Row 6: tokens that are marked as something other than access tokens.
        ("cognito-id", none(), issuer("https://id.example/cognito").audience("app-1").roles_at(["/cognito:groups"]), ID_TOKEN),
        ("cognito-id", none(), issuer("https://id.example/cognito").accept_tokens_of_any_audience().roles_at(["/cognito:groups"]), ID_TOKEN),
        ("cognito-id", none(), issuer("https://id.example/cognito").audience("app-1").roles_at(["/cognito:groups"]).accept_id_tokens(), "user admin"),
        ("cognito-id", none(), cognito(), AUDIENCE_ABSENT),
        ("keycloak", json!({"typ": "ID"}), keycloak(), ID_TOKEN),
        ("keycloak", json!({"typ": "Refresh"}), keycloak(), OTHER_TOKEN),
        ("keycloak", json!({"typ": "Refresh"}), keycloak().accept_id_tokens(), OTHER_TOKEN),
        ("keycloak", json!({"at_hash": "x", "typ": "Refresh"}), keycloak().accept_id_tokens(), OTHER_TOKEN),
        ("google-id", none(), google(), ID_TOKEN),
        ("google-id", none(), google().accept_id_tokens(), "user"),
        ("google-id", none(), google().accept_id_tokens().required_claim("hd", ["example.com"]), "user"),
        ("google-id", none(), google().accept_id_tokens().required_claim("hd", ["other.example"]), CLAIM),
        ("google-id", none(), google().accept_id_tokens().required_claim("email_verified", [true]), "user"),
        ("google-id", json!({"email_verified": "true"}), google().accept_id_tokens().required_claim("email_verified", [true]), CLAIM),
        ("apple", none(), apple().accept_id_tokens(), "user"),
        // Row 7: the claim that contains the audience.
        ("cognito-access", none(), cognito(), "user admin"),
        ("cognito-access", json!({"cognito:groups": "editor"}), cognito(), "user editor"),
        ("cognito-access-otherclient", none(), cognito(), AUDIENCE_OTHER),
        ("cognito-access-otherclient", none(), cognito().cognito("app-2"), "user admin"),
        ("cognito-access", json!({"client_id": 7}), cognito(), AUDIENCE_OTHER),
        ("cognito-m2m", none(), cognito(), "client"),
        ("cognito-m2m", json!({"client_id": "app-2"}), cognito(), AUDIENCE_OTHER),
        ("clerk-v1", none(), issuer("https://id.example/clerk").clerk("https://app.example"), "user org:admin"),
        ("clerk-v1", none(), issuer("https://id.example/clerk").clerk("https://evil.example"), AUDIENCE_OTHER),
        ("clerk-v1", json!({"org_role": "absent", "o": {"rol": "admin"}}), issuer("https://id.example/clerk").clerk("https://app.example"), "user admin"),
        ("entra-v2", none(), entra().required_claim("azp", ["spa", "mobile"]), "user admin read"),
        ("entra-v2", none(), entra().required_claim("azp", ["mobile"]).required_claim("azp", ["spa"]), "user admin read"),
        ("entra-v2", none(), entra().required_claim("azp", ["spa"]).required_claim("tid", ["other"]), CLAIM),
        ("entra-v2", json!({"azp": "absent"}), entra().required_claim("azp", ["spa"]), CLAIM),
        ("b2c", none(), issuer("https://contoso.b2clogin.com/11111111-2222-3333-4444-555555555555/v2.0/").audience("api-client-id").scopes_at(["/scp"]).roles_at(["/extension_Role"]), "user admin read"),
        // Row 10: clients.
        ("auth0", none(), auth0(), "user admin read"),
        ("auth0-m2m", none(), auth0(), "client read"),
        ("auth0-m2m", json!({"gty": "absent"}), auth0(), "client read"),
        ("auth0-m2m", json!({"gty": "absent", "azp": "other"}), auth0(), "user read"),
        ("entra-v2", json!({"idtyp": "app"}), entra(), "client admin read"),
        ("entra-v2", json!({"oid": "s"}), entra(), "client admin read"),
        ("keycloak", json!({"preferred_username": "service-account-jobs"}), keycloak(), "client admin editor"),
        ("okta", json!({"sub": "0oa1"}), okta(), "client admin read"),
        // Row 14: the audience.
        ("keycloak", none(), keycloak(), "user admin editor"),
        ("keycloak-aud-account", none(), keycloak(), AUDIENCE_OTHER),
        ("keycloak-noaud", none(), keycloak(), AUDIENCE_ABSENT),
        // Other providers, with the settings that the documentation names.
        ("okta", none(), okta(), "user admin read"),
        ("okta", json!({"cid": "absent"}), okta(), CLAIM),
        ("okta", json!({"cid": null}), okta(), CLAIM),
        ("supabase-hs256", none(), supabase(), "user admin"),
        ("supabase-es256", json!({"role": "admin", "app_metadata": {}}), supabase(), "user"),
        ("firebase", none(), issuer("https://securetoken.google.com/proj-1").audience("proj-1").firebase(), "user admin"),
        ("workos", none(), issuer("https://api.workos.com").accept_tokens_of_any_audience(), "user admin"),
        ("authentik", none(), issuer("https://id.example/authentik/").audience("client-1").roles_at(["/groups"]), "user admin"),
        ("hydra", none(), issuer("https://id.example/hydra/").audience("api").scopes_at(["/scp"]).roles_at(["/ext/role"]), "user admin read"),
        ("github", none(), issuer("https://token.actions.githubusercontent.com").audience("https://api.example").required_claim("repository", ["octo-org/octo-repo"]), "user"),
        ("gitlab", none(), issuer("https://gitlab.example").audience("https://api.example").required_claim("project_path", ["g/p"]), "user"),
        ("k8s", none(), issuer("https://kubernetes.default.svc.cluster.local").audience("api").required_claim("/kubernetes.io/namespace", ["ns"]), "user"),
        ("k8s", none(), issuer("https://kubernetes.default.svc.cluster.local").audience("api").required_claim("/kubernetes.io/namespace", ["other"]), CLAIM),
        ("typ-jose", none(), plain(), "the token type (typ) is not accepted"),
        ("typ-jose", none(), plain().types(["JOSE"]), "user"),
    ];
    for (shape, others, jwt, expected) in table {
        let case = format!("{shape} {others} {jwt:?}");
        assert_eq!(found(jwt, &token(shape, others)), expected, "{case}");
    }
}

#[test]
fn overage_indicator_affects_only_the_claims_it_names() {
    // Row 9, C4
    use serde_json::json;
    let entra = || issuer(ENTRA).audience("api-client-id").entra();
    let groups = || issuer(ENTRA).audience("api-client-id").roles_at(["/roles", "/groups"]);
    #[rustfmt::skip]
    let table = [
        (json!({}), entra(), true),
        (json!({"_claim_names": {"roles": "src1"}}), entra(), false),
        (json!({"_claim_names": {"groups": "src1", "roles": "src1"}}), entra(), false),
        (json!({"_claim_names": "groups"}), entra(), false),
        (json!({"_claim_names": "absent", "hasgroups": true}), entra(), true),
        (json!({"_claim_names": "absent", "hasgroups": true, "groups": []}), groups(), false),
        (json!({"_claim_names": "absent", "hasgroups": false, "groups": []}), groups(), true),
        (json!({"groups": []}), groups(), false),
        (json!({"_claim_names": "absent", "groups": []}), groups(), true),
        (json!({"_claim_names": "absent"}), groups(), false),
    ];
    let suspended = Role::VOCABULARY.name("suspended");
    for (others, jwt, expected) in table {
        let caller = server(jwt).verify(&token("entra-overage", others.clone()), at(NOW)).unwrap().unwrap();
        assert_eq!(caller.lacks(suspended), expected, "{others}");
        assert!(caller.has_role(Role::new("admin")));
    }
}

#[test]
fn denial_detail_names_claim_value_and_accepted_values() {
    // Row 14, N3
    use serde_json::json;
    let keycloak = || issuer("https://id.example/realms/acme").audience("reports").keycloak("reports");
    let long = "x".repeat(5000);
    #[rustfmt::skip]
    let table = [
        ("keycloak-aud-account", json!({}), keycloak(), r#"/aud is "account"; accepted: "reports""#),
        ("keycloak-aud-account", json!({"aud": ["a", "b"]}), keycloak().audience("shop"), r#"/aud is ["a","b"]; accepted: "reports", "shop""#),
        ("keycloak-noaud", json!({}), keycloak(), r#"/aud; accepted: "reports""#),
        ("keycloak", json!({"iss": "https://evil.example\n"}), keycloak(), r#"it is "https://evil.example\n"; accepted: "https://id.example/realms/acme""#),
        ("keycloak", json!({"jti": 42}), keycloak(), "it is 42"),
        ("keycloak", json!({"jti": ["secret"]}), keycloak(), "it is an array"),
        ("keycloak", json!({"sub": {"secret": 1}}), keycloak(), "it is an object"),
        ("keycloak", json!({"sub": "secret", "jti": {"a": "secret"}}), keycloak(), "it is an object"),
        ("keycloak", json!({"azp": null}), keycloak().required_claim("azp", ["web"]), "/azp is absent; accepted: \"web\""),
        ("keycloak", json!({"token_type": "refresh", "at_hash": "x"}), keycloak().accept_id_tokens(), "it contains \"refresh\""),
        ("keycloak", json!({"at_hash": "x", "token_type": "refresh"}), keycloak().accept_id_tokens(), "it contains \"refresh\""),
        ("keycloak", json!({"iat": NOW + 120}), keycloak(), "iat is 120 s ahead of this server's clock; `.leeway(…)` is 60 s"),
        ("keycloak", json!({"exp": NOW - 120}), keycloak(), "exp was 120 s ago; `.leeway(…)` is 60 s"),
        ("keycloak", json!({"typ": "ID"}), keycloak(), "it contains \"ID\"; `.accept_id_tokens()`"),
        ("typ-jose", json!({}), issuer("https://id.example/plain").audience("api"), r#"it is "JOSE"; accepted: jwt, at+jwt"#),
        ("keycloak", json!({}), keycloak().required_claim("azp", ["web"]), r#"/azp is "spa"; accepted: "web""#),
        ("duende-nosub", json!({}), issuer("https://id.example/plain").audience("api"), "`.without_subject(…)` or `.clients_without_subject()` accepts tokens without one"),
    ];
    for (shape, others, jwt, expected) in table {
        let denial = server(jwt).verify(&token(shape, others.clone()), at(NOW)).unwrap().unwrap_err();
        let detail = denial.detail.unwrap().to_string();
        assert!(detail.ends_with(expected), "{shape} {others}: {detail}");
    }
    // Logged values are bounded, and nothing of a token with an invalid signature is logged.
    for aud in [json!(long.clone()), json!([long.clone()]), json!(vec!["a"; 500])] {
        let denial = server(keycloak()).verify(&token("keycloak", json!({"aud": aud})), at(NOW)).unwrap();
        assert!(denial.unwrap_err().detail.unwrap().to_string().len() < 300);
    }
    // JSON may contain line breaks between values.
    let broken = sign_by(&SECRET, HS256, claims(&[("aud", "[\"a\",\n\r\t\"b\"]")]));
    let denial = server(issuer(ISSUER).audience(AUDIENCE)).verify(&broken, at(NOW)).unwrap().unwrap_err();
    assert!(!denial.detail.unwrap().to_string().contains(char::is_control));
    let forged = sign_by(&[8; 32], HS256, claims(&[("aud", "\"secret-audience\"")]));
    let denial = server(keycloak()).verify(&forged, at(NOW)).unwrap().unwrap_err();
    assert!(!format!("{denial:?}").contains("secret-audience"));
}

#[test]
fn key_with_issuer_verifies_only_tokens_of_that_issuer() {
    // Row 8: one set of keys for all tenants, with one key of another issuer.
    const MSA: &str = "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0";
    const TENANT: &str = "https://login.microsoftonline.com/{tenantid}/v2.0";
    let key = |kid: &str, issuer: serde_json::Value| {
        let mut jwk: serde_json::Value = serde_json::from_str(&text("rsa.jwk.json")).unwrap();
        jwk["kid"] = kid.into();
        jwk["issuer"] = issuer;
        jwk
    };
    let rsa = EncodingKey::from_rsa_pem(&fixture("rsa.private.pem")).unwrap();
    let signed = |kid: &str, issuer: &str| {
        let header = format!(r#"{{"alg":"RS256","typ":"JWT","kid":"{kid}"}}"#);
        sign(Algorithm::RS256, &rsa, header, claims(&[("iss", &format!("{issuer:?}"))]))
    };
    let set = |keys: &[serde_json::Value]| serde_json::json!({ "keys": keys }).to_string();
    let entra = |keys: &[serde_json::Value]| Jwt::jwk_set(&set(keys)).issuer(ENTRA).audience(AUDIENCE);
    let both = [key("tenants", TENANT.into()), key("msa", MSA.into())];
    let one = server(entra(&both));
    let several = server(entra(&both).or_issuer(MSA));
    #[rustfmt::skip]
    let table = [
        ("the tenant's key",                        &one,     signed("tenants", ENTRA), "accepted"),
        ("another tenant's key",                    &one,     signed("msa", ENTRA),     "invalid-credentials"),
        ("the other issuer is not accepted",        &one,     signed("msa", MSA),       "invalid-credentials"),
        ("several issuers, the tenant's key",       &several, signed("tenants", ENTRA), "accepted"),
        ("several issuers, another tenant's key",   &several, signed("msa", ENTRA),     "invalid-credentials"),
        ("several issuers, the other's own key",    &several, signed("msa", MSA),       "accepted"),
    ];
    for (case, bearer, token, expected) in table {
        assert_eq!(outcome(bearer, &token, at(NOW)), expected, "{case}");
    }
    let alone = |issuer: serde_json::Value| Key::jwk(&key("a", issuer).to_string());
    let built =
        |key: Key| build_all(vec![Jwt::key(key).issuer(ENTRA).audience(AUDIENCE)]).err().map(|(_, error)| error);
    let refused = |error| Some(JwtError::Key { position: 1, error });
    assert_eq!(built(alone(MSA.into())), refused(KeyError::OtherIssuer));
    assert_eq!(built(alone(7.into())), refused(KeyError::Unreadable));
    assert_eq!(built(alone(serde_json::Value::Null)), None);
    assert_eq!(built(alone("".into())), None);
    assert_eq!(built(alone(TENANT.into())), None);
    // If tokens need not name their issuer, they do not match a key that names one.
    let unnamed = server(Jwt::key(alone(MSA.into())).without_issuer("ours").audience(AUDIENCE));
    assert_eq!(outcome(&unnamed, &signed("a", MSA), at(NOW)), "invalid-credentials");
}
