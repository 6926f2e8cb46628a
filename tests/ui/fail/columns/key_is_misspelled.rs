use auth_actix::list::Columns;

#[derive(Columns)]
#[columns(tabel = "posts", tenants(org = org_id))]
struct Post {
    id: i64,
    #[columns(renam = "kind")]
    r#type: String,
    #[columns(table = "x", skip = true)]
    org_id: String,
}

fn main() {}
