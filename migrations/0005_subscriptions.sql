-- Pub/sub. What the proxies' clients have subscribed to, as counts: a proxy keeps which of its clients it is. Goes with
-- redis.proxies.
CREATE UNLOGGED TABLE redis.subscriptions (
    proxy integer NOT NULL,
    clients integer NOT NULL,      -- how many of the proxy's
    kind "char" NOT NULL,          -- c channel, p pattern, s shard channel
    channel bytea NOT NULL,        -- or pattern, as redis.index_key() stores it
    long_channel bytea,            -- the whole channel where that is shortened, else NULL
    prefix bytea,                  -- of a pattern: redis.glob_prefix() of it
    regex text                     -- of a pattern: redis.glob_regex() of it
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 1);
ALTER TABLE redis.subscriptions ADD CONSTRAINT subscriptions_pkey PRIMARY KEY (kind, channel, proxy);

-- Messages too long for a notification. Proxies with subscribers fetch them; they go after a minute.
CREATE UNLOGGED TABLE redis.messages (
    id bigint PRIMARY KEY,
    seen_at timestamptz,           -- when the reaper saw it first
    kind "char" NOT NULL,
    channel bytea NOT NULL,
    message bytea NOT NULL
);
-- Uncompressed out-of-line values are read in parts.
ALTER TABLE redis.messages ALTER COLUMN message SET STORAGE EXTERNAL;
-- Numbers all notifications about messages, since Postgres merges equal ones of a transaction.
CREATE SEQUENCE redis.message_ids CACHE 100;
