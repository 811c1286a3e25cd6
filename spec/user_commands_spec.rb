# Commands that users add with SQL only: docs/commands.md.

require_relative 'support/private_cluster'

RSpec.describe "commands of one's own", pgredis_only: 'Redis has no SQL' do
  examples = File.read(File.expand_path('../docs/commands.md', __dir__)).scan(/^```sql\n(.*?)^```/m).flatten

  # Runs statements in one transaction.
  def run(statements)
    database = connect_sql
    database.exec(statements)
  end

  # Makes and registers commands: name => [what follows the function's name in CREATE FUNCTION, parameters of register_command].
  def create(commands)
    run(commands.map do |name, (definition, registration)|
      "CREATE FUNCTION public.own_#{name}#{definition}; SELECT redis.register_command('own.#{name}', 'own_#{name}', #{registration || 'arity => 1'});"
    end.join)
  end

  after do
    run(<<~SQL)
      DELETE FROM redis.commands WHERE NOT built_in;
      DO $$ DECLARE f regprocedure; BEGIN
        FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND (proname LIKE 'own\\_%' OR proname = 'hit') LOOP EXECUTE 'DROP FUNCTION ' || f; END LOOP;
      END $$;
      SELECT pg_notify('redis', 'registry');
    SQL
    eventually { expect(call('own.any')).to eq error(/\AERR unknown command/) }
  end

  it "the documentation's example works, for clients that are connected already" do
    others = ports.map { |port| connect(port: port) }
    others.each { |client| expect(client.call('HIT', 'key', 2, 60_000)).to eq error(/\AERR unknown command 'HIT'/) }
    run(examples.first)
    others.each { |client| eventually { expect(client.call('HIT', "key:#{client.port}", 2, 60_000)).to eq 1 } }
    client = others.first
    expect(Array.new(3) { client.call('hit', 'key', 2, 60_000) }).to eq [1, 1, 0]
    expect(client.call('PTTL', 'key')).to be_between(50_000, 60_000)
    expect(client.call('HIT', 'key', 'often', 60_000)).to eq error('ERR value is not an integer or out of range')
    expect(client.call('HIT', 'key', 0, 60_000)).to eq error('ERR the limit must be positive')
    expect(client.call('HIT', 'key')).to eq error("ERR wrong number of arguments for 'hit' command")
    expect(client.call('COMMAND', 'INFO', 'hit').first.first(6)).to eq ['hit', 4, [:write], 1, 1, 1]
    expect(client.call('COMMAND', 'GETKEYS', 'HIT', 'some', 1, 1)).to eq ['some']
    expect(client.call('COMMAND', 'DOCS', 'hit').last).to include('summary', 'Counts a hit; 1 while there are no more than allowed in this time.')
    expect(sql("SELECT hit('key', 2, 60000)")).to eq ['hit' => false]
    run(examples.last)
    eventually { expect(client.call('HIT', 'key', 2, 60_000)).to eq error(/\AERR unknown command 'HIT'/) }
  end

  it 'replies by the type of the result, in both protocols' do
    replies = {
      # name => [definition, parameters, RESP2 reply, RESP3 reply where it differs]
      text: ["() RETURNS text LANGUAGE sql AS $$ SELECT 'hello' $$", nil, :hello],
      bulk: ["() RETURNS text LANGUAGE sql AS $$ SELECT 'hello' $$", "arity => 1, reply => 'bulk'", 'hello'],
      verbatim: ["() RETURNS text LANGUAGE sql AS $$ SELECT 'hello' $$", "arity => 1, reply => 'verbatim'", 'hello', Verbatim.new('txt', 'hello')],
      bytea: ["() RETURNS bytea LANGUAGE sql AS $$ SELECT '\\x00ff'::bytea $$", nil, "\x00\xff".b],
      bigint: ['() RETURNS bigint LANGUAGE sql AS $$ SELECT 9223372036854775807 $$', nil, 9_223_372_036_854_775_807],
      integer: ['() RETURNS integer LANGUAGE sql AS $$ SELECT -7 $$', nil, -7],
      float: ['() RETURNS double precision LANGUAGE sql AS $$ SELECT 3.25::float8 $$', nil, '3.25', 3.25],
      numeric: ['() RETURNS numeric LANGUAGE sql AS $$ SELECT 1.50 $$', nil, '1.50'],
      date: ["() RETURNS date LANGUAGE sql AS $$ SELECT date '2024-02-29' $$", nil, '2024-02-29'],
      boolean: ['() RETURNS boolean LANGUAGE sql AS $$ SELECT true $$', nil, 1],
      byteas: ["() RETURNS bytea[] LANGUAGE sql AS $$ SELECT ARRAY['a'::bytea, NULL, 'b'] $$", nil, ['a', nil, 'b']],
      texts: ["() RETURNS text[] LANGUAGE sql AS $$ SELECT ARRAY['a', 'b'] $$", nil, %w[a b]],
      bigints: ['() RETURNS bigint[] LANGUAGE sql AS $$ SELECT ARRAY[1, 2]::bigint[] $$', nil, [1, 2]],
      matrix: ['() RETURNS bigint[] LANGUAGE sql AS $$ SELECT ARRAY[[1, 2], [3, 4]]::bigint[] $$', nil, [[1, 2], [3, 4]]],
      empty: ["() RETURNS bytea[] LANGUAGE sql AS $$ SELECT '{}'::bytea[] $$", nil, []],
      set: ["() RETURNS text[] LANGUAGE sql AS $$ SELECT ARRAY['a', 'b'] $$", "arity => 1, reply => 'set'", %w[a b], Set['a', 'b']],
      map_array: ["() RETURNS text[] LANGUAGE sql AS $$ SELECT ARRAY['a', 'b'] $$", "arity => 1, reply => 'map'", %w[a b], { 'a' => 'b' }],
      jsonb: [%q(() RETURNS jsonb LANGUAGE sql AS $$ SELECT '{"a": [1, "x", null, 1.5, {"b": "c"}]}'::jsonb $$), nil,
              ['a', [1, 'x', nil, '1.5', %w[b c]]], { 'a' => [1, 'x', nil, 1.5, { 'b' => 'c' }] }],
      json: [%q(() RETURNS json LANGUAGE sql AS $$ SELECT '{"z": 1, "a": 2}'::json $$), nil, ['z', 1, 'a', 2], { 'z' => 1, 'a' => 2 }],
      setof: ["() RETURNS SETOF bytea LANGUAGE sql AS $$ VALUES ('a'::bytea), (NULL), ('b') $$", nil, ['a', nil, 'b']],
      none: ['() RETURNS SETOF bytea LANGUAGE sql AS $$ SELECT NULL::bytea WHERE false $$', nil, []],
      flat: ["() RETURNS TABLE (k text, v bigint) LANGUAGE sql AS $$ VALUES ('a', 1::bigint), ('b', 2) $$", nil, ['a', 1, 'b', 2]],
      map: ["() RETURNS TABLE (k text, v bigint) LANGUAGE sql AS $$ VALUES ('a', 1::bigint), ('b', 2) $$", "arity => 1, reply => 'map'",
            ['a', 1, 'b', 2], { 'a' => 1, 'b' => 2 }],
      pairs: ["() RETURNS TABLE (k text, v bigint) LANGUAGE sql AS $$ VALUES ('a', 1::bigint), ('b', 2) $$", "arity => 1, reply => 'pairs'",
              ['a', 1, 'b', 2], [['a', 1], ['b', 2]]],
      nested: ["() RETURNS TABLE (k text, v bigint) LANGUAGE sql AS $$ VALUES ('a', 1::bigint), ('b', 2) $$", "arity => 1, reply => 'nested'",
               [['a', 1], ['b', 2]]],
      first: ["(OUT a text, OUT b bigint) LANGUAGE sql AS $$ SELECT NULL::text, 2::bigint $$", nil, 2],
      row: ["(OUT a text, OUT b bigint) LANGUAGE sql AS $$ SELECT 'x', 2::bigint $$", "arity => 1, reply => 'row'", ['x', 2]],
      unknown_flat: ["() RETURNS TABLE (n numeric, u uuid, d date, l numeric[]) LANGUAGE sql AS $$ VALUES (1.50, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid,
                      date '2024-02-29', ARRAY[1.5, NULL]), (NULL, NULL, NULL, NULL) $$", nil,
                     ['1.50', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '2024-02-29', ['1.5', nil], nil, nil, nil, nil]],
      unknown_setof: ['() RETURNS SETOF numeric LANGUAGE sql AS $$ VALUES (1.50), (NULL), (2) $$', nil, ['1.50', nil, '2']],
      unknown_row: ["(OUT a numeric, OUT b bytea) LANGUAGE sql AS $$ SELECT 1.50, 'x'::bytea $$", "arity => 1, reply => 'row'", ['1.50', 'x']],
      unknown_first: ['(OUT a bigint, OUT b numeric) LANGUAGE sql AS $$ SELECT NULL::bigint, 1.50 $$', nil, '1.50'],
      null_row: ['(OUT a text, OUT b bigint) LANGUAGE sql AS $$ SELECT NULL::text, NULL::bigint $$', "arity => 1, reply => 'row'", NULL_ARRAY, nil],
      null: ['() RETURNS bytea LANGUAGE sql AS $$ SELECT NULL::bytea $$', nil, nil],
      null_array: ['() RETURNS bytea[] LANGUAGE sql AS $$ SELECT NULL::bytea[] $$', nil, NULL_ARRAY, nil],
      void: ["() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM redis_set('done', 'yes'); END $$", nil, :OK]
    }
    create(replies)
    eventually { expect(call('own.void')).to eq :OK }
    expect(call('GET', 'done')).to eq 'yes'
    commands = replies.keys.map { |name| ["own.#{name}"] }
    expect(commands.flatten.zip(resp2.pipeline(commands))).to eq(replies.map { |name, (_, _, reply)| ["own.#{name}", reply] })
    expect(commands.flatten.zip(resp3.pipeline(commands)))
      .to eq(replies.map { |name, (_, _, *both)| ["own.#{name}", both.last] })
    # The same in a batch with equal ones.
    expect(resp2.pipeline(commands * 3)).to eq(replies.values.map { |row| row[2] } * 3)
  end

  it 'takes arguments by the types of the parameters' do
    create(
      int: ['(n integer) RETURNS integer LANGUAGE sql AS $$ SELECT n + 1 $$', 'arity => 2'],
      double: ['(n double precision) RETURNS double precision LANGUAGE sql AS $$ SELECT n * 2 $$', 'arity => 2'],
      word: ['(t text) RETURNS text LANGUAGE sql AS $$ SELECT upper(t) $$', "arity => 2, reply => 'bulk'"],
      day: ['(d date) RETURNS bigint LANGUAGE sql AS $$ SELECT extract(day FROM d)::bigint $$', 'arity => 2'],
      sum: ['(n numeric, OUT m numeric, OUT k bigint) LANGUAGE sql AS $$ SELECT n + 0.5, 1::bigint $$', "arity => 2, reply => 'row'"],
      many: ['(VARIADIC list bytea[]) RETURNS bigint LANGUAGE sql AS $$ SELECT cardinality(list)::bigint $$', 'arity => -1'],
      two: ['(a bytea, b bigint DEFAULT 5) RETURNS bigint LANGUAGE sql AS $$ SELECT length(a) + b $$', 'arity => -2']
    )
    eventually { expect(call('own.int', 41)).to eq 42 }
    expect(call('own.int', 'x')).to eq error('ERR value is not an integer or out of range')
    expect(call('own.double', '1.5')).to eq '3'
    expect(call('own.double', 'inf')).to eq 'inf'
    expect(call('own.double', 'x')).to eq error('ERR value is not a valid float')
    expect(call('own.word', 'größe')).to eq 'GRößE'.b
    expect(call('own.word', "\xff".b)).to eq error('ERR syntax error')
    expect(call('own.day', '2024-02-29')).to eq 29
    expect(call('own.day', 'yesterday-ish')).to eq error(/\AERR internal error 22007/)
    expect(resp2.pipeline(Array.new(3) { |n| ['own.sum', n] })).to eq [['0.5', 1], ['1.5', 1], ['2.5', 1]]
    expect((0..20).map { |n| call('own.many', *Array.new(n, 'x')) }).to eq (0..20).to_a
    expect(call('own.two', 'abc')).to eq 8
    expect(call('own.two', 'abc', 1)).to eq 4
    expect(call('own.two', 'abc', 1, 2)).to eq error("ERR wrong number of arguments for 'own.two' command")
  end

  it 'may be replaced while clients call it' do
    create(count: ['(key bytea) RETURNS bigint LANGUAGE sql AS $$ SELECT 1::bigint $$', 'arity => 2'])
    callers = Array.new(4) { |i| connect(port: ports[i % ports.size]) }
    callers.each { |client| eventually { expect(client.call('own.count', 'x')).to eq 1 } }
    # Each version is seen by everybody, and nobody ever sees anything but the old one and the new one.
    change = lambda do |statements, old, new|
      seen = callers.map { |client| Thread.new { [].tap { |replies| replies << client.call('own.count', 'x') until replies.last == new } } }
      run(statements)
      seen.each { |thread| expect(thread.value.uniq - [old, new]).to eq [] }
    end
    change.call('CREATE OR REPLACE FUNCTION own_count(key bytea) RETURNS bigint LANGUAGE sql AS $$ SELECT 2::bigint $$', 1, 2)
    change.call("DROP FUNCTION own_count(bytea); CREATE FUNCTION own_count(key bytea) RETURNS text LANGUAGE sql AS $$ SELECT 'three' $$", 2, :three)
    change.call("DROP FUNCTION own_count(bytea); CREATE FUNCTION own_count(key bytea) RETURNS bytea[] LANGUAGE sql AS $$ SELECT ARRAY[key] $$",
                :three, ['x'])
    run("DROP FUNCTION own_count(bytea); CREATE FUNCTION own_count(n bigint) RETURNS bigint LANGUAGE sql AS $$ SELECT n + 1 $$;" \
        "SELECT redis.register_command('own.count', 'own_count', arity => 2)")
    callers.each { |client| eventually { expect(client.call('own.count', '4')).to eq 5 } }
    run('DROP FUNCTION own_count(bigint)')
    eventually { expect(call('own.count', '4')).to eq error(/\AERR internal error 42883|\AERR wrong number/) }
    run('CREATE FUNCTION own_count(n bigint) RETURNS bigint LANGUAGE sql AS $$ SELECT n + 2 $$')
    expect(call('own.count', '4')).to eq 6
  end

  # Fails when the call is not made once more: the function it has begun knows only the old column.
  it 'go on when a deploy changes a table and the function while a call waits for it' do
    run('CREATE TABLE public.own_hits (n bigint); INSERT INTO own_hits VALUES (0)')
    create(hits: ['() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN UPDATE own_hits SET n = n + 1; RETURN (SELECT n FROM own_hits); END $$',
                  "arity => 1, flags => 'write'"])
    client = connect
    eventually { expect(client.call('own.hits')).to be_an Integer }
    before = client.call('own.hits')
    deploy = connect_sql
    deploy.exec('BEGIN; LOCK TABLE own_hits IN ACCESS EXCLUSIVE MODE')
    client.write('own.hits')
    eventually { expect(sql("SELECT FROM pg_locks WHERE relation = 'own_hits'::regclass AND NOT granted").size).to eq 1 }
    deploy.exec(<<~SQL)
      ALTER TABLE own_hits RENAME COLUMN n TO hits;
      CREATE OR REPLACE FUNCTION own_hits() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS
      $$ BEGIN UPDATE own_hits SET hits = hits + 1; RETURN (SELECT hits FROM own_hits); END $$;
      COMMIT;
    SQL
    expect(client.read_reply).to eq before + 1
    run('DROP TABLE public.own_hits')
  end

  # Fails when what may come from a deploy is taken for one again and again.
  it 'can be caught by a script when they fail' do
    create(broken: ['() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT n FROM absent); END $$', 'arity => 1'])
    eventually { expect(call('own.broken')).to eq error(/\AERR internal error 42P01/) }
    expect(call('EVAL', "redis.call('SET', 'before', 1) local caught = redis.pcall('own.broken') return {caught.err, redis.call('INCR', 'before')}", 0))
      .to match [/\AERR internal error 42P01/, 2]
  end

  it 'and all others go on, and stay, through a deploy' do
    create(stays: ['() RETURNS bigint LANGUAGE sql AS $$ SELECT 1::bigint $$', 'arity => 1'])
    ports.each { |port| eventually { expect(connect(port: port).call('own.stays')).to eq 1 } }
    stop = false
    callers = Array.new(6) do |i|
      client = connect(port: ports[i % ports.size])
      Thread.new do
        [].tap { |replies| replies.concat(client.pipeline([['INCR', "counter:#{i}"], ['SET', 'key', i], ['MGET', 'absent'], ['own.stays']])) until stop }
      end
    end
    Private.run(Private::BINARY, 'migrate', '--force', '--database-url', ENV.fetch('SPEC_DATABASE_URL'))
    stop = true
    callers.each do |thread|
      counts, sets, gets, stays = thread.value.each_slice(4).to_a.transpose
      expect(counts).to eq (1..counts.size).to_a
      expect([sets.uniq, gets.uniq, stays.uniq]).to eq [[:OK], [[nil]], [1]]
    end
    expect(call('own.stays')).to eq 1
  end
end
