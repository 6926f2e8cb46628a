//! Tests of evaluation and of SQL. `tests/components/conditions.rs` compares both on real databases.

use uuid::Uuid;

use super::*;
use crate::identity::id::Id;

struct Row {
    id: i64,
    team: Option<i32>,
    author: Option<Id>,
    name: String,
    removed: bool,
}

const ID: Column<Row, i64> = column("id", |row| Some(field_value(&row.id)));
const TEAM: Column<Row, i32> = column("team", |row| row.team.as_ref().map(field_value));
const AUTHOR: Column<Row, Id> = column("author", |row| row.author.as_ref().map(field_value));
const NAME: Column<Row, String> = column("na\"me", |row| Some(field_value(&row.name)));
const REMOVED: Column<Row, bool> = column("removed", |row| Some(field_value(&row.removed)));

impl Columns for Row {
    const TABLE: &'static str = "order";
    const COLUMNS: &'static [TableColumn<Self>] = &[];
    const TENANT_COLUMNS: &'static [(&'static str, TableColumn<Self>)] = &[("team", TEAM.untyped())];
}

fn row(id: i64, team: Option<i32>) -> Row {
    Row { id, team, author: None, name: "a".to_owned(), removed: false }
}

fn all() -> Condition<Row> {
    Condition::all("a test")
}

#[test]
fn missing_values_satisfy_neither_a_test_nor_its_negation() {
    // LIST-1, LIST-2
    let (one, without) = (row(1, Some(1)), row(1, None));
    let alice = || Id::user("iss", "alice");
    #[rustfmt::skip]
    let table: Vec<(Condition<Row>, &Row, bool, bool)> = vec![
        // (condition, row, holds, negation holds)
        (TEAM.is(1),                                &one,     true,  false),
        (TEAM.is(2),                                &one,     false, true),
        (TEAM.is(1),                                &without, false, false),
        (TEAM.is(None),                             &one,     false, false),
        (TEAM.is(None),                             &without, false, false),
        (TEAM.is_in([]),                            &one,     false, true),
        (TEAM.is_in([]),                            &without, false, false),
        (TEAM.is_in([3, 1]),                        &one,     true,  false),
        (AUTHOR.is(alice()),                        &one,     false, false),
        (AUTHOR.is(None) | ID.is(1),                &one,     true,  false),
        (AUTHOR.is(None) | ID.is(2),                &one,     false, false),
        (AUTHOR.is(None) & ID.is(2),                &one,     false, true),
        (AUTHOR.is(None) & ID.is(1),                &one,     false, false),
        (TEAM.is(1) | ID.is(1),                     &without, true,  false),
        (!TEAM.is(1) & REMOVED.is(false),           &without, false, false),
        (!(TEAM.is(1) & REMOVED.is(true)),          &without, true,  false),
        (all(),                                     &one,     true,  false),
        (all() & ID.is(2),                          &one,     false, true),
        (all() | ID.is(2),                          &one,     true,  false),
        (Condition::none(),                         &one,     false, false),
        (Condition::none() | ID.is(1),              &one,     true,  false),
        (Condition::none() & ID.is(1),              &one,     false, false),
        (!!ID.is(1),                                &one,     true,  false),
        (NAME.is("A".to_owned()),                   &one,     false, true),
        (NAME.is("a ".to_owned()),                  &one,     false, true),
    ];
    for (position, (condition, row, holds, negation)) in table.into_iter().enumerate() {
        assert_eq!(condition.holds(row), holds, "row {position}");
        assert_eq!((!condition).holds(row), negation, "negation of row {position}");
    }
}

#[test]
fn sql_quotes_names_and_binds_values() {
    // LIST-3, LIST-4
    let post = || TEAM.is_in([2, 1]) & !(ID.is(7) | REMOVED.is(true)) & NAME.is("x".to_owned());
    let (sql, values) = post().to_sql(Dialect::Postgres, 4);
    assert_eq!(
        sql,
        r#"("order"."team" IN ($4, $5) AND NOT ("order"."id" = $6 OR "order"."removed" = TRUE) AND "order"."na""me" = $7)"#
    );
    let expected = [ColumnValue::I32(1), ColumnValue::I32(2), ColumnValue::I64(7), ColumnValue::Text("x".to_owned())];
    assert_eq!(values, expected);
    let (sql, values) = post().to_sql(Dialect::Sqlite, 1);
    assert_eq!(
        sql,
        r#"("order"."team" IN (?1, ?2) AND NOT ("order"."id" = ?3 OR "order"."removed" <> 0) AND "order"."na""me" COLLATE BINARY = ?4)"#
    );
    assert_eq!(values, expected);
    let (sql, values) = post().alias("p`").to_sql(Dialect::MySql, 1);
    assert_eq!(
        sql,
        "(`p```.`team` IN (?, ?) AND NOT (`p```.`id` = ? OR `p```.`removed` <> 0) AND CAST(CONVERT(`p```.`na\"me` USING utf8mb4) AS BINARY) = CAST(CONVERT(? USING utf8mb4) AS BINARY))"
    );
    assert_eq!(values, expected);
    #[rustfmt::skip]
    let table = [
        (all(),                                              "(1 = 1)"),
        (Condition::none(),                                  "(1 = 0)"),
        (!all(),                                             "(1 = 0)"),
        (AUTHOR.is(None),                                    "(NULL)"),
        (!AUTHOR.is(None),                                   "(NOT (NULL))"),
        (TEAM.is_in([]),                                     r#"(("order"."team" IS NULL AND NULL))"#),
        (REMOVED.is_in([true, false]),                       r#"(("order"."removed" = FALSE OR "order"."removed" = TRUE))"#),
        (!(ID.is(1) & TEAM.is(2)),                           r#"(NOT ("order"."id" = $1 AND "order"."team" = $2))"#),
        (ID.is(1) | ID.is(2) | ID.is(2),                     r#"("order"."id" IN ($1, $2))"#),
        (NAME.is("\0".to_owned()),                           r#"(("order"."na""me" IS NULL AND NULL))"#),
        (NAME.is_in(["\0".to_owned(), "b".to_owned()]),      r#"("order"."na""me" = $1)"#),
        (ID.is(1) & (TEAM.is(2) | TEAM.is(3)) | REMOVED.is(false),
            r#"(("order"."id" = $1 AND "order"."team" IN ($2, $3)) OR "order"."removed" = FALSE)"#),
    ];
    for (condition, expected) in table {
        assert_eq!(condition.to_sql(Dialect::Postgres, 1).0, expected);
    }
}

#[test]
fn long_lists_are_bound_as_one_value() {
    let names = || (0..1_001).map(|number| format!("\"\\{number}"));
    let (sql, values) = NAME.is_in(names()).to_sql(Dialect::Postgres, 2);
    assert_eq!(sql, r#"("order"."na""me" = ANY (CAST(CAST($2 AS TEXT) AS TEXT[])))"#);
    let [ColumnValue::Text(list)] = values.as_slice() else { panic!("{}", values.len()) };
    assert!(list.starts_with(r#"{"\"\\0","\"\\1","#), "{}", &list[..20]);
    let (sql, values) = ID.is_in(0..1_001).to_sql(Dialect::Sqlite, 2);
    assert_eq!(sql, r#"("order"."id" IN (SELECT value FROM json_each(?2)))"#);
    assert_eq!(values.len(), 1);
    assert_eq!(ID.is_in(0..1_001).to_sql(Dialect::MySql, 1).1.len(), 1_001);
    let with_nul = NAME.is_in(names().chain(["\0".to_owned()]));
    assert_eq!(with_nul.to_sql(Dialect::Sqlite, 1).1.len(), 1_002);
}

#[test]
fn conditions_built_in_long_loops_need_no_stack() {
    const MANY: i32 = 100_000;
    let run = |build: fn(i32, Condition<Row>) -> Condition<Row>| {
        // A small stack, so that recursion would overflow it in any build.
        let thread = std::thread::Builder::new().stack_size(128 * 1024).spawn(move || {
            let condition = (0..MANY).fold(Condition::none(), |all, team| build(team, all));
            let copy = condition.clone();
            let holds = copy.holds(&row(1, Some(MANY - 1)));
            (holds, condition.to_sql(Dialect::Sqlite, 1).0.len())
        });
        thread.unwrap().join().unwrap()
    };
    let (holds, length) = run(|team, all| all | TEAM.is(team));
    assert!(holds && length < 200, "one list: {length}");
    let (holds, length) = run(|team, all| TEAM.is(team) & REMOVED.is(false) | all);
    assert!(holds && length > 1_000_000, "right-nested: {length}");
    let (holds, length) = run(|team, all| (all | TEAM.is(team)) & REMOVED.is(false));
    assert!(holds && length > 1_000_000, "alternating: {length}");
    let (_, length) = run(|team, all| !(all | TEAM.is(team)));
    assert!(length > 1_000_000, "negations: {length}");
}

#[test]
fn many_operands_are_grouped() {
    // SQLite rejects expressions with a depth of more than 1,000.
    let condition = (0..1_000).fold(Condition::none(), |all, id| all | ID.is(id) & TEAM.is(1));
    let (sql, _) = condition.to_sql(Dialect::Sqlite, 1);
    assert!(sql.starts_with("(((((("), "{}", &sql[..40]);
    let depth = sql.split('(').map(|part| part.matches(" OR ").count()).sum::<usize>();
    assert_eq!(depth, 999);
}

#[test]
fn debug_redacts_values() {
    let condition = AUTHOR.is(Id::user("iss", "alice")) | ID.is(7);
    assert_eq!(format!("{condition:?}"), r#"Condition { columns: ["author", "id"], .. }"#);
}

#[test]
fn conditions_can_be_sent() {
    fn send_sync<T: Send + Sync + 'static>() {}
    send_sync::<Condition<()>>();
    send_sync::<Column<Row, Uuid>>();
}
