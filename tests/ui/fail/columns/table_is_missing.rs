use auth_actix::list::Columns;

#[derive(Columns)]
struct Post {
    id: i64,
}

fn main() {}
