//! The model: what a production is made of. It knows no SQL, no HTTP and no file format.
//!
//! Words, as the trackers and the page use them: a *project* has *episodes*, *sequences*, *shots*, *assets*, *tasks* (of a
//! shot or an asset), *casting* (which assets are in a shot) and *edits* (its cuts). *Users*, *asset types*, *task types* and
//! *task statuses* are shared by all projects: the *context*. A *change* is one wish to alter an entity; a *scope* is what
//! holds entities in memory: one for the studio (context and projects), one for the contents of each project.

pub mod burndown;
pub mod change;
pub mod color;
mod entities;
pub mod entity;
pub mod fault;
pub mod field;
pub mod figures;
pub mod history;
pub mod id;
pub mod media;
pub mod number;
pub mod problems;
pub mod represent;
pub mod scope;
pub mod shown;
pub mod time;
pub mod wire;

pub use entities::{
    Asset, AssetType, Casting, Edit, Entity, Episode, Kind, Membership, PastCounts, Project, Sequence, Shot, Task,
    TaskStatus, TaskType, User,
};
pub use id::Id;
