use auth_actix::list::{Columns, Condition};

#[derive(Columns)]
#[columns(table = "posts")]
struct Post {
    id: i64,
}

#[derive(Columns)]
#[columns(table = "teams")]
struct Team {
    id: i64,
}

fn other_table() -> Condition<Post> {
    Post::ID.is(7) | Team::ID.is(7)
}

fn main() {}
