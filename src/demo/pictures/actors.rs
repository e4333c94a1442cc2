//! Who and what is in a shot, and where in the frame.

use super::{
    color::WHITE,
    mood::Mood,
    number::coordinate,
    path::{Place, Point},
    sets::{city, nature},
    stage::{Pose, Stage, Tone, face, frame, top},
    staging::{Size, Staging},
};

/// Things that a figure holds, and how large they are beside it.
const HELD: [(&str, f32, Pose); 9] = [
    ("prop-telegram", 0.55, Pose::Reach),
    ("prop-oil-lantern", 0.8, Pose::Hold),
    ("prop-logbook", 0.52, Pose::Hold),
    ("prop-hammer", 0.8, Pose::Raise),
    ("prop-ticket-punch", 0.6, Pose::Reach),
    ("prop-snow-shovel", 0.85, Pose::Hold),
    ("prop-electric-lamp", 0.55, Pose::Hold),
    ("prop-teapot", 0.5, Pose::Hold),
    ("prop-suitcase", 0.8, Pose::Rest),
];

/// Places everything.
pub(super) fn place(stage: &mut Stage, staging: &Staging, mood: &Mood) {
    match staging.size {
        Size::Insert => insert(stage, staging, mood),
        Size::Wide => wide(stage, staging, mood),
        Size::Medium => medium(stage, staging, mood),
        Size::Close => close(stage, staging, mood),
    }
}

/// Where most happens in the frame.
pub(super) fn middle(staging: &Staging) -> Point {
    match staging.size {
        Size::Wide => (side(staging) * 16.0, 20.0),
        Size::Insert => (4.0, -10.0),
        _ => (side(staging) * 20.0, 6.0),
    }
}

/// Where sparks fly: at the wheels, or at the wire.
pub(super) fn wheel(staging: &Staging) -> Point {
    match staging.size {
        Size::Wide => (side(staging) * -22.0, 34.0),
        _ => (side(staging) * 20.0, 42.0),
    }
}

/// Where water breaks: at the bow of a boat, or beside whoever sails it.
pub(super) fn bow(staging: &Staging) -> Point {
    match staging.size {
        Size::Wide => (side(staging) * -13.0, 27.0),
        _ => (side(staging) * 46.0, 46.0),
    }
}

/// -1 or 1.
fn side(staging: &Staging) -> f32 {
    if staging.mirrored { -1.0 } else { 1.0 }
}

/// How figures look in the light of the scene.
fn tone(staging: &Staging, mood: &Mood) -> Tone {
    let from = mood.sun.map_or(side(staging), |sun| if sun.0 < 0.0 { -1.0 } else { 1.0 });
    let hazy = if staging.size == Size::Wide { 0.1 } else { 0.0 };
    Tone { haze: mood.sky[2].mix(mood.land[1], 0.5), hazy, rim: Some((mood.key.mix(WHITE, 0.2), from)) }
}

/// Which drawing shows an asset in this shot.
fn look<'a>(staging: &Staging, id: &'a str) -> &'a str {
    match id {
        "char-tram-nine" if staging.tells("sleep") => "tram-asleep",
        "char-petrel" if staging.tells("thrown") || staging.tells("evening") => "petrel-flying",
        "prop-electric-lamp" if staging.tells("dark") => "lamp-out",
        "prop-great-lens" if ["lantern goes", "no clockwork", "takes the clockwork", "asleep"].iter().any(|word| staging.tells(word)) => "lens-dark",
        _ => id,
    }
}

/// One thing fills the frame.
fn insert(stage: &mut Stage, staging: &Staging, mood: &Mood) {
    let clear = Tone { rim: Some((mood.key, side(staging))), ..tone(staging, mood) };
    let shown = staging.props.iter().chain(&staging.figures).find(|id| !staging.shot.description.starts_with("Insert") || !id.starts_with("char-"));
    let Some(id) = shown.map(|id| look(staging, id)) else { return };
    let Some(circle) = frame(id) else { return };
    if id == "prop-paper-lanterns" {
        city::lanterns(stage, -26.0, 1.5);
        return;
    }
    let scale = 44.0 / circle.radius;
    let at = (-circle.at.0 * scale + side(staging) * 8.0, -circle.at.1 * scale);
    stage.figure(id, Place::new(at, scale).turned(side(staging) * -5.0), &clear, Pose::Rest);
}

/// Figures are small.
fn wide(stage: &mut Stage, staging: &Staging, mood: &Mood) {
    let tone = tone(staging, mood);
    let s = side(staging);
    if staging.has("prop-mailboat") {
        let at = (s * -26.0, 24.0);
        crew(stage, staging, at, 0.3, &tone);
        stage.figure("prop-mailboat", Place::new(at, 0.62).mirrored(s > 0.0).turned(-3.0), &tone, Pose::Rest);
        return;
    }
    if staging.has("prop-skiff") {
        skiff(stage, staging, (s * -34.0, 24.0), 0.46, &tone);
        return;
    }
    if staging.has("char-tram-nine") {
        wide_tram(stage, staging, &tone);
        return;
    }
    if staging.set == "set-stairwell" {
        climbers(stage, staging, &tone);
        return;
    }
    let ground = if staging.set == "set-gallery" { 54.0 } else { 42.0 };
    let scale = if staging.set == "set-gallery" { 0.72 } else { 0.46 };
    for (n, id) in staging.figures.iter().enumerate() {
        let x = s * (-30.0 + 34.0 * coordinate(n));
        let flies = look(staging, id) == "petrel-flying";
        let at = if flies { (s * 50.0, -18.0) } else { (x, ground) };
        let place = Place::new(at, scale).mirrored(n % 2 == 1);
        actor(stage, staging, id, place, &tone, n == 0);
    }
    if staging.has("prop-paper-lanterns") {
        city::lanterns(stage, -30.0, 0.8);
    }
}

/// Whoever is on board, small, seen above the edge of a boat.
fn crew(stage: &mut Stage, staging: &Staging, at: Point, scale: f32, tone: &Tone) {
    for (n, id) in staging.figures.iter().enumerate() {
        let pose = if staging.tells("waves") { Pose::Raise } else { Pose::Rest };
        let place = Place::new((at.0 + 14.0 + 12.0 * coordinate(n), at.1 - 9.0), scale);
        stage.figure(id, place.mirrored(n == 0), tone, pose);
    }
}

/// The skiff with Tam in it, heeling.
fn skiff(stage: &mut Stage, staging: &Staging, at: Point, scale: f32, tone: &Tone) {
    let heel = stage.chance.between(-11.0, 11.0);
    let mirrored = staging.mirrored;
    let seat = Place::new((at.0 - side(staging) * 9.0, at.1 - 3.0), scale * 0.74).mirrored(mirrored).turned(heel);
    for id in staging.figures.iter().filter(|id| **id == "char-tam") {
        stage.figure(id, seat, tone, Pose::Reach);
    }
    stage.figure("prop-skiff", Place::new(at, scale).mirrored(mirrored).turned(heel), tone, Pose::Rest);
}

/// The tram, from its side.
fn wide_tram(stage: &mut Stage, staging: &Staging, tone: &Tone) {
    let s = side(staging);
    let (at, scale, angle) = match staging.set {
        "set-ridge-line" => ((-6.0 * s, 9.5), 0.24, 0.0),
        "set-clock-tower" if staging.tells("round and round") => ((-4.0, 33.0), 0.52, -12.0),
        "set-clock-tower" => ((-34.0, 34.0), 0.6, 8.0),
        "set-night-city" => ((-8.0 * s, 44.0), 0.72, 4.0),
        "set-market-street" => ((-10.0 * s, 44.0), 0.7, if staging.tells("rails end") { -9.0 } else { 2.0 }),
        _ => ((-10.0 * s, 40.0), 0.74, 0.0),
    };
    let hare = staging.tells("hare runs ahead");
    let roof = (at.0, at.1 - 61.0 * scale);
    for (n, id) in staging.figures.iter().filter(|id| **id != "char-tram-nine" && !(hare && **id == "char-snow-hare")).enumerate() {
        let x = roof.0 + (coordinate(n) * 26.0 - 34.0) * scale;
        stage.figure(id, Place::new((x, roof.1 + 7.0 * scale), scale * 0.62), tone, if n == 0 { Pose::Raise } else { Pose::Rest });
    }
    stage.figure("tram-side", Place::new(at, scale).turned(angle), tone, Pose::Rest);
    if hare {
        stage.figure("char-snow-hare", Place::new((at.0 + 54.0, at.1 + 14.0), 0.3), tone, Pose::Rest);
    }
    for id in &staging.props {
        match *id {
            "prop-paper-lanterns" => city::lanterns(stage, -34.0, 0.7),
            "prop-market-cart" => drop(stage.figure(id, Place::new((side(staging) * 56.0, 50.0), 0.62), tone, Pose::Rest)),
            _ => {}
        }
    }
}

/// Figures on the stairs: one light climbs, the others follow.
fn climbers(stage: &mut Stage, staging: &Staging, tone: &Tone) {
    for (n, id) in staging.figures.iter().enumerate() {
        let (x, y) = [(34.0, 12.0), (-38.0, 34.0), (-70.0, 40.0)][n.min(2)];
        actor(stage, staging, id, Place::new((x, y + 10.0), 0.42).mirrored(n == 1 && staging.figures.len() > 1), tone, n == 0);
    }
}

/// Figures are seen to their hips.
fn medium(stage: &mut Stage, staging: &Staging, mood: &Mood) {
    let tone = tone(staging, mood);
    vehicles(stage, staging, &tone);
    standing(stage, staging, &tone, true);
    if staging.tells("shadow") {
        let shade = Tone { haze: mood.land[1], hazy: 0.8, rim: None };
        stage.figure("char-edda", Place::new((side(staging) * -74.0, 112.0), 1.62), &shade, Pose::Rest);
    }
    let people: Vec<&str> = staging.figures.iter().copied().filter(|id| *id != "char-tram-nine").collect();
    let animals = ["char-bosun", "char-petrel", "char-pip", "char-snow-hare"];
    let (small, tall): (Vec<&str>, Vec<&str>) = people.into_iter().partition(|id| animals.contains(id));
    if let ([first, second], true) = (tall.as_slice(), staging.over_shoulder) {
        over_shoulder(stage, staging, mood, first, second);
    } else {
        let spread = if tall.len() > 2 { 46.0 } else { 33.0 };
        for (n, id) in tall.iter().enumerate() {
            let x = slot(staging, n, tall.len(), spread);
            let scale = (if tall.len() > 2 { 0.9 } else { 1.0 }) + 0.22 * staging.near;
            let y = (if *id == "char-fisherfolk" { 70.0 } else { 74.0 - 6.0 * coordinate(n % 2) + if staging.tells("sits") { 22.0 } else { 0.0 } }).max(-47.0 - top(id) * scale);
            actor(stage, staging, id, Place::new((x, y), scale).mirrored(x > 1.0), &tone, n == 0);
        }
    }
    standing(stage, staging, &tone, false);
    for (n, id) in small.iter().enumerate() {
        let x = if tall.is_empty() { slot(staging, n, small.len(), 26.0) } else { side(staging) * (44.0 + 20.0 * coordinate(n)) };
        let scale = if tall.is_empty() { 1.1 + 0.4 * staging.near } else { 0.86 };
        let y = if *id == "char-petrel" || *id == "char-pip" { 38.0 } else { 50.0 };
        actor(stage, staging, id, Place::new((x, y), scale).mirrored(x > 0.0), &tone, tall.is_empty());
    }
    if staging.has("prop-skiff") && staging.has("char-tam") && !staging.has("prop-mailboat") {
        stage.figure("skiff-hull", Place::new((slot(staging, 0, 1, 33.0) + 8.0, 58.0), 1.7).turned(-4.0), &tone, Pose::Rest);
    }
}

/// Where one of some figures stands.
fn slot(staging: &Staging, n: usize, count: usize, spread: f32) -> f32 {
    let s = side(staging);
    match count {
        1 => s * (-24.0 - 10.0 * staging.shift),
        2 => s * spread * (2.0 * coordinate(n) - 1.0),
        _ => s * spread * (2.0 * coordinate(n) / coordinate(count - 1) - 1.0) * (1.0 + 0.12 * coordinate(count)),
    }
}

/// One figure from behind, dark and large; the other beyond.
fn over_shoulder(stage: &mut Stage, staging: &Staging, mood: &Mood, near: &str, far: &str) {
    let s = side(staging);
    let bright = tone(staging, mood);
    actor(stage, staging, far, Place::new((s * 24.0, 78.0), 1.16).mirrored(s > 0.0), &bright, true);
    let dark = Tone { haze: mood.land[1].times(0.8), hazy: 0.8, rim: Some((mood.key, s)) };
    stage.figure(near, Place::new((s * -62.0, 158.0), 1.95).mirrored(s < 0.0), &dark, Pose::Rest);
}

/// A figure with what it holds.
fn actor(stage: &mut Stage, staging: &Staging, id: &str, place: Place, tone: &Tone, holds: bool) {
    let id = look(staging, id);
    let sits = staging.set == "set-kitchen" && staging.size == Size::Medium;
    let held = HELD.iter().find(|(prop, ..)| holds && staging.has(prop) && !(sits && *prop == "prop-teapot"));
    let pose = match held {
        Some((_, _, pose)) => *pose,
        None if staging.size != Size::Close && (staging.tells("waves") || staging.tells("throws")) => Pose::Raise,
        None if staging.tells("lean") || staging.tells("pulls") || staging.tells("winds") || staging.tells("digs") => Pose::Reach,
        None => Pose::Rest,
    };
    let placed = stage.figure(id, place, tone, pose);
    if let Some((prop, size, _)) = held {
        let scale = place.scale.1 * size;
        let hang = match *prop {
            "prop-oil-lantern" => 34.0,
            "prop-snow-shovel" => 30.0,
            _ => 6.0,
        } * scale;
        let ahead = if *prop == "prop-snow-shovel" { 16.0 * place.scale.0.signum() * scale } else { 0.0 };
        let prop_place = Place::new((placed.hand.0 + ahead, placed.hand.1 + hang), scale).mirrored(place.scale.0 < 0.0);
        stage.figure(look(staging, prop), prop_place, tone, Pose::Rest);
    }
}

/// Boats and the tram, behind or around the figures.
fn vehicles(stage: &mut Stage, staging: &Staging, tone: &Tone) {
    let s = side(staging);
    if staging.has("prop-mailboat") {
        stage.figure("prop-mailboat", Place::new((s * 50.0, 24.0), 0.72).mirrored(s > 0.0), tone, Pose::Rest);
    }
    if staging.has("char-tram-nine") {
        let alone = staging.figures.len() == 1;
        let (at, scale) = if alone { ((s * 4.0, 54.0), 0.98) } else { ((s * 34.0, 54.0), 0.92) };
        stage.figure(look(staging, "char-tram-nine"), Place::new(at, scale), tone, Pose::Rest);
    }
}

/// Things that stand in the set: large ones behind the figures, small ones in front of them.
fn standing(stage: &mut Stage, staging: &Staging, tone: &Tone, behind: bool) {
    let s = side(staging);
    let table = staging.set == "set-kitchen";
    for id in &staging.props {
        let (at, scale, is_behind) = match *id {
            "prop-great-lens" => ((s * 26.0, 52.0), 0.86, true),
            "prop-clockwork" => ((s * 42.0, 52.0), 1.05, true),
            "prop-fuse-box" => ((s * 26.0, 26.0), 1.05, true),
            "prop-brass-bell" => ((s * 34.0, 24.0), 1.15, true),
            "prop-paper-lanterns" => {
                if behind {
                    city::lanterns(stage, -34.0, 1.0);
                }
                continue;
            }
            "prop-crate" if staging.tells("sits down") => ((slot(staging, 0, 1, 0.0) + s * 6.0, 62.0), 1.3, true),
            "prop-crate" => ((s * 30.0, 54.0), 0.95, false),
            "prop-toolbox" => ((s * 4.0, 52.0), 0.8, false),
            "prop-market-cart" => ((s * 34.0, 56.0), 0.95, false),
            "prop-points-lever" => ((s * 36.0, 50.0), 1.0, false),
            "prop-suitcase" => ((s * 36.0, if table { 38.0 } else { 54.0 }), 0.95, false),
            "prop-teapot" if table => ((s * 4.0, 40.0), 0.7, false),
            _ => continue,
        };
        if is_behind == behind {
            stage.figure(look(staging, id), Place::new(at, scale), tone, Pose::Rest);
        }
    }
    if behind && staging.has("fx-beam") && staging.has("prop-great-lens") {
        nature::beam(stage, &super::mood::of_shot(staging.shot.id, ""), (s * 26.0, -3.0), 178.0, 26.0, 1.2);
        nature::beam(stage, &super::mood::of_shot(staging.shot.id, ""), (s * 26.0, -3.0), -2.0, 26.0, 1.2);
    }
}

/// A face, or two.
fn close(stage: &mut Stage, staging: &Staging, mood: &Mood) {
    let tone = tone(staging, mood);
    let s = side(staging);
    for id in staging.props.iter().filter(|id| ["prop-great-lens", "prop-fuse-box", "prop-brass-bell"].contains(id)) {
        let scale = if *id == "prop-great-lens" { 1.3 } else { 1.5 };
        let at = (s * 48.0, if *id == "prop-great-lens" { 74.0 } else { 36.0 });
        stage.figure(look(staging, id), Place::new(at, scale), &tone, Pose::Rest);
    }
    let count = staging.figures.len();
    for (n, id) in staging.figures.iter().enumerate() {
        let id = look(staging, id);
        let Some(face) = face(id) else { continue };
        let size = if count > 1 { 27.0 } else { 29.0 + 8.0 * staging.near };
        let scale = size / face.radius;
        let x = if count > 1 { s * 34.0 * (2.0 * coordinate(n) - 1.0) } else { s * (-20.0 - 10.0 * staging.shift) };
        let mirrored = x > 0.0 && id != "char-tram-nine";
        let offset = if mirrored { -face.at.0 } else { face.at.0 };
        let place = Place::new((x - offset * scale, 2.0 - face.at.1 * scale + 6.0 * coordinate(n)), scale);
        actor(stage, staging, id, place.mirrored(mirrored), &tone, false);
    }
    let near = ["prop-electric-lamp", "prop-oil-lantern", "prop-logbook", "prop-crate", "prop-ticket-punch", "prop-paper-lanterns"];
    for id in staging.props.iter().filter(|id| near.contains(id)) {
        if *id == "prop-paper-lanterns" {
            city::lanterns(stage, -36.0, 1.1);
        } else {
            stage.figure(look(staging, id), Place::new((s * 40.0, 52.0), 1.35), &tone, Pose::Rest);
        }
    }
}
