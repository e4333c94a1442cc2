//! Avatars: friendly faces that never were, each always the same for its person.

use super::{
    Picture,
    canvas::Paint,
    color::{Color, WHITE, color},
    path::Point,
    stage::Stage,
};

/// Pixels of an avatar, across and down.
const SIZE: u16 = 400;

const BACKS: [u32; 8] = [0x6f_b1_c4, 0xf2_b5_6b, 0x8f_c0_8a, 0xe5_8b_82, 0x9b_93_d0, 0xe8_cf_7a, 0x5f_9e_98, 0xd5_93_b8];
const SKINS: [u32; 7] = [0xf9_d9_bd, 0xf2_bf_96, 0xe0_a7_7a, 0xc6_8a_5c, 0xa0_6a_44, 0x7c_4f_34, 0x5f_3c_2a];
const HAIRS: [u32; 8] = [0x2a_22_26, 0x4a_30_26, 0x7a_4a_2a, 0xb5_6a_32, 0xe0_b0_5c, 0x9a_9a_a0, 0x3a_2a_44, 0xa6_3f_34];
const CLOTHES: [u32; 8] = [0x35_50_70, 0xb5_4a_4a, 0x3f_7f_70, 0xe2_a0_3f, 0x6d_59_7a, 0xee_e6_d8, 0x4a_4e_58, 0xc9_72_4a];

/// What a person looks like.
struct Looks {
    skin: Color,
    hair: Color,
    cut: Cut,
    beard: bool,
    glasses: bool,
    earrings: bool,
}

/// How hair is worn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    Short,
    Quiff,
    Bob,
    Long,
    Bun,
    Curls,
    Scarf,
    Bald,
}

/// Paints a person, by id.
pub(super) fn paint(id: &str) -> Picture {
    let mut stage = Stage::new(SIZE, SIZE, id);
    let chance = &mut stage.chance;
    let back = color(chance.one_of(BACKS));
    let (skin, hair) = (color(chance.one_of(SKINS)), color(chance.one_of(HAIRS)));
    let cut = chance.one_of([Cut::Short, Cut::Quiff, Cut::Bob, Cut::Long, Cut::Bun, Cut::Curls, Cut::Scarf, Cut::Bald]);
    let plain = matches!(cut, Cut::Short | Cut::Quiff | Cut::Bald | Cut::Curls);
    let beard = plain && chance.happens(0.55);
    let (glasses, earrings) = (chance.happens(0.4), !plain && chance.happens(0.7));
    let looks = Looks { skin, hair, cut, beard, glasses, earrings };
    let clothes = color(chance.one_of(CLOTHES));
    stage.flood(&Paint::fade(back.mix(WHITE, 0.22), back.times(0.85)));
    stage.oval((0.0, 6.0), (43.0, 43.0), &Paint::flat(back.mix(WHITE, 0.35)).opacity(0.55));
    hair_behind(&mut stage, &looks);
    shoulders(&mut stage, &looks, clothes);
    head(&mut stage, &looks);
    face(&mut stage, &looks);
    hair_in_front(&mut stage, &looks);
    if looks.glasses {
        glasses_on(&mut stage, &looks);
    }
    stage.finish(WHITE)
}

/// A colour as it is painted: a little lighter at the top.
fn soft(color: Color) -> Paint {
    Paint::fade(color.times(1.06), color.times(0.9))
}

fn shoulders(stage: &mut Stage, looks: &Looks, clothes: Color) {
    stage.blob(&[(-40.0, 60.0), (-36.0, 38.0), (-20.0, 30.0), (0.0, 28.0), (20.0, 30.0), (36.0, 38.0), (40.0, 60.0), (0.0, 70.0)], &soft(clothes));
    stage.blob(&[(-9.0, 14.0), (9.0, 14.0), (10.0, 30.0), (0.0, 36.0), (-10.0, 30.0)], &Paint::flat(looks.skin.times(0.86)));
    let collar = clothes.mix(WHITE, 0.3);
    stage.curve(&[(-13.0, 29.0), (-6.0, 36.0), (0.0, 37.5), (6.0, 36.0), (13.0, 29.0)], 3.0, &Paint::flat(collar));
}

fn head(stage: &mut Stage, looks: &Looks) {
    for x in [-23.0, 23.0] {
        stage.oval((x, -2.0), (4.6, 6.0), &Paint::flat(looks.skin.times(0.92)));
        if looks.earrings {
            stage.oval((x, 5.6), (1.5, 1.9), &Paint::flat(color(0xf2_c8_4f)));
        }
    }
    stage.blob(&[(-23.0, -6.0), (-20.0, -24.0), (0.0, -32.0), (20.0, -24.0), (23.0, -6.0), (19.0, 11.0), (8.0, 21.5), (0.0, 23.0), (-8.0, 21.5), (-19.0, 11.0)], &soft(looks.skin));
}

fn face(stage: &mut Stage, looks: &Looks) {
    let ink = color(0x2a_22_2c);
    let blush = looks.skin.mix(color(0xe0_5a_50), 0.42);
    for x in [-13.0, 13.0] {
        stage.oval((x, 5.0), (4.8, 3.2), &Paint::flat(blush).opacity(0.5));
    }
    if looks.beard {
        let beard = [(-22.0, -1.0), (-17.0, 6.0), (-8.0, 6.6), (0.0, 5.4), (8.0, 6.6), (17.0, 6.0), (22.0, -1.0), (20.0, 14.0), (9.0, 25.0), (0.0, 27.0), (-9.0, 25.0), (-20.0, 14.0)];
        stage.blob(&beard, &soft(looks.hair));
    }
    let lean = stage.chance.between(-0.8, 0.8);
    for x in [-9.0, 9.0] {
        stage.oval((x, -3.0), (2.3, 3.0), &Paint::flat(ink));
        stage.oval((x + 0.8, -4.2), (0.8, 0.9), &Paint::flat(WHITE));
        let tilt = lean * if x < 0.0 { 1.0 } else { -1.0 };
        let brow = [(x - 4.4, -9.4 + tilt), (x, -11.0), (x + 4.4, -9.4 - tilt)];
        stage.curve(&brow, 1.6, &Paint::flat(looks.hair.mix(ink, 0.35)));
    }
    stage.curve(&[(0.6, -2.0), (2.6, 3.6), (-0.6, 4.8)], 1.1, &Paint::flat(looks.skin.times(0.76)));
    smile(stage, ink);
}

fn smile(stage: &mut Stage, ink: Color) {
    if stage.chance.happens(0.45) {
        stage.blob(&[(-7.4, 10.6), (0.0, 11.8), (7.4, 10.6), (5.0, 15.6), (0.0, 17.0), (-5.0, 15.6)], &Paint::flat(color(0x8a_32_38)));
        stage.blob(&[(-6.0, 11.1), (0.0, 12.0), (6.0, 11.1), (4.8, 13.2), (0.0, 13.7), (-4.8, 13.2)], &Paint::flat(WHITE));
    } else {
        let corner = stage.chance.between(10.0, 11.4);
        stage.curve(&[(-6.6, corner), (-3.0, 13.2), (1.0, 13.6), (6.6, corner - 0.6)], 1.4, &Paint::flat(ink.mix(color(0x8a_32_38), 0.5)));
    }
}

fn hair_behind(stage: &mut Stage, looks: &Looks) {
    let dark = soft(looks.hair.times(0.82));
    match looks.cut {
        Cut::Bob => stage.blob(&[(-28.0, -10.0), (-22.0, -32.0), (0.0, -40.0), (22.0, -32.0), (28.0, -10.0), (27.0, 14.0), (14.0, 18.0), (-14.0, 18.0), (-27.0, 14.0)], &dark),
        Cut::Long => stage.blob(&[(-28.0, -10.0), (-22.0, -32.0), (0.0, -40.0), (22.0, -32.0), (28.0, -10.0), (31.0, 24.0), (24.0, 46.0), (-24.0, 46.0), (-31.0, 24.0)], &dark),
        Cut::Bun => stage.oval((0.0, -39.0), (10.0, 9.0), &dark),
        Cut::Curls => {
            for n in 0..11_u8 {
                let (sin, cos) = (f32::from(n) * 0.44 - 3.78).sin_cos();
                stage.oval((cos * 25.0, -10.0 + sin * 24.0), (10.0, 10.0), &dark);
            }
        }
        Cut::Scarf => stage.blob(&[(-30.0, -8.0), (-23.0, -33.0), (0.0, -42.0), (23.0, -33.0), (30.0, -8.0), (26.0, 20.0), (18.0, 36.0), (-18.0, 36.0), (-26.0, 20.0)], &dark),
        _ => {}
    }
}

fn hair_in_front(stage: &mut Stage, looks: &Looks) {
    let paint = soft(looks.hair);
    let outline: &[Point] = match looks.cut {
        Cut::Short => &[(-24.5, -4.0), (-25.0, -20.0), (-14.0, -34.0), (4.0, -37.0), (20.0, -31.0), (25.5, -16.0), (24.0, -4.0), (20.6, -13.0), (8.0, -21.0), (-8.0, -19.0), (-20.6, -13.0)],
        Cut::Quiff => &[(-24.0, -5.0), (-24.0, -20.0), (-18.0, -31.0), (-6.0, -36.0), (6.0, -44.0), (24.0, -40.0), (27.0, -28.0), (24.0, -6.0), (20.0, -18.0), (4.0, -23.0), (-20.0, -17.0)],
        Cut::Bob => &[(-27.0, 6.0), (-27.5, -16.0), (-14.0, -36.0), (8.0, -38.0), (25.0, -24.0), (27.0, 6.0), (23.0, -10.0), (12.0, -19.0), (-6.0, -14.0), (-22.0, -12.0)],
        Cut::Long => &[(-26.5, 8.0), (-27.0, -16.0), (-14.0, -35.0), (0.0, -38.0), (16.0, -35.0), (27.0, -16.0), (26.5, 8.0), (22.6, -8.0), (6.0, -26.0), (-4.0, -24.0), (-20.0, -10.0)],
        Cut::Bun => &[(-24.0, -5.0), (-24.5, -20.0), (-12.0, -34.0), (2.0, -37.0), (16.0, -33.0), (24.5, -20.0), (24.0, -5.0), (18.0, -17.0), (0.0, -24.0), (-18.0, -17.0)],
        Cut::Curls => &[(-24.0, -8.0), (-26.0, -22.0), (-12.0, -35.0), (6.0, -37.0), (22.0, -30.0), (26.0, -12.0), (20.0, -17.0), (12.0, -15.0), (6.0, -20.0), (-4.0, -15.0), (-12.0, -19.0), (-19.0, -13.0)],
        Cut::Scarf => &[(-27.0, 10.0), (-27.0, -16.0), (-15.0, -35.0), (0.0, -39.0), (15.0, -35.0), (27.0, -16.0), (27.0, 10.0), (21.0, -12.0), (8.0, -23.0), (-8.0, -23.0), (-21.0, -12.0)],
        Cut::Bald => return,
    };
    stage.blob(outline, &paint);
    let shine = [(-14.0, -27.0), (-4.0, -31.5), (6.0, -32.0)];
    stage.curve(&shine, 1.6, &Paint::flat(looks.hair.mix(WHITE, 0.3)).opacity(0.6));
}

fn glasses_on(stage: &mut Stage, looks: &Looks) {
    let frame = Paint::flat(if looks.hair.red > 0.6 { color(0x35_3a_4a) } else { color(0x5a_3a_2c) });
    for x in [-9.0, 9.0] {
        let ring: Vec<Point> = (0..17_u8)
            .map(|n| {
                let (sin, cos) = (f32::from(n) * std::f32::consts::TAU / 16.0).sin_cos();
                (x + cos * 7.0, -3.0 + sin * 6.4)
            })
            .collect();
        stage.oval((x, -3.0), (7.0, 6.4), &Paint::flat(WHITE).opacity(0.16));
        stage.line(&ring, 1.3, &frame);
    }
    stage.curve(&[(-2.2, -3.6), (0.0, -4.8), (2.2, -3.6)], 1.3, &frame);
    for (x, ear) in [(-16.0, -22.5), (16.0, 22.5)] {
        stage.line(&[(x, -4.0), (ear, -5.0)], 1.3, &frame);
    }
}
