//! ffmpeg, which makes the movies, and ffprobe, which counts what is in them.

use std::{
    env, fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use serde_json::Value;

/// Whether ffmpeg and ffprobe are on the path. Without them the test says why it is skipped; in CI it fails.
pub fn has_tools() -> bool {
    let has = |tool: &str| Command::new(tool).arg("-version").output().is_ok_and(|output| output.status.success());
    let missing: Vec<_> = ["ffmpeg", "ffprobe"].into_iter().filter(|tool| !has(tool)).collect();
    assert!(missing.is_empty() || env::var("CI").as_deref() != Ok("true"), "not on the path: {missing:?}");
    if !missing.is_empty() {
        eprintln!("skipped: not on the path: {missing:?}; they come with the Debian package ffmpeg");
    }
    missing.is_empty()
}

/// Runs ffmpeg in a folder, with these arguments between spaces. Three stand for several: `video:25:0.96` for pictures that
/// move, at 25 frames per second for 0.96 seconds, `sound:1` for a second of sound, and `x264` for its encoder.
pub fn ffmpeg(folder: &Path, args: &str) {
    let mut command = Command::new("ffmpeg");
    command.current_dir(folder).args(["-v", "error", "-nostdin", "-y"]);
    for arg in args.split_whitespace() {
        match arg.split(':').collect::<Vec<_>>()[..] {
            ["video", rate, seconds] => {
                command.args(["-f", "lavfi", "-i", &format!("testsrc2=s=64x48:r={rate}:d={seconds}")])
            }
            ["sound", seconds] => command.args(["-f", "lavfi", "-i", &format!("sine=d={seconds}")]),
            ["x264"] => command.args("-c:v libx264 -preset veryfast -threads 1 -pix_fmt yuv420p -g 8".split(' ')),
            _ => command.arg(arg),
        };
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "ffmpeg {args}: {}", String::from_utf8_lossy(&output.stderr));
}

/// What ffprobe finds in a file.
pub struct Probed {
    /// The frames that come out when it is played.
    pub frames: u64,
    /// From when the first is shown until the last has been.
    pub seconds: f64,
    /// Width and height, with the shape of pixels and the turn of the picture.
    pub size: (u32, u32),
}

/// Plays a stream of a file.
pub fn probe(path: &Path, stream: &str) -> Probed {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-of", "json", "-count_frames", "-show_frames", "-show_streams", "-select_streams"]);
    let output = command.arg(stream).arg(path).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = &answer["streams"][0];
    let frames = answer["frames"].as_array().unwrap();
    let counted: u64 = found["nb_read_frames"].as_str().unwrap().parse().unwrap();
    let times = frames.iter().map(|frame| number(&frame["best_effort_timestamp_time"]).unwrap());
    let (first, last) = times.fold((f64::MAX, f64::MIN), |(first, last), time| (first.min(time), last.max(time)));
    // The second is what it is called since ffmpeg 6.
    let of = |frame: &Value| number(&frame["pkt_duration_time"]).or(number(&frame["duration_time"]));
    let lasts = frames.last().and_then(of).unwrap_or(0.0);
    // Where frames do not last a whole number of units, ffprobe takes them to last one.
    let usual = (last - first) / float(counted.max(2) - 1);
    let lasts = if lasts < usual / 10.0 { usual } else { lasts };
    Probed { frames: counted, seconds: last + lasts - first, size: size(found) }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or(value.as_str()?.parse().ok())
}

fn size(stream: &Value) -> (u32, u32) {
    let side = |name: &str| u32::try_from(stream[name].as_u64().unwrap()).unwrap();
    let (mut width, mut height) = (side("width"), side("height"));
    let ratio = stream["sample_aspect_ratio"].as_str().and_then(|ratio| ratio.split_once(':'));
    let [wide, high] = ratio.map_or([1, 1], |(wide, high)| [wide, high].map(|number| number.parse::<u32>().unwrap()));
    if wide > high {
        width = (width * wide + high / 2) / high;
    } else {
        height = (height * high + wide / 2).checked_div(wide).unwrap_or(height);
    }
    let mut turns =
        stream["side_data_list"].as_array().into_iter().flatten().filter_map(|data| data["rotation"].as_i64());
    if turns.any(|turn| turn % 180 != 0) { (height, width) } else { (width, height) }
}

/// Fails unless two files have the same pictures and sounds at the same times, once decoded.
pub fn assert_plays_the_same(folder: &Path, one: &str, other: &str) {
    let hashes = ["one", "other"].map(|which| format!("{which}-{one}.md5"));
    let [first, second] = &hashes;
    ffmpeg(
        folder,
        &format!("-i {one} -i {other} -map 0:v -map 0:a? -f framemd5 {first} -map 1:v -map 1:a? -f framemd5 {second}"),
    );
    let [first, second] = hashes.map(|name| fs::read_to_string(folder.join(name)).unwrap());
    assert!(first.lines().filter(|line| !line.starts_with('#')).count() > 0, "{first}");
    assert_eq!(first, second, "{one}");
}

/// Does something with all, on as many threads as there are processors; fails at the end if it failed with some.
pub fn in_parallel<T: Sync>(all: &[T], each: impl Fn(&T) + Sync) {
    let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        while let Some(one) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            // What was wrong is printed by then.
            if catch_unwind(AssertUnwindSafe(|| each(one))).is_err() {
                failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(work);
        }
    });
    assert_eq!(failed.into_inner(), 0, "so many of {} failed", all.len());
}

/// As a float.
pub fn float(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}
