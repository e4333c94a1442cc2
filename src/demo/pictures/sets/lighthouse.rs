//! The sets of the film: the island, and the rooms of its lighthouse.

use super::super::{
    canvas::Paint,
    color::{WHITE, color},
    mood::Mood,
    number::coordinate,
    path::{Path, Point},
    stage::{Stage, Tone},
};
use super::nature::{FAR, beam, coast, lamp_of, rock, sea, sky, tower};

/// A landing stage of planks, with posts.
pub(in super::super) fn jetty(stage: &mut Stage, mood: &Mood, with_tower: bool) {
    sky(stage, mood, -6.0);
    coast(stage, mood, -96.0, 34.0, -6.0);
    sea(stage, mood, -6.0, 0.12);
    if with_tower {
        let tone = Tone { haze: mood.sky[2], hazy: 0.3, rim: None };
        tower(stage, mood, (84.0, 2.0), 0.5, true, &tone);
    }
    let wood = color(0x8a_6d_58).mix(mood.land[1], 0.35);
    for x in [-88.0, -34.0, 22.0, 78.0] {
        stage.rectangle((x, 8.0), (5.0, 60.0), &Paint::fade(wood.times(0.9), wood.times(0.4)));
        stage.oval((x + 2.5, 8.0), (2.5, 1.0), &Paint::flat(wood.times(1.25)));
    }
    stage.polygon(
        &[(-FAR, 26.0), (FAR, 22.0), (FAR, 90.0), (-FAR, 90.0)],
        &Paint::fade(wood.times(1.2), wood.times(0.7)),
    );
    let mut gaps = Path::default();
    for n in 0..22 {
        let x = -FAR + coordinate(n) * 14.0;
        gaps.add(&Path::line(&[(x, 25.0), (x * 1.7, 70.0)], 0.7));
    }
    gaps.add(&Path::line(&[(-FAR, 28.4), (FAR, 24.4)], 0.8));
    stage.paint(&gaps, &Paint::flat(wood.times(0.5)).opacity(0.7));
    stage.curve(
        &[(-88.0, 12.0), (-58.0, 19.0), (-32.0, 12.0), (-4.0, 18.0), (24.0, 12.0), (52.0, 18.0), (80.0, 12.0)],
        1.1,
        &Paint::flat(color(0xd9_c0_8c).mix(mood.land[1], 0.3)),
    );
}

/// What is seen of the island from the sea: the lighthouse, near or far.
pub(in super::super) fn tower_exterior(stage: &mut Stage, mood: &Mood, look: &Exterior) {
    let rough = if look.rough { 0.85 } else { 0.15 };
    sky(stage, mood, look.horizon);
    coast(stage, mood, -look.at.0 * 1.3, 40.0, look.horizon);
    let lamp = lamp_of((look.at.0, look.at.1 - 15.0 * look.scale), look.scale);
    let lamp = (lamp.0, lamp.1 + 15.0 * look.scale);
    for angle in look.beams {
        beam(stage, mood, lamp, *angle, 11.0 + 3.0 * look.scale, look.light);
    }
    sea(stage, mood, look.horizon, rough);
    let tone =
        Tone { haze: mood.sky[2], hazy: if look.scale < 0.6 { 0.18 } else { 0.05 }, rim: Some((mood.key, -1.0)) };
    tower(stage, mood, look.at, look.scale, look.light > 0.0, &tone);
}

/// From where the lighthouse is seen, and how it shines.
pub(in super::super) struct Exterior {
    pub(in super::super) at: Point,
    pub(in super::super) scale: f32,
    pub(in super::super) horizon: f32,
    pub(in super::super) rough: bool,
    /// Strength of the light; 0 when the lamp is dark.
    pub(in super::super) light: f32,
    /// In degrees; 0 is to the right.
    pub(in super::super) beams: &'static [f32],
}

/// The stairwell from within: steps along a round wall.
pub(in super::super) fn stairwell(stage: &mut Stage, mood: &Mood, with_door: bool) {
    let wall = color(0x8f_8c_a0);
    stage.rectangle((-FAR, -80.0), (2.0 * FAR, 170.0), &Paint::fade(wall.times(0.75), wall.times(1.05)));
    bricks(stage, wall.times(0.72));
    if with_door {
        door(stage, mood);
    } else {
        window(stage, mood, (-78.0, -34.0), (20.0, 34.0));
    }
    let stone = color(0x6a_66_80);
    for n in 0..14 {
        let step = coordinate(n);
        let at = (-130.0 + step * 22.0, 62.0 - step * 9.6);
        stage.polygon(
            &[at, (at.0 + 26.0, at.1), (at.0 + 26.0, at.1 + 90.0), (at.0, at.1 + 90.0)],
            &Paint::fade(stone.times(1.25), stone.times(0.35)),
        );
        stage.rectangle(at, (26.0, 2.2), &Paint::flat(stone.times(1.7)));
    }
    let rope: Vec<Point> = (0..8).map(|n| (-130.0 + coordinate(n) * 40.0, 18.0 - coordinate(n) * 17.0)).collect();
    stage.curve(&rope, 1.6, &Paint::flat(color(0xc9_a8_74)));
}

fn bricks(stage: &mut Stage, paint: super::super::color::Color) {
    let mut all = Path::default();
    for row in 0..13 {
        for column in 0..14 {
            if stage.chance.happens(0.34) {
                let x = -FAR + coordinate(column) * 22.0 + coordinate(row % 2) * 11.0;
                let y = -66.0 + coordinate(row) * 9.0;
                all.add(&Path::rectangle((x, y), (18.0, 6.0), 1.2));
            }
        }
    }
    stage.paint(&all, &Paint::flat(paint).opacity(0.5));
}

fn door(stage: &mut Stage, mood: &Mood) {
    let (x, y) = (46.0, -44.0);
    stage.paint(&Path::rectangle((x - 3.0, y - 3.0), (36.0, 70.0), 14.0), &Paint::flat(color(0x4a_45_5c)));
    stage.paint(&Path::rectangle((x, y), (30.0, 66.0), 12.0), &Paint::fade(color(0x8a_58_3c), color(0x5f_3a_2c)));
    for n in 1..4 {
        stage.line(
            &[(x + coordinate(n) * 7.5, y + 4.0), (x + coordinate(n) * 7.5, y + 62.0)],
            0.6,
            &Paint::flat(color(0x4a_2c_24)),
        );
    }
    stage.rectangle((x, y + 61.0), (30.0, 3.0), &Paint::flat(mood.key.mix(WHITE, 0.4)).shining());
    stage.glow((x + 15.0, y + 62.0), (44.0, 22.0), mood.key, 0.75);
    stage.light((x + 15.0, y + 60.0), 70.0, mood.key.times(0.7));
}

/// A window with the sky outside.
fn window(stage: &mut Stage, mood: &Mood, (x, y): Point, (wide, high): Point) {
    let frame = color(0x4b_3a_3a);
    stage.paint(&Path::rectangle((x - 2.0, y - 2.0), (wide + 4.0, high + 4.0), 2.0), &Paint::flat(frame));
    stage.rectangle((x, y), (wide, high), &Paint::fade(mood.sky[0], mood.sky[2]).shining());
    stage.rectangle((x, y + high * 0.72), (wide, high * 0.28), &Paint::fade(mood.sea[0], mood.sea[1]).shining());
    stage.rectangle((x + wide / 2.0 - 0.6, y), (1.2, high), &Paint::flat(frame));
    stage.rectangle((x, y + high * 0.45), (wide, 1.2), &Paint::flat(frame));
    stage.rectangle((x - 4.0, y + high + 1.0), (wide + 8.0, 2.6), &Paint::flat(frame.times(1.4)));
}

/// The stairwell, seen straight up: rings of steps, and light at the top.
pub(in super::super) fn stairwell_up(stage: &mut Stage, mood: &Mood) {
    let stone = color(0x5a_5c_80);
    stage.flood(&Paint::fade(stone.times(0.55), stone.times(0.35)));
    let mut radius = 150.0;
    for ring in 0..9 {
        let shade = 0.5 + 0.11 * coordinate(ring);
        let center = (6.0 - coordinate(ring) * 0.6, -2.0 - coordinate(ring) * 0.5);
        stage.oval(center, (radius, radius * 0.86), &Paint::fade(stone.times(shade * 1.15), stone.times(shade * 0.8)));
        let mut steps = Path::default();
        for n in 0..12 {
            let turn = (coordinate(n) * 15.0 + coordinate(ring) * 38.0).to_radians();
            let (sin, cos) = turn.sin_cos();
            let inner = radius * 0.8;
            steps.add(&Path::line(
                &[
                    (center.0 + cos * radius, center.1 + sin * radius * 0.86),
                    (center.0 + cos * inner, center.1 + sin * inner * 0.86),
                ],
                radius * 0.014,
            ));
        }
        stage.paint(&steps, &Paint::flat(stone.times(shade * 0.6)).opacity(0.8));
        let hole = radius * 0.8;
        stage.oval(center, (hole, hole * 0.86), &Paint::fade(stone.times(shade * 0.5), stone.times(shade * 0.7)));
        radius *= 0.72;
    }
    stage.oval((0.8, -6.5), (8.0, 7.0), &Paint::flat(mood.key.mix(WHITE, 0.3)).shining());
    stage.glow((0.8, -6.5), (40.0, 36.0), mood.key, 0.6);
    stage.light((0.8, -6.0), 90.0, mood.key.times(0.5));
}

/// The lamp room: glass all round, the sea outside.
pub(in super::super) fn lamp_room(stage: &mut Stage, mood: &Mood) {
    sky(stage, mood, 6.0);
    sea(stage, mood, 6.0, 0.2);
    let iron = mood.land[1].mix(color(0x2b_2f_3c), 0.5);
    let mut frame = Path::default();
    for n in 0..8 {
        let x = -122.0 + coordinate(n) * 35.0;
        frame.add(&Path::line(&[(x, -70.0), (x * 0.985, 40.0)], 2.0));
        frame.add(&Path::line(&[(x, -70.0), (x + 35.0, -14.0)], 0.9));
        frame.add(&Path::line(&[(x + 35.0, -70.0), (x, -14.0)], 0.9));
    }
    frame.add(&Path::line(&[(-FAR, -14.0), (FAR, -14.0)], 1.6));
    stage.paint(&frame, &Paint::flat(iron));
    stage.rectangle((-FAR, -80.0), (2.0 * FAR, 38.0), &Paint::fade(iron.times(0.7), iron.times(1.1)));
    stage.rectangle((-FAR, 26.0), (2.0 * FAR, 8.0), &Paint::fade(iron.times(1.5), iron));
    let floor = color(0x77_55_48).mix(mood.land[1], 0.3);
    stage.rectangle((-FAR, 34.0), (2.0 * FAR, 60.0), &Paint::fade(floor, floor.times(0.5)));
    for n in 0..9 {
        let x = -112.0 + coordinate(n) * 28.0;
        stage.line(&[(x, 34.0), (x * 1.5, 60.0)], 0.6, &Paint::flat(floor.times(0.6)));
    }
}

/// The keeper's kitchen.
pub(in super::super) fn kitchen(stage: &mut Stage, mood: &Mood) {
    let wall = color(0xd2_92_5e);
    stage.rectangle((-FAR, -80.0), (2.0 * FAR, 170.0), &Paint::fade(wall.times(0.72), wall));
    stage.rectangle((-FAR, 14.0), (2.0 * FAR, 80.0), &Paint::fade(color(0x3f_7a_78), color(0x2a_52_58)));
    stage.rectangle((-FAR, 12.0), (2.0 * FAR, 2.6), &Paint::flat(color(0xf0_dd_b8)));
    window(stage, mood, (-74.0, -36.0), (34.0, 36.0));
    stage.rectangle((20.0, -22.0), (74.0, 2.6), &Paint::flat(color(0x7a_4b_36)));
    for (n, hue) in [0xe9_e2_cf, 0xc8_5a_48, 0x4f_8f_8c, 0xe9_e2_cf, 0xe0_a8_48].into_iter().enumerate() {
        let x = 25.0 + coordinate(n) * 13.4;
        let high = 6.0 + coordinate(n * 7 % 5);
        stage.paint(
            &Path::rectangle((x, -22.0 - high), (8.0, high), 1.6),
            &Paint::fade(color(hue), color(hue).times(0.75)),
        );
    }
    for x in [30.0, 52.0, 74.0] {
        stage.line(&[(x, -19.0), (x, -14.0)], 0.7, &Paint::flat(color(0x5a_3a_30)));
        stage.oval((x, -10.0), (4.0, 5.0), &Paint::fade(color(0xd8_dc_d4), color(0x98_9c_98)));
    }
    stage.line(&[(-4.0, -70.0), (-4.0, -42.0)], 0.8, &Paint::flat(color(0x3a_2c_2c)));
    stage.polygon(&[(-6.5, -43.0), (-1.5, -43.0), (8.0, -35.0), (-16.0, -35.0)], &Paint::flat(color(0x35_57_58)));
    let warm = color(0xff_cf_84);
    stage.oval((-4.0, -34.6), (6.0, 3.0), &Paint::flat(warm.mix(WHITE, 0.6)).shining());
    stage.glow((-4.0, -33.0), (54.0, 40.0), warm, 0.55);
    stage.light((-4.0, -30.0), 120.0, warm.times(0.45));
}

/// The table in front of whoever sits there.
pub(in super::super) fn table(stage: &mut Stage) {
    let wood = color(0xa8_6a_42);
    stage.polygon(&[(-96.0, 34.0), (96.0, 34.0), (118.0, 46.0), (-118.0, 46.0)], &Paint::fade(wood.times(1.25), wood));
    stage.rectangle((-118.0, 46.0), (236.0, 20.0), &Paint::fade(wood.times(0.7), wood.times(0.45)));
    for (x, wide) in [(-40.0, 15.0), (46.0, 15.0)] {
        stage.oval((x, 40.0), (wide, 3.4), &Paint::flat(color(0xf2_ea_d8)));
        stage.oval((x, 39.6), (wide * 0.66, 2.0), &Paint::flat(color(0xd8_cd_b8)));
    }
}

/// The walk around the lamp, high above the sea.
pub(in super::super) fn gallery(stage: &mut Stage, mood: &Mood) {
    sky(stage, mood, 12.0);
    coast(stage, mood, 60.0, 44.0, 12.0);
    sea(stage, mood, 12.0, 0.1);
    let wall = color(0xf1_ef_e6).mix(mood.land[0], 0.25);
    stage.polygon(&[(-FAR, -80.0), (-78.0, -80.0), (-70.0, 80.0), (-FAR, 80.0)], &Paint::fade(wall, wall.times(0.8)));
    let glass = mood.key.mix(WHITE, 0.25);
    stage.polygon(
        &[(-112.0, -60.0), (-86.0, -60.0), (-83.0, 10.0), (-112.0, 10.0)],
        &Paint::fade(glass, mood.key).shining(),
    );
    stage.line(&[(-99.0, -60.0), (-97.5, 10.0)], 1.4, &Paint::flat(mood.land[1]));
    stage.line(&[(-112.0, -24.0), (-84.0, -24.0)], 1.4, &Paint::flat(mood.land[1]));
    stage.glow((-94.0, -20.0), (60.0, 60.0), mood.key, 0.5);
    stage.light((-90.0, -20.0), 110.0, mood.key.times(0.3));
}

/// The railing of the walk, in front of whoever stands there.
pub(in super::super) fn railing(stage: &mut Stage, mood: &Mood) {
    let iron = mood.land[1].mix(color(0x2c_30_3e), 0.4);
    let mut bars = Path::default();
    for n in 0..26 {
        let x = -130.0 + coordinate(n) * 10.4;
        bars.add(&Path::line(&[(x, 26.0), (x, 60.0)], if n % 4 == 0 { 1.8 } else { 0.8 }));
    }
    bars.add(&Path::line(&[(-FAR, 36.0), (FAR, 36.0)], 1.0));
    stage.paint(&bars, &Paint::flat(iron));
    stage.line(&[(-FAR, 25.0), (FAR, 25.0)], 2.6, &Paint::flat(iron.times(1.25)));
    stage.line(&[(-FAR, 24.2), (FAR, 24.2)], 0.7, &Paint::flat(iron.mix(mood.key, 0.5)));
}

/// Rocks like teeth, in rough water.
pub(in super::super) fn reef(stage: &mut Stage, mood: &Mood, lit: bool) {
    let horizon = -12.0;
    sky(stage, mood, horizon);
    if lit {
        beam(stage, mood, (-128.0, -46.0), 17.0, 22.0, 1.3);
    }
    sea(stage, mood, horizon, 0.75);
    let teeth = [
        (-70.0, 4.0, 8.0, 26.0),
        (-40.0, 0.0, 6.0, 16.0),
        (34.0, 3.0, 9.0, 30.0),
        (62.0, 8.0, 11.0, 40.0),
        (92.0, 3.0, 8.0, 24.0),
    ];
    for (x, y, wide, high) in teeth {
        let mut near = *mood;
        if lit {
            near.land[1] = mood.land[1].mix(mood.key, 0.18);
        }
        rock(stage, &near, (x, y), wide, high, true);
    }
}

/// A tooth of rock in the foreground.
pub(in super::super) fn near_rock(stage: &mut Stage, mood: &Mood, x: f32) {
    let mut near = *mood;
    near.land = [mood.land[1], mood.land[1].times(0.7)];
    rock(stage, &near, (x, 58.0), 26.0, 66.0, true);
}
