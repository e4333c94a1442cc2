//! How a shot is staged: what a camera assistant would read from its description and its cast.

use super::{Shot, chance::Chance};

/// How near the camera is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// Figures are small in a large place.
    Wide,
    /// Figures are seen to their hips.
    Medium,
    /// A face.
    Close,
    /// A thing.
    Insert,
}

/// What is decided before anything is painted.
pub(super) struct Staging<'a> {
    /// The description, in small letters.
    told: String,
    pub(super) size: Size,
    pub(super) set: &'a str,
    pub(super) figures: Vec<&'a str>,
    pub(super) props: Vec<&'a str>,
    pub(super) effects: Vec<&'a str>,
    /// Whether left and right are swapped.
    pub(super) mirrored: bool,
    /// Whether the first of two figures is seen from behind.
    pub(super) over_shoulder: bool,
    /// What is left to chance in how figures stand: their places, from -1 to 1, and how near they are, from 0 to 1.
    pub(super) shift: f32,
    pub(super) near: f32,
    /// Where the camera looks in the set, from -1, left, to 1, right.
    pub(super) pan: f32,
}

/// Words of descriptions that ask for a wide shot.
const WIDE: [&str; 31] = [
    "comes out of the fog",
    "small against",
    "straight up",
    "wall of cloud",
    "turns for home",
    "thin and steady",
    "closer than",
    "climbs",
    "no light",
    "in the time of",
    "comes round",
    "teeth light up",
    "between two",
    "calm",
    "boat leaves",
    "hauls",
    "petrel shelters",
    "keeper, cat",
    "through the roof",
    "shower of sparks",
    "everybody jumps",
    "rails end",
    "round and round",
    "over the roofs",
    "far too quiet",
    "out into",
    "long white",
    "runs ahead",
    "lights a lantern",
    "downhill",
    "whole city lit",
];

/// Words of descriptions that ask for a close shot.
const CLOSE: [&str; 23] = [
    "counts",
    "looks up",
    "forgets",
    "sniffs",
    "breath",
    "swears",
    "eats",
    "chewing",
    "explains",
    "become round",
    "headlamps on",
    "not convinced",
    "burns",
    "overtakes",
    "neither waves",
    "green with",
    "whole weight",
    "knits",
    "headlamp opens",
    "new logbook",
    "ten.",
    "looks at pell",
    "bosun lets him",
];

impl<'a> Staging<'a> {
    pub(super) fn of(shot: &'a Shot<'a>) -> Self {
        let mut chance = Chance::of(&format!("{} staging", shot.id));
        let with = |prefix: &str| shot.cast.iter().copied().filter(|id| id.starts_with(prefix)).collect::<Vec<_>>();
        let (figures, props, effects) = (with("char-"), with("prop-"), with("fx-"));
        let set = with("set-").into_iter().find(|set| *set != "set-dawn-sky").unwrap_or("set-dawn-sky");
        let mirrored = chance.happens(0.5);
        let over_shoulder = figures.len() == 2 && chance.happens(0.45) && !shot.description.contains("shadow");
        let [pan, shift] = [chance.between(-1.0, 1.0), chance.between(-1.0, 1.0)];
        let near = chance.between(0.0, 1.0);
        let size = size(shot, &figures, &props, &mut chance);
        Self {
            told: shot.description.to_lowercase(),
            size,
            set,
            figures,
            props,
            effects,
            mirrored,
            over_shoulder,
            shift,
            near,
            pan,
        }
    }

    /// 1, or -1 if left and right are swapped.
    pub(super) fn side(&self) -> f32 {
        if self.mirrored { -1.0 } else { 1.0 }
    }

    /// Whether the description has these words, in any case; they are given in small letters.
    pub(super) fn tells(&self, word: &str) -> bool {
        self.told.contains(word)
    }

    /// Whether an asset is in the shot.
    pub(super) fn has(&self, id: &str) -> bool {
        [&self.figures, &self.props, &self.effects].iter().any(|assets| assets.contains(&id))
    }
}

fn size(shot: &Shot, figures: &[&str], props: &[&str], chance: &mut Chance) -> Size {
    let told = shot.description.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| told.contains(word));
    if told.starts_with("insert")
        || figures.is_empty() && !props.is_empty() && !has(&WIDE) && !props.contains(&"prop-mailboat")
    {
        Size::Insert
    } else if has(&WIDE) || figures.is_empty() {
        Size::Wide
    } else if has(&CLOSE) && figures.len() < 3 || figures.len() == 1 && props.is_empty() && chance.happens(0.5) {
        Size::Close
    } else {
        Size::Medium
    }
}
