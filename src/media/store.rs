//! The media store: files under the hashes of their bytes, each once, whoever refers to it.
//!
//! What an entity refers to is in the database; a file here that no entity refers to is only not removed yet. A file is
//! written beside its place, synced and renamed, so that what is here is whole. Whoever is about to refer to a file holds
//! a [`Pin`] on it until the database says so.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use sha2::Digest;

use crate::{
    disk::{self, Room},
    model::media::Sha256,
};

/// The folder for files that are not finished yet.
const SCRATCH: &str = ".unfinished";
/// After so many bytes it is looked whether there is still room.
const LOOKED_AFTER: u64 = 1 << 20;

/// The folder of a media store.
#[derive(Debug)]
pub struct MediaStore {
    root: PathBuf,
    next: AtomicU64,
    pins: Mutex<Pins>,
    room: Option<Arc<Room>>,
}

#[derive(Debug, Default)]
struct Pins {
    held: HashMap<Sha256, usize>,
    /// What was pinned when a collection began, and since; `None` while there is none.
    since: Option<HashSet<Sha256>>,
    /// What there is, as of the last collection and what was kept since.
    holding: Holding,
}

/// What there is in a media store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Holding {
    /// The number of files.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
}

impl Holding {
    fn add(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
    }
}

impl MediaStore {
    /// The store in a folder, which is made if it is absent. What an earlier run left unfinished is removed; so nobody else
    /// may write into it.
    pub fn open(root: &Path) -> io::Result<Arc<Self>> {
        Self::open_within(root, None)
    }

    /// The same, which takes only as much as there is room for.
    pub fn open_within(root: &Path, room: Option<Arc<Room>>) -> io::Result<Arc<Self>> {
        let scratch = root.join(SCRATCH);
        match fs::remove_dir_all(&scratch) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::create_dir_all(&scratch)?,
        }
        // The name of a new folder is to survive a power cut as well.
        root.parent().map_or(Ok(()), disk::sync_names)?;
        Ok(Arc::new(Self { room, ..Self::of(root) }))
    }

    /// The store in a folder, to be read only.
    #[must_use]
    pub fn at(root: &Path) -> Arc<Self> {
        Arc::new(Self::of(root))
    }

    fn of(root: &Path) -> Self {
        Self { root: root.to_owned(), next: AtomicU64::new(0), pins: Mutex::default(), room: None }
    }

    /// Whether there is room for a file of this many bytes.
    pub fn need_room(&self, bytes: u64) -> io::Result<()> {
        self.room.as_ref().map_or(Ok(()), |room| Ok(room.for_files(bytes)?))
    }

    /// Where the file with this hash is, if it is there.
    #[must_use]
    pub fn path(&self, hash: Sha256) -> PathBuf {
        let name = hash.to_string();
        self.root.join(&name[..2]).join(name)
    }

    /// Whether the file with this hash is there.
    #[must_use]
    pub fn has(&self, hash: Sha256) -> bool {
        self.path(hash).is_file()
    }

    /// A new file, beside the others.
    pub fn begin(self: &Arc<Self>) -> io::Result<Unfinished> {
        self.need_room(0)?;
        let scratch = self.root.join(SCRATCH);
        let path = scratch.join(self.next.fetch_add(1, Ordering::Relaxed).to_string());
        let file = disk::within(&scratch, || File::options().read(true).write(true).create_new(true).open(&path))?;
        Ok(Unfinished { store: self.clone(), path, file, hasher: sha2::Sha256::new(), size: 0 })
    }

    /// Keeps bytes.
    pub fn put(self: &Arc<Self>, bytes: &[u8]) -> io::Result<Pin> {
        let mut file = self.begin()?;
        file.write_all(bytes)?;
        file.finish()?.keep()
    }

    /// A file that is kept already, if it is there.
    pub fn open_kept(self: &Arc<Self>, hash: Sha256) -> io::Result<Option<(Pin, File)>> {
        let pin = self.pin(hash);
        match File::open(self.path(hash)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            file => Ok(Some((pin, file?))),
        }
    }

    /// The folder of the store.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What there is, once it was looked through.
    #[must_use]
    pub fn holding(&self) -> Holding {
        self.pins().holding
    }

    fn pins(&self) -> MutexGuard<'_, Pins> {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pin(self: &Arc<Self>, hash: Sha256) -> Pin {
        let mut pins = self.pins();
        *pins.held.entry(hash).or_default() += 1;
        if let Some(since) = &mut pins.since {
            since.insert(hash);
        }
        Pin { store: self.clone(), hash, is_new: false }
    }

    /// Removes the files that nobody refers to. `referred` is asked after the files were listed; it
    /// gives the hashes of all files that some entity refers to. A file that is open stays readable, and a name that it
    /// has in a tree stays.
    pub fn collect(&self, referred: impl FnOnce() -> HashSet<Sha256>) -> io::Result<()> {
        self.begin_collection();
        let collected = self.list().and_then(|files| {
            let referred = referred();
            for (hash, path, bytes) in files {
                if referred.contains(&hash) || !self.remove(hash, &path)? {
                    self.pins().holding.add(bytes);
                }
            }
            Ok(())
        });
        self.pins().since = None;
        collected
    }

    fn begin_collection(&self) {
        let mut pins = self.pins();
        // Whoever holds one now may let go of it when the database has it, which is after it was asked who refers to what.
        pins.since = Some(pins.held.keys().copied().collect());
        pins.holding = Holding::default();
    }

    /// Removes a file unless it is pinned; nobody can pin it meanwhile. Whether it went.
    fn remove(&self, hash: Sha256, path: &Path) -> io::Result<bool> {
        let pins = self.pins();
        let is_pinned = pins.held.contains_key(&hash) || pins.since.as_ref().is_some_and(|since| since.contains(&hash));
        if !is_pinned {
            fs::remove_file(path)?;
        }
        Ok(!is_pinned)
    }

    fn list(&self) -> io::Result<Vec<(Sha256, PathBuf, u64)>> {
        let mut files = Vec::new();
        for folder in fs::read_dir(&self.root)? {
            let folder = folder?;
            if folder.file_name() == SCRATCH || !folder.file_type()?.is_dir() {
                continue;
            }
            for file in fs::read_dir(folder.path())? {
                let file = file?;
                // What is called otherwise is not ours to remove.
                if let Some(hash) = file.file_name().to_str().and_then(|name| name.parse().ok()) {
                    files.push((hash, file.path(), file.metadata()?.len()));
                }
            }
        }
        Ok(files)
    }
}

/// A file that is being written; dropped, it is gone.
#[derive(Debug)]
pub struct Unfinished {
    store: Arc<MediaStore>,
    path: PathBuf,
    file: File,
    hasher: sha2::Sha256,
    size: u64,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Once it is kept, the name is gone already. What cannot be removed now is when the server starts again.
        let _ = fs::remove_file(&self.path);
    }
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.size / LOOKED_AFTER != (self.size + bytes.len() as u64) / LOOKED_AFTER {
            self.store.need_room(0)?;
        }
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Unfinished {
    /// The number of bytes so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Everything has been written.
    pub fn finish(mut self) -> io::Result<Received> {
        self.file.sync_all()?;
        let hash = Sha256::new(std::mem::take(&mut self.hasher).finalize().into());
        Ok(Received { hash, unfinished: self })
    }
}

/// A file that is whole, but not kept yet; dropped, it is gone.
#[derive(Debug)]
pub struct Received {
    hash: Sha256,
    unfinished: Unfinished,
}

impl Received {
    /// The hash of its bytes.
    #[must_use]
    pub fn hash(&self) -> Sha256 {
        self.hash
    }

    /// Its size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.unfinished.size
    }

    /// The file, to be read from its beginning.
    pub fn open(&self) -> io::Result<File> {
        File::open(&self.unfinished.path)
    }

    /// Keeps it under its hash, if that is not there already.
    pub fn keep(self) -> io::Result<Pin> {
        let store = &self.unfinished.store;
        let mut pin = store.pin(self.hash);
        let path = store.path(self.hash);
        let Some(folder) = path.parent() else { return Ok(pin) };
        fs::create_dir_all(folder)?;
        // Of several that come at the same time, one is new.
        let mut pins = store.pins();
        if !fs::metadata(&path).is_ok_and(|known| known.len() == self.size()) {
            fs::rename(&self.unfinished.path, &path)?;
            pins.holding.add(self.size());
            pin.is_new = true;
        }
        drop(pins);
        // The name is to survive a power cut as the bytes do, and so is that of its folder, which may be new. One that is there
        // already may have come a moment ago, or when syncing failed.
        disk::sync_names(folder)?;
        disk::sync_names(&store.root)?;
        Ok(pin)
    }
}

/// Keeps a file from being collected as long as it lives.
#[derive(Debug)]
pub struct Pin {
    store: Arc<MediaStore>,
    hash: Sha256,
    is_new: bool,
}

impl Pin {
    /// The hash of the file.
    #[must_use]
    pub fn hash(&self) -> Sha256 {
        self.hash
    }

    /// Whether the file was not there before.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.is_new
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pins = self.store.pins();
        if let Some(held) = pins.held.get_mut(&self.hash) {
            *held -= 1;
            if *held == 0 {
                pins.held.remove(&self.hash);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::MediaStore;

    #[test]
    fn what_nobody_refers_to_goes_unless_it_is_pinned() {
        let folder = tempfile::tempdir().unwrap();
        let store = MediaStore::open(folder.path()).unwrap();
        let pinned = store.put(b"pinned").unwrap();
        let [kept, late, gone] = [b"kept", b"late", b"gone"].map(|bytes| store.put(bytes).unwrap().hash());
        let left = store.collect(|| {
            // Somebody sends the same again, and is answered, while the collection runs.
            drop(store.put(b"late").unwrap());
            HashSet::from([kept])
        });
        left.unwrap();
        assert_eq!(store.holding().files, 3);
        assert!(!store.path(gone).exists());
        for hash in [kept, pinned.hash(), late] {
            assert!(store.path(hash).is_file());
        }
        drop(pinned);
        store.collect(HashSet::new).unwrap();
        assert_eq!(store.holding(), super::Holding::default());
    }

    #[test]
    fn what_is_let_go_of_while_it_is_asked_who_refers_to_what_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = MediaStore::open(folder.path()).unwrap();
        let pin = store.put(b"attached a moment later").unwrap();
        let hash = pin.hash();
        store
            .collect(move || {
                let before = HashSet::new();
                // The entity refers to it now, and its sender is answered.
                drop(pin);
                before
            })
            .unwrap();
        assert!(store.path(hash).is_file());
        store.collect(HashSet::new).unwrap();
        assert!(!store.path(hash).exists());
    }

    #[test]
    fn what_is_not_finished_leaves_nothing() {
        use std::io::Write;
        let folder = tempfile::tempdir().unwrap();
        let store = MediaStore::open(folder.path()).unwrap();
        let mut file = store.begin().unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        let mut cut = store.begin().unwrap();
        cut.write_all(b"half").unwrap();
        std::mem::forget(cut);
        store.collect(HashSet::new).unwrap();
        assert_eq!(store.holding().files, 0);
        MediaStore::open(folder.path()).unwrap();
        assert_eq!(std::fs::read_dir(folder.path().join(".unfinished")).unwrap().count(), 0);
    }
}
