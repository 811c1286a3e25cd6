-- Pub/sub. Proxies register how many of their clients have subscribed to what (redis.subscriptions); a message that somebody
-- receives goes to all proxies by NOTIFY at commit, and they hand it to their clients. Nothing is kept for those who come later.

-- Whoever receives a message to this channel. kind: c a channel, s a shard channel. (Redis lets no pattern but '' match the name
-- ''.)
CREATE OR REPLACE FUNCTION redis.receivers(kind "char", channel bytea) RETURNS SETOF redis.subscriptions
LANGUAGE sql STABLE AS $$
    SELECT s.* FROM redis.subscriptions s WHERE s.kind = receivers.kind AND s.channel = redis.index_key(receivers.channel)
    UNION ALL
    SELECT s.* FROM redis.subscriptions s
    WHERE s.kind = 'p' AND receivers.kind = 'c' AND (receivers.channel <> '' OR s.channel = '')
      AND pg_catalog.substr(receivers.channel, 1, pg_catalog.octet_length(s.prefix)) = s.prefix
      AND (s.regex IS NULL OR redis.glob_match(receivers.channel, s.regex))
$$;

-- A message as it stands in a notification: its kind, and channel and message each behind its length; or r and the id of a row of
-- redis.messages, where that would be too long.
CREATE OR REPLACE FUNCTION redis.message_frame(kind "char", channel bytea, message bytea) RETURNS bytea
LANGUAGE plpgsql AS $$
DECLARE
    long_id bigint;
BEGIN
    IF pg_catalog.octet_length(channel) + pg_catalog.octet_length(message) <= 5700 THEN
        RETURN kind::text::bytea || pg_catalog.int4send(pg_catalog.octet_length(channel)) || channel
            || pg_catalog.int4send(pg_catalog.octet_length(message)) || message;
    END IF;
    INSERT INTO redis.messages (id, kind, channel, message)
    VALUES (pg_catalog.nextval('redis.message_ids'), message_frame.kind, message_frame.channel, message_frame.message)
    RETURNING id INTO long_id;
    RETURN 'r'::bytea || pg_catalog.int8send(long_id);
END $$;

-- What proxies LISTEN to while they have subscribers. A notification is text of less than 8000 bytes; the number in front makes
-- it differ from any other of its transaction, since Postgres merges equal ones.
CREATE OR REPLACE FUNCTION redis.notify_messages(frames bytea) RETURNS void
LANGUAGE sql VOLATILE AS $$
    SELECT pg_catalog.pg_notify('redis_messages',
                                pg_catalog.nextval('redis.message_ids') || ' ' || pg_catalog.encode(frames, 'base64'))
$$;

-- Sends messages, in this order, when the transaction commits. Returns how many clients receive each.
CREATE OR REPLACE FUNCTION redis.send_messages(kind "char", channels bytea[], messages bytea[]) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    receivers constant bigint[] := ARRAY(
        SELECT (SELECT coalesce(pg_catalog.sum(r.clients), 0) FROM redis.receivers(send_messages.kind, u.channel) r)
        FROM pg_catalog.unnest(channels) WITH ORDINALITY AS u(channel, n) ORDER BY u.n);
    frames bytea := ''::bytea;
    frame bytea;
BEGIN
    IF 0 = ALL (receivers) THEN
        RETURN receivers;
    END IF;
    FOR i IN 1 .. pg_catalog.cardinality(channels) LOOP
        CONTINUE WHEN receivers[i] = 0;
        frame := redis.message_frame(kind, channels[i], messages[i]);
        IF frames <> '' AND pg_catalog.octet_length(frames) + pg_catalog.octet_length(frame) > 5800 THEN
            PERFORM redis.notify_messages(frames);
            frames := ''::bytea;
        END IF;
        frames := frames || frame;
    END LOOP;
    PERFORM redis.notify_messages(frames);
    RETURN receivers;
END $$;

CREATE OR REPLACE FUNCTION public.redis_publish(channel bytea, message bytea) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN (redis.send_messages('c', ARRAY[channel], ARRAY[message]))[1];
END $$;
COMMENT ON FUNCTION public.redis_publish(bytea, bytea) IS
'PUBLISH channel message
Sends a message to all subscribers of the channel, at commit. Returns how many clients will receive it, each
subscription counted.';
-- Many PUBLISHes at once.
CREATE OR REPLACE FUNCTION redis.batch_publish(channels bytea[], messages bytea[]) RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT u.clients
    FROM pg_catalog.unnest(redis.send_messages('c', channels, messages)) WITH ORDINALITY AS u(clients, n) ORDER BY u.n;
END $$;
SELECT redis.register_command('publish', 'redis_publish', arity => 3, batch => 'redis.batch_publish',
  flags => 'pubsub loading stale fast', categories => 'pubsub fast',
  since => '2.0.0', command_group => 'pubsub', complexity => 'O(N+M)',
  summary => 'Sends a message to the subscribers of a channel.',
  arguments => '[{"name": "channel", "type": "string"}, {"name": "message", "type": "string"}]');

CREATE OR REPLACE FUNCTION public.redis_spublish(shardchannel bytea, message bytea) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN (redis.send_messages('s', ARRAY[shardchannel], ARRAY[message]))[1];
END $$;
COMMENT ON FUNCTION public.redis_spublish(bytea, bytea) IS
'SPUBLISH shardchannel message
Sends a message to all subscribers of the shard channel, at commit. Returns how many clients will receive it.';
-- Many SPUBLISHes at once.
CREATE OR REPLACE FUNCTION redis.batch_spublish(channels bytea[], messages bytea[]) RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT u.clients
    FROM pg_catalog.unnest(redis.send_messages('s', channels, messages)) WITH ORDINALITY AS u(clients, n) ORDER BY u.n;
END $$;
SELECT redis.register_command('spublish', 'redis_spublish', arity => 3, batch => 'redis.batch_spublish',
  flags => 'pubsub loading stale fast', categories => 'pubsub fast',
  key_specs => '[{"flags": "not_key", "index": 1, "range": [0, 1, 0]}]',
  since => '7.0.0', command_group => 'pubsub', complexity => 'O(N)',
  summary => 'Sends a message to the subscribers of a shard channel.',
  arguments => '[{"name": "shardchannel", "type": "string"}, {"name": "message", "type": "string"}]');

-- The proxy's own commands.

SELECT redis.register_command('subscribe', NULL, arity => -2,
  flags => 'pubsub noscript loading stale', categories => 'pubsub slow',
  since => '2.0.0', command_group => 'pubsub', complexity => 'O(N)',
  summary => 'Receives the messages of channels.',
  arguments => '[{"name": "channel", "type": "string", "flags": ["multiple"]}]');
SELECT redis.register_command('unsubscribe', NULL, arity => -1,
  flags => 'pubsub noscript loading stale', categories => 'pubsub slow',
  since => '2.0.0', command_group => 'pubsub', complexity => 'O(N)',
  summary => 'Receives the messages of channels no longer.',
  arguments => '[{"name": "channel", "type": "string", "flags": ["optional", "multiple"]}]');
SELECT redis.register_command('psubscribe', NULL, arity => -2,
  flags => 'pubsub noscript loading stale', categories => 'pubsub slow',
  since => '2.0.0', command_group => 'pubsub', complexity => 'O(N)',
  summary => 'Receives the messages of channels that match patterns.',
  arguments => '[{"name": "pattern", "type": "block", "flags": ["multiple"], "arguments": [{"name": "pattern", "type": "pattern"}]}]');
SELECT redis.register_command('punsubscribe', NULL, arity => -1,
  flags => 'pubsub noscript loading stale', categories => 'pubsub slow',
  since => '2.0.0', command_group => 'pubsub', complexity => 'O(N+M)',
  summary => 'Receives the messages of channels that match patterns no longer.',
  arguments => '[{"name": "pattern", "type": "pattern", "flags": ["optional", "multiple"]}]');
SELECT redis.register_command('ssubscribe', NULL, arity => -2,
  flags => 'pubsub noscript loading stale', categories => 'pubsub slow',
  key_specs => '[{"flags": "not_key", "index": 1, "range": [-1, 1, 0]}]',
  since => '7.0.0', command_group => 'pubsub', complexity => 'O(N)',
  summary => 'Receives the messages of shard channels.',
  arguments => '[{"name": "shardchannel", "type": "string", "flags": ["multiple"]}]');
SELECT redis.register_command('sunsubscribe', NULL, arity => -1,
  flags => 'pubsub noscript loading stale', categories => 'pubsub slow',
  key_specs => '[{"flags": "not_key", "index": 1, "range": [-1, 1, 0]}]',
  since => '7.0.0', command_group => 'pubsub', complexity => 'O(N)',
  summary => 'Receives the messages of shard channels no longer.',
  arguments => '[{"name": "shardchannel", "type": "string", "flags": ["optional", "multiple"]}]');

-- PUBSUB, over all proxies

SELECT redis.register_command('pubsub', NULL, arity => -2,
  flags => '', categories => 'slow',
  since => '2.8.0', command_group => 'pubsub', complexity => 'Depends on subcommand.',
  summary => 'About subscriptions.');

CREATE OR REPLACE FUNCTION redis.active_channels(kind "char", pattern bytea) RETURNS bytea[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
    expression constant text := redis.glob_regex(pattern, true);
BEGIN
    RETURN ARRAY(SELECT DISTINCT coalesce(s.long_channel, s.channel) FROM redis.subscriptions s
                 WHERE s.kind = active_channels.kind
                   AND (pattern IS NULL
                        OR (s.channel <> '' OR pattern = '')
                        AND redis.glob_match(coalesce(s.long_channel, s.channel), expression)));
END $$;

CREATE OR REPLACE FUNCTION redis.count_subscribers(kind "char", channels bytea[], OUT channel bytea, OUT subscribers bigint)
RETURNS SETOF record
LANGUAGE sql STABLE AS $$
    SELECT u.channel, (SELECT coalesce(pg_catalog.sum(s.clients), 0) FROM redis.subscriptions s
                       WHERE s.kind = count_subscribers.kind AND s.channel = redis.index_key(u.channel))
    FROM pg_catalog.unnest(channels) WITH ORDINALITY AS u(channel, n) ORDER BY u.n
$$;

CREATE OR REPLACE FUNCTION public.redis_pubsub_channels(pattern bytea DEFAULT NULL) RETURNS bytea[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN redis.active_channels('c', pattern);
END $$;
COMMENT ON FUNCTION public.redis_pubsub_channels(bytea) IS
'PUBSUB CHANNELS [pattern]
The channels that have subscribers, at any proxy.';
SELECT redis.register_command('pubsub|channels', 'redis_pubsub_channels', arity => -2,
  flags => 'pubsub loading stale', categories => 'pubsub slow',
  since => '2.8.0', command_group => 'pubsub', complexity => 'O(N)',
  summary => 'Lists the channels that have subscribers.',
  arguments => '[{"name": "pattern", "type": "pattern", "flags": ["optional"]}]');

CREATE OR REPLACE FUNCTION public.redis_pubsub_numsub(
    VARIADIC channels bytea[] DEFAULT '{}', OUT channel bytea, OUT subscribers bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT c.channel, c.subscribers FROM redis.count_subscribers('c', channels) c;
END $$;
COMMENT ON FUNCTION public.redis_pubsub_numsub(bytea[]) IS
'PUBSUB NUMSUB [channel [channel ...]]
How many clients have subscribed to each channel, at all proxies; those that a pattern leads there are not counted.';
SELECT redis.register_command('pubsub|numsub', 'redis_pubsub_numsub', arity => -2,
  flags => 'pubsub loading stale', categories => 'pubsub slow',
  since => '2.8.0', command_group => 'pubsub', complexity => 'O(N)',
  summary => 'Counts the subscribers of channels.',
  arguments => '[{"name": "channel", "type": "string", "flags": ["optional", "multiple"]}]');

CREATE OR REPLACE FUNCTION public.redis_pubsub_numpat() RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN (SELECT pg_catalog.count(DISTINCT s.channel) FROM redis.subscriptions s WHERE s.kind = 'p');
END $$;
COMMENT ON FUNCTION public.redis_pubsub_numpat() IS
'PUBSUB NUMPAT
How many different patterns clients have subscribed to, at all proxies.';
SELECT redis.register_command('pubsub|numpat', 'redis_pubsub_numpat', arity => 2,
  flags => 'pubsub loading stale', categories => 'pubsub slow',
  since => '2.8.0', command_group => 'pubsub', complexity => 'O(1)',
  summary => 'Counts the patterns that have subscribers.');

CREATE OR REPLACE FUNCTION public.redis_pubsub_shardchannels(pattern bytea DEFAULT NULL) RETURNS bytea[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN redis.active_channels('s', pattern);
END $$;
COMMENT ON FUNCTION public.redis_pubsub_shardchannels(bytea) IS
'PUBSUB SHARDCHANNELS [pattern]
The shard channels that have subscribers, at any proxy.';
SELECT redis.register_command('pubsub|shardchannels', 'redis_pubsub_shardchannels', arity => -2,
  flags => 'pubsub loading stale', categories => 'pubsub slow',
  since => '7.0.0', command_group => 'pubsub', complexity => 'O(N)',
  summary => 'Lists the shard channels that have subscribers.',
  arguments => '[{"name": "pattern", "type": "pattern", "flags": ["optional"]}]');

CREATE OR REPLACE FUNCTION public.redis_pubsub_shardnumsub(
    VARIADIC shardchannels bytea[] DEFAULT '{}', OUT channel bytea, OUT subscribers bigint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY SELECT c.channel, c.subscribers FROM redis.count_subscribers('s', shardchannels) c;
END $$;
COMMENT ON FUNCTION public.redis_pubsub_shardnumsub(bytea[]) IS
'PUBSUB SHARDNUMSUB [shardchannel [shardchannel ...]]
How many clients have subscribed to each shard channel, at all proxies.';
SELECT redis.register_command('pubsub|shardnumsub', 'redis_pubsub_shardnumsub', arity => -2,
  flags => 'pubsub loading stale', categories => 'pubsub slow',
  since => '7.0.0', command_group => 'pubsub', complexity => 'O(N)',
  summary => 'Counts the subscribers of shard channels.',
  arguments => '[{"name": "shardchannel", "type": "string", "flags": ["optional", "multiple"]}]');

CREATE OR REPLACE FUNCTION public.redis_pubsub_help() RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT ARRAY['PUBSUB <subcommand> [<arg> ...]. Subcommands:',
                 'CHANNELS [<pattern>], SHARDCHANNELS [<pattern>]',
                 '    The channels that have subscribers.',
                 'NUMPAT',
                 '    How many patterns have subscribers.',
                 'NUMSUB [<channel> ...], SHARDNUMSUB [<shardchannel> ...]',
                 '    How many subscribers each channel has.',
                 'HELP',
                 '    This text.']
$$;
COMMENT ON FUNCTION public.redis_pubsub_help() IS
'PUBSUB HELP
Explains the subcommands.';
SELECT redis.register_command('pubsub|help', 'redis_pubsub_help', arity => 2,
  flags => 'loading stale', categories => 'slow',
  since => '6.2.0', command_group => 'pubsub', complexity => 'O(1)',
  summary => 'Explains the subcommands.');

-- What proxies ask

CREATE OR REPLACE FUNCTION redis.register_subscriptions(kinds text[], channels bytea[], clients integer[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO redis.subscriptions (proxy, clients, kind, channel, long_channel, prefix, regex)
    SELECT redis.own_proxy(), u.clients, u.kind::"char", redis.index_key(u.channel), redis.long_key(u.channel),
           CASE WHEN u.kind = 'p' THEN redis.glob_prefix(u.channel) END,
           CASE WHEN u.kind = 'p' THEN redis.glob_regex(u.channel) END
    FROM ROWS FROM (pg_catalog.unnest(kinds), pg_catalog.unnest(channels), pg_catalog.unnest(register_subscriptions.clients))
        AS u(kind, channel, clients)
    WHERE u.clients > 0
    ON CONFLICT ON CONSTRAINT subscriptions_pkey DO UPDATE SET clients = excluded.clients;
    DELETE FROM redis.subscriptions s
    USING ROWS FROM (pg_catalog.unnest(kinds), pg_catalog.unnest(channels), pg_catalog.unnest(register_subscriptions.clients))
        AS u(kind, channel, clients)
    WHERE u.clients = 0 AND s.kind = u.kind::"char" AND s.channel = redis.index_key(u.channel) AND s.proxy = redis.own_proxy();
END $$;
COMMENT ON FUNCTION redis.register_subscriptions(text[], bytea[], integer[]) IS
'For proxies: how many of its clients have subscribed to each of these channels (c), patterns (p) and shard channels (s) now.';

-- A part of a long message, from the byte start (1 the first) on, if this proxy has a receiver of it. Bytes are hexadecimal.
CREATE OR REPLACE FUNCTION redis.fetch_message(
    message_id bigint, start integer, OUT kind text, OUT channel text, OUT length bigint, OUT part text) RETURNS SETOF record
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN QUERY
    SELECT m.kind::text, CASE WHEN start = 1 THEN pg_catalog.encode(m.channel, 'hex') END,
           pg_catalog.octet_length(m.message)::bigint,
           pg_catalog.encode(pg_catalog.substr(m.message, start, 4194304), 'hex')
    FROM redis.messages m
    WHERE m.id = message_id AND EXISTS (SELECT FROM redis.receivers(m.kind, m.channel) r WHERE r.proxy = redis.own_proxy());
END $$;
COMMENT ON FUNCTION redis.fetch_message(bigint, integer) IS
'For proxies: four megabytes of a message that is too long for a notification.';

-- Long messages go a minute after their commit. Called by the reaper.
CREATE OR REPLACE FUNCTION redis.forget_messages() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM redis.messages) THEN
        DELETE FROM redis.messages m WHERE m.seen_at < pg_catalog.now() - interval '1 minute';
        UPDATE redis.messages m SET seen_at = pg_catalog.now() WHERE m.seen_at IS NULL;
    END IF;
END $$;
