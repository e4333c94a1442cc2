//! Trials: what a delivery would change.

use serde::Serialize;
use serde_json::Value;

use super::{
    absent::pass_over_absent,
    mapping::{Mapping, Unmapped},
};
use crate::{
    model::{fault::Fault, scope::Scope},
    writer::{Outcome, Refused, Request, Writer},
};

/// What a delivery would change.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub struct Trial {
    /// What would become of it: `applied`, `ignored`, `failed` or `waiting`.
    status: &'static str,
    /// The changes that the mapping makes of it.
    #[schema(value_type = Vec<Object>)]
    changes: Vec<Value>,
    /// What they would do; null if they cannot be applied.
    #[schema(value_type = Option<Object>, required)]
    outcome: Option<Outcome>,
    /// What is in the way.
    #[schema(required)]
    problem: Option<String>,
    /// Which of the changes are wrong, and how; the pointers are of `/changes/<number>`, from 0.
    #[schema(inline)]
    errors: Vec<Fault>,
}

impl Trial {
    /// Whether it would be applied, or rightly ignored.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.problem.is_none()
    }
}

/// Tries a delivery (headers as `[[name, value], …]` in JSON, and a body in JSON) on the data as it is.
pub async fn trial(mapping: &mut Mapping, context: &Scope, writer: &Writer, (headers, body): (&str, &str)) -> Trial {
    let failed = |problem: String| Trial { status: "failed", problem: Some(problem), ..Trial::default() };
    let mut mapped = match mapping.map(headers, body).await {
        Ok(mapped) => mapped,
        Err(Unmapped::Failed(failure)) => return failed(failure.to_string()),
        Err(unmapped) => {
            let problem = unmapped.to_string();
            let Unmapped::Wrong(changes, errors) = unmapped else { return failed(problem) };
            return Trial { changes, errors, ..failed(problem) };
        }
    };
    let changes = mapped.values;
    if mapped.reader.changes.is_empty() {
        return Trial { status: "ignored", changes, ..Trial::default() };
    }
    if let Some(project) = pass_over_absent(context, &mut mapped.reader) {
        let problem = Some(format!("there is no project {project} yet: it would be applied as soon as there is"));
        return Trial { status: "waiting", changes, problem, ..Trial::default() };
    }
    let request = Request { dry_run: true, partial: true, ..Request::of(mapped.reader) };
    match writer.write(request).await {
        Ok(outcome) => Trial { status: "applied", changes, outcome: Some(outcome), ..Trial::default() },
        Err(Refused::Faults(errors)) => Trial { changes, errors, ..failed("the changes cannot be applied".to_owned()) },
        Err(refused) => Trial { changes, ..failed(refused.to_string()) },
    }
}
