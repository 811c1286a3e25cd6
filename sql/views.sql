-- Live data for plain SQL: one view a type, and one of all keys. They call none of our functions, because those would ask for the
-- right to execute them of everybody who may read a view.
--
-- `key` is the key as the table's index holds it: one of more than 2000 bytes is shortened there, and whole in long_key. So
-- `WHERE key = …` and joins by it go through the index. Fields, members and values are always whole.

-- The rows of all live keys.
CREATE OR REPLACE VIEW redis.live_keys AS
SELECT x.id, x.db, x.key, x.long_key, x.type, x.size, x.head, x.tail, x.value,
       -- later than Postgres's calendar ends: infinity
       CASE WHEN x.expires_at < 9224318016000000 THEN pg_catalog.to_timestamp(x.expires_at / 1000.0)
            WHEN x.expires_at IS NOT NULL THEN 'infinity' END AS expires_at
FROM redis.keys x
WHERE x.expires_at IS NULL OR x.expires_at > pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000;
COMMENT ON VIEW redis.live_keys IS 'The rows of redis.keys that have not expired; what the other views stand on.';

CREATE OR REPLACE VIEW redis.keyspace AS
SELECT x.db, x.key,
       CASE x.type WHEN 's' THEN 'string' WHEN 'l' THEN 'list' WHEN 'h' THEN 'hash' WHEN 'S' THEN 'set' WHEN 'z' THEN 'zset'
                   WHEN 'x' THEN 'stream' END AS type,
       CASE WHEN x.type = 's' THEN pg_catalog.octet_length(x.value) ELSE x.size END AS size, x.expires_at, x.long_key
FROM redis.live_keys x;
COMMENT ON VIEW redis.keyspace IS 'All keys: type, number of elements (strings: of bytes), and when they expire.';

CREATE OR REPLACE VIEW redis.strings AS
SELECT x.db, x.key, x.value, x.expires_at, x.long_key
FROM redis.live_keys x WHERE x.type = 's';
COMMENT ON VIEW redis.strings IS 'The strings.';

CREATE OR REPLACE VIEW redis.lists AS
SELECT x.db, x.key, e.pos - x.head AS index, e.value, x.expires_at, x.long_key
FROM redis.live_keys x JOIN redis.list_items e ON e.id = x.id WHERE x.type = 'l';
COMMENT ON VIEW redis.lists IS 'The lists, one row an element; its index counts from 0.';

CREATE OR REPLACE VIEW redis.hashes AS
SELECT x.db, x.key, coalesce(f.long_field, f.field) AS field, f.value, x.expires_at, x.long_key
FROM redis.live_keys x JOIN redis.hash_fields f ON f.id = x.id WHERE x.type = 'h';
COMMENT ON VIEW redis.hashes IS 'The hashes, one row a field.';

CREATE OR REPLACE VIEW redis.sets AS
SELECT x.db, x.key, coalesce(e.long_member, e.member) AS member, x.expires_at, x.long_key
FROM redis.live_keys x JOIN redis.set_members e ON e.id = x.id WHERE x.type = 'S';
COMMENT ON VIEW redis.sets IS 'The sets, one row a member.';

CREATE OR REPLACE VIEW redis.sorted_sets AS
SELECT x.db, x.key, coalesce(e.long_member, e.member) AS member, e.score, x.expires_at, x.long_key
FROM redis.live_keys x JOIN redis.zset_members e ON e.id = x.id WHERE x.type = 'z';
COMMENT ON VIEW redis.sorted_sets IS 'The sorted sets, one row a member.';
