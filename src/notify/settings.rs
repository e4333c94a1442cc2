//! What the configuration file says of publish hooks: `[[publish-hook]]` for each.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Url;
use serde::{Deserialize, de::IgnoredAny};

use super::hook::Hook;
use crate::{
    fetch::host::has_credentials,
    model::Id,
    webhook::verify::{self, Given, SHORTEST_SIGNING, Signer},
};

/// Characters of the longest name.
const LONGEST_NAME: usize = 200;

/// One `[[publish-hook]]` table.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct HookSettings {
    /// How it is called where it is shown, and under which it is remembered what it was told; host and path of the URL if it
    /// is not named.
    pub name: Option<Given<String>>,
    /// Where calls go.
    pub url: Option<Given<String>>,
    /// What this server and the receiver alone know; `${NAME}` in one stands for a variable of the environment. Each call is
    /// signed with all of them, so that one can be replaced by another while the receiver still has the old one.
    pub secrets: Given<Vec<Given<String>>>,
    /// The projects that it is told of; all, if they are not named.
    pub projects: Option<Given<Vec<Given<String>>>>,
    /// Keys that are none. They are refused with the rest, for a mistyped `secrets` holds secrets too.
    #[serde(flatten)]
    #[expect(clippy::zero_sized_map_values, reason = "what is under such a key is of no interest")]
    pub unknown: BTreeMap<String, IgnoredAny>,
}

/// A `[[publish-hook]]` that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("[[publish-hook]] {hook}: {key}: {fault}")]
pub struct Invalid {
    /// Its name in quotes if it is named, else which one it is in the file.
    pub hook: String,
    /// The key, and which one if it is one of several.
    pub key: String,
    /// What is wrong with its value.
    pub fault: Fault,
}

/// What is wrong with a value of a `[[publish-hook]]`, without the value: it may be a secret.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Fault {
    /// The key is none.
    #[error("there is no such key")]
    Unknown,
    /// There is no name in it.
    #[error("it is to be a text in quotes, of at most {LONGEST_NAME} characters, and not empty")]
    Name,
    /// Another has the same name.
    #[error("another one is called so too: give one of them a name of its own")]
    Twice,
    /// It is no address.
    #[error("it is to be an address in quotes, such as \"https://tools.example.com/watchtower\"")]
    NoUrl,
    /// It is an address of something else.
    #[error("it is to begin with https:// or http://")]
    Scheme,
    /// Credentials are in the address.
    #[error("it has a user name or password in it, which are not sent: a receiver knows this server by its signature")]
    Credentials,
    /// The projects are none.
    #[error("it is to be a list of ids in quotes: [\"kestrel\"]; leave it out for all projects")]
    NoProjects,
    /// The id of a project is none.
    #[error("number {0} is no id of a project")]
    Project(usize),
    /// There are no secrets.
    #[error("there is none: write [\"${{HOOK_SECRET}}\"], with the variable in the environment of the server")]
    NoSecrets,
    /// The secret can be guessed.
    #[error(
        "it is shorter than the {SHORTEST_SIGNING} bytes that are needed, in base64 after whsec_; \
         `echo whsec_$(openssl rand -base64 32)` makes one"
    )]
    Short,
    /// The secret is not in the form of Standard Webhooks.
    #[error("it is to be whsec_ and base64 after it")]
    NoBase64,
    /// The secret is not for signatures that are made here.
    #[error(
        "it is a key for signatures of version v1a (ed25519), which are not made here: take one that begins with whsec_"
    )]
    Asymmetric,
    /// Something else is wrong with the secrets.
    #[error(transparent)]
    Secret(verify::Fault),
}

impl From<verify::Fault> for Fault {
    fn from(fault: verify::Fault) -> Self {
        match fault {
            verify::Fault::NoSecrets | verify::Fault::NoList => Self::NoSecrets,
            verify::Fault::Short => Self::Short,
            verify::Fault::NoBase64 => Self::NoBase64,
            verify::Fault::Asymmetric => Self::Asymmetric,
            other => Self::Secret(other),
        }
    }
}

impl HookSettings {
    /// The hook, with variables of the environment; `number` says which one in the file it is, from 1.
    pub(super) fn hook(&self, number: usize, variable: &impl Fn(&str) -> Option<String>) -> Result<Hook, Invalid> {
        self.checked(variable).map_err(|(key, fault)| self.invalid(number, key, fault))
    }

    pub(super) fn invalid(&self, number: usize, key: String, fault: Fault) -> Invalid {
        let hook = match &self.name {
            Some(Given::Right(name)) => format!("{name:?}"),
            _ => format!("number {number}"),
        };
        Invalid { hook, key, fault }
    }

    fn checked(&self, variable: &impl Fn(&str) -> Option<String>) -> Result<Hook, (String, Fault)> {
        if let Some(key) = self.unknown.keys().next() {
            return Err((key.escape_debug().to_string(), Fault::Unknown));
        }
        let of = |key: &'static str| move |fault| (key.to_owned(), fault);
        let url = self.url().map_err(of("url"))?;
        let name = self.name(&url).map_err(of("name"))?;
        let projects = self.projects().map_err(of("projects"))?;
        let signer = Signer::new(&self.secrets, variable).map_err(|(key, fault)| (key, fault.into()))?;
        Ok(Hook { name, url, signer, projects })
    }

    fn url(&self) -> Result<Url, Fault> {
        let Some(Given::Right(text)) = &self.url else { return Err(Fault::NoUrl) };
        let url = Url::parse(text).map_err(|_| Fault::NoUrl)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Fault::Scheme);
        }
        if has_credentials(&url) { Err(Fault::Credentials) } else { Ok(url) }
    }

    /// Its name; else host and path, for what is in a query may be a secret.
    fn name(&self, url: &Url) -> Result<String, Fault> {
        let proper = |name: &str| {
            (1..=LONGEST_NAME).contains(&name.chars().count())
                && name.trim() == name
                && !name.contains(|character: char| character.is_control())
        };
        match &self.name {
            Some(Given::Right(name)) if proper(name) => Ok(name.clone()),
            Some(_) => Err(Fault::Name),
            None => {
                let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
                let whole = format!("{}{port}{}", url.host_str().unwrap_or_default(), url.path());
                Ok(whole.trim_end_matches('/').chars().take(LONGEST_NAME).collect())
            }
        }
    }

    fn projects(&self) -> Result<Option<BTreeSet<Id>>, Fault> {
        let ids = match &self.projects {
            None => return Ok(None),
            Some(Given::Right(ids)) if !ids.is_empty() => ids,
            Some(_) => return Err(Fault::NoProjects),
        };
        let id = |(given, number): (&Given<String>, usize)| match given {
            Given::Right(text) => Id::parse(text).map_err(|_| Fault::Project(number)),
            Given::Wrong(_) => Err(Fault::Project(number)),
        };
        ids.iter().zip(1..).map(id).collect::<Result<_, _>>().map(Some)
    }
}
