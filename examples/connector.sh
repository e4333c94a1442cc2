#!/bin/sh
# A complete connector with nothing but curl (7.76 or newer): pushes a production to Watchtower Server.
#
#   WATCHTOWER_URL=http://127.0.0.1:8080 sh connector.sh
#
# Only the functions `context` and `project` know the tracker: let them print what yours has.
# Run it as often as you like: what is already there changes nothing.
set -eu

url=${WATCHTOWER_URL:-http://127.0.0.1:8080}

# The studio's lists.
context() {
    cat <<'JSON'
{
  "users": [
    {"id": "ada", "name": "Ada Byron"},
    {"id": "kofi", "name": "Kofi Mensah"}
  ],
  "asset_types": [{"id": "Character", "name": "Character"}],
  "task_types": [
    {"id": "model", "name": "Modeling", "color": "#78909c", "for_shots": false},
    {"id": "anim", "name": "Animation", "color": "#f9a825", "for_shots": true}
  ],
  "task_statuses": [
    {"id": "todo", "name": "Todo", "color": "#f5f5f5"},
    {"id": "wip", "name": "In Progress", "color": "#3273dc"},
    {"id": "done", "name": "Done", "color": "#22d160"}
  ]
}
JSON
}

# One project with all that is in it. The order of a list is its order on the page.
project() {
    cat <<'JSON'
{
  "id": "kestrel", "name": "Kestrel", "fps": 24, "resolution": "1920x1080", "ratio": "16:9",
  "asset_types": ["Character"], "task_types": ["model", "anim"], "task_statuses": ["todo", "wip", "done"],
  "team": ["ada", "kofi"],
  "sequences": [{"id": "sc01", "name": "sc01"}, {"id": "sc02", "name": "sc02"}],
  "shots": [
    {"id": "0010", "name": "0010", "sequence_id": "sc01", "data": {"frame_in": 0, "frame_out": 96},
     "tasks": [{"id": "0010.anim", "task_type_id": "anim", "task_status_id": "wip", "assignees": ["kofi"]}]},
    {"id": "0020", "name": "0020", "sequence_id": "sc01", "data": {"frame_in": 96, "frame_out": 180},
     "tasks": [{"id": "0020.anim", "task_type_id": "anim", "task_status_id": "todo", "assignees": []}]},
    {"id": "0030", "name": "0030", "sequence_id": "sc02", "data": {"frame_in": 180, "frame_out": 300}, "tasks": []}
  ],
  "assets": [
    {"id": "bird", "name": "Bird", "asset_type_id": "Character",
     "tasks": [{"id": "bird.model", "task_type_id": "model", "task_status_id": "done", "assignees": ["ada"]}]}
  ],
  "casting": [
    {"shot_id": "0010", "asset_ids": ["bird"]},
    {"shot_id": "0020", "asset_ids": ["bird"]},
    {"shot_id": "0030", "asset_ids": []}
  ]
}
JSON
}

# call METHOD PATH [CONTENT-TYPE]: sends its standard input and prints the answer.
# A refused request prints what is wrong, with a pointer to each fault, and stops the script with status 22.
call() {
    curl --silent --show-error --fail-with-body --write-out '\n' \
        --request "$1" --header "Content-Type: ${3:-application/json}" \
        ${WATCHTOWER_TOKEN:+--header "Authorization: Bearer $WATCHTOWER_TOKEN"} \
        --data-binary @- "$url$2"
}

context | call PUT /api/context
project | call PUT '/api/projects/kestrel/snapshot?wait=published' # answers when the page can show it

# From now on a single change is enough. Nothing else is sent, and nothing else is touched.
echo '{"task_status_id": "wip"}' |
    call PATCH '/api/projects/kestrel/tasks/0020.anim?wait=published' application/merge-patch+json
