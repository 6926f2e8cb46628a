#[derive(auth_actix::Role)]
#[role(rename_all = "snake_case")]
enum Role {
    AdminUser,
    #[allow(non_camel_case_types)]
    Admin_User,
}

fn main() {}
