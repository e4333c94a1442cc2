//! Where pictures and movies are in a tree, and what the page is told of them.

use std::borrow::Cow;

use super::{Link, Linked, Look, project_folder};
use crate::model::{
    Entity, Id, Kind, User,
    media::{Attached, Medium, Mode, Movie, Picture, Sha256, is_remote},
    represent::etag_of,
    scope::{Key, Scope},
};

/// The folder, in that of a project, of pictures.
pub const PREVIEWS: &str = "previews";
/// The folder, in that of a project, of drawn pictures.
pub const DRAWN: &str = "drawn";
/// The folder, in that of a project, of movies.
pub const MOVIES: &str = "movies";
/// The folder, in that of a project, of what is passed on from other servers; there is none on disk.
const REMOTE: &str = "remote";
/// The folder of what belongs to people.
pub const USERS: &str = "data/users";

/// The folder of the files of an entity: that of its project; people have one of their own.
fn folder_of(key: &Key) -> String {
    match (&key.project, key.kind) {
        (Some(project), _) => project_folder(project),
        (None, Kind::Project) => project_folder(&key.id),
        (None, _) => USERS.to_owned(),
    }
}

/// Where the tree has a picture.
#[must_use]
pub fn picture_path(key: &Key, shown: Sha256) -> String {
    format!("{}/{PREVIEWS}/{}-{}.png", folder_of(key), key.id, shown.short())
}

/// Where the tree has a movie.
#[must_use]
pub fn movie_path(key: &Key, movie: &Movie) -> String {
    format!("{}/{MOVIES}/{}-{}.{}", folder_of(key), key.id, movie.shown.short(), movie.extension())
}

/// Where the tree has the medium of an entity, if it has one.
#[must_use]
pub fn media_path(key: &Key, entity: &Entity) -> Option<String> {
    match entity {
        Entity::Edit(edit) => Some(movie_path(key, edit.movie.get()?)),
        other => Some(picture_path(key, other.media()?.shown)),
    }
}

/// The path of ours under which a file of another server is passed on. It goes with the URL, so that another URL is
/// another file.
#[must_use]
pub fn proxy_path(key: &Key, url: &str) -> String {
    let extension = if key.kind == Kind::Edit { "mp4" } else { "png" };
    let hash = etag_of(url.as_bytes());
    format!("{}/{REMOTE}/{}/{}-{}.{extension}", folder_of(key), key.kind.plural(), key.id, &hash[1..17])
}

/// The entity whose medium is passed on under a path, if it is such a path.
#[must_use]
pub fn proxied(path: &str) -> Option<Key> {
    let (folder, rest) = path.split_once(&format!("/{REMOTE}/"))?;
    let (plural, name) = rest.split_once('/')?;
    let kind = *Kind::WITH_MEDIA.iter().find(|kind| kind.plural() == plural)?;
    let id = Id::parse(name.rsplit_once('-')?.0).ok()?;
    let project = folder.strip_prefix("data/projects/").and_then(|project| Id::parse(project).ok());
    let key = Key::new(project.as_ref(), kind, &id);
    let is_whole = key.project.is_some() != kind.is_studio_wide();
    (is_whole && folder_of(&key) == folder).then_some(key)
}

/// A path as the page takes it: without a leading slash, since the page puts one before it. A URL stays as it is.
#[must_use]
pub fn below_the_page(path: &str) -> Cow<'_, str> {
    Cow::Borrowed(path.trim_start_matches('/'))
}

/// The `thumbnailUrl` of an entity: its picture, if it has one; else the path that was sent; else, for a URL, what the
/// settings of its host say. `None`: the page shows its own placeholder.
#[must_use]
pub fn thumbnail<'a>(
    key: &Key,
    picture: &Attached<Picture>,
    url: Option<&'a str>,
    look: &Look,
) -> Option<Cow<'a, str>> {
    if let Some(picture) = picture.get().filter(|picture| is_shown(picture.source(), url, look)) {
        return Some(picture_path(key, picture.shown).into());
    }
    let url = url?;
    if is_remote(url) {
        return match (look.mode)(url) {
            Mode::Copy => None,
            Mode::Proxy => Some(proxy_path(key, url).into()),
            Mode::Keep => Some(url.into()),
        };
    }
    // A picture of ours that is not there any more.
    if is_ours(url) { None } else { Some(below_the_page(url)) }
}

/// Whether what an entity has attached is shown: what was uploaded, and what was fetched, as long as its URL is one that is
/// copied.
#[must_use]
pub fn is_shown(source: Option<&str>, url: Option<&str>, look: &Look) -> bool {
    source.is_none() || url.is_some_and(|url| is_remote(url) && (look.mode)(url) == Mode::Copy)
}

/// Whether a path is one that this program gives to pictures and movies by their content: the name ends in
/// `-<16 hexadecimal digits>.<extension>`, and under it there is always the same.
#[must_use]
pub fn is_ours(path: &str) -> bool {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let (["data", "projects", _, folder, name] | ["data", "users", folder, name]) = parts[..] else { return false };
    let hash = name.rsplit_once('.').and_then(|(stem, _)| stem.rsplit_once('-')).map_or("", |(_, hash)| hash);
    let is_hash = hash.len() == 16 && hash.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    is_hash && [PREVIEWS, DRAWN, MOVIES].contains(&folder)
}

/// The picture of an entity as a file of the tree, if it has one.
#[must_use]
pub fn link(key: &Key, picture: &Attached<Picture>) -> Option<Link> {
    let shown = picture.get()?.shown;
    Some(Link { path: picture_path(key, shown), of: Linked::Media(shown) })
}

/// The pictures of people.
#[must_use]
pub fn links_of_people(context: &Scope) -> Vec<Link> {
    let users = context.entities(Kind::User, User::of);
    users.filter_map(|(id, user)| link(&Key::new(None, Kind::User, id), &user.thumbnail)).collect()
}

#[cfg(test)]
mod tests {
    use super::{is_ours, proxied, proxy_path};
    use crate::model::{Id, Kind, scope::Key};

    #[test]
    fn the_path_of_a_proxied_file_leads_back_to_its_entity() {
        let (project, id) = (Id::parse("p-1").unwrap(), Id::parse("remote-0-x").unwrap());
        for kind in Kind::WITH_MEDIA {
            let key = Key::new(Some(&project), *kind, &id);
            let path = proxy_path(&key, "https://tracker/a.png?x=1");
            assert_eq!(proxied(&path), Some(key), "{path}");
        }
        for other in [
            "data/projects/p/remote/shots/../x-0.png",
            "data/projects/p/remote/user/a-0.png",
            "data/users/remote/shots/a-0.png",
            "data/projects/p/shots.json",
            "remote/users/a-0.png",
        ] {
            assert_eq!(proxied(other), None, "{other}");
        }
    }

    #[test]
    fn only_names_that_go_with_their_content_are_ours() {
        for ours in [
            "data/projects/p/previews/s1-0123456789abcdef.png",
            "/data/projects/p/drawn/shot-0123456789abcdef.png",
            "data/projects/p/movies/edit-0123456789abcdef.mp4",
            "data/users/previews/ada-x-fedcba9876543210.png",
        ] {
            assert!(is_ours(ours), "{ours}");
        }
        for other in [
            "data/projects-list/previews/0a/0a.png",
            "data/projects/p/edit.mp4",
            // The movie of an edit whose id looks like that is there, whatever it is.
            "data/projects/p/edit-0123456789abcdef.mp4",
            "data/projects/previews/edit-0123456789abcdef.mp4",
            "data/projects/p/previews/s1-0123456789ABCDEF.png",
            "data/projects/p/previews/s1-0123456789abcde.png",
            "data/projects/p/previews/s1-00123456789abcdef.png",
            "data/projects/p/previews/s1-0123456789abcdef",
            "data/projects/p/previews/s1_0123456789abcdef.png",
            "data/projects/p/previews/s.png",
        ] {
            assert!(!is_ours(other), "{other}");
        }
    }
}
