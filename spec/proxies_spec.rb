# The proxies of one database, as one server.
require_relative 'spec_helper'
require_relative 'support/private_cluster'

RSpec.describe 'the proxies of a database', pgredis_only: 'Redis has none' do
  let(:url) { ENV.fetch('SPEC_DATABASE_URL') }

  def listed
    sql('SELECT id FROM redis.proxies ORDER BY id').map { |row| Integer(row['id']) }
  end

  it 'are listed as long as they are alive, however they end' do
    before = listed
    expect(before.size).to eq ports.size
    killed, stopped = Array.new(2) { PrivateProxy.new(url) }
    eventually { expect(listed.size).to eq before.size + 2 }
    killed.kill
    stopped.stop
    eventually { expect(listed).to eq before }
  end

  it 'are listed again after their connection to Postgres was lost' do
    before = listed
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pgredis control'")
    sql('DELETE FROM redis.proxies')
    eventually { expect(listed).to eq before }
  end

  describe 'when one of them is asked and' do
    let(:proxy) { PrivateProxy.new(url) }
    let(:asking) { connect }
    let(:asked) { connect(port: proxy.port) }
    let(:id) { asked.call('CLIENT', 'ID') }

    def seconds
      begun = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      yield
      Process.clock_gettime(Process::CLOCK_MONOTONIC) - begun
    end

    def listed_by(client)
      client.call('CLIENT', 'LIST').scan(/^id=(\d+) /).flatten.map(&:to_i)
    end

    def found?(list = asking.call('CLIENT', 'LIST'))
      list.match?(/^id=#{id} /)
    end

    before do
      id
      eventually { expect(listed).to include(Integer(asked.call('INFO', 'pgredis')[/proxy_id:(\d+)/, 1])) }
      expect(found?).to be true
    end

    after { proxy.close unless proxy.gone? }

    def freeze
      Process.kill(:STOP, proxy.pid)
      yield
    ensure
      Process.kill(:CONT, proxy.pid) unless proxy.gone?
    end

    it 'is killed: what it left is gone' do
      proxy.kill
      expect(seconds { expect(found?).to be false }).to be < 1.5
      expect(asking.call('CLIENT', 'KILL', 'ID', id)).to eq 0
      expect(asking.call('CONFIG', 'SET', 'hz', '10')).to eq :OK
    end

    it 'is killed before it answers: nobody waits for it any longer' do
      freeze do
        asking.write('CLIENT', 'LIST')
        expect(asking).not_to be_readable(within: 0.1)
        proxy.kill
        expect(seconds { expect(found?(asking.read_reply)).to be false }).to be < 1.5
      end
    end

    it 'is told to end before it answers' do
      freeze do
        asking.write('CLIENT', 'LIST')
        expect(asking).not_to be_readable(within: 0.1)
        proxy.terminate
      end
      expect(seconds { expect(asking.read_reply.lines.size).to be >= 1 }).to be < 1.5
      proxy.stop
      expect(found?).to be false
    end

    it 'does not answer: the others do, after a while' do
      freeze do
        expect(seconds { expect(found?).to be false }).to be_between(1.5, 4)
        asking.write('CLIENT', 'LIST')
        expect(asking).not_to be_readable(within: 0.1)
      end
      expect(found?(asking.read_reply)).to be true
    end

    it 'has asked somebody itself, and is killed' do
      asked.write('CLIENT', 'LIST')
      asked.write('CLIENT', 'PAUSE', '0')
      proxy.kill
      expect(found?).to be false
      expect(asking.call('SET', 'k', 'v')).to eq :OK
    end

    it 'loses its connection to Postgres, which ends later there: the others know it all the time' do
      number = asked.call('INFO', 'pgredis')[/proxy_id:(\d+)/, 1]
      sessions = ->(granted) { sql("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = $1::oid AND granted = $2", Integer(number), granted) }
      own = asking.call('CLIENT', 'ID')
      lost = connect_sql
      waited = Array.new(8) do
        lost.send_query("SELECT pg_advisory_lock(redis.proxy_lock_class(), #{number})")
        eventually { expect(sessions.(false).size).to eq 1 }
        sql('SELECT pg_terminate_backend($1)', sessions.(true).first['pid'])
        lost.get_last_result
        eventually { expect(listed_by(asked)).to include(own) }
        expect(found?).to be true
        lost.exec("SELECT pg_advisory_unlock(redis.proxy_lock_class(), #{number})")
        seconds { eventually { expect(sessions.(true).size).to eq 1 } }
      end
      expect(waited.sum).to be < 2
    end

    it 'loses its connections to Postgres: there is always an answer' do
      ending = false
      breaker = Thread.new do
        connection = connect_sql
        until ending
          run_sql(connection, "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE application_name = 'pgredis control'")
          sleep 0.02
        end
      end
      own = asking.call('CLIENT', 'ID')
      200.times do
        expect(asking.call('CLIENT', 'LIST')).to match(/^id=#{own} /)
        expect(asking.call('CLIENT', 'KILL', 'ID', '1')).to eq 0
      end
      ending = true
      breaker.join
      everyone = [asked, *ports.map { |port| connect(port: port) }]
      ids = everyone.map { |client| client.call('CLIENT', 'ID') }
      everyone.each { |client| eventually { expect(listed_by(client)).to include(*ids) } }
    end

    it 'so are all the others at the same time, each gets its answers' do
      own = [*ports, proxy.port].flat_map { |port| [connect(port: port), connect(port: port)] }
      ids = own.map { |client| client.call('CLIENT', 'ID') }
      own.map do |client|
        Thread.new do
          30.times do |i|
            expect(listed_by(client)).to include(*ids)
            expect(client.call('CLIENT', 'KILL', 'ADDR', "nobody:#{i}")).to eq 0
            expect(client.call('CONFIG', 'SET', 'hz', '10')).to eq :OK
          end
        end
      end.each(&:join)
    end
  end

  # What is sent to all proxies while the block runs.
  def notifications(database = url)
    connection = PG.connect(database)
    connection.exec('LISTEN redis')
    yield
    connection.exec("NOTIFY redis, 'the end'")
    texts = []
    connection.wait_for_notify(10) { |_, _, text| texts << text } until texts.last == 'the end'
    texts[..-2]
  ensure
    connection&.close
  end

  it 'send nothing for what concerns the data or one connection' do
    commands = [%w[SET k v], %w[GET k], %w[LPUSH l 1], %w[CLIENT ID], %w[CLIENT INFO], %w[CLIENT SETNAME a], %w[CONFIG GET hz], %w[INFO stats],
                %w[MULTI], %w[INCR n], %w[EXEC], %w[CLIENT NO-EVICT on], %w[CLIENT LIST foo]]
    expect(notifications { 20.times { resp2.pipeline(commands) } }).to eq []
  end

  it 'do not ask each other anew each time a client asks for INFO' do
    clients = Array.new(100) { connect }
    asked = notifications { clients.each { |client| client.call('INFO') } }.grep(/\Aask /)
    expect(asked.size).to be <= 10
  end

  describe 'and one that is alone' do
    let(:cluster) { PrivateCluster.new.start }
    after { cluster.close }

    it 'asks nobody, and answers for itself when Postgres is away' do
      client = connect(port: cluster.proxy.port)
      commands = [%w[CLIENT LIST], %w[CLIENT PAUSE 0], %w[CLIENT UNPAUSE], %w[CLIENT KILL ID 1], %w[CLIENT UNBLOCK 1], %w[CONFIG RESETSTAT],
                  %w[INFO clients]]
      replies = nil
      expect(notifications(cluster.url) { replies = client.pipeline(commands) }).to eq []
      expect(replies).to match [/^id=/, :OK, :OK, 0, 0, :OK, /connected_clients:1\r\n/]
      cluster.kill
      expect(client.pipeline(commands)).to match [/^id=/, :OK, :OK, 0, 0, :OK, /connected_clients:1\r\n/]
    end
  end
end
