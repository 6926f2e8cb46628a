//! Conditions as expressions of sea-query.

use ::sea_query::{Expr, Value};

use super::{ColumnValue, Columns, Condition, Dialect};

impl<R: Columns> Condition<R> {
    /// Returns the condition as an expression of sea-query, for a query that is built with the backend of this dialect.
    ///
    /// ```
    /// use auth_actix::list::{Columns, Dialect};
    /// use sea_query::{PostgresQueryBuilder, Query};
    ///
    /// #[derive(Columns)]
    /// #[columns(table = "posts")]
    /// struct Post { id: i64, removed: bool }
    ///
    /// let visible = (Post::REMOVED.is(false) & !Post::ID.is(7)).to_sea_query(Dialect::Postgres);
    /// let query = Query::select().column("id").from("posts").and_where(visible).to_owned();
    /// let (sql, _) = query.build(PostgresQueryBuilder);
    /// assert!(sql.contains(r#"("posts"."removed" = FALSE AND NOT ("posts"."id" = $1))"#));
    /// ```
    pub fn to_sea_query(&self, dialect: Dialect) -> Expr {
        let (sql, values) = self.alias(R::TABLE).to_plain_sql(dialect);
        Expr::cust_with_values(sql, values.into_iter().map(value))
    }
}

fn value(value: ColumnValue) -> Value {
    match value {
        ColumnValue::Bool(value) => value.into(),
        ColumnValue::I16(value) => value.into(),
        ColumnValue::I32(value) => value.into(),
        ColumnValue::I64(value) => value.into(),
        ColumnValue::Uuid(value) => value.into(),
        ColumnValue::Text(value) => value.into(),
    }
}

#[cfg(test)]
mod tests {
    use ::sea_query::{ExprTrait as _, MysqlQueryBuilder, PostgresQueryBuilder, Query, SqliteQueryBuilder};

    use super::super::{Column, TableColumn, column, field_value};
    use super::*;

    struct Row {
        id: i64,
        name: String,
    }

    const ID: Column<Row, i64> = column("id", |row| Some(field_value(&row.id)));
    const NAME: Column<Row, String> = column("na?me$1", |row| Some(field_value(&row.name)));

    impl Columns for Row {
        const TABLE: &'static str = "rows";
        const COLUMNS: &'static [TableColumn<Self>] = &[];
        const TENANT_COLUMNS: &'static [(&'static str, TableColumn<Self>)] = &[];
    }

    #[test]
    fn values_are_bound_in_the_order_of_the_query() {
        // LIST-4
        let condition = || NAME.is("x".to_owned()) | ID.is_in([2, 1]);
        let query = |dialect| {
            let own = ::sea_query::Expr::col("id").gt(5_i64);
            Query::select()
                .column("id")
                .from("rows")
                .and_where(own)
                .and_where(condition().to_sea_query(dialect))
                .to_owned()
        };
        let expected = ["5", "'x'", "1", "2"];
        let table = [
            (
                query(Dialect::Postgres).build(PostgresQueryBuilder),
                r#"("rows"."na?me$1" = $2 OR "rows"."id" IN ($3, $4))"#,
            ),
            (
                query(Dialect::Sqlite).build(SqliteQueryBuilder),
                r#"("rows"."na?me$1" COLLATE BINARY = ? OR "rows"."id" IN (?, ?))"#,
            ),
            (
                query(Dialect::MySql).build(MysqlQueryBuilder),
                "(CAST(CONVERT(`rows`.`na?me$1` USING utf8mb4) AS BINARY) = CAST(CONVERT(? USING utf8mb4) AS BINARY) OR `rows`.`id` IN (?, ?))",
            ),
        ];
        for ((sql, values), text) in table {
            assert!(sql.contains(text), "{sql}");
            let values: Vec<_> = values.0.iter().map(ToString::to_string).collect();
            assert_eq!(values, expected, "{sql}");
        }
    }
}
