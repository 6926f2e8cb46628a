//! Security requirements for an OpenAPI document, derived from the enforced rules.

use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::expr::{Expr, ExprLiteral};
use super::implicants::Implicant;
use super::{Matrix, RouteAccess, SUFFICIENT_SETS, object_keys};
use crate::denial::Reason;
use crate::denial::problem;
use crate::identity::scheme_id::SchemeId;
use crate::identity::tenant::Tenant;
use crate::policy::atom::Fact;

/// The error of [`Matrix::secure_openapi`].
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum OpenApiError {
    /// The input is not an OpenAPI document.
    #[error("this is not an OpenAPI document: {0}")]
    Document(#[from] serde_json::Error),
    /// The document has no paths.
    #[error("this is not an OpenAPI document: it has no paths")]
    NoPaths,
    /// An operation is guarded, and no accepted scheme could grant access.
    #[error("{0}: the operation is guarded, and no accepted scheme can satisfy its rule")]
    NoScheme(String),
    /// An operation is below a scope whose routes are all known, and matches none of them.
    #[error("{0}: the document has this operation, and no route serves it: compare its path and its method")]
    NoRoute(String),
}

crate::debug_as_display!(OpenApiError);

/// The members of a path item that are operations (OpenAPI 3.2 §4.9).
const METHODS: [&str; 9] = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

/// The name of the problem schema in the document.
const PROBLEM: &str = "Problem";

/// The member of an operation that lists the alternatives of its rule.
const ACCESS: &str = "x-access";

/// Whether the security requirements of schemes other than OAuth can list names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    /// They must be empty (OpenAPI 3.0 §4.7.30).
    V3_0,
    /// They can contain the names of roles (OpenAPI 3.1 §4.8.30).
    Later,
}

impl Version {
    fn of(document: &Value) -> Self {
        let is_3_0 = document["openapi"].as_str().is_some_and(|version| version.starts_with("3.0"));
        if is_3_0 { Self::V3_0 } else { Self::Later }
    }
}

/// The roles, permissions and scopes of a rule.
struct RuleNames {
    /// The scopes of the alternative that needs the fewest.
    least_scopes: Vec<String>,
    /// The roles, permissions and scopes that every alternative needs, each with its kind.
    required: Vec<(String, String)>,
    /// The roles, permissions and scopes of each alternative, as they are written in rules.
    alternatives: Vec<String>,
}

impl RuleNames {
    fn of(rule: &str) -> Self {
        let ways = Expr::read(rule).and_then(|tree| tree.ways(SUFFICIENT_SETS)).unwrap_or_default();
        let names = |way: &Implicant| {
            let names = way.iter().filter(|literal| !literal.negated).filter_map(|literal| match &literal.fact {
                Fact::Name(kind, name, _) => Some((kind.clone(), name.clone())),
                _ => None,
            });
            names.collect::<BTreeSet<_>>()
        };
        let scopes = ways.iter().map(|way| {
            let scopes = names(way).into_iter().filter(|(kind, _)| kind == "scope");
            scopes.map(|(_, name)| name).collect::<Vec<_>>()
        });
        let least_scopes = scopes.min_by_key(Vec::len).unwrap_or_default();
        let shared = ways.iter().map(names).reduce(|one, other| &one & &other).unwrap_or_default();
        let written = |way: &Implicant| {
            let is_name = |literal: &&ExprLiteral| matches!(literal.fact, Fact::Name(..));
            way.iter().filter(is_name).map(ToString::to_string).collect::<Vec<_>>().join(" && ")
        };
        let mut alternatives: Vec<_> = ways.iter().map(written).collect();
        // No name is required if one alternative needs none.
        if alternatives.iter().any(String::is_empty) {
            alternatives.clear();
        }
        alternatives.dedup();
        Self { least_scopes, required: shared.into_iter().collect(), alternatives }
    }

    /// Returns the names in the requirement of a scheme. Those of OAuth list scopes, and additional roles since OpenAPI 3.1.
    fn required(&self, scheme: Option<SchemeId>, version: Version) -> Vec<String> {
        let is_oauth = scheme.is_some_and(SchemeId::is_oauth);
        let scopes = self.least_scopes.iter().filter(|_| is_oauth);
        let others =
            self.required.iter().filter(|(kind, _)| version == Version::Later && !(is_oauth && kind == "scope"));
        scopes.chain(others.map(|(_, name)| name)).cloned().collect()
    }
}

impl Matrix {
    /// Returns the document with the security requirements of the rules. Accepts types of utoipa and any other type that reads and
    /// writes OpenAPI through serde. Adds the security schemes, one for each place of each kind of credential, the requirement of each
    /// operation, its 401 and 403 responses, and the schema of their problems (RFC 9457). Removes operations of routes that hide their denials. Replaces existing security
    /// requirements of guarded operations. Operations outside all scopes of [`Auth`](crate) stay unchanged.
    ///
    /// A requirement lists the roles, permissions and scopes that every alternative of the rule needs. `x-access` lists the alternatives,
    /// as they are written in rules: `["role(\"read\")", "role(\"read\", in = org)"]`. It omits all other conditions, such as networks
    /// and checks, and is missing if an alternative needs no name. Headers that name a tenant become parameters.
    ///
    /// Compares full paths, regardless of parameter names. Paths of the document may be relative to the path of its first server
    /// (`"servers": [{"url": "/api"}]`).
    ///
    /// # Errors
    /// The input is not an OpenAPI document, or a guarded operation would have no requirement. The latter includes an operation
    /// below a scope whose routes are all known, if none of them matches it.
    pub fn secure_openapi<T: Serialize + DeserializeOwned>(&self, document: &T) -> Result<T, OpenApiError> {
        let mut document = serde_json::to_value(document)?;
        self.secure(&mut document)?;
        Ok(serde_json::from_value(document)?)
    }

    fn secure(&self, document: &mut Value) -> Result<(), OpenApiError> {
        let server = document.pointer("/servers/0/url").and_then(Value::as_str).unwrap_or_default();
        let base =
            server.split_once("://").map_or(server, |(_, rest)| rest.find('/').map_or("", |at| rest.split_at(at).1));
        let base = base.trim_end_matches('/').to_owned();
        let version = Version::of(document);
        let paths = document.get_mut("paths").and_then(Value::as_object_mut).ok_or(OpenApiError::NoPaths)?;
        for (path, item) in paths.iter_mut() {
            let Some(operations) = item.as_object_mut() else { continue };
            let whole = plain(&format!("{base}{path}"));
            let of = |method: &str| {
                let asked = |route: &&RouteAccess| {
                    plain(&route.path) == whole && (route.method == "*" || route.method.eq_ignore_ascii_case(method))
                };
                self.routes.iter().filter(asked).collect::<Vec<_>>()
            };
            let methods = || METHODS.into_iter().filter(|method| operations.contains_key(*method));
            let hidden: Vec<_> = methods().filter(|method| of(method).iter().any(|route| route.not_found)).collect();
            hidden.iter().for_each(|method| drop(operations.remove(*method)));
            for method in METHODS {
                let Some(operation) = operations.get_mut(method).and_then(Value::as_object_mut) else { continue };
                let routes = of(method);
                // If several routes match one path, the stricter one is documented.
                match routes.iter().find(|route| !route.public).or(routes.first()) {
                    Some(route) => self.secure_operation(route, operation, version)?,
                    None if self.answers_alone(&whole) => {
                        let operation = format!("{} {base}{path}", method.to_ascii_uppercase());
                        return Err(OpenApiError::NoRoute(operation));
                    }
                    None => {}
                }
            }
            if !hidden.is_empty() && METHODS.iter().all(|method| !operations.contains_key(*method)) {
                operations.clear();
            }
        }
        paths.retain(|_, item| item.as_object().is_none_or(|item| !item.is_empty()));
        let components = entry(document, "components");
        let schemes = entry(components, "securitySchemes");
        for scheme in &self.schemes {
            schemes[&scheme.key] = scheme.to_openapi();
        }
        entry(components, "schemas")[PROBLEM] = json!({
            "type": "object",
            "description": "A problem (RFC 9457).",
            "properties": {
                "type": { "type": "string", "format": "uri-reference" },
                "title": { "type": "string" },
                "status": { "type": "integer" },
                "detail": { "type": "string" },
            },
            "required": ["type", "title", "status"],
        });
        Ok(())
    }

    /// Returns whether the path is below one of the scopes, and all routes of the scopes are known.
    fn answers_alone(&self, whole: &str) -> bool {
        let is_below = |scope: &String| {
            whole.strip_prefix(&*plain(scope)).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let is_unknown = |route: &RouteAccess| route.path.contains('…') || route.path == "?";
        self.scopes.iter().any(is_below) && self.unguarded.is_empty() && !self.routes.iter().any(is_unknown)
    }

    fn secure_operation(
        &self,
        route: &RouteAccess,
        operation: &mut Map<String, Value>,
        version: Version,
    ) -> Result<(), OpenApiError> {
        let names = RuleNames::of(&route.rule);
        // In open mode, no credential is required.
        let is_open = |scheme: &String| scheme == SchemeId::OPEN.name();
        let with = |key: &String| {
            let scheme = self.schemes.iter().find(|known| known.key == *key).map(|known| known.scheme);
            json!({ key: names.required(scheme, version) })
        };
        let mut requirements: Vec<Value> = match route.schemes.iter().any(is_open) {
            true => vec![json!({})],
            false => route.credentials.iter().map(with).collect(),
        };
        if route.public {
            if !route.verifies {
                requirements.clear();
            } else {
                requirements.insert(0, json!({}));
            }
        } else if requirements.is_empty() {
            return Err(OpenApiError::NoScheme(format!("{} {}", route.method, route.path)));
        }
        operation.insert("security".to_owned(), Value::Array(requirements));
        if !names.alternatives.is_empty() {
            operation.insert(ACCESS.to_owned(), names.alternatives.into());
        }
        add_tenants(route, operation);
        object_keys::add_keys(route, operation);
        add_responses(route, operation, route.schemes.iter().any(is_open));
        Ok(())
    }
}

/// Adds the responses of denials, unless the document describes them. In open mode, no credential can be missing.
fn add_responses(route: &RouteAccess, operation: &mut Map<String, Value>, is_open: bool) {
    let responses = operation.entry("responses").or_insert_with(|| json!({}));
    let mut reasons = Vec::new();
    if route.rule != "public" {
        reasons.push(Reason::InsufficientPermissions);
    }
    // An invalid credential is denied even if none is required.
    reasons.extend(match (route.public, route.verifies) {
        _ if is_open => None,
        (false, _) => Some(Reason::MissingCredentials),
        (true, true) => Some(Reason::InvalidCredentials),
        (true, false) => None,
    });
    if !route.tenant_headers.is_empty() {
        reasons.push(Reason::TenantRequired);
    }
    reasons.extend(object_keys::refusals(route));
    for reason in reasons {
        let answer = reason.response();
        let schema = json!({ "$ref": format!("#/components/schemas/{PROBLEM}") });
        let described = json!({
            "description": answer.title,
            "content": { problem::MEDIA_TYPE: { "schema": schema } },
        });
        let Some(responses) = responses.as_object_mut() else { break };
        let said = responses.entry(answer.status.to_string()).or_insert_with(|| described.clone());
        if said.get("content").is_none() {
            *said = described;
        }
    }
}

/// Adds the headers that name the tenants of the rule, unless the document has them.
fn add_tenants(route: &RouteAccess, operation: &mut Map<String, Value>) {
    for (header, tenant) in &route.tenant_headers {
        let parameter = json!({
            "name": header,
            "in": "header",
            // Some readers require the member, although this is its default.
            "required": false,
            "description": format!("The tenant `{tenant}`."),
            "schema": { "type": "string", "minLength": 1, "maxLength": Tenant::LONGEST },
        });
        object_keys::add_parameter(operation, parameter);
    }
}

fn entry<'a>(of: &'a mut Value, name: &str) -> &'a mut Value {
    if !of[name].is_object() {
        of[name] = json!({});
    }
    &mut of[name]
}

/// Removes the parameter names and their expressions from a pattern.
fn plain(pattern: &str) -> String {
    let (mut plain, mut depth) = (String::new(), 0_usize);
    for letter in pattern.chars() {
        match letter {
            '{' => {
                plain.push_str(if depth == 0 { "{}" } else { "" });
                depth += 1;
            }
            '}' => depth = depth.saturating_sub(1),
            other if depth == 0 => plain.push(other),
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::super::{AcceptedScheme, CredentialPlace};
    use super::*;

    fn schemes() -> Vec<AcceptedScheme> {
        let of = |scheme: SchemeId, place| AcceptedScheme { key: scheme.name().to_owned(), scheme, place };
        vec![
            of(SchemeId::Bearer, CredentialPlace::Authorization),
            of(SchemeId::Session, CredentialPlace::Cookie("id".to_owned())),
        ]
    }

    fn route(method: &str, path: &str, rule: &str) -> RouteAccess {
        RouteAccess {
            method: method.to_owned(),
            path: path.to_owned(),
            rule: rule.to_owned(),
            credentials: vec!["Bearer".to_owned(), "Session".to_owned()],
            verifies: true,
            ..RouteAccess::default()
        }
    }

    #[test]
    fn openapi_lists_security_and_omits_hidden_operations() {
        // H5
        let schemes = schemes();
        let mut matrix = Matrix { schemes, ..Matrix::default() };
        matrix.routes = vec![
            route("GET", r"/api/posts/{post:\d{1,9}}", r#"scope("read") || (scope("a") && scope("b"))"#),
            RouteAccess { public: true, ..route("GET", "/api/home", "public") },
            RouteAccess { public: true, verifies: false, ..route("GET", "/api/health", "public") },
            RouteAccess { not_found: true, ..route("GET", "/api/secret", "authenticated") },
            RouteAccess { not_found: true, ..route("DELETE", "/api/posts/{id}", "authenticated") },
        ];
        let operation =
            || json!({ "responses": { "200": { "description": "ok" }, "403": { "description": "" } }, "security": [] });
        let document = json!({
            "openapi": "3.1.0",
            "servers": [{ "url": "https://x.example/api/" }],
            "paths": {
                "/posts/{id}": { "get": operation(), "delete": operation() },
                "/home": { "get": operation() },
                "/health": { "get": operation() },
                "/secret": { "get": operation(), "summary": "not for all", "parameters": [] },
                "/elsewhere": { "get": operation() },
            },
        });
        let secured: Value = matrix.secure_openapi(&document).unwrap();
        let paths = &secured["paths"];
        assert_eq!(paths["/posts/{id}"]["get"]["security"], json!([{ "Bearer": ["read"] }, { "Session": [] }]));
        assert_eq!(paths["/home"]["get"]["security"], json!([{}, { "Bearer": [] }, { "Session": [] }]));
        assert_eq!(paths["/health"]["get"]["security"], json!([]));
        assert!(paths["/health"]["get"]["responses"]["401"].is_null());
        assert!(paths["/home"]["get"]["responses"]["401"].is_object(), "for a bad credential");
        assert_eq!(paths["/elsewhere"]["get"], operation(), "outside of all scopes");
        assert!(paths.get("/secret").is_none() && paths["/posts/{id}"].get("delete").is_none());
        for status in ["401", "403"] {
            let schema =
                &paths["/posts/{id}"]["get"]["responses"][status]["content"]["application/problem+json"]["schema"];
            assert_eq!(schema["$ref"], "#/components/schemas/Problem", "{status}");
        }
        assert_eq!(
            secured["components"]["securitySchemes"]["Session"],
            json!({ "type": "apiKey", "in": "cookie", "name": "id" })
        );
        assert_eq!(secured["components"]["securitySchemes"]["Bearer"]["scheme"], "bearer");
        assert_eq!(secured["components"]["schemas"]["Problem"]["required"], json!(["type", "title", "status"]));
        // A guarded operation never gets an empty requirement, and never lacks one. Below a scope whose routes are all known, each
        // operation must match one of them.
        for (scope, is_known) in [("/api", true), ("", true), ("/api/else", false), ("/other", false)] {
            let alone = Matrix { scopes: vec![scope.to_owned()], ..matrix.clone() };
            let told = alone.secure_openapi(&document);
            let is_told = matches!(&told, Err(OpenApiError::NoRoute(operation)) if operation == "GET /api/elsewhere");
            assert_eq!((is_told, told.is_err()), (is_known, is_known), "{scope}");
            let open = Matrix { unguarded: vec!["moves soon".to_owned()], ..alone };
            assert!(open.secure_openapi(&document).is_ok());
        }
        matrix.routes[0].credentials.clear();
        assert!(matches!(matrix.secure_openapi(&document), Err(OpenApiError::NoScheme(_))));
        assert!(matches!(matrix.secure_openapi(&json!({})), Err(OpenApiError::NoPaths)));
    }

    #[test]
    fn operations_list_the_names_that_their_rules_require() {
        // (rule, requirement of Bearer, requirement of Session, alternatives)
        #[rustfmt::skip]
        let table = [
            ("authenticated",                                            json!([]),          json!([]),          json!(null)),
            (r#"role("admin")"#,                                         json!(["admin"]),   json!(["admin"]),   json!([r#"role("admin")"#])),
            (r#"role("admin", in = org)"#,                               json!(["admin"]),   json!(["admin"]),   json!([r#"role("admin", in = org)"#])),
            (r#"role("a") || role("b")"#,                                json!([]),          json!([]),          json!([r#"role("a")"#, r#"role("b")"#])),
            (r#"role("a") || role("a", in = org)"#,                      json!(["a"]),       json!(["a"]),       json!([r#"role("a")"#, r#"role("a", in = org)"#])),
            (r#"role("a") && !role("b")"#,                               json!(["a"]),       json!(["a"]),       json!([r#"role("a") && !role("b")"#])),
            (r#"permission("p") && scope("s")"#,                         json!(["s", "p"]),  json!(["p", "s"]),  json!([r#"permission("p") && scope("s")"#])),
            (r#"scope("s") || network("10.0.0.0/8")"#,                   json!([]),          json!([]),          json!(null)),
            (r#"role("a") && network("10.0.0.0/8") && check(x == "y")"#, json!(["a"]),       json!(["a"]),       json!([r#"role("a")"#])),
        ];
        for (rule, bearer, session, alternatives) in table {
            let matrix = Matrix { routes: vec![route("GET", "/x", rule)], schemes: schemes(), ..Matrix::default() };
            let secured = |version: &str| -> Value {
                let document = json!({ "openapi": version, "paths": { "/x": { "get": {} } } });
                matrix.secure_openapi(&document).unwrap()["paths"]["/x"]["get"].clone()
            };
            let operation = secured("3.1.0");
            assert_eq!(operation["security"], json!([{ "Bearer": bearer }, { "Session": session }]), "{rule}");
            assert_eq!(operation["x-access"], alternatives, "{rule}");
            assert_eq!(secured("3.0.3")["security"][1], json!({ "Session": [] }), "{rule}");
        }
    }
}
