-- Updates of keys' rows stay on their page without clearing it of dead versions each time. A page with less than its fillfactor leaves
-- free is cleared by whoever looks at it next, a third of what an update costs; inserts fill pages up to the very same mark. So a new row
-- is longer than it need be, and its first update gives that up: from then on a page has room for dozens of versions between two clearings.
ALTER TABLE redis.keys ADD COLUMN room bytea; -- NULL from the first update on
ALTER TABLE redis.keys ALTER COLUMN room SET DEFAULT pg_catalog.decode(pg_catalog.repeat('00', 40), 'hex');
ALTER TABLE redis.keys SET (fillfactor = 80);

-- The column that tells keys apart first: a comparison on the way down the index mostly needs no other, which is a tenth of a lookup and
-- of a new key's cost.
DROP INDEX redis.keys_key;
CREATE INDEX keys_key ON redis.keys (key, db, id) WITH (deduplicate_items = off);
