-- Which of the elements that a position of a list has had is the newest: where elements come and go at one end, and a snapshot held open
-- elsewhere keeps the dead ones, there are thousands. The place of a row does not tell, once vacuum has made room in front of older ones.
ALTER TABLE redis.list_items ADD COLUMN turn bigint NOT NULL DEFAULT 0;
ALTER TABLE redis.list_items ALTER COLUMN turn SET DEFAULT pg_catalog.txid_current();
DROP INDEX redis.list_items_pos;
CREATE INDEX list_items_pos ON redis.list_items (id, pos, turn) WITH (deduplicate_items = off);
