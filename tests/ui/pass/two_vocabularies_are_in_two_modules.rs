use actix_web::App;
use auth_actix::Auth;

mod office {
    use actix_web::get;
    use auth_actix::require_role;

    #[derive(auth_actix::Role)]
    pub enum Role {
        #[role(implies(Clerk))]
        Manager,
        Clerk,
    }

    #[require_role("manager")]
    #[get("/office")]
    pub async fn open() -> &'static str {
        "office"
    }
}

mod shop {
    use actix_web::get;
    use auth_actix::require_role;

    #[derive(auth_actix::Role)]
    pub enum Role {
        Cashier,
        Owner,
    }

    #[require_role(any("owner", "cashier"))]
    #[get("/shop")]
    pub async fn open() -> &'static str {
        "shop"
    }

    #[require_role(super::office::Role::Clerk)]
    #[get("/both")]
    pub async fn of_the_office() -> &'static str {
        "both"
    }
}

fn main() {
    let _ = |auth: &Auth| {
        App::new().service(auth.scope("/a").service(office::open));
        App::new().service(auth.scope("/b").service(shop::open).service(shop::of_the_office));
    };
}
