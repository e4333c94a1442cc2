# Autodesk Flow Production Tracking (ShotGrid): webhooks, single and batched.
#
# In:  {"headers": {…}, "body": {"data": {one event} or {"deliveries": [events]}, "timestamp": …}}
# Out: changes as POST /api/batch takes them. See docs/trackers/flow.md.

# ---- What differs from site to site: alter these. -------------------------------------------------------------------

# Ids of the projects to follow, such as [122, 127]. None named: all that the webhook sends.
def projects: [];

# Whether a project that is moved to the trash is deleted here, with all that is in it: from the trash it comes back whole,
# and here it would not.
def deletes_projects: false;

# Statuses of shots, assets and sequences that take them off the page.
def omitted: ["omt"];

# Fields of a shot that place it on the timeline of the edit. Cut Out is the last frame that is seen.
def frame_in: ["sg_cut_in"];
def frame_out: ["sg_cut_out"];

# The field that has the name, by type of entity.
def name_fields: {
  "Project": "name", "Episode": "code", "Sequence": "code", "Shot": "code", "Asset": "code", "HumanUser": "name", "Step": "code"
};

# Fields that link to other entities.
def sequence_of_shot: ["sg_sequence"];
def episode_of_sequence: ["episode", "sg_episode"];
def step_of_task: ["step"];
def parent_of_task: ["entity"];

# Fields with lists of others, which come as what was added and removed.
def assets_of_shot: ["assets"];
def people_of_task: ["task_assignees"];
def people_of_project: ["users"];

# Fields with plain values.
def status: ["sg_status_list"];
def asset_type: ["sg_asset_type"];

# ---- Values. --------------------------------------------------------------------------------------------------------

# An id: blanks become "_", other characters that an id cannot have "~" and their code ("é" is "~C3~A9").
def id:
  if type == "number" then tostring | rtrimstr(".0")
  elif type == "string" and . != "" then
    # Most are ids as they are.
    if @uri == . then . elif test("\\S") then gsub("\\s"; "_") | @uri | gsub("%"; "~") else null end
    | if . == "." or . == ".." then "~" + . elif . then .[0:128] else null end
  else null end;

# A frame: a number, or the same as text; null if there is none, and nothing at all for anything else.
def frame:
  if . == null or . == "" then null
  elif type == "number" then .
  elif type == "string" and test("^\\s*-?[0-9]+(\\.[0-9]+)?\\s*$") then gsub("\\s"; "") | tonumber
  else empty end;

# A time: Flow writes "2022-02-01 20:53:08.523887", in UTC.
def time:
  if type == "string" and .[4:5] + .[7:8] + .[13:14] + .[16:17] == "--::" and .[0:4] >= "1990"
    and (.[0:4] + .[5:7] + .[8:10] + .[11:13] + .[14:16] + .[17:19] | explode | all(. >= 48 and . <= 57)) then
    .[0:10] + "T" + (.[11:] | rtrimstr(" UTC") | if endswith("Z") or contains("+") or contains("-") then . else . + "Z" end)
  else null end;

def has_text: type == "string" and (.[0:1] > " " or test("\\S"));
def text: select(has_text);
def one_of($names): . as $name | any($names[]; . == $name);
def color: select(type == "string" and test("^(#?[0-9a-fA-F]{3,8}|[0-9]+, *[0-9]+, *[0-9]+)$"));

# A link to another entity, its id or null, and its name as far as there is one.
def link: select(type == "object" and (.type | type == "string") and (.id | id));
def link_id: if . == null then null else link | .id | id end;
def name_of: if .name | has_text then {name} else {} end;
def is_followed: id as $of | projects == [] or any(projects[] | id; . == $of);

# ---- Changes. -------------------------------------------------------------------------------------------------------

def kinds: {
  "Project": "projects", "Episode": "episodes", "Sequence": "sequences", "Shot": "shots", "Asset": "assets", "Task": "tasks",
  "HumanUser": "users", "Step": "task-types"
};
def kind: kinds[.];

def is_studio_wide: one_of(["projects", "users", "task-types", "asset-types"]);
def can_be_canceled: one_of(["Shot", "Asset", "Sequence"]);

# A change at the time of this event; nothing where it lacks an id, or its project.
def change($op; $kind; $of; $value):
  {$op, $kind, project: (.project | id), id: ($of | id), $value, at: (.at | time)}
  | if $kind | is_studio_wide then del(.project) else select(.project) end
  | select(.id)
  | if .value == null then del(.value) else . end
  | if .at then . else del(.at) end;

# What a link says beside the id of its target: the name.
def named($link):
  ($link.type | kind) as $kind
  | ($link | name_of) as $name
  | if $kind and $kind != "tasks" and $name != {} then change("merge"; $kind; $link.id; $name) else empty end;

def this($op; $value): change($op; .type | kind; .id; $value);
def members($op; $kind; $of; $list; $members): if $members == [] then empty else change($op; $kind; $of; {($list): $members}) end;
def only($type): [.[]? | link | select(.type == $type)];
def ids($type): [only($type)[].id | id];

# What was added to a list of this entity, and removed from it.
def list($kind; $name; $type):
  named(.added | only($type)[]),
  members("add"; $kind; .id; $name; .added | ids($type)),
  members("remove"; $kind; .id; $name; .removed | ids($type));

# The same, told from the other side: this entity was added to a list of each of those.
def back($kind; $name; $type):
  (.id | id) as $this
  | named(.added | only($type)[]),
    members("add"; $kind; .added | ids($type)[]; $name; [$this]),
    members("remove"; $kind; .removed | ids($type)[]; $name; [$this]);

# ---- One changed field. ---------------------------------------------------------------------------------------------

def project_field:
  if .field | one_of(people_of_project) then list("projects"; "team"; "HumanUser") else empty end;

def person_field:
  if .field == "projects" then
    .added |= [only("Project")[] | select(.id | is_followed)]
    | .removed |= [only("Project")[] | select(.id | is_followed)]
    | back("projects"; "team"; "Project")
  else empty end;

def sequence_field:
  if .field | one_of(episode_of_sequence) then
    .new as $new | named($new | link), this("merge"; {episode_id: ($new | link_id)})
  elif .field == "shots" then
    # Told from the side of the sequence, when a shot is put into it.
    .id as $sequence
    | (.added[]? | link | select(.type == "Shot")) as $shot
    | change("merge"; "shots"; $shot.id; ($shot | name_of) + {sequence_id: ($sequence | id)})
  else empty end;

# A task that was added to a shot or an asset, told from their side. Its status is that of the new task.
def tasks_field($owner):
  . as $event
  | (.added[]? | link | select(.type == "Task")) as $task
  | {shot_id: null, asset_id: null, ($owner): ($event.id | id)}
    + (if .in_create == true and ($task.status | id) then {task_status_id: ($task.status | id)} else {} end)
  | . as $value | $event | change("merge"; "tasks"; $task.id; $value);

def shot_field:
  if .field | one_of(frame_in) then .new as $new | ($new | frame) as $in | this("merge"; {data: {frame_in: $in}})
  elif .field | one_of(frame_out) then
    # Watchtower's frame_out is the first frame after the shot.
    .new as $new | ($new | frame | if . == null then null else . + 1 end) as $out | this("merge"; {data: {frame_out: $out}})
  elif .field | one_of(sequence_of_shot) then
    .new as $new | named($new | link), this("merge"; {sequence_id: ($new | link_id)})
  elif .field | one_of(assets_of_shot) then list("casting"; "asset_ids"; "Asset")
  elif .field == "tasks" then tasks_field("shot_id")
  else empty end;

def asset_field:
  if .field | one_of(asset_type) then
    # Flow's asset types are texts, so the text makes the id.
    ([.new | text] | first) as $name
    | (if $name then change("merge"; "asset-types"; $name; {$name}) else empty end),
      this("merge"; {asset_type_id: ($name | id)})
  elif .field == "shots" then back("casting"; "asset_ids"; "Shot")
  elif .field == "tasks" then tasks_field("asset_id")
  else empty end;

def task_field:
  if .field | one_of(status) then .new as $code | this("merge"; {task_status_id: ($code | id)})
  elif .field | one_of(step_of_task) then
    .new as $new | named($new | link), this("merge"; {task_type_id: ($new | link_id)})
  elif .field | one_of(people_of_task) then list("tasks"; "assignees"; "HumanUser")
  elif .field | one_of(parent_of_task) then
    .new as $new
    | ($new | if type == "object" then .type else null end) as $type
    | named($new | link | select(.type == "Shot" or .type == "Asset")),
      if $type == "Shot" then this("merge"; {shot_id: ($new.id | id), asset_id: null})
      elif $type == "Asset" then this("merge"; {shot_id: null, asset_id: ($new.id | id)})
      # Work on anything else has no place in Watchtower.
      else this("delete"; null) end
  else empty end;

def step_field:
  if .field == "color" then (.new | color) as $color | this("merge"; {$color})
  elif .field == "entity_type" then (.new | text) as $of | this("merge"; {for_shots: ($of == "Shot")})
  else empty end;

def field:
  (if .field == name_fields[.type] then (.new | text) as $name | this("merge"; {$name}) else empty end),
  (if (.type | can_be_canceled) and (.field | one_of(status)) then
     .new as $code | this("merge"; {canceled: ($code | one_of(omitted))})
   else empty end),
  # A number is that of an attachment: only a URL can be fetched. The first of two events comes before the picture is ready.
  (if .field == "image" and (.is_transient | not) and (.type | one_of(["Project", "Shot", "Asset", "HumanUser"])) then
     (.new | text | select(test("^https?://"))) as $url | this("merge"; {thumbnailUrl: $url})
   else empty end),
  (if .type == "Project" then project_field
   elif .type == "HumanUser" then person_field
   elif .type == "Sequence" then sequence_field
   elif .type == "Shot" then shot_field
   elif .type == "Asset" then asset_field
   elif .type == "Task" then task_field
   elif .type == "Step" then step_field
   else empty end);

# ---- One event. -----------------------------------------------------------------------------------------------------

# In the trash, or out of it.
def trashed($canceled):
  (if .type == "Task" then {} else {name: .display_name} | name_of end) as $value
  | if .type | can_be_canceled then this("merge"; $value + {$canceled})
    elif $canceled | not then this("merge"; $value)
    elif .type == "Project" and (deletes_projects | not) then empty
    else this("delete"; null) end;

def event:
  if .operation == "create" then this("merge"; {})
  elif .operation == "delete" then trashed(true)
  elif .operation == "revive" then trashed(false)
  elif .operation == "update" and .is_known then field
  else empty end;

# The parts of an event that matter. What is in the trash is null in `entity`, but still named in `meta`; where a list changed
# from the other side, `meta` names that one instead.
def read:
  objects
  | select(.event_type | type == "string" and startswith("Shotgun_"))
  | (.meta | objects // {}) as $meta
  | (if (.entity | type) == "object" then .entity
     elif $meta.actual_attribute_changed then {}
     else {type: $meta.entity_type, id: $meta.entity_id} end) as $entity
  | select($entity.type | type == "string" and kind)
  | {
      type: $entity.type, id: $entity.id, operation: .operation, at: .created_at,
      project: (if $entity.type == "Project" then $entity.id else .project | objects | .id end // null),
      field: (.attribute_name // $meta.attribute_name), new: $meta.new_value, added: $meta.added, removed: $meta.removed,
      # A payload of more than a megabyte comes without its values.
      is_known: ($meta | has("new_value") or has("added") or has("removed")),
      in_create: $meta.in_create, is_transient: $meta.is_transient, display_name: $meta.display_name
    };

.body | objects | .data | objects
| if .deliveries | type == "array" then .deliveries[] else . end
| read
| select(.project == null or (.project | is_followed))
| event
