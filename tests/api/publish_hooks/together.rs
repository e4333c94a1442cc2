//! Several hooks, and receivers that do not answer: nobody waits for another.

use serde_json::json;

use super::{QUICK, Receiver, Reply, server_with, table};

/// The tables of some receivers, in their order.
fn tables(receivers: &[Receiver]) -> String {
    let table =
        |(n, receiver): (usize, &Receiver)| table(&format!("tool-{n}"), &receiver.url("/"), "projects = [\"p\"]");
    receivers.iter().enumerate().map(table).collect()
}

async fn receivers(number: usize, reply: &Reply) -> Vec<Receiver> {
    let mut receivers = Vec::new();
    for _ in 0..number {
        receivers.push(Receiver::start().await);
        receivers.last().unwrap().always(reply.clone());
    }
    receivers
}

#[tokio::test]
async fn receivers_that_never_answer_hold_up_neither_publishing_nor_the_end() {
    let receivers = receivers(6, &Reply::Silent).await;
    let mut server = server_with(QUICK, &tables(&receivers)).await;
    server.change("p").await;
    receivers[0].calls(1).await;
    for _ in 0..20 {
        server.change("p").await;
    }
    assert_eq!(server.get("/api/status").await.json()["behind"], 0);
    // Well before their time is over.
    tokio::time::timeout(super::QUICK.time_out, server.stop()).await.expect("it waits for them");
    receivers[0].until("an end", |counts| counts.open == 0).await;
}

#[tokio::test]
async fn a_hook_is_called_for_one_thing_at_a_time() {
    let receiver = Receiver::start().await;
    receiver.script([Reply::Held("204 No Content")]);
    let server = server_with(QUICK, &table("tool", &receiver.url("/"), "")).await;
    server.change("a").await;
    receiver.calls(1).await;
    for project in ["b", "c", "d"] {
        server.change(project).await;
    }
    assert_eq!(server.until_hook("tool", "is owed", |hook| hook["owed"] == 5).await["taken"], 0);
    receiver.let_go();
    server.until_told("tool").await;
    assert_eq!(receiver.counts().most, 1);
    let projects: Vec<_> = receiver.gists().into_iter().filter_map(|(_, project, _)| project).collect();
    assert_eq!(projects, ["a", "b", "c", "d"], "what is older comes first");
}

#[tokio::test]
async fn four_calls_are_on_their_way_at_once_and_the_others_follow() {
    let receiver = Receiver::start().await;
    receiver.always(Reply::Held("204 No Content"));
    let names: Vec<String> = (0..7).map(|n| format!("tool-{n}")).collect();
    let table = |name: &String| table(name, &receiver.url("/"), "projects = [\"p\"]");
    let server = server_with(QUICK, &names.iter().map(table).collect::<String>()).await;
    server.change("p").await;
    receiver.until("four calls", |counts| counts.open == 4).await;
    // All that could have been started by now was: the last hook is owed as the first is.
    server.until_hook("tool-6", "is owed", |hook| hook["owed"] == 1).await;
    receiver.let_go();
    for name in &names {
        server.until_told(name).await;
    }
    assert_eq!((receiver.counts().most, receiver.counts().all), (4, 7));
}

#[tokio::test]
async fn a_receiver_that_fails_does_not_keep_others_from_being_told() {
    let bad = receivers(5, &Reply::Status("500 No")).await;
    let good = Receiver::start().await;
    let config = tables(&bad) + &table("good", &good.url("/"), "projects = [\"p\"]");
    let server = server_with(QUICK, &config).await;
    for _ in 0..10 {
        let revision = server.change("p").await;
        good.told(Some("p"), revision).await;
    }
    assert_eq!(server.hook("good").await["failed"], json!(0));
}
