//! The kinds of problems: one list of their names, how bad they are, and what they mean.

use serde::{Serialize, Serializer};

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Everything is shown, but something of it is probably not as it is meant.
    Hint,
    /// Something is not shown, or not as it is.
    Warning,
    /// A page breaks, or nothing new comes to it.
    Error,
}

impl Severity {
    /// All of them, the worst first.
    pub const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Hint];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Hint => "hint",
        }
    }
}

/// Makes the kinds of problems out of a list, in which the worst come first.
macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident $name:literal $severity:ident $title:literal;)*) => {
        /// A kind of problem. The order is that of their weight.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ProblemKind {
            $( $(#[doc = $doc])+ $kind, )*
        }

        impl ProblemKind {
            /// All kinds, the worst first.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// Its name in the API; stable.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $( Self::$kind => $name, )* }
            }

            /// How bad it is.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $( Self::$kind => Severity::$severity, )* }
            }

            /// What such problems are called together.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $( Self::$kind => $title, )* }
            }
        }
    };
}

kinds! {
    /// What changed cannot be written to the tree.
    PublishingFailed "publishing-failed" Error "Publishing fails";
    /// The mapping of a source of webhooks does not work at all.
    MappingBroken "mapping-broken" Error "Mappings that do not work";
    /// The classic page has colours for 21 sequences, and breaks at one more.
    TooManySequences "too-many-sequences" Error "Too many sequences for the classic page";
    /// The page has no room for the pictures of more than 2048 shots or assets, and then shows none at all.
    TooManyPictures "too-many-pictures" Error "Too many pictures for the page";
    /// Deliveries of webhooks that could not be applied.
    DeliveriesFailed "deliveries-failed" Warning "Deliveries that failed";
    /// Deliveries are refused, and none was accepted since.
    DeliveriesRefused "deliveries-refused" Warning "Deliveries that are refused";
    /// Deliveries are to be applied whose source is not configured any more.
    SourceMissing "source-missing" Warning "Deliveries without a source";
    /// A publish hook could not be told.
    PublishHookFailed "publish-hook-failed" Warning "Publish hooks that fail";
    /// A shot has no usable range of frames.
    NoRange "no-range" Warning "Shots without a range of frames";
    /// A shot ends before it begins.
    BackwardsRange "backwards-range" Warning "Shots that end before they begin";
    /// Something refers to what does not exist.
    DanglingReference "dangling-reference" Warning "References to what is not there";
    /// A task has no type or no status.
    IncompleteTask "incomplete-task" Warning "Tasks without a type or status";
    /// A path of the tree leads to no picture, or a file was lost.
    MissingMedia "missing-media" Warning "Pictures and movies that are not there";
    /// A picture or movie is on a server that nothing is fetched from.
    RemoteMedia "remote-media" Warning "Pictures and movies on other servers";
    /// A picture or movie could not be fetched.
    MediaNotFetched "media-not-fetched" Warning "Pictures and movies that could not be fetched";
    /// A movie runs at another rate than its project.
    MovieRate "movie-rate" Warning "Movies at another rate";
    /// Not every browser plays a movie.
    MovieCodec "movie-codec" Warning "Movies that not every browser plays";
    /// Shots end after the movie.
    ShotsBeyondTheMovie "shots-beyond-the-movie" Warning "Shots beyond the end of the movie";
    /// Shots end after the timeline.
    ShotsBeyondTheEdit "shots-beyond-the-edit" Warning "Shots beyond the end of the edit";
    /// The edit has another length than its movie.
    MovieLength "movie-length" Hint "Edits that are not as long as their movies";
    /// Two shots are at the same time.
    Overlap "overlap" Hint "Shots that overlap";
    /// Between two shots there is none.
    Gap "gap" Hint "Gaps between shots";
    /// Something has no name yet.
    NoName "no-name" Hint "Things without a name";
    /// A status that the project lists was never used.
    UnusedStatus "unused-status" Hint "Statuses that were never used";
    /// Deliveries wait for a project that does not exist.
    DeliveriesWaiting "deliveries-waiting" Hint "Deliveries that wait for a project";
}

impl ProblemKind {
    /// The kind of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|kind| kind.name() == name).copied()
    }
}

impl Serialize for ProblemKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::{ProblemKind, Severity};

    #[test]
    fn the_worst_come_first() {
        let severities: Vec<Severity> = ProblemKind::ALL.iter().map(|kind| kind.severity()).collect();
        assert!(severities.is_sorted_by(|a, b| a >= b), "{severities:?}");
        assert!(ProblemKind::ALL.is_sorted());
    }
}
