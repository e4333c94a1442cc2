//! The process and its disk, as the system knows them. What a system does not tell is left out.

use std::{fs, path::Path};

use prometheus_client::registry::Unit;
use rustix::{
    fs::statvfs,
    process::{Resource, getrlimit},
    time::{ClockId, clock_gettime},
};

use super::sheet::Sheet;
use crate::model::time::Instant;

/// The process, under the names that Prometheus has for every process.
pub fn process(started: Instant, sheet: &mut Sheet) {
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    let cpu = micros(cpu.tv_sec.saturating_mul(1_000_000).saturating_add(cpu.tv_nsec / 1000));
    sheet.counter("process_cpu", Some(Unit::Seconds), "Time that processors worked for this process").is(cpu);
    let started = micros(started);
    sheet.gauge("process_start_time", Some(Unit::Seconds), "When the server started, since 1970").is(started);
    if let Some(bytes) = resident() {
        sheet.gauge("process_resident_memory", Some(Unit::Bytes), "Memory that is in use").is(bytes);
    }
    // The folder itself is open while it is read.
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        let open = files.count().saturating_sub(1);
        sheet.gauge("process_open_fds", None, "Open files and connections").is(open);
    }
    if let Some(most) = getrlimit(Resource::Nofile).current {
        sheet.gauge("process_max_fds", None, "How many files and connections may be open").is(most);
    }
}

/// Seconds of microseconds.
fn micros(micros: i64) -> f64 {
    std::time::Duration::from_micros(micros.unsigned_abs()).as_secs_f64()
}

/// Bytes of memory that the process uses.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kibibytes| kibibytes << 10)
}

/// The database, and the disk that it is on.
pub fn files(folder: &Path, sheet: &mut Sheet) {
    let size = |name: &str| fs::metadata(folder.join(name)).map_or(0, |metadata| metadata.len());
    let database = sheet.gauge("watchtower_database", Some(Unit::Bytes), "Size of the database");
    database.is(size("watchtower.db"));
    let log = sheet.gauge("watchtower_database_wal", Some(Unit::Bytes), "Size of the database's write-ahead log");
    log.is(size("watchtower.db-wal"));
    if let Ok(disk) = statvfs(folder) {
        let free = sheet.gauge(
            "watchtower_disk_free",
            Some(Unit::Bytes),
            "What the server may still write to the disk of its data folder",
        );
        free.is(disk.f_bavail.saturating_mul(disk.f_frsize));
        let size = sheet.gauge("watchtower_disk_size", Some(Unit::Bytes), "Size of the disk of the data folder");
        size.is(disk.f_blocks.saturating_mul(disk.f_frsize));
    }
}
