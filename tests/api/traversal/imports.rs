//! Trees that are imported: what they name and what their links lead to is taken from inside of them alone.

use std::{fs, os::unix::fs::symlink, path::Path};

use serde_json::json;
use tempfile::TempDir;
use watchtower_server::import;

use super::{SECRET, hide};

/// A tree of the classic layout with a project, as the root of a site.
fn tree(folder: &Path) -> std::path::PathBuf {
    let site = folder.join("site");
    let project = site.join("data/projects/p");
    fs::create_dir_all(&project).unwrap();
    let context = json!({"projects": [{"id": "p", "name": "P"}], "users": []});
    fs::write(site.join("data/projects/context.json"), context.to_string()).unwrap();
    fs::write(project.join("shots.json"), json!([{"id": "s", "name": "S"}]).to_string()).unwrap();
    site
}

/// JSON that is not to be read, in the form that every file of a tree may have.
fn elsewhere(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("elsewhere");
    fs::create_dir_all(path.join("projects/p")).unwrap();
    let list = json!([{"id": "x", "name": SECRET}]).to_string();
    fs::write(path.join("projects/p/shots.json"), &list).unwrap();
    fs::write(path.join("shots.json"), &list).unwrap();
    let context = json!({"projects": [{"id": "p", "name": SECRET}]}).to_string();
    fs::write(path.join("projects/context.json"), context).unwrap();
    path
}

fn refusal(site: &Path) -> String {
    import::read(site).map(|tree| format!("{:?}", tree.projects)).unwrap_err().to_string()
}

#[test]
fn links_among_the_files_of_a_tree_lead_nowhere_else() {
    let names =
        ["projects/p/shots.json", "projects/p/sequences.json", "projects/p/edit.json", "projects/p/project.json"];
    for name in names {
        let temp = TempDir::new().unwrap();
        let (site, other) = (tree(temp.path()), elsewhere(temp.path()));
        let path = site.join("data").join(name);
        let _ = fs::remove_file(&path);
        symlink(other.join("shots.json"), &path).unwrap();
        let refused = refusal(&site);
        assert!(refused.contains(name) && refused.contains("leads out of the tree"), "{refused}");
    }
    for folder in ["projects", "projects/p"] {
        let temp = TempDir::new().unwrap();
        let (site, other) = (tree(temp.path()), elsewhere(temp.path()));
        let path = site.join("data").join(folder);
        fs::remove_dir_all(&path).unwrap();
        symlink(other.join(folder), &path).unwrap();
        let refused = refusal(&site);
        assert!(refused.contains("leads out of the tree") && !refused.contains(SECRET), "{refused}");
    }
}

#[test]
fn a_tree_may_itself_be_a_link_and_have_links_that_stay_in_it() {
    let temp = TempDir::new().unwrap();
    let site = tree(temp.path());
    let project = site.join("data/projects/p");
    fs::rename(project.join("shots.json"), project.join("of today.json")).unwrap();
    symlink("of today.json", project.join("shots.json")).unwrap();
    let link = temp.path().join("link");
    symlink(&site, &link).unwrap();
    for folder in [site.clone(), link.clone(), link.join("data")] {
        let read = import::read(&folder).unwrap();
        assert_eq!(read.projects[0].1["shots"][0]["id"], "s", "{}", folder.display());
    }
    // As of a bundle: its data is elsewhere, and that is the tree.
    let bundle = temp.path().join("bundle");
    fs::create_dir(&bundle).unwrap();
    symlink(site.join("data"), bundle.join("data")).unwrap();
    assert_eq!(import::read(&bundle).unwrap().projects.len(), 1);
}

#[test]
fn what_a_tree_names_is_taken_from_inside_of_it() {
    let temp = TempDir::new().unwrap();
    let site = tree(temp.path());
    let secret = hide(temp.path());
    let previews = site.join("data/projects/p/previews");
    fs::create_dir(&previews).unwrap();
    fs::write(previews.join("a.png"), "a picture").unwrap();
    symlink(temp.path(), previews.join("out")).unwrap();
    symlink("circle", previews.join("circle")).unwrap();
    let inside = "data/projects/p/previews";
    let paths = [
        format!("{inside}/a.png"),
        format!("{inside}/../../../../../secret.txt"),
        format!("{inside}/out/secret.txt"),
        format!("{inside}/circle"),
        format!("{inside}/a.png\0"),
        format!("{inside}/%2e%2e/a.png"),
        format!("{inside}/./a.png/../../../../../../secret.txt"),
        "data/../../secret.txt".to_owned(),
        "../secret.txt".to_owned(),
        "data//../secret.txt".to_owned(),
        format!("data/{}", secret.display()),
        format!("file://{}", secret.display()),
        secret.display().to_string(),
        "/dev/zero".to_owned(),
        "data/".to_owned(),
    ];
    let shots =
        paths.iter().enumerate().map(|(n, path)| json!({"id": n.to_string(), "name": "S", "thumbnailUrl": path}));
    let shots: Vec<_> = shots.collect();
    fs::write(site.join("data/projects/p/shots.json"), json!(shots).to_string()).unwrap();
    let taken = import::read(&site).unwrap().media;
    let names: Vec<_> =
        taken.iter().map(|(key, path)| (key.id.as_str(), path.file_name().unwrap().to_str().unwrap())).collect();
    assert_eq!(names, [("0", "a.png")]);
}

#[test]
fn ids_in_the_list_of_projects_are_checked_before_they_are_folders() {
    for id in ["../../elsewhere/projects/p", "..", ".", "/etc", "a/b", "", "p\0", "..\\p"] {
        let temp = TempDir::new().unwrap();
        let (site, _) = (tree(temp.path()), elsewhere(temp.path()));
        let context = json!({"projects": [{"id": id, "name": "P"}]});
        fs::write(site.join("data/projects/context.json"), context.to_string()).unwrap();
        assert!(refusal(&site).contains("/projects/0/id"), "{id}");
    }
}

#[test]
fn a_file_that_has_no_end_is_no_file_of_a_tree() {
    let temp = TempDir::new().unwrap();
    let site = tree(temp.path());
    let shots = site.join("data/projects/p/shots.json");
    fs::remove_file(&shots).unwrap();
    symlink("/dev/zero", &shots).unwrap();
    // It is none, as if it were not there.
    assert_eq!(import::read(&site).unwrap().projects[0].1.get("shots"), None);
    fs::remove_file(&shots).unwrap();
    fs::File::create(&shots).unwrap().set_len((1 << 30) + 1).unwrap();
    let refused = refusal(&site);
    assert!(refused.contains("shots.json") && refused.contains("1073741824 bytes"), "{refused}");
}
