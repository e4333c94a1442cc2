//! Reading lists in pages, and by the values of their fields.

use serde_json::{Value, json};

use crate::support::TestServer;

/// Shots `s00` to `s24`, in an order that is not that of their ids; every third is in sequence `odd`.
async fn with_shots() -> (TestServer, Vec<String>) {
    let server = TestServer::with_project().await;
    let ids: Vec<String> = (0..25).map(|n| format!("s{:02}", n * 7 % 25)).collect();
    let shot = |(n, id): (usize, &String)| json!({"id": id, "name": id, "sequence_id": if n % 3 == 0 { "odd" } else { "even" }});
    let shots: Value = ids.iter().enumerate().map(shot).collect();
    server.put("/api/projects/p/shots", &shots).await.expect(200);
    (server, ids)
}

/// Follows the links of a list from a first address; gives the sizes of the pages, and the ids on them.
async fn walk(server: &TestServer, first: &str) -> (Vec<usize>, Vec<String>) {
    let (mut sizes, mut ids) = (Vec::new(), Vec::new());
    let mut next = Some(reqwest::Url::parse(&server.url(first)).unwrap());
    while let Some(url) = next.take() {
        let page = server.send(server.client.get(url.clone())).await.expect(200);
        let list = page.json();
        let list = list.as_array().unwrap();
        sizes.push(list.len());
        ids.extend(list.iter().map(|entity| entity["id"].as_str().unwrap().to_owned()));
        if let Some(target) = page.header("link").strip_suffix(">; rel=\"next\"") {
            next = Some(url.join(target.strip_prefix('<').unwrap()).unwrap());
        }
    }
    (sizes, ids)
}

#[tokio::test]
async fn pages_of_a_list_have_everything_once_and_in_order() {
    let (server, ids) = with_shots().await;
    for (limit, pages) in
        [(1, vec![1; 25]), (10, vec![10, 10, 5]), (25, vec![25]), (24, vec![24, 1]), (1_000_000, vec![25])]
    {
        let (sizes, walked) = walk(&server, &format!("/api/projects/p/shots?limit={limit}")).await;
        assert_eq!((sizes, &walked), (pages, &ids), "{limit}");
    }
    assert_eq!(walk(&server, "/api/projects/p/shots").await, (vec![25], ids.clone()));
    // A filter goes along from page to page.
    let odd: Vec<_> = ids.iter().step_by(3).cloned().collect();
    assert_eq!(walk(&server, "/api/projects/p/shots?sequence_id=odd&limit=4").await, (vec![4, 4, 1], odd));
    let (_, walked) = walk(&server, "/api/projects/p/shots?name=s01,s02,s%203&canceled=false&limit=1").await;
    assert_eq!(walked.len(), 2);
    let empty = server.get("/api/projects/p/shots?sequence_id=none&limit=5").await.expect(200);
    assert_eq!((empty.json(), empty.header("link")), (json!([]), ""));
}

#[tokio::test]
async fn a_walk_through_pages_is_not_disturbed_by_what_is_deleted_and_added_meanwhile() {
    let (server, ids) = with_shots().await;
    let first = server.get("/api/projects/p/shots?limit=10").await.expect(200);
    server.delete(&format!("/api/projects/p/shots/{}", ids[3])).await.expect(204);
    server.delete(&format!("/api/projects/p/shots/{}", ids[9])).await.expect(204);
    server.put("/api/projects/p/shots/new", &json!({"name": "new"})).await.expect(201);
    let target = first.header("link").strip_prefix('<').unwrap().split_once('>').unwrap().0.to_owned();
    let (_, rest) = walk(&server, &format!("/api/projects/p/shots{target}")).await;
    assert_eq!(rest[..15], ids[10..]);
    assert_eq!(rest[15..], ["new"]);
}

#[tokio::test]
async fn lists_are_filtered_by_the_values_of_their_fields() {
    let server = TestServer::with_project().await;
    let types = json!([{"id": "a", "name": "Anim", "for_shots": true, "color": "#fff"}, {"id": "m", "name": "Modeling & more"}]);
    server.put("/api/task-types", &types).await.expect(200);
    let shots = json!([
        {"id": "s1", "name": "10", "sequence_id": "x", "fps": 25, "tasks": [
            {"id": "t1", "task_type_id": "a", "task_status_id": "done", "assignees": ["ada", "bob"]},
            {"id": "t2", "task_type_id": "a", "task_status_id": "wip", "assignees": ["bob"]}]},
        {"id": "s2", "name": "20", "canceled": true},
        {"id": "s3", "name": "30", "sequence_id": "y"},
    ]);
    server.put("/api/projects/p/shots", &shots).await.expect(200);
    server
        .put(
            "/api/projects/p/sequences",
            &json!([{"id": "x", "name": "X", "episode_id": "e"}, {"id": "y", "name": "Y"}]),
        )
        .await
        .expect(200);
    for (query, expected) in [
        ("/api/task-types?name=Modeling%20%26%20more", vec!["m"]),
        ("/api/task-types?for_shots=true", vec!["a"]),
        ("/api/task-types?color=%23ffffff", vec!["a"]),
        ("/api/task-types?color=null", vec!["m"]),
        ("/api/projects/p/shots?sequence_id=x", vec!["s1"]),
        ("/api/projects/p/shots?sequence_id=x,y", vec!["s1", "s3"]),
        ("/api/projects/p/shots?sequence_id=", vec!["s2"]),
        ("/api/projects/p/shots?sequence_id=x&name=30", vec![]),
        ("/api/projects/p/shots?id=s3,s1", vec!["s1", "s3"]),
        ("/api/projects/p/shots?canceled=true", vec!["s2"]),
        ("/api/projects/p/shots?fps=25", vec!["s1"]),
        ("/api/projects/p/tasks?assignees=bob", vec!["t1", "t2"]),
        ("/api/projects/p/tasks?assignees=ada&task_status_id=done&shot_id=s1", vec!["t1"]),
        ("/api/projects/p/tasks?assignees=eve", vec![]),
        ("/api/projects/p/sequences?episode_id=e", vec!["x"]),
    ] {
        let list = server.get(query).await.expect(200).json();
        let found: Vec<_> = list.as_array().unwrap().iter().map(|entity| entity["id"].as_str().unwrap()).collect();
        assert_eq!(found, expected, "{query}");
    }
}
