use auth_actix::list::Columns;

#[derive(Columns)]
#[columns(table = "posts")]
struct Post {
    id: i64,
    #[columns(rename = "id")]
    number: i64,
    #[allow(non_snake_case)]
    #[columns(rename = "upper")]
    ID: i64,
}

fn main() {}
