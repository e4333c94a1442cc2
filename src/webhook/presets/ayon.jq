# AYON: events of its event stream, as examples/ayon/watchtower.py sends them.
#
# In:  {"headers": {…}, "body": {"event": {"topic": "entity.task.status_changed", "project": …, "summary": …, "createdAt": …},
#      "entity": {…}, "parent": {…}}}
#      `entity` is the folder, task, or project that the event is about, and `parent` the folder that it is in, both as the AYON
#      server answers them. They may be absent: then the event is all there is.
# Out: changes as POST /api/batch takes them. See docs/trackers/ayon.md.

# ---- What differs from site to site: alter these. -------------------------------------------------------------------

# Names of the projects to follow, such as ["kestrel"]. None named: all.
def projects: [];

# What a folder is, by its type. Folders of other types only hold others.
def folder_types: {"Shot": "shots", "Sequence": "sequences", "Episode": "episodes", "Asset": "assets"};

# Types of task that are work on assets. All others are work on shots.
def types_on_assets: ["Art", "Modeling", "Texture", "Lookdev", "Rigging"];

# The type of an asset: the folder that it is in, such as "characters".
def asset_type($parent): if $parent and ($parent.folderType == "Asset" | not) then $parent.name else null end;

# Attributes of a shot that place it on the timeline of the edit; the second is its last frame. Where every shot begins at 1001,
# these are not such, and "clipIn" and "clipOut" may be.
def frame_in: "frameStart";
def frame_out: "frameEnd";

# Statuses of folders that take them off the page.
def omitted: ["Omitted"];

# ---- Values. --------------------------------------------------------------------------------------------------------

# An id: blanks become "_", other characters that an id cannot have "~" and their code ("é" is "~C3~A9"). AYON knows statuses,
# types of task, and people by their names: "In progress" becomes "In_progress".
def id:
  if type == "number" then tostring | rtrimstr(".0")
  elif type == "string" and . != "" then
    # Most are ids as they are.
    if @uri == . then . elif test("\\S") then gsub("\\s"; "_") | @uri | gsub("%"; "~") else null end
    | if . == "." or . == ".." then "~" + . elif . then .[0:128] else null end
  else null end;

# A time, such as "2024-05-14T08:31:05.123456+00:00"; in UTC if it does not say otherwise.
def time:
  if type == "string" and .[4:5] + .[7:8] + .[13:14] + .[16:17] == "--::" and .[0:4] >= "1990"
    and (.[0:4] + .[5:7] + .[8:10] + .[11:13] + .[14:16] + .[17:19] | explode | all(. >= 48 and . <= 57)) then
    .[0:10] + "T" + (.[11:] | if endswith("Z") or contains("+") or contains("-") then . else . + "Z" end)
  else null end;

def number:
  if type == "number" then .
  elif type == "string" and test("^\\s*-?[0-9]+(\\.[0-9]+)?\\s*$") then gsub("\\s"; "") | tonumber
  else null end;

def has_text: type == "string" and (.[0:1] > " " or test("\\S"));
def name: if .label | has_text then {name: .label} elif .name | has_text then {name} else {} end;
def one_of($names): . as $name | any($names[]; . == $name);
def kind_of($folder): if $folder | type == "string" then folder_types[$folder] else null end;
def field($name; $value): if $value == null then {} else {($name): $value} end;

# ---- Changes. -------------------------------------------------------------------------------------------------------

def is_studio_wide: one_of(["projects", "users", "asset-types", "task-types", "task-statuses"]);

def change($op; $kind; $of; $value):
  {$op, $kind, project: (.event.project | id), id: ($of | id), $value, at: (.event.createdAt | time)}
  | if $kind | is_studio_wide then del(.project) else select(.project) end
  | select(.id)
  | if .value == null then del(.value) else . end
  | if .at then . else del(.at) end;

# Something that is known by its name alone.
def by_name($kind; $name): if $name | has_text then change("merge"; $kind; $name; {name: $name}) else empty end;

# ---- Folders. -------------------------------------------------------------------------------------------------------

# A parent of the type that is wanted, or none.
def in_a($type; $field):
  if .parent then {($field): (if .parent.folderType == $type then .parent.id | id else null end)} else {} end;

def frames:
  if .entity.attrib | type == "object" then
    (.entity.attrib[frame_out] | number) as $last
    # Watchtower's frame_out is the first frame after the shot.
    | {data: {frame_in: (.entity.attrib[frame_in] | number), frame_out: (if $last == null then null else $last + 1 end)}}
  else {} end;

def canceled:
  .entity
  | if has("active") or has("status") then {canceled: (.active == false or (.status | one_of(omitted)))} else {} end;

def folder($kind):
  (.entity | name) as $name
  | if $kind == "shots" then change("merge"; $kind; .entity.id; $name + canceled + frames + in_a("Sequence"; "sequence_id"))
    elif $kind == "sequences" then change("merge"; $kind; .entity.id; $name + canceled + in_a("Episode"; "episode_id"))
    elif $kind == "assets" then
      asset_type(.parent) as $type
      | by_name("asset-types"; $type),
        change("merge"; $kind; .entity.id; $name + canceled + field("asset_type_id"; $type | id))
    else change("merge"; $kind; .entity.id; $name) end;

# ---- Tasks. ---------------------------------------------------------------------------------------------------------

def task_type: {name: ., for_shots: (one_of(types_on_assets) | not)};

# What became of the field since does not matter where the event itself says what it was changed to.
def told($topic): if .event.topic == "entity.task." + $topic then .event.payload.newValue // .event.summary.value else null end;

def task:
  (told("status_changed") // .entity.status) as $status
  | (told("type_changed") // .entity.taskType) as $type
  | (told("assignees_changed") // .entity.assignees) as $people
  | kind_of(.parent.folderType) as $of
  # Tasks of other folders than shots and assets have no place in Watchtower.
  | if .parent and ($of | one_of(["shots", "assets"]) | not) then empty
    else
      (if $type | has_text then change("merge"; "task-types"; $type; $type | task_type) else empty end),
      by_name("task-statuses"; $status),
      change("merge"; "tasks"; .entity.id // .event.summary.entityId;
        field("task_type_id"; $type | id) + field("task_status_id"; $status | id)
        + (if $people | type == "array" then {assignees: [$people[] | id | values]} else {} end)
        + (if $of == "shots" then {shot_id: (.parent.id | id), asset_id: null}
           elif $of == "assets" then {shot_id: null, asset_id: (.parent.id | id)}
           else {} end))
    end;

# ---- Projects. ------------------------------------------------------------------------------------------------------

# Statuses and types of task are in the anatomy of each project, with their order. Not all statuses are for tasks.
def statuses: [.statuses | arrays | .[] | select((.name | has_text) and (.scope == null or (.scope | index("task"))))];
def task_types: [.taskTypes | arrays | .[].name | select(has_text)];
def status: {name} + (if .color | type == "string" and test("^#?[0-9a-fA-F]{3,8}$") then {color} else {} end);

def project:
  (.entity // {}) as $entity
  | ($entity.attrib // {}) as $attrib
  | ($attrib.resolutionWidth | number) as $width
  | ($attrib.resolutionHeight | number) as $height
  | ($entity | statuses) as $statuses
  | ($entity | task_types) as $types
  | ($statuses[] as $status | change("merge"; "task-statuses"; $status.name; $status | status)),
    ($types[] as $type | change("merge"; "task-types"; $type; $type | task_type)),
    change("merge"; "projects"; .event.project;
      {name: .event.project}
      + ($attrib.fps | number | if . != null and . > 0 then {fps: .} else {} end)
      + (if $width and $height then {resolution: "\($width | round)x\($height | round)"} else {} end)
      + (if $statuses == [] then {} else {task_statuses: [$statuses[].name | id]} end)
      + (if $types == [] then {} else {task_types: [$types[] | id]} end));

# ---- One event. -----------------------------------------------------------------------------------------------------

# The type of a folder that is gone is known only if the server keeps an audit trail. Ids are unique, so all kinds can be tried.
def deleted:
  (.event.payload.entityData | if type == "object" then kind_of(.folder_type // .folderType) else null end) as $kind
  | change("delete"; if $kind then $kind else folder_types[] end; .event.summary.entityId; null);

.body | objects
| if has("event") then . else {event: .} end
| select((.event | type) == "object" and (.event.topic | type) == "string")
| .entity |= if type == "object" then . else null end
| .parent |= if type == "object" then . else null end
| (.event.project | id) as $project
| select($project and (projects == [] or any(projects[] | id; . == $project)))
| (.event.topic | split(".")) as [$entity, $of, $what]
| select($entity == "entity")
| if $of == "project" then
    if $what == "deleted" then change("delete"; "projects"; .event.project; null) else project end
  elif $of == "folder" then
    if $what == "deleted" then deleted
    else kind_of(.entity.folderType) as $kind | if $kind then folder($kind) else empty end end
  elif $of == "task" then
    if $what == "deleted" then change("delete"; "tasks"; .event.summary.entityId; null) else task end
  else empty end
