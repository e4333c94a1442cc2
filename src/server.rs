//! Everything wired together: one data folder, one store, one writer, the sites, until told to stop.

mod core;
mod folder;
mod options;
mod workers;

use std::{
    future::Future,
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{
    access::{self, Access},
    disk::Room,
    fetch::{self, Fetches},
    http::{self, AppState, Bounds, Metrics, Parts, Probe, Site},
    listen::{Connections, Manner, bind, listen, tls::Tls},
    lookout,
    media::store::MediaStore,
    notify::{self, Hooks},
    publish::{self, Publisher, Sources, Target},
    store::{self, Store},
    tree::{self, Tree},
    webhook::{self, Sources as WebhookSources},
    writer::Clock,
};

pub use self::core::Core;
pub use folder::{DataFolder, database_of, media_of, tree_of};
pub use options::{MIN_FREE, Options, SiteOptions, refuse_open};
use workers::{Ground, Workers};

/// What can keep a server from starting.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data folder cannot be used.
    #[error("the data folder {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another server runs on the data folder.
    #[error("another watchtower-server uses the data folder {}; ask that one, over HTTP", .0.display())]
    InUse(PathBuf),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The database could not be looked over.
    #[error("the database could not be checked: {0}")]
    Check(String),
    /// The tree could not be opened.
    #[error("the tree: {0}")]
    Tree(#[from] tree::Error),
    /// What is behind could not be rendered.
    #[error(transparent)]
    Publish(#[from] publish::Error),
    /// The hosts of the configuration are wrong, or cannot be asked.
    #[error(transparent)]
    Fetch(#[from] fetch::Error),
    /// What is wrong with the data could not be looked at.
    #[error(transparent)]
    Lookout(#[from] lookout::Error),
    /// The sources of webhooks are wrong.
    #[error("webhooks: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Webhooks(Vec<webhook::Invalid>),
    /// The tokens cannot be read.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// There are no tokens, and others reach the address.
    #[error(
        "on {0} everyone who reaches this machine could read and change everything: make a token first (watchtower-server \
         token create --name admin --rights admin), or say --allow-anonymous, if something in front asks who they are"
    )]
    Open(SocketAddr),
    /// Publish hooks are wrong.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    PublishHooks(Vec<notify::Invalid>),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// Completes when the server is to stop, or is gone.
pub async fn stopped(stopping: &mut watch::Receiver<bool>) {
    drop(stopping.wait_for(|stopping| *stopping).await);
}

/// How long requests may take to end when the server is told to stop.
const PATIENCE: Duration = Duration::from_secs(10);

async fn check(store: Arc<Store>) -> Result<(), store::Error> {
    let start = Instant::now();
    store.check().await?;
    tracing::debug!(duration_ms = start.elapsed().as_secs_f64() * 1000.0, "the database is sound");
    Ok(())
}

/// The trees of the layouts that are served.
fn open_trees(folder: &DataFolder, sites: &[SiteOptions]) -> Result<Vec<Target>, tree::Error> {
    let mut targets: Vec<Target> = Vec::new();
    for site in sites {
        if !targets.iter().any(|target| target.layout() == site.layout) {
            targets.push(Target::new(site.layout, Tree::open(&folder.tree(site.layout))?));
        }
    }
    Ok(targets)
}

/// A site, where it is listened for, and its certificate.
type Bound = (TcpListener, Arc<Site>, Option<Arc<Tls>>);

/// Listens on the addresses of all sites, or of none.
async fn bind_all(sites: Vec<SiteOptions>, targets: &[Target]) -> Result<Vec<Bound>, Error> {
    let mut bound = Vec::with_capacity(sites.len());
    for SiteOptions { listen, layout, page, live, tls } in sites {
        let listener = bind(listen).await.map_err(|source| Error::Listen { address: listen, source })?;
        let Some(target) = targets.iter().find(|target| target.layout() == layout).cloned() else { continue };
        bound.push((listener, Arc::new(Site { target, page, live, tls: tls.clone() }), tls));
    }
    Ok(bound)
}

/// A server that listens.
pub struct Server {
    listeners: Vec<(TcpListener, AppState, Option<Arc<Tls>>)>,
    connections: Arc<Connections>,
    parts: Arc<Parts>,
    core: Core,
    workers: Vec<JoinHandle<()>>,
    /// What ends when nobody has its handle any more: the publisher, and the task that notes when tokens were used.
    handled: [JoinHandle<()>; 2],
    stop: watch::Sender<bool>,
    _folder: DataFolder,
}

impl Server {
    /// Opens everything, renders what is behind, and listens.
    pub async fn start(folder: DataFolder, mut options: Options, clock: Clock) -> Result<Self, Error> {
        let started = clock();
        // What is wrong with the options is said before anything is opened.
        let sources = WebhookSources::new(&options.webhooks, &options.webhook_folder).map_err(Error::Webhooks)?;
        let hooks = Hooks::new(&options.publish_hooks).map_err(Error::PublishHooks)?;
        let fetches = Fetches::new(&options.media_hosts)?;

        let room = Room::new(folder.path(), options.min_free);
        let media = MediaStore::open_within(&folder.media(), Some(room.clone()));
        let media = media.map_err(|source| Error::Folder { path: folder.media(), source })?;
        let mut core = Core::open(&folder.database(), clock.clone()).await?;
        core.writer = core.writer.warning_of(fetches.clone()).within(room.clone());
        let (access, uses) = Access::open(core.store.clone(), folder.path(), options.openness).await?;
        if access.is_open().await? {
            refuse_open(options.sites.iter().map(|site| site.listen), options.openness)?;
        }
        // A damaged database is not served. It is looked over while the tree is rendered, which takes longer.
        let checked = tokio::spawn(check(core.store.clone()));
        let targets = open_trees(&folder, &options.sites)?;
        let rendered = Sources {
            studio: core.studio.clone(),
            revision: core.writer.revision(),
            clock: clock.clone(),
            media: media.clone(),
            look: fetches.look(options.placeholders),
        };
        let (publisher, publishing) = Publisher::start(rendered, targets.clone(), options.mode).await;
        checked.await.map_err(|error| Error::Check(error.to_string()))??;
        let bound = bind_all(std::mem::take(&mut options.sites), &targets).await?;

        let (stop, stopping) = watch::channel(false);
        let ground = Ground {
            core: &core,
            progress: publisher.progress(),
            media: media.clone(),
            room: room.clone(),
            fetches: fetches.clone(),
            targets: &targets,
            folder: folder.path(),
            clock: clock.clone(),
        };
        let workers = Workers::start(ground, sources, hooks, &options, &stopping).await?;
        let parts = Arc::new(Parts {
            studio: core.studio.clone(),
            writer: core.writer.clone(),
            store: core.store.clone(),
            probe: Probe::default(),
            access,
            publisher,
            sites: bound.iter().map(|(_, site, _)| site.clone()).collect(),
            clock,
            bounds: Arc::new(Bounds::new(
                options.limits,
                options.trusted_proxies,
                options.max_body,
                options.deliveries.max_body,
            )),
            max_body: options.max_body,
            max_picture: options.max_picture,
            max_movie: options.max_movie,
            media,
            room,
            fetches,
            webhooks: workers.webhooks,
            notices: workers.notices,
            lookout: workers.lookout,
            max_delivery: options.deliveries.max_body,
            metrics: Metrics::new(folder.path().to_owned(), started),
            stopping,
        });
        let Bounds { limits, proxies, .. } = &*parts.bounds;
        let crowds = limits.crowds.iter().chain(proxies).copied().collect();
        let connections = Connections::new(limits.connections, crowds);
        let counted = connections.clone();
        parts.metrics.also(move |sheet| {
            sheet.gauge("watchtower_connections", None, "Open connections").is(counted.count());
        });
        let state = |(listener, site, tls)| (listener, AppState::new(parts.clone(), site), tls);
        let listeners = bound.into_iter().map(state).collect();
        let (workers, handled) = (workers.tasks, [publishing, uses]);
        Ok(Self { listeners, connections, parts, core, workers, handled, stop, _folder: folder })
    }

    /// The addresses that it listens on, in the order of the sites.
    pub fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.listeners.iter().map(|(listener, ..)| listener.local_addr()).collect()
    }

    /// The connections of all sites.
    #[must_use]
    pub fn connections(&self) -> Arc<Connections> {
        self.connections.clone()
    }

    /// What requests are answered from.
    #[must_use]
    pub fn parts(&self) -> Arc<Parts> {
        self.parts.clone()
    }

    /// Answers requests until `shutdown`, then finishes what was accepted.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let Self { listeners, connections, parts, core, workers, handled, stop, _folder } = self;
        let limits = parts.bounds.limits.clone();
        drop(parts);
        let mut sites = tokio::task::JoinSet::new();
        for (listener, state, tls) in listeners {
            let manner = Manner::new(http::app(state), tls, limits.clone());
            sites.spawn(listen(listener, manner, connections.clone(), stop.subscribe()));
        }
        tokio::select! {
            () = shutdown => {}
            // A site that ends by itself has failed.
            Some(ended) = sites.join_next() => ended.map_err(io::Error::other)?,
        }
        stop.send_replace(true);
        let finish = async {
            while let Some(ended) = sites.join_next().await {
                ended.map_err(io::Error::other)?;
            }
            connections.stop().await;
            for worker in workers {
                let _ = worker.await;
            }
            Ok::<_, io::Error>(())
        };
        let Ok(finished) = tokio::time::timeout(PATIENCE, finish).await else {
            // Somebody who sends nothing more does not keep the server: what was answered is durable, and at the next start
            // the tree is brought up to date.
            tracing::warn!("requests that did not end in {} s are cut", PATIENCE.as_secs());
            return Ok(());
        };
        finished?;
        // The routers are gone with their handles, so the publisher, the tokens' task and the writer end by themselves.
        for task in handled {
            let _ = task.await;
        }
        core.close().await.map_err(io::Error::other)
    }
}
