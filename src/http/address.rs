//! What an address and its query say.

use std::collections::HashMap;

use axum::{
    extract::{FromRequestParts, Path, Query},
    http::request::Parts,
};

use super::problem::Problem;
use crate::model::{Id, Kind, id::InvalidId, scope::Key};

/// The ids in an address, checked.
#[derive(Debug, Clone, Default)]
pub struct Address {
    project: Option<Id>,
    id: Option<Id>,
}

impl Address {
    /// The project of the address.
    #[must_use]
    pub fn project(&self) -> Option<&Id> {
        self.project.as_ref()
    }

    /// The project, at an address that has one.
    pub fn need_project(&self) -> Result<&Id, Problem> {
        self.project.as_ref().ok_or(Problem::Internal)
    }

    /// The address of a project itself, whose id stands where the project of other entities does.
    #[must_use]
    pub fn of_project(self) -> Self {
        Self { project: None, id: self.project }
    }

    /// The entity of a kind that the address names.
    pub fn key(&self, kind: Kind) -> Result<Key, Problem> {
        let id = self.id.as_ref().ok_or(Problem::Internal)?;
        Ok(Key::new(self.project.as_ref(), kind, id))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Address {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let named = Path::<HashMap<String, String>>::from_request_parts(parts, state).await;
        let Path(mut named) = named.map_err(|error| Problem::BadRequest(error.body_text()))?;
        let mut id = |name: &str| match named.remove(name) {
            Some(text) => Id::parse(&text).map(Some).map_err(|InvalidId| invalid(name, &text)),
            None => Ok(None),
        };
        Ok(Self { project: id("project")?, id: id("id")? })
    }
}

fn invalid(name: &str, text: &str) -> Problem {
    let shown: String = text.chars().take(60).collect();
    Problem::invalid("", format!("the {name} in the address, {shown:?}, is not an id: {InvalidId}"))
}

/// The query of an address, as pairs in their order.
#[derive(Debug, Clone, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Takes the last value of a parameter out.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let position = self.0.iter().rposition(|(key, _)| key == name)?;
        Some(self.0.remove(position).1)
    }

    /// Takes a parameter that is true or false.
    pub fn take_flag(&mut self, name: &str) -> Result<bool, Problem> {
        match self.take(name).as_deref() {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1" | "") => Ok(true),
            Some(other) => Err(Problem::BadRequest(format!("{name} is true or false, not {other:?}"))),
        }
    }

    /// Refuses what was not taken.
    pub fn none_left(self) -> Result<(), Problem> {
        match self.0.first() {
            Some((name, _)) => Err(Problem::BadRequest(format!("there is no parameter {name:?} here"))),
            None => Ok(()),
        }
    }

    /// What was not taken.
    #[must_use]
    pub fn rest(self) -> Vec<(String, String)> {
        self.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        query.map(|Query(pairs)| Self(pairs)).map_err(|error| Problem::BadRequest(error.body_text()))
    }
}
