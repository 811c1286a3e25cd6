# What an operator sees and sets: stopping, limits, logs, the password.

require_relative 'support/private_cluster'

RSpec.describe 'operations', pgredis_only: "options, log and limits are the proxy's own" do
  let(:client) { connect(port: @proxy.port) }

  after do
    close_clients
    @proxy&.stop
  end

  def start(*options, **keywords)
    @proxy = PrivateProxy.new(ENV.fetch('SPEC_DATABASE_URL'), '--enable-debug', *options, **keywords)
  end

  describe 'SIGTERM' do
    it 'lets what is in flight finish, turns new clients away, and ends' do
      start
      slow = connect(port: @proxy.port)
      slow.send_raw("SET stopped no\r\nDEBUG SLEEP 0.5\r\nSET stopped yes\r\n")
      expect(slow.read_reply).to eq :OK
      idle = connect(port: @proxy.port)
      idle.call('PING')
      @proxy.terminate
      @proxy.wait_for_log(/info server: stopping: finishing what is in flight/)
      expect { connect(port: @proxy.port) }.to raise_error(Errno::ECONNREFUSED)
      expect(idle.closed?).to be true
      expect(Array.new(2) { slow.read_reply }).to eq %i[OK OK]
      expect(slow.closed?).to be true
      @proxy.stop
      expect(@proxy.log).to match(/info server: stopped$/)
      expect(call('GET', 'stopped')).to eq 'yes'
    end

    it 'waits no longer than --shutdown-timeout' do
      start('--shutdown-timeout', '0.2')
      client.write('DEBUG', 'SLEEP', '5')
      eventually { expect(sql("SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND wait_event = 'PgSleep'").size).to eq 1 }
      @proxy.terminate
      expect(client.closed?(timeout: 3)).to be true
      @proxy.stop
    end

    it 'SHUTDOWN does the same' do
      start
      client.write('SHUTDOWN')
      expect(client.closed?).to be true
      Private.wait_until('the proxy ends') { @proxy.gone? }
      @proxy.stop
    end
  end

  describe 'limits' do
    it 'more clients than --max-clients are turned away' do
      start('--max-clients', '2')
      others = Array.new(2) { connect(port: @proxy.port).tap { |other| other.call('PING') } }
      expect(client.read_reply).to eq error('ERR max number of clients reached')
      expect(client.closed?).to be true
      expect(others.map { |other| other.call('PING') }).to eq %i[PONG PONG]
      others.first.close
      eventually { expect(connect(port: @proxy.port).call('PING')).to eq :PONG }
    end

    it 'a client with more unread replies than --client-output-buffer-limit is cut off' do
      start('--client-output-buffer-limit', '2mb')
      call('SET', 'big', 'x' * (8 << 20))
      client.write('GET', 'big')
      @proxy.wait_for_log(/warning client: client \d+ 127\.0\.0\.1:\d+ closed: \d+ bytes of replies wait to be read, over the output buffer limit$/)
      expect(client.closed?).to be true
      expect(connect(port: @proxy.port).call('PING')).to eq :PONG
    end

    it 'a client with a bigger request than --client-query-buffer-limit is cut off' do
      start('--client-query-buffer-limit', '1mb')
      expect(client.call('ECHO', 'x' * 500_000).size).to eq 500_000
      expect { client.call('ECHO', 'x' * 20_000_000) }.to(raise_error { |failure| expect(failure).to be_a(SystemCallError).or be_an(EOFError) })
      @proxy.wait_for_log(/warning client: client \d+ 127\.0\.0\.1:\d+ closed: its query buffer of \d+ bytes is over client-query-buffer-limit$/)
    end

    it 'an argument longer than --max-bulk-bytes is a protocol error' do
      start('--max-bulk-bytes', '1mb')
      client.send_raw("*2\r\n$4\r\nECHO\r\n$2000000\r\n")
      expect(client.read_reply).to eq error('ERR Protocol error: invalid bulk length')
      expect(client.closed?).to be true
    end

    it 'an idle client is closed after --timeout' do
      start('--timeout', '1')
      expect(client.call('PING')).to eq :PONG
      expect(client.closed?(timeout: 3)).to be true
    end

    it 'SELECT knows as many databases as --databases says' do
      start('--databases', '3')
      expect(client.call('SELECT', 2)).to eq :OK
      expect(client.call('SELECT', 3)).to eq error('ERR DB index is out of range')
      expect(client.call('CONFIG', 'GET', 'databases')).to eq %w[databases 3]
    end

    it 'flushing needs --enable-flush' do
      start
      expect(client.call('SET', 'key', 'value')).to eq :OK
      %w[FLUSHALL FLUSHDB].each { |command| expect(client.call(command)).to eq error(/\AERR .*enable-flush/) }
      expect(client.call('GET', 'key')).to eq 'value'
    end
  end

  describe 'the log' do
    it 'says nothing about clients at level info' do
      start
      quiet = connect(port: @proxy.port)
      quiet.call('SET', 'key', 'value')
      quiet.call('NOSUCH')
      quiet.close
      rude = connect(port: @proxy.port)
      rude.send_raw("*3\r\n$3\r\nSET\r\n$100\r\nunfinished")
      rude.close
      eventually { expect(client.call('CLIENT', 'LIST').lines.grep(/ laddr=\S+:#{@proxy.port} /).size).to eq 1 }
      lines = @proxy.log.lines
      expect(lines.grep_v(/ info (server: ready: listening on 127\.0\.0\.1:\d+|postgres: connected to Postgres)$/)).to eq []
      expect(lines).to all(match(/\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d info /))
    end

    it 'has commands and replies at level debug, and no secrets' do
      start('--log-level', 'debug', environment: { 'PGREDIS_PASSWORD' => 'open sesame' })
      expect(client.call('AUTH', 'guessed wrong')).to eq error(/\AWRONGPASS /)
      expect(client.call('HELLO', 3, 'AUTH', 'default', 'open sesame')).to be_a Hash
      expect(client.call('auth', 'default', 'open sesame')).to eq :OK
      client.call('SET', 'key', "two words\r\n\xff".b)
      client.call('GET', 'key')
      client.close
      @proxy.wait_for_log(/debug client: client \d+ \S+ closed$/)
      log = @proxy.log
      expect(log).to match(/debug client: client (\d+) (127\.0\.0\.1:\d+) connected$/)
      expect(log).to match(/debug client: client \d+ \S+: "?SET"? "?key"? "two words\\r\\n\\xff"$/)
      expect(log).to match(/debug client: client \d+ \S+ < .*two words\\r\\n\\xff/)
      expect(log).to match(/debug client: client \d+ \S+: "?AUTH"? \(redacted\)$/)
      expect(log).to match(/debug client: client \d+ \S+: "?HELLO"? "?3"? "?AUTH"? \(redacted\) \(redacted\)$/)
      expect(log).not_to match(/sesame|guessed/)
    end

    it 'has the faults of functions with their context, and clients get no internals' do
      sql('CREATE FUNCTION public.faulty(n bigint) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN 1 / n; END $$')
      sql("SELECT redis.register_command('faulty', 'faulty', arity => 2)::text")
      start
      expect(client.call('FAULTY', 1)).to eq 1
      expect(client.call('FAULTY', 0)).to eq error("ERR internal error 22012; see the proxy's log")
      expect(@proxy.log).to match(/ error postgres: 22012 division by zero; context: .*function faulty\(bigint\) line 1 at RETURN$/)
    ensure
      sql("DELETE FROM redis.commands WHERE name = 'faulty'")
      sql('DROP FUNCTION IF EXISTS public.faulty')
    end
  end

  describe 'a password' do
    before { start(environment: { 'PGREDIS_PASSWORD' => 'open sesame' }) }

    it 'is asked for before anything else' do
      [%w[GET key], %w[PING], %w[CLIENT ID], %w[SELECT 1], %w[CONFIG GET requirepass]].each do |command|
        expect(client.call(*command)).to eq error('NOAUTH Authentication required.')
      end
      expect(client.call('HELLO', 3)).to eq error(/\ANOAUTH HELLO must be called with the client already authenticated/)
      expect(client.call('AUTH', 'wrong')).to eq error('WRONGPASS invalid username-password pair or user is disabled.')
      expect(client.call('AUTH', 'somebody', 'open sesame')).to eq error('WRONGPASS invalid username-password pair or user is disabled.')
      expect(client.call('AUTH', 'open sesame')).to eq :OK
      expect(client.call('GET', 'key')).to be_nil
      expect(client.call('AUTH', 'wrong')).to eq error(/\AWRONGPASS /)
      expect(client.call('PING')).to eq :PONG
      expect(client.call('RESET')).to eq :RESET
      expect(client.call('PING')).to eq error('NOAUTH Authentication required.')
    end

    it 'may come with HELLO' do
      expect(client.call('HELLO', 3, 'AUTH', 'default', 'wrong')).to eq error(/\AWRONGPASS /)
      expect(client.call('HELLO', 3, 'AUTH', 'default', 'open sesame', 'SETNAME', 'joe')).to include('proto' => 3)
      expect(client.call('CLIENT', 'GETNAME')).to eq 'joe'
    end

    it 'keeps those who have not given it from sending much' do
      client.send_raw("*11\r\n")
      expect(client.read_reply).to eq error('ERR Protocol error: unauthenticated multibulk length')
      other = connect(port: @proxy.port)
      other.send_raw("*1\r\n$20000\r\n")
      expect(other.read_reply).to eq error('ERR Protocol error: unauthenticated bulk length')
    end
  end

  it 'a password file may be used instead' do
    file = File.join(Private.folder, 'password')
    File.write(file, "from a file\n")
    start('--password-file', file)
    expect(client.call('PING')).to eq error('NOAUTH Authentication required.')
    expect(client.call('AUTH', 'from a file')).to eq :OK
  end
end
