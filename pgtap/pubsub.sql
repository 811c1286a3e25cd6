BEGIN;
SELECT no_plan();
SET LOCAL redis.proxy = '7';
SET LOCAL redis.events = '';

-- What a proxy registers is what counts.
SELECT is(redis_publish('news', 'hello'), 0::bigint, 'nobody listens');
SELECT redis.register_subscriptions(ARRAY['c', 'c', 'p', 'p', 's'], ARRAY['news', repeat('x', 5000), 'n*', '[a-n]*s', 'news']::bytea[], ARRAY[3, 1, 2, 1, 4]);
INSERT INTO redis.subscriptions (proxy, clients, kind, channel, prefix, regex)
VALUES (8, 5, 'c', 'news', NULL, NULL), (8, 1, 'p', 'n*', 'n', NULL), (8, 1, 'p', 'o?her', 'o', redis.glob_regex('o?her'));
SELECT is(redis_publish('news', 'hello'), 12::bigint, 'subscribers of channel and patterns, of all proxies');
SELECT is(redis_publish('nix', 'hello'), 3::bigint, 'patterns alone');
SELECT is(redis_publish('other', 'hello'), 1::bigint, 'a pattern that is no mere prefix');
SELECT is(redis_publish(repeat('x', 5000)::bytea, 'hello'), 1::bigint, 'a long channel');
SELECT is(redis_publish(repeat('x', 4999)::bytea, 'hello'), 0::bigint, 'and one that is nearly the same');
SELECT is(redis_spublish('news', 'hello'), 4::bigint, 'shard channels are apart');
SELECT is(redis_publish('', 'hello'), 0::bigint, 'no pattern matches nothing');
SELECT results_eq($$SELECT * FROM redis.batch_publish(ARRAY['news', 'zero', 'nix']::bytea[], ARRAY['a', 'b', 'c']::bytea[])$$,
                  ARRAY[12, 0, 3]::bigint[], 'many at once');
SELECT results_eq($$SELECT * FROM redis.batch_spublish(ARRAY['none', 'news']::bytea[], ARRAY['a', 'b']::bytea[])$$, ARRAY[0, 4]::bigint[],
                  'many to shard channels');
SELECT set_eq('SELECT unnest(redis_pubsub_channels())', ARRAY['news', repeat('x', 5000)]::bytea[], 'PUBSUB CHANNELS');
SELECT is(redis_pubsub_channels('ne*'), ARRAY['news']::bytea[], 'with a pattern');
SELECT is(redis_pubsub_shardchannels(), ARRAY['news']::bytea[], 'PUBSUB SHARDCHANNELS');
SELECT results_eq($$SELECT * FROM redis_pubsub_numsub('news', 'none')$$, $$VALUES ('news'::bytea, 8::bigint), ('none', 0)$$, 'PUBSUB NUMSUB');
SELECT results_eq($$SELECT * FROM redis_pubsub_shardnumsub('news')$$, $$VALUES ('news'::bytea, 4::bigint)$$, 'PUBSUB SHARDNUMSUB');
SELECT is(redis_pubsub_numpat(), 3::bigint, 'PUBSUB NUMPAT');
SELECT matches((redis_pubsub_help())[1], '^PUBSUB', 'PUBSUB HELP');
SELECT redis.register_subscriptions(ARRAY['c', 'p'], ARRAY['news', 'n*']::bytea[], ARRAY[0, 1]);
SELECT is(redis_publish('news', 'hello'), 8::bigint, 'some are gone');
SELECT ok(redis.forget_proxy(8), 'a proxy goes');
SELECT is(redis_publish('news', 'hello'), 2::bigint, 'and so do its subscribers');

-- A look at each channel must not become a walk through all of them.
INSERT INTO redis.subscriptions (proxy, clients, kind, channel) SELECT 9, 1, 'c', ('channel:' || n)::bytea FROM generate_series(1, 5000) n;
SET LOCAL plan_cache_mode = force_generic_plan;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_bitmapscan = off;
CREATE FUNCTION pg_temp.plan() RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXPLAIN SELECT * FROM redis.receivers('c', 'channel:77');
END $$;
SELECT ok(EXISTS (SELECT FROM pg_temp.plan() AS p(line) WHERE line ~ 'Index Cond: .*kind = ''c''.*channel = '), 'receivers by index');

-- Long messages are kept for the proxies that want them.
DELETE FROM redis.messages;
SELECT redis.register_subscriptions(ARRAY['c'], ARRAY['news']::bytea[], ARRAY[1]);
SELECT is(redis_publish('news', convert_to(repeat('long', 2000000), 'UTF8')), 3::bigint, 'a long message');
SELECT results_eq('SELECT f.kind, decode(f.channel, ''hex''), f.length, length(f.part) FROM redis.messages m, redis.fetch_message(m.id, 1) f',
                  $$VALUES ('c', 'news'::bytea, 8000000::bigint, 2 * 4194304)$$, 'the first part');
SELECT results_eq('SELECT f.channel, length(f.part) FROM redis.messages m, redis.fetch_message(m.id, 4194305) f',
                  $$VALUES (NULL::text, 2 * (8000000 - 4194304))$$, 'and the rest');
SET LOCAL redis.proxy = '10';
SELECT is_empty('SELECT f.* FROM redis.messages m, redis.fetch_message(m.id, 1) f', 'nothing for a proxy without subscribers');
SELECT is(redis_publish('zero', convert_to(repeat('long', 2000000), 'UTF8')), 0::bigint, 'one that nobody wants');
SELECT is((SELECT count(*) FROM redis.messages), 1::bigint, 'is not kept');
SELECT redis.forget_messages();
SELECT is((SELECT count(*) FROM redis.messages WHERE seen_at IS NOT NULL), 1::bigint, 'the reaper has seen it');
UPDATE redis.messages SET seen_at = seen_at - interval '2 minutes';
SELECT redis.forget_messages();
SELECT is_empty('SELECT FROM redis.messages', 'and takes it away later');

-- Keyspace events. Long messages make them visible here.
DELETE FROM redis.subscriptions;
SELECT redis.register_subscriptions(ARRAY['p'], ARRAY['__key*']::bytea[], ARRAY[1]);
SET LOCAL redis.events = 'K$g';
CREATE FUNCTION pg_temp.told() RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(encode(message, 'escape'), ' ' ORDER BY id), '') FROM redis.messages
$$;
SELECT redis_set(repeat('k', 6000)::bytea, 'v'), redis_expire(repeat('k', 6000)::bytea, 100), redis_del(repeat('k', 6000)::bytea),
       redis_lpush(repeat('k', 6000)::bytea, 'v');
SELECT is(pg_temp.told(), 'set expire del', 'events of the classes that are wanted');
SELECT is((SELECT count(*) FROM redis.messages WHERE channel = convert_to('__keyspace@0__:' || repeat('k', 6000), 'UTF8')), 3::bigint,
          'on the channel of the whole key');
DELETE FROM redis.messages;
SET LOCAL redis.events = '';
SELECT redis_set(repeat('k', 6000)::bytea, 'v');
SELECT is(pg_temp.told(), '', 'none when they are off');
SELECT is(redis.tell_misses(ARRAY['a']::bytea[]), true, 'misses');

SELECT * FROM finish();
ROLLBACK;
