//! Avatars: friendly faces that never were, each always the same for its person.

mod hair;

use super::{
    Picture,
    canvas::Paint,
    chance::Chance,
    color::{Color, WHITE, color},
    path::Point,
    stage::Stage,
};

/// Pixels of an avatar, across and down.
const SIZE: u16 = 400;

const BACKS: [u32; 8] =
    [0x6f_b1_c4, 0xf2_b5_6b, 0x8f_c0_8a, 0xe5_8b_82, 0x9b_93_d0, 0xe8_cf_7a, 0x5f_9e_98, 0xd5_93_b8];
const SKINS: [u32; 6] = [0xf9_d9_bd, 0xf2_c4_9c, 0xe4_ae_80, 0xcc_90_60, 0x9a_64_40, 0x6b_44_2e];
const HAIRS: [u32; 7] = [0x26_20_26, 0x3e_2a_24, 0x6e_44_2a, 0xb0_62_30, 0xe0_b2_62, 0x9c_9c_a2, 0x8e_38_30];
const CLOTHES: [u32; 8] =
    [0x35_50_70, 0xb5_4a_4a, 0x3f_7f_70, 0xe2_a0_3f, 0x6d_59_7a, 0xee_e6_d8, 0x4a_4e_58, 0xc9_72_4a];

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
    Swept,
    Bald,
}

/// The people of the demo: skin, hair and cut, and whether a beard and glasses. Others look as chance has it.
const KNOWN: [(&str, usize, usize, Cut, [bool; 2]); 14] = [
    ("ines-valadares", 2, 1, Cut::Long, [false, false]),
    ("amelie-thibodeau", 0, 3, Cut::Bob, [false, true]),
    ("bongani-zwane", 5, 0, Cut::Short, [true, false]),
    ("yusuf-demirkan", 3, 1, Cut::Quiff, [true, false]),
    ("xiaolan-wei", 1, 0, Cut::Bun, [false, true]),
    ("tomasz-wieliczko", 0, 2, Cut::Short, [false, true]),
    ("leilani-kahale", 3, 0, Cut::Curls, [false, false]),
    ("sunniva-hauge", 0, 4, Cut::Long, [false, false]),
    ("mateo-quiroga", 2, 0, Cut::Curls, [true, true]),
    ("dilnoza-karimova", 1, 6, Cut::Swept, [false, false]),
    ("haruka-shimode", 0, 0, Cut::Bob, [false, false]),
    ("oluwaseun-adeyinka", 4, 0, Cut::Bald, [true, false]),
    ("mirja-kallas", 0, 5, Cut::Bun, [false, true]),
    ("ravi-subramani", 3, 0, Cut::Quiff, [false, false]),
];

/// Paints a person, by id.
pub(super) fn paint(id: &str) -> Picture {
    let mut stage = Stage::new(SIZE, SIZE, id);
    let back = color(stage.chance.one_of(BACKS));
    let looks = Looks::of(id, &mut stage.chance);
    let clothes = color(stage.chance.one_of(CLOTHES));
    stage.flood(&Paint::fade(back.mix(WHITE, 0.22), back.times(0.85)));
    stage.oval((0.0, 6.0), (43.0, 43.0), &Paint::flat(back.mix(WHITE, 0.35)).opacity(0.55));
    hair::behind(&mut stage, &looks);
    shoulders(&mut stage, &looks, clothes);
    head(&mut stage, &looks);
    face(&mut stage, &looks);
    hair::before(&mut stage, &looks);
    if looks.glasses {
        glasses_on(&mut stage, &looks);
    }
    stage.finish(WHITE)
}

impl Looks {
    fn of(id: &str, chance: &mut Chance) -> Self {
        let earrings = chance.happens(0.6);
        let looks = |skin: u32, hair: u32, cut, beard, glasses| {
            let plain = matches!(cut, Cut::Short | Cut::Quiff | Cut::Bald) || beard;
            Self {
                skin: color(skin),
                hair: color(hair),
                cut,
                beard,
                glasses,
                earrings: earrings && !plain && cut != Cut::Swept,
            }
        };
        if let Some((_, skin, hair, cut, [beard, glasses])) = KNOWN.iter().find(|(known, ..)| *known == id) {
            return looks(SKINS[*skin], HAIRS[*hair], *cut, *beard, *glasses);
        }
        let cut = chance.one_of([Cut::Short, Cut::Quiff, Cut::Bob, Cut::Long, Cut::Bun, Cut::Curls, Cut::Bald]);
        let beard = matches!(cut, Cut::Short | Cut::Quiff | Cut::Bald) && chance.happens(0.5);
        looks(chance.one_of(SKINS), chance.one_of(HAIRS), cut, beard, chance.happens(0.4))
    }
}

/// A colour as it is painted: a little lighter at the top.
fn soft(color: Color) -> Paint {
    Paint::fade(color.times(1.06), color.times(0.9))
}

fn shoulders(stage: &mut Stage, looks: &Looks, clothes: Color) {
    stage.blob(
        &[
            (-40.0, 60.0),
            (-36.0, 38.0),
            (-20.0, 30.0),
            (0.0, 28.0),
            (20.0, 30.0),
            (36.0, 38.0),
            (40.0, 60.0),
            (0.0, 70.0),
        ],
        &soft(clothes),
    );
    stage.blob(
        &[(-9.0, 14.0), (9.0, 14.0), (10.0, 30.0), (0.0, 36.0), (-10.0, 30.0)],
        &Paint::flat(looks.skin.times(0.86)),
    );
    let collar = clothes.mix(WHITE, 0.3);
    stage.curve(&[(-13.0, 29.0), (-6.0, 36.0), (0.0, 37.5), (6.0, 36.0), (13.0, 29.0)], 3.0, &Paint::flat(collar));
}

fn head(stage: &mut Stage, looks: &Looks) {
    for x in [-23.0, 23.0] {
        if !matches!(looks.cut, Cut::Bob | Cut::Long | Cut::Swept) {
            stage.oval((x, -2.0), (4.6, 6.0), &Paint::flat(looks.skin.times(0.92)));
        }
        if looks.earrings {
            stage.oval((x, 5.6), (1.5, 1.9), &Paint::flat(color(0xf2_c8_4f)));
        }
    }
    stage.blob(
        &[
            (-23.0, -6.0),
            (-20.0, -24.0),
            (0.0, -32.0),
            (20.0, -24.0),
            (23.0, -6.0),
            (19.0, 11.0),
            (8.0, 21.5),
            (0.0, 23.0),
            (-8.0, 21.5),
            (-19.0, 11.0),
        ],
        &soft(looks.skin),
    );
}

fn face(stage: &mut Stage, looks: &Looks) {
    let ink = color(0x2a_22_2c);
    let blush = looks.skin.mix(color(0xe0_5a_50), 0.42);
    for x in [-13.0, 13.0] {
        stage.oval((x, 5.0), (4.8, 3.2), &Paint::flat(blush).opacity(0.5));
    }
    if looks.beard {
        let beard = [
            (-22.0, -1.0),
            (-17.0, 6.0),
            (-8.0, 6.6),
            (0.0, 5.4),
            (8.0, 6.6),
            (17.0, 6.0),
            (22.0, -1.0),
            (20.0, 14.0),
            (9.0, 25.0),
            (0.0, 27.0),
            (-9.0, 25.0),
            (-20.0, 14.0),
        ];
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
        stage.blob(
            &[(-7.4, 10.6), (0.0, 11.8), (7.4, 10.6), (5.0, 15.6), (0.0, 17.0), (-5.0, 15.6)],
            &Paint::flat(color(0x8a_32_38)),
        );
        stage.blob(
            &[(-6.0, 11.1), (0.0, 12.0), (6.0, 11.1), (4.8, 13.2), (0.0, 13.7), (-4.8, 13.2)],
            &Paint::flat(WHITE),
        );
    } else {
        let corner = stage.chance.between(10.0, 11.4);
        stage.curve(
            &[(-6.6, corner), (-3.0, 13.2), (1.0, 13.6), (6.6, corner - 0.6)],
            1.4,
            &Paint::flat(ink.mix(color(0x8a_32_38), 0.5)),
        );
    }
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
