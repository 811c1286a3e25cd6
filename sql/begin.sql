-- The first of the files of a deploy, which are applied whole, in one transaction: begin.sql, internal/*, the families, finish.sql.

-- One deploy at a time; the next one waits here.
SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('redis.deploy', 0));

-- The files may use each other's functions in any order; the tests check all bodies with plpgsql_check.
SET LOCAL check_function_bodies = off;

-- Built-in rows of the registry are written anew; this setting marks them.
DELETE FROM redis.commands WHERE built_in;
SELECT pg_catalog.set_config('redis.deploying', 'on', true);
