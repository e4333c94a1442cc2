//! From a shot to its picture: the set, then who and what is in it, then the weather and the light.

use super::{
    Picture, Shot, actors,
    canvas::Paint,
    color::{WHITE, color},
    mood::{self, Air, Mood},
    sets::{city, lighthouse, nature, weather, winter},
    stage::Stage,
    staging::{Size, Staging},
};

/// Pixels across of the picture of a shot.
const WIDTH: u16 = 480;

/// Paints a shot.
pub(super) fn paint(shot: &Shot) -> Picture {
    let staging = Staging::of(shot);
    let mood = mood::of_shot(shot.id, shot.description);
    let ratio = if shot.ratio.is_finite() { shot.ratio.clamp(0.5, 4.0) } else { 16.0 / 9.0 };
    let height = super::number::index(f32::from(WIDTH) / ratio + 0.5);
    let mut stage = Stage::new(WIDTH, u16::try_from(height).unwrap_or(WIDTH), shot.id);
    aim(&mut stage, &staging);
    back(&mut stage, &staging, &mood);
    stage.shine();
    stage.look_at((0.0, 0.0), 1.0, false);
    soften(&mut stage, &staging, &mood);
    gulls(&mut stage, &staging, &mood);
    actors::place(&mut stage, &staging, &mood);
    front(&mut stage, &staging, &mood);
    stage.look_at((0.0, 0.0), 1.0, false);
    lamp(&mut stage, &staging, &mood);
    air(&mut stage, &staging, &mood);
    stage.finish(mood.ambient)
}

/// Lights figures from one side, where it is dark.
fn lamp(stage: &mut Stage, staging: &Staging, mood: &Mood) {
    if mood.is_dark() && staging.size != Size::Wide && staging.set != "set-kitchen" {
        stage.light((staging.side() * 60.0, -26.0), 130.0, mood.key.times(0.42));
    }
}

/// Paints a set alone, as its portrait: a shot of this id that tells this.
pub(super) fn portrait(set: &str, shot: &str, description: &str, size: (u16, u16)) -> Picture {
    let ratio = f32::from(size.0) / f32::from(size.1);
    let shot = Shot { id: shot, name: "", sequence: "", description, cast: vec![set], ratio, frames: 0..0 };
    let (staging, mood) = (Staging::of(&shot), mood::of_shot(shot.id, description));
    let mut stage = Stage::new(size.0, size.1, set);
    back(&mut stage, &staging, &mood);
    front(&mut stage, &staging, &mood);
    stage.finish(mood.ambient)
}

/// Points the camera at a part of the set.
fn aim(stage: &mut Stage, staging: &Staging) {
    let (zoom, reach, y) = match staging.size {
        Size::Wide => (1.0, 6.0, 0.0),
        Size::Medium => (1.35, 30.0, -3.0),
        Size::Close => (2.0, 50.0, -8.0),
        Size::Insert => (2.2, 46.0, 2.0),
    };
    let mirrored = staging.mirrored && staging.size != Size::Wide;
    stage.look_at((staging.pan * reach, y), zoom, mirrored);
}

/// Paints the set.
fn back(stage: &mut Stage, staging: &Staging, mood: &Mood) {
    match staging.set {
        "set-jetty" => lighthouse::jetty(stage, mood, staging.size == Size::Medium),
        "set-tower" => lighthouse::tower_exterior(stage, mood, &exterior(staging, mood)),
        "set-stairwell" if staging.tells("straight up") || staging.tells("in the time of") => {
            lighthouse::stairwell_up(stage, mood);
        }
        "set-stairwell" => lighthouse::stairwell(stage, mood, staging.tells("door")),
        "set-lamp-room" => lighthouse::lamp_room(stage, mood),
        "set-kitchen" => lighthouse::kitchen(stage, mood),
        "set-gallery" => lighthouse::gallery(stage, mood),
        "set-reef" => lighthouse::reef(stage, mood, staging.has("fx-beam")),
        "set-depot" => city::depot(stage, mood, mood.air == Air::Snowy),
        "set-market-street" => city::market_street(stage, mood),
        "set-clock-tower" if staging.tells("gears") || staging.tells("nest") || staging.tells("explains") => {
            city::clockwork(stage, mood);
        }
        "set-clock-tower" => {
            city::clock_tower(stage, mood);
            city::winding_rails(stage, mood);
        }
        "set-ridge-line" => winter::ridge_line(stage, mood),
        "set-frozen-points" => winter::frozen_points(stage, mood),
        "set-night-city" => winter::night_city(
            stage,
            mood,
            if staging.tells("every window") || staging.tells("whole city") { 1.0 } else { 0.45 },
        ),
        _ => open_sea(stage, staging, mood),
    }
}

/// From where the tower is seen in a shot.
fn exterior(staging: &Staging, mood: &Mood) -> lighthouse::Exterior {
    let rough = mood.air == Air::Stormy;
    let base =
        lighthouse::Exterior { at: (46.0, 24.0), scale: 0.56, horizon: 10.0, rough, light: 0.6, beams: &[-172.0, 8.0] };
    if staging.tells("small") {
        return lighthouse::Exterior { at: (-44.0, 33.0), scale: 0.27, horizon: 26.0, beams: &[], ..base };
    }
    if staging.tells("wave") {
        return lighthouse::Exterior {
            at: (18.0, 52.0),
            scale: 0.98,
            horizon: 20.0,
            light: 0.35,
            beams: &[-168.0],
            ..base
        };
    }
    if staging.tells("calm") {
        return lighthouse::Exterior { at: (-42.0, 30.0), scale: 0.54, horizon: 14.0, light: 0.1, beams: &[], ..base };
    }
    if staging.tells("comes round") {
        return lighthouse::Exterior {
            at: (4.0, 46.0),
            scale: 0.78,
            horizon: 22.0,
            light: 1.5,
            beams: &[-160.0, 20.0],
            ..base
        };
    }
    base
}

fn open_sea(stage: &mut Stage, staging: &Staging, mood: &Mood) {
    let horizon = if staging.tells("sky") || staging.tells("cloud") { 16.0 } else { -4.0 };
    let rough = match mood.air {
        Air::Stormy => 0.9,
        Air::Night => 0.6,
        _ => 0.12,
    };
    nature::sky(stage, mood, horizon);
    if staging.tells("cloud") {
        wall_of_cloud(stage, mood, horizon);
    }
    if staging.has("fx-beam") || staging.tells("light") || staging.tells("boat leaves") {
        distant_tower(stage, staging, mood, horizon);
    } else {
        nature::coast(stage, mood, 84.0, 30.0, horizon);
    }
    nature::sea(stage, mood, horizon, rough);
}

/// Clouds that reach from the sea to the top of the sky.
fn wall_of_cloud(stage: &mut Stage, mood: &Mood, horizon: f32) {
    for (x, y, size, shade) in
        [(70.0, 4.0, 120.0, 1.1), (20.0, -2.0, 100.0, 0.9), (104.0, 10.0, 100.0, 0.72), (46.0, 0.5, 84.0, 0.55)]
    {
        let dark = mood.sky[0].times(shade);
        nature::cloud(
            stage,
            (x, horizon + y),
            size,
            &Paint::fade(dark.mix(mood.sky[1], 0.5), dark).opacity(0.95).shining(),
        );
    }
    stage.rectangle((-30.0, horizon - 6.0), (200.0, 10.0), &Paint::flat(mood.sky[0].times(0.55)).shining());
    stage.mist((40.0, horizon), (100.0, 9.0), mood.sky[1], 0.7);
}

/// The tower on the horizon, as seen from the sea.
fn distant_tower(stage: &mut Stage, staging: &Staging, mood: &Mood, horizon: f32) {
    let (at, scale) = ((62.0, horizon + 1.0), 0.24);
    let dark = staging.tells("no light");
    let lamp = nature::lamp_of((at.0, at.1), scale);
    if staging.has("fx-beam") {
        nature::beam(stage, mood, lamp, 164.0, 10.0, 1.2);
        nature::beam(stage, mood, lamp, -166.0, 9.0, 0.9);
    }
    let tone = super::stage::Tone { haze: mood.sky[2], hazy: 0.4, rim: None };
    nature::tower(stage, mood, at, scale, !dark, &tone);
}

/// Puts air between the set and whoever is close to the camera.
fn soften(stage: &mut Stage, staging: &Staging, mood: &Mood) {
    let veil = mood.sky[1].mix(mood.land[0], 0.5);
    match staging.size {
        Size::Wide => {}
        Size::Medium => stage.flood(&Paint::flat(veil).opacity(0.1)),
        Size::Close => stage.flood(&Paint::flat(veil).opacity(0.24)),
        Size::Insert => stage.flood(&Paint::fade(veil, mood.land[1]).opacity(0.55)),
    }
}

/// Gulls, where there are some: outside, in quiet weather.
fn gulls(stage: &mut Stage, staging: &Staging, mood: &Mood) {
    let is_outside = ["set-jetty", "set-tower", "set-gallery", "set-open-sea"].contains(&staging.set);
    if is_outside && !mood.is_dark() && staging.size != Size::Insert && mood.air != Air::Stormy {
        nature::gulls(stage, mood, 6, (staging.pan * 60.0, -30.0));
    }
}

/// Paints what is between the camera and the figures.
fn front(stage: &mut Stage, staging: &Staging, mood: &Mood) {
    match staging.set {
        "set-gallery" if staging.size != Size::Close => lighthouse::railing(stage, mood),
        "set-kitchen" if staging.size == Size::Medium => lighthouse::table(stage),
        "set-reef" if staging.size == Size::Wide => {
            lighthouse::near_rock(stage, mood, if staging.mirrored { -96.0 } else { 98.0 });
        }
        _ => {}
    }
}

/// Paints what is in the air.
fn air(stage: &mut Stage, staging: &Staging, mood: &Mood) {
    let at = actors::middle(staging);
    for effect in &staging.effects {
        match *effect {
            "fx-fog" => weather::fog(stage, mood, if staging.tells("cloud") { 0.3 } else { 0.9 }),
            "fx-rain" => weather::rain(stage, mood),
            "fx-spray" if staging.tells("wave") => weather::breaker(stage, mood, (6.0, 48.0), 76.0),
            "fx-spray" => {
                weather::spray(stage, mood, actors::bow(staging), if staging.size == Size::Wide { 11.0 } else { 24.0 });
            }
            "fx-snowfall" => weather::snow(stage),
            "fx-smoke" => weather::rising(stage, (at.0 + 6.0, at.1 + 8.0), 60.0, color(0x8d_90_a0)),
            "fx-steam" => weather::rising(stage, (staging.pan * 50.0, 40.0), 66.0, WHITE),
            "fx-sparks" => weather::sparks(stage, actors::wheel(staging), 26.0),
            _ => {}
        }
    }
    if mood.air == Air::Stormy && mood.is_dark() && staging.size == Size::Wide && staging.tells("wave") {
        weather::lightning(stage, -58.0);
    }
}
