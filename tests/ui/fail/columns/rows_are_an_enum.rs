use auth_actix::list::Columns;

#[derive(Columns)]
#[columns(table = "posts")]
enum Post {
    Draft,
}

#[derive(Columns)]
#[columns(table = "posts")]
struct Row<T> {
    id: T,
}

#[derive(Columns)]
#[columns(table = "posts")]
struct Tuple(i64);

fn main() {}
