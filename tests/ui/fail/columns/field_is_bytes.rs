use auth_actix::list::Columns;

#[derive(Columns)]
#[columns(table = "posts")]
struct Post {
    id: i64,
    digest: Option<Vec<u8>>,
}

fn main() {}
