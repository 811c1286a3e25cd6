-- WATCH of a key that is absent: a row here, taken away by whoever creates the key. What WATCH notes of a key that is there is its
-- row's id and xmin. Nothing of this has to survive a crash: a lost row only makes EXEC answer that something may have changed.
CREATE SEQUENCE redis.watch_ids;
CREATE UNLOGGED TABLE redis.absent_watches (
    watch_id bigint PRIMARY KEY,
    db smallint NOT NULL,
    key bytea NOT NULL,            -- as redis.index_key() stores it
    watched_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
CREATE INDEX absent_watches_key ON redis.absent_watches (db, key);
