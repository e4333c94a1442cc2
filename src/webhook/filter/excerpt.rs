//! A value in an error: it may be as long as a delivery, and what matters stands before and after it.

use std::{
    collections::VecDeque,
    fmt::{self, Display, Write},
};

/// Characters that are kept of the beginning.
const HEAD: usize = 400;

/// Characters that are kept of the end.
const TAIL: usize = 200;

/// Characters after which nobody looks for an end any more.
const MOST: usize = 1 << 20;

/// What something says, its middle left out if that is long, and whether this is all. It is never there as a whole.
pub fn excerpt(what: &impl Display) -> (String, bool) {
    let mut excerpt = Excerpt { head: String::new(), tail: VecDeque::new(), count: 0 };
    let is_over = write!(excerpt, "{what}").is_err();
    let is_whole = excerpt.count <= HEAD + TAIL;
    if is_over {
        excerpt.tail.clear();
    }
    let between = if is_whole { "" } else { " … " };
    let tail = excerpt.tail.into_iter().collect::<String>();
    (format!("{}{between}{tail}", excerpt.head), is_whole)
}

struct Excerpt {
    head: String,
    tail: VecDeque<char>,
    count: usize,
}

impl Write for Excerpt {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            self.count += 1;
            if self.count <= HEAD {
                self.head.push(character);
                continue;
            }
            if self.count > MOST {
                return Err(fmt::Error);
            }
            if self.tail.len() == TAIL {
                self.tail.pop_front();
            }
            self.tail.push_back(character);
        }
        Ok(())
    }
}
