use auth_actix::list::ColumnType;

#[derive(ColumnType)]
enum Visibility {
    Public,
    Private,
}

fn main() {}
