//! Lists in SQLite and Postgres: the arguments of a query, and the comparison of a list with the policy of its objects.

use std::collections::HashSet;

use auth_core::condition::Condition;
use auth_core::identity::tenant::Tenant;
pub use auth_sql::{VisibleRows, arguments};

use super::{ListFilter, Visible};
use crate::extract::object::action::Action;
use crate::principal::Principal;

/// Asserts that the filter of a list returns the rows of a table that the policy allows, for each of these callers, without a tenant and
/// in the tenant of each row. `None` is an anonymous caller. The pool is a `SqlitePool` or a `PgPool`.
///
/// It fails if a column is missing, if its type or collation makes the database compare in another way, if
/// [`Resource::tenant`](crate::Resource::tenant) contradicts the columns of the tenant, and if the table is empty.
///
/// Returns the rows of each caller without a tenant. Compare the response of the handler with them: nothing else finds a handler that
/// ignores its filter.
///
/// ```no_run
/// # use auth_actix::list::{Columns, Condition, Visible};
/// # use auth_actix::{Action, Principal, Resource};
/// # #[derive(Columns)]
/// # #[columns(table = "posts")]
/// # struct Post { id: i64, removed: bool }
/// # #[derive(Action)]
/// # struct Read;
/// # impl Resource for Post {
/// #     type Key = i64;
/// #     type Deps = ();
/// #     type Error = actix_web::Error;
/// #     const PATH: &'static str = "id";
/// #     fn key(&self) -> i64 { self.id }
/// #     async fn load(_: &[i64], _: &auth_actix::object::LoadContext<'_>, (): &()) -> Result<Vec<Self>, actix_web::Error> { Ok(Vec::new()) }
/// # }
/// # impl Visible<Read> for Post {
/// #     fn condition(_: Option<&Principal>) -> Condition<Self> { Post::REMOVED.is(false) }
/// # }
/// # async fn f(pool: impl auth_actix::list::sql::VisibleRows<Post>) {
/// use auth_actix::test::{Caller, assert_visible};
///
/// let alice = Caller::user("alice").principal();
/// let visible = assert_visible::<Post, Read>(&pool, [None, Some(alice)]).await;
/// assert_eq!(visible[0].len(), 3);
/// # }
/// ```
///
/// # Panics
/// The list and the policy differ.
pub async fn assert_visible<R, A>(
    pool: &impl VisibleRows<R>,
    callers: impl IntoIterator<Item = Option<Principal>>,
) -> Vec<Vec<R>>
where
    R: Visible<A>,
    A: Action,
{
    match compared::<R, A, _>(pool, callers.into_iter().collect()).await {
        Ok(visible) => visible,
        #[allow(clippy::panic, reason = "for tests, where a panic is the report")]
        Err(mistakes) => panic!("{}", mistakes.join("\n")),
    }
}

async fn compared<R, A, P>(pool: &P, callers: Vec<Option<Principal>>) -> Result<Vec<Vec<R>>, Vec<String>>
where
    R: Visible<A>,
    A: Action,
    P: VisibleRows<R>,
{
    let failed = |error: String| vec![format!("the database failed: {error}")];
    let columns: Vec<_> = R::COLUMNS.iter().map(|column| (column.name, column.kind)).collect();
    let mistakes = pool.mistakes(R::TABLE, &columns).await.map_err(failed)?;
    if !mistakes.is_empty() {
        return Err(mistakes.into_iter().map(|mistake| format!("{}: {mistake}", R::TABLE)).collect());
    }
    let all = Condition::<R>::all("the rows that a test compares").to_sql(P::DIALECT, 1);
    let all = pool.rows(R::TABLE, all).await.map_err(failed)?;
    if all.is_empty() {
        return Err(vec![format!("{}: the table contains no rows to compare", R::TABLE)]);
    }
    let mut tenants = vec![None];
    for tenant in all.iter().map(|row| row.tenant()).filter(Option::is_some) {
        if !tenants.contains(&tenant) {
            tenants.push(tenant);
        }
    }
    let (mut mistakes, mut visible) = (Vec::new(), Vec::new());
    for caller in callers {
        for tenant in &tenants {
            let filter = ListFilter::<R, A>::of(caller.clone(), tenant.clone());
            let listed = pool.rows(R::TABLE, filter.to_sql(P::DIALECT, 1)).await.map_err(failed)?;
            mistakes.extend(difference(&filter, &all, &listed, (caller.as_ref(), tenant.as_ref())));
            if tenant.is_none() {
                visible.push(listed);
            }
        }
    }
    if mistakes.is_empty() { Ok(visible) } else { Err(mistakes) }
}

/// Returns the rows that only the list contains, and those that only the policy allows.
fn difference<R: Visible<A>, A: Action>(
    filter: &ListFilter<R, A>,
    all: &[R],
    listed: &[R],
    (caller, tenant): (Option<&Principal>, Option<&Tenant>),
) -> Vec<String> {
    let keys: HashSet<R::Key> = listed.iter().map(R::key).collect();
    let who = caller.map_or_else(|| "anonymous callers".to_owned(), |caller| caller.id().to_string());
    let place = tenant.map(|tenant| format!(" in {tenant:?}")).unwrap_or_default();
    let wrong = all.iter().filter_map(|row| {
        let what = match (filter.contain(&[row]).contains(&true), keys.contains(&row.key())) {
            (true, false) => "is allowed by the policy, and is not in the list",
            (false, true) => "is in the list, and is not allowed by the policy",
            _ => return None,
        };
        Some(format!("{} for {who}{place}: the row {} {what}", R::TABLE, shown(row)))
    });
    wrong.collect()
}

/// Returns the columns of a row as text.
fn shown<R: auth_core::condition::Columns>(row: &R) -> String {
    let columns = R::COLUMNS.iter().map(|column| format!("{}={}", column.name, column.shown(row)));
    columns.collect::<Vec<_>>().join(" ")
}
