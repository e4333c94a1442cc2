//! What both productions share: the people, and the types and statuses that the studio works with.

use serde_json::{Value, json};

/// Everybody, as id and name.
pub(super) const PEOPLE: [(&str, &str); 14] = [
    ("ines-valadares", "Inês Valadares"),
    ("amelie-thibodeau", "Amélie Thibodeau"),
    ("bongani-zwane", "Bongani Zwane"),
    ("yusuf-demirkan", "Yusuf Demirkan"),
    ("xiaolan-wei", "Xiaolan Wei"),
    ("tomasz-wieliczko", "Tomasz Wieliczko"),
    ("leilani-kahale", "Leilani Kahale"),
    ("sunniva-hauge", "Sunniva Hauge"),
    ("mateo-quiroga", "Mateo Quiroga"),
    ("dilnoza-karimova", "Dilnoza Karimova"),
    ("haruka-shimode", "Haruka Shimode"),
    ("oluwaseun-adeyinka", "Oluwaseun Adeyinka"),
    ("mirja-kallas", "Mirja Kallas"),
    ("ravi-subramani", "Ravi Subramani"),
];

/// Asset types, as id, name, and what the ids of such assets begin with.
pub(super) const ASSET_TYPES: [(&str, &str, &str); 4] =
    [("character", "Character", "char-"), ("prop", "Prop", "prop-"), ("set", "Set", "set-"), ("effect", "FX", "fx-")];

/// One kind of work, which trackers call a task type.
pub(super) struct Department {
    /// Its id, which also ends the ids of its tasks.
    pub(super) id: &'static str,
    name: &'static str,
    color: &'static str,
    /// Whether its tasks belong to shots, not to assets.
    pub(super) for_shots: bool,
    /// How long one task usually takes, in ticks of the schedule.
    pub(super) effort: u64,
}

const fn department(
    id: &'static str,
    name: &'static str,
    color: &'static str,
    for_shots: bool,
    effort: u64,
) -> Department {
    Department { id, name, color, for_shots, effort }
}

/// All departments in the order in which work passes through them: first those of assets, then those of shots.
pub(super) const DEPARTMENTS: [Department; 10] = [
    department("concept", "Concept", "#8d6e63", false, 380),
    department("model", "Modeling", "#78909c", false, 620),
    department("rig", "Rigging", "#9ccc65", false, 560),
    department("shade", "Shading", "#64b5f6", false, 700),
    department("story", "Storyboard", "#f06292", true, 260),
    department("layout", "Layout", "#9575cd", true, 380),
    department("anim", "Animation", "#fb8c00", true, 900),
    department("fx", "Effects", "#e64a19", true, 620),
    department("light", "Lighting", "#fdd835", true, 480),
    department("comp", "Compositing", "#26c6da", true, 420),
];

/// Task statuses, as id, name and colour, from the first to the last of a task's life.
pub(super) const STATUSES: [(&str, &str, &str); 7] = [
    ("todo", "Todo", "#a5acb5"),
    ("ready", "Ready", "#fbc02d"),
    ("wip", "Work in Progress", "#3273dc"),
    ("wfa", "Waiting for Approval", "#ab26ff"),
    ("retake", "Retake", "#ff3860"),
    ("done", "Done", "#22d160"),
    ("on-hold", "On Hold", "#795548"),
];

/// The studio-wide lists, as `PUT /api/context` takes them.
#[must_use]
pub fn context() -> Value {
    let users =
        PEOPLE.iter().map(|(id, name)| json!({"id": id, "name": name, "has_avatar": false, "thumbnailUrl": null}));
    let asset_types = ASSET_TYPES.iter().map(|(id, name, _)| json!({"id": id, "name": name}));
    let task_types =
        DEPARTMENTS.iter().map(|d| json!({"id": d.id, "name": d.name, "color": d.color, "for_shots": d.for_shots}));
    let task_statuses = STATUSES.iter().map(|(id, name, color)| json!({"id": id, "name": name, "color": color}));
    json!({
        "users": users.collect::<Value>(),
        "asset_types": asset_types.collect::<Value>(),
        "task_types": task_types.collect::<Value>(),
        "task_statuses": task_statuses.collect::<Value>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_type_and_status_has_a_color_of_its_own() {
        let context = context();
        for list in ["task_types", "task_statuses"] {
            let entries = context[list].as_array().unwrap();
            let colors: HashSet<&str> = entries.iter().map(|entry| entry["color"].as_str().unwrap()).collect();
            assert_eq!(colors.len(), entries.len(), "{list}");
            assert!(colors.iter().all(|color| {
                color.len() == 7 && color.starts_with('#') && color[1..].bytes().all(|byte| byte.is_ascii_hexdigit())
            }));
        }
    }
}
