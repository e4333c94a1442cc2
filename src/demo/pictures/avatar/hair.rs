//! Hair.

use super::{
    super::{
        canvas::Paint,
        color::WHITE,
        path::{Path, Point},
        stage::Stage,
    },
    Cut, Looks, soft,
};

/// Soft outlines behind the head, as points: right, down, and so on.
fn outline_behind(cut: Cut) -> &'static str {
    match cut {
        Cut::Bob => "-28 -10 -22 -32 0 -40 22 -32 28 -10 27 14 14 18 -14 18 -27 14",
        Cut::Long => "-28 -10 -22 -32 0 -40 22 -32 28 -10 31 24 24 46 -24 46 -31 24",
        Cut::Swept => "-30 -8 -23 -33 0 -42 23 -33 30 -8 26 20 18 36 -18 36 -26 20",
        _ => "",
    }
}

/// Soft outlines before the head.
fn outline_before(cut: Cut) -> &'static str {
    match cut {
        Cut::Short => "-24.5 -4 -25 -20 -14 -34 4 -37 20 -31 25.5 -16 24 -4 20.6 -13 8 -21 -8 -19 -20.6 -13",
        Cut::Quiff => "-24 -5 -24 -20 -18 -31 -6 -36 6 -44 24 -40 27 -28 24 -6 20 -18 4 -23 -20 -17",
        Cut::Bob => "-27 6 -27.5 -16 -14 -36 8 -38 25 -24 27 6 23 -10 12 -19 -6 -14 -22 -12",
        Cut::Long => "-26.5 8 -27 -16 -14 -35 0 -38 16 -35 27 -16 26.5 8 22.6 -8 6 -26 -4 -24 -20 -10",
        Cut::Bun => "-24 -5 -24.5 -20 -12 -34 2 -37 16 -33 24.5 -20 24 -5 18 -17 0 -24 -18 -17",
        Cut::Curls => "-24 -8 -26 -22 -12 -35 6 -37 22 -30 26 -12 20 -17 12 -15 6 -20 -4 -15 -12 -19 -19 -13",
        Cut::Swept => "-27 10 -27 -16 -15 -35 0 -39 15 -35 27 -16 27 10 21 -12 8 -23 -8 -23 -21 -12",
        Cut::Bald => "",
    }
}

fn outline(text: &str) -> Path {
    let numbers: Vec<f32> = text.split_ascii_whitespace().filter_map(|number| number.parse().ok()).collect();
    let points: Vec<Point> = numbers.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
    Path::blob(&points)
}

/// What is seen of it behind the head.
pub(super) fn behind(stage: &mut Stage, looks: &Looks) {
    let dark = soft(looks.hair.times(0.82));
    stage.paint(&outline(outline_behind(looks.cut)), &dark);
    if looks.cut == Cut::Bun {
        stage.oval((0.0, -39.0), (10.0, 9.0), &dark);
    }
    if looks.cut == Cut::Curls {
        for n in 0..11_u8 {
            let (sin, cos) = (f32::from(n) * 0.44 - 3.78).sin_cos();
            stage.oval((cos * 25.0, -10.0 + sin * 24.0), (10.0, 10.0), &dark);
        }
    }
}

/// What is seen of it before the head, with a little shine.
pub(super) fn before(stage: &mut Stage, looks: &Looks) {
    if looks.cut == Cut::Bald {
        return;
    }
    stage.paint(&outline(outline_before(looks.cut)), &soft(looks.hair));
    let shine = [(-14.0, -27.0), (-4.0, -31.5), (6.0, -32.0)];
    stage.curve(&shine, 1.6, &Paint::flat(looks.hair.mix(WHITE, 0.3)).opacity(0.6));
}
