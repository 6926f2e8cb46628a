//! The parts of the response to a denial that do not depend on the request.

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use auth_core::denial::problem::Problem;
use auth_core::denial::{Denial, DenialResponse, challenge};

use super::{DPOP_NONCE, NO_STORE, PROBLEM, Refused, ResponseSettings, is_account_required, of_type};

impl ResponseSettings {
    /// Returns the response to a denial in code of the application: a problem. `answer` may differ from the row of the denial.
    pub(crate) fn without_request(&self, denial: &Denial, answer: DenialResponse) -> HttpResponse {
        let sign_up = self.sign_up_page.as_deref().filter(|_| is_account_required(answer));
        let problem = Problem { base: &self.base, answer, detail: None, sign_up };
        let body = self.body(&Refused { answer, problem, navigates: false });
        let mut response = of_type(PROBLEM, answer, body);
        response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
        if answer == denial.reason.response() {
            // Whether a script sent the request is unknown, and a challenge of Basic would open a dialog in its browser.
            self.add_headers(response.headers_mut(), denial, true);
        }
        response
    }

    /// Adds the challenges, the time to wait, and the nonce of a denial. `is_script` is whether a browser sent the request for a script.
    #[inline]
    pub(super) fn add_headers(&self, headers: &mut HeaderMap, denial: &Denial, is_script: bool) {
        let answer = denial.reason.response();
        for challenge in challenge::challenges(denial, &self.schemes, is_script) {
            headers.append(header::WWW_AUTHENTICATE, self.line(challenge, answer));
        }
        if let Some(after) = denial.reason.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after.get()));
        }
        if let Some(nonce) = denial.reason.nonce().and_then(|nonce| HeaderValue::from_str(nonce).ok()) {
            headers.insert(DPOP_NONCE, nonce);
        }
    }
}
