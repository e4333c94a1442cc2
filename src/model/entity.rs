//! What all entities have in common, and the macro that makes them alike.

use serde_json::{Map, Value};
use utoipa::openapi::{RefOr, Schema};

use super::{
    fault::{At, Findings},
    field::named,
};

/// One field of a kind of entity, as the API and its document know it.
pub struct FieldInfo {
    /// Its name in JSON.
    pub name: &'static str,
    /// Other names under which it is accepted.
    pub aliases: &'static [&'static str],
    /// What it is, in a sentence.
    pub doc: &'static str,
    /// Whether an entity cannot be created without it.
    pub required: bool,
    /// Whether it is a medium, which has an address of its own and is only read here.
    pub attached: bool,
    /// The schema of its value.
    pub schema: fn() -> RefOr<Schema>,
}

/// Declares [`Kind`], [`Entity`] and a struct per entity, with everything that differs only by field.
macro_rules! entities {
    ($(
        $(#[doc = $doc:literal])+
        $kind:ident $singular:literal $plural:literal $(by $id:literal)? {
            $(
                $(#[doc = $fdoc:literal])+
                $field:ident $name:literal $(or $alias:literal)*: $type:ty $(, $mark:ident)?;
            )*
        }
    )*) => {
        /// The kinds of entities.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind { $( $(#[doc = $doc])+ $kind, )* }

        $(
            $(#[doc = $doc])+
            #[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
            #[serde(default)]
            pub struct $kind { $( $(#[doc = $fdoc])+ #[serde(rename = $name)] pub $field: $type, )* }
        )*

        /// An entity of any kind, without its id.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Entity { $( $(#[doc = $doc])+ $kind($kind), )* }

        impl Kind {
            /// Every kind, studio-wide ones first, owners before what they own.
            pub const ALL: &[Kind] = &[ $( Kind::$kind, )* ];

            /// The kind's name, for one: `task-status`.
            #[must_use]
            pub fn singular(self) -> &'static str { match self { $( Kind::$kind => $singular, )* } }

            /// The kind's name in URLs and lists: `task-statuses`.
            #[must_use]
            pub fn plural(self) -> &'static str { match self { $( Kind::$kind => $plural, )* } }

            /// The name of the struct, and of the schema in the API document.
            #[must_use]
            pub fn type_name(self) -> &'static str { match self { $( Kind::$kind => stringify!($kind), )* } }

            /// What the kind is, in a sentence.
            #[must_use]
            pub fn doc(self) -> &'static str { match self { $( Kind::$kind => concat!($( $doc ),+).trim_ascii(), )* } }

            /// The member that holds the id.
            #[must_use]
            #[allow(unreachable_code, unused_mut, unused_assignments, clippy::allow_attributes)]
            pub fn id_field(self) -> &'static str {
                match self { $( Kind::$kind => { let mut id = "id"; $( id = $id; )? id } )* }
            }

            /// The fields, in the order of the JSON.
            #[must_use]
            pub fn fields(self) -> &'static [$crate::model::entity::FieldInfo] {
                match self { $( Kind::$kind => const { &[ $( $crate::model::entity::FieldInfo {
                    name: $name,
                    aliases: &[ $( $alias, )* ],
                    doc: concat!($( $fdoc ),+).trim_ascii(),
                    required: $crate::model::entity::is_marked!(required $( $mark )?),
                    attached: $crate::model::entity::is_marked!(attached $( $mark )?),
                    schema: <$type as $crate::model::field::Field>::schema,
                }, )* ] }, )* }
            }
        }

        impl Entity {
            /// The entity of a kind with every field at its default.
            #[must_use]
            pub fn empty(kind: Kind) -> Self { match kind { $( Kind::$kind => Entity::$kind($kind::default()), )* } }

            /// The kind of the entity.
            #[must_use]
            pub fn kind(&self) -> Kind { match self { $( Entity::$kind(_) => Kind::$kind, )* } }

            /// Reads the form that the store keeps; fields that are absent take their defaults.
            pub fn from_stored(kind: Kind, body: &str) -> serde_json::Result<Self> {
                match kind { $( Kind::$kind => serde_json::from_str(body).map(Entity::$kind), )* }
            }

            /// The form that the store keeps.
            pub fn to_stored(&self) -> serde_json::Result<String> {
                match self { $( Entity::$kind(entity) => serde_json::to_string(entity), )* }
            }

            /// The fields as JSON, in their order.
            #[must_use]
            pub fn to_json(&self) -> serde_json::Value {
                let value = match self { $( Entity::$kind(entity) => serde_json::to_value(entity), )* };
                value.unwrap_or_default()
            }

            /// Sets a field to a value, or merges a patch into it; null is the default.
            pub fn set(&mut self, field: &str, value: serde_json::Value, at: $crate::model::fault::At<'_>, findings: &mut $crate::model::fault::Findings) {
                use $crate::model::field::Field;
                match self { $( Entity::$kind(entity) => match field {
                    $( $name => if value.is_null() { entity.$field = <$type>::default() } else { entity.$field.merge(value, at, findings) }, )*
                    _ => {}
                }, )* }
            }

            /// Whether a field is at its default.
            #[must_use]
            pub fn is_empty(&self, field: &str) -> bool {
                match self { $( Entity::$kind(entity) => match field {
                    $( $name => entity.$field == <$type>::default(), )*
                    _ => true,
                }, )* }
            }

            /// Takes one field over from another entity of the same kind.
            pub fn copy_field(&mut self, field: &str, from: &Self) {
                match (self, from) {
                    $( (Entity::$kind(entity), Entity::$kind(from)) => match field {
                        $( $name => entity.$field.clone_from(&from.$field), )*
                        _ => {}
                    }, )*
                    _ => {}
                }
            }

            /// The list of ids that a field is, if it is one.
            pub fn members(&mut self, field: &str) -> Option<&mut Vec<$crate::model::id::Id>> {
                use $crate::model::field::Field;
                match self { $( Entity::$kind(entity) => match field {
                    $( $name => entity.$field.members(), )*
                    _ => None,
                }, )* }
            }
        }

        $( impl $kind {
            /// This entity, out of one of any kind.
            #[must_use]
            pub fn of(entity: &Entity) -> Option<&Self> {
                if let Entity::$kind(entity) = entity { Some(entity) } else { None }
            }
        } )*
    };
}
pub(super) use entities;

/// Whether a field is marked by a word.
macro_rules! is_marked {
    (required required) => {
        true
    };
    (attached attached) => {
        true
    };
    ($($other:ident)*) => {
        false
    };
}
pub(super) use is_marked;

use super::{Entity, Kind};

impl Kind {
    /// The lists that all projects share, in the order of their keys in a project's context.
    pub const CONTEXT: &[Kind] = &[Kind::User, Kind::AssetType, Kind::TaskType, Kind::TaskStatus];

    /// The lists of one project that the API offers.
    pub const OF_PROJECT: &[Kind] =
        &[Kind::Episode, Kind::Sequence, Kind::Shot, Kind::Asset, Kind::Task, Kind::Casting, Kind::Edit];

    /// Whether entities of this kind belong to no project.
    #[must_use]
    pub fn is_studio_wide(self) -> bool {
        self == Kind::Project || Self::CONTEXT.contains(&self)
    }

    /// The kind with this name, singular or plural, as the API offers it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let offered = |kind: &&Kind| kind.is_studio_wide() || Self::OF_PROJECT.contains(kind);
        Self::ALL.iter().filter(offered).find(|kind| kind.plural() == name || kind.singular() == name).copied()
    }

    /// The fields that are written with the entity; its medium is not.
    pub fn own_fields(self) -> impl Iterator<Item = &'static FieldInfo> {
        self.fields().iter().filter(|field| !field.attached)
    }

    /// The field that goes by this name or alias.
    #[must_use]
    pub fn field(self, name: &str) -> Option<&'static FieldInfo> {
        self.fields().iter().find(|field| field.name == name || field.aliases.contains(&name))
    }
}

impl Entity {
    /// Reads a new entity from the members of an object; what has no field is warned about and left.
    pub fn read(kind: Kind, object: Map<String, Value>, at: At<'_>, findings: &mut Findings) -> Self {
        let mut entity = Self::empty(kind);
        let named: Vec<_> = object.keys().filter_map(|key| kind.field(key)).map(|field| field.name).collect();
        entity.merge(object, at, findings);
        for field in kind.fields().iter().filter(|field| field.required && !named.contains(&field.name)) {
            findings.fault(at.key(field.name), format!("a {} needs a {}", kind.singular(), field.name));
        }
        entity
    }

    /// Merges the members of an object (RFC 7396): null is the default, what is absent stays.
    pub fn merge(&mut self, object: Map<String, Value>, at: At<'_>, findings: &mut Findings) {
        let kind = self.kind();
        for (key, value) in object {
            match kind.field(&key) {
                // A medium is passed over: as part of an entity it is only read.
                Some(field) if field.attached => {}
                Some(field) if value.is_null() && field.required => {
                    findings.fault(at.key(&key), format!("the {} of a {} cannot be null", field.name, kind.singular()));
                }
                // An alias beside its field says the same again (`name` and `full_name`): the field goes first.
                Some(field) => self.set(field.name, value, at.key(&key), findings),
                None => findings.warn(at.key(&key), format!("unknown field {}, left out", named(&key.as_str().into()))),
            }
        }
    }
}
