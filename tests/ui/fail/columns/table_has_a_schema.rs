use auth_actix::list::Columns;

#[derive(Columns)]
#[columns(table = "forum.posts")]
struct Post {
    id: i64,
}

fn main() {}
