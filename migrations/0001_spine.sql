-- The tables of pgredis. Applied once; never edited after a release.

CREATE SCHEMA IF NOT EXISTS redis;

-- Every key, whatever its type: one row. A string keeps its value here; the elements of a collection are in the table of
-- its type, under the surrogate id, so that RENAME, DEL and overwriting touch one row whatever the size.
CREATE SEQUENCE redis.key_ids;
CREATE TABLE redis.keys (
    id bigint NOT NULL,
    expires_at bigint,             -- milliseconds since the epoch; NULL: never; 0: a list that is empty for now (see sql/lists.sql)
    sweep_at bigint,               -- an entry of redis.expirations for this row is due at this time or earlier; NULL: none
    size bigint,                   -- how many elements a collection has; NULL for strings
    head bigint,                   -- lists: position of the first element; hashes: next insertion number
    tail bigint,                   -- lists: position of the last element
    db smallint NOT NULL,
    type "char" NOT NULL,          -- s string, l list, h hash, S set, z sorted set, x stream
    key bytea NOT NULL,            -- the key as redis.index_key() stores it
    long_key bytea,                -- the whole key where that is shortened, else NULL
    value bytea                    -- strings only
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 1);
-- A key has one row: its lock sees to that (every creation holds it), not this index. A unique one looks at every dead version of a row
-- whenever a new version gets an entry, and a busy key leaves thousands while a snapshot is held open elsewhere. With the id, ORDER BY
-- id DESC LIMIT 1 finds the newest version first, and stops. (Among deduplicated entries Postgres goes from old to new.)
CREATE INDEX keys_key ON redis.keys (db, key, id) WITH (deduplicate_items = off);
ALTER TABLE redis.keys REPLICA IDENTITY FULL;
-- SCAN's order and RANDOMKEY's dice: redis.scan_position(db, key), a hash, so that a name keeps its place whatever happens to its key.
-- One expression of both columns, so that no plan takes this index for looking up a key.
CREATE INDEX keys_scan ON redis.keys (((db::bigint << 32) + pg_catalog.hashtext(pg_catalog.encode(key, 'hex')) + 2147483648));
-- Uncompressed out-of-line values let GETRANGE and GETBIT read only the part they need.
ALTER TABLE redis.keys ALTER COLUMN value SET STORAGE EXTERNAL;

CREATE TABLE redis.list_items (
    id bigint NOT NULL,
    pos bigint NOT NULL,           -- dense from the key's head to its tail
    value bytea NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 1);
-- Not unique (the key's lock sees to that): a unique index looks at every dead entry of a position whenever one is inserted there,
-- and an end of a list where elements come and go has many while a snapshot is held open elsewhere.
CREATE INDEX list_items_pos ON redis.list_items (id, pos) WITH (deduplicate_items = off);
ALTER TABLE redis.list_items REPLICA IDENTITY FULL;
ALTER TABLE redis.list_items ALTER COLUMN id SET (n_distinct = 100);

-- The indexes' order and n_distinct: see set_members.
CREATE TABLE redis.hash_fields (
    id bigint NOT NULL,
    seq bigint NOT NULL,           -- insertion number within the hash; in big hashes dense from 0 to size - 1
    field bytea NOT NULL,          -- as redis.index_key() stores it
    long_field bytea,
    value bytea NOT NULL
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 1);
CREATE INDEX hash_fields_seq ON redis.hash_fields (id, seq);
ALTER TABLE redis.hash_fields ADD CONSTRAINT hash_fields_pkey PRIMARY KEY (id, field);
ALTER TABLE redis.hash_fields ALTER COLUMN id SET (n_distinct = 100);

-- Plans of these two tables must look a member up by its index, never walk the whole set, also when they were made while the table
-- was empty and all indexes seemed to cost the same: of equal ones the planner takes the one made last, hence the order here; and
-- n_distinct keeps a million small sets from making every set look small.
CREATE TABLE redis.set_members (
    id bigint NOT NULL,
    pos bigint NOT NULL,           -- dense from 0 to size - 1, in no order: a random position is a random member
    member bytea NOT NULL,         -- as redis.index_key() stores it
    long_member bytea
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 1);
CREATE INDEX set_members_pos ON redis.set_members (id, pos);
ALTER TABLE redis.set_members ADD CONSTRAINT set_members_pkey PRIMARY KEY (id, member);
ALTER TABLE redis.set_members ALTER COLUMN id SET (n_distinct = 100);

CREATE TABLE redis.zset_members (
    id bigint NOT NULL,
    score double precision NOT NULL,
    hash integer NOT NULL,         -- redis.member_hash(member): the order of ZSCAN, whose cursor must be a number
    member bytea NOT NULL,         -- as redis.index_key() stores it
    long_member bytea
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 1);
CREATE INDEX zset_members_score ON redis.zset_members (id, score, member);
ALTER TABLE redis.zset_members ADD CONSTRAINT zset_members_pkey PRIMARY KEY (id, hash, member);
ALTER TABLE redis.zset_members ALTER COLUMN id SET (n_distinct = 100);

-- When the sweep looks at a key. Written only when a key gets a TTL that ends before its sweep_at, so that a TTL that is
-- merely pushed on costs nothing here and no index stands on redis.keys.expires_at (which would make those updates non-HOT).
CREATE TABLE redis.expirations (
    due bigint NOT NULL,           -- milliseconds since the epoch
    id bigint NOT NULL,
    db smallint NOT NULL,
    key bytea NOT NULL,
    CONSTRAINT expirations_pkey PRIMARY KEY (due, id)
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 1);
-- Where the next call of redis.sweep() goes on, one row; zeros: from the front.
CREATE TABLE redis.sweep_position (
    due bigint NOT NULL,
    id bigint NOT NULL
);
INSERT INTO redis.sweep_position (due, id) VALUES (0, 0);

-- Ids of deleted collections whose elements wait for the reaper.
CREATE TABLE redis.orphans (
    id bigint PRIMARY KEY,
    type "char" NOT NULL
);

-- The registry: one row a command. Built-in rows are written anew at every deploy, others are left alone.
CREATE TABLE redis.commands (
    name text PRIMARY KEY,         -- lower case; a subcommand is 'object|encoding'
    function text,                 -- the function's name, with or without a schema; NULL: the proxy's own, or a container
    batch text,                    -- a function that carries out many such calls at once, see docs/commands.md; NULL: none
    arity integer NOT NULL,        -- Redis's: counts the name; negative: at least
    flags text[] NOT NULL,         -- Redis's command flags
    categories text[] NOT NULL,    -- ACL categories without the @
    key_specs jsonb NOT NULL,      -- where the keys are: [{"flags", "index" or "keyword", "range" or "keynum"}]
    tips text[] NOT NULL,
    reply text NOT NULL,           -- how the result is shown: see docs/commands.md
    lane text NOT NULL CHECK (lane IN ('quick', 'slow')),
    built_in boolean NOT NULL,
    summary text NOT NULL,
    since text NOT NULL,
    command_group text NOT NULL,
    complexity text NOT NULL,
    arguments jsonb,
    deprecated_since text,
    replaced_by text,
    doc_flags text[]
);

-- Settings that all proxies share (CONFIG SET).
CREATE TABLE redis.settings (
    name text PRIMARY KEY,
    value text NOT NULL
);

-- Client ids are unique over all proxies: a proxy takes a thousand at a time.
CREATE SEQUENCE redis.client_ids INCREMENT BY 1000;

-- What is deployed: numbered migrations, and the functions' version.
CREATE TABLE redis.migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
CREATE TABLE redis.deployment (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    functions_hash text NOT NULL,
    breaking integer NOT NULL,     -- proxies built for an older breaking number are refused
    deployed_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);

-- The role of the proxies. Roles belong to the whole cluster, so it may be there already.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'pgredis_proxy') THEN
        CREATE ROLE pgredis_proxy NOLOGIN;
    END IF;
END $$;
