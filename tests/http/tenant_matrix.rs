//! Tests of `assert_matrix` for rules within tenants.

use actix_web::{App, get};
use auth_actix::identity::{Rights, RightsProvider, RightsUnavailable, Tenant};
use auth_actix::matrix::Matrix;
use auth_actix::test::{Keys, access_matrix, assert_matrix, verify_matrix};
use auth_actix::{Auth, Id, at, require, require_auth, require_permission, require_role};

use crate::{Permission, Role, bearer_only};

/// Has no memberships, which the requests of a matrix do not need.
struct Empty;

impl RightsProvider for Empty {
    async fn rights(&self, _: &Id, tenant: Option<&Tenant>) -> Result<Rights, RightsUnavailable> {
        if tenant.is_some() { Err(RightsUnavailable) } else { Ok(Rights::new()) }
    }
}

#[require_role("editor", in = org)]
#[get("/reports")]
async fn get_reports(_tenant: auth_actix::Tenant) -> &'static str {
    "reports"
}

#[require_permission("posts:write", in = (org, team))]
#[get("/teams/{team}")]
async fn get_team(_tenant: auth_actix::Tenant) -> &'static str {
    "team"
}

#[require(role("admin") || role("viewer", in = org))]
#[get("/either")]
async fn get_either(_tenant: auth_actix::Tenant) -> &'static str {
    "either"
}

#[require_auth(in = org)]
#[get("/member")]
async fn get_member(_tenant: auth_actix::Tenant) -> &'static str {
    "member"
}

#[require(role("editor", in = project) && !role("suspended", in = project))]
#[get("/projects/{project}")]
async fn get_project() -> &'static str {
    "project"
}

fn auth(keys: &Keys) -> Auth {
    let builder = bearer_only().tenant("org", at::header("X-Org")).rights_from(Empty);
    builder.test_keys(keys).build().unwrap()
}

#[actix_web::test]
async fn rules_within_tenants_are_sent_and_compared() {
    // TENANT-14
    let keys = Keys::new();
    let auth = auth(&keys);
    let app = || {
        let scope = auth.scope("").service(get_reports).service(get_team).service(get_either);
        App::new().service(scope.service(get_member).service(get_project))
    };
    let undecided = assert_matrix(&keys, app()).await;
    assert_eq!(undecided, [] as [&str; 0]);
    // A rule that differs from the reviewed one is found.
    let reviewed = access_matrix(app()).await.to_markdown();
    for (written, instead) in [
        ("role(\"editor\", in = org)", "role(\"viewer\", in = org)"),
        ("permission(\"posts:write\", in = (org, team))", "role(\"viewer\", in = (org, team))"),
        ("role(\"viewer\", in = org)", "role(\"suspended\", in = org)"),
        ("authenticated(in = org)", "authenticated"),
        ("authenticated(in = org)", "role(\"viewer\", in = org)"),
    ] {
        assert!(reviewed.contains(written), "{reviewed}");
        let other = Matrix::from_markdown(&reviewed.replace(written, instead)).unwrap();
        assert!(verify_matrix(&keys, app(), Some(&other)).await.is_err(), "{instead}");
    }
    let _ = (Role::Admin, Permission::PostsWrite);
}
