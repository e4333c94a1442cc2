-- What each publish hook was told: it is owed a call for whatever is published at a higher revision than it was told of.
create table publish_hook (
    -- its name in the configuration
    hook     text    not null,
    -- '' for what all projects share; every hook has this row from when it was added
    project  text    not null,
    -- the last that it was told of, or that there was when it was added; 0: none
    revision integer not null,
    -- when it was told, in microseconds since 1970-01-01T00:00:00Z; null: never
    told_at  integer,
    -- the call that was begun and not yet taken: {"id", "revision", "is_gone", "at"}, kept so that it is repeated with the
    -- same id after a crash
    call     text,
    primary key (hook, project)
) strict, without rowid;
