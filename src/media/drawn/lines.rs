//! How a name is broken into lines, and how large its letters are.
//!
//! Widths are in parts of the size of the font until the end: so lines need not be broken anew for each size.

/// What there is for text in the middle of a tile, in pixels.
const ROOM: (f32, f32) = (134.0, 92.0);

/// The middle of a tile, in pixels.
const MIDDLE: (f32, f32) = (75.0, 50.0);

/// The size of the letters of a short name, and the least at which they can be read, in pixels.
const LARGEST: f32 = 46.0;
const SMALLEST: f32 = 13.0;

/// If the letters would become smaller than this, words are broken as well: where digits follow letters and the like, and
/// below the second, anywhere.
const BREAK_WORDS: f32 = 26.0;
const BREAK_ANYWHERE: f32 = 15.0;

/// One line more has to make letters larger by this much.
const WORTH_A_LINE: f32 = 1.12;

/// Of the size of the font: from one line to the next, the height of a capital, and what accents take above capitals, and
/// tails below the line.
const LINE: f32 = 1.06;
const CAPITAL: f32 = 0.711;
const TAIL: f32 = 0.22;

const MOST_LINES: u8 = 3;
const ELLIPSIS: char = '…';

/// A name in lines.
#[derive(Debug)]
pub(super) struct Lines {
    lines: Vec<(Vec<char>, f32)>,
    /// The size of the font in pixels.
    pub size: f32,
}

impl Lines {
    /// The letters of each line, and where it begins: its left, and the line that capitals stand on, in pixels.
    pub fn placed(&self) -> impl Iterator<Item = (&[char], (f32, f32))> {
        let below_first = self.lines.iter().skip(1).map(|_| LINE).sum::<f32>();
        let mut baseline = MIDDLE.1 + (CAPITAL - below_first) / 2.0 * self.size;
        self.lines.iter().map(move |(line, width)| {
            let place = (MIDDLE.0 - width / 2.0 * self.size, baseline);
            baseline += LINE * self.size;
            (line.as_slice(), place)
        })
    }
}

/// Breaks a name so that its letters are as large as can be. `advance` says how wide a letter is.
pub(super) fn arrange(name: &[char], advance: impl Fn(char) -> f32) -> Lines {
    let text = Text::new(name, &advance);
    let mut best = text.broken(&text.breaks(after_separator));
    if best.size < BREAK_WORDS {
        let words = text.broken(&text.breaks(|before, after| after_separator(before, after) || in_word(before, after)));
        best = if words.size > best.size * WORTH_A_LINE { words } else { best };
    }
    if best.size < BREAK_ANYWHERE {
        best = text.broken(&text.breaks(|_, _| true));
    }
    if best.size < SMALLEST { text.cut(advance(ELLIPSIS)) } else { best }
}

fn after_separator(before: char, after: char) -> bool {
    matches!(before, '_' | '-' | ' ' | '.' | '/' | ':' | '–' | '—') && !matches!(after, '_' | '-' | '.')
}

/// Between letters and digits, and where a capital begins a word.
fn in_word(before: char, after: char) -> bool {
    before.is_alphabetic() && after.is_numeric() || before.is_lowercase() && after.is_uppercase()
}

/// A name whose letters were measured.
#[derive(Debug)]
struct Text<'n> {
    letters: &'n [char],
    /// The width of all letters before each, and of all.
    ends: Vec<f32>,
}

impl<'n> Text<'n> {
    fn new(letters: &'n [char], advance: impl Fn(char) -> f32) -> Self {
        let mut end = 0.0;
        let ends = letters.iter().map(|letter| {
            end += advance(*letter);
            end
        });
        Self { letters, ends: [0.0].into_iter().chain(ends).collect() }
    }

    /// Where lines may end or begin: at both ends, and where `may_break` says so of the letters before and after.
    fn breaks(&self, may_break: impl Fn(char, char) -> bool) -> Vec<usize> {
        let pairs = self.letters.windows(2).enumerate();
        let inside = pairs.filter(|(_, pair)| may_break(pair[0], pair[1])).map(|(at, _)| at + 1);
        [0].into_iter().chain(inside).chain([self.letters.len()]).collect()
    }

    /// A line without the space at its end.
    fn line(&self, from: usize, to: usize) -> (usize, usize) {
        if to > from && self.letters[to - 1] == ' ' { (from, to - 1) } else { (from, to) }
    }

    fn width(&self, from: usize, to: usize) -> f32 {
        let (from, to) = self.line(from, to);
        self.ends[to] - self.ends[from]
    }

    /// The lines that allow for the largest letters.
    fn broken(&self, breaks: &[usize]) -> Lines {
        let mut best = (vec![0, self.letters.len()], size_of(1, self.width(0, self.letters.len())));
        for (count, broken) in [(2, self.in_two(breaks)), (MOST_LINES, self.in_three(breaks))] {
            let Some((ends, width)) = broken else { continue };
            let size = size_of(count, width);
            if size > best.1 * WORTH_A_LINE {
                best = (ends, size);
            }
        }
        let (ends, size) = best;
        let lines = ends.windows(2).map(|ends| {
            let (from, to) = self.line(ends[0], ends[1]);
            (self.letters[from..to].to_vec(), self.width(from, to))
        });
        Lines { lines: lines.collect(), size }
    }

    /// The narrowest two lines, and how wide the wider is.
    fn in_two(&self, breaks: &[usize]) -> Option<(Vec<usize>, f32)> {
        let [first, inside @ .., last] = breaks else { return None };
        let broken = inside.iter().map(|at| (*at, self.width(*first, *at).max(self.width(*at, *last))));
        broken.min_by(|one, other| one.1.total_cmp(&other.1)).map(|(at, width)| (vec![*first, at, *last], width))
    }

    /// The narrowest three lines, and how wide the widest is.
    fn in_three(&self, breaks: &[usize]) -> Option<(Vec<usize>, f32)> {
        let thirds = (1..breaks.len().saturating_sub(2)).filter_map(|at| {
            let (rest, width) = self.in_two(&breaks[at..])?;
            let width = width.max(self.width(breaks[0], breaks[at]));
            Some(([&breaks[..1], &rest].concat(), width))
        });
        thirds.min_by(|one, other| one.1.total_cmp(&other.1))
    }

    /// As much as fits at the smallest size, and an ellipsis.
    fn cut(&self, ellipsis: f32) -> Lines {
        let mut lines = Vec::new();
        let mut from = 0;
        for left in (0..MOST_LINES).rev() {
            let room = ROOM.0 / SMALLEST - if left == 0 { ellipsis } else { 0.0 };
            let fitting = (from..=self.letters.len()).take_while(|to| self.width(from, *to) <= room).last();
            let to = fitting.unwrap_or(from);
            let (start, end) = self.line(from, to);
            lines.push((self.letters[start..end].to_vec(), self.width(start, end)));
            from = to;
        }
        if let Some((line, width)) = lines.last_mut() {
            line.push(ELLIPSIS);
            *width += ellipsis;
        }
        Lines { lines, size: SMALLEST }
    }
}

/// The largest letters of so many lines, of which the widest is so wide.
fn size_of(lines: u8, width: f32) -> f32 {
    let height = f32::from(lines - 1) * LINE + CAPITAL + 2.0 * TAIL;
    (ROOM.1 / height).min(ROOM.0 / width.max(0.01)).min(LARGEST)
}
