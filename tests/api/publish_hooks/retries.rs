//! Calls that are not taken: again, with the same id, when it makes sense.

use std::time::Duration;

use serde_json::{Value, json};
use watchtower_server::notify::Pace;

use super::{PATIENT, QUICK, Receiver, Reply, SECRET, published, server_with, table, telling_of_p};

/// Seconds after the beginning of the clock of a test.
fn seconds_after(time: &Value) -> i64 {
    let at: jiff::Timestamp = time.as_str().unwrap_or_else(|| panic!("{time}")).parse().unwrap();
    at.as_second() - super::NEW_YEAR / 1_000_000
}

#[tokio::test]
async fn a_call_that_is_not_taken_comes_again_with_the_same_id_and_a_new_time() {
    let (receiver, server) = telling_of_p(QUICK).await;
    receiver.script([
        Reply::Held("500 Internal Server Error"),
        Reply::Raw(""),
        Reply::Raw("HTTP/1.1 2"),
        Reply::Raw("no HTTP at all\r\n\r\n"),
        Reply::Status("404 Not Found"),
        Reply::Status("100 Continue"),
        Reply::Status("202 Accepted"),
    ]);
    let revision = server.change("p").await;
    receiver.calls(1).await;
    server.pass(30);
    receiver.let_go();
    let calls = receiver.calls(7).await;
    let hook = server.until_told("tool").await;
    for call in &calls {
        assert_eq!((call.id(), &call.body), (calls[0].id(), &calls[0].body));
        assert_eq!(call.signed_by(SECRET), [0], "{}", call.head);
    }
    let times: Vec<i64> = calls.iter().map(|call| call.header("webhook-timestamp").parse().unwrap()).collect();
    assert_eq!(times[1] - times[0], 30);
    assert_eq!(calls[0].gist(), published("p", revision));
    assert_eq!((&hook["state"], &hook["taken"], &hook["failed"]), (&json!("well"), &json!(1), &json!(6)));
    assert_eq!(hook["next_at"], Value::Null);
    let next = server.change("p").await;
    receiver.told(Some("p"), next).await;
    assert_ne!(receiver.came()[7].id(), calls[0].id());
}

#[tokio::test]
async fn it_is_said_why_and_until_when() {
    let cases = [
        (Reply::Status("500 Internal Server Error"), "it answered 500 Internal Server Error", 600),
        (Reply::Status("500 No\r\nRetry-After: 1000"), "it answered 500 Internal Server Error", 1000),
        (Reply::Status("503 No\r\nRetry-After: 1000"), "it answered 503 Service Unavailable", 1000),
        (Reply::Status("429 No\r\nRetry-After: 1000"), "it answered 429 Too Many Requests", 1000),
        (Reply::Status("429 No\r\nRetry-After: 1"), "it answered 429 Too Many Requests", 600),
        (Reply::Status("503 No\r\nRetry-After: 99999999"), "it answered 503 Service Unavailable", 3600),
        (
            Reply::Status(
                "503 No\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 09:06:17 GMT",
            ),
            "it answered 503 Service Unavailable",
            1000,
        ),
        (Reply::Status("503 No\r\nRetry-After: soon"), "it answered 503 Service Unavailable", 600),
        (
            Reply::Status("401 No"),
            "it answered 401 Unauthorized: perhaps it has another secret, or its clock is wrong",
            600,
        ),
        (Reply::Status("404 No"), "it answered 404 Not Found: perhaps the address is wrong", 600),
        (Reply::Raw(""), "it cannot be reached: connection closed before message completed", 600),
        (Reply::Silent, "no answer within 0.05 s", 600),
    ];
    for (reply, detail, seconds) in cases {
        let (receiver, server) = telling_of_p(Pace { time_out: Duration::from_millis(50), ..PATIENT }).await;
        receiver.always(reply.clone());
        server.change("p").await;
        let hook = server.until_hook("tool", "fails", |hook| hook["failed"] == 1).await;
        let expected = json!({"at": "2026-01-01T00:00:00.000Z", "project": "p", "detail": detail});
        assert_eq!(hook["last_failure"], expected, "{reply:?}");
        assert_eq!(seconds_after(&hook["next_at"]), seconds, "{reply:?}");
        assert_eq!((&hook["state"], &hook["owed"]), (&json!("failing"), &json!(1)));
        assert_eq!(hook["last_success_at"], Value::Null);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (receiver, elsewhere) = (Receiver::start().await, Receiver::start().await);
    let to = format!("307 Temporary Redirect\r\nLocation: {}", elsewhere.url("/"));
    receiver.always(Reply::Status(to.leak()));
    let server = server_with(PATIENT, &table("tool", &receiver.url("/"), "projects = [\"p\"]")).await;
    server.change("p").await;
    let hook = server.until_hook("tool", "fails", |hook| hook["failed"] == 1).await;
    let detail = hook["last_failure"]["detail"].as_str().unwrap();
    assert!(detail.starts_with("it answered 307 Temporary Redirect: redirects are not followed"), "{detail}");
    // With the address that it leads to, it is told at once.
    server.reload(&table("tool", &elsewhere.url("/"), "projects = [\"p\"]"));
    let [call] = elsewhere.calls(1).await.try_into().unwrap();
    assert_eq!((call.id(), receiver.counts().all), (receiver.came()[0].id(), 1));
}

#[tokio::test]
async fn a_hook_with_another_address_is_called_there_at_once() {
    let (receiver, server) = telling_of_p(PATIENT).await;
    receiver.script([Reply::Silent]);
    let revision = server.change("p").await;
    let [before] = receiver.calls(1).await.try_into().unwrap();
    let elsewhere = Receiver::start().await;
    server.reload(&table("tool", &elsewhere.url("/"), "projects = [\"p\"]"));
    let [after] = elsewhere.calls(1).await.try_into().unwrap();
    assert_eq!((after.id(), after.gist()), (before.id(), published("p", revision)));
    receiver.until("the old call is let go", |counts| counts.open == 0).await;
    let hook = server.until_told("tool").await;
    assert_eq!((&hook["taken"], &hook["failed"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn who_answers_410_gets_no_more_calls_until_the_configuration_is_read_again() {
    let (receiver, witness) = (Receiver::start().await, Receiver::start().await);
    receiver.script([Reply::Status("410 Gone")]);
    let config = table("tool", &receiver.url("/"), "") + &table("witness", &witness.url("/"), "");
    let server = server_with(QUICK, &config).await;
    server.change("p").await;
    server.until_hook("tool", "ends", |hook| hook["state"] == "ended").await;
    let last = server.change("p").await;
    witness.told(Some("p"), last).await;
    server.until_told("witness").await;
    let hook = server.hook("tool").await;
    assert_eq!((&hook["owed"], &hook["next_at"], receiver.counts().all), (&json!(2), &Value::Null, 1));
    let detail = hook["last_failure"]["detail"].as_str().unwrap();
    assert!(detail.contains("410 Gone: it wants no more calls"), "{detail}");
    server.reload(&config);
    receiver.told(Some("p"), last).await;
    assert_eq!(server.until_told("tool").await["state"], "well");
}

#[tokio::test]
async fn what_is_newer_takes_the_place_of_what_was_not_taken() {
    let (receiver, server) = telling_of_p(PATIENT).await;
    receiver.script([Reply::Status("503 Later\r\nRetry-After: 1200")]);
    let first = server.change("p").await;
    server.until_hook("tool", "fails", |hook| hook["failed"] == 1).await;
    server.change("p").await;
    let last = server.change("p").await;
    // A newer revision is no reason to call sooner.
    let witness = Receiver::start().await;
    let config = table("tool", &receiver.url("/"), "projects = [\"p\"]");
    let hook = server.hook("tool").await;
    assert_eq!((&hook["owed"], seconds_after(&hook["next_at"])), (&json!(1), 1200));
    server.reload(&(config + &table("witness", &witness.url("/"), "")));
    receiver.told(Some("p"), last).await;
    server.until_told("tool").await;
    assert_eq!(receiver.gists(), [published("p", first), published("p", last)]);
    let [first, last] = receiver.came().try_into().unwrap();
    assert_ne!(first.id(), last.id());
}

#[tokio::test]
async fn one_project_that_a_receiver_cannot_take_does_not_hold_up_others() {
    let receiver = Receiver::start().await;
    receiver.always(Reply::Unless("\"poison\""));
    let server = server_with(PATIENT, &table("tool", &receiver.url("/"), "")).await;
    server.change("poison").await;
    for _ in 0..3 {
        let revision = server.change("good").await;
        receiver.told(Some("good"), revision).await;
    }
    let hook = server.until_hook("tool", "has told the rest", |hook| hook["owed"] == 1).await;
    assert_eq!((&hook["state"], &hook["failed"], seconds_after(&hook["next_at"])), (&json!("failing"), &json!(1), 600));
    assert_eq!(hook["last_failure"]["project"], "poison");
}

#[tokio::test]
async fn a_receiver_that_is_not_there_is_tried_once_and_not_for_each_project() {
    let nowhere = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", nowhere.local_addr().unwrap());
    drop(nowhere);
    let witness = Receiver::start().await;
    let server = server_with(PATIENT, &(table("tool", &url, "") + &table("witness", &witness.url("/"), ""))).await;
    for project in ["a", "b", "c", "d"] {
        let revision = server.change(project).await;
        witness.told(Some(project), revision).await;
    }
    server.until_told("witness").await;
    let hook = server.until_hook("tool", "fails", |hook| hook["failed"] != 0).await;
    assert_eq!((&hook["failed"], &hook["owed"]), (&json!(1), &json!(5)));
    let detail = hook["last_failure"]["detail"].as_str().unwrap();
    assert!(detail.starts_with("it cannot be reached: Connection refused"), "{detail}");
}
