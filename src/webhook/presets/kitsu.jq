# Kitsu: events of Zou, its server, as examples/kitsu/watchtower.py sends them.
#
# In:  {"headers": {…}, "body": {"name": "task:status-changed", "at": "…", "data": {…}, "entity": {…}}}
#      `data` is what Zou says: ids and little more. `entity` is what the event is about, as the handler read it; it may be
#      absent.
# Out: changes as POST /api/batch takes them. See docs/trackers/kitsu.md.

# ---- What differs from site to site: alter these. -------------------------------------------------------------------

# Ids of the projects to follow. None named: all.
def projects: [];

# The address of Kitsu's API, such as "https://kitsu.example.com/api", if its pictures shall be shown. They are fetched only
# from servers that are configured as a [[media-host]].
def api: null;

# ---- Values. --------------------------------------------------------------------------------------------------------

# An id. Those of Zou are UUIDs; should one be something else: blanks become "_", other characters that an id cannot have "~" and
# their code ("é" is "~C3~A9").
def id:
  if type == "number" then tostring | rtrimstr(".0")
  elif type == "string" and . != "" then
    # Most are ids as they are.
    if @uri == . then . elif test("\\S") then gsub("\\s"; "_") | @uri | gsub("%"; "~") else null end
    | if . == "." or . == ".." then "~" + . elif . then .[0:128] else null end
  else null end;

# A time, in UTC if it does not say otherwise.
def time:
  if type == "string" and .[4:5] + .[7:8] + .[13:14] + .[16:17] == "--::" and .[0:4] >= "1990"
    and (.[0:4] + .[5:7] + .[8:10] + .[11:13] + .[14:16] + .[17:19] | explode | all(. >= 48 and . <= 57)) then
    .[0:10] + "T" + (.[11:] | if endswith("Z") or contains("+") or contains("-") then . else . + "Z" end)
  else null end;

# A number, or the same as text, as people type it; null for anything else.
def number:
  if type == "number" then .
  elif type == "string" and test("^\\s*-?[0-9]+(\\.[0-9]+)?\\s*$") then gsub("\\s"; "") | tonumber
  else null end;

def has_text: type == "string" and (.[0:1] > " " or test("\\S"));
def name: if .name | has_text then {name} else {} end;
def color: if .color | type == "string" and test("^#?[0-9a-fA-F]{3,8}$") then {color} else {} end;
def reference($from; $to): if has($from) then {($to): (.[$from] | id)} else {} end;
def ids: [arrays | .[] | if type == "object" then .id else . end | id | values];
def list($from): if .[$from] | type == "array" then {($from): (.[$from] | ids)} else {} end;
def preview:
  if api and (.preview_file_id | id) then {thumbnailUrl: (api + "/pictures/thumbnails/preview-files/" + .preview_file_id + ".png")}
  else {} end;
def canceled: if .canceled | type == "boolean" then {canceled} else {} end;

# ---- What an entity of Zou says. ------------------------------------------------------------------------------------

def avatar($of):
  if api and .has_avatar == true then {thumbnailUrl: (api + "/pictures/thumbnails/" + $of + "/" + .id + ".png")} else {} end;

# Frames are what people typed. Watchtower places shots by them as they are.
def frames:
  if .data | type == "object" then {data: {frame_in: (.data.frame_in | number), frame_out: (.data.frame_out | number)}}
  else {} end;
def fps: number | if . != null and . > 0 then {fps: .} else {} end;
def offset: if .data | type == "object" then .data.frame_start | number | if . then {frameOffset: round} else {} end else {} end;

def value($kind):
  if $kind == "projects" then
    name + (.fps | fps) + (if .ratio | has_text then {ratio} else {} end) + (if .resolution | has_text then {resolution} else {} end)
    + list("team") + list("asset_types") + list("task_types") + list("task_statuses") + avatar("projects")
  elif $kind == "users" then
    (if .full_name | has_text then {name: .full_name} else {} end) + avatar("persons")
  elif $kind == "task-types" then name + color + (if has("for_entity") then {for_shots: (.for_entity == "Shot")} else {} end)
  elif $kind == "task-statuses" then name + color
  elif $kind == "sequences" then name + canceled + reference("parent_id"; "episode_id")
  elif $kind == "shots" then
    name + canceled + reference("parent_id"; "sequence_id") + frames + ((.data | objects | .fps | fps) // {}) + preview
  elif $kind == "assets" then name + canceled + reference("entity_type_id"; "asset_type_id") + preview
  elif $kind == "edits" then name + canceled + reference("parent_id"; "episode_id") + offset
  elif $kind == "tasks" then
    reference("task_type_id"; "task_type_id") + reference("task_status_id"; "task_status_id") + list("assignees")
    + (if .for_entity == "Shot" then {shot_id: (.entity_id | id), asset_id: null}
       elif .for_entity == "Asset" then {shot_id: null, asset_id: (.entity_id | id)}
       else {} end)
  else name end;

# ---- Changes. -------------------------------------------------------------------------------------------------------

def kinds: {
  "project": "projects", "person": "users", "asset-type": "asset-types", "task-type": "task-types",
  "task-status": "task-statuses", "episode": "episodes", "sequence": "sequences", "shot": "shots", "asset": "assets",
  "edit": "edits", "task": "tasks"
};
def is_studio_wide: . as $kind | any("projects", "users", "asset-types", "task-types", "task-statuses"; . == $kind);

def change($op; $kind; $of; $value):
  {$op, $kind, project: (.data.project_id | id), id: ($of | id), $value, at: (.at | time)}
  | if $kind | is_studio_wide then del(.project) else select(.project) end
  | select(.id)
  | if .value == null then del(.value) else . end
  | if .at then . else del(.at) end;

# Tasks of sequences, episodes and edits have no place in Watchtower. What a task is of is known only if the handler could
# read it.
def is_shown: .entity.for_entity as $of | $of == null or $of == "Shot" or $of == "Asset";

# What changed is in the entity alone. Without it, something new is created at least, and named when its fields come.
def changed($name; $kind; $what):
  .data[$name | gsub("-"; "_") + "_id"] as $of
  | if .entity then .entity as $entity | change("merge"; $kind; $of; $entity | value($kind))
    elif $what == "new" then change("merge"; $kind; $of; {})
    else empty end;

def task($what):
  .data as $data
  | if $what == "delete" then change("delete"; "tasks"; $data.task_id; null)
    elif is_shown | not then empty
    elif $what == "new" or $what == "update" then changed("task"; "tasks"; $what)
    # These say what they change, whatever became of the task in the meantime.
    elif $what == "status-changed" then
      change("merge"; "tasks"; $data.task_id;
        (if .entity then .entity | value("tasks") | del(.assignees) else {} end) + {task_status_id: ($data.new_task_status_id | id)})
    elif $what == "assign" then change("add"; "tasks"; $data.task_id; {assignees: [$data.person_id | id | values]})
    elif $what == "unassign" then change("remove"; "tasks"; $data.task_id; {assignees: [$data.person_id | id | values]})
    else empty end;

# The handler may send the whole casting. Zou itself says who was added and removed, and older versions not even that.
def casting:
  def some($op; $assets): if $assets == [] then empty else change($op; "casting"; .data.shot_id; {asset_ids: $assets}) end;
  if .entity.casting | type == "array" then change("merge"; "casting"; .data.shot_id; {asset_ids: (.entity.casting | ids)})
  else some("add"; .data.added_asset_ids | ids), some("remove"; .data.removed_asset_ids | ids) end;

# ---- One event. -----------------------------------------------------------------------------------------------------

.body | objects
| select((.name | type) == "string" and (.data | type) == "object")
| .entity |= if type == "object" then . else null end
| (.data.project_id | id) as $project
| select(projects == [] or $project == null or any(projects[] | id; . == $project))
| (.name | split(":")) as [$of, $what]
| if $of == "task" then task($what)
  elif .name == "shot:casting-update" then casting
  elif kinds[$of] == null then empty
  elif $what == "delete" then change("delete"; kinds[$of]; .data[$of | gsub("-"; "_") + "_id"]; null)
  elif $what == "new" or $what == "update" or $what == "set-thumbnail" then changed($of; kinds[$of]; $what)
  else empty end
