-- The proxies at work on this database. What a proxy registers for its clients (who waits, who subscribes) bears its number and goes
-- with its row. Nothing of this has to survive a crash: proxies that are alive register again.
CREATE UNLOGGED TABLE redis.proxies (
    id integer PRIMARY KEY,        -- a random number that the proxy has chosen
    joined_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
