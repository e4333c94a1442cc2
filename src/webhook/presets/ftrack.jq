# ftrack: webhooks for entity events.
#
# In:  {"headers": {…}, "body": {"id": …, "metadata": {"date": …}, "entity": {"id": […], "entity_type": "Task", "operation": "update",
#      "new": {…}, "old": {…}}}}
# Out: changes as POST /api/batch takes them. See docs/trackers/ftrack.md.
#
# `new` and `old` have all columns of the entity, and nothing of others. So what its parent is, a sequence or a folder, a shot or
# an asset build, cannot be seen: that is what the lists below are for.

# ---- What differs from site to site: alter these. -------------------------------------------------------------------

# Ids of the projects to follow, such as ["258715cc-4bfd-4a6d-84ce-c4c9b5064566"]. None named: all that the webhook sends.
def projects: [];

# Ids of the types of task that are work on shots, and of those that are work on asset builds. A task of another type is not
# given to either; one that is here already keeps what it has.
def types_on_shots: [];
def types_on_assets: [];

# Ids of statuses of shots, asset builds and sequences that take them off the page.
def omitted: [];

# Whether what a sequence is in is an episode.
def has_episodes: false;

# What an entity is, by its type; and by the id of its object type, should it come as a TypedContext. An object type of your own
# (Settings, Workflow) is one more line.
def kind_of_type: {
  "Project": "projects", "Episode": "episodes", "Sequence": "sequences", "Shot": "shots", "AssetBuild": "assets", "Task": "tasks",
  "User": "users", "Status": "task-statuses", "Type": "task-types"
};
def kind_of_object_type: {
  "bad911de-3bd6-47b9-8b46-3476e237cb36": "shots",
  "e5139355-61da-4c8f-9db4-3abc870166bc": "sequences",
  "4be63b64-5010-42fb-bf1f-428af9d638f0": "assets",
  "11c137c0-ee7e-4f9c-91c5-8c77cec22b2c": "tasks"
};

# ---- Values. --------------------------------------------------------------------------------------------------------

# An id: blanks become "_", other characters that an id cannot have "~" and their code ("é" is "~C3~A9").
def id:
  if type == "number" then tostring | rtrimstr(".0")
  elif type == "string" and . != "" then
    # Most are ids as they are.
    if @uri == . then . elif test("\\S") then gsub("\\s"; "_") | @uri | gsub("%"; "~") else null end
    | if . == "." or . == ".." then "~" + . elif . then .[0:128] else null end
  else null end;

# A time, such as "2024-06-04T10:31:39.554607+00:00".
def time:
  if type == "string" and .[4:5] + .[7:8] + .[13:14] + .[16:17] == "--::" and .[0:4] >= "1990"
    and (.[0:4] + .[5:7] + .[8:10] + .[11:13] + .[14:16] + .[17:19] | explode | all(. >= 48 and . <= 57)) then
    .[0:10] + "T" + (.[11:] | if endswith("Z") or contains("+") or contains("-") then . else . + "Z" end)
  else null end;

def has_text: type == "string" and (.[0:1] > " " or test("\\S"));
def is_color: type == "string" and test("^(#?[0-9a-fA-F]{3,8}|[0-9]+, *[0-9]+, *[0-9]+)$");
def one_of($names): . as $name | any($names[]; . == $name);
def name($text): if $text | has_text then {name: $text} else {} end;
def color: if .color | is_color then {color} else {} end;

# A column as a field. One that did not come leaves the field alone; one that is null empties it.
def reference($column; $field): if has($column) then {($field): (.[$column] | id)} else {} end;

# ---- What the columns say. ------------------------------------------------------------------------------------------

def canceled: if has("status_id") and omitted != [] then {canceled: (.status_id | one_of(omitted))} else {} end;

# The parent, unless that is the project.
def parent($field): if .parent_id == .project_id then {($field): null} else reference("parent_id"; $field) end;

def owner:
  if has("parent_id") | not then {}
  elif .type_id | one_of(types_on_shots) then {shot_id: (.parent_id | id), asset_id: null}
  elif .type_id | one_of(types_on_assets) then {shot_id: null, asset_id: (.parent_id | id)}
  else {} end;

def person: [.first_name, .last_name | select(has_text)] | join(" ");

def value($kind):
  if $kind == "projects" then name(if .full_name | has_text then .full_name else .name end)
  elif $kind == "episodes" then name(.name)
  elif $kind == "sequences" then name(.name) + (if has_episodes then parent("episode_id") else {} end) + canceled
  elif $kind == "shots" then name(.name) + parent("sequence_id") + canceled
  elif $kind == "assets" then name(.name) + reference("type_id"; "asset_type_id") + canceled
  elif $kind == "tasks" then owner + reference("type_id"; "task_type_id") + reference("status_id"; "task_status_id")
  elif $kind == "users" then name(person)
  elif $kind == "task-statuses" then name(.name) + color
  else name(.name) + color + {for_shots: (.id | one_of(types_on_shots))} end;

# ---- One event. -----------------------------------------------------------------------------------------------------

def is_studio_wide: one_of(["projects", "users", "task-types", "task-statuses"]);

.body | objects
| (.metadata | if type == "object" then .date else null end | time) as $at
| .entity | objects
| . as $event
| (if .operation == "delete" then .old, .new else .new end | objects) // empty
| (kind_of_type[$event.entity_type | strings] // kind_of_object_type[.object_type_id | strings]) as $kind
| select($kind)
# Types are for tasks and for asset builds: only those that are named above are certain to be for tasks.
| select($kind != "task-types" or (.id | one_of(types_on_shots + types_on_assets)))
| (if $kind | is_studio_wide then null else .project_id | id end) as $project
| select($project or ($kind | is_studio_wide))
| (if $kind == "projects" then .id | id else $project end) as $in
| select(projects == [] or $in == null or any(projects[] | id; . == $in))
| ((.id // ($event.id | if type == "array" then .[0] else . end)) | id) as $id
| select($id)
| {kind: $kind, id: $id} + (if $project then {project: $project} else {} end) + (if $at then {at: $at} else {} end)
  + (if $event.operation | one_of(["create", "update"]) then {op: "merge", value: value($kind)}
     # Not sent by ftrack when this was written.
     elif $event.operation == "delete" then {op: "delete"}
     else empty end)
