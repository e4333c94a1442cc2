//! `token`: these commands work beside a running server, so they leave the lock of the data folder to it.

use std::io::{Write, stderr};

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};

use super::{Common, say};
use crate::{
    access::{self, Name, Rights, Secret, Spelled, Stamp, Token as Known, Wish, parse_expiry},
    model::{
        Id,
        time::{Instant, instant_text},
    },
    server::{DataFolder, database_of},
    store::{self, Store},
    writer::system_clock,
};

/// What is done with tokens.
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Make a token; its text is printed this once, and kept nowhere
    Create(Create),
    /// List all tokens there ever were
    List,
    /// Revoke a token; a running server takes it no more
    Revoke(Revoke),
}

/// Arguments of `token create`.
#[derive(Debug, Args)]
pub struct Create {
    /// What it is for, as the list and the history are to say
    #[arg(long)]
    name: String,
    /// What it may do; write includes reading, admin everything
    #[arg(long)]
    rights: Word,
    /// Write only this project, and read no other; may be repeated
    #[arg(long, value_name = "ID", value_parser = |text: &str| Id::parse(text))]
    project: Vec<Id>,
    /// Only see and repeat what this webhook source sent
    #[arg(long, value_name = "NAME", value_parser = |text: &str| Id::parse(text))]
    source: Option<Id>,
    /// When it ends to be valid: after a time (90d, 12h, 4w), or with a day (2027-01-31, UTC) [default: never]
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
}

/// Arguments of `token revoke`.
#[derive(Debug, Args)]
pub struct Revoke {
    /// Its id, its name, or the token itself
    #[arg(value_name = "TOKEN")]
    which: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Word {
    /// Read everything
    Read,
    /// Write as well
    Write,
    /// Everything, tokens included
    Admin,
}

impl Token {
    pub(super) async fn run(self, common: &Common) -> anyhow::Result<()> {
        let data_dir = common.data_dir();
        let database = database_of(&data_dir);
        let is_there = database.is_file();
        anyhow::ensure!(matches!(self, Self::Create(_)) || is_there, "there is no database {}", database.display());
        // The schema that a running server works with is not changed below it.
        let (store, _held) = match Store::open_beside(&database).await {
            Err(store::Error::Absent(_) | store::Error::Older { .. }) => {
                let held = DataFolder::take(&data_dir)?;
                (Store::open(&database).await?, Some(held))
            }
            beside => (beside?, None),
        };
        let (stamp, now) = (Stamp::of(&data_dir), system_clock()());
        let done = match self {
            Self::Create(create) => create.run(&store, &stamp, now).await,
            Self::List => list(&store, now).await,
            Self::Revoke(revoke) => revoke.run(&store, &stamp, now).await,
        };
        store.close().await?;
        done
    }
}

/// Says something that is not what the command was asked for.
fn tell(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(stderr(), "{line}")?)
}

/// Has a running server look at the tokens anew.
fn renew(stamp: &Stamp) -> anyhow::Result<()> {
    stamp.renew().context("the database has it, but a running server cannot be told: restart it")
}

impl Create {
    async fn run(self, store: &Store, stamp: &Stamp, now: Instant) -> anyhow::Result<()> {
        let rights = self.rights.to_possible_value().context("no such right")?.get_name().to_owned();
        let spelled = Spelled { rights, projects: self.project.into_iter().collect(), source: self.source };
        let rights = Rights::try_from(spelled)?;
        let expires = self.expires.map(|text| parse_expiry(&text, now)).transpose()?;
        let is_first = store.tokens().await?.is_empty();
        // The parser of the command line would repeat a name that is none, and with it a token that stands there by mistake.
        let wish = Wish { name: Name::parse(&self.name)?, rights, expires };
        let secret = access::make(store, &wish, now).await?;
        let renewed = renew(stamp);
        // Whatever became of that, the token is there, and nothing else has its text.
        say(secret.reveal())?;
        renewed?;
        let until =
            expires.map_or_else(|| "until it is revoked".to_owned(), |at| format!("until {}", instant_text(at)));
        tell(&format!("{} has {}, {until}. This is the only time that the token is shown.", wish.name, wish.rights))?;
        if is_first {
            tell("It is the first one: from now on nothing is open to those who have none.")?;
        }
        Ok(())
    }
}

async fn list(store: &Store, now: Instant) -> anyhow::Result<()> {
    let header = ["ID", "NAME", "RIGHTS", "CREATED", "LAST USED", "VALID"].map(str::to_owned);
    let rows = access::all(store).await?.into_iter().map(|token| row(&token, now));
    let rows: Vec<[String; 6]> = [header].into_iter().chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..6).map(width).collect();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        say(cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

fn row(token: &Known, now: Instant) -> [String; 6] {
    let valid = match (token.revoked, token.expires) {
        (Some(at), _) => format!("revoked {}", instant_text(at)),
        (None, Some(at)) if token.is_expired(now) => format!("expired {}", instant_text(at)),
        (None, Some(at)) => format!("until {}", instant_text(at)),
        (None, None) => "yes".to_owned(),
    };
    let used = token.last_used().map_or_else(|| "never".to_owned(), instant_text);
    [token.id.to_string(), token.name.clone(), token.rights.to_string(), instant_text(token.created), used, valid]
}

impl Revoke {
    async fn run(self, store: &Store, stamp: &Stamp, now: Instant) -> anyhow::Result<()> {
        let tokens = access::all(store).await?;
        let secret = Secret::parse(&self.which);
        let token = tokens.iter().find(|token| match &secret {
            Some(secret) => token.is(secret),
            None => token.id.as_str() == self.which || token.name == self.which && token.revoked.is_none(),
        });
        // What was asked for is not repeated: it may be a token.
        let token = token.context("there is no such token; `token list` has them all")?;
        store.revoke_token(&token.id, now).await?;
        renew(stamp)?;
        tell(&format!("{} is not valid any more.", token.name))
    }
}
