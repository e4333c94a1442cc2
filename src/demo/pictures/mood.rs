//! Moods: the colours and the light of a part of the story. All shots of a sequence share one, so that it is recognised in a timeline.

use super::{
    color::{Color, color},
    path::Point,
};

/// The colours and the light of a scene.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mood {
    /// From the top of the sky to the horizon.
    pub(super) sky: [Color; 3],
    /// From the horizon to the foreground; in the show, what the ground has.
    pub(super) sea: [Color; 2],
    /// Land, walls and roofs: far ones, and near ones.
    pub(super) land: [Color; 2],
    /// What figures and rooms are lit by from everywhere.
    pub(super) ambient: Color,
    /// The sun, a lamp, the moon: what light there is has this colour.
    pub(super) key: Color,
    /// Where the sun or the moon stands, if it is seen; (0, 0) is the middle of the frame.
    pub(super) sun: Option<Point>,
    /// The weather and the hour.
    pub(super) air: Air,
}

/// What is in the air.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Air {
    Clear,
    Foggy,
    Stormy,
    Night,
    Snowy,
}

impl Mood {
    /// Whether it is dark outside.
    pub(super) fn is_dark(&self) -> bool {
        self.sky[0].red + self.sky[0].green + self.sky[0].blue < 0.55
    }
}

const fn mood(sky: [u32; 3], sea: [u32; 2], land: [u32; 2], light: [u32; 2], sun: Option<Point>, air: Air) -> Mood {
    Mood {
        sky: [color(sky[0]), color(sky[1]), color(sky[2])],
        sea: [color(sea[0]), color(sea[1])],
        land: [color(land[0]), color(land[1])],
        ambient: color(light[0]),
        key: color(light[1]),
        sun,
        air,
    }
}

/// The moods of sequences, by what the ids of their shots begin with.
const MOODS: [(&str, Mood); 14] = [
    (
        "shot-010",
        mood(
            [0x7f_a9_b3, 0xb4_cd_c9, 0xf1_df_c0],
            [0x93_b4_b3, 0x28_52_60],
            [0x7d_9b_a3, 0x2c_44_50],
            [0xe9_ee_ea, 0xff_ec_c8],
            Some((-34.0, -14.0)),
            Air::Foggy,
        ),
    ),
    (
        "shot-020",
        mood(
            [0x24_30_4d, 0x5c_6d_92, 0xc9_b4_a0],
            [0x3a_47_68, 0x18_20_38],
            [0x4d_5b_80, 0x20_29_44],
            [0x9c_a2_c4, 0xff_c2_6e],
            None,
            Air::Clear,
        ),
    ),
    (
        "shot-030",
        mood(
            [0x5a_66_a0, 0xee_8f_66, 0xff_dd_8c],
            [0xf0_a4_6a, 0x4b_40_70],
            [0xb5_6b_66, 0x46_33_54],
            [0xff_d8_b4, 0xff_e0_98],
            Some((-52.0, 3.0)),
            Air::Clear,
        ),
    ),
    (
        "shot-040",
        mood(
            [0x2b_33_66, 0x6f_5c_98, 0xf0_9a_70],
            [0x6a_5a_8c, 0x23_27_4c],
            [0xc4_7d_4c, 0x5a_34_33],
            [0xde_a6_7e, 0xff_d1_8a],
            None,
            Air::Clear,
        ),
    ),
    (
        "shot-050",
        mood(
            [0x22_35_4a, 0x4c_68_76, 0xb0_bb_a2],
            [0x4f_76_7c, 0x10_2d_3c],
            [0x3f_59_66, 0x14_25_31],
            [0xb9_c8_cd, 0xdc_e8_d6],
            None,
            Air::Stormy,
        ),
    ),
    (
        "shot-060",
        mood(
            [0x0b_13_2e, 0x1a_2a_50, 0x3a_52_76],
            [0x20_3c_5c, 0x05_0d_1e],
            [0x25_36_58, 0x0a_10_22],
            [0x84_94_c0, 0xa9_c8_ff],
            None,
            Air::Stormy,
        ),
    ),
    (
        "shot-070",
        mood(
            [0x0a_11_34, 0x1c_26_5c, 0x48_47_84],
            [0x25_37_6c, 0x06_0b_22],
            [0x2c_2f_62, 0x0b_0d_26],
            [0x8a_8e_c2, 0xff_d8_78],
            None,
            Air::Night,
        ),
    ),
    (
        "shot-080",
        mood(
            [0x78_b3_da, 0xf9_c0_aa, 0xff_ea_b8],
            [0xf6_bd_a2, 0x34_76_98],
            [0xa3_98_b0, 0x3c_51_6c],
            [0xff_f1_e2, 0xff_f1_c4],
            Some((40.0, -2.0)),
            Air::Clear,
        ),
    ),
    (
        "shot-e01-010",
        mood(
            [0x8a_d2_e2, 0xd8_ee_d8, 0xff_f1_c4],
            [0xc9_a9_7c, 0x6b_4f_44],
            [0x5f_8f_8a, 0x2c_4a_4e],
            [0xff_ee_d2, 0xff_e3_a2],
            None,
            Air::Clear,
        ),
    ),
    (
        "shot-e01-020",
        mood(
            [0x34_ac_d0, 0x8c_da_e0, 0xfd_f1_d2],
            [0xd9_c4_a2, 0x93_75_66],
            [0x7c_b8_bc, 0xc9_6b_4f],
            [0xff_fb_f2, 0xff_f4_d0],
            Some((46.0, -32.0)),
            Air::Clear,
        ),
    ),
    (
        "shot-e01-030",
        mood(
            [0x62_4c_a2, 0xf2_75_6c, 0xff_d6_80],
            [0xb8_62_7a, 0x3c_28_52],
            [0xa8_5c_86, 0x3c_29_56],
            [0xff_d6_c2, 0xff_e2_a2],
            Some((-36.0, -2.0)),
            Air::Clear,
        ),
    ),
    (
        "shot-e02-010",
        mood(
            [0x93_ae_e0, 0xd2_db_f2, 0xfd_ee_ee],
            [0xf2_f5_fd, 0xb9_c8_e8],
            [0xae_be_e0, 0x50_60_92],
            [0xea_ee_ff, 0xff_fb_f0],
            None,
            Air::Snowy,
        ),
    ),
    (
        "shot-e02-020",
        mood(
            [0x4c_a0_d2, 0xa9_d9_ec, 0xf5_fb_ff],
            [0xfa_fd_ff, 0xb4_d8_ea],
            [0xb6_d6_e8, 0x4f_7d_a4],
            [0xf4_fa_ff, 0xff_fc_ec],
            Some((36.0, -26.0)),
            Air::Snowy,
        ),
    ),
    (
        "shot-e02-030",
        mood(
            [0x10_10_42, 0x2e_2a_72, 0x86_4f_94],
            [0x5a_58_a8, 0x1d_1b_4c],
            [0x3b_35_7c, 0x14_11_30],
            [0xa6_9c_d2, 0xff_c9_74],
            None,
            Air::Night,
        ),
    ),
];

/// The evening on which the film ends.
const EVENING: Mood = mood(
    [0x36_35_78, 0xb8_62_8e, 0xff_b6_78],
    [0xd9_82_82, 0x2c_34_66],
    [0x7a_56_88, 0x2a_28_4e],
    [0xf4_c6_b8, 0xff_d0_90],
    Some((-40.0, 0.0)),
    Air::Clear,
);

/// The mood of a shot, by its id and by what it tells.
pub(super) fn of_shot(id: &str, action: &str) -> Mood {
    if action.contains("Evening") {
        return EVENING;
    }
    MOODS.iter().find(|(prefix, _)| id.starts_with(prefix)).map_or(MOODS[0].1, |(_, mood)| *mood)
}
