//! The access matrix of an application, and its comparison with the reviewed file.

use std::path::{Path, PathBuf};
use std::{env, fmt, fs};

use actix_http::Request;
use actix_service::{IntoServiceFactory, ServiceFactory};
use actix_web::dev::{AppConfig, ServiceResponse};
use auth_core::matrix::Matrix;

use super::routing;
use crate::scope::Collected;

/// Returns the access matrix of an application: all its scopes of [`Auth::scope`](crate::Auth::scope), and the services outside
/// them, which have no rule.
///
/// ```
/// # actix_web::rt::System::new().block_on(async {
/// use actix_web::{App, get};
/// use auth_actix::{Auth, Jwt, require_auth, test};
///
/// #[require_auth]
/// #[get("/reports")]
/// async fn reports() -> &'static str { "all of them" }
///
/// let auth = Auth::builder().bearer(Jwt::hs256([7; 32]).issuer("a").audience("b")).build().unwrap();
/// let matrix = test::access_matrix(App::new().service(auth.scope("/api").service(reports))).await;
/// assert!(matrix.to_text(false).starts_with("GET  /api/reports  authenticated"));
/// # });
/// ```
///
/// # Panics
/// The application does not start. Its log contains the reason.
pub async fn access_matrix<R, S, B, E>(app: R) -> Matrix
where
    R: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<B>, Error = E>,
    S::InitError: fmt::Debug,
{
    let (_, Collected { mut matrix, .. }) = routing::started(app).await;
    matrix.sort();
    matrix
}

/// Asserts that the access matrix of an application equals the reviewed file, `ACCESS.md` beside its `Cargo.toml`.
///
/// On a difference, the message lists who gains and who loses access, for each route. `UPDATE_ACCESS=1 cargo test` rewrites the
/// file, unless `CI` is set. Build the application with the function that the server uses: otherwise the matrix is that of another
/// application.
///
/// ```no_run
/// # actix_web::rt::System::new().block_on(async {
/// # let auth = auth_actix::Auth::builder().build().unwrap();
/// use actix_web::App;
/// use auth_actix::test;
///
/// test::assert_access(App::new().service(auth.scope("/api"))).await;
/// # });
/// ```
///
/// # Panics
/// The matrix and the file differ, or the file is missing.
pub async fn assert_access<R, S, B, E>(app: R)
where
    R: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<B>, Error = E>,
    S::InitError: fmt::Debug,
{
    let folder = env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from);
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0" && value != "false");
    let update = Update { wanted: is_set("UPDATE_ACCESS"), allowed: !is_set("CI") };
    if let Err(difference) = compare(&access_matrix(app).await, &folder.join("ACCESS.md"), update) {
        #[allow(clippy::panic, reason = "for tests, where a panic is the report")]
        {
            panic!("{difference}");
        }
    }
}

#[derive(Clone, Copy)]
struct Update {
    wanted: bool,
    allowed: bool,
}

/// Compares the matrix with the file, or writes the file.
fn compare(matrix: &Matrix, path: &Path, update: Update) -> Result<(), String> {
    const HELP: &str =
        "if this is intended: run `UPDATE_ACCESS=1 cargo test`, review the changes of the file and commit it";
    let (now, shown) = (matrix.to_markdown(), path.display());
    if update.wanted {
        if !update.allowed {
            return Err(
                "UPDATE_ACCESS cannot be used in CI: run it locally, review the changes of the file and commit it"
                    .to_owned(),
            );
        }
        return fs::write(path, now).map_err(|error| format!("{shown} cannot be written: {error}"));
    }
    let file = match fs::read_to_string(path) {
        Ok(file) => file.replace("\r\n", "\n"),
        Err(error) => return Err(format!("{shown} cannot be read: {error}\n{HELP}")),
    };
    if file == now {
        return Ok(());
    }
    match Matrix::from_markdown(&file) {
        None => Err(format!("{shown} contains a line that is not part of an access matrix\n{HELP}")),
        Some(before) => {
            let difference = matrix.since(&before).to_string();
            // Only the fixed text around the lists differs.
            let difference = if difference.is_empty() {
                "only the text outside of the lists differs\n".to_owned()
            } else {
                difference
            };
            Err(format!("the access matrix of the application differs from {shown}:\n\n{difference}\n{HELP}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_file_is_updated_on_request_but_not_in_ci() {
        let folder = env::temp_dir().join(format!("access-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("ACCESS.md");
        let (read, write, ci) = (
            Update { wanted: false, allowed: true },
            Update { wanted: true, allowed: true },
            Update { wanted: true, allowed: false },
        );
        let [mut matrix, mut other] = [Matrix::default(), Matrix::default()];
        matrix.unguarded.push("one".to_owned());
        other.unguarded.push("two".to_owned());
        assert!(compare(&matrix, &path, read).unwrap_err().contains("cannot be read"));
        assert!(compare(&matrix, &path, ci).unwrap_err().contains("cannot be used in CI") && !path.exists());
        compare(&matrix, &path, write).unwrap();
        compare(&matrix, &path, read).unwrap();
        fs::write(&path, fs::read_to_string(&path).unwrap().replace('\n', "\r\n")).unwrap();
        compare(&matrix, &path, read).unwrap();
        let told = compare(&other, &path, read).unwrap_err();
        assert!(told.contains("was: one") && told.contains("is:  two") && told.contains("UPDATE_ACCESS=1"), "{told}");
        fs::write(&path, "# Access matrix\n").unwrap();
        assert!(compare(&other, &path, read).unwrap_err().contains("is:  two"));
        fs::write(&path, "## Routes\n\nall of them\n").unwrap();
        assert!(compare(&other, &path, read).unwrap_err().contains("not part of an access matrix"));
        fs::remove_dir_all(&folder).unwrap();
    }
}
