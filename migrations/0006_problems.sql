-- Since when each problem is there. What is wrong follows from the data; this alone does not.
create table problem (
    -- '' for what is studio-wide
    project text    not null,
    -- by what it is known again: 'no-range shots/0070', 'overlap shots/0030 shots/0020'
    what    text    not null,
    -- microseconds since 1970-01-01T00:00:00Z
    since   integer not null,
    primary key (project, what)
) strict, without rowid;

-- When the last change of each project was seen. It can be lost: then it is when the server was started.
create table last_change (
    project  text    not null primary key,
    revision integer not null,
    -- microseconds since 1970-01-01T00:00:00Z
    at       integer not null
) strict, without rowid;
