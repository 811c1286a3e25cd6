require_relative 'spec_helper'

RSpec.describe 'server' do
  let(:syntax_error) { error('ERR syntax error') }
  let(:not_integer) { error('ERR value is not an integer or out of range') }

  describe 'DBSIZE' do
    it 'counts the keys of the database' do
      expect(call('DBSIZE')).to eq 0
      call('MSET', 'a', '1', 'b', '2')
      call('RPUSH', 'list', *(1..100))
      expect(call('DBSIZE')).to eq 3
      call('SELECT', 1)
      expect(call('DBSIZE')).to eq 0
    end
  end

  describe 'FLUSHDB and FLUSHALL' do
    before do
      call('SET', 'a', 'zero', 'EX', 100)
      call('RPUSH', 'list', *(1..100))
      call('SELECT', 1)
      call('SET', 'a', 'one')
      call('SELECT', 0)
    end

    it 'empty one database' do
      expect(call('FLUSHDB')).to eq :OK
      expect(call('DBSIZE')).to eq 0
      expect(call('LRANGE', 'list', 0, -1)).to eq []
      call('SELECT', 1)
      expect(call('GET', 'a')).to eq 'one'
    end

    it 'empty all databases' do
      expect(call('FLUSHALL')).to eq :OK
      expect(call('DBSIZE')).to eq 0
      call('SELECT', 1)
      expect(call('DBSIZE')).to eq 0
    end

    it 'take ASYNC and SYNC and nothing else' do
      %w[FLUSHDB FLUSHALL].each do |name|
        expect(call(name, 'async')).to eq :OK
        expect(call(name, 'SYNC')).to eq :OK
        expect(call(name, 'foo')).to eq syntax_error
        expect(call(name, 'ASYNC', 'SYNC')).to eq syntax_error
      end
    end

    it 'are the owner\'s in SQL, where he switches them on', pgredis_only: 'the SQL side' do
      expect { sql('SELECT redis_flushall()') }.to raise_error(/FLUSHALL and FLUSHDB are disabled/)
      sql('SET redis.enable_flush = on')
      sql('SELECT redis_flushall()')
      expect(call('DBSIZE')).to eq 0
    end
  end

  describe 'SWAPDB' do
    it 'exchanges two databases, TTLs included' do
      call('MSET', 'a', 'zero', 'only', 'zero')
      call('EXPIRE', 'a', 100)
      call('SELECT', 1)
      call('SET', 'a', 'one')
      expect(call('SWAPDB', 0, 1)).to eq :OK
      expect([call('GET', 'a'), call('GET', 'only'), call('TTL', 'a')]).to match ['zero', 'zero', be_between(99, 100)]
      call('SELECT', 0)
      expect([call('GET', 'a'), call('TTL', 'a'), call('DBSIZE')]).to eq ['one', -1, 1]
      expect(call('SWAPDB', 0, 0)).to eq :OK
      expect(call('GET', 'a')).to eq 'one'
    end

    it 'refuses nonsense' do
      expect(call('SWAPDB', 'x', 1)).to eq error('ERR invalid first DB index')
      expect(call('SWAPDB', 0, 'x')).to eq error('ERR invalid second DB index')
      expect(call('SWAPDB', 99_999_999_999, 1)).to eq error('ERR invalid first DB index')
      expect(call('SWAPDB', 0, 16)).to eq error('ERR DB index is out of range')
      expect(call('SWAPDB', -1, 0)).to eq error('ERR DB index is out of range')
    end
  end

  describe 'TIME' do
    it 'tells seconds and microseconds' do
      seconds, microseconds = call('TIME').map { |part| Integer(part, 10) }
      expect(seconds).to be_within(5).of(Time.now.to_i)
      expect(microseconds).to be_between(0, 999_999)
    end
  end

  describe 'DEBUG SLEEP' do
    it 'lets its client wait, and another one work', pgredis_only: 'Redis stands still' do
      other = connect
      other.write('DEBUG', 'SLEEP', '0.5')
      expect(call('SET', 'a', '1')).to eq :OK
      expect(other.readable?).to be false
      expect(other.read_reply).to eq :OK
    end

    it 'answers OK' do
      expect(call('DEBUG', 'SLEEP', '0')).to eq :OK
    end
  end

  describe 'LOLWUT' do
    it 'ends with the version' do
      expect(call('LOLWUT', 'VERSION', 5, 1, 1, 1)).to match(/Redis ver\. \d+\.\d+\.\d+\n\z/)
      expect(call('LOLWUT', 'VERSION', 'x')).to eq not_integer
      expect(call3('LOLWUT')).to be_a Verbatim
    end
  end

  describe 'MEMORY' do
    it 'USAGE grows with what is stored' do
      call('SET', 'small', 'x')
      call('SET', 'big', 'x' * 100_000)
      call('RPUSH', 'list', *(1..1000))
      expect(call('MEMORY', 'USAGE', 'small')).to be_between(1, 1000)
      expect(call('MEMORY', 'USAGE', 'big')).to be_between(100_000, 200_000)
      expect(call('MEMORY', 'USAGE', 'list', 'SAMPLES', 0)).to be > 1000
      { 'HSET' => %w[f v], 'SADD' => %w[m], 'ZADD' => %w[1 m] }.each do |name, arguments|
        call(name, name, *arguments)
        expect(call('MEMORY', 'USAGE', name)).to be_between(1, 1000)
      end
      expect(call('MEMORY', 'USAGE', 'absent')).to be_nil
    end

    it 'USAGE refuses nonsense' do
      expect(call('MEMORY', 'USAGE', 'a', 'SAMPLES')).to eq syntax_error
      expect(call('MEMORY', 'USAGE', 'a', 'SAMPLES', -1)).to eq syntax_error
      expect(call('MEMORY', 'USAGE', 'a', 'SAMPLES', 'x')).to eq not_integer
      expect(call('MEMORY', 'USAGE', 'a', 'FOO', 1)).to eq syntax_error
      expect(call('MEMORY', 'USAGE')).to eq error("ERR wrong number of arguments for 'memory|usage' command")
    end

    it 'is polite otherwise' do
      call('SET', 'a', '1')
      expect(call('MEMORY', 'PURGE')).to eq :OK
      expect(call('MEMORY', 'DOCTOR')).to be_a String
      expect(call('MEMORY', 'MALLOC-STATS')).to be_a String
      expect(call3('MEMORY', 'DOCTOR')).to be_a Verbatim
      expect(call3('MEMORY', 'STATS')).to include('keys.count' => 1, 'total.allocated' => Integer, 'keys.bytes-per-key' => Integer)
      expect(call('MEMORY', 'HELP').first).to start_with 'MEMORY <subcommand> [<arg> '
    end
  end

  describe 'LATENCY' do
    it 'has nothing to tell' do
      expect(call('LATENCY', 'LATEST')).to eq []
      expect(call('LATENCY', 'HISTORY', 'command')).to eq []
      expect(call('LATENCY', 'RESET')).to eq 0
      expect(call('LATENCY', 'RESET', 'a', 'b')).to eq 0
      expect(call('LATENCY', 'GRAPH', 'command')).to eq error("ERR No samples available for event 'command'")
      expect(call('LATENCY', 'DOCTOR')).to be_a String
      expect(call3('LATENCY', 'HISTOGRAM', 'nonsense')).to eq({})
      expect(call('LATENCY', 'HELP').first).to start_with 'LATENCY <subcommand> [<arg> '
    end
  end

  describe 'persistence and replication' do
    it 'answer what tools expect' do
      expect(call('SAVE')).to eq :OK
      expect(call('LASTSAVE')).to be_within(5).of(Time.now.to_i)
      expect(call('BGSAVE', 'FOO')).to eq syntax_error
      expect(call('ROLE')).to eq ['master', 0, []]
      expect(call('REPLICAOF', 'NO', 'ONE')).to eq :OK
      expect(call('SLAVEOF', 'no', 'one')).to eq :OK
    end

    it 'pretend to save in the background', pgredis_only: 'Redis does it, one at a time' do
      expect(call('BGSAVE')).to eq :'Background saving started'
      expect(call('BGSAVE', 'SCHEDULE')).to eq :'Background saving started'
      expect(call('BGREWRITEAOF')).to eq :'Background append only file rewriting started'
    end

    it 'follow no other server', pgredis_only: 'Redis would' do
      expect(call('REPLICAOF', 'localhost', '6380')).to eq error(/\AERR pgredis does not replicate from Redis/)
    end
  end

  describe 'ACL' do
    it 'knows one user, and the categories' do
      expect(call('ACL', 'WHOAMI')).to eq 'default'
      expect(call('ACL', 'USERS')).to eq ['default']
      expect(call('ACL', 'CAT')).to include('keyspace', 'read', 'write', 'dangerous')
      expect(call('ACL', 'CAT', 'string')).to include('get', 'set')
      expect(call('ACL', 'CAT', 'nonsense')).to eq error("ERR Unknown category 'nonsense'")
      expect(call('ACL', 'HELP').first).to start_with 'ACL <subcommand> [<arg> '
    end

    it 'makes passwords' do
      expect(call('ACL', 'GENPASS')).to match(/\A[0-9a-f]{64}\z/)
      expect(call('ACL', 'GENPASS', 5)).to match(/\A[0-9a-f]{2}\z/)
      expect(call('ACL', 'GENPASS', 4096)).to match(/\A[0-9a-f]{1024}\z/)
      expect(call('ACL', 'GENPASS', 0)).to eq error(/\AERR ACL GENPASS argument must be the number of bits/)
      expect(call('ACL', 'GENPASS', 'x')).to eq not_integer
    end
  end

  it 'has no modules' do
    expect(call('MODULE', 'LIST')).to eq []
  end
end
