use auth_actix::identity::Rights;

#[derive(auth_actix::Role)]
enum Role { Admin, ContentEditor }

#[derive(auth_actix::Permission)]
enum Permission {
    #[permission("posts:write")]
    Write,
}

#[derive(auth_actix::TokenScope)]
enum TokenScope { Read }

struct Member {
    role: Option<Role>,
}

fn main() {
    let member = Member { role: Some(Role::ContentEditor) };
    let rights = Rights::new().roles(member.role.iter()).permissions([Permission::Write]).scopes(&[TokenScope::Read]);
    assert_eq!(rights, Rights::new().roles(["content-editor"]).permissions(["posts:write"]).scopes(["read"]));
    let open = Rights::new().roles([auth_actix::open::Role::new("night-shift")]);
    assert_eq!(open, Rights::new().roles(["night-shift"]));
    let _ = Role::Admin;
}
