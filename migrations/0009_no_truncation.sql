-- Vacuum gives the empty end of a table back to the file system under a lock that keeps readers out: after a million keys have expired,
-- that is a stall for everybody. The room is used again as it is.
ALTER TABLE redis.keys SET (vacuum_truncate = off);
ALTER TABLE redis.list_items SET (vacuum_truncate = off);
ALTER TABLE redis.hash_fields SET (vacuum_truncate = off);
ALTER TABLE redis.set_members SET (vacuum_truncate = off);
ALTER TABLE redis.zset_members SET (vacuum_truncate = off);
ALTER TABLE redis.expirations SET (vacuum_truncate = off);
ALTER TABLE redis.orphans SET (vacuum_truncate = off);
