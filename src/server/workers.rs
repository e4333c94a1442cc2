//! What works beside the requests, until the server is told to stop.

use std::{path::Path, sync::Arc};

use tokio::{sync::watch, task::JoinHandle};

use super::{Core, Error, Options};
use crate::{
    disk::Room,
    fetch::{Fetches, copies},
    layout::Layout,
    lookout::{self, Lookout},
    media::store::MediaStore,
    notify::{self, Hooks, Notices},
    publish::{Progress, Target},
    webhook::{self, Sources, Webhooks},
    writer::Clock,
};

/// What they all stand on.
pub struct Ground<'a> {
    /// The store, the read side, and the way in.
    pub core: &'a Core,
    /// How far publishing has come.
    pub progress: watch::Receiver<Progress>,
    /// The files of pictures and movies.
    pub media: Arc<MediaStore>,
    /// How much room there is for them.
    pub room: Arc<Room>,
    /// Those of other servers.
    pub fetches: Arc<Fetches>,
    /// The layouts that are served.
    pub targets: &'a [Target],
    /// The data folder.
    pub folder: &'a Path,
    /// The present time.
    pub clock: Clock,
}

/// The workers that requests ask for something, and the tasks of all of them.
pub struct Workers {
    /// Deliveries of webhooks.
    pub webhooks: Arc<Webhooks>,
    /// Calls to publish hooks.
    pub notices: Arc<Notices>,
    /// What is wrong, and how far the projects have come.
    pub lookout: Arc<Lookout>,
    /// They end when `stopping` becomes true.
    pub tasks: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts all of them: it fails if what one of them remembers cannot be read.
    pub async fn start(
        ground: Ground<'_>,
        sources: Sources,
        hooks: Hooks,
        options: &Options,
        stopping: &watch::Receiver<bool>,
    ) -> Result<Self, Error> {
        let Ground { core, progress, media, room, fetches, targets, folder, clock } = ground;
        let surroundings = copies::Surroundings {
            studio: core.studio.clone(),
            store: core.store.clone(),
            writer: core.writer.clone(),
            media: media.clone(),
            clock: clock.clone(),
            limits: (options.max_picture, options.max_movie),
        };
        let copying = copies::start(fetches.clone(), surroundings, stopping.clone()).await?;
        let surroundings = webhook::Surroundings {
            store: core.store.clone(),
            studio: core.studio.clone(),
            writer: core.writer.clone(),
            clock: clock.clone(),
            program: options.program.clone(),
            kept: options.deliveries,
            room,
        };
        let (webhooks, applying) = Webhooks::start(sources, surroundings, stopping.clone());
        let surroundings = notify::Surroundings {
            store: core.store.clone(),
            progress: progress.clone(),
            clock: clock.clone(),
            pace: options.hook_pace,
        };
        let (notices, calling) = Notices::start(hooks, surroundings, stopping.clone()).await?;
        let surroundings = lookout::Surroundings {
            studio: core.studio.clone(),
            store: core.store.clone(),
            fetches,
            media,
            webhooks: webhooks.clone(),
            notices: Arc::new({
                let notices = notices.clone();
                move || notices.status().into_iter().map(lookout::HookState::from).collect()
            }),
            revision: core.writer.revision(),
            progress,
            clock,
            is_classic: targets.iter().any(|target| target.layout() == Layout::Classic),
            folder: folder.to_owned(),
        };
        let (lookout, looking) = Lookout::start(surroundings, stopping.clone()).await?;
        let tasks = copying.into_iter().chain([applying, calling, looking]).collect();
        Ok(Self { webhooks, notices, lookout, tasks })
    }
}
