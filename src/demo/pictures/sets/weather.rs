//! What is in the air, in front of everything: fog, rain, spray, snow, smoke, steam, sparks.

use super::super::{
    canvas::Paint,
    color::{Color, WHITE, color},
    mood::Mood,
    number::coordinate,
    path::{Path, Point},
    stage::Stage,
};

/// Banks of fog over the water.
pub(in super::super) fn fog(stage: &mut Stage, mood: &Mood, thick: f32) {
    let white = mood.sky[2].mix(WHITE, 0.35);
    for n in 0..6 {
        let at = (stage.chance.between(-110.0, 110.0), -14.0 + coordinate(n) * 7.0);
        let reach = (stage.chance.between(60.0, 110.0), stage.chance.between(9.0, 18.0));
        stage.mist(at, reach, white, 0.75 * thick);
    }
}

/// Slanting rain.
pub(in super::super) fn rain(stage: &mut Stage, mood: &Mood) {
    let slant = stage.chance.between(0.22, 0.5);
    for (count, long, wide, opacity) in [(90, 7.0, 0.28, 0.35), (34, 15.0, 0.42, 0.42)] {
        let mut all = Path::default();
        for _ in 0..count {
            let (x, y) = (stage.chance.between(-130.0, 130.0), stage.chance.between(-60.0, 50.0));
            let end = (x - long * slant, y + long);
            all.add(&Path::polygon(vec![(x, y), (x + wide, y), (end.0 + wide, end.1), end]));
        }
        stage.paint(&all, &Paint::flat(mood.key.mix(WHITE, 0.4)).opacity(opacity).shining());
    }
}

/// Water thrown up around a point.
pub(in super::super) fn spray(stage: &mut Stage, mood: &Mood, (x, y): Point, size: f32) {
    let white = mood.sea[0].mix(WHITE, 0.75);
    let (mut foam, mut drops) = (Path::default(), Path::default());
    for n in 0..26 {
        let out = (coordinate(n) / 12.5 - 1.0) * 1.1;
        let high = (1.0 - out * out * 0.7).max(0.0) * stage.chance.between(0.05, 0.8);
        let radius = size * (0.17 - 0.09 * high) * stage.chance.between(0.5, 1.0);
        foam.add(&Path::oval((x + out * size * (0.5 + 0.4 * high), y - high * size), (radius, radius), 0.0));
    }
    for _ in 0..44 {
        let out = stage.chance.between(-1.2, 1.2);
        let at = (x + out * size, y - stage.chance.between(0.2, 1.4) * size * (1.1 - 0.4 * out.abs()));
        drops.add(&Path::dot(at, stage.chance.between(0.25, 0.8) * (0.5 + size / 60.0)));
    }
    stage.mist((x, y - size * 0.2), (size * 1.3, size * 0.9), white, 0.5);
    stage.paint(&foam, &Paint::fade(white, white.mix(mood.sea[0], 0.35)).opacity(0.8).shining());
    stage.paint(&drops, &Paint::flat(white).opacity(0.9).shining());
}

/// A wave that breaks against something at a point, and climbs it.
pub(in super::super) fn breaker(stage: &mut Stage, mood: &Mood, (x, y): Point, size: f32) {
    let water = mood.sea[0].mix(mood.sea[1], 0.3);
    let crest = [
        (x - 2.1 * size, y + 20.0),
        (x - 1.5 * size, y - 0.1 * size),
        (x - 0.8 * size, y - 0.34 * size),
        (x - 0.3 * size, y - 0.75 * size),
        (x + 0.04 * size, y - 1.16 * size),
        (x + 0.1 * size, y - 0.9 * size),
        (x + 0.16 * size, y - 0.5 * size),
        (x + 0.5 * size, y - 0.12 * size),
        (x + 1.3 * size, y + 20.0),
    ];
    stage.blob(&crest, &Paint::fade(water.mix(WHITE, 0.45), water.times(0.8)).opacity(0.94).shining());
    for n in 0..4 {
        let shift = coordinate(n) * 0.13 * size;
        let line = [
            (x - 1.5 * size + shift, y + 0.1 * size),
            (x - 0.8 * size + shift, y - 0.2 * size),
            (x - 0.28 * size + shift * 0.6, y - 0.56 * size),
            (x + 0.02 * size, y - (1.0 - 0.1 * coordinate(n)) * size),
        ];
        stage.curve(&line, 0.9, &Paint::flat(water.mix(WHITE, 0.6)).opacity(0.6).shining());
    }
    spray(stage, mood, (x + 0.03 * size, y - 0.95 * size), size * 0.4);
    spray(stage, mood, (x + 0.2 * size, y + 2.0), size * 0.34);
}

/// Falling snow, small and far, large and near.
pub(in super::super) fn snow(stage: &mut Stage) {
    for (count, low, high, opacity) in [(110, 0.25, 0.6, 0.75), (34, 0.8, 1.7, 0.6)] {
        let mut all = Path::default();
        for _ in 0..count {
            let at = (stage.chance.between(-100.0, 100.0), stage.chance.between(-52.0, 52.0));
            let radius = stage.chance.between(low, high);
            all.add(&Path::dot(at, radius));
        }
        stage.paint(&all, &Paint::flat(WHITE).opacity(opacity).shining());
    }
}

/// Smoke or steam that rises from a point.
pub(in super::super) fn rising(stage: &mut Stage, (x, y): Point, size: f32, color: Color) {
    for n in 0..6 {
        let up = coordinate(n) / 5.0;
        let sway = (up * 5.0).sin() * size * 0.16 + stage.chance.between(-0.06, 0.06) * size;
        let reach = size * (0.16 + 0.26 * up);
        stage.mist((x + sway, y - up * size), (reach, reach * 0.8), color, 0.95 - 0.5 * up);
    }
}

/// A shower of sparks from a point.
pub(in super::super) fn sparks(stage: &mut Stage, (x, y): Point, size: f32) {
    let mut all = Path::default();
    for n in 0..26 {
        let turn = coordinate(n) * 0.49 + stage.chance.between(-0.2, 0.2);
        let (sin, cos) = turn.sin_cos();
        let from = stage.chance.between(0.12, 0.5) * size;
        let to = from + stage.chance.between(0.1, 0.5) * size;
        let fall = to * to * 0.012;
        all.add(&Path::line(
            &[(x + cos * from, y + sin * from * 0.8), (x + cos * to, y + sin * to * 0.8 + fall)],
            stage.chance.between(0.3, 0.8),
        ));
    }
    stage.paint(&all, &Paint::flat(color(0xff_e2_8a)).shining());
    stage.glow((x, y), (size * 0.9, size * 0.9), color(0xff_c8_70), 0.8);
    stage.glow((x, y), (size * 0.35, size * 0.35), color(0xf4_fb_ff), 1.0);
    stage.light((x, y), size * 2.4, color(0xff_c4_80).times(0.5));
}

/// A flash of lightning.
pub(in super::super) fn lightning(stage: &mut Stage, x: f32) {
    let bolt = [(x, -56.0), (x - 6.0, -38.0), (x + 1.0, -36.0), (x - 8.0, -14.0)];
    stage.glow((x - 3.0, -36.0), (56.0, 40.0), color(0xb8_cc_ff), 0.55);
    stage.line(&bolt, 0.9, &Paint::flat(color(0xf2_f6_ff)).shining());
    stage.line(&[(x + 1.0, -36.0), (x + 8.0, -24.0)], 0.5, &Paint::flat(color(0xf2_f6_ff)).shining());
}
