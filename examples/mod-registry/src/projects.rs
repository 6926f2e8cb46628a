//! Projects, and what the members of a team may do with them: the objects of this API.

use actix_web::error::{ErrorBadRequest, ErrorConflict, ErrorForbidden, ErrorInternalServerError};
use auth_actix::list::sql::arguments;
use auth_actix::list::{Columns, Condition, Dialect, ListFilter, Visible};
use auth_actix::object::LoadContext;
use auth_actix::{Action, Allows, Principal, Resource};
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, FromRow, QueryBuilder, Sqlite, SqlitePool};

use crate::users::User;
use crate::{Role, TokenScope};

/// The permissions of a member of a team, as bits.
pub(crate) mod permissions {
    /// May edit the title and the description.
    pub(crate) const EDIT_DETAILS: i64 = 1 << 2;
    /// May add members to the team.
    pub(crate) const MANAGE_TEAM: i64 = 1 << 4;
    /// May delete the project.
    pub(crate) const DELETE_PROJECT: i64 = 1 << 7;
    /// All of them.
    pub(crate) const ALL: i64 = EDIT_DETAILS | MANAGE_TEAM | DELETE_PROJECT;
}

/// A modification, or a collection of some.
#[derive(Clone, Columns, FromRow, Serialize)]
#[columns(table = "projects")]
pub(crate) struct Project {
    pub(crate) id: i64,
    title: String,
    description: String,
    /// `draft`, `approved` or `rejected`.
    status: String,
    team_id: i64,
    /// The permissions of the caller in the team. The loader joins them. Rows of lists have none.
    #[columns(skip)]
    #[sqlx(default)]
    #[serde(skip)]
    permissions: i64,
}

/// A change of a project.
#[derive(Deserialize)]
pub(crate) struct Change {
    title: Option<String>,
    description: Option<String>,
}

/// A new member of a team.
#[derive(Deserialize)]
pub(crate) struct NewMember {
    user_id: i64,
    permissions: i64,
}

/// The decision of a moderator.
#[derive(Deserialize)]
pub(crate) struct Verdict {
    status: VerdictStatus,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum VerdictStatus {
    Approved,
    Rejected,
}

/// Creates the table.
pub(crate) async fn create(pool: &SqlitePool) -> sqlx::Result<()> {
    let table = "CREATE TABLE IF NOT EXISTS projects (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, description TEXT NOT NULL DEFAULT '', status TEXT NOT NULL DEFAULT 'draft', team_id INTEGER NOT NULL UNIQUE)";
    sqlx::query(table).execute(pool).await?;
    Ok(())
}

/// Adds a draft, with a team whose only member is its owner. Returns the id of the project.
pub(crate) async fn add(pool: &SqlitePool, owner: i64, title: &str) -> sqlx::Result<i64> {
    let mut all = pool.begin().await?;
    let team: i64 = sqlx::query_scalar("INSERT INTO teams DEFAULT VALUES RETURNING id").fetch_one(&mut *all).await?;
    let add = sqlx::query_scalar("INSERT INTO projects (title, team_id) VALUES (?, ?) RETURNING id");
    let id = add.bind(title).bind(team).fetch_one(&mut *all).await?;
    let member = sqlx::query("INSERT INTO team_members (team_id, user_id, permissions) VALUES (?, ?, ?)");
    member.bind(team).bind(owner).bind(permissions::ALL).execute(&mut *all).await?;
    all.commit().await?;
    Ok(id)
}

/// Makes a project visible to all.
pub(crate) async fn publish(pool: &SqlitePool, id: i64) -> sqlx::Result<()> {
    sqlx::query("UPDATE projects SET status = 'approved' WHERE id = ?").bind(id).execute(pool).await?;
    Ok(())
}

/// Returns the projects that the filter contains.
pub(crate) async fn list(pool: &SqlitePool, filter: &ListFilter<Project, Read>) -> actix_web::Result<Vec<Project>> {
    let (visible, values) = filter.to_sql(Dialect::Sqlite, 1);
    let query = AssertSqlSafe(format!("SELECT * FROM projects WHERE {visible} ORDER BY id"));
    let values = arguments::<Sqlite>(values).map_err(ErrorInternalServerError)?;
    sqlx::query_as_with(query, values).fetch_all(pool).await.map_err(ErrorInternalServerError)
}

// Each of these methods requires a value that the caller may act on: a handler gets it as an `Authorized<Project, …>`.
impl Project {
    pub(crate) async fn change(&self, pool: &SqlitePool, change: Change) -> actix_web::Result<()> {
        let update = sqlx::query(
            "UPDATE projects SET title = coalesce(?, title), description = coalesce(?, description) WHERE id = ?",
        );
        let update = update.bind(change.title).bind(change.description).bind(self.id);
        update.execute(pool).await.map(drop).map_err(ErrorInternalServerError)
    }

    pub(crate) async fn delete(&self, pool: &SqlitePool) -> actix_web::Result<()> {
        self.remove(pool).await.map_err(ErrorInternalServerError)
    }

    async fn remove(&self, pool: &SqlitePool) -> sqlx::Result<()> {
        let mut all = pool.begin().await?;
        sqlx::query("DELETE FROM team_members WHERE team_id = ?").bind(self.team_id).execute(&mut *all).await?;
        sqlx::query("DELETE FROM projects WHERE id = ?").bind(self.id).execute(&mut *all).await?;
        all.commit().await
    }

    /// Adds a member with at most the permissions of the caller. A member is not changed, so that a caller cannot reduce the
    /// permissions of the owner.
    pub(crate) async fn add_member(&self, pool: &SqlitePool, new: NewMember) -> actix_web::Result<()> {
        if new.permissions & !self.permissions != 0 {
            return Err(ErrorForbidden("the new member would have permissions that you do not have"));
        }
        let known: Option<i64> = sqlx::query_scalar("SELECT id FROM users WHERE id = ?")
            .bind(new.user_id)
            .fetch_optional(pool)
            .await
            .map_err(ErrorInternalServerError)?;
        known.ok_or_else(|| ErrorBadRequest("the user does not exist"))?;
        let add = sqlx::query(
            "INSERT INTO team_members (team_id, user_id, permissions) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        );
        let add = add.bind(self.team_id).bind(new.user_id).bind(new.permissions).execute(pool).await;
        match add.map_err(ErrorInternalServerError)?.rows_affected() {
            0 => Err(ErrorConflict("the user is a member of the team")),
            _ => Ok(()),
        }
    }

    pub(crate) async fn moderate(&self, pool: &SqlitePool, verdict: Verdict) -> actix_web::Result<()> {
        let status = match verdict.status {
            VerdictStatus::Approved => "approved",
            VerdictStatus::Rejected => "rejected",
        };
        let update = sqlx::query("UPDATE projects SET status = ? WHERE id = ?").bind(status).bind(self.id);
        update.execute(pool).await.map(drop).map_err(ErrorInternalServerError)
    }

    fn permits(&self, permission: i64) -> bool {
        self.permissions & permission == permission
    }
}

/// Reading a project.
#[derive(Action)]
#[action(scope = "PROJECT_READ")]
pub(crate) struct Read;

/// Editing the title and the description.
#[derive(Action)]
#[action(scope = "PROJECT_WRITE")]
pub(crate) struct EditDetails;

/// Adding members to the team.
#[derive(Action)]
#[action(scope = "PROJECT_WRITE")]
pub(crate) struct ManageTeam;

/// Deleting a project.
#[derive(Action)]
#[action(scope = "PROJECT_DELETE")]
pub(crate) struct Delete;

/// Deciding whether a project becomes public.
#[derive(Action)]
#[action(role = "moderator")]
pub(crate) struct Moderate;

impl Resource for Project {
    type Key = i64;
    type Deps = SqlitePool;
    type Error = actix_web::Error;
    const PATH: &'static str = "id";

    fn key(&self) -> i64 {
        self.id
    }

    async fn load(ids: &[i64], cx: &LoadContext<'_>, pool: &SqlitePool) -> actix_web::Result<Vec<Self>> {
        // No row of the team has an id that is NULL.
        let caller = cx.caller.and_then(|caller| caller.account::<User>()).map(|user| user.id);
        let mut query = QueryBuilder::new(
            "SELECT projects.*, coalesce(team_members.permissions, 0) AS permissions FROM projects LEFT JOIN team_members ON team_members.team_id = projects.team_id AND team_members.user_id = ",
        );
        query.push_bind(caller).push(" WHERE projects.id IN (");
        let mut each = query.separated(", ");
        for id in ids {
            each.push_bind(id);
        }
        query.push(")");
        query.build_query_as().fetch_all(pool).await.map_err(ErrorInternalServerError)
    }
}

/// Returns the teams of the caller.
fn teams(caller: &Principal) -> &[i64] {
    caller.account::<User>().map(|user| &*user.teams).unwrap_or_default()
}

impl Visible<Read> for Project {
    fn condition(caller: Option<&Principal>) -> Condition<Self> {
        let public = Project::STATUS.is("approved".to_owned());
        let Some(caller) = caller else { return public };
        if caller.has_role(Role::Moderator) {
            return Condition::all("moderators read every project");
        }
        public | Project::TEAM_ID.is_in(teams(caller).iter().copied())
    }
}

impl Allows<EditDetails> for Project {
    fn allows(&self, _: &Principal) -> bool {
        self.permits(permissions::EDIT_DETAILS)
    }
}

impl Allows<ManageTeam> for Project {
    fn allows(&self, _: &Principal) -> bool {
        self.permits(permissions::MANAGE_TEAM)
    }
}

impl Allows<Delete> for Project {
    fn allows(&self, _: &Principal) -> bool {
        self.permits(permissions::DELETE_PROJECT)
    }
}

impl Allows<Moderate> for Project {
    /// Returns whether the caller is a moderator who does not belong to the team.
    fn allows(&self, caller: &Principal) -> bool {
        caller.has_role(Role::Moderator) && !teams(caller).contains(&self.team_id)
    }
}
