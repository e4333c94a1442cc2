//! The movies that ffmpeg makes: small pictures, a second or two.

use watchtower_server::media::movie::{Container, Playable};

/// A movie, and what is known of it beforehand.
pub struct Case {
    /// The name of the file.
    pub name: &'static str,
    /// How ffmpeg makes it; the name follows.
    pub args: &'static str,
    /// The stream that is meant, as ffprobe selects it.
    pub stream: &'static str,
    /// The codec, as the container names it.
    pub codec: &'static str,
}

impl Case {
    /// The container, by the ending of the name.
    pub fn container(&self) -> Container {
        match self.name.rsplit_once('.').unwrap().1 {
            "mp4" => Container::Mp4,
            "mov" => Container::QuickTime,
            "webm" => Container::WebM,
            _ => Container::Matroska,
        }
    }

    /// Whether it can be played while it arrives, by how it was made.
    pub fn is_fast_start(&self) -> bool {
        let is_matroska = matches!(self.container(), Container::WebM | Container::Matroska);
        is_matroska || self.args.contains("faststart") || self.args.contains("moov") || self.args.contains("frag_")
    }
}

impl Case {
    /// What its codec is called and where it can be played, for one case of each kind.
    pub fn plays(&self) -> Option<(&'static str, Playable)> {
        Some(match self.name {
            "source.mp4" | "h264.mov" => ("H.264", Playable::Everywhere),
            "source.webm" => ("VP9", Playable::Everywhere),
            "vp8.webm" => ("VP8", Playable::Everywhere),
            "444.mp4" => ("H.264 with 4:4:4 colour", Playable::SomeBrowsers),
            "h264.mkv" => ("H.264", Playable::SomeBrowsers),
            "hevc.mp4" => ("HEVC (H.265)", Playable::SomeBrowsers),
            "av1.mp4" => ("AV1", Playable::SomeBrowsers),
            "prores.mov" => ("Apple ProRes 422", Playable::Nowhere),
            "dnxhr.mov" => ("Avid DNxHD or DNxHR", Playable::Nowhere),
            "mpeg4.mp4" | "mpeg4.mov" => ("MPEG-4 Part 2", Playable::Nowhere),
            "mpeg2.mp4" | "mpeg2.mov" => ("MPEG-2", Playable::Nowhere),
            "ffv1.mkv" => ("FFV1", Playable::Nowhere),
            _ => return None,
        })
    }
}

const fn case(name: &'static str, codec: &'static str, args: &'static str) -> Case {
    Case { name, args, stream: "v:0", codec }
}

/// The second of several video streams.
const fn second(name: &'static str, codec: &'static str, args: &'static str) -> Case {
    Case { name, args, stream: "v:1", codec }
}

/// What there is; those called `source…` are made first, and others are made of them. See [`super::oracle::ffmpeg`] for
/// what the words stand for.
#[rustfmt::skip]
pub const CASES: &[Case] = &[
    // H.264, as most movies are; by itself it has B-frames.
    case("source.mp4", "avc1", "video:25:1.96 x264"),
    case("source-sound.mp4", "avc1", "video:25:0.96 sound:1.5 x264 -c:a aac"),
    case("source.webm", "V_VP9", "video:25:0.96 -c:v libvpx-vp9 -deadline realtime -cpu-used 8"),
    case("source-fast.mp4", "avc1", "video:25:0.96 x264 -movflags faststart"),
    case("no-b-frames.mp4", "avc1", "video:25:0.96 x264 -bf 0"),
    case("many-b-frames.mp4", "avc1", "video:25:0.96 x264 -bf 7 -b_strategy 0"),
    case("444.mp4", "avc1", "video:25:0.96 x264 -pix_fmt yuv444p"),
    case("h264.mov", "avc1", "video:25:0.96 sound:1 x264 -c:a pcm_s16le"),
    // Rates, and units of time.
    case("24.mp4", "avc1", "video:24:1 x264"),
    case("23.976.mp4", "avc1", "video:24000/1001:1.001 x264"),
    case("29.97.mp4", "avc1", "video:30000/1001:1 x264"),
    case("59.94.mov", "avc1", "video:60000/1001:1 x264"),
    case("60.mp4", "avc1", "video:60:1 x264"),
    case("12.5.mp4", "avc1", "video:25/2:2 x264"),
    case("timescale-24.mp4", "avc1", "video:24:1 x264 -video_track_timescale 24"),
    case("timescale-90000.mp4", "avc1", "video:24000/1001:1 x264 -video_track_timescale 90000 -movie_timescale 90000"),
    case("timescale-600.mov", "avc1", "video:30000/1001:1 x264 -video_track_timescale 600 -movie_timescale 600"),
    case("odd-length.mp4", "avc1", "video:24000/1001:0.42 x264"),
    case("single.mp4", "avc1", "video:25:1 x264 -frames:v 1"),
    case("single.webm", "V_VP9", "video:25:1 -c:v libvpx-vp9 -frames:v 1"),
    case("variable.mp4", "avc1", "video:25:2 -vf select='not(mod(n\\,3))+lt(n\\,20)' -fps_mode vfr x264"),
    case("variable.webm", "V_VP9", "video:25:2 -vf select='not(mod(n\\,3))+lt(n\\,20)' -fps_mode vfr -c:v libvpx-vp9 -deadline realtime -cpu-used 8"),
    case("variable.mkv", "V_MPEG4/ISO/AVC", "video:25:2 -vf setpts=N*N/25/TB/10 -fps_mode vfr -frames:v 20 x264"),
    // Where what is shown begins and ends, and what comes with it.
    case("late.mp4", "avc1", "sound:2 -itsoffset 0.5 -i source.mp4 -map 0 -map 1 -c:v copy -c:a aac"),
    case("late.mkv", "V_MPEG4/ISO/AVC", "sound:2 -itsoffset 0.5 -i source.mp4 -map 0 -map 1 -c:v copy -c:a aac"),
    case("early.mp4", "avc1", "-itsoffset -0.3 -i source.mp4 -c copy"),
    case("trimmed.mp4", "avc1", "-ss 0.5 -i source.mp4 -c copy"),
    case("trimmed-later.mov", "avc1", "-ss 1.1 -i source.mp4 -c copy"),
    case("trimmed.mkv", "V_MPEG4/ISO/AVC", "-i source.mp4 -ss 0.64 -c copy"),
    case("ended.mp4", "avc1", "-i source.mp4 -t 1.1 -c copy"),
    case("both-trimmed.mp4", "avc1", "-ss 0.4 -i source.mp4 -t 0.9 -c copy"),
    case("trimmed-sound.mp4", "avc1", "-ss 0.5 -i source-sound.mp4 -c copy"),
    case("sound-first.mp4", "avc1", "video:25:0.96 sound:1 -map 1 -map 0 x264 -c:a aac"),
    case("sound-longer.mp4", "avc1", "video:25:0.48 sound:3 x264 -c:a aac"),
    case("sound-longer.webm", "V_VP8", "video:25:0.48 sound:2 -c:v libvpx -c:a libopus"),
    case("negative-shifts.mp4", "avc1", "-i source.mp4 -c copy -movflags negative_cts_offsets"),
    case("no-edits.mp4", "avc1", "-i source.mp4 -c copy -use_editlist 0"),
    case("no-edits.mov", "avc1", "video:25:0.96 x264 -bf 0 -use_editlist 0"),
    // Where the index is.
    case("fast.mov", "avc1", "video:25:0.96 sound:1 x264 -c:a aac -movflags faststart"),
    case("reserved-moov.mp4", "avc1", "video:25:0.96 x264 -moov_size 20000"),
    case("empty_moov.mp4", "avc1", "-i source.mp4 -c copy -movflags frag_keyframe+empty_moov"),
    case("base-moof.mp4", "avc1", "-i source-sound.mp4 -c copy -movflags frag_keyframe+empty_moov+default_base_moof"),
    case("frame-fragments.mp4", "avc1", "-i source.mp4 -c copy -movflags frag_every_frame+empty_moov+default_base_moof"),
    case("frame-fragments-sound.mov", "avc1", "-i source-sound.mp4 -c copy -movflags frag_every_frame+empty_moov"),
    case("delay_moov.mp4", "avc1", "-i source-sound.mp4 -c copy -movflags frag_keyframe+delay_moov+separate_moof"),
    case("no-offset_moov.mp4", "avc1", "-i source-sound.mp4 -c copy -movflags frag_keyframe+empty_moov+omit_tfhd_offset"),
    case("part-fragments.mp4", "avc1", "-i source-sound.mp4 -c copy -movflags frag_keyframe"),
    case("dash_moov.mp4", "avc1", "-i source.mp4 -c copy -movflags dash+global_sidx+empty_moov"),
    case("cmaf_moov.mp4", "avc1", "-i source.mp4 -c copy -movflags cmaf+delay_moov"),
    case("trimmed_moov.mp4", "avc1", "-ss 0.5 -i source.mp4 -c copy -movflags frag_keyframe+empty_moov"),
    case("negative_moov.mp4", "avc1", "-i source.mp4 -c copy -movflags frag_keyframe+empty_moov+negative_cts_offsets"),
    // Shapes of pixels, and pictures beside the movie.
    case("anamorphic.mp4", "avc1", "video:25:0.4 -vf setsar=4/3 x264"),
    case("anamorphic.mov", "avc1", "video:25:0.4 -vf setsar=8/9 x264"),
    case("anamorphic.mkv", "V_MPEG4/ISO/AVC", "video:25:0.4 -vf setsar=4/3 x264"),
    case("cover.mp4", "avc1", "video:25:0.4 video:1:1 -map 0 -map 1 -c:v:0 libx264 -c:v:1 mjpeg -disposition:v:1 attached_pic"),
    second("still-first.mov", "avc1", "video:25:0.4 video:1:1 -map 1 -map 0 -c:v:0 mjpeg -c:v:1 libx264 -pix_fmt yuv420p"),
    // Other codecs.
    case("hevc.mp4", "hvc1", "video:25:0.96 -c:v libx265 -x265-params log-level=none:pools=1 -preset ultrafast -tag:v hvc1"),
    case("hevc.mkv", "V_MPEGH/ISO/HEVC", "video:25:0.96 -c:v libx265 -x265-params log-level=none:pools=1 -preset ultrafast"),
    case("prores.mov", "apcn", "video:25:0.4 -c:v prores_ks -profile:v 2"),
    case("prores-4444.mov", "ap4h", "video:24:0.5 sound:1 -c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le -c:a pcm_s24le"),
    case("dnxhr.mov", "AVdh", "video:24:0.2 -vf scale=256:128 -c:v dnxhd -profile:v dnxhr_lb -pix_fmt yuv422p"),
    case("mpeg4.mp4", "mp4v", "video:25:0.96 -c:v mpeg4 -bf 2"),
    case("mpeg4.mov", "mp4v", "video:25:0.96 -c:v mpeg4"),
    case("mpeg2.mp4", "mp4v", "video:25:0.96 -c:v mpeg2video -bf 2"),
    case("mpeg2.mov", "m2v1", "video:25:0.96 -c:v mpeg2video"),
    case("mjpeg.mov", "jpeg", "video:25:0.96 -c:v mjpeg -pix_fmt yuvj420p"),
    case("animation.mov", "rle", "video:25:0.4 -c:v qtrle"),
    case("png.mov", "png", "video:25:0.4 -c:v png"),
    case("raw.mov", "2vuy", "video:25:0.2 -c:v rawvideo -pix_fmt uyvy422"),
    case("av1.mp4", "av01", "video:25:0.96 -c:v libaom-av1 -cpu-used 8"),
    case("av1.webm", "V_AV1", "video:25:0.96 -c:v libaom-av1 -cpu-used 8"),
    case("vp9.mp4", "vp09", "video:25:0.96 -c:v libvpx-vp9 -deadline realtime -cpu-used 8"),
    case("vp9.mkv", "V_VP9", "video:30000/1001:1 -c:v libvpx-vp9 -deadline realtime -cpu-used 8"),
    case("vp8.webm", "V_VP8", "video:25:0.96 sound:1 -c:v libvpx -c:a libvorbis"),
    case("ffv1.mkv", "FFV1", "video:24:0.5 -c:v ffv1"),
    case("h264.mkv", "V_MPEG4/ISO/AVC", "video:24000/1001:1 sound:1 x264 -c:a aac"),
    case("mjpeg.mkv", "V_MJPEG", "video:25:0.4 -c:v mjpeg -pix_fmt yuvj420p"),
    // How Matroska is written.
    case("live.webm", "V_VP9", "-i source.webm -c copy -live 1"),
    case("live-clusters.webm", "V_VP9", "video:25:2 sound:2 -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 5 -c:a libopus -live 1 -cluster_time_limit 200"),
    case("clusters.mkv", "V_MPEG4/ISO/AVC", "-i source-sound.mp4 -c copy -cluster_time_limit 100"),
    case("cues-first.mkv", "V_MPEG4/ISO/AVC", "-i source-sound.mp4 -c copy -reserve_index_space 2000"),
];
