# What clients and operators see while Postgres is away, and that nobody has to restart a proxy for it.

require_relative 'support/private_cluster'

RSpec.describe 'Postgres goes away', pgredis_only: 'it is Postgres that goes' do
  before(:context) { @cluster = PrivateCluster.new.start }
  before { @cluster.start unless @cluster.running? }
  after(:context) { @cluster.close }

  let(:in_doubt) { error('ERR the connection to Postgres broke during the commit: the command may or may not have been carried out') }
  let(:unavailable) { error('ERR Postgres is not available; try again later') }

  def seconds
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  # Clients, each of which counts on a key of its own until the block is done. Yields the number of counts so far.
  # Returns for each its key, the replies it got and how many of them were doubtful; fails when one got another error.
  def counting(ports)
    stop = false
    # Keys of this call: the examples share a cluster.
    began = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
    counters = Array.new(ports.size) { |i| { key: "counter:#{began}:#{i}", replies: [], doubtful: 0 } }
    threads = counters.zip(ports).map do |counter, port|
      client = connect(port: port)
      Thread.new do
        until stop
          reply = client.call('INCR', counter[:key])
          reply == in_doubt ? counter[:doubtful] += 1 : counter[:replies] << reply
        end
      end
    end
    yield -> { counters.map { |counter| counter[:replies].size }.min }
    stop = true
    threads.each(&:join)
    counters
  ensure
    stop = true
  end

  # Every acknowledged INCR is there, none twice; those in doubt are, or are not.
  def check(counters, port)
    client = connect(port: port)
    counters.each do |counter|
      expect(counter[:replies]).to all(be_an(Integer))
      expect(counter[:replies]).to eq counter[:replies].uniq.sort
      acknowledged = counter[:replies].size
      expect(Integer(client.call('GET', counter[:key]))).to be_between(acknowledged, acknowledged + counter[:doubtful])
    end
  end

  # The proxy's lines about not being connected.
  def complaints(proxy)
    proxy.log.lines.grep(/ error /).map { |line| line[/no connection: (.*); trying again$/, 1] }
  end

  it 'a proxy starts before its database, says what is missing, and serves when all is there' do
    cluster = PrivateCluster.new(migrated: false)
    proxy = cluster.proxy('--postgres-wait', '60')
    client = connect(port: proxy.port)
    client.write('SET', 'key', 'value')
    proxy.wait_for_log(/no connection: connection to server on socket .* failed: No such file or directory/)
    cluster.start
    proxy.wait_for_log(/no connection: .*role "pgredis" does not exist/)
    cluster.sql('CREATE ROLE pgredis LOGIN', database: 'postgres')
    proxy.wait_for_log(/no connection: .*database "pgredis" does not exist/)
    cluster.sql('CREATE DATABASE pgredis', database: 'postgres')
    proxy.wait_for_log(/no connection: database pgredis is not prepared for pgredis: run `pgredis migrate` on it; trying again/)
    Private.run(Private::BINARY, 'migrate', '--database-url', cluster.url)
    proxy.wait_for_log(/no connection: role pgredis has no right to use pgredis in database pgredis: as its owner, GRANT pgredis_proxy TO pgredis/)
    expect(client.readable?).to be false
    cluster.sql('GRANT pgredis_proxy TO pgredis')
    expect(client.read_reply).to eq :OK
    expect(proxy.log).to include('connected to Postgres')
    # One line for each thing that is wrong, not one for each try.
    expect(complaints(proxy)).to eq complaints(proxy).uniq
    proxy.stop
    cluster.close
  end

  it 'a proxy ends when it is told to, also while it waits for a database' do
    proxy = PrivateProxy.new("postgresql:///pgredis?host=#{Private.folder}")
    client = connect(port: proxy.port)
    proxy.wait_for_log(/no connection/)
    proxy.stop
    expect(client.closed?).to be true
  end

  it 'clients wait, get an error when it takes too long, and are served again after it' do
    patient = @cluster.proxy('--postgres-wait', '60')
    hasty = @cluster.proxy('--postgres-wait', '0.5')
    waiting = [patient, hasty].map { |proxy| connect(port: proxy.port) }
    waiting.each { |client| expect(client.call('SET', 'key', '1')).to eq :OK }
    @cluster.stop
    begun = seconds
    waiting.each { |client| client.send_raw("INCR key\r\nGET key\r\nPING\r\n") }
    expect(Array.new(3) { waiting.last.read_reply }).to eq [unavailable, unavailable, :PONG]
    expect(seconds - begun).to be_between(0.4, 5)
    newcomer = connect(port: hasty.port)
    expect(newcomer.call('GET', 'key')).to eq unavailable
    expect(waiting.first.readable?).to be false
    @cluster.start
    expect(Array.new(3) { waiting.first.read_reply }).to eq [2, '2', :PONG]
    eventually { expect(newcomer.call('GET', 'key')).to eq '2' }
    expect(waiting.last.call('INCR', 'key')).to eq 3
    [patient, hasty].each(&:stop)
  end

  it 'a newcomer waits too, whatever it has sent meanwhile' do
    @cluster.stop
    proxy = @cluster.proxy('--postgres-wait', '0.5')
    client = connect(port: proxy.port)
    client.send_raw("PING\r\n" * 5000)
    expect(Array.new(1000) { client.read_reply }.uniq).to eq [unavailable]
    @cluster.start
    replies = Array.new(4000) { client.read_reply }
    expect(replies.uniq - [unavailable, :PONG]).to eq []
    expect(client.call('PING')).to eq :PONG
    proxy.stop
  end

  it 'connections that are ended under load are made again: no command is lost or done twice, no other error seen' do
    proxies = Array.new(2) { @cluster.proxy }
    counters = counting(Array.new(8) { |i| proxies[i % 2].port }) do |progress|
      reader = connect(port: proxies.first.port)
      15.times do
        enough = progress.call + 20
        @cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ '^pgredis' ORDER BY random() LIMIT 3")
        # A read is never in doubt.
        eventually do
          expect(reader.call('GET', 'absent')).to be_nil
          expect(progress.call).to be >= enough
        end
      end
    end
    check(counters, proxies.last.port)
    proxies.each(&:stop)
  end

  it 'the next host of the connection string is taken when it takes the writes' do
    primary = PrivateCluster.new
    standby = PrivateCluster.new(copy_of: primary).follow(primary)
    primary.start
    standby.start
    primary.sql('ALTER SYSTEM SET synchronous_standby_names = \'*\'')
    primary.sql('SELECT pg_reload_conf()')
    eventually { expect(primary.sql("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'").size).to eq 1 }
    hosts = [standby.folder, primary.folder] # the standby stands first, and is passed over while it is one
    proxy = primary.proxy('--postgres-wait', '60', url: primary.url(user: 'pgredis', hosts: hosts, target_session_attrs: 'read-write'))
    counters = counting([proxy.port] * 4) do |progress|
      eventually { expect(progress.call).to be > 20 }
      primary.kill
      standby.promote
      enough = progress.call + 20
      eventually(timeout: 20) { expect(progress.call).to be > enough }
    end
    check(counters, proxy.port)
    proxy.stop
    [primary, standby].each(&:close)
  end

  describe 'while clients wait' do
    def blocked(port)
      connect(port: port).call('CLIENT', 'LIST').lines.count { |line| line =~ / laddr=\S+:#{port} .* flags=\w*b/ }
    end

    def waiter(port, *command)
      before = blocked(port)
      client = connect(port: port)
      client.write(*command)
      eventually { expect(blocked(port)).to eq before + 1 }
      client
    end

    { 'restarted' => :stop, 'crashed' => :kill }.each do |what, way|
      it "they go on waiting when Postgres was #{what}, in their order, and timeouts are kept" do
        proxies = Array.new(2) { @cluster.proxy('--postgres-wait', '60') }
        line = Array.new(4) { |i| waiter(proxies[i % 2].port, 'BLPOP', "#{what}:list", 0) }
        sorted = waiter(proxies.first.port, 'BZPOPMIN', "#{what}:zset", 0)
        hasty = waiter(proxies.last.port, 'BLPOP', "#{what}:list", '0.5')
        @cluster.public_send(way)
        expect(hasty.read_reply).to be NULL_ARRAY
        @cluster.start
        pusher = connect(port: proxies.first.port)
        expect(pusher.call('RPUSH', "#{what}:list", '1', '2', '3', '4', '5')).to eq 5
        expect(pusher.call('ZADD', "#{what}:zset", 1, 'm')).to eq 1
        expect(line.map { |client| client.read_reply.last }).to match_array %w[1 2 3 4]
        expect(sorted.read_reply).to eq ["#{what}:zset", 'm', '1']
        expect(pusher.call('LRANGE', "#{what}:list", 0, -1)).to eq %w[5]
        expect(proxies.map { |proxy| blocked(proxy.port) }).to eq [0, 0]
        eventually { expect(@cluster.sql('SELECT FROM redis.waiters').size).to eq 0 }
        proxies.each(&:stop)
      end
    end

    it 'what is pushed while a proxy hears nothing reaches them as soon as it does' do
      proxy = @cluster.proxy
      client = waiter(proxy.port, 'BLPOP', 'unheard', 0)
      @cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pgredis control'")
      @cluster.sql("SELECT redis_rpush('unheard', 'x')")
      expect(client.read_reply).to eq %w[unheard x]
      proxy.stop
    end

    it 'a proxy that dies with its clients makes way for those of others' do
      killed, other = Array.new(2) { @cluster.proxy }
      line = Array.new(3) { waiter(killed.port, 'BLPOP', 'dead', 'unborn', 0) }
      last = waiter(other.port, 'BLPOP', 'dead', 0)
      killed.kill
      pusher = connect(port: other.port)
      expect(pusher.call('RPUSH', 'dead', '1')).to eq 1
      expect(last.read_reply).to eq %w[dead 1]
      expect(line.first.closed?).to be true
      eventually { expect(@cluster.sql('SELECT FROM redis.waiters').size).to eq 0 }
      other.stop
    end

    it 'a proxy that is stopped lets them go at once' do
      proxy = @cluster.proxy
      client = waiter(proxy.port, 'BLPOP', 'k', 0)
      client.write('PING')
      proxy.stop
      expect(client.closed?).to be true
    end

    it 'every element is popped once, though connections are ended all the time' do
      proxies = Array.new(2) { @cluster.proxy }
      stop = false
      popped = Queue.new
      doubtful = Queue.new
      consumers = Array.new(6) do |i|
        client = connect(port: proxies[i % 2].port)
        Thread.new do
          until stop
            reply = client.call('BLPOP', 'work', 'more work', '0.2')
            reply == in_doubt ? doubtful << reply : (popped << reply.last unless reply.equal?(NULL_ARRAY))
          end
        end
      end
      pushed = []
      counters = counting(Array.new(2) { |i| proxies[i].port }) do |progress|
        producer = connect(port: proxies.last.port)
        12.times do |round|
          20.times do |i|
            element = "#{round}:#{i}"
            reply = producer.call('RPUSH', i.odd? ? 'work' : 'more work', element)
            pushed << element if reply.is_a?(Integer)
            doubtful << reply if reply == in_doubt
          end
          @cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ '^pgredis' ORDER BY random() LIMIT 3")
          enough = progress.call + 5
          eventually { expect(progress.call).to be >= enough }
        end
        eventually(timeout: 20) do
          expect(@cluster.sql("SELECT size FROM redis.keyspace WHERE key IN ('work', 'more work')").size).to eq 0
        end
      end
      stop = true
      consumers.each(&:join)
      all = Array.new(popped.size) { popped.pop }
      expect(all).to eq all.uniq
      expect((pushed - all).size).to be <= doubtful.size
      check(counters, proxies.first.port)
      proxies.each(&:stop)
    end
  end

  describe 'what is wrong is said in one line:' do
    def self.says(what, line, after: nil, setup: nil, **url)
      it what do
        @cluster.sql(setup) if setup
        proxy = @cluster.proxy(url: @cluster.url(**url))
        proxy.wait_for_log(/no connection/)
        expect(complaints(proxy)).to contain_exactly(line)
        expect(proxy.log).not_to include('secret')
        proxy.stop
      ensure
        @cluster.sql(after) if after
      end
    end

    before(:context) do
      hba = File.join(@cluster.data, 'pg_hba.conf')
      File.write(hba, "local all guarded scram-sha-256\n#{File.read(hba)}")
      @cluster.sql("CREATE ROLE guarded LOGIN PASSWORD 'right' IN ROLE pgredis_proxy")
      @cluster.sql('CREATE ROLE stranger LOGIN')
      @cluster.sql('SELECT pg_reload_conf()')
    end

    says 'a wrong password', /password authentication failed for user "guarded"\z/, user: 'guarded', password: 'secret'
    says 'a missing database', /database "nowhere" does not exist\z/, database: 'nowhere', user: 'pgredis'
    says 'a role without rights', /\Arole stranger has no right to use pgredis in database pgredis: as its owner, GRANT/, user: 'stranger'
    says 'a database of a newer release', /\Adatabase pgredis was migrated by a newer pgredis that this one .* cannot work with/,
         user: 'pgredis', setup: 'UPDATE redis.deployment SET breaking = breaking + 1', after: 'UPDATE redis.deployment SET breaking = breaking - 1'
    says 'a database of an older release', /\Adatabase pgredis is older than this pgredis .*: run `pgredis migrate` on it\z/,
         user: 'pgredis', setup: 'UPDATE redis.migrations SET version = version - 1000', after: 'UPDATE redis.migrations SET version = version + 1000'
  end
end
