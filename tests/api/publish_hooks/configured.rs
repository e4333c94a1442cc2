//! The configuration: what is refused, in which words, and that no secret is shown anywhere.

use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;
use watchtower_server::notify::Hooks;

use super::{OTHER_SECRET, Receiver, Reply, SECRET, hooks, until};
use crate::fetching::process::{Process, check};

/// What is said of a configuration that is refused.
fn words(config: &str) -> String {
    let variable = |name: &str| (name == "HOOK_SECRET").then(|| SECRET.to_owned());
    let faults = Hooks::with_variables(&hooks(config), variable).expect_err(config);
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[test]
fn a_wrong_hook_is_refused_by_its_table_and_key_and_without_its_secrets() {
    let url = "url = \"https://tools.test/hush-path?token=hush\"\n";
    let secrets = "secrets = [\"${HOOK_SECRET}\"]\n";
    let whole = format!("{url}{secrets}");
    let cases = [
        (String::new(), "number 1: url: it is to be an address in quotes"),
        (secrets.to_owned(), "number 1: url: it is to be an address in quotes"),
        (format!("url = \"hush\"\n{secrets}"), "number 1: url: it is to be an address in quotes"),
        (format!("url = [\"hush\"]\n{secrets}"), "number 1: url: it is to be an address in quotes"),
        (format!("url = \"ftp://hush.test/\"\n{secrets}"), "number 1: url: it is to begin with https:// or http://"),
        (format!("url = \"https://me:hush@a.test\"\n{secrets}"), "number 1: url: it has a user name or password in it"),
        (format!("url = \"https://hush@a.test\"\n{secrets}"), "number 1: url: it has a user name or password in it"),
        (format!("name = \"\"\n{whole}"), "\"\": name: it is to be a text in quotes"),
        (format!("name = 5\n{whole}"), "number 1: name: it is to be a text in quotes"),
        (format!("name = \"a\\nb\"\n{whole}"), "\"a\\nb\": name: it is to be a text in quotes"),
        (url.to_owned(), "number 1: secrets: there is none: write [\"${HOOK_SECRET}\"]"),
        (format!("{url}secrets = []"), "number 1: secrets: there is none"),
        (format!("{url}secrets = \"hush\""), "number 1: secrets: there is none"),
        (format!("{url}secrets = [5]"), "number 1: secrets, number 1: it is to be a text in quotes"),
        (
            format!("name = \"tool\"\n{url}secrets = [\"${{HOOK_SECRET}}\", \"whsec_hush\"]"),
            "\"tool\": secrets, number 2: it is shorter than the 24 bytes that are needed",
        ),
        (
            format!("{url}secrets = [\"whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbA==\"]"),
            "secrets, number 1: it is shorter than the 24 bytes",
        ),
        (format!("{url}secrets = [\"whsec_hush hush\"]"), "secrets, number 1: it is to be whsec_ and base64 after it"),
        (format!("{url}secrets = [\"whsk_hush\"]"), "secrets, number 1: it is a key for signatures of version v1a"),
        (
            format!("{url}secrets = [\"${{NOT_THERE}}\"]"),
            "secrets, number 1: the environment has no variable NOT_THERE",
        ),
        (format!("{url}secrets = [\"${{hush\"]"), "secrets, number 1: its value has a ${ without the name"),
        (format!("{url}secret = \"hush\""), "number 1: secret: there is no such key"),
        (format!("{whole}projects = []"), "number 1: projects: it is to be a list of ids in quotes"),
        (format!("{whole}projects = \"kestrel\""), "number 1: projects: it is to be a list of ids in quotes"),
        (format!("{whole}projects = [\"p\", \"a/b\"]"), "number 1: projects: number 2 is no id of a project"),
        (format!("{whole}projects = [\"p\", 5]"), "number 1: projects: number 2 is no id of a project"),
        (format!("{whole}[[publish-hook]]\n{whole}"), "number 2: name: another one is called so too"),
        (
            format!("{whole}[[publish-hook]]\nname = \"tools.test/hush-path\"\n{whole}"),
            "\"tools.test/hush-path\": name: another one is called so too",
        ),
    ];
    for (table, expected) in cases {
        let said = words(&format!("[[publish-hook]]\n{table}"));
        assert!(
            said.starts_with(&format!("[[publish-hook]] {expected}")) || said.contains(expected),
            "{table}\n{said}"
        );
        assert!(!said.replace("hush-path\": name", "").contains("hush"), "{table}\n{said}");
        assert!(!said.contains("MfKQ"), "{said}");
    }
    let all = words("[[publish-hook]]\nname = \"a\"\n[[publish-hook]]\nname = \"b\"\n");
    assert!(all.contains("\"a\": url") && all.contains("\"b\": url"), "all faults are said: {all}");
}

#[test]
fn a_hook_is_called_as_it_is_named_or_by_host_and_path() {
    let secrets = format!("secrets = [\"{SECRET}\"]\n");
    for (table, name) in [
        ("url = \"https://tools.test\"", "tools.test"),
        ("url = \"http://Tools.test:8080/a/b/?token=hush#x\"", "tools.test:8080/a/b"),
        ("url = \"https://[::1]:443/a\"", "[::1]/a"),
        ("name = \"The mirror\"\nurl = \"https://tools.test/hush\"", "The mirror"),
    ] {
        let settings = hooks(&format!("[[publish-hook]]\n{table}\n{secrets}"));
        let shown = format!("{settings:?} {:?}", Hooks::new(&settings).unwrap());
        assert!(shown.contains(&format!("Hook {{ name: {name:?}, .. }}")), "{shown}");
        assert!(!shown.contains("hush") && !shown.contains("MfKQ"), "{shown}");
    }
}

#[tokio::test]
async fn the_command_check_refuses_a_wrong_hook_and_so_does_serve() {
    let folder = TempDir::new().unwrap();
    let right = format!("[[publish-hook]]\nurl = \"https://tools.test\"\nsecrets = [\"{SECRET}\"]\n");
    let output = check(folder.path(), &right).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for command in ["check", "serve"] {
        let mut command = crate::fetching::process::command(command, folder.path(), &(right.clone() + "x = \"hush\""));
        let output = tokio::time::timeout(super::DEADLINE, command.output()).await.unwrap().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{said}");
        assert!(said.contains("error: [[publish-hook]] number 1: x: there is no such key"), "{said}");
        assert!(!said.contains("hush") && !said.contains("MfKQ"), "{said}");
    }
}

#[tokio::test]
async fn no_secret_is_ever_shown() {
    let (folder, receiver) = (TempDir::new().unwrap(), Receiver::start().await);
    receiver.script([Reply::Status("204 No Content"), Reply::Status("500 hush-answer")]);
    let url = receiver.url("/hush-path?token=hush-query");
    let nowhere = "http://127.0.0.1:1/hush-path?token=hush-query";
    let config = format!(
        "[[publish-hook]]\nname = \"tool\"\nurl = \"{url}\"\nsecrets = [\"{SECRET}\", \"{OTHER_SECRET}\"]\n\
         [[publish-hook]]\nname = \"nowhere\"\nurl = \"{nowhere}\"\nsecrets = [\"{SECRET}\"]\n"
    );
    let server = Process::start(folder.path(), &config).await;
    server.send(Method::PUT, "/api/projects/p?wait=published", &json!({"name": "P"})).await;
    let status = until("a success and failures", async || {
        let status = server.get("/api/status").await;
        let [nowhere, tool] = [0, 1].map(|n| &status["publish_hooks"][n]);
        let is_so = tool["failed"] != 0 && tool["taken"] != 0 && nowhere["failed"] != 0;
        is_so.then_some(status)
    })
    .await;
    assert_eq!(status["publish_hooks"][0]["name"], "nowhere");
    let shown = status.to_string() + &server.terminate().await;
    assert!(shown.contains("a call of a publish hook failed"), "{shown}");
    let call = receiver.came()[0].clone();
    let signatures = call.header("webhook-signature").split(' ').map(|one| &one["v1,".len()..]);
    for secret in ["hush", &SECRET[6..], &OTHER_SECRET[6..]].into_iter().chain(signatures) {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
}
