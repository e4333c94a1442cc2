//! Portraits of assets: the asset itself, before a soft background.

use super::{
    Picture,
    canvas::Paint,
    color::{WHITE, color},
    path::Place,
    scene,
    stage::{Pose, Stage, Tone, frame, glows},
};

/// Pixels of a portrait: the shape of the page's thumbnails, at twice their size.
const SIZE: (u16, u16) = (300, 200);

/// In which light a set is at its best: the shot whose mood it has, and what that tells.
const SETS: [(&str, &str, &str); 15] = [
    ("set-jetty", "shot-010", ""),
    ("set-tower", "shot-030", "calm"),
    ("set-stairwell", "shot-020", "straight up"),
    ("set-lamp-room", "shot-030", ""),
    ("set-gallery", "shot-080", "Evening"),
    ("set-kitchen", "shot-040", ""),
    ("set-open-sea", "shot-050", ""),
    ("set-reef", "shot-070", ""),
    ("set-dawn-sky", "shot-080", ""),
    ("set-depot", "shot-e01-010", ""),
    ("set-market-street", "shot-e01-020", ""),
    ("set-clock-tower", "shot-e01-030", ""),
    ("set-ridge-line", "shot-e02-020", ""),
    ("set-frozen-points", "shot-e02-020", ""),
    ("set-night-city", "shot-e02-030", "whole city"),
];

/// Backgrounds by day.
const BACKS: [u32; 7] = [0x5b_8a_a6, 0xd9_9a_5b, 0x7a_a0_7e, 0xb9_7b_8c, 0x8b_82_b8, 0xc9_b0_6a, 0x4f_7d_8c];

/// Backgrounds for what gives light.
const DARK: [u32; 3] = [0x2c_34_5c, 0x33_2c_50, 0x24_3c_52];

/// Paints an asset, by its id.
pub(super) fn paint(id: &str) -> Picture {
    match SETS.iter().find(|(set, ..)| *set == id) {
        Some((set, shot, description)) => scene::portrait(set, shot, description, SIZE),
        None => motif(id),
    }
}

/// Whether there is more to paint of an asset than a background.
#[cfg(test)]
pub(super) fn is_known(id: &str) -> bool {
    SETS.iter().any(|(set, ..)| *set == id) || frame(id.strip_prefix("fx-").unwrap_or(id)).is_some()
}

/// Paints what has a motif; only the background if there is none.
fn motif(id: &str) -> Picture {
    let mut stage = Stage::new(SIZE.0, SIZE.1, id);
    let name = id.strip_prefix("fx-").unwrap_or(id);
    let hue = if glows(name) { stage.chance.one_of(DARK) } else { stage.chance.one_of(BACKS) };
    let back = color(hue);
    stage.flood(&Paint::fade(back.mix(WHITE, 0.25), back.times(0.62)));
    stage.oval((0.0, -2.0), (44.0, 44.0), &Paint::fade(back.mix(WHITE, 0.42), back.mix(WHITE, 0.1)).opacity(0.6));
    stage.oval((0.0, 42.0), (40.0, 4.6), &Paint::flat(back.times(0.4)).opacity(0.5));
    let Some(frame) = frame(name) else { return stage.finish(WHITE) };
    let scale = 43.0 / frame.radius;
    let place = Place::new((-frame.at.0 * scale, -frame.at.1 * scale), scale);
    let tone = Tone { rim: Some((back.mix(WHITE, 0.75), 1.0)), ..Tone::CLEAR };
    stage.figure(name, place, &tone, Pose::Rest);
    stage.finish(WHITE)
}
