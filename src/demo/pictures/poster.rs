//! Posters: what stands for a whole project.

use super::{
    Picture,
    canvas::Paint,
    color::{WHITE, color},
    letters,
    mood::{self, Mood},
    path::Place,
    sets::{city, lighthouse, nature},
    stage::{Pose, Stage, Tone},
};

/// Pixels of a poster: the shape of the page's thumbnails, at three times their size.
const SIZE: (u16, u16) = (450, 300);

/// Paints the poster of a project: a scene of its story, and its name.
pub(super) fn paint(id: &str, name: &str) -> Picture {
    let mut stage = Stage::new(SIZE.0, SIZE.1, id);
    let mood = match id {
        "film-lighthouse" => film(&mut stage),
        "show-tram-nine" => show(&mut stage),
        _ => plain(&mut stage, id),
    };
    title(&mut stage, name);
    stage.finish(mood.ambient)
}

fn film(stage: &mut Stage) -> Mood {
    let mood = mood::of_shot("shot-080", "Evening");
    let look = lighthouse::Exterior {
        at: (32.0, 44.0),
        scale: 0.52,
        horizon: 22.0,
        rough: false,
        light: 1.1,
        beams: &[-164.0, 16.0],
    };
    lighthouse::tower_exterior(stage, &mood, &look);
    stage.shine();
    nature::gulls(stage, &mood, 5, (-30.0, -4.0));
    let tone = Tone { haze: mood.land[1], hazy: 0.1, rim: Some((mood.key, 1.0)) };
    stage.figure("prop-skiff", Place::new((-38.0, 36.0), 0.42).turned(-5.0), &tone, Pose::Rest);
    mood
}

fn show(stage: &mut Stage) -> Mood {
    let mood = mood::of_shot("shot-e01-030", "");
    city::market_street(stage, &mood);
    stage.shine();
    let tone = Tone { rim: Some((mood.key, -1.0)), ..Tone::CLEAR };
    stage.figure("char-tram-nine", Place::new((16.0, 50.0), 0.66), &tone, Pose::Rest);
    stage.figure("char-juno", Place::new((-42.0, 76.0), 0.92), &tone, Pose::Raise);
    stage.figure("char-pip", Place::new((52.0, 47.0), 0.5).mirrored(true), &tone, Pose::Rest);
    mood
}

/// A sky in a colour of its own, for a project that has no story here.
fn plain(stage: &mut Stage, id: &str) -> Mood {
    let mood = mood::of_shot(id, "Evening");
    nature::sky(stage, &mood, 20.0);
    nature::sea(stage, &mood, 20.0, 0.2);
    mood
}

/// The name, over the upper part.
fn title(stage: &mut Stage, name: &str) {
    let unit = (124.0 / letters::width(name, 1.0).max(1.0)).min(2.2);
    let at = (-letters::width(name, unit) / 2.0, -42.0);
    let shadow = letters::text(name, (at.0 + 0.5, at.1 + 0.7), unit, 0.95);
    stage.paint(&shadow, &Paint::flat(color(0x20_18_30)).opacity(0.55).shining());
    stage.paint(&letters::text(name, at, unit, 0.95), &Paint::fade(WHITE, color(0xff_e9_c4)).shining());
}

/// Light letters before a dark ground.
pub(super) fn label(text: &str, width: u16, height: u16) -> Picture {
    let mut stage = Stage::new(width, height, text);
    stage.flood(&Paint::flat(color(0x1c_1c_20)).shining());
    let unit = 9.0;
    let at = (-letters::width(text, unit) / 2.0, -unit * 3.0);
    stage.paint(&letters::text(text, at, unit, 1.05), &Paint::flat(WHITE).shining());
    stage.finish(WHITE)
}
