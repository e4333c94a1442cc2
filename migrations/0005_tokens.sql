-- Who may do what. The server is open to everyone as long as this is empty; a row stays when its token is revoked, so that a
-- server that was closed once stays closed.
create table token (
    id        text    not null primary key,
    -- what the history calls the token by
    name      text    not null,
    -- SHA-256 of its text, which is shown once and kept nowhere. It has 256 random bits: nothing slower is needed
    hash      blob    not null unique,
    -- {"rights": "read" | "write" | "admin", "projects": [id, …], "source": id}; the last two with "write" only
    rights    text    not null,
    -- microseconds since 1970-01-01T00:00:00Z, as below; null: never
    created   integer not null,
    expires   integer,
    revoked   integer,
    -- to the minute
    last_used integer
) strict, without rowid;
-- A name is free again when its token was revoked.
create unique index token_name on token (name) where revoked is null;
