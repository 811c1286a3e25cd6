# The invariants of the hot path (docs/architecture.md). Each example says which fault, planted on purpose, it was seen to find.

require_relative 'support/private_cluster'

RSpec.describe 'the hot path' do
  after(:context) { @cluster&.close }

  # One cluster for all examples that need their own, as it takes seconds to make. Deadlocks are found before the proxy's lock timeout ends them.
  def self.cluster(context)
    context.before(:context) { @cluster ||= PrivateCluster.new(fsync: 'on', autovacuum: 'off', deadlock_timeout: '10ms').start }
  end

  # Runs the block in so many threads; the values, in order.
  def together(count)
    threads = Array.new(count) do |i|
      Thread.new { yield i }.tap { |thread| thread.report_on_exception = false }
    end
    threads.map(&:value)
  end

  # Runs the block over and over in so many threads, while the given thing is done; nothing is left of them after it.
  def beside(work, clients: 1)
    stop = false
    threads = Array.new(clients) do |i|
      Thread.new { work.call(i) until stop }.tap { |thread| thread.report_on_exception = false }
    end
    result = yield
    stop = true
    threads.each(&:join)
    result
  ensure
    stop = true
  end

  def seconds
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  # How long each call of the block takes, while the condition holds.
  def times_while(condition)
    times = []
    while condition.call
      begun = seconds
      yield
      times << (seconds - begun)
    end
    times
  end

  # Did all but one in a hundred take no longer than a moment?
  def expect_quick(times)
    expect(times.sort[(times.size * 0.99).ceil - 1]).to be < (Private.sanitized? ? 1 : 0.1)
  end

  describe "one client's order" do
    # The reply and the new value that Redis's rules give.
    def step(value, name, argument)
      not_integer = error('ERR value is not an integer or out of range')
      case name
      when 'GET' then [value, value]
      when 'SET' then [:OK, argument]
      when 'GETSET' then [value, argument]
      when 'SETNX' then value ? [0, value] : [1, argument]
      when 'DEL' then [value ? 1 : 0, nil]
      when 'EXISTS' then [value ? 1 : 0, value]
      when 'STRLEN' then [value.to_s.size, value]
      when 'APPEND' then ["#{value}#{argument}".size, "#{value}#{argument}"]
      when 'INCR' then value.nil? || value.match?(/\A\d{1,18}\z/) && value !~ /\A0./ ? [value.to_i + 1, (value.to_i + 1).to_s] : [not_integer, value]
      end
    end

    # Fails when calls of equal statements are grouped without regard to what the client sent between them.
    it 'is kept in a pipeline of mixed commands, whatever others do' do
      dice = Random.new(1)
      value = nil
      commands, replies = Array.new(1000) do
        name, argument = [%w[GET], %w[SET 7], %w[SET x], %w[GETSET 8], %w[SETNX 5], %w[DEL], %w[EXISTS], %w[STRLEN], %w[APPEND 1], %w[INCR], %w[INCR]]
                         .sample(random: dice)
        reply, value = step(value, name, argument)
        [[name, 'key', *argument], reply]
      end.transpose
      others = Array.new(20) { connect }
      load = ->(i) { others[i].pipeline([['GET', "key:#{i}"], ['INCR', "key:#{i}"], %w[GET key], ['SET', "key:#{i}", i]]) }
      beside(load, clients: 20) { expect(resp2.pipeline(commands)).to eq replies }
    end
  end

  # Fails when only calls are counted: 40 of them are a batch, with 4000 locks.
  it "keeps to few locks at a time in a pipeline of commands with many keys", pgredis_only: 'about Postgres' do
    batches = -> { Integer(call('INFO', 'pgredis')[/^batches:(\d+)/, 1]) }
    before = batches.call
    commands = Array.new(40) { |i| ['MSET', *Array.new(100) { |n| ["key:#{i}:#{n}", n] }.flatten] }
    expect(resp2.pipeline(commands)).to all(eq(:OK))
    expect(batches.call - before).to be >= 8
  end

  describe "one client's error" do
    # Fails when a batch that Postgres refused is answered with the error as a whole, or when it is run again without undoing it first.
    it 'is its own, and nobody else sees an effect of it' do
      call('SADD', 'set', 'member')
      wrong = connect
      wrongs = ->(_) { expect(wrong.call('INCR', 'set')).to eq error(/\AWRONGTYPE /) }
      replies = beside(wrongs) do
        together(20) do |i|
          client = connect(port: ports[i % ports.size])
          Array.new(30) { [client.call('INCR', 'all'), client.call('INCR', "own:#{i}"), client.call('SET', "key:#{i}", i)] }
        end
      end
      expect(replies.map { |rows| rows.map { |row| row[1..] } }).to all(eq((1..30).map { |n| [n, :OK] }))
      expect(replies.flatten(1).map(&:first).sort).to eq (1..600).to_a
      expect(call('GET', 'all')).to eq '600'
    end
  end

  describe 'hot keys', pgredis_only: 'deadlocks are a matter of Postgres' do
    cluster(self)

    # Fails when redis.lock_keys takes the locks in the order of the arguments.
    it 'make no deadlock, and no MSET is seen half done' do
      proxies = Array.new(2) { @cluster.proxy }
      keys = Array.new(10) { |i| "hot:#{i}" }
      setup = connect(port: proxies.first.port)
      setup.call('MSET', *keys.flat_map { |key| [key, 'start'] })
      readers = Array.new(2) { |i| connect(port: proxies[i].port) }
      reading = ->(i) { expect(readers[i].call('MGET', *keys).uniq.size).to eq 1 }
      beside(reading, clients: 2) do
        # Many clients fill batches; of two clients at two proxies each MSET is a transaction of its own.
        { 20 => 25, 2 => 200 }.each do |count, times|
          together(count) do |i|
            client = connect(port: proxies[i % 2].port)
            Array.new(times) { |n| expect(client.call('MSET', *keys.shuffle.flat_map { |key| [key, "#{i}:#{n}"] })).to eq :OK }
          end
        end
      end
      together(50) do |i|
        client = connect(port: proxies[i % 2].port)
        20.times { expect(client.call('INCR', 'counter')).to be_an Integer }
      end
      expect(setup.call('GET', 'counter')).to eq '1000'
      proxies.each(&:stop)
      expect_no_deadlock
    end

    # Fails when MOVE and COPY share batches with others, or when the prelude of an EXEC leaves out their other database or SORT's STORE.
    it 'make no deadlock where commands reach into other databases, or have their keys behind option words' do
      proxies = Array.new(2) { @cluster.proxy }
      lists = Array.new(4) { |i| "list:#{i}" }
      filler = connect(port: proxies.first.port)
      [0, 1].each { |db| filler.pipeline([['SELECT', db], *lists.map { |key| ['RPUSH', key, 3, 1, 2] }]) }
      together(16) do |i|
        client = connect(port: proxies[i % 2].port)
        dice = Random.new(i)
        40.times do
          here = dice.rand(2)
          a, b, c, d = lists.shuffle(random: dice)
          far = [['MOVE', a, 1 - here], ['COPY', a, b, 'DB', 1 - here, 'REPLACE'], ['SORT', b, 'STORE', a], ['COPY', d, c, 'REPLACE']].shuffle(random: dice)
          near = [a, b, c, d].map { |key| dice.rand(2).zero? ? ['EXPIRE', key, 1000] : ['PERSIST', key] }
          commands = dice.rand(2).zero? ? [%w[MULTI], *(far + near).shuffle(random: dice), %w[EXEC]] : [*near, *far.first(2), *near]
          replies = client.pipeline([['SELECT', here], *commands]).flatten
          expect(replies.grep(RespError)).to eq []
        end
      end
      proxies.each(&:stop)
      expect_no_deadlock
    end

    def expect_no_deadlock
      # A backend's numbers are complete when it has ended.
      eventually { expect(@cluster.sql("SELECT 1 FROM pg_stat_activity WHERE usename = 'pgredis'")).to eq [] }
      expect(@cluster.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = 'pgredis'")).to eq ['deadlocks' => '0']
    end
  end

  describe 'slow beside quick', pgredis_only: 'Redis runs one command at a time' do
    let(:quick) { connect }

    # Fails when DEBUG's registry row says `lane => 'quick'`.
    it 'lets others go on while a command sleeps' do
      sleeper = connect
      sleeper.write('DEBUG', 'SLEEP', '1')
      times = times_while(-> { !sleeper.readable? }) { quick.call('GET', 'key') }
      expect(sleeper.read_reply).to eq :OK
      expect(times.size).to be > 100
      expect_quick(times)
    end

    # Fails when KEYS's registry row says `lane => 'quick'`.
    it 'lets others go on while KEYS looks at all keys' do
      expect(call('MSET', *(1..50_000).flat_map { |i| ["key:#{i}", i] })).to eq :OK
      looker = connect
      5.times { looker.write('KEYS', '*9[0-9]9*7') }
      times = times_while(-> { !looker.readable? }) { quick.call('GET', 'key:1') }
      5.times { expect(looker.read_reply).to include('key:9997') }
      expect_quick(times)
    end

    # Fails when jobs whose keys are locked stay with the quick connections, or when those wait for locks without a timeout.
    it 'lets other keys go on while a transaction elsewhere holds one' do
      holder = connect_sql
      holder.exec("BEGIN; SELECT redis_set('held', 'by SQL')")
      waiting = Array.new(6) { connect }
      waiting.each { |client| client.write('APPEND', 'held', '+') }
      deadline = seconds + 1
      times = times_while(-> { seconds < deadline }) do
        expect(quick.pipeline([%w[SET other 1], %w[GET held]])).to eq [:OK, nil]
      end
      expect(times.size).to be > 50
      expect_quick(times.drop(1))
      expect(waiting.map(&:readable?)).to all(be false)
      holder.exec('COMMIT')
      expect(waiting.map(&:read_reply).sort).to eq [7, 8, 9, 10, 11, 12]
      expect(call('GET', 'held')).to eq 'by SQL++++++'
    end
  end

  describe 'reads', pgredis_only: 'nothing of this is in Redis' do
    cluster(self)

    # Fails when an expired key is deleted by whoever reads it, or when reads lock rows.
    it 'write nothing' do
      proxy = @cluster.proxy('--sweep-interval', '3600000', '--enable-flush')
      client = connect(port: proxy.port)
      client.call('SADD', 'set', 'a', 'b')
      client.call('SET', 'live', 'x', 'EX', 1000)
      client.call('SET', 'expired', 'x', 'PX', 1)
      eventually { expect(client.call('EXISTS', 'expired')).to eq 0 }
      # Whoever writes takes a transaction id.
      next_id = -> { @cluster.sql('SELECT pg_snapshot_xmax(pg_current_snapshot()) AS id') }
      before = next_id.call
      reads = %w[EXISTS TTL TYPE].product(%w[live expired absent set]) +
              [%w[GET live], %w[GET expired], %w[STRLEN live], %w[MGET live expired set], %w[SISMEMBER set a], %w[SCARD expired], %w[DBSIZE]]
      50.times { client.pipeline(reads) }
      expect(next_id.call).to eq before
      expect(@cluster.sql("SELECT 1 FROM redis.keys WHERE key = 'expired'").size).to eq 1
      proxy.stop
    end
  end

  describe 'a snapshot that is held open elsewhere', pgredis_only: 'Redis has none' do
    cluster(self)

    # How many entries of an index a call meets, in a session with the proxy's settings.
    def entries_met(index, call)
      session = PG.connect(@cluster.url)
      %w[plan_cache_mode=force_generic_plan enable_seqscan=off enable_bitmapscan=off].each { |setting| session.exec("SET #{setting}") }
      session.exec("SELECT #{call}")
      session.transaction do
        met = -> { Integer(session.exec("SELECT pg_stat_get_xact_tuples_returned('redis.#{index}'::regclass)").getvalue(0, 0)) }
        before = met.call
        session.exec("SELECT #{call}")
        met.call - before
      end
    ensure
      session&.close
    end

    # Fails when the newest element of a position is looked for by its place in the table.
    it "keeps dead elements that the ends of a list don't meet, also after vacuum has made room in front of them" do
      proxy = @cluster.proxy
      client = connect(port: proxy.port)
      busy = lambda do
        300.times do
          client.call('LPUSH', 'busy', 'x')
          client.call('LPOP', 'busy')
        end
      end
      client.call('RPUSH', 'room', *('1'..'1000'))
      client.call('LPOP', 'room', 999)
      client.call('RPUSH', 'busy', 'first')
      holder = PG.connect(@cluster.url)
      holder.exec('BEGIN ISOLATION LEVEL REPEATABLE READ')
      holder.exec('SELECT 1')
      busy.call
      @cluster.sql('VACUUM redis.list_items')
      busy.call
      client.call('LPUSH', 'busy', 'x', 'x')
      expect(entries_met('list_items_pos', "redis_lpop('busy')")).to eq 1
      holder.close
      proxy.stop
    end

    it "keeps locks that were given back, whom the next one to take it doesn't meet" do
      proxy = @cluster.proxy
      client = connect(port: proxy.port)
      holder = PG.connect(@cluster.url)
      holder.exec('BEGIN ISOLATION LEVEL REPEATABLE READ')
      holder.exec('SELECT 1')
      replies = client.pipeline([%w[SET lock me NX PX 30000], %w[DEL lock], %w[DEL lock]] * 200)
      expect(replies).to eq [:OK, 1, 0] * 200
      expect(entries_met('keys_key', "redis_exists('lock')")).to be <= 1
      holder.close
      proxy.stop
    end

    # Each fails when the newest version of a row is looked for by its place in the table.
    [
      ['keys', "key = 'counter'", %w[INCR counter], 'keys_key', "redis_incr('counter')"],
      ['hash_fields', "field = 'one'", %w[HINCRBY hash one 1], 'hash_fields_field', "redis_hincrby('hash', 'one', 1)"],
      ['zset_members', "member = 'one'", %w[ZINCRBY zset 1 one], 'zset_members_member', "redis_zincrby('zset', 1, 'one')"]
    ].each do |table, row, command, index, call|
      it "keeps dead versions in #{table} that who counts up doesn't meet, also after vacuum has made room in front of them" do
        proxy = @cluster.proxy
        client = connect(port: proxy.port)
        page = -> { Float(@cluster.sql("SELECT (ctid::text::point)[0] AS page FROM redis.#{table} WHERE #{row}")[0]['page']) }
        client.pipeline((1..2000).map { |n| n.odd? ? ['HSET', "room:#{n}", 'f', 'x' * 40] : ['ZADD', "room:#{n}", 0, 'x' * 40] })
        client.call(*command)
        client.pipeline((1..2000).map { |n| ['DEL', "room:#{n}"] })
        holder = PG.connect(@cluster.url)
        holder.exec('BEGIN ISOLATION LEVEL REPEATABLE READ')
        holder.exec('SELECT 1')
        1000.times { client.call(*command) }
        before = page.call
        @cluster.sql("VACUUM redis.#{table}")
        eventually do
          200.times { client.call(*command) }
          expect(page.call).to be < before
        end
        expect(entries_met(index, call)).to be <= 2
        holder.close
        proxy.stop
      end
    end
  end

  describe 'memory', pgredis_only: "it is the proxy's" do
    before { skip 'a sanitizer needs its own memory' if Private.sanitized? }

    let(:proxy) { PrivateProxy.new(ENV.fetch('SPEC_DATABASE_URL'), '--client-query-buffer-limit', '8mb') }
    let(:client) { connect(port: proxy.port) }
    let(:other) { connect(port: proxy.port) }

    after do
      close_clients
      proxy.stop unless Private.sanitized?
    end

    def growth
      expect(other.call('GET', 'absent')).to be_nil
      before = proxy.memory
      yield
      proxy.peak_memory - before
    end

    def others_are_served
      deadline = seconds + 0.3
      expect_quick(times_while(-> { seconds < deadline }) { expect(other.call('GET', 'absent')).to be_nil })
    end

    # Sends until the proxy takes no more for a while.
    def send_until_stuck(client, bytes)
      socket = client.instance_variable_get(:@socket)
      sent = 0
      while sent < (64 << 20)
        written = socket.write_nonblock(bytes, exception: false)
        written == :wait_writable ? (socket.wait_writable(0.3) || break) : sent += written
      end
      sent
    end

    # Fails when commands of a client go on being run while it does not read.
    it 'is bounded when a client asks for much and never reads' do
      call('SET', 'big', 'x' * (1 << 20))
      grown = growth do
        client.send_raw("*2\r\n$3\r\nGET\r\n$3\r\nbig\r\n" * 5000)
        others_are_served
        eventually { expect(other.call('CLIENT', 'LIST')).to match(/ omem=[1-9]/) }
        eventually(timeout: 20) do
          peak = proxy.peak_memory
          others_are_served
          expect(proxy.peak_memory).to eq peak
        end
      end
      expect(grown).to be < 100 << 20
    end

    # Fails when what is read on while the client's replies wait has no bound.
    it 'is bounded when a client sends commands without end and never reads' do
      sent = nil
      grown = growth { sent = send_until_stuck(client, "*2\r\n$4\r\nECHO\r\n$1000\r\n#{'x' * 1000}\r\n" * 1000) }
      expect(sent).to be < 64 << 20
      expect(grown).to be < 30 << 20
      others_are_served
    end

    # Fails when what is received of an argument does not count for client-query-buffer-limit.
    it 'is bounded when an argument does not end' do
      grown = growth do
        expect { send_until_stuck(client, 'x' * 100_000) if client.send_raw("*2\r\n$4\r\nECHO\r\n$500000000\r\n") }
          .to raise_error(SystemCallError)
      end
      expect(grown).to be < 20 << 20
      expect(proxy.log).to match(/warning .* closed: its query buffer of \d+ bytes is over client-query-buffer-limit/)
      others_are_served
    end

    it 'is taken when bytes come, not when they are announced' do
      grown = growth do
        50.times { connect(port: proxy.port).send_raw("*2\r\n$4\r\nECHO\r\n$500000000\r\nxx") }
        50.times { connect(port: proxy.port).send_raw("*1000000\r\n$4\r\nECHO\r\n") }
        others_are_served
      end
      expect(grown).to be < 5 << 20
    end

    it 'of an idle connection is 8 KiB at most' do
      Process.setrlimit(:NOFILE, [Process.getrlimit(:NOFILE).last, 8000].min)
      grown = growth do
        idle = Array.new(2000) { connect(port: proxy.port) }
        idle.each { |client| client.write('GET', 'absent') }
        idle.each { |client| expect(client.read_reply).to be_nil }
      end
      expect(grown / 2000).to be <= 8 << 10
    end
  end

  describe 'acknowledged', pgredis_only: 'Postgres is killed' do
    cluster(self)

    # Fails with --synchronous-commit off, and so it does when replies leave before the commit.
    it 'means committed: nothing of it is lost when Postgres is killed under load' do
      proxies = Array.new(2) { @cluster.proxy('--postgres-wait', '60') }
      acknowledged = Array.new(8) { [] }
      doubtful = []
      stop = false
      writers = Array.new(8) do |i|
        client = connect(port: proxies[i % 2].port)
        Thread.new do
          (1..).each do |n|
            break if stop

            reply = client.call('SET', "writer:#{i}:#{n}", n)
            reply == :OK ? acknowledged[i] << n : doubtful << reply
          end
        end
      end
      3.times do
        enough = acknowledged.map { |list| list.size + 50 }
        eventually(timeout: 20) { expect(acknowledged.map(&:size).zip(enough)).to all(satisfy { |size, wanted| size >= wanted }) }
        @cluster.kill
        @cluster.start
      end
      stop = true
      writers.each(&:join)
      acknowledged.each_with_index do |numbers, i|
        client = connect(port: proxies[(i + 1) % 2].port)
        expect(client.call('MGET', *numbers.map { |n| "writer:#{i}:#{n}" })).to eq numbers.map(&:to_s)
      end
      expect(doubtful).to all(eq error(/\AERR the connection to Postgres broke during the commit/))
      # Each time both of a proxy's quick lanes break, one after the other, maybe with a call of the same writer.
      expect(doubtful.size).to be <= 3 * 2 * writers.size
      proxies.each(&:stop)
    end
  end
end
