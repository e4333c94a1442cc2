//! Sky, sea and rocks.

use std::f32::consts::TAU;

use super::super::{
    canvas::Paint,
    color::{Color, WHITE, color},
    mood::{Air, Mood},
    number::coordinate,
    path::{Path, Point},
    stage::{Stage, Tone},
};

/// How far sets are painted to each side: beyond every frame.
pub(in super::super) const FAR: f32 = 150.0;

/// Sky down to a horizon, with what stands in it.
pub(in super::super) fn sky(stage: &mut Stage, mood: &Mood, horizon: f32) {
    let [top, middle, low] = mood.sky;
    let bend = horizon - 34.0;
    stage.flood(&Paint::flat(top).shining());
    stage.rectangle((-FAR, -70.0), (2.0 * FAR, bend + 70.5), &Paint::fade(top, middle).shining());
    stage.rectangle((-FAR, bend), (2.0 * FAR, horizon + 12.0 - bend), &Paint::fade(middle, low).shining());
    if mood.is_dark() && mood.air == Air::Night {
        stars(stage);
    }
    if let Some(at) = mood.sun {
        let at = (at.0, at.1 + horizon - 6.0);
        stage.mist(at, (62.0, 46.0), mood.key, 0.75);
        stage.oval(at, (7.0, 7.0), &Paint::flat(mood.key.mix(WHITE, 0.5)).shining());
    }
    clouds(stage, mood, horizon);
}

fn stars(stage: &mut Stage) {
    let mut all = Path::default();
    for _ in 0..70 {
        let at = (stage.chance.between(-FAR, FAR), stage.chance.between(-62.0, 8.0));
        let size = stage.chance.between(0.15, 0.5);
        all.add(&Path::dot(at, size));
    }
    stage.paint(&all, &Paint::flat(color(0xdf_e4_ff)).opacity(0.8).shining());
}

fn clouds(stage: &mut Stage, mood: &Mood, horizon: f32) {
    let (count, opacity) = match mood.air {
        Air::Clear => (5, 0.55),
        Air::Foggy => (4, 0.35),
        Air::Stormy => (9, 0.6),
        Air::Night => (4, 0.4),
        Air::Snowy => (6, 0.7),
    };
    for n in 0..count {
        let high = coordinate(n) / coordinate(count);
        let at = (stage.chance.between(-120.0, 120.0), horizon - 8.0 - high * 44.0 - stage.chance.between(0.0, 6.0));
        let size = stage.chance.between(14.0, 26.0) * (0.5 + high);
        let tint = match mood.air {
            Air::Stormy => mood.sky[0].mix(mood.sky[2], 0.12 + 0.2 * high),
            _ => mood.sky[1].mix(mood.key, 0.55 - 0.3 * high),
        };
        cloud(stage, at, size, &Paint::fade(tint.times(1.08), tint.mix(mood.sky[1], 0.7)).opacity(opacity).shining());
    }
}

/// A cloud with a flat base.
pub(in super::super) fn cloud(stage: &mut Stage, (x, y): Point, size: f32, paint: &Paint) {
    let mut outline = vec![(x + size * 1.2, y), (x - size * 1.2, y + size * 0.02)];
    let humps = 5;
    for n in 0..=humps {
        let turn = coordinate(n) / coordinate(humps);
        let bulge = stage.chance.between(0.22, 0.42) * (turn * TAU / 2.0).sin().max(0.25);
        outline.push((x - size * (1.05 - 2.1 * turn), y - size * bulge));
    }
    stage.blob(&outline, paint);
}

/// Sea from a horizon down to below the frame; rough from 0, a mirror, to 1, a storm.
pub(in super::super) fn sea(stage: &mut Stage, mood: &Mood, horizon: f32, rough: f32) {
    let [far, near] = mood.sea;
    stage.rectangle((-FAR, horizon), (2.0 * FAR, 130.0), &Paint::fade(far, near).shining());
    if let Some((x, _)) = mood.sun {
        glitter(stage, mood, x, horizon);
    }
    for n in 1..=7 {
        let close = coordinate(n) / 7.0;
        let y = horizon + (56.0 - horizon) * close * close * 0.95;
        let water = far.mix(near, close.sqrt() * 0.9);
        wave(stage, y, close, rough, water);
    }
}

/// One row of waves.
fn wave(stage: &mut Stage, y: f32, close: f32, rough: f32, water: Color) {
    let length = 7.0 + 30.0 * close;
    let height = (0.35 + 2.6 * rough) * (0.25 + 1.6 * close);
    let start = stage.chance.between(0.0, length);
    let mut outline = vec![(FAR, y + 24.0), (-FAR, y + 24.0)];
    let mut crests = Path::default();
    let mut x = -FAR - start;
    while x < FAR {
        let swell = stage.chance.between(0.5, 1.2) * height;
        let tip = x + length * 0.62;
        outline.extend([
            (x, y),
            (x + length * 0.35, y - swell * 0.5),
            (tip, y - swell),
            (tip + length * 0.12, y - swell * 0.3),
        ]);
        if stage.chance.happens(0.25 + 0.5 * rough) {
            let foam = [
                (tip - length * 0.3, y - swell * 0.72),
                (tip, y - swell * 1.02),
                (tip + length * 0.1, y - swell * 0.45),
            ];
            crests.add(&Path::curve(&foam, (0.25 + 0.45 * close) * (0.6 + rough)));
        }
        x += length;
    }
    outline.push((FAR, y));
    stage.polygon(&outline, &Paint::fade(water.mix(WHITE, 0.1), water.times(0.8)).opacity(0.85).shining());
    stage.paint(&crests, &Paint::flat(water.mix(WHITE, 0.45 + 0.3 * rough)).opacity(0.8).shining());
}

/// The way of light on the water below the sun.
fn glitter(stage: &mut Stage, mood: &Mood, x: f32, horizon: f32) {
    let mut all = Path::default();
    for n in 0..16 {
        let close = coordinate(n) / 16.0;
        let y = horizon + 0.6 + 34.0 * close * close;
        let wide = 3.0 + 9.0 * close;
        let x = x + stage.chance.between(-wide, wide) * 0.5;
        let half = stage.chance.between(0.4, 1.0) * wide;
        all.add(&Path::rectangle((x - half, y), (2.0 * half, 0.5 + 0.7 * close), 0.3));
    }
    stage.paint(&all, &Paint::flat(mood.key).opacity(0.75).shining());
}

/// A coast on the horizon.
pub(in super::super) fn coast(stage: &mut Stage, mood: &Mood, x: f32, wide: f32, y: f32) {
    let mut outline = vec![(x + wide, y + 0.6), (x - wide, y + 0.6)];
    for n in 0..=6 {
        let turn = coordinate(n) / 6.0;
        let high = (turn * TAU / 2.0).sin() * stage.chance.between(0.5, 1.2) * wide * 0.16;
        outline.push((x - wide + 2.0 * wide * turn, y - high));
    }
    let land = mood.land[0].mix(mood.sky[2], 0.35);
    stage.polygon(&outline, &Paint::fade(land, land.mix(mood.sky[2], 0.4)).shining());
}

/// A rock that stands in the water, with foam at its foot.
pub(in super::super) fn rock(stage: &mut Stage, mood: &Mood, (x, y): Point, wide: f32, high: f32, sharp: bool) {
    let lean = stage.chance.between(-0.25, 0.25) * wide;
    let land = mood.land[1];
    let outline = if sharp {
        vec![
            (x - wide, y),
            (x - wide * 0.55, y - high * 0.5),
            (x - wide * 0.3, y - high * 0.46),
            (x + lean, y - high),
            (x + wide * 0.35, y - high * 0.4),
            (x + wide * 0.6, y - high * 0.42),
            (x + wide, y),
        ]
    } else {
        vec![
            (x - wide, y),
            (x - wide * 0.82, y - high * 0.5),
            (x - wide * 0.4, y - high * 0.74),
            (x - wide * 0.3, y - high),
            (x + wide * 0.35, y - high * 0.96),
            (x + wide * 0.5, y - high * 0.62),
            (x + wide * 0.86, y - high * 0.4),
            (x + wide, y),
        ]
    };
    stage.polygon(&outline, &Paint::fade(land.mix(mood.land[0], 0.5), land.times(0.8)).shining());
    let lit = [outline[0], outline[1], outline[2], outline[3], (x - wide * 0.1, y - high * 0.3), (x - wide * 0.3, y)];
    stage.polygon(&lit, &Paint::fade(land.mix(mood.key, 0.34), land.mix(mood.key, 0.06)).opacity(0.75).shining());
    let foam = mood.sea[0].mix(WHITE, 0.6);
    stage.oval((x, y), (wide * 1.12, wide * 0.07 + 0.5), &Paint::flat(foam).opacity(0.75).shining());
    stage.oval(
        (x + wide * 0.1, y + wide * 0.05 + 0.4),
        (wide * 1.05, wide * 0.06 + 0.4),
        &Paint::fade(mood.sea[0].mix(mood.sea[1], 0.5), mood.sea[1]).shining(),
    );
}

/// Gulls, far away.
pub(in super::super) fn gulls(stage: &mut Stage, mood: &Mood, count: usize, (x, y): Point) {
    for _ in 0..count {
        let at = (x + stage.chance.between(-26.0, 26.0), y + stage.chance.between(-9.0, 9.0));
        let size = stage.chance.between(1.2, 2.6);
        let wings = [
            (at.0 - size, at.1 - size * 0.55),
            (at.0 - size * 0.4, at.1 - size * 0.6),
            at,
            (at.0 + size * 0.45, at.1 - size * 0.62),
            (at.0 + size, at.1 - size * 0.4),
        ];
        stage.curve(&wings, 0.45, &Paint::flat(mood.land[1].mix(mood.sky[1], 0.25)).shining());
    }
}

/// The lighthouse on its rock, standing in the water at a point.
pub(in super::super) fn tower(stage: &mut Stage, mood: &Mood, at: Point, scale: f32, shines: bool, tone: &Tone) {
    rock(stage, mood, (at.0, at.1), 34.0 * scale, 18.0 * scale, false);
    let foot = (at.0, at.1 - 15.0 * scale);
    let hut = mood.land[1].mix(mood.land[0], 0.4);
    stage.rectangle(
        (foot.0 + 12.0 * scale, foot.1 - 9.0 * scale),
        (15.0 * scale, 10.0 * scale),
        &Paint::flat(hut.mix(WHITE, 0.35)).shining(),
    );
    let roof = [
        (foot.0 + 10.0 * scale, foot.1 - 9.0 * scale),
        (foot.0 + 19.5 * scale, foot.1 - 16.0 * scale),
        (foot.0 + 29.0 * scale, foot.1 - 9.0 * scale),
    ];
    stage.polygon(&roof, &Paint::flat(hut.times(0.8)).shining());
    stage.prop(if shines { "tower" } else { "tower-dark" }, foot, scale, tone);
}

/// Where the lamp is of a tower that stands at a point.
pub(in super::super) fn lamp_of(at: Point, scale: f32) -> Point {
    (at.0, at.1 - 105.0 * scale)
}

/// A beam of light from a lamp, towards an angle in degrees (0 is right, 90 down), so wide in degrees.
pub(in super::super) fn beam(stage: &mut Stage, mood: &Mood, lamp: Point, angle: f32, wide: f32, strength: f32) {
    for n in 0..9 {
        let half = (wide / 2.0) * (1.0 - 0.105 * coordinate(n));
        let edge = |turn: f32| {
            let (sin, cos) = (angle + turn).to_radians().sin_cos();
            (lamp.0 + cos * 320.0, lamp.1 + sin * 320.0)
        };
        stage.polygon(&[lamp, edge(-half), edge(half)], &Paint::flat(mood.key).opacity(0.075 * strength).shining());
    }
    stage.glow(lamp, (16.0, 16.0), mood.key.mix(WHITE, 0.5), 0.9 * strength);
}
