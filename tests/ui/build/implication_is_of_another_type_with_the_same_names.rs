use auth_actix::Granted;
use auth_actix::granted::Implies;

mod real {
    #[derive(auth_actix::Role)]
    #[role(proofs = "proof")]
    pub enum Role {
        Admin,
        Viewer,
    }
}

mod forged {
    #[derive(auth_actix::Role)]
    #[role(proofs = "proof")]
    pub enum Role {
        Admin,
        #[role(implies(Admin))]
        Viewer,
    }
}

impl Implies<real::proof::Admin> for forged::proof::Viewer {}

fn forge(viewer: &Granted<forged::proof::Viewer>) -> &Granted<real::proof::Admin> {
    viewer.weaker()
}

fn main() {
    let _: fn(&Granted<forged::proof::Viewer>) -> &Granted<real::proof::Admin> = forge;
}
