//! Reading a production's plan: who works on it, what is built, and its shots in the order of the story.
//!
//! A plan has one thing a line, a keyword and its fields between `|`:
//! - `project id | name | ratio | resolution | fps`
//! - `department id | from - to | people`: when its first and last task are finished, in ticks of the schedule;
//! - `asset id | name`, with `| rigged` for what moves;
//! - `edit id | name`, with `| id | name` of its episode; the sequences below are in it;
//! - `sequence number | name | set`, where its shots play unless they name another set;
//! - `shot number | frames | cast | action`, or `omit` for a shot that was cut from the story;
//! - `hold task`: a task that was begun and is on hold.

/// The plans, each with the text it is read from.
const TEXTS: [&str; 2] = [include_str!("film.txt"), include_str!("show.txt")];

/// A whole production, as planned.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) ratio: &'static str,
    pub(super) resolution: &'static str,
    pub(super) fps: u32,
    pub(super) crews: Vec<Crew>,
    pub(super) assets: Vec<Asset>,
    pub(super) reels: Vec<Reel>,
    pub(super) sequences: Vec<Sequence>,
    pub(super) shots: Vec<Shot>,
    pub(super) holds: Vec<&'static str>,
}

/// The people of one department, and the time in which they do their work.
pub(super) struct Crew {
    pub(super) department: &'static str,
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) people: Vec<&'static str>,
}

/// Something that is built to be seen in shots.
pub(super) struct Asset {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) rigged: bool,
}

/// One edit and what is in it: an episode, or the whole of a film.
pub(super) struct Reel {
    pub(super) edit: &'static str,
    pub(super) name: &'static str,
    pub(super) episode: Option<(&'static str, &'static str)>,
    pub(super) frames: u32,
}

/// A part of the story.
pub(super) struct Sequence {
    pub(super) id: String,
    pub(super) number: &'static str,
    pub(super) name: &'static str,
    pub(super) set: &'static str,
    /// The edit that it is in.
    pub(super) edit: &'static str,
}

/// One shot, at its place in its reel.
pub(super) struct Shot {
    /// What its id and those of its tasks have in common, such as `010-0020`.
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) sequence: String,
    pub(super) frame_in: u32,
    pub(super) frame_out: u32,
    pub(super) cast: Vec<&'static str>,
    pub(super) action: &'static str,
    pub(super) canceled: bool,
}

/// The plans of all example productions.
pub(super) fn plans() -> impl Iterator<Item = Plan> {
    TEXTS.into_iter().map(Plan::read)
}

impl Plan {
    fn read(text: &'static str) -> Self {
        let mut plan = Self::default();
        for line in text.lines() {
            plan.add(line);
        }
        plan
    }

    /// Takes in one line. What cannot be read is left out rather than fatal: the plans are part of the program, and tests read each line.
    fn add(&mut self, line: &'static str) {
        let (keyword, rest) = line.split_once(' ').unwrap_or((line, ""));
        let field = |n: usize| rest.split('|').nth(n).map_or("", str::trim);
        let words = |n: usize| field(n).split_whitespace().collect();
        match keyword {
            "project" => {
                [self.id, self.name, self.ratio, self.resolution] = [0, 1, 2, 3].map(field);
                self.fps = field(4).parse().unwrap_or(24);
            }
            "department" => {
                let (from, to) = field(1).split_once('-').unwrap_or_default();
                self.crews.push(Crew {
                    department: field(0),
                    from: from.trim().parse().unwrap_or_default(),
                    to: to.trim().parse().unwrap_or_default(),
                    people: words(2),
                });
            }
            "asset" => self.assets.push(Asset {
                id: field(0),
                name: field(1),
                rigged: field(2) == "rigged" || field(0).starts_with("char-"),
            }),
            "edit" => self.reels.push(Reel {
                edit: field(0),
                name: field(1),
                episode: Some((field(2), field(3))).filter(|(id, _)| !id.is_empty()),
                frames: 0,
            }),
            "sequence" => self.sequences.push(Sequence {
                id: format!("seq-{}", slug(field(0))),
                number: field(0),
                name: field(1),
                set: field(2),
                edit: self.reels.last().map_or("", |reel| reel.edit),
            }),
            "shot" | "omit" => {
                let frames = field(1).parse().unwrap_or_default();
                self.add_shot(field(0), frames, words(2), field(3), keyword == "omit");
            }
            "hold" => self.holds.push(field(0)),
            _ => {}
        }
    }

    /// Appends a shot to the last sequence. A canceled one takes no time, and keeps the range that it had when it was cut.
    fn add_shot(
        &mut self,
        number: &str,
        frames: u32,
        mut cast: Vec<&'static str>,
        action: &'static str,
        canceled: bool,
    ) {
        let (Some(reel), Some(sequence)) = (self.reels.last_mut(), self.sequences.last()) else {
            return;
        };
        if !cast.iter().any(|asset| asset.starts_with("set-")) {
            cast.push(sequence.set);
        }
        let name = format!("{}_{number}", sequence.number);
        self.shots.push(Shot {
            slug: slug(&name),
            name,
            sequence: sequence.id.clone(),
            frame_in: reel.frames,
            frame_out: reel.frames + frames,
            cast,
            action,
            canceled,
        });
        if !canceled {
            reel.frames += frames;
        }
    }
}

/// A name as it stands in ids.
fn slug(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_plans_is_understood() {
        for text in TEXTS {
            let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
            let plan = Plan::read(text);
            let read = 1
                + plan.crews.len()
                + plan.assets.len()
                + plan.reels.len()
                + plan.sequences.len()
                + plan.shots.len()
                + plan.holds.len();
            assert_eq!(read, lines.count(), "{}", plan.name);
            assert!(plan.crews.iter().all(|crew| crew.from < crew.to));
            assert!(plan.assets.iter().all(|asset| !asset.name.is_empty()));
            assert!(plan.shots.iter().all(|shot| !shot.action.is_empty()));
        }
    }

    #[test]
    fn shots_have_lengths_that_shots_have() {
        for shot in plans().flat_map(|plan| plan.shots) {
            let frames = shot.frame_out - shot.frame_in;
            assert!((24..=180).contains(&frames), "{}: {frames}", shot.name);
        }
    }

    #[test]
    fn every_asset_is_seen_in_a_shot() {
        for plan in plans() {
            for asset in &plan.assets {
                let seen = plan.shots.iter().any(|shot| !shot.canceled && shot.cast.contains(&asset.id));
                assert!(seen, "{}", asset.id);
            }
        }
    }
}
