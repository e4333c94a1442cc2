//! `probe`.

use std::{
    fs::File,
    io::{BufReader, Read, Seek},
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};

use super::say;
use crate::media::{
    movie::{self, Playable},
    picture::{self, Canvas},
};

/// Arguments of `probe`.
#[derive(Debug, Args)]
pub struct Probe {
    /// Pictures or movies
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

impl Probe {
    /// Says of each file what the server would find in it; fails if it would refuse one.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let mut refused = 0;
        for path in &self.files {
            let found = probe(path).with_context(|| path.display().to_string());
            let found = found.unwrap_or_else(|error| {
                refused += 1;
                json!({"refused": format!("{:#}", error.root_cause())})
            });
            say(&format!("{}: {found}", path.display()))?;
        }
        anyhow::ensure!(refused == 0, "{refused} would be refused");
        Ok(())
    }
}

fn probe(path: &Path) -> anyhow::Result<Value> {
    let mut file = BufReader::new(File::open(path)?);
    let mut head = Vec::new();
    file.by_ref().take(512).read_to_end(&mut head)?;
    file.rewind()?;
    if picture::looks_like_picture(&head).is_some() {
        let fitted = picture::fit(file, Canvas::THUMBNAIL)?;
        return Ok(json!({"type": fitted.format.media_type(), "width": fitted.width, "height": fitted.height}));
    }
    let facts = movie::read(&mut file)?;
    anyhow::ensure!(facts.playable() != Playable::Nowhere, "no browser plays {}", facts.codec_name());
    Ok(json!({
        "type": facts.container.media_type(),
        "codec": facts.codec,
        "width": facts.width,
        "height": facts.height,
        "frames": facts.frames,
        "fps": facts.fps(),
        "seconds": facts.seconds,
        "fast_start": facts.is_fast_start,
        "plays": if facts.playable() == Playable::Everywhere { "everywhere" } else { "in some browsers" },
    }))
}
