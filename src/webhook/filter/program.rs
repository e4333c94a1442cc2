//! A filter as jaq has it.

use jaq_core::{
    Compiler, Ctx, Exn, Filter, Vars,
    load::{self, Arena, File, Loader},
};
use jaq_json::{Val, read};

use super::{
    Failure, Fault, Limits,
    changes::Changes,
    excerpt::excerpt,
    language::{self, Data},
};

/// Faults that are told at once: more come of the first ones.
const FAULTS: usize = 5;

/// A filter that compiles.
///
/// It may loop for ever, use up the memory and overflow the stack, so it runs in a process of its own.
pub struct Program(Filter<Data>);

impl Program {
    /// Compiles a filter; the error has the places where this is not possible.
    pub fn compile(text: &str) -> Result<Self, Failure> {
        compiled(text).map(Self).map_err(|mut faults| {
            faults.truncate(FAULTS);
            Failure::DoesNotCompile(faults)
        })
    }

    /// What the filter makes of an input: an array of changes, as JSON. Of the limits, those of its output count.
    pub fn run(&self, input: Vec<u8>, limits: &Limits) -> Result<Vec<u8>, Failure> {
        let parsed = read::parse_single(&input).map_err(|error| Failure::Input(error.to_string()))?;
        // What is made of it may need the room.
        drop(input);
        let context = Ctx::<Data>::new(&self.0.lut, Vars::new([]));
        let mut changes = Changes::new(limits);
        for output in self.0.id.run((context, parsed)) {
            match output.map_err(said)? {
                Val::Null => {}
                Val::Arr(elements) => elements.iter().try_for_each(|element| changes.push(element))?,
                change => changes.push(&change)?,
            }
        }
        Ok(changes.into_json())
    }
}

fn compiled(text: &str) -> Result<Filter<Data>, Vec<Fault>> {
    let arena = Arena::default();
    let file = File { code: text, path: () };
    let loaded = Loader::new(language::definitions()).load(&arena, file);
    let modules = loaded.map_err(|errors| every(errors, |error| Fault::loading(text, error)))?;
    // Data would be imported as a variable, which has no value later on.
    load::import(&modules, |_| Err(String::new()))
        .map_err(|errors| every(errors, |error| Fault::loading(text, error)))?;
    let compiler = Compiler::default().with_funs(language::functions());
    compiler.compile(modules).map_err(|errors| {
        every(errors, |undefined| undefined.into_iter().map(|error| Fault::compiling(text, error)).collect())
    })
}

/// The faults of all files, of which a filter has but one.
fn every<E>(errors: load::Errors<&str, (), E>, faults: impl Fn(E) -> Vec<Fault>) -> Vec<Fault> {
    errors.into_iter().flat_map(|(_, error)| faults(error)).collect()
}

/// What a filter says when it fails.
fn said(exception: Exn<'_, Val>) -> Failure {
    let Ok(error) = exception.get_err() else {
        // Nothing else is thrown: what would be is kept out.
        return Failure::GaveUp("it stopped".to_owned());
    };
    let (words, is_whole) = excerpt(&error);
    if is_whole && let Val::TStr(text) = error.into_val() {
        // Without its quotes.
        return Failure::GaveUp(String::from_utf8_lossy(&text).into_owned());
    }
    Failure::GaveUp(words)
}
