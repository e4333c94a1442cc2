-- What webhooks brought: stored before it is answered, in the order of arrival (`id`), applied later. That a delivery was
-- applied is noted in the transaction that applies it, so that it is neither lost nor applied twice.
create table delivery (
    id          integer primary key autoincrement,
    -- the name of the source in the configuration
    source      text    not null,
    -- by which a repeated one is known: what its sender calls it, or a hash of what came, or a random text
    delivery_id text    not null,
    -- hash of what came, where the sender's id is not signed, so that nobody can send the same under another id
    fingerprint text,
    -- microseconds since 1970-01-01T00:00:00Z
    received_at integer not null,
    -- [[name, value], …] without secrets; null, as `body`, once it was kept long enough
    headers     text,
    body        text,
    -- bytes of both
    size        integer not null,
    -- 'received' (to be applied), 'applied', 'ignored' (it says nothing that is of interest), 'failed', or 'waiting' (for its
    -- project)
    status      text    not null,
    -- how often it was tried
    attempts    integer not null,
    settled_at  integer,
    -- what came of it, as JSON
    result      text
) strict;
create unique index delivery_by_id on delivery (source, delivery_id);
create unique index delivery_by_fingerprint on delivery (source, fingerprint) where fingerprint is not null;
create index delivery_by_status on delivery (source, status, id);
create index delivery_waiting on delivery (source, result ->> '$.project') where status = 'waiting';
create index delivery_by_age on delivery (received_at);
