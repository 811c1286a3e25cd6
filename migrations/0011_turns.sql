-- The newest version of a busy key or field by its turn, as of list elements (0008_newest_element): the place of a row does not tell, once
-- vacuum has made room in front of older ones. A turn begins with the transaction that made the row; who finds it on another page than
-- when the turn began, begins the next (see redis.next_turn()). Such a row has got a new entry in the index anyway.
ALTER TABLE redis.keys ADD COLUMN turn bigint NOT NULL DEFAULT 0;
ALTER TABLE redis.keys ALTER COLUMN turn SET DEFAULT pg_catalog.txid_current();
ALTER TABLE redis.keys RENAME COLUMN room TO page; -- what redis.page() says of the row since its first update; longer before, see 0007_cheaper_keys
DROP INDEX redis.keys_key;
CREATE INDEX keys_key ON redis.keys (key, db, turn) WITH (deduplicate_items = off);

ALTER TABLE redis.hash_fields ADD COLUMN turn bigint NOT NULL DEFAULT 0;
ALTER TABLE redis.hash_fields ALTER COLUMN turn SET DEFAULT pg_catalog.txid_current();
ALTER TABLE redis.hash_fields ADD COLUMN page bytea; -- NULL until the first update
DROP INDEX redis.hash_fields_field;
CREATE INDEX hash_fields_field ON redis.hash_fields (id, field, turn) WITH (deduplicate_items = off);

-- The members of sorted sets as the fields of hashes (0010_fields_of_busy_hashes). A new score is a new entry in each index anyhow, so it
-- begins a turn, once in a transaction (see redis.next_score_turn()).
ALTER TABLE redis.zset_members DROP CONSTRAINT zset_members_pkey;
ALTER TABLE redis.zset_members ADD COLUMN turn bigint NOT NULL DEFAULT 0;
ALTER TABLE redis.zset_members ALTER COLUMN turn SET DEFAULT pg_catalog.txid_current();
CREATE INDEX zset_members_member ON redis.zset_members (id, hash, member, turn) WITH (deduplicate_items = off);
ALTER TABLE redis.zset_members REPLICA IDENTITY FULL;

-- Where a live sorted set and one of its members are now, for who holds the key's lock; NULLs: not there. See redis.zset_find().
CREATE TYPE redis.zset_place AS (key tid, key_id bigint, member tid, score double precision);
