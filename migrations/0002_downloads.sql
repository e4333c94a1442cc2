-- What is known of files of other servers that are copied: how they were when they were last asked for, and when each is
-- asked for again. It can be lost: then they are asked for at once.
create table download (
    -- the URL without what changes at every signing
    url  text not null primary key,
    -- {"etag", "last_modified", "sha256", "next", "attempts", "failure"}
    body text not null
) strict, without rowid;
