//! Forms (`multipart/form-data`): the file that one has is passed on as it comes, and what stands around it is bounded.

use axum::{
    extract::{
        FromRequest, Multipart, Request,
        multipart::{Field, MultipartError},
    },
    http::HeaderMap,
};
use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};

use super::{
    problem::Problem,
    receive::{AROUND, Around},
};

/// A form that is being read.
#[derive(Debug)]
pub struct Form {
    multipart: Multipart,
    around: Around,
}

/// A part of a form.
#[derive(Debug)]
pub struct Part<'f> {
    field: Field<'f>,
    around: Around,
}

impl Form {
    /// The form that the body of a request is; the error says that it is none.
    pub async fn of(request: Request) -> Result<Self, Problem> {
        let around = Around::default();
        let multipart = Multipart::from_request(around.within(request), &()).await.map_err(|rejection| {
            Problem::UnsupportedMediaType(format!(
                "{}; the file itself goes to the same address by PUT",
                rejection.body_text()
            ))
        })?;
        Ok(Self { multipart, around })
    }

    /// The next part; what was not read of the one before it is read over. The error says that the form is broken, or has too
    /// much beside its file.
    pub async fn next(&mut self) -> Result<Option<Part<'_>>, Problem> {
        let around = self.around.clone();
        let field = self.multipart.next_field().await.map_err(|error| broken(&around, &error))?;
        Ok(field.map(|field| Part { field, around }))
    }
}

fn broken(around: &Around, error: &MultipartError) -> Problem {
    let (text, most) = (error.body_text(), AROUND >> 20);
    let why = if around.is_too_much() { format!("it has more than {most} MiB beside its file") } else { text };
    Problem::BadRequest(format!("the form cannot be read: {why}"))
}

impl<'f> Part<'f> {
    /// Whether it is a file: by a name of its own, or as the field `file`, or one of this name.
    #[must_use]
    pub fn is_file(&self, medium: &str) -> bool {
        self.field.file_name().is_some() || self.field.name().is_some_and(|name| name == "file" || name == medium)
    }

    /// Its headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.field.headers()
    }

    /// What is in the file that it is.
    pub fn content(self) -> impl Stream<Item = Result<Bytes, MultipartError>> + 'f {
        let around = self.around;
        self.field.inspect_ok(move |piece| around.is_of_the_file(piece.len()))
    }
}
