-- Everything that was acknowledged is here, and only here: what is in memory and what is published follows from it.

-- One row per entity of any kind. `body` is the entity as JSON, with the field names of the API, so that a new field
-- needs no migration; `body ->> '$.name'` reads one.
create table entity (
    -- the project that it belongs to; '' for what is studio-wide (context and projects)
    project  text    not null,
    kind     text    not null,
    id       text    not null,
    -- order is data: lists come out in ascending order of it
    position integer not null,
    body     text    not null,
    -- when fields were last changed in the tracker, {"field": microseconds since 1970}; null: never said
    times    text,
    -- when a task took its last step in task_status_changes, in microseconds since 1970; 0: none, or no task
    since    integer not null,
    primary key (project, kind, id)
) strict;

-- When entities that are gone were deleted in the tracker, so that a late event does not bring them back.
create table tombstone (
    project text    not null,
    kind    text    not null,
    id      text    not null,
    at      integer not null,
    primary key (project, kind, id)
) strict;

-- The revision of the last change of each project, and of the studio (''). Revisions only grow, and are shared by all.
create table revision (
    project  text    not null primary key,
    revision integer not null
) strict, without rowid;

-- How each task counted before and after every step of its life; append-only. The burn-down is made from it.
create table task_status_changes (
    id               integer primary key,
    project          text    not null,
    task             text    not null,
    -- microseconds since 1970-01-01T00:00:00Z
    at               integer not null,
    -- 'shot' or 'asset'; a null `from_task_status` or `to_task_status`: the task did not, or does not, count
    from_of          text,
    from_task_type   text,
    from_task_status text,
    from_episode     text,
    to_of            text,
    to_task_type     text,
    to_task_status   text,
    to_episode       text,
    -- who: a token, a webhook source, a command
    actor            text    not null,
    revision         integer not null
) strict;
create index task_status_changes_of_project on task_status_changes (project, at);

-- Answers to requests that carried an Idempotency-Key, given again when the request is repeated.
create table idempotency (
    key         text    not null primary key,
    -- hash of what was asked: the same key with another request is an error
    fingerprint text    not null,
    answer      text    not null,
    -- microseconds since 1970-01-01T00:00:00Z
    at          integer not null
) strict, without rowid;
