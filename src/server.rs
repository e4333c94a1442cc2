//! Everything wired together: one data folder, one store, one writer, the sites, until told to stop.

use std::{
    fs::{DirBuilder, File, TryLockError},
    future::Future,
    io,
    net::SocketAddr,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use ipnet::IpNet;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{
    access::{self, Access, Openness},
    disk::{self, Room},
    fetch::{
        self, Fetches,
        copies::{self, Surroundings},
        host::HostSettings,
    },
    http::{self, AppState, Bounds, Metrics, Parts, Site, weight},
    layout::Layout,
    limits::Limits,
    listen::{Connections, Manner, bind, listen, tls::Tls},
    lookout::{self, Lookout},
    media::store::MediaStore,
    notify::{self, HookSettings, Hooks, Notices, Pace},
    page::Page,
    publish::{self, Mode, Publisher, Sources, Target},
    store::{self, Store},
    studio::Studio,
    tree::{self, Tree},
    webhook::{self, DeliverySettings, SourceSettings, Sources as WebhookSources, Webhooks},
    writer::{Clock, Writer},
};

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

/// A data folder that no other server uses, as long as this lives.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Takes a data folder, which is made if it is absent.
    pub fn take(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Folder { path: path.to_owned(), source };
        make(path).map_err(failed)?;
        let lock = File::create(path.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Error::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The database file.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        database_of(&self.path)
    }

    /// The folder of the tree of a layout.
    #[must_use]
    pub fn tree(&self, layout: Layout) -> PathBuf {
        self.path.join("tree").join(layout.name())
    }

    /// The folder of pictures and movies.
    #[must_use]
    pub fn media(&self) -> PathBuf {
        media_of(&self.path)
    }

    /// The folder of unpacked pages.
    #[must_use]
    pub fn frontend(&self) -> PathBuf {
        self.path.join("frontend")
    }
}

/// Makes a folder that only its owner may look into, whose name survives a power cut. One that is there stays as it is.
fn make(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    path.parent().map_or(Ok(()), disk::sync_names)
}

/// The database file of a data folder.
#[must_use]
pub fn database_of(data_dir: &Path) -> PathBuf {
    data_dir.join("watchtower.db")
}

/// The folder of pictures and movies of a data folder.
#[must_use]
pub fn media_of(data_dir: &Path) -> PathBuf {
    data_dir.join("media")
}

/// The store, what is in memory of it, and the writer: all that there is without HTTP.
#[derive(Debug)]
pub struct Core {
    /// The truth.
    pub store: Arc<Store>,
    /// The read side.
    pub studio: Arc<Studio>,
    /// The way in.
    pub writer: Writer,
    task: JoinHandle<()>,
}

impl Core {
    /// Opens the database of a data folder and starts the writer.
    pub async fn open(database: &Path, clock: Clock) -> Result<Self, store::Error> {
        Self::of(Store::open(database).await?, clock).await
    }

    /// The same beside a server that may be running: the schema of the database stays as it is.
    pub async fn open_beside(database: &Path, clock: Clock) -> Result<Self, store::Error> {
        Self::of(Store::open_beside(database).await?, clock).await
    }

    async fn of(store: Store, clock: Clock) -> Result<Self, store::Error> {
        let store = Arc::new(store);
        let studio = Studio::load(store.clone()).await.map_err(|error| store.named(error))?;
        let studio = Arc::new(studio);
        let (writer, task) = Writer::start(store.clone(), studio.clone(), clock).await?;
        Ok(Self { store, studio, writer, task })
    }

    /// Finishes what was accepted, and closes the database.
    pub async fn close(self) -> Result<(), store::Error> {
        let Self { store, studio, writer, task } = self;
        drop(writer);
        // The writer ends when the last handle to it is gone.
        let _ = task.await;
        drop(studio);
        match Arc::into_inner(store) {
            Some(store) => store.close().await,
            None => Ok(()),
        }
    }
}

/// Completes when the server is to stop, or is gone.
pub async fn stopped(stopping: &mut watch::Receiver<bool>) {
    drop(stopping.wait_for(|stopping| *stopping).await);
}

/// How long requests may take to end when the server is told to stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// An address, and what is served there.
#[derive(Debug, Clone)]
pub struct SiteOptions {
    /// The address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The layout of the tree.
    pub layout: Layout,
    /// The page, if one is installed.
    pub page: Option<Page>,
    /// Whether the page follows what is published.
    pub live: bool,
    /// The certificate, if it is served by TLS.
    pub tls: Option<Arc<Tls>>,
}

/// How a server is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// The sites, at least one. Sites of one layout share its tree.
    pub sites: Vec<SiteOptions>,
    /// Whether changes are rendered as they come.
    pub mode: Mode,
    /// The largest body that is taken, in bytes; files aside.
    pub max_body: usize,
    /// The largest picture that is taken, in bytes.
    pub max_picture: u64,
    /// The largest movie that is taken, in bytes.
    pub max_movie: u64,
    /// Files leave so many bytes of the disk free.
    pub min_free: u64,
    /// Whether a shot without a picture gets a drawn one.
    pub placeholders: bool,
    /// The hosts that files are fetched from.
    pub media_hosts: Vec<HostSettings>,
    /// The sources of webhooks.
    pub webhooks: Vec<SourceSettings>,
    /// The folder that files of theirs are in.
    pub webhook_folder: PathBuf,
    /// How long deliveries are kept.
    pub deliveries: DeliverySettings,
    /// This program, for what runs in a process of its own.
    pub program: PathBuf,
    /// How much it takes on.
    pub limits: Limits,
    /// The proxies that are believed whom they ask for.
    pub trusted_proxies: Vec<IpNet>,
    /// How open the server is to those who have no token.
    pub openness: Openness,
    /// Who is told what was published.
    pub publish_hooks: Vec<HookSettings>,
    /// How fast they are told.
    pub hook_pace: Pace,
}

/// Refuses addresses that others reach, of a server that is open to everyone, unless that was asked for.
pub fn refuse_open(listen: impl IntoIterator<Item = SocketAddr>, openness: Openness) -> Result<(), Error> {
    let reached = listen.into_iter().find(|address| !address.ip().is_loopback());
    reached.filter(|_| !openness.is_anonymous).map_or(Ok(()), |address| Err(Error::Open(address)))
}

/// So many bytes of the disk files leave free, if nothing else is said: 64 MiB.
pub const MIN_FREE: u64 = 64 << 20;

impl Options {
    /// The usual limits, with these sites.
    #[must_use]
    pub fn usual(sites: Vec<SiteOptions>) -> Self {
        let (max_body, max_picture, max_movie) = (256 << 20, 64 << 20, 16 << 30);
        Self {
            sites,
            mode: Mode::Auto,
            max_body,
            max_picture,
            max_movie,
            min_free: MIN_FREE,
            placeholders: false,
            media_hosts: Vec::new(),
            webhooks: Vec::new(),
            webhook_folder: PathBuf::new(),
            deliveries: DeliverySettings::default(),
            program: webhook::filter::executable().unwrap_or_default(),
            limits: Limits::default(),
            trusted_proxies: Vec::new(),
            openness: Openness::default(),
            publish_hooks: Vec::new(),
            hook_pace: Pace::default(),
        }
    }
}

async fn check(store: Arc<Store>) -> Result<(), store::Error> {
    let start = Instant::now();
    store.check().await?;
    tracing::debug!(duration_ms = start.elapsed().as_secs_f64() * 1000.0, "the database is sound");
    Ok(())
}

/// A server that listens.
pub struct Server {
    listeners: Vec<(TcpListener, AppState, Option<Arc<Tls>>)>,
    connections: Arc<Connections>,
    parts: Arc<Parts>,
    core: Core,
    publisher: JoinHandle<()>,
    copies: Option<JoinHandle<()>>,
    deliveries: JoinHandle<()>,
    uses: JoinHandle<()>,
    calls: JoinHandle<()>,
    looking: JoinHandle<()>,
    stop: watch::Sender<bool>,
    _folder: DataFolder,
}

impl Server {
    /// Opens everything, renders what is behind, and listens.
    #[expect(clippy::too_many_lines, reason = "one thing after the other, each of which needs those before")]
    pub async fn start(folder: DataFolder, options: Options, clock: Clock) -> Result<Self, Error> {
        let Options { sites, mode, max_body, max_picture, max_movie, placeholders, media_hosts, openness, .. } =
            options;
        let started = clock();
        let webhook_sources =
            WebhookSources::new(&options.webhooks, &options.webhook_folder).map_err(Error::Webhooks)?;
        let hooks = Hooks::new(&options.publish_hooks).map_err(Error::PublishHooks)?;
        let bounds = Arc::new(Bounds::new(options.limits, options.trusted_proxies, max_body));
        let fetches = Fetches::new(&media_hosts)?;
        let path = folder.media();
        let room = Room::new(folder.path(), options.min_free);
        let media = MediaStore::open_within(&path, Some(room.clone()));
        let media = media.map_err(|source| Error::Folder { path, source })?;
        let mut core = Core::open(&folder.database(), clock.clone()).await?;
        let (access, uses) = Access::open(core.store.clone(), folder.path(), openness).await?;
        if access.is_open().await? {
            refuse_open(sites.iter().map(|site| site.listen), openness)?;
        }
        // A damaged database is not served. It is looked over while the tree is rendered, which takes longer.
        let checked = tokio::spawn(check(core.store.clone()));
        core.writer = core.writer.warning_of(fetches.clone()).within(room.clone());
        let mut targets: Vec<Target> = Vec::new();
        for site in &sites {
            if !targets.iter().any(|target| target.layout() == site.layout) {
                targets.push(Target::new(site.layout, Tree::open(&folder.tree(site.layout))?));
            }
        }
        let sources = Sources {
            studio: core.studio.clone(),
            revision: core.writer.revision(),
            clock: clock.clone(),
            media: media.clone(),
            look: fetches.look(placeholders),
        };
        let (publisher, task) = Publisher::start(sources, targets.clone(), mode).await;
        checked.await.map_err(|error| Error::Check(error.to_string()))??;
        let mut bound = Vec::with_capacity(sites.len());
        for SiteOptions { listen, layout, page, live, tls } in sites {
            let listening = |source| Error::Listen { address: listen, source };
            let listener = bind(listen).await.map_err(listening)?;
            let Some(target) = targets.iter().find(|target| target.layout() == layout).cloned() else { continue };
            bound.push((listener, Arc::new(Site { target, page, live, tls: tls.clone() }), tls));
        }
        let (stop, stopping) = watch::channel(false);
        let surroundings = Surroundings {
            studio: core.studio.clone(),
            store: core.store.clone(),
            writer: core.writer.clone(),
            media: media.clone(),
            clock: clock.clone(),
            limits: (max_picture, max_movie),
        };
        let copies = copies::start(fetches.clone(), surroundings, stopping.clone()).await?;
        let surroundings = webhook::Surroundings {
            store: core.store.clone(),
            studio: core.studio.clone(),
            writer: core.writer.clone(),
            clock: clock.clone(),
            program: options.program,
            kept: options.deliveries,
            room: room.clone(),
        };
        let (webhooks, deliveries) = Webhooks::start(webhook_sources, surroundings, stopping.clone());
        let surroundings = notify::Surroundings {
            store: core.store.clone(),
            progress: publisher.progress(),
            clock: clock.clone(),
            pace: options.hook_pace,
        };
        let (notices, calls) = Notices::start(hooks, surroundings, stopping.clone()).await?;
        let surroundings = lookout::Surroundings {
            studio: core.studio.clone(),
            store: core.store.clone(),
            fetches: fetches.clone(),
            webhooks: webhooks.clone(),
            notices: Arc::new({
                let notices = notices.clone();
                move || notices.status().into_iter().map(lookout::HookState::from).collect()
            }),
            revision: core.writer.revision(),
            progress: publisher.progress(),
            clock: clock.clone(),
            is_classic: targets.iter().any(|target| target.layout() == Layout::Classic),
            folder: folder.path.clone(),
        };
        let (lookout, looking) = Lookout::start(surroundings, stopping.clone()).await?;
        let parts = Arc::new(Parts {
            studio: core.studio.clone(),
            writer: core.writer.clone(),
            store: core.store.clone(),
            access,
            publisher,
            sites: bound.iter().map(|(_, site, _)| site.clone()).collect(),
            clock,
            bounds,
            max_body,
            // Small bodies are to have room even where no large ones are taken.
            weights: weight::Room::new(max_body.max(8 << 20)),
            max_picture,
            max_movie,
            media,
            room,
            fetches,
            webhooks,
            notices,
            lookout,
            max_delivery: options.deliveries.max_body,
            metrics: Metrics::new(folder.path.clone(), started),
            stopping,
        });
        let connections = Connections::new(parts.bounds.limits.connections);
        let counted = connections.clone();
        parts.metrics.also(move |sheet| {
            sheet.gauge("watchtower_connections", None, "Open connections").is(counted.count());
        });
        let state = |(listener, site, tls)| (listener, AppState::new(parts.clone(), site), tls);
        let listeners = bound.into_iter().map(state).collect();
        Ok(Self {
            listeners,
            connections,
            parts,
            core,
            publisher: task,
            copies,
            deliveries,
            uses,
            calls,
            looking,
            stop,
            _folder: folder,
        })
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
        let Self {
            listeners,
            connections,
            parts,
            core,
            publisher,
            copies,
            deliveries,
            uses,
            calls,
            looking,
            stop,
            _folder,
        } = self;
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
            if let Some(copies) = copies {
                let _ = copies.await;
            }
            let _ = deliveries.await;
            let _ = calls.await;
            let _ = looking.await;
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
        let _ = publisher.await;
        let _ = uses.await;
        core.close().await.map_err(io::Error::other)
    }
}
