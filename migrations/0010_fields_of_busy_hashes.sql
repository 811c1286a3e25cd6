-- As the keys' own index (0001_spine): not unique, since a unique one looks at every dead version of a field whenever a new version gets an
-- entry there, and a field that is counted up leaves thousands while a snapshot is held open elsewhere. The key's lock keeps fields apart.
ALTER TABLE redis.hash_fields DROP CONSTRAINT hash_fields_pkey;
CREATE INDEX hash_fields_field ON redis.hash_fields (id, field) WITH (deduplicate_items = off);
ALTER TABLE redis.hash_fields REPLICA IDENTITY FULL;

-- Where a live hash and one of its fields are now, for who holds the key's lock; NULLs: not there. See redis.hash_find().
CREATE TYPE redis.hash_place AS (key tid, key_id bigint, field tid, value bytea);
