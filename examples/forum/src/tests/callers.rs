//! What each kind of caller may do, and that the list contains exactly the posts that a caller may read.

use std::sync::Mutex;

use auth_actix::Principal;
use auth_actix::test::assert_visible;

use super::*;

in_each_database! {
    each_kind_of_caller_reaches_its_routes_only
    the_list_contains_the_posts_that_are_shown
    the_query_of_the_list_agrees_with_the_policy
    a_logged_out_jwt_stays_refused_beside_another_login
    members_register_write_and_log_out
    bans_take_effect_at_once_in_their_community_only
}

async fn each_kind_of_caller_reaches_its_routes_only(forum: Forum) {
    let people = populate(&forum).await;
    let auth = forum.settings().build().unwrap();
    let app = init_service(App::new().service(api(&auth, &forum))).await;
    let callers = [
        None,
        Some(&people.member),
        Some(&people.author),
        Some(&people.moderator),
        Some(&people.other_moderator),
        Some(&people.banned),
        Some(&people.admin),
        Some(&people.suspended),
        Some(&people.logged_out),
    ];
    let text = |key: &str, id: i64| json!({ key: id, "title": "T", "body": "B", "score": 1, "removed": false });
    // Lifts the ban of a person. The person 6 is the administrator.
    let ban = |community: i64, person: i64| json!({ "community_id": community, "person_id": person, "ban": false });
    // For: anonymous, member, author, moderator of this community, of another one, banned, administrator, suspended, logged out.
    #[rustfmt::skip]
    let table = [
        ("GET",  "/post?id=1",        json!(null),             [200, 200, 200, 200, 200, 200, 200, 403, 401]),
        ("GET",  "/post?id=2",        json!(null),             [404, 404, 200, 200, 404, 404, 200, 403, 401]),
        ("GET",  "/post?id=3",        json!(null),             [404, 404, 404, 200, 404, 404, 200, 403, 401]),
        ("GET",  "/post?id=99",       json!(null),             [404, 404, 404, 404, 404, 404, 404, 403, 401]),
        ("GET",  "/post?id=1&id=2",   json!(null),             [400, 400, 400, 400, 400, 400, 400, 403, 401]),
        ("GET",  "/post",             json!(null),             [400, 400, 400, 400, 400, 400, 400, 403, 401]),
        ("GET",  "/post/list",        json!(null),             [200, 200, 200, 200, 200, 200, 200, 403, 401]),
        ("POST", "/post",             text("community_id", 1), [401, 201, 201, 201, 201, 404, 201, 403, 401]),
        ("POST", "/post",             text("community_id", 9), [401, 404, 404, 404, 404, 404, 404, 403, 401]),
        ("PUT",  "/post",             text("post_id", 1),      [401, 404, 200, 404, 404, 404, 404, 403, 401]),
        ("PUT",  "/post",             text("post_id", 2),      [401, 404, 404, 404, 404, 404, 404, 403, 401]),
        ("PUT",  "/post",             text("post_id", 4),      [401, 404, 404, 404, 404, 404, 404, 403, 401]),
        ("POST", "/post/like",        text("post_id", 1),      [401, 204, 204, 204, 204, 204, 204, 403, 401]),
        ("POST", "/post/like",        text("post_id", 2),      [401, 404, 204, 204, 404, 404, 204, 403, 401]),
        ("POST", "/post/remove",      text("post_id", 4),      [401, 404, 404, 204, 404, 404, 204, 403, 401]),
        ("POST", "/community/ban_user", ban(1, 99),            [401, 404, 404, 404, 404, 404, 404, 403, 401]),
        ("POST", "/community/ban_user", ban(1, 1),             [401, 404, 404, 204, 404, 404, 204, 403, 401]),
        ("POST", "/community/ban_user", ban(2, 1),             [401, 404, 404, 404, 204, 404, 204, 403, 401]),
        ("POST", "/community/ban_user", ban(1, 6),             [401, 404, 404, 404, 404, 404, 404, 403, 401]),
        ("GET",  "/account",          json!(null),             [401, 200, 200, 200, 200, 200, 200, 403, 401]),
        ("POST", "/admin/purge/post", text("post_id", 99),     [401, 403, 403, 403, 403, 403, 404, 403, 401]),
        ("POST", "/admin/purge/post", text("post_id", 4),      [401, 403, 403, 403, 403, 403, 204, 403, 401]),
    ];
    for (method, path, body, expected) in table {
        for (caller, expected) in callers.iter().zip(expected) {
            let request = ask(method, path, caller.map(String::as_str)).set_json(&body);
            let (status, answer) = send(&app, request).await;
            assert_eq!(status, expected, "{method} {path} {body} {caller:?}: {answer}");
        }
    }
    for (caller, problem) in [(&people.suspended, "/account-suspended"), (&people.logged_out, "/revoked-credentials")] {
        let (_, answer) = send(&app, ask("GET", "/account", Some(caller))).await;
        assert!(answer["type"].as_str().unwrap().ends_with(problem), "{answer}");
    }
}

/// The posts that each kind of caller may read, the newest first.
const VISIBLE: [&[i64]; 7] = [&[4, 1], &[4, 1], &[4, 2, 1], &[4, 3, 2, 1], &[5, 4, 1], &[4, 1], &[5, 4, 3, 2, 1]];

/// The callers whose posts are [`VISIBLE`].
fn readers(people: &People) -> [Option<&str>; 7] {
    let People { member, author, moderator, other_moderator, banned, admin, .. } = people;
    [None, Some(member), Some(author), Some(moderator), Some(other_moderator), Some(banned), Some(admin)]
}

fn ids(posts: &Value) -> Vec<i64> {
    posts.as_array().unwrap().iter().map(|post| post["id"].as_i64().unwrap()).collect()
}

async fn the_list_contains_the_posts_that_are_shown(forum: Forum) {
    let people = populate(&forum).await;
    let auth = forum.settings().build().unwrap();
    let app = init_service(App::new().service(api(&auth, &forum))).await;
    for (caller, visible) in readers(&people).into_iter().zip(VISIBLE) {
        let (_, listed) = send(&app, ask("GET", "/post/list", caller)).await;
        let mut shown = Vec::new();
        for id in (1..=6).rev() {
            let (status, post) = send(&app, ask("GET", &format!("/post?id={id}"), caller)).await;
            if status == 200 {
                shown.push(post["id"].as_i64().unwrap());
            }
        }
        assert_eq!((ids(&listed).as_slice(), shown.as_slice()), (visible, visible), "{caller:?}");
    }
}

/// Keeps the principal of a request for the test.
#[public]
#[get("/caller")]
async fn keep_caller(caller: Option<Principal>, kept: web::Data<Mutex<Option<Principal>>>) -> HttpResponse {
    *kept.lock().unwrap() = caller;
    HttpResponse::Ok().finish()
}

async fn the_query_of_the_list_agrees_with_the_policy(forum: Forum) {
    let people = populate(&forum).await;
    let auth = forum.settings().build().unwrap();
    let kept = web::Data::new(Mutex::new(None));
    let scope = auth.strict_scope("/api/v3").app_data(kept.clone()).service(keep_caller);
    let app = init_service(App::new().service(scope)).await;
    let mut callers = Vec::new();
    for caller in readers(&people) {
        assert_eq!(send(&app, ask("GET", "/caller", caller)).await.0, 200);
        callers.push(kept.lock().unwrap().take());
        assert_eq!(callers.last().unwrap().is_some(), caller.is_some());
    }
    let visible = database::with!(&forum.database, pool => assert_visible::<Post, Read>(pool, callers).await);
    for (found, expected) in visible.iter().zip(VISIBLE) {
        let mut found: Vec<_> = found.iter().map(|post| post.id).collect();
        found.sort_unstable_by(|one, other| other.cmp(one));
        assert_eq!(found, expected);
    }
}

async fn a_logged_out_jwt_stays_refused_beside_another_login(forum: Forum) {
    let auth = forum.settings().build().unwrap();
    let app = init_service(App::new().service(api(&auth, &forum))).await;
    let person = forum.members.person("alice").await.unwrap();
    let first = format!("Bearer {}", forum.members.log_in(person).await.unwrap());
    let second = format!("Bearer {}", forum.members.log_in(person).await.unwrap());
    let status = async |token: &str| send(&app, ask("GET", "/account", Some(token))).await.0;
    // Both are cached, twice.
    for token in [&first, &second, &first, &second] {
        assert_eq!(status(token).await, 200);
    }
    assert_eq!(send(&app, ask("POST", "/user/logout", Some(&first))).await.0, 204);
    for _ in 0..3 {
        assert_eq!(status(&first).await, 401);
        assert_eq!(status(&second).await, 200, "the other JWT is cached again");
    }
    for path in ["/post?id=1", "/post/list"] {
        assert_eq!(send(&app, ask("GET", path, Some(&first))).await.0, 401, "{path}");
    }
    // A JWT that the forum has signed and not recorded was never valid.
    run(&forum, "DELETE FROM login").await;
    auth.invalidate_account(&members::account(person)).await;
    assert_eq!(status(&second).await, 401);
}

async fn members_register_write_and_log_out(forum: Forum) {
    let auth = forum.settings().build().unwrap();
    let app = init_service(App::new().service(api(&auth, &forum))).await;
    let named = |name: &str, password: &str| json!({ "username": name, "password": password });
    let alice = named("alice", "correct horse battery staple");
    #[rustfmt::skip]
    let table = [
        ("/user/register", &alice,                         201),
        ("/user/register", &alice,                         409),
        ("/user/register", &named("bob", "too short"),     400),
        ("/user/register", &named("", "correct horse battery staple"), 400),
        ("/user/login",    &alice,                         200),
        ("/user/login",    &named("alice", "wrong"),       401),
        ("/user/login",    &named("bob", "too short"),     401),
    ];
    let mut jwt = String::new();
    for (path, body, expected) in table {
        let (status, answer) = send(&app, ask("POST", path, None).set_json(body)).await;
        assert_eq!(status, expected, "{path} {body}");
        if let Some(token) = answer["jwt"].as_str() {
            jwt = format!("Bearer {token}");
        }
    }
    let by_alice = |method: &str, path: &str, body: Value| ask(method, path, Some(&jwt)).set_json(body);
    let (status, community) = send(&app, by_alice("POST", "/community", json!({ "name": "cats" }))).await;
    assert_eq!((status, &community["name"]), (201, &json!("cats")));
    let text = json!({ "community_id": community["id"], "title": "First", "body": "Hello" });
    let (status, post) = send(&app, by_alice("POST", "/post", text)).await;
    assert_eq!((status, &post["title"]), (201, &json!("First")));
    let text = json!({ "post_id": post["id"], "title": "Second", "body": "Hello" });
    let (status, post) = send(&app, by_alice("PUT", "/post", text)).await;
    assert_eq!((status, &post["title"]), (200, &json!("Second")));
    // The creator of a community moderates it.
    let (_, account) = send(&app, by_alice("GET", "/account", json!(null))).await;
    assert_eq!(account["moderates"], json!([community["id"]]));
    let remove = json!({ "post_id": post["id"], "removed": true });
    assert_eq!(send(&app, by_alice("POST", "/post/remove", remove)).await.0, 204);
    assert_eq!(ids(&send(&app, ask("GET", "/post/list", None)).await.1), [] as [i64; 0]);
    assert_eq!(ids(&send(&app, by_alice("GET", "/post/list", json!(null))).await.1).len(), 1);
    assert_eq!(send(&app, by_alice("POST", "/user/logout", json!(null))).await.0, 204);
    assert_eq!(send(&app, by_alice("GET", "/account", json!(null))).await.0, 401);
}

async fn bans_take_effect_at_once_in_their_community_only(forum: Forum) {
    let people = populate(&forum).await;
    let auth = forum.settings().build().unwrap();
    let app = init_service(App::new().service(api(&auth, &forum))).await;
    let write = async |community: i64| {
        let text = json!({ "community_id": community, "title": "T", "body": "B" });
        send(&app, ask("POST", "/post", Some(&people.member)).set_json(text)).await.0
    };
    let ban = async |person: Value, ban: bool| {
        let body = json!({ "community_id": CATS, "person_id": person, "ban": ban });
        send(&app, ask("POST", "/community/ban_user", Some(&people.moderator)).set_json(body)).await.0
    };
    let member = json!(forum.members.person("member").await.unwrap());
    let moderator = json!(forum.members.person("moderator").await.unwrap());
    assert_eq!((write(CATS).await, write(DOGS).await), (201, 201), "the account is cached");
    assert_eq!(ban(member.clone(), true).await, 204);
    assert_eq!((write(CATS).await, write(DOGS).await), (404, 201));
    assert_eq!(ban(json!(member.to_string()), false).await, 204, "the id as a string");
    assert_eq!(write(CATS).await, 201);
    assert_eq!(ban(moderator, true).await, 404, "moderators cannot ban themselves");
    for unreadable in [json!(null), json!(1.0), json!([1]), json!(-1), json!({ "id": 1 })] {
        assert!([400, 404].contains(&ban(unreadable.clone(), true).await), "{unreadable}");
    }
}
