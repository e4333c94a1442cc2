//! `backup`.

use std::{path::PathBuf, time::Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Common, say};
use crate::{
    backup::{Wanted, back_up},
    server::{database_of, media_of},
};

/// Arguments of `backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// File that becomes the copy of the database
    file: PathBuf,
    /// Folder that gets the pictures and movies which the database refers to; those that it has already are left alone
    #[arg(long, value_name = "DIR")]
    media: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
}

impl Backup {
    pub(super) async fn run(self, common: &Common) -> anyhow::Result<()> {
        let (start, data_dir) = (Instant::now(), common.data_dir());
        let wanted = Wanted {
            database: database_of(&data_dir),
            media: media_of(&data_dir),
            file: self.file.clone(),
            media_to: self.media.clone(),
            force: self.force,
        };
        let bar = ProgressBar::new(0);
        bar.set_style(ProgressStyle::with_template("{bar:30} {pos}/{len} files")?);
        let shown = bar.clone();
        let each = move |done, of| {
            shown.set_length(of as u64);
            shown.set_position(done as u64);
        };
        let report = back_up(wanted, each).await?;
        bar.finish_and_clear();
        let seconds = start.elapsed().as_secs_f64();
        let (file, revision, bytes) = (self.file.display(), report.revision, report.bytes);
        say(&format!("{file}: revision {revision}, {bytes} bytes, {seconds:.1} s"))?;
        if let Some(folder) = &self.media {
            let (new, known) = (report.media.new, report.media.known);
            say(&format!("{}: {new} files copied, {known} were there", folder.display()))?;
        }
        for hash in &report.media.missing {
            say(&format!("  warning: the file {hash} is missing in the data folder as well"))?;
        }
        Ok(())
    }
}
