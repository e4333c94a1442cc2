//! Edits as the page has them: one where it needs one, with a length, and with a movie that is there.

use std::{collections::HashMap, sync::LazyLock};

use bytes::Bytes;

use super::{
    Link, Linked, TreeFile,
    media::{self, below_the_page, movie_path, proxy_path},
    project_folder,
    shared::Content,
};
use crate::{
    media::blank::blank_movie,
    model::{
        Edit, Id, Kind,
        media::{INTO_THE_FRAME, Medium, Mode, Movie, is_remote},
        number,
    },
};

/// What stands in for an edit that was never sent.
static NO_EDIT: LazyLock<Edit> = LazyLock::new(Edit::default);

impl<'a> Content<'a> {
    /// The edits that are not canceled, in their order.
    fn given_edits(&self) -> Vec<CutEdit<'a>> {
        let edits = self.scope.entities(Kind::Edit, Edit::of).filter(|(_, edit)| !edit.canceled);
        edits.map(|(id, edit)| self.cut(Some(id), edit, edit.episode_id.as_ref())).collect()
    }

    /// The one edit of a project that has room for one: the first; one that stands in where there is none.
    pub fn edit(&self) -> CutEdit<'a> {
        self.given_edits().into_iter().next().unwrap_or_else(|| self.cut(None, &NO_EDIT, None))
    }

    /// The edits, and one that stands in for every episode that has none; without episodes, for a project without any.
    pub fn edits_by_episode(&self) -> Vec<CutEdit<'a>> {
        let mut cuts = self.given_edits();
        for (id, _) in self.episodes() {
            if !cuts.iter().any(|cut| cut.episode == Some(id)) {
                cuts.push(self.cut(None, &NO_EDIT, Some(id)));
            }
        }
        if cuts.is_empty() {
            cuts.push(self.cut(None, &NO_EDIT, None));
        }
        cuts
    }

    fn cut(&self, id: Option<&'a Id>, edit: &'a Edit, episode: Option<&'a Id>) -> CutEdit<'a> {
        let total_frames = match self.shown_movie(edit) {
            _ if edit.total_frames > 0 => edit.total_frames,
            // All of the movie, from where it begins, and shots behind its end as well.
            Some(movie) => {
                let end = movie.frames_at(self.project.fps.get()).saturating_add(edit.frame_offset.max(0));
                end.max(self.last_frame(episode))
            }
            None => self.last_frame(episode),
        };
        CutEdit { id, edit, episode, total_frames }
    }

    /// The frame behind the last shot, of an episode or of all; at least 1 where there are shots, 0 where there are none.
    fn last_frame(&self, episode: Option<&Id>) -> i64 {
        let episodes: HashMap<&Id, &Id> = self.scope.episodes_of_sequences().collect();
        let of_episode = self.shots.iter().filter(|(_, shot, _)| {
            let own = shot.sequence_id.as_ref().and_then(|sequence| episodes.get(sequence)).copied();
            episode.is_none() || own == episode
        });
        let last = of_episode.map(|(_, _, range)| range.end).max_by(f64::total_cmp);
        last.and_then(|last| number::whole(last.ceil())).map_or(0, |last| last.max(1))
    }

    /// The movie of an edit, as the page finds it. `conventional` is the place that the layout has for it.
    pub fn movie(&self, cut: &CutEdit<'a>, conventional: String) -> Played {
        let edit = cut.edit;
        let key = self.key(Kind::Edit, cut.id.unwrap_or(self.id));
        if let Some(movie) = self.shown_movie(edit) {
            let of = Linked::Media(movie.shown);
            let own = Link { path: movie_path(&key, movie), of: of.clone() };
            let name = own.path.clone();
            let other = (movie.extension() == "mp4").then_some(Link { path: conventional, of });
            let links = [Some(own), other].into_iter().flatten().collect();
            return Played { name, media_type: movie.r#type.clone(), links, blank: None };
        }
        let media_type = edit.source_type.clone().unwrap_or_else(|| "video/mp4".to_owned());
        let sent = edit.source_name.as_deref().map(below_the_page);
        let name = match sent {
            Some(url) if is_remote(&url) => match (self.look.mode)(&url) {
                Mode::Copy => None,
                Mode::Proxy => Some(proxy_path(&key, &url)),
                Mode::Keep => Some(url.into_owned()),
            },
            Some(name) if !self.is_place_of_movies(&name) => Some(name.into_owned()),
            _ => None,
        };
        match name {
            Some(name) => Played { name, media_type, links: Vec::new(), blank: None },
            None => Played {
                blank: Some(TreeFile { path: conventional.clone(), body: self.blank(cut.total_frames) }),
                name: conventional,
                // The blank movie is what it is, whatever was sent of the one that is not here.
                media_type: "video/mp4".to_owned(),
                links: Vec::new(),
            },
        }
    }

    fn shown_movie(&self, edit: &'a Edit) -> Option<&'a Movie> {
        edit.movie.get().filter(|movie| media::is_shown(movie.source(), edit.source_name.as_deref(), self.look))
    }

    /// Whether a path is one that this program, or the reference, gives to movies.
    fn is_place_of_movies(&self, name: &str) -> bool {
        let Some(name) = name.strip_prefix(&(project_folder(self.id) + "/")) else { return false };
        let is_conventional = |rest: &str| rest.is_empty() || rest.starts_with('-');
        let edit = name.strip_prefix("edit").and_then(|rest| rest.strip_suffix(".mp4"));
        edit.is_some_and(is_conventional) || name.starts_with("movies/")
    }

    /// A blank movie for this many frames; one more, because the page jumps to the end when it reaches the last frame.
    fn blank(&self, frames: i64) -> Bytes {
        blank_movie(frames.max(0).unsigned_abs().saturating_add(1), self.project.fps.get())
    }
}

/// The movie of an edit, as the page finds it.
pub struct Played {
    /// Its path, below the root of the site.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Where the tree has it.
    pub links: Vec<Link>,
    /// The blank movie that stands in, if there is no other: the page has no "no video" state.
    pub blank: Option<TreeFile>,
}

/// An edit with the length that it is shown with.
pub struct CutEdit<'a> {
    /// Its id; none for the one that stands in where there is none.
    pub id: Option<&'a Id>,
    /// What was sent of it.
    pub edit: &'a Edit,
    /// Its episode.
    pub episode: Option<&'a Id>,
    /// Its length in frames.
    pub total_frames: i64,
}

impl CutEdit<'_> {
    /// The frame of the timeline at which the movie begins, such that the page finds the frames of one that is here.
    pub fn frame_offset(&self) -> f64 {
        let frame = number::float(self.edit.frame_offset);
        if self.edit.movie.get().is_some() { frame - INTO_THE_FRAME } else { frame }
    }
}
