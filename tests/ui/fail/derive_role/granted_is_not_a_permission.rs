enum Colour { Red }

#[derive(auth_actix::Role)]
enum Role {
    #[role(grants(Colour::Red))]
    Admin,
}

fn main() {}
