//! Pipelines: the objects of this API.

use actix_web::error::{ErrorConflict, ErrorInternalServerError};
use auth_actix::identity::Tenant;
use auth_actix::object::{LoadContext, Tenancy};
use auth_actix::{Allows, Principal, Resource};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, QueryBuilder, SqlitePool};
use utoipa::ToSchema;

use crate::{Role, events};

/// A program that processes changes of tables, in an organization.
#[derive(Clone, FromRow, Serialize, ToSchema)]
pub(crate) struct Pipeline {
    #[serde(skip)]
    org: String,
    pub(crate) id: String,
    pub(crate) name: String,
    description: String,
    program_code: String,
    #[sqlx(default)]
    #[serde(rename = "deployment_status")]
    status: String,
}

/// The parts of a pipeline that its author writes.
#[derive(Deserialize, ToSchema)]
pub(crate) struct NewPipeline {
    name: String,
    #[serde(default)]
    description: String,
    program_code: String,
}

/// A change of a pipeline.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Change {
    description: Option<String>,
    program_code: Option<String>,
}

/// Creates the table.
pub(crate) async fn create(pool: &SqlitePool) -> sqlx::Result<()> {
    let table = "CREATE TABLE IF NOT EXISTS pipelines (org TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL, program_code TEXT NOT NULL, status TEXT NOT NULL DEFAULT 'Stopped', PRIMARY KEY (org, name))";
    sqlx::query(table).execute(pool).await?;
    Ok(())
}

/// Returns the pipelines of an organization.
pub(crate) async fn list(pool: &SqlitePool, org: &str) -> actix_web::Result<Vec<Pipeline>> {
    let all = sqlx::query_as("SELECT * FROM pipelines WHERE org = ? ORDER BY name").bind(org);
    all.fetch_all(pool).await.map_err(ErrorInternalServerError)
}

/// Adds a pipeline to an organization.
pub(crate) async fn add(pool: &SqlitePool, org: &str, new: NewPipeline) -> actix_web::Result<Pipeline> {
    let added = insert(pool, org, new).await.map_err(ErrorInternalServerError)?;
    added.ok_or_else(|| ErrorConflict("the organization has a pipeline with this name"))
}

async fn insert(pool: &SqlitePool, org: &str, new: NewPipeline) -> sqlx::Result<Option<Pipeline>> {
    let NewPipeline { name, description, program_code } = new;
    let mut all = pool.begin().await?;
    let add = sqlx::query_as(
        "INSERT INTO pipelines (org, id, name, description, program_code) VALUES (?, lower(hex(randomblob(16))), ?, ?, ?) ON CONFLICT DO NOTHING RETURNING *",
    );
    let add = add.bind(org).bind(&name).bind(description).bind(program_code);
    let added = add.fetch_optional(&mut *all).await?;
    if added.is_some() {
        events::record(&mut *all, (org, &name), "created").await?;
    }
    all.commit().await?;
    Ok(added)
}

impl Pipeline {
    /// Changes the pipeline. Only a caller who may operate it has a value of this type to call it on.
    pub(crate) async fn change(&self, pool: &SqlitePool, change: Change) -> actix_web::Result<Self> {
        self.update(pool, change).await.map_err(ErrorInternalServerError)
    }

    async fn update(&self, pool: &SqlitePool, change: Change) -> sqlx::Result<Self> {
        let mut all = pool.begin().await?;
        let update = sqlx::query_as(
            "UPDATE pipelines SET description = coalesce(?, description), program_code = coalesce(?, program_code) WHERE org = ? AND name = ? RETURNING *",
        );
        let update = update.bind(change.description).bind(change.program_code).bind(&self.org).bind(&self.name);
        let changed = update.fetch_one(&mut *all).await?;
        events::record(&mut *all, (&self.org, &self.name), "changed").await?;
        all.commit().await?;
        Ok(changed)
    }

    pub(crate) async fn delete(&self, pool: &SqlitePool) -> actix_web::Result<()> {
        self.remove(pool).await.map_err(ErrorInternalServerError)
    }

    async fn remove(&self, pool: &SqlitePool) -> sqlx::Result<()> {
        let mut all = pool.begin().await?;
        let delete = sqlx::query("DELETE FROM pipelines WHERE org = ? AND name = ?").bind(&self.org).bind(&self.name);
        delete.execute(&mut *all).await?;
        events::record(&mut *all, (&self.org, &self.name), "deleted").await?;
        all.commit().await
    }
}

/// Reading a pipeline.
#[derive(auth_actix::Action)]
pub(crate) struct See;

/// Changing, starting and stopping a pipeline.
#[derive(auth_actix::Action)]
pub(crate) struct Operate;

impl Resource for Pipeline {
    /// Names are unique in an organization only.
    type Key = String;
    type Deps = SqlitePool;
    type Error = actix_web::Error;
    const PATH: &'static str = "name";
    const TENANT: Tenancy = Tenancy::Of(&["org"]);

    fn key(&self) -> String {
        self.name.clone()
    }

    fn tenant(&self) -> Option<Tenant> {
        Some(Tenant::of("org", &self.org))
    }

    async fn load(names: &[String], cx: &LoadContext<'_>, pool: &SqlitePool) -> actix_web::Result<Vec<Self>> {
        let mut query = QueryBuilder::new("SELECT * FROM pipelines WHERE org = ");
        query.push_bind(cx.tenant("org")?).push(" AND name IN (");
        let mut each = query.separated(", ");
        for name in names {
            each.push_bind(name);
        }
        query.push(")");
        query.build_query_as().fetch_all(pool).await.map_err(ErrorInternalServerError)
    }
}

impl Allows<See> for Pipeline {
    fn allows(&self, caller: &Principal) -> bool {
        caller.has_role_in(Role::Read, &Tenant::of("org", &self.org))
    }
}

impl Allows<Operate> for Pipeline {
    fn allows(&self, caller: &Principal) -> bool {
        caller.has_role_in(Role::Write, &Tenant::of("org", &self.org))
    }
}
