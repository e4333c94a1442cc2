//! The sets of the show's second episode: snow on the ridge and at the points, and the city by night.

use super::{
    super::{
        canvas::Paint,
        color::{WHITE, color},
        mood::Mood,
        number::coordinate,
        path::Point,
        stage::Stage,
    },
    city::{Row, houses, rails},
    nature::{FAR, sky},
};

/// A ridge under snow, with a line of poles.
pub(in super::super) fn ridge_line(stage: &mut Stage, mood: &Mood) {
    sky(stage, mood, 6.0);
    hills(stage, mood, -6.0, 26.0, 0.25);
    hills(stage, mood, 8.0, 18.0, 0.6);
    let snow = mood.sea[0];
    let ridge = [
        (-FAR, 30.0),
        (-80.0, 22.0),
        (-20.0, 10.0),
        (40.0, 6.0),
        (100.0, 16.0),
        (FAR, 20.0),
        (FAR, 90.0),
        (-FAR, 90.0),
    ];
    stage.polygon(&ridge, &Paint::fade(snow, mood.sea[1]).shining());
    for (x, y) in [(-104.0, 26.0), (-62.0, 18.0), (-22.0, 10.5), (16.0, 8.0), (58.0, 9.0), (98.0, 15.0)] {
        let pole = Paint::flat(mood.land[1]).shining();
        stage.line(&[(x, y + 2.0), (x, y - 24.0)], 0.9, &pole);
        stage.line(&[(x, y - 23.0), (x + 7.0, y - 23.0)], 0.7, &pole);
    }
    stage.curve(
        &[
            (-97.0, 3.0),
            (-76.0, 0.0),
            (-55.0, -5.0),
            (-35.0, -9.0),
            (-15.0, -12.5),
            (4.0, -13.0),
            (23.0, -15.0),
            (44.0, -13.0),
            (65.0, -14.0),
            (85.0, -9.0),
            (105.0, -8.0),
        ],
        0.4,
        &Paint::flat(mood.land[1]).shining(),
    );
    stage.curve(
        &[(-FAR, 30.0), (-80.0, 22.0), (-20.0, 10.2), (40.0, 6.2), (100.0, 16.0), (FAR, 20.0)],
        0.8,
        &Paint::flat(mood.land[1].mix(mood.land[0], 0.4)).shining(),
    );
    pines(stage, mood, &[(-90.0, 48.0, 17.0), (-74.0, 52.0, 22.0), (70.0, 50.0, 20.0), (86.0, 46.0, 15.0)]);
}

fn hills(stage: &mut Stage, mood: &Mood, y: f32, high: f32, near: f32) {
    let mut outline = vec![(FAR, 90.0), (-FAR, 90.0)];
    for n in 0..=9 {
        outline.push((-FAR + coordinate(n) * 34.0, y - stage.chance.between(0.1, 1.0) * high));
    }
    let land = mood.land[0].mix(mood.sky[2], 0.5 - 0.4 * near);
    stage.polygon(&outline, &Paint::fade(land.mix(WHITE, 0.3), land).shining());
}

/// Fir trees with snow on them, by their foot and height.
fn pines(stage: &mut Stage, mood: &Mood, trees: &[(f32, f32, f32)]) {
    let green = mood.land[1].mix(color(0x1f_4a_50), 0.55);
    for &(x, y, high) in trees {
        for n in 0..3 {
            let up = coordinate(n) * 0.27 * high;
            let wide = high * (0.34 - 0.075 * coordinate(n));
            let tip = (x, y - up - high * 0.48);
            stage.polygon(
                &[(x - wide, y - up), tip, (x + wide, y - up)],
                &Paint::fade(green.times(1.2), green.times(0.8)).shining(),
            );
            stage.polygon(
                &[
                    (x - wide * 0.55, y - up - high * 0.21),
                    tip,
                    (x + wide * 0.4, y - up - high * 0.28),
                    (x, y - up - high * 0.2),
                ],
                &Paint::flat(mood.sea[0]).shining(),
            );
        }
    }
}

/// Rails that part in the snow.
pub(in super::super) fn frozen_points(stage: &mut Stage, mood: &Mood) {
    sky(stage, mood, 2.0);
    hills(stage, mood, 0.0, 30.0, 0.2);
    hills(stage, mood, 6.0, 12.0, 0.7);
    stage.rectangle((-FAR, 6.0), (2.0 * FAR, 90.0), &Paint::fade(mood.sea[0], mood.sea[1]).shining());
    pines(
        stage,
        mood,
        &[
            (-84.0, 14.0, 20.0),
            (-70.0, 12.0, 15.0),
            (-56.0, 11.0, 12.0),
            (58.0, 11.0, 13.0),
            (74.0, 14.0, 20.0),
            (94.0, 16.0, 24.0),
        ],
    );
    let steel = Paint::flat(mood.land[1]).shining();
    for (from, to) in [
        ((-6.0, 6.0), (-52.0, 60.0)),
        ((-4.0, 6.0), (-10.0, 60.0)),
        ((-5.0, 6.0), (16.0, 60.0)),
        ((-3.0, 6.0), (62.0, 60.0)),
    ] {
        stage.curve(&[from, ((from.0 * 1.6 + to.0) / 2.6, 22.0), to], 1.0, &steel);
    }
    for n in 0..7 {
        let close = coordinate(n) / 7.0;
        let y = 9.0 + 46.0 * close * close;
        stage.line(
            &[(-6.0 - 46.0 * close * close, y), (-2.0 + 56.0 * close * close, y)],
            0.5 + 0.6 * close,
            &Paint::flat(mood.land[1].mix(mood.sea[0], 0.5)).opacity(0.6).shining(),
        );
    }
    signal(stage, mood, (36.0, 30.0));
}

/// A signal that says stop.
fn signal(stage: &mut Stage, mood: &Mood, (x, y): Point) {
    stage.line(&[(x, y), (x, y - 46.0)], 1.6, &Paint::flat(mood.land[1]).shining());
    stage.line(&[(x, y - 44.0), (x + 15.0, y - 44.0)], 3.4, &Paint::flat(color(0xd9_48_3e)).shining());
    stage.oval((x, y - 37.0), (2.4, 2.4), &Paint::flat(color(0xff_6a_5a)).shining());
    stage.glow((x, y - 37.0), (14.0, 14.0), color(0xff_6a_5a), 0.6);
    stage.oval((x, y), (7.0, 2.0), &Paint::flat(WHITE).shining());
}

/// The city by night, under snow, window by window.
pub(in super::super) fn night_city(stage: &mut Stage, mood: &Mood, lit: f32) {
    sky(stage, mood, 4.0);
    let moon = (52.0, -32.0);
    stage.mist(moon, (30.0, 30.0), color(0xc8_c4_ff), 0.5);
    stage.oval(moon, (5.6, 5.6), &Paint::flat(color(0xf6_f0_ff)).shining());
    houses(stage, mood, &Row { y: 10.0, scale: 0.62, far: 0.85, rise: 16.0, bend: 0.3, lit: lit * 0.6 });
    houses(stage, mood, &Row { y: 26.0, scale: 0.8, far: 0.78, rise: 9.0, bend: 2.4, lit: lit * 0.8 });
    houses(stage, mood, &Row { y: 50.0, scale: 1.2, far: 0.72, rise: 6.0, bend: 4.0, lit });
    stage.rectangle((-FAR, 32.0), (2.0 * FAR, 60.0), &Paint::fade(mood.sea[0], mood.sea[1]));
    rails(stage, (0.0, 32.0), 40.0, mood.land[1].mix(mood.key, 0.15));
    stage.mist((0.0, 34.0), (120.0, 16.0), mood.key, 0.3 * lit);
}

/// A string of paper lanterns across the frame.
pub(in super::super) fn lanterns(stage: &mut Stage, y: f32, scale: f32) {
    let hues = [0xf0_6a_4a, 0xff_c4_5c, 0xf2_8a_9b, 0xff_e0_9a];
    let sag = |x: f32| y + 9.0 * scale - (x / 100.0).powi(2) * 9.0 * scale;
    let string: Vec<Point> =
        (0..13).map(|n| (-120.0 + coordinate(n) * 20.0, sag(-120.0 + coordinate(n) * 20.0))).collect();
    stage.curve(&string, 0.5, &Paint::flat(color(0x2a_22_3c)).shining());
    for n in 0..11 {
        let x = -100.0 + coordinate(n) * 20.0;
        let at = (x, sag(x) + 6.0 * scale);
        let hue = color(hues[n % 4]);
        stage.oval(at, (4.6 * scale, 5.4 * scale), &Paint::fade(hue.mix(WHITE, 0.35), hue).shining());
        stage.glow(at, (17.0 * scale, 17.0 * scale), hue.mix(WHITE, 0.2), 0.5);
        stage.light(at, 44.0 * scale, hue.times(0.25));
    }
}
