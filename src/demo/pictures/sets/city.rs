//! The sets of the show: a hill city, its streets and its clock tower.

use super::super::{
    canvas::Paint,
    color::{Color, WHITE, color},
    mood::Mood,
    number::coordinate,
    path::{Path, Point},
    stage::Stage,
};
use super::nature::{FAR, sky};

/// What houses are painted in, on a good day.
const FRONTS: [u32; 6] = [0xe0_84_5e, 0xf1_d3_a0, 0xd8_66_56, 0x8f_bf_b2, 0xf0_b4_6a, 0xc9_9a_c0];

/// A row of houses on a hill, from left to right.
pub(super) fn houses(stage: &mut Stage, mood: &Mood, row: &Row) {
    let mut x = -FAR;
    let mut windows = Path::default();
    while x < FAR {
        let wide = stage.chance.between(9.0, 17.0) * row.scale;
        let high = stage.chance.between(15.0, 34.0) * row.scale;
        let hill = (x * 0.02 + row.bend).sin() * row.rise;
        let top = row.y - high - hill;
        let front = color(stage.chance.one_of(FRONTS)).mix(mood.land[0], row.far);
        stage.rectangle((x, top), (wide + 0.4, 120.0), &Paint::fade(front, front.mix(mood.land[1], 0.35)).shining());
        let roof = mood.land[1].mix(mood.land[0], row.far);
        let ridge = stage.chance.between(3.0, 8.0) * row.scale;
        stage.polygon(
            &[(x - 1.0, top), (x + wide * 0.5, top - ridge), (x + wide + 1.0, top)],
            &Paint::fade(roof.times(1.1), roof.times(0.9)).shining(),
        );
        let pane = 2.0 * row.scale;
        for floor in 0..3 {
            for column in 0..2 {
                let at =
                    (x + wide * (0.24 + 0.36 * coordinate(column)), top + (5.0 + 8.0 * coordinate(floor)) * row.scale);
                if stage.chance.happens(row.lit) {
                    windows.add(&Path::rectangle(at, (pane, pane * 1.5), 0.4));
                }
            }
        }
        x += wide;
    }
    let glass = if mood.is_dark() { color(0xff_d6_80) } else { mood.sky[0].mix(mood.land[1], 0.45) };
    stage.paint(&windows, &Paint::flat(glass).shining());
}

/// One row of houses.
pub(super) struct Row {
    pub(super) y: f32,
    pub(super) scale: f32,
    /// How far away they are, from 0 to 1.
    pub(super) far: f32,
    pub(super) rise: f32,
    pub(super) bend: f32,
    /// How many windows there are, or are lit.
    pub(super) lit: f32,
}

/// Rails towards a point, for a tram that comes or goes.
pub(super) fn rails(stage: &mut Stage, to: Point, half: f32, steel: Color) {
    let mut all = Path::default();
    for side in [-1.0, 1.0] {
        all.add(&Path::polygon(vec![
            (to.0 + side * 0.8, to.1),
            (to.0 + side * 1.1, to.1),
            (side * half + side * 1.6, 56.0),
            (side * half - side * 1.0, 56.0),
        ]));
    }
    stage.paint(&all, &Paint::flat(steel));
}

/// Wires above the street.
fn wires(stage: &mut Stage, mood: &Mood) {
    let wire = Paint::flat(mood.land[1].times(0.8)).opacity(0.8).shining();
    stage.curve(&[(-FAR, -34.0), (-40.0, -24.0), (30.0, -30.0), (FAR, -46.0)], 0.5, &wire);
    stage.curve(&[(-FAR, -44.0), (-20.0, -33.0), (60.0, -36.0), (FAR, -40.0)], 0.5, &wire);
}

/// Where the tram sleeps: a hall with a glass roof.
pub(in super::super) fn depot(stage: &mut Stage, mood: &Mood, snowy: bool) {
    let wall = if snowy { color(0x8f_a0_c4) } else { color(0x6f_a3_9a) };
    stage.rectangle((-FAR, -80.0), (2.0 * FAR, 170.0), &Paint::fade(wall.times(0.6), wall));
    for n in 0..5 {
        let x = -92.0 + coordinate(n) * 40.0;
        stage.paint(&Path::rectangle((x, -38.0), (26.0, 44.0), 13.0), &Paint::fade(mood.sky[0], mood.sky[2]).shining());
        let bar = Paint::flat(wall.times(0.5));
        stage.rectangle((x + 12.5, -38.0), (1.2, 44.0), &bar);
        stage.rectangle((x, -18.0), (26.0, 1.2), &bar);
        stage.rectangle((x, -4.0), (26.0, 1.2), &bar);
        if snowy {
            stage.oval((x + 13.0, 6.0), (14.0, 3.4), &Paint::flat(WHITE).shining());
        }
    }
    let iron = wall.times(0.42);
    stage.polygon(&[(-FAR, -56.0), (FAR, -56.0), (FAR, -44.0), (0.0, -50.0), (-FAR, -44.0)], &Paint::flat(iron));
    for x in [-98.0, -58.0, -18.0, 22.0, 62.0, 102.0] {
        stage.rectangle((x - 1.6, -60.0), (3.2, 84.0), &Paint::fade(iron, iron.times(1.3)));
        stage.line(&[(x, -36.0), (x + 20.0, -52.0)], 1.0, &Paint::flat(iron));
        stage.line(&[(x, -36.0), (x - 20.0, -52.0)], 1.0, &Paint::flat(iron));
    }
    let floor = if snowy { color(0xb9_c2_da) } else { color(0xb8_97_74) };
    stage.rectangle((-FAR, 22.0), (2.0 * FAR, 70.0), &Paint::fade(floor, floor.times(0.7)));
    rails(stage, (0.0, 22.0), 46.0, floor.times(0.42));
    let shaft = Paint::flat(mood.key).opacity(0.16).shining();
    for x in [-84.0, -28.0, 36.0] {
        stage.polygon(&[(x, -50.0), (x + 16.0, -50.0), (x + 66.0, 60.0), (x + 26.0, 60.0)], &shaft);
    }
}

/// A street that leads up between houses to the clock tower.
pub(in super::super) fn market_street(stage: &mut Stage, mood: &Mood) {
    sky(stage, mood, 0.0);
    houses(stage, mood, &Row { y: 6.0, scale: 0.7, far: 0.6, rise: 9.0, bend: 1.2, lit: 0.6 });
    distant_clock(stage, mood, (16.0, -4.0));
    let street = mood.sea[0];
    stage.rectangle((-FAR, 8.0), (2.0 * FAR, 80.0), &Paint::fade(street, mood.sea[1]));
    for side in [-1.0, 1.0] {
        street_front(stage, mood, side);
    }
    rails(stage, (4.0, 8.0), 40.0, mood.sea[1].times(0.55));
    wires(stage, mood);
    let hues = [0xe0_4f_44, 0xf4_c2_4a, 0x3f_9c_98, 0xf2_f0_e4];
    for n in 0..13 {
        let x = -72.0 + coordinate(n) * 12.0;
        let y = -30.0 + (x / 72.0).powi(2) * -9.0;
        let hue = color(hues[n % 4]);
        stage.polygon(&[(x - 3.0, y), (x + 3.0, y), (x, y + 6.0)], &Paint::flat(hue).shining());
    }
}

/// Houses along one side of the street, larger towards us, with awnings.
fn street_front(stage: &mut Stage, mood: &Mood, side: f32) {
    for (near, wide, high) in [(26.0, 16.0, 34.0), (42.0, 24.0, 56.0), (66.0, 90.0, 96.0)] {
        let x = side * near;
        let end = side * (near + wide);
        let front = color(stage.chance.one_of(FRONTS));
        let foot = 8.0 + near * 0.42;
        let far_foot = 8.0 + (near + wide) * 0.42;
        stage.polygon(
            &[(x, foot - high * 0.8), (end, far_foot - high * 1.2), (end, far_foot), (x, foot)],
            &Paint::fade(front, front.mix(mood.land[1], 0.3)),
        );
        stage.polygon(
            &[
                (x, foot - high * 0.8 - 2.0),
                (end, far_foot - high * 1.2 - 5.0),
                (end, far_foot - high * 1.2),
                (x, foot - high * 0.8),
            ],
            &Paint::flat(mood.land[1].times(0.8)),
        );
        let stripe = (end - x) / 6.0;
        for n in 0..6 {
            let from = x + stripe * coordinate(n);
            let hue = if n % 2 == 0 { color(0xf6_ee_dc) } else { color(0xd9_54_48) };
            let y = foot + (from - x).abs() * 0.42 - high * 0.3;
            stage.polygon(
                &[
                    (from, y),
                    (from + stripe, y + stripe.abs() * 0.42),
                    (from + stripe * 0.8 - side * 3.0, y + 6.0),
                    (from - side * 3.0, y + 6.0),
                ],
                &Paint::flat(hue),
            );
        }
        for row in 0..2 {
            for n in 0..2 {
                let from = x + (end - x) * (0.2 + 0.42 * coordinate(n));
                let y = foot - high * (0.5 + 0.24 * coordinate(row)) - (from - x).abs() * 0.2;
                let (pane, tall) = ((end - x) * 0.18, high * 0.13);
                stage.polygon(
                    &[(from, y), (from + pane, y - tall * 0.1), (from + pane, y + tall * 1.1), (from, y + tall)],
                    &Paint::fade(mood.sky[0], mood.sky[1]).opacity(0.8),
                );
            }
        }
    }
}

/// The clock tower above the roofs.
fn distant_clock(stage: &mut Stage, mood: &Mood, (x, y): Point) {
    let stone = mood.land[1].mix(mood.land[0], 0.35);
    stage.rectangle((x - 5.0, y - 34.0), (10.0, 44.0), &Paint::fade(stone.mix(WHITE, 0.25), stone).shining());
    stage
        .polygon(&[(x - 6.5, y - 34.0), (x, y - 48.0), (x + 6.5, y - 34.0)], &Paint::flat(stone.times(0.75)).shining());
    stage.oval((x, y - 27.0), (3.8, 3.8), &Paint::flat(color(0xff_f3_d4)).shining());
    stage.line(&[(x, y - 30.0), (x, y - 27.0), (x + 2.0, y - 26.0)], 0.6, &Paint::flat(stone.times(0.5)).shining());
}

/// High up on the clock tower, the city far below.
pub(in super::super) fn clock_tower(stage: &mut Stage, mood: &Mood) {
    sky(stage, mood, 20.0);
    houses(stage, mood, &Row { y: 34.0, scale: 0.5, far: 0.7, rise: 8.0, bend: 0.4, lit: 0.4 });
    houses(stage, mood, &Row { y: 52.0, scale: 0.75, far: 0.35, rise: 5.0, bend: 2.0, lit: 0.5 });
    let stone = mood.land[0].mix(color(0xd8_b0_9a), 0.45);
    stage.rectangle((14.0, -70.0), (60.0, 140.0), &Paint::fade(stone.times(1.1), stone.times(0.62)));
    stage.rectangle((14.0, -70.0), (9.0, 140.0), &Paint::fade(stone.mix(mood.key, 0.7), stone).opacity(0.7));
    for y in [-42.0, 18.0] {
        stage.rectangle((10.0, y), (68.0, 4.0), &Paint::flat(stone.times(1.2)));
    }
    stage.oval((44.0, -14.0), (23.0, 23.0), &Paint::flat(mood.land[1]));
    stage.oval((44.0, -14.0), (20.6, 20.6), &Paint::fade(color(0xff_f5_da), color(0xf6_d9_a4)).shining());
    let ink = Paint::flat(mood.land[1]).shining();
    for n in 0..12 {
        let (sin, cos) = (coordinate(n) * 30.0).to_radians().sin_cos();
        stage.line(&[(44.0 + cos * 16.4, -14.0 + sin * 16.4), (44.0 + cos * 18.6, -14.0 + sin * 18.6)], 1.2, &ink);
    }
    let hour = stage.chance.between(0.0, 6.2);
    stage.line(&[(44.0, -14.0), (44.0 + hour.cos() * 9.0, -14.0 + hour.sin() * 9.0)], 1.8, &ink);
    stage.line(&[(44.0, -14.0), (44.0 + (hour * 3.0).cos() * 14.0, -14.0 + (hour * 3.0).sin() * 14.0)], 1.1, &ink);
    stage.glow((44.0, -14.0), (40.0, 40.0), mood.key, 0.3);
}

/// The rails that wind around the tower.
pub(in super::super) fn winding_rails(stage: &mut Stage, mood: &Mood) {
    let steel = mood.land[1].times(0.8);
    for (shift, wide) in [(0.0, 1.6), (3.2, 1.6)] {
        stage.curve(
            &[
                (-FAR, 46.0 + shift),
                (-40.0, 40.0 + shift),
                (40.0, 30.0 + shift),
                (92.0, 14.0 + shift),
                (110.0, 0.0 + shift),
            ],
            wide,
            &Paint::flat(steel),
        );
    }
}

/// Inside of the clock: gears.
pub(in super::super) fn clockwork(stage: &mut Stage, mood: &Mood) {
    let dark = mood.land[1].mix(color(0x5a_36_40), 0.5);
    stage.flood(&Paint::fade(dark.times(1.1), dark.times(0.6)));
    stage.oval((-56.0, -16.0), (32.0, 32.0), &Paint::fade(mood.key, mood.sky[1]).opacity(0.85).shining());
    stage.glow((-56.0, -16.0), (70.0, 60.0), mood.key, 0.4);
    stage.light((-50.0, -16.0), 120.0, mood.key.times(0.5));
    for (x, y, radius, hue) in [
        (48.0, -30.0, 30.0, 0xb8_7c_3c),
        (78.0, 22.0, 26.0, 0xd8_a0_48),
        (-20.0, 46.0, 34.0, 0x9a_62_3a),
        (6.0, -44.0, 17.0, 0xe0_b0_5a),
        (-92.0, 36.0, 22.0, 0xc0_8a_44),
    ] {
        gear(stage, (x, y), radius, color(hue), dark);
    }
}

fn gear(stage: &mut Stage, (x, y): Point, radius: f32, brass: Color, dark: Color) {
    let teeth = 14;
    let start = stage.chance.between(0.0, 0.4);
    let mut outline = Vec::new();
    for n in 0..teeth * 4 {
        let turn = start + coordinate(n) / coordinate(teeth * 4) * std::f32::consts::TAU;
        let far = if n % 4 < 2 { radius } else { radius * 0.87 };
        outline.push((x + turn.cos() * far, y + turn.sin() * far));
    }
    stage.polygon(&outline, &Paint::fade(brass.times(1.15), brass.times(0.7)));
    stage.oval((x, y), (radius * 0.66, radius * 0.66), &Paint::flat(dark.times(0.8)));
    for n in 0..3 {
        let (sin, cos) = (start + coordinate(n) * 1.047).sin_cos();
        let far = radius * 0.72;
        stage.line(
            &[(x - cos * far, y - sin * far), (x + cos * far, y + sin * far)],
            radius * 0.13,
            &Paint::flat(brass),
        );
    }
    stage.oval((x, y), (radius * 0.2, radius * 0.2), &Paint::fade(brass.times(1.2), brass));
}
