# MULTI, EXEC, DISCARD, WATCH, UNWATCH; what they mean together with connections, databases, expiry and the application's own SQL.

RSpec.describe 'transactions' do
  let(:no_multi) { error('ERR EXEC without MULTI') }
  let(:aborted) { error('EXECABORT Transaction discarded because of previous errors.') }
  let(:wrong_type) { error('WRONGTYPE Operation against a key holding the wrong kind of value') }
  let(:not_integer) { error('ERR value is not an integer or out of range') }
  # Somebody else, at another proxy where there are two.
  let(:other) { connect(port: ports.last) }

  # MULTI, the commands, EXEC at once; EXEC's reply.
  def transaction(*commands, client: resp2)
    client.pipeline([%w[MULTI], *commands, %w[EXEC]]).last
  end

  describe 'MULTI and EXEC' do
    it 'queue commands and carry them out' do
      expect(call('MULTI')).to eq :OK
      expect(call('SET', 'a', '1')).to eq :QUEUED
      expect(call('INCR', 'a')).to eq :QUEUED
      expect(other.call('GET', 'a')).to be_nil
      expect(call('EXEC')).to eq [:OK, 2]
      expect(other.call('GET', 'a')).to eq '2'
    end

    it 'answer an empty queue with an empty array' do
      expect(transaction).to eq []
    end

    it 'keep replies of every shape' do
      call('RPUSH', 'l', 'x', 'y')
      call('HSET', 'h', 'f', 'v')
      commands = [%w[LRANGE l 0 -1], %w[HGETALL h], %w[GET none], %w[LPOP none 2], %w[HGETALL none], %w[TYPE l], %w[ZADD z 1.5 m], %w[ZSCORE z m], %w[PING]]
      expect(transaction(*commands)).to eq [%w[x y], %w[f v], nil, NULL_ARRAY, [], :list, 1, '1.5', :PONG]
      expect(transaction(*commands, client: resp3)).to eq [%w[x y], { 'f' => 'v' }, nil, nil, {}, :list, 0, 1.5, :PONG]
    end

    it 'take any bytes' do
      expect(transaction(%W[SET k\0\r\n \xff\0], %W[GET k\0\r\n])).to eq [:OK, "\xff\0".b]
    end

    it 'see what they did themselves' do
      expect(transaction(%w[SET a 1], %w[DEL a], %w[EXISTS a], %w[RPUSH a x y], %w[RENAME a b], %w[LRANGE b 0 -1], %w[FLUSHALL], %w[DBSIZE]))
        .to eq [:OK, 1, 0, 2, :OK, %w[x y], :OK, 0]
    end

    it 'take a thousand commands' do
      expect(transaction(*Array.new(1000) { |i| ['INCRBY', "k#{i % 10}", i] }).size).to eq 1000
      expect(call('GET', 'k9')).to eq Array.new(100) { |i| i * 10 + 9 }.sum.to_s
      expect(transaction(*Array.new(1500) { |i| ['SET', "key:#{i}", i] })).to all eq :OK
      expect(call('DBSIZE')).to eq 1510
    end

    it 'are EXEC errors and nested MULTI errors elsewhere' do
      expect(call('EXEC')).to eq no_multi
      expect(call('DISCARD')).to eq error('ERR DISCARD without MULTI')
      expect(transaction(%w[MULTI], %w[SET a 1])).to eq [:OK]
      call('MULTI')
      expect(call('MULTI')).to eq error('ERR MULTI calls can not be nested')
      expect(call('EXEC')).to eq []
    end

    it 'refuse WATCH inside, which spoils nothing' do
      call('MULTI')
      expect(call('WATCH', 'a')).to eq error('ERR WATCH inside MULTI is not allowed')
      call('SET', 'a', '1')
      expect(call('EXEC')).to eq [:OK]
    end

    it 'may be discarded' do
      call('MULTI')
      call('SET', 'a', '1')
      expect(call('DISCARD')).to eq :OK
      expect(call('EXISTS', 'a')).to eq 0
      expect(call('EXEC')).to eq no_multi
    end

    it 'show in CLIENT INFO' do
      expect(call('CLIENT', 'INFO')).to match(/ flags=N .* multi=-1 /)
      call('MULTI')
      call('PING')
      expect(connect.call('CLIENT', 'LIST')).to match(/ flags=x .* multi=1 /)
      call('DISCARD')
      expect(call('CLIENT', 'INFO')).to match(/ multi=-1 /)
    end
  end

  # Fails when each of its keys takes an entry of Postgres's lock table, which has about as many.
  it 'may have more keys than the server has locks' do
    count = 15_000
    replies = resp2.pipeline([%w[MULTI], *Array.new(count) { |i| ['SET', "key:#{i}", i] }, %w[EXEC]])
    expect(replies.last).to eq [:OK] * count
    expect(call('MGET', 'key:0', "key:#{count - 1}")).to eq ['0', (count - 1).to_s]
  end

  describe 'errors while queueing' do
    {
      %w[GET] => "ERR wrong number of arguments for 'get' command",
      %w[NOSUCH a b] => "ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' ",
      %w[CLIENT NOSUCH] => "ERR unknown subcommand 'NOSUCH'. Try CLIENT HELP.",
      %w[OBJECT] => "ERR wrong number of arguments for 'object' command",
      %w[MULTI x] => "ERR wrong number of arguments for 'multi' command",
      %w[WATCH] => "ERR wrong number of arguments for 'watch' command",
      %w[UNWATCH x] => "ERR wrong number of arguments for 'unwatch' command",
      %w[DISCARD x] => "ERR wrong number of arguments for 'discard' command",
      %w[SHUTDOWN] => 'ERR Command not allowed inside a transaction'
    }.each do |command, text|
      it "let EXEC refuse everything: #{command.join(' ')}" do
        call('MULTI')
        expect(call('SET', 'a', '1')).to eq :QUEUED
        expect(call(*command)).to eq error(text)
        expect(call('SET', 'b', '1')).to eq :QUEUED
        expect(call('EXEC')).to eq aborted
        expect(call('EXISTS', 'a', 'b')).to eq 0
        expect(call('EXEC')).to eq no_multi
        expect(transaction(%w[PING])).to eq [:PONG]
      end
    end

    it 'in EXEC itself end the transaction' do
      text = "EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command"
      expect(call('EXEC', 'x')).to eq error(text)
      call('MULTI')
      call('SET', 'a', '1')
      expect(call('EXEC', 'x')).to eq error(text)
      expect(call('EXEC')).to eq no_multi
      expect(call('EXISTS', 'a')).to eq 0
    end

    it 'forget watches, as DISCARD does' do
      call('WATCH', 'a')
      call('MULTI')
      call('GET')
      call('EXEC')
      other.call('SET', 'a', '1')
      expect(transaction(%w[GET a])).to eq ['1']
      call('WATCH', 'a')
      call('MULTI')
      call('DISCARD')
      other.call('SET', 'a', '2')
      expect(transaction(%w[GET a])).to eq ['2']
    end
  end

  describe 'errors while executing' do
    it 'stand among the replies, and the others take effect' do
      expect(transaction(%w[SET a 1], %w[LPUSH a x], %w[INCR a], %w[EXPIRE a x], %w[HSET h f v extra], %w[GET a]))
        .to eq [:OK, wrong_type, 2, not_integer, error("ERR wrong number of arguments for 'hset' command"), '2']
      expect(call('GET', 'a')).to eq '2'
    end

    it 'stand there in RESP3 too' do
      expect(transaction(%w[GET none], %w[LPUSH a x], %w[GET a], %w[LLEN a], client: resp3)).to eq [nil, 1, wrong_type, 1]
    end

    it 'undo nothing at all when there are many' do
      commands = Array.new(50) { |i| i.even? ? %w[INCR n] : %w[LPUSH n x] }
      expect(transaction(*commands)).to eq(Array.new(50) { |i| i.even? ? i / 2 + 1 : wrong_type })
      expect(call('GET', 'n')).to eq '25'
    end

    it 'may be the first and the last' do
      call('SET', 's', 'x')
      expect(transaction(%w[INCR s], %w[SET a 1], %w[SELECT 1], %w[SET a 2], %w[INCR a], %w[SELECT 0], %w[LPUSH s x]))
        .to eq [not_integer, :OK, :OK, :OK, 3, :OK, wrong_type]
      expect(transaction(%w[GET a], %w[SELECT 1], %w[GET a])).to eq ['1', :OK, '3']
      call('SELECT', '0')
    end

    it 'are those of one command also when its function is gone', pgredis_only: 'adds a command in SQL' do
      sql('CREATE OR REPLACE FUNCTION public.passing(key bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT key $$')
      sql("SELECT redis.register_command('passing', 'passing', arity => 2)::text")
      eventually { expect(call('PASSING', 'x')).to eq 'x' }
      call('MULTI')
      [%w[SET a 1], %w[PASSING x], %w[INCR a]].each { |command| expect(call(*command)).to eq :QUEUED }
      sql('DROP FUNCTION public.passing(bytea)')
      expect(call('EXEC')).to eq [:OK, error("ERR internal error 42883; see the proxy's log"), 2]
      sql("DELETE FROM redis.commands WHERE name = 'passing'")
      call('MULTI')
      expect(call('PASSING', 'x')).to eq :QUEUED
      call('INCR', 'a')
      sql("NOTIFY redis, 'registry'")
      eventually { expect(connect.call('PASSING', 'x')).to eq error(/unknown command/) }
      expect(call('EXEC')).to eq [error("ERR unknown command 'PASSING', with args beginning with: 'x' "), 3]
    ensure
      sql("DELETE FROM redis.commands WHERE name = 'passing'")
      sql("NOTIFY redis, 'registry'")
    end

    it 'do not keep a watch from being seen' do
      call('SET', 'a', '1')
      call('WATCH', 'a')
      other.call('SET', 'a', '2')
      expect(transaction(%w[LPUSH a x], %w[SET b 1])).to eq NULL_ARRAY
      expect(call('EXISTS', 'b')).to eq 0
    end
  end

  describe "the connection's own commands inside" do
    it 'answer in their place' do
      replies = transaction(%w[PING], %w[PING x], %w[SET a 1], %w[ECHO e], %w[CLIENT SETNAME n], %w[CLIENT GETNAME], %w[GET a], %w[CONFIG GET maxmemory], %w[DBSIZE])
      expect(replies).to eq [:PONG, 'x', :OK, 'e', :OK, 'n', '1', %w[maxmemory 0], 1]
      expect(call('CLIENT', 'GETNAME')).to eq 'n'
      expect(transaction(%w[PING], %w[ECHO e])).to eq [:PONG, 'e']
    end

    it 'select databases, then and afterwards' do
      expect(transaction(%w[SET a 0], %w[SELECT 1], %w[SET a 1], %w[SELECT 99], %w[SELECT x], %w[GET a]))
        .to eq [:OK, :OK, :OK, error('ERR DB index is out of range'), not_integer, '1']
      expect(call('GET', 'a')).to eq '1'
      call('SELECT', '0')
      expect(call('GET', 'a')).to eq '0'
    end

    it 'do not select when EXEC is refused' do
      call('WATCH', 'a')
      other.call('SET', 'a', '0')
      expect(transaction(%w[SELECT 1], %w[SET a 1])).to eq NULL_ARRAY
      expect(call('GET', 'a')).to eq '0'
    end

    it 'swap databases under the commands that follow' do
      expect(transaction(%w[SET a 1], %w[SWAPDB 0 1], %w[GET a], %w[SELECT 1], %w[GET a])).to eq [:OK, :OK, nil, :OK, '1']
    end

    it 'change the protocol for the replies that follow' do
      call('HSET', 'h', 'f', 'v')
      replies = transaction(%w[HGETALL h], %w[HELLO 3], %w[HGETALL h], %w[HELLO 9], %w[GET none], %w[HELLO 2], %w[HGETALL h])
      expect(replies.values_at(0, 2, 3, 4, 6)).to eq [%w[f v], { 'f' => 'v' }, error('NOPROTO unsupported protocol version'), nil, %w[f v]]
      expect(replies[1]).to include('proto' => 3)
    end

    it 'change settings, for the commands that follow and afterwards' do
      expect(transaction(%w[SET a 1], %w[CONFIG SET maxmemory-samples 7 slowlog-max-len 99], %w[CONFIG GET maxmemory-samples], %w[INCR a],
                         %w[CONFIG SET slowlog-max-len 77]))
        .to eq [:OK, :OK, %w[maxmemory-samples 7], 2, :OK]
      eventually { expect(other.call('CONFIG', 'GET', 'slowlog-max-len')).to eq %w[slowlog-max-len 77] }
      expect(transaction(%w[CONFIG SET maxmemory-samples 5], %w[CONFIG SET slowlog-max-len 128])).to eq [:OK, :OK]
      eventually { expect(other.call('CONFIG', 'GET', 'slowlog-max-len')).to eq %w[slowlog-max-len 128] }
    end

    it 'change no settings when EXEC is refused, or when they cannot be' do
      call('WATCH', 'a')
      other.call('SET', 'a', '0')
      expect(transaction(%w[CONFIG SET maxmemory-samples 7])).to eq NULL_ARRAY
      failed = "ERR CONFIG SET failed (possibly related to argument 'maxmemory-samples') - "
      expect(transaction(%w[SET a 1], %w[CONFIG SET maxmemory-samples x], %w[CONFIG SET nosuch 1], %w[CONFIG SET a b c],
                         %w[CONFIG SET maxmemory-samples 7 maxmemory-samples 8], %w[LPUSH a x], %w[INCR a]))
        .to eq [:OK, error("#{failed}argument couldn't be parsed into an integer"),
                error("ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'"), error('ERR syntax error'),
                error("#{failed}duplicate parameter"), wrong_type, 2]
      expect(call('CONFIG', 'GET', 'maxmemory-samples')).to eq %w[maxmemory-samples 5]
    end

    it 'tell of the keys there are at that point' do
      keyspace = ->(*dbs) { "# Keyspace\r\n#{dbs.map { |db, keys, expires| "db#{db}:keys=#{keys},expires=#{expires},avg_ttl=0\r\n" }.join}" }
      commands = [%w[INFO keyspace], %w[SET a 1], %w[INFO keyspace], %w[SELECT 1], %w[MSET a 1 b 1], %w[INFO keyspace], %w[SELECT 0], %w[FLUSHALL], %w[INFO KeySpace]]
      expected = [keyspace.call, keyspace.call([0, 1, 0]), keyspace.call([0, 1, 0], [1, 2, 0]), keyspace.call]
      expect(transaction(*commands).values_at(0, 2, 5, 8)).to eq expected
      expect(transaction(*commands, client: resp3).values_at(0, 2, 5, 8)).to eq(expected.map { |text| Verbatim.new('txt', text) })
      expect(transaction(%w[INFO]).first).to match(/\A# Server\r\n.*# CPU\r\n.*# Keyspace\r\n\z/m)
      expect(transaction(%w[SET s x], %w[LPUSH s x], %w[INFO keyspace]).last).to eq keyspace.call([0, 1, 0])
    end

    # What each answers alone, it answers inside.
    [
      %w[CLIENT PAUSE 1 ALL x], %w[CLIENT PAUSE x], %w[CLIENT PAUSE -1], %w[CLIENT PAUSE 1 x], %w[CLIENT UNBLOCK 1 TIMEOUT x], %w[CLIENT UNBLOCK 1 x],
      %w[CLIENT UNBLOCK x], %w[CLIENT KILL ID abc], %w[CLIENT KILL TYPE x], %w[CLIENT KILL 1.2.3.4:5], %w[CLIENT LIST TYPE x], %w[CLIENT LIST ID x],
      %w[CLIENT NO-EVICT x], %w[CLIENT REPLY x], %w[CLIENT GETREDIR], %w[CLIENT TRACKINGINFO], %w[CONFIG SET databases 5], %w[CONFIG REWRITE],
      %w[INFO nosuch], %w[SELECT -1], %w[SELECT 99999999999], %w[SELECT x], %w[COMMAND GETKEYS GET a], %w[COMMAND GETKEYS NOSUCH x], %w[COMMAND INFO nosuch],
      %w[HELLO x], %w[HELLO 2 x], %w[HELLO 2 AUTH a b], %w[AUTH x], %w[AUTH a b], %w[AUTH default b], %w[AUTH a b c], %w[WAIT 0 0], %w[WAIT 0 x], %w[WAIT 0 -1],
      %w[WAIT x 0], %w[SWAPDB 0 16], %w[SWAPDB x 0], %w[SWAPDB 0 x], %w[FLUSHALL x], %w[FLUSHDB x], %w[OBJECT FREQ k], %w[OBJECT ENCODING k],
      %w[OBJECT REFCOUNT none], %w[DEBUG NOSUCH], %w[DEBUG SLEEP 0], %w[PING a b]
    ].each do |command|
      it "answer as they do alone: #{command.join(' ')}" do
        call('SET', 'k', 'v')
        alone = call(*command)
        expect(transaction(command)).to eq [alone]
      end
    end

    it 'unwatch too late' do
      call('WATCH', 'a')
      other.call('SET', 'a', '0')
      expect(transaction(%w[UNWATCH], %w[SET a 1])).to eq NULL_ARRAY
      expect(transaction(%w[UNWATCH], %w[GET a])).to eq [:OK, '0']
    end
  end

  describe 'that come to another end' do
    it 'are forgotten by RESET, watches too' do
      call('WATCH', 'w')
      call('MULTI')
      call('SET', 'a', '1')
      expect(call('RESET')).to eq :RESET
      expect(call('EXEC')).to eq no_multi
      expect(call('EXISTS', 'a')).to eq 0
      other.call('SET', 'w', '1')
      expect(transaction(%w[GET w])).to eq ['1']
    end

    it 'do nothing after QUIT' do
      client = connect
      client.call('MULTI')
      client.call('SET', 'a', '1')
      expect(client.call('QUIT')).to eq :OK
      expect(client).to be_closed
      expect(call('EXISTS', 'a')).to eq 0
    end

    it 'do nothing when the client has gone', pgredis_only: 'looks at the table of watches' do
      client = connect
      client.call('WATCH', 'absent')
      client.call('MULTI')
      client.call('SET', 'a', '1')
      expect(sql('SELECT count(*) FROM redis.absent_watches')).to eq ['count' => 1]
      client.close
      eventually { expect(sql('SELECT count(*) FROM redis.absent_watches')).to eq ['count' => 0] }
      expect(call('EXISTS', 'a')).to eq 0
    end
  end

  describe 'with CLIENT REPLY' do
    # All replies that come to these commands.
    def replies(*commands)
      client = connect
      client.send_raw([*commands, %w[ECHO end]].map { |c| "*#{c.size}\r\n#{c.map { |a| "$#{a.size}\r\n#{a}\r\n" }.join}" }.join)
      all = []
      all << client.read_reply until all.last == 'end' || all.last.is_a?(Array) && all.last.include?('end')
      all
    end

    it 'OFF are silent' do
      expect(replies(%w[CLIENT REPLY OFF], %w[MULTI], %w[SET a 1], %w[GET a], %w[EXEC], %w[WATCH q], %w[UNWATCH], %w[CLIENT REPLY ON], %w[GET a]))
        .to eq [:OK, '1', 'end']
    end

    it 'OFF are silent with errors, and when refused' do
      call('SET', 's', 'x')
      expect(replies(%w[CLIENT REPLY OFF], %w[MULTI], %w[INCR s], %w[SET a 1], %w[EXEC], %w[EXEC], %w[MULTI], %w[GET], %w[EXEC], %w[WATCH a], %w[SET a 2],
                     %w[MULTI], %w[EXEC], %w[CLIENT REPLY ON], %w[GET a])).to eq [:OK, '2', 'end']
    end

    it 'SKIP leave out one reply' do
      expect(replies(%w[CLIENT REPLY SKIP], %w[MULTI], %w[SET a 1], %w[EXEC], %w[CLIENT REPLY SKIP], %w[WATCH a], %w[GET a])).to eq [:QUEUED, [:OK], '1', 'end']
    end

    # Clients cannot make sense of it, but a reply's count of elements has been sent when the silence begins.
    it 'OFF inside are silent from there on' do
      expect(replies(%w[MULTI], %w[SET a 1], %w[CLIENT REPLY OFF], %w[GET a], %w[EXEC], %w[GET a], %w[CLIENT REPLY ON])).to eq [:OK, :QUEUED, :QUEUED, :QUEUED, [:OK, :OK, 'end']]
    end

    it 'SKIP inside concern the command after EXEC' do
      expect(replies(%w[MULTI], %w[SET a 1], %w[CLIENT REPLY SKIP], %w[GET a], %w[EXEC], %w[GET a])).to eq [:OK, :QUEUED, :QUEUED, :QUEUED, [:OK, '1', 'end']]
    end
  end

  describe 'WATCH' do
    # EXEC after that: refused?
    def refused?(client = resp2)
      reply = transaction(%w[SET result 1], client: client)
      expect(reply).to eq(NULL_ARRAY).or eq([:OK])
      reply == NULL_ARRAY
    end

    it 'lets EXEC go on when nothing has happened' do
      call('SET', 'a', '1')
      expect(call('WATCH', 'a', 'absent', 'a')).to eq :OK
      expect(call('WATCH', 'a')).to eq :OK
      call('GET', 'a')
      other.pipeline([%w[GET a], %w[TTL a], %w[EXPIRE absent 10], %w[SETNX a 1], %w[DEL absent], %w[SET b 1]])
      expect(refused?).to be false
    end

    {
      'a write' => [%w[SET k 2]],
      'the same value again' => [%w[SET k 1]],
      'INCR' => [%w[INCR k]],
      'APPEND' => [%w[APPEND k x]],
      'SETBIT' => [%w[SETBIT k 0 1]],
      'a deletion' => [%w[DEL k]],
      'UNLINK' => [%w[UNLINK k]],
      'GETDEL' => [%w[GETDEL k]],
      'a TTL' => [%w[EXPIRE k 100]],
      'PEXPIREAT' => [%w[PEXPIREAT k 9999999999999]],
      'PEXPIRE of no time' => [%w[PEXPIRE k 0]],
      're-creation with the same value' => [%w[DEL k], %w[SET k 1]],
      'RENAME onto it' => [%w[SET o 1], %w[RENAME o k]],
      'RENAME away' => [%w[RENAME k o]],
      'RENAME away and back' => [%w[RENAME k o], %w[RENAME o k]],
      'COPY onto it' => [%w[SET o 1], %w[COPY o k REPLACE]],
      'MOVE away' => [%w[MOVE k 2]],
      'MSET' => [%w[MSET o 1 k 1]],
      'another type' => [%w[DEL k], %w[LPUSH k 1]],
      'FLUSHALL' => [%w[FLUSHALL]],
      'FLUSHDB' => [%w[FLUSHDB]],
      'FLUSHALL and re-creation' => [%w[FLUSHALL], %w[SET k 1]],
      'SWAPDB' => [%w[SWAPDB 0 2]],
      'SWAPDB twice' => [%w[SWAPDB 0 2], %w[SWAPDB 0 2]],
      'SORT … STORE' => [%w[SORT o STORE k]],
      'an EXEC' => [%w[MULTI], %w[SET k 1], %w[EXEC]]
    }.each do |name, commands|
      it "sees #{name}" do
        call('SET', 'k', '1')
        call('WATCH', 'other', 'k')
        other.pipeline(commands)
        expect(refused?).to be true
        expect(call('EXISTS', 'result')).to eq 0
        expect(refused?).to be false
      end
    end

    {
      'RPUSH l x' => %w[RPUSH l x], 'LSET' => %w[LSET l 0 new], 'LPOP' => %w[LPOP l], 'LREM' => %w[LREM l 0 a],
      'LTRIM' => %w[LTRIM l 0 0], 'LMOVE' => %w[LMOVE l l LEFT RIGHT], 'LINSERT' => %w[LINSERT l BEFORE a x],
      'HSET' => %w[HSET h f 2], 'HSET of the same' => %w[HSET h f 1], 'HDEL' => %w[HDEL h f], 'HINCRBY' => %w[HINCRBY h f 1],
      'SADD' => %w[SADD s new], 'SREM' => %w[SREM s m], 'SPOP' => %w[SPOP s], 'SMOVE' => %w[SMOVE s s2 m], 'SMOVE to it' => %w[SMOVE s3 s x],
      'ZADD' => %w[ZADD z 2 m], 'ZINCRBY' => %w[ZINCRBY z 1 m], 'ZREM' => %w[ZREM z m], 'ZPOPMIN' => %w[ZPOPMIN z]
    }.each do |name, command|
      it "sees a collection change: #{name}" do
        other.pipeline([%w[RPUSH l a b], %w[HSET h f 1 g 1], %w[SADD s m n], %w[SADD s3 x], %w[ZADD z 1 m 2 n]])
        call('WATCH', 'l', 'h', 's', 'z')
        other.call(*command)
        expect(refused?).to be true
      end
    end

    it 'sees no change in commands that change nothing' do
      other.pipeline([%w[RPUSH l a b], %w[HSET h f 1], %w[SADD s m], %w[ZADD z 1 m], %w[SET k 1]])
      call('WATCH', 'l', 'h', 's', 'z', 'k', 'none')
      other.pipeline([%w[LREM l 0 none], %w[HSETNX h f 2], %w[HDEL h none], %w[SADD s m], %w[SREM s none], %w[ZADD z 1 m], %w[ZREM z none], %w[SETNX k 2],
                      %w[LPUSHX none x], %w[PERSIST k], %w[INCR l], %w[DEL none], %w[RENAME none k], %w[MSETNX k 1 new 2]])
      expect(refused?).to be false
    end

    it 'sees that the time of a key is up' do
      call('SET', 'k', '1', 'PX', '30')
      call('WATCH', 'k')
      eventually { expect(call('EXISTS', 'k')).to eq 0 }
      expect(refused?).to be true
    end

    it 'takes a key whose time is up for an absent one' do
      call('SET', 'k', '1', 'PX', '1')
      eventually { expect(call('EXISTS', 'k')).to eq 0 }
      call('WATCH', 'k')
      other.call('DEL', 'k')
      expect(refused?).to be false
      call('SET', 'k', '1', 'PX', '1')
      eventually { expect(call('EXISTS', 'k')).to eq 0 }
      call('WATCH', 'k')
      other.pipeline([%w[SET k 1], %w[DEL k]])
      expect(refused?).to be true
    end

    {
      'SET' => [%w[SET k 1]],
      'SET with a TTL' => [%w[SET k 1 PX 1]],
      'SETRANGE' => [%w[SETRANGE k 0 x]],
      'SETNX' => [%w[SETNX k x]],
      'INCR' => [%w[INCR k]],
      'MSET' => [%w[MSET o 1 k 1]],
      'MSETNX' => [%w[MSETNX o 1 k 1]],
      'LPUSH' => [%w[LPUSH k x]],
      'HSET' => [%w[HSET k f v]],
      'HINCRBY' => [%w[HINCRBY k f 1]],
      'SADD' => [%w[SADD k m]],
      'ZADD' => [%w[ZADD k 1 m]],
      'RENAME' => [%w[SET o 1], %w[RENAME o k]],
      'RENAMENX' => [%w[SET o 1], %w[RENAMENX o k]],
      'COPY' => [%w[SET o 1], %w[COPY o k]],
      'LMOVE' => [%w[LPUSH o 1], %w[LMOVE o k LEFT LEFT]],
      'SMOVE' => [%w[SADD o 1], %w[SMOVE o k 1]],
      'SINTERSTORE' => [%w[SADD o 1], %w[SINTERSTORE k o]],
      'ZUNIONSTORE' => [%w[SADD o 1], %w[ZUNIONSTORE k 1 o]],
      'BITOP' => [%w[SET o 1], %w[BITOP NOT k o]],
      'SORT' => [%w[LPUSH o 1], %w[SORT o STORE k]],
      'MOVE' => [%w[SELECT 2], %w[SET k 1], %w[MOVE k 0], %w[SELECT 0]],
      'SWAPDB' => [%w[SELECT 2], %w[SET k 1], %w[SWAPDB 0 2], %w[SELECT 0]]
    }.each do |name, commands|
      it "sees that an absent key was created by #{name} and deleted again" do
        call('WATCH', 'k', 'k2')
        other.pipeline([*commands, %w[DEL k]])
        eventually { expect(other.call('EXISTS', 'k')).to eq 0 }
        expect(refused?).to be true
      end

      it "sees that an absent key was created by #{name}" do
        call('WATCH', 'k2', 'k')
        expect(other.pipeline(commands)).to all satisfy { |reply| !reply.is_a?(RespError) }
        expect(refused?).to be true
      end
    end

    it 'does not take the deletion of others for one of an absent key' do
      call('SET', 'k', '1')
      call('WATCH', 'absent')
      other.pipeline([%w[FLUSHDB], %w[SWAPDB 0 2], %w[SWAPDB 0 2]])
      expect(refused?).to be false
    end

    it "sees the connection's own changes" do
      call('SET', 'k', '1')
      call('WATCH', 'k')
      call('SET', 'k', '2')
      expect(refused?).to be true
      call('WATCH', 'none')
      call('SET', 'none', '2')
      call('DEL', 'none')
      expect(refused?).to be true
    end

    it 'begins with the first look' do
      call('WATCH', 'k')
      other.call('SET', 'k', '1')
      call('WATCH', 'k')
      expect(refused?).to be true
    end

    it 'ends with every EXEC, DISCARD and UNWATCH' do
      call('WATCH', 'k')
      expect(refused?).to be false
      other.call('SET', 'k', '1')
      expect(refused?).to be false
      call('WATCH', 'k', 'none')
      other.call('SET', 'k', '2')
      expect(call('UNWATCH')).to eq :OK
      expect(refused?).to be false
    end

    it 'watches keys of several databases' do
      [0, 1, 2].each do |watched|
        call('SELECT', '1')
        call('SET', 'k', '1')
        call('WATCH', 'k')
        call('SELECT', '0')
        call('WATCH', 'k')
        other.call('SELECT', watched.to_s)
        other.call('SET', 'k', 'new')
        expect(refused?).to be(watched != 2)
      end
    end

    it 'works for the long keys too' do
      keys = %w[a b].map { |suffix| 'k' * 5000 + suffix }
      call('WATCH', *keys)
      other.call('SET', 'k' * 5000, '1')
      expect(refused?).to be false
      call('WATCH', *keys)
      other.call('SET', keys.last, '1')
      expect(refused?).to be true
    end

    it 'answers a refused EXEC of nothing with null too' do
      call('WATCH', 'k')
      other.call('SET', 'k', '1')
      expect(transaction).to eq NULL_ARRAY
      expect(transaction).to eq []
      call3('WATCH', 'k')
      other.call('SET', 'k', '1')
      expect(transaction(client: resp3)).to be_nil
    end

    it 'sees a change from SQL, at its commit', pgredis_only: 'the SQL side' do
      call('SET', 'k', '1')
      call('WATCH', 'k', 'absent')
      sql('BEGIN')
      sql("SELECT redis_get('k')")
      sql('COMMIT')
      expect(refused?).to be false
      call('WATCH', 'k')
      sql("SELECT redis_set('k', '1')")
      expect(refused?).to be true
      call('WATCH', 'absent')
      sql("SELECT redis_set('absent', '1'), redis_del('absent')")
      expect(refused?).to be true
      call('WATCH', 'k')
      sql('BEGIN')
      sql("SELECT redis_set('k', '2')")
      sql('ROLLBACK')
      expect(refused?).to be false
    end

    it 'leaves nothing behind', pgredis_only: 'looks at the table of watches' do
      call('WATCH', 'a', 'b')
      call('UNWATCH')
      call('WATCH', 'a')
      transaction(%w[PING])
      call('WATCH', 'a')
      other.call('SET', 'a', '1')
      transaction(%w[PING])
      eventually { expect(sql('SELECT count(*) FROM redis.absent_watches')).to eq ['count' => 0] }
    end
  end

  describe 'isolation' do
    # Runs the block's loop in a thread until the returned lambda is called, which hands back what it gave last.
    def meanwhile
      stop = false
      thread = Thread.new { yield until stop }
      thread.report_on_exception = false
      lambda do
        stop = true
        thread.join
      end
    end

    it 'shows no half of a transaction to other transactions, MGET or MSET' do
      other.call('MSET', 'x', '0', 'y', '0')
      writer = connect
      stop = meanwhile { transaction(%w[INCR x], %w[INCR y], client: writer) }
      100.times do
        pair = transaction(%w[GET x], %w[GET y], client: other)
        expect(pair[0]).to eq pair[1]
        pair = call('MGET', 'x', 'y')
        expect(pair[0]).to eq pair[1]
      end
      stop.call
    end

    it 'lets a counter with WATCH lose nothing' do
      threads = Array.new(4) do |i|
        Thread.new do
          client = connect(port: ports[i % ports.size])
          10.times do
            loop do
              client.call('WATCH', 'n')
              n = client.call('GET', 'n').to_i
              break unless transaction(['SET', 'n', n + 1], client: client) == NULL_ARRAY
            end
          end
        end
      end
      threads.each(&:join)
      expect(call('GET', 'n')).to eq '40'
    end

    it 'does not deadlock, whatever the order of keys', pgredis_only: 'looks at pg_stat_database' do
      query = 'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()'
      before = sql(query)
      threads = [%w[a b c], %w[c b a], %w[b c a], %w[c a b]].map.with_index do |keys, i|
        Thread.new do
          client = connect(port: ports[i % ports.size])
          50.times { transaction(*keys.map { |key| ['INCR', key] }, client: client) }
        end
      end
      threads.each(&:join)
      expect(call('MGET', 'a', 'b', 'c')).to eq %w[200 200 200]
      expect(sql(query)).to eq before
    end
  end

  describe 'in Postgres', pgredis_only: 'the SQL side' do
    # What the proxy has sent so far, and which transactions wrote the keys.
    def batches
      call('INFO', 'pgredis').scan(/^(batches|transactions_retried):(\d+)/).map { |_, number| Integer(number) }
    end

    def writers
      sql("SELECT DISTINCT xmin::text FROM redis.keys WHERE key LIKE 'k_'")
    end

    it 'are one transaction and one round trip when nothing fails' do
      sent, retried = batches
      transaction(*Array.new(9) { |i| ['SET', "k#{i}", i] }, %w[SELECT 0], %w[MGET k1 k2], %w[PING])
      expect(batches).to eq [sent + 1, retried]
      expect(writers.size).to eq 1
    end

    it 'are tried once more, with savepoints, when a command fails' do
      _, retried = batches
      expect(transaction(%w[SET k1 x], %w[INCR k1], %w[SET k2 x], %w[INCR k1]).count { |reply| reply == :OK }).to eq 2
      expect(batches.last).to eq retried + 1
      expect(writers.size).to eq 2
    end

    it 'are seen by nobody before all is committed' do
      blocker = connect_sql
      run_sql(blocker, 'BEGIN')
      run_sql(blocker, "SELECT redis_set('b', 'held')")
      resp2.write('MULTI')
      [%w[SET a 1], %w[SET b 1], %w[SET c 1], %w[EXEC]].each { |command| resp2.write(*command) }
      4.times { resp2.read_reply }
      expect(resp2.readable?(within: 0.2)).to be false
      expect(other.call('MGET', 'a', 'b', 'c')).to eq [nil, nil, nil]
      run_sql(blocker, 'COMMIT')
      expect(resp2.read_reply).to eq [:OK, :OK, :OK]
      expect(other.call('MGET', 'a', 'b', 'c')).to eq %w[1 1 1]
    end
  end

  describe "an application's own SQL transaction", pgredis_only: 'the SQL side' do
    before { sql('CREATE TABLE public.spec_orders (id bigint PRIMARY KEY, total numeric NOT NULL)') }
    after { sql('DROP TABLE public.spec_orders') }

    it 'has the order and the job, or neither' do
      sql('BEGIN')
      sql('INSERT INTO spec_orders VALUES (1, 9.95)')
      expect(sql('SELECT redis_lpush($1, $2) AS length', 'queue:default'.b, '{"order":1}'.b)).to eq ['length' => 1]
      expect(call('LLEN', 'queue:default')).to eq 0
      expect(call('EXISTS', 'queue:default')).to eq 0
      sql('COMMIT')
      expect(call('RPOP', 'queue:default')).to eq '{"order":1}'
      expect(sql('SELECT id FROM spec_orders')).to eq ['id' => 1]

      sql('BEGIN')
      sql('INSERT INTO spec_orders VALUES (2, 9.95)')
      sql('SELECT redis_lpush($1, $2)', 'queue:default'.b, '{"order":2}'.b)
      sql('ROLLBACK')
      expect(call('LLEN', 'queue:default')).to eq 0
      expect(sql('SELECT count(*) FROM spec_orders')).to eq ['count' => 1]
    end

    it 'has neither when the order is refused' do
      sql('INSERT INTO spec_orders VALUES (1, 9.95)')
      sql('BEGIN')
      sql('SELECT redis_lpush($1, $2)', 'queue:default'.b, '{"order":1}'.b)
      expect { sql('INSERT INTO spec_orders VALUES (1, 1)') }.to raise_error(PG::UniqueViolation)
      sql('ROLLBACK')
      expect(call('EXISTS', 'queue:default')).to eq 0
    end

    it 'lets the others wait for its keys, and only for those' do
      sql('BEGIN')
      sql('SELECT redis_lpush($1, $2)', 'queue:default'.b, 'job'.b)
      resp2.write('LPUSH', 'queue:default', 'later')
      expect(other.call('LPUSH', 'queue:other', 'job')).to eq 1
      expect(resp2.readable?(within: 0.2)).to be false
      sql('COMMIT')
      expect(resp2.read_reply).to eq 2
      expect(call('LRANGE', 'queue:default', '0', '-1')).to eq %w[later job]
    end
  end
end
