//! What the machine tells of itself: disk and memory.

use std::path::Path;

/// The disk of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// Bytes that this program can still write.
    pub free: u64,
    /// All bytes.
    pub size: u64,
}

impl Disk {
    /// Whether little is left: less than a gibibyte, or a twentieth.
    #[must_use]
    pub fn is_low(self) -> bool {
        self.free < 1 << 30 || self.free < self.size / 20
    }
}

/// The disk that a folder is on; none if the system does not say.
#[must_use]
pub fn disk(folder: &Path) -> Option<Disk> {
    let found = rustix::fs::statvfs(folder).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
    Some(Disk { free: bytes(found.f_bavail), size: bytes(found.f_blocks) })
}

/// The bytes of memory that this program takes (resident set size); none if the system does not say, as only Linux does.
#[must_use]
pub fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
