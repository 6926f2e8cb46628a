use auth_actix::Granted;
use auth_actix::granted::Implies;

#[derive(auth_actix::Role)]
#[role(proofs = "proof")]
enum Role {
    Boss,
    Clerk,
}

impl Implies<proof::Boss> for proof::Clerk {}

fn forge(clerk: &Granted<proof::Clerk>) -> &Granted<proof::Boss> {
    clerk.weaker()
}

fn main() {
    let _: fn(&Granted<proof::Clerk>) -> &Granted<proof::Boss> = forge;
}
