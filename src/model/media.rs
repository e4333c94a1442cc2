//! What is known of a picture or a movie that belongs to an entity. The bytes are in the media store, under their hashes.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use utoipa::{
    ToSchema,
    openapi::{ObjectBuilder, Ref, RefOr, Schema, schema::OneOfBuilder, schema::SchemaType, schema::Type},
};

use super::{
    Entity, Kind,
    fault::{At, Findings},
    field::Field,
};

/// The SHA-256 (FIPS 180-4) of the bytes of a file, written as 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sha256([u8; 32]);

/// Why a text is no [`Sha256`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 has 64 hexadecimal digits")]
pub struct InvalidSha256;

impl Sha256 {
    /// The hash with these bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Its first 16 digits: enough to tell the files of one owner apart, and short enough for a name.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string()[..16].to_owned()
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Sha256 {
    type Err = InvalidSha256;

    fn from_str(text: &str) -> Result<Self, InvalidSha256> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(InvalidSha256);
        }
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| InvalidSha256)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| InvalidSha256)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Sha256 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha256 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for Sha256 {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).pattern(Some("^[0-9a-f]{64}$")).into()
    }
}

impl ToSchema for Sha256 {}

/// How far into a frame of the movie the page is led, in frames: a tree says of a movie that it begins so much earlier.
///
/// By itself the page goes to the very moment at which a frame begins. A browser cuts that off to whole microseconds, and
/// then shows the frame before: at 24 frames per second, for every third frame. The page rounds, and counts as it did.
pub const INTO_THE_FRAME: f64 = 0.25;

/// The picture of a shot, an asset, a project or a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Thumbnail)]
pub struct Picture {
    /// Hash of the original, as it was sent.
    pub sha256: Sha256,
    /// Size of the original in bytes.
    pub size: u64,
    /// Media type of the original, by its content.
    pub r#type: String,
    /// Width of the original in pixels, as it is to be looked at.
    pub width: u32,
    /// Height of the original in pixels, as it is to be looked at.
    pub height: u32,
    /// Hash of the PNG in the tree, which has the size that the page needs.
    pub shown: Sha256,
    /// Where it was fetched from; absent if it was uploaded.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(required = false)]
    pub source: Option<String>,
}

/// The movie of an edit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Movie {
    /// Hash of the file, as it was sent.
    pub sha256: Sha256,
    /// Size of the file in bytes, as it was sent.
    pub size: u64,
    /// Media type under which it is served.
    pub r#type: String,
    /// The codec of the video track: the four letters of MP4, or the codec id of Matroska.
    pub codec: String,
    /// Width in pixels, as it is to be looked at.
    pub width: u32,
    /// Height in pixels, as it is to be looked at.
    pub height: u32,
    /// The number of frames that are shown.
    pub frames: u64,
    /// Frames per second, on average.
    pub fps: f64,
    /// How long it is shown, in seconds.
    pub seconds: f64,
    /// Whether every browser plays it; HEVC, for one, needs a decoder of the system.
    pub plays_everywhere: bool,
    /// Hash of the file in the tree: the same movie, with its index in front, so that it plays while it arrives.
    pub shown: Sha256,
    /// Where it was fetched from; absent if it was uploaded.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(required = false)]
    pub source: Option<String>,
}

impl Movie {
    /// The ending of the name of its file.
    #[must_use]
    pub fn extension(&self) -> &'static str {
        if self.r#type == "video/webm" { "webm" } else { "mp4" }
    }

    /// The number of frames that it takes on a timeline of so many frames per second.
    ///
    /// Its own number of frames, if the rates agree to a thousandth; else as many as fit into its time, since the page
    /// moves on the timeline by time.
    #[must_use]
    pub fn frames_at(&self, fps: f64) -> i64 {
        let own = i64::try_from(self.frames).unwrap_or(i64::MAX);
        if self.runs_at(fps) { own } else { super::number::whole((self.seconds * fps).round()).unwrap_or(own) }
    }

    /// Whether it runs at this rate, to a thousandth.
    #[must_use]
    pub fn runs_at(&self, fps: f64) -> bool {
        (self.fps - fps).abs() <= fps / 1000.0
    }
}

/// A picture or a movie, as the kinds of entities have them.
pub trait Medium: Clone + PartialEq + Serialize {
    /// The name of its schema in the API's document.
    const SCHEMA: &'static str;
    /// Where it was fetched from; `None` if it was uploaded.
    fn source(&self) -> Option<&str>;
}

impl Medium for Picture {
    const SCHEMA: &'static str = "Thumbnail";

    fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }
}

impl Medium for Movie {
    const SCHEMA: &'static str = "Movie";

    fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }
}

/// The medium of an entity, if it has one. It has an address of its own, and is written nowhere else: as part of the
/// entity it is only read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attached<T>(pub Option<Box<T>>);

impl<T> Default for Attached<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Attached<T> {
    /// The medium, if there is one.
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        self.0.as_deref()
    }
}

impl<T: Medium> Field for Attached<T> {
    /// Never called: what is sent of it is passed over.
    fn read(_: Value, at: At<'_>, findings: &mut Findings) -> Option<Self> {
        findings.fault(at, "this is only read; upload the file to its own address");
        None
    }

    fn schema() -> RefOr<Schema> {
        let null = ObjectBuilder::new().schema_type(SchemaType::Type(Type::Null));
        OneOfBuilder::new().item(Ref::from_schema_name(T::SCHEMA)).item(null).into()
    }
}

/// What an upload or a download gives to an entity, or (`None`) takes from it.
#[derive(Debug, Clone, PartialEq)]
pub enum Attachment {
    /// The picture of a shot, an asset, a project or a person.
    Thumbnail(Option<Picture>),
    /// The movie of an edit.
    Movie(Option<Movie>),
}

impl Attachment {
    /// What takes the medium from an entity of a kind.
    #[must_use]
    pub fn none_of(kind: Kind) -> Self {
        if kind == Kind::Edit { Self::Movie(None) } else { Self::Thumbnail(None) }
    }

    /// Whether this takes the medium away.
    #[must_use]
    pub fn is_none(&self) -> bool {
        matches!(self, Self::Thumbnail(None) | Self::Movie(None))
    }

    /// Where it was fetched from; `None` if it was uploaded.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        match self {
            Self::Thumbnail(picture) => picture.as_ref()?.source(),
            Self::Movie(movie) => movie.as_ref()?.source(),
        }
    }
}

/// The medium of an entity, of whichever sort, by its hashes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Files<'a> {
    /// The file as it was sent.
    pub sent: Sha256,
    /// The file in the tree.
    pub shown: Sha256,
    /// Media type of the file as it was sent.
    pub r#type: &'a str,
    /// Where it was fetched from; `None` if it was uploaded.
    pub source: Option<&'a str>,
}

impl Entity {
    /// The files of the entity's medium, if it has one.
    #[must_use]
    pub fn media(&self) -> Option<Files<'_>> {
        let picture = match self {
            Self::Shot(shot) => &shot.thumbnail,
            Self::Asset(asset) => &asset.thumbnail,
            Self::Project(project) => &project.thumbnail,
            Self::User(user) => &user.thumbnail,
            Self::Edit(edit) => {
                let movie = edit.movie.get()?;
                let (sent, shown, source) = (movie.sha256, movie.shown, movie.source());
                return Some(Files { sent, shown, r#type: &movie.r#type, source });
            }
            _ => return None,
        };
        let picture = picture.get()?;
        Some(Files { sent: picture.sha256, shown: picture.shown, r#type: &picture.r#type, source: picture.source() })
    }

    /// The files of the media store that its medium needs: of a movie that was rewritten, what was sent is not kept.
    pub fn needed_files(&self) -> impl Iterator<Item = Sha256> {
        let is_movie = matches!(self, Self::Edit(_));
        let files = self.media().into_iter();
        let needed = move |files: Files<'_>| {
            let original = Some(files.sent).filter(|sent| !is_movie && *sent != files.shown);
            [Some(files.shown), original]
        };
        files.flat_map(needed).flatten()
    }

    /// The path or URL that was sent for the entity's medium.
    #[must_use]
    pub fn media_url(&self) -> Option<&str> {
        match self {
            Self::Shot(shot) => shot.thumbnail_url.as_deref(),
            Self::Asset(asset) => asset.thumbnail_url.as_deref(),
            Self::Project(project) => project.thumbnail_url.as_deref(),
            Self::User(user) => user.thumbnail_url.as_deref(),
            Self::Edit(edit) => edit.source_name.as_deref(),
            _ => None,
        }
    }

    /// Gives the entity a medium, or takes it away; what does not go with its kind does nothing.
    pub fn attach(&mut self, attachment: Attachment) {
        match (self, attachment) {
            (Self::Shot(shot), Attachment::Thumbnail(picture)) => shot.thumbnail = Attached(picture.map(Box::new)),
            (Self::Asset(asset), Attachment::Thumbnail(picture)) => asset.thumbnail = Attached(picture.map(Box::new)),
            (Self::Project(project), Attachment::Thumbnail(picture)) => {
                project.thumbnail = Attached(picture.map(Box::new));
            }
            (Self::User(user), Attachment::Thumbnail(picture)) => user.thumbnail = Attached(picture.map(Box::new)),
            (Self::Edit(edit), Attachment::Movie(movie)) => edit.movie = Attached(movie.map(Box::new)),
            _ => {}
        }
    }

    /// Lets go of what was fetched from a URL that is not the entity's any more. Is there another URL, the old stays
    /// until the new has come.
    pub fn settle_media(&mut self) {
        let was_fetched = self.media().is_some_and(|files| files.source.is_some());
        if was_fetched && !self.media_url().is_some_and(is_remote) {
            self.attach(Attachment::none_of(self.kind()));
        }
    }
}

impl Kind {
    /// The kinds that have a picture or a movie.
    pub const WITH_MEDIA: &[Kind] = &[Kind::User, Kind::Project, Kind::Shot, Kind::Asset, Kind::Edit];

    /// The name under which the medium of this kind is known: in the entity, and in its address.
    #[must_use]
    pub fn medium(self) -> &'static str {
        if self == Kind::Edit { "movie" } else { "thumbnail" }
    }
}

/// What is done about a file that is on another server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It is downloaded, and asked for again from time to time.
    #[default]
    Copy,
    /// The tree holds a path of ours, under which it is passed on from there.
    Proxy,
    /// Its URL stays in the tree as it came; the page cannot show it.
    Keep,
}

/// How far a file of another server has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetching {
    /// Its host is not configured: nothing is fetched from there, and the URL stays as it came.
    Unconfigured,
    /// Its host is configured to be left alone.
    Kept,
    /// It is there, or on its way, or passed on when the page asks for it.
    Fine,
    /// It could not be fetched, and why.
    Failed(String),
}

/// The host of a URL, with its port if it names one: what the configuration calls it.
#[must_use]
pub fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// The lines of the configuration that would have the files of a host shown.
#[must_use]
pub fn lines_for(host: &str) -> String {
    format!("[[media-host]]\nhost = \"{host}\"\nmode = \"copy\"")
}

/// Whether a path is a URL of another server.
#[must_use]
pub fn is_remote(path: &str) -> bool {
    path.contains("://")
}
