use auth_actix::list::Columns;

#[derive(Columns)]
#[columns(table = "posts", tenant(org = ord_id, team = score, team))]
struct Post {
    id: i64,
    org_id: String,
    #[columns(skip)]
    score: f64,
}

fn main() {}
