//! `filter`.

use clap::Args;

use crate::webhook::filter::answer_all;

/// Arguments of `filter`: there are none, so that nothing of a webhook's filter is seen in lists of processes.
#[derive(Debug, Args)]
pub struct Filter;

impl Filter {
    /// Runs a webhook's filter for the server that started this.
    pub(super) fn run() -> anyhow::Result<()> {
        answer_all()
    }
}
