//! Events: what happened to the pipelines of an organization.

use actix_web::error::ErrorInternalServerError;
use auth_actix::identity::Tenant;
use auth_actix::list::sql::arguments;
use auth_actix::list::{Columns, Condition, Dialect, ListFilter, Visible};
use auth_actix::object::{LoadContext, Tenancy};
use auth_actix::{Principal, Resource};
use serde::Serialize;
use sqlx::{AssertSqlSafe, FromRow, QueryBuilder, Sqlite, SqliteExecutor, SqlitePool};
use utoipa::ToSchema;

use crate::pipelines::See;

/// A change of a pipeline.
#[derive(Columns, FromRow, Serialize, ToSchema)]
#[columns(table = "events", tenant(org = org))]
pub(crate) struct Event {
    id: i64,
    #[serde(skip)]
    org: String,
    pipeline: String,
    /// `created`, `changed` or `deleted`.
    what: String,
}

/// Creates the table.
pub(crate) async fn create(pool: &SqlitePool) -> sqlx::Result<()> {
    let table = "CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY AUTOINCREMENT, org TEXT NOT NULL, pipeline TEXT NOT NULL, what TEXT NOT NULL)";
    sqlx::query(table).execute(pool).await?;
    Ok(())
}

/// Records an event, in the transaction of the change.
pub(crate) async fn record(
    database: impl SqliteExecutor<'_>,
    (org, pipeline): (&str, &str),
    what: &str,
) -> sqlx::Result<()> {
    let add = sqlx::query("INSERT INTO events (org, pipeline, what) VALUES (?, ?, ?)");
    add.bind(org).bind(pipeline).bind(what).execute(database).await?;
    Ok(())
}

/// Returns the events that the filter contains, the oldest first.
pub(crate) async fn list(pool: &SqlitePool, filter: &ListFilter<Event, See>) -> actix_web::Result<Vec<Event>> {
    let (visible, values) = filter.to_sql(Dialect::Sqlite, 1);
    let query = AssertSqlSafe(format!("SELECT * FROM events WHERE {visible} ORDER BY id"));
    let values = arguments::<Sqlite>(values).map_err(ErrorInternalServerError)?;
    sqlx::query_as_with(query, values).fetch_all(pool).await.map_err(ErrorInternalServerError)
}

impl Resource for Event {
    type Key = i64;
    type Deps = SqlitePool;
    type Error = actix_web::Error;
    const PATH: &'static str = "id";
    const TENANT: Tenancy = Tenancy::Of(&["org"]);

    fn key(&self) -> i64 {
        self.id
    }

    fn tenant(&self) -> Option<Tenant> {
        Some(Tenant::of("org", &self.org))
    }

    async fn load(ids: &[i64], cx: &LoadContext<'_>, pool: &SqlitePool) -> actix_web::Result<Vec<Self>> {
        let mut query = QueryBuilder::new("SELECT * FROM events WHERE org = ");
        query.push_bind(cx.tenant("org")?).push(" AND id IN (");
        let mut each = query.separated(", ");
        for id in ids {
            each.push_bind(id);
        }
        query.push(")");
        query.build_query_as().fetch_all(pool).await.map_err(ErrorInternalServerError)
    }
}

impl Visible<See> for Event {
    fn condition(caller: Option<&Principal>) -> Condition<Self> {
        match caller {
            Some(_) => Condition::all("a caller who may read in an organization may see all of its events"),
            None => Condition::none(),
        }
    }
}
