//! The entities, field by field: the one place that says what each is made of.
//!
//! A new field is one line here (stored, read, patched, filtered and described from then on) and one line in each
//! layout that shows it. `docs/ARCHITECTURE.md` tells what `entities!` makes of this list.

use super::{
    color::Color,
    entity::entities,
    field::Data,
    id::Id,
    media::{Attached, Movie, Picture},
    number::Fps,
};

entities! {
    /// A person who works on a project.
    User "user" "users" {
        /// First and last name, as the page shows it.
        name "name" or "full_name": String, required;
        /// Whether the person has a picture; the tree says so only when there is one to show.
        has_avatar "has_avatar": bool;
        /// Path below the page, or a URL, of the person's picture.
        thumbnail_url "thumbnailUrl": Option<String>;
        /// The picture, once it was uploaded or fetched.
        thumbnail "thumbnail": Attached<Picture>, attached;
    }

    /// A kind of asset: character, prop, set, …
    AssetType "asset-type" "asset-types" {
        /// The name that assets are grouped under.
        name "name": String, required;
    }

    /// A kind of work: layout, animation, lighting, …
    TaskType "task-type" "task-types" {
        /// The name of the task channel.
        name "name": String, required;
        /// The colour of the channel.
        color "color": Option<Color>;
        /// Whether it is work on shots; if not, it is work on assets.
        for_shots "for_shots": bool;
    }

    /// A state of work: todo, work in progress, done, …
    TaskStatus "task-status" "task-statuses" {
        /// The name of the status.
        name "name": String, required;
        /// The colour of everything that is in this status.
        color "color": Option<Color>;
    }

    /// A film, a short film, a show.
    Project "project" "projects" {
        /// The title.
        name "name": String, required;
        /// Aspect ratio, as text: `2.35:1`.
        ratio "ratio": String;
        /// Width and height in pixels, as text: `2048x858`.
        resolution "resolution": String;
        /// Frames per second of the timeline.
        fps "fps": Fps;
        /// Ids of the asset types that the project uses; none means all.
        asset_types "asset_types": Vec<Id>;
        /// Ids of the task types that the project uses; none means all.
        task_types "task_types": Vec<Id>;
        /// Ids of the task statuses that the project uses; none means all.
        task_statuses "task_statuses" or "task_status": Vec<Id>;
        /// Ids of the people who work on it.
        team "team": Vec<Id>;
        /// Path below the page, or a URL, of the project's picture.
        thumbnail_url "thumbnailUrl": Option<String>;
        /// The picture, once it was uploaded or fetched.
        thumbnail "thumbnail": Attached<Picture>, attached;
    }

    /// A part of a show, with its own sequences and edit.
    Episode "episode" "episodes" {
        /// The name in the episode menu.
        name "name": String, required;
    }

    /// A run of shots that belong together.
    Sequence "sequence" "sequences" {
        /// The name of the group of shots.
        name "name": String, required;
        /// Canceled: kept with its shots, but out of the tree.
        canceled "canceled": bool;
    }

    /// Which episode a sequence belongs to; written as `episode_id` of the sequence or `sequences` of the episode.
    Membership "membership" "memberships" {
        /// The id of the episode.
        episode_id "episode_id": Id, required;
    }

    /// How the tasks of one type, of one episode, counted before there was a history of them here.
    PastCounts "past-counts" "past-counts" {
        /// The id of the task type.
        task_type_id "task_type_id": Id, required;
        /// The id of the episode.
        episode_id "episode_id": Option<Id>;
        /// For each day (`2026-01-31`), the number of tasks in each status, by its id.
        days "days": Data;
    }

    /// A continuous piece of the film.
    Shot "shot" "shots" {
        /// The name on the timeline.
        name "name": String, required;
        /// The id of its sequence.
        sequence_id "sequence_id": Option<Id>;
        /// Whatever the tracker keeps; `frame_in` and `frame_out` (exclusive) place the shot, in frames of the timeline.
        data "data": Data;
        /// Frames per second, if other than the project's.
        fps "fps": Option<Fps>;
        /// Path below the page, or a URL, of its picture.
        thumbnail_url "thumbnailUrl": Option<String>;
        /// The picture, once it was uploaded or fetched.
        thumbnail "thumbnail": Attached<Picture>, attached;
        /// Canceled: kept with its tasks and history, but out of the tree.
        canceled "canceled": bool;
    }

    /// A character, prop, set or the like.
    Asset "asset" "assets" {
        /// The name of the asset.
        name "name": String, required;
        /// The id of its asset type.
        asset_type_id "asset_type_id": Option<Id>;
        /// Path below the page, or a URL, of its picture.
        thumbnail_url "thumbnailUrl": Option<String>;
        /// The picture, once it was uploaded or fetched.
        thumbnail "thumbnail": Attached<Picture>, attached;
        /// Canceled: kept with its tasks and history, but out of the tree.
        canceled "canceled": bool;
    }

    /// A piece of work on a shot or an asset.
    Task "task" "tasks" {
        /// The id of the shot that it is work on; exactly one of `shot_id` and `asset_id` is set.
        shot_id "shot_id": Option<Id>;
        /// The id of the asset that it is work on.
        asset_id "asset_id": Option<Id>;
        /// The id of its task type.
        task_type_id "task_type_id": Option<Id>;
        /// The id of its status.
        task_status_id "task_status_id": Option<Id>;
        /// Ids of the people who do it.
        assignees "assignees": Vec<Id>;
    }

    /// Which assets are seen in a shot; its id is the shot's.
    Casting "casting" "casting" by "shot_id" {
        /// Ids of the assets.
        asset_ids "asset_ids": Vec<Id>;
    }

    /// A cut of the project, or of one episode of it.
    Edit "edit" "edits" {
        /// The name of the cut.
        name "name": String;
        /// The frame of the timeline at which the movie begins.
        frame_offset "frameOffset": i64;
        /// The length of the timeline in frames; 0 is that of the movie, or up to the last shot.
        total_frames "totalFrames": i64;
        /// Path below the page, or a URL, of the movie; null is the conventional place.
        source_name "sourceName": Option<String>;
        /// The movie, once it was uploaded or fetched.
        movie "movie": Attached<Movie>, attached;
        /// Media type of the movie; null is `video/mp4`.
        source_type "sourceType": Option<String>;
        /// The id of its episode.
        episode_id "episode_id" or "episodeId": Option<Id>;
        /// Canceled: kept, but out of the tree.
        canceled "canceled": bool;
    }
}
