-- Who waits for a key (BLPOP and its kin): a row for each key a client waits for. Nothing of this has to survive a crash: proxies
-- that are alive register their clients again.
CREATE UNLOGGED SEQUENCE redis.arrivals;
CREATE UNLOGGED TABLE redis.waiters (
    waiter bigint NOT NULL,        -- the number of the wait: its proxy's number, and in the lower 32 bits the proxy's own count
    since bigint NOT NULL,         -- when it came, from redis.arrivals: the longest waiting is served first
    woken bigint,                  -- when it was last told that the key is there, from redis.arrivals; NULL: it has looked since
    db smallint NOT NULL,
    kind "char" NOT NULL,          -- the type it waits for, as in redis.keys
    key bytea NOT NULL             -- as redis.index_key() stores it
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0,
        vacuum_truncate = off); -- which would lock everybody out for a moment
CREATE INDEX waiters_key ON redis.waiters (db, key, since);
CREATE INDEX waiters_waiter ON redis.waiters (waiter);

ALTER TABLE redis.commands
    ADD COLUMN waiting text,       -- the function that a proxy calls so that its client can wait; NULL: nobody waits
    ADD COLUMN timeout text;       -- where its timeout is, see docs/commands.md
