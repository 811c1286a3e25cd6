# Keyspace notifications: every command's events, in their order. At pgredis the subscriber is at another proxy.
require 'shellwords'
require_relative 'spec_helper'
require_relative 'support/private_cluster'

RSpec.describe 'keyspace notifications' do
  let(:client) { connect(port: ports.first) }
  let(:subscriber) { connect(port: ports.last) }

  def notify(flags)
    expect(client.call('CONFIG', 'SET', 'notify-keyspace-events', flags)).to eq :OK
    ports.each { |port| eventually { expect(connect(port: port).call('CONFIG', 'GET', 'notify-keyspace-events').last).to eq shown(flags) } }
  end

  # CONFIG GET has an order of its own, and A for all that it stands for.
  def shown(flags)
    { 'KEA' => 'AKE', 'Kn' => 'nK', 'KEAmn' => 'AKEm' }.fetch(flags, flags)
  end

  def listen(pattern = '__key*__:*')
    expect(subscriber.call('PSUBSCRIBE', pattern)).to eq ['psubscribe', pattern, 1]
  end

  # The channels and messages from the block, without those of the commands before it.
  def heard
    client.call('PUBLISH', '__key__:start', '')
    nil until subscriber.read_reply[2] == '__key__:start'
    yield
    client.call('PUBLISH', '__key__:stop', '')
    events = []
    until (message = subscriber.read_reply)[2] == '__key__:stop'
      events << message.last(2)
    end
    events
  end

  # As 'set key, del key': each once on the key's channel, then once on its own.
  def events(messages, database: 0)
    messages.each_slice(2).map do |(key_channel, event), (event_channel, key)|
      expect([key_channel, event_channel]).to eq ["__keyspace@#{database}__:#{key}", "__keyevent@#{database}__:#{event}"]
      "#{event} #{key}"
    end.join(', ')
  end

  def run(commands)
    commands.split('|').map { |command| client.call(*Shellwords.split(command)) }
  end

  after { connect.call('CONFIG', 'SET', 'notify-keyspace-events', '') }

  # What was there before, the command, its events.
  cases = {
    'strings' => [
      ['', 'SET k v', 'set k'],
      ['SET k v', 'SET k w', 'set k'],
      ['RPUSH k a', 'SET k v', 'set k'],
      ['', 'SET k v EX 100', 'set k, expire k'],
      ['', 'SET k v PX 100000', 'set k, expire k'],
      ['', 'SET k v EXAT 99999999999', 'set k, expire k'],
      ['', 'SET k v PXAT 99999999999000', 'set k, expire k'],
      ['SET k v EX 100', 'SET k w KEEPTTL', 'set k'],
      ['SET k v', 'SET k w NX', ''],
      ['', 'SET k w XX', ''],
      ['', 'SET k w NX', 'set k'],
      ['SET k v', 'SET k w XX GET', 'set k'],
      ['', 'SET k w GET', 'set k'],
      ['SET k v', 'SET k v GET EX 100', 'set k, expire k'],
      ['', 'SETNX k v', 'set k'],
      ['SET k v', 'SETNX k w', ''],
      ['', 'SETEX k 100 v', 'set k, expire k'],
      ['', 'PSETEX k 100000 v', 'set k, expire k'],
      ['', 'GETSET k v', 'set k'],
      ['SET k v', 'GETSET k w', 'set k'],
      ['RPUSH k a', 'GETSET k w', ''],
      ['', 'MSET a 1 b 2 a 3', 'set a, set b, set a'],
      ['SET a 1', 'MSET a 1 b 2', 'set a, set b'],
      ['', 'MSETNX a 1 b 2', 'set a, set b'],
      ['SET a 1', 'MSETNX a 1 b 2', ''],
      ['', 'MSETNX b 1 a 2 b 3', 'set b, set a, set b'],
      ['', 'INCR k', 'incrby k'],
      ['SET k 1', 'INCR k', 'incrby k'],
      ['', 'DECR k', 'incrby k'],
      ['', 'INCRBY k 5', 'incrby k'],
      ['', 'DECRBY k 5', 'incrby k'],
      ['', 'INCRBYFLOAT k 1.5', 'incrbyfloat k'],
      ['SET k 1', 'INCRBYFLOAT k 1.5', 'incrbyfloat k'],
      ['SET k a', 'INCR k', ''],
      ['', 'INCRBY k 0', 'incrby k'],
      ['', 'APPEND k v', 'append k'],
      ['SET k v', 'APPEND k w', 'append k'],
      ['SET k v', "APPEND k ''", 'append k'],
      ['', "APPEND k ''", 'append k'],
      ['', 'SETRANGE k 2 v', 'setrange k'],
      ['SET k v', 'SETRANGE k 2 v', 'setrange k'],
      ['SET k v', "SETRANGE k 2 ''", ''],
      ['', "SETRANGE k 2 ''", ''],
      ['SET k v', 'GETDEL k', 'del k'],
      ['', 'GETDEL k', ''],
      ['SET k v', 'GETEX k', ''],
      ['SET k v', 'GETEX k EX 100', 'expire k'],
      ['SET k v', 'GETEX k PXAT 99999999999000', 'expire k'],
      ['SET k v', 'GETEX k EXAT 1', 'del k'],
      ['SET k v EX 100', 'GETEX k PERSIST', 'persist k'],
      ['SET k v', 'GETEX k PERSIST', ''],
      ['', 'GETEX k EX 10', ''],
      ['', 'SETBIT k 3 1', 'setbit k'],
      ['SET k v', 'SETBIT k 3 1', ''],
      ['SETBIT k 3 1', 'SETBIT k 3 1', ''],
      ['', 'BITFIELD k SET u8 0 5 INCRBY u8 0 1', 'setbit k'],
      ['SETBIT k 3 1', 'BITFIELD k GET u8 0', ''],
      ['', 'BITFIELD k GET u8 0', ''],
      ['', 'BITFIELD k OVERFLOW FAIL INCRBY u2 0 5', ''],
      ['', 'BITFIELD_RO k GET u8 0', ''],
      ['SET a abc', 'BITOP NOT k a', 'set k'],
      ['SET k v', 'BITOP AND k a b', 'del k'],
      ['', 'BITOP AND k a b', ''],
      ['RPUSH k 1|SET a v', 'BITOP OR k a', 'set k'],
      ['SET k v', 'GET k', ''],
      ['SET k v', 'STRLEN k', ''],
      ['SET k v', 'GETRANGE k 0 1', ''],
    ],
    'keys' => [
      ['SET a 1|SET b 1', 'DEL a x b a', 'del a, del b'],
      ['', 'DEL a', ''],
      ['SET a 1|SET b 1', 'UNLINK b a', 'del b, del a'],
      ['SET k v', 'EXPIRE k 100', 'expire k'],
      ['', 'EXPIRE k 100', ''],
      ['SET k v', 'EXPIRE k -1', 'del k'],
      ['SET k v', 'EXPIRE k 0', 'del k'],
      ['SET k v', 'PEXPIRE k 100000', 'expire k'],
      ['SET k v', 'EXPIREAT k 99999999999', 'expire k'],
      ['SET k v', 'PEXPIREAT k 99999999999000', 'expire k'],
      ['SET k v', 'EXPIREAT k 1', 'del k'],
      ['SET k v EX 100', 'EXPIRE k 50 GT', ''],
      ['SET k v EX 100', 'EXPIRE k 50 LT', 'expire k'],
      ['SET k v EX 100', 'EXPIRE k 50 NX', ''],
      ['SET k v', 'EXPIRE k 50 XX', ''],
      ['SET k v EX 100', 'PERSIST k', 'persist k'],
      ['SET k v', 'PERSIST k', ''],
      ['', 'PERSIST k', ''],
      ['SET a 1', 'RENAME a b', 'rename_from a, rename_to b'],
      ['SET a 1|SET b 2', 'RENAME a b', 'rename_from a, rename_to b'],
      ['SET a 1', 'RENAME a a', ''],
      ['RPUSH a 1|SET b 2', 'RENAME a b', 'rename_from a, rename_to b'],
      ['SET a 1', 'RENAMENX a b', 'rename_from a, rename_to b'],
      ['SET a 1|SET b 1', 'RENAMENX a b', ''],
      ['SET a 1', 'RENAMENX a a', ''],
      ['SET a 1 EX 100', 'RENAME a b', 'rename_from a, rename_to b'],
      ['SET a 1', 'MOVE a 1', 'move_from a, move_to a@1'],
      ['', 'MOVE a 1', ''],
      ['SET a 1', 'COPY a b', 'copy_to b'],
      ['SET a 1|SET b 1', 'COPY a b', ''],
      ['SET a 1|SET b 1', 'COPY a b REPLACE', 'copy_to b'],
      ['SET a 1', 'COPY a b DB 1', 'copy_to b@1'],
      ['RPUSH a 1 2', 'COPY a b REPLACE', 'copy_to b'],
      ['', 'COPY a b', ''],
      ['SET a 1', 'TOUCH a', ''],
      ['SET a 1', 'TYPE a', ''],
      ['SET a 1', 'OBJECT ENCODING a', ''],
      ['RPUSH l 3 1 2', 'SORT l STORE k', 'sortstore k'],
      ['', 'SORT l STORE k', ''],
      ['SET k v', 'SORT l STORE k', 'del k'],
      ['RPUSH l 3 1 2|SET k v', 'SORT l STORE k', 'sortstore k'],
      ['RPUSH l 3 1 2', 'SORT l', ''],
      ['RPUSH l 3 1 2', 'SORT l LIMIT 5 1 STORE k', ''],
      ['SET a 1|SET b 1', 'FLUSHDB', ''],
      ['SET a 1', 'FLUSHALL', ''],
      ['SET a 1', 'SWAPDB 0 1', ''],
    ],
    'lists' => [
      ['', 'LPUSH k a b', 'lpush k'],
      ['LPUSH k a', 'LPUSH k b', 'lpush k'],
      ['', 'RPUSH k a b', 'rpush k'],
      ['', 'LPUSHX k a', ''],
      ['', 'RPUSHX k a', ''],
      ['RPUSH k a', 'LPUSHX k b c', 'lpush k'],
      ['RPUSH k a', 'RPUSHX k b', 'rpush k'],
      ['RPUSH k a b', 'LPOP k', 'lpop k'],
      ['RPUSH k a', 'LPOP k', 'lpop k, del k'],
      ['RPUSH k a', 'RPOP k', 'rpop k, del k'],
      ['', 'LPOP k', ''],
      ['RPUSH k a b c', 'LPOP k 2', 'lpop k'],
      ['RPUSH k a b c', 'RPOP k 5', 'rpop k, del k'],
      ['RPUSH k a b c', 'LPOP k 0', ''],
      ['RPUSH k a', 'LPOP k 1', 'lpop k, del k'],
      ['RPUSH k a b', 'LMPOP 2 x k LEFT', 'lpop k'],
      ['RPUSH k a b', 'LMPOP 1 k RIGHT COUNT 5', 'rpop k, del k'],
      ['', 'LMPOP 1 k LEFT', ''],
      ['RPUSH k a b', 'LMOVE k m LEFT RIGHT', 'rpush m, lpop k'],
      ['RPUSH k a', 'LMOVE k m RIGHT LEFT', 'lpush m, rpop k, del k'],
      ['RPUSH k a b', 'LMOVE k k LEFT RIGHT', 'rpush k, lpop k'],
      ['RPUSH k a', 'LMOVE k k LEFT RIGHT', 'rpush k, lpop k'],
      ['', 'LMOVE k m LEFT LEFT', ''],
      ['RPUSH k a b', 'RPOPLPUSH k m', 'lpush m, rpop k'],
      ['RPUSH k a', 'RPOPLPUSH k m', 'lpush m, rpop k, del k'],
      ['RPUSH k a|RPUSH m b', 'LMOVE k m LEFT LEFT', 'lpush m, lpop k, del k'],
      ['RPUSH k a b c', 'LSET k 1 x', 'lset k'],
      ['RPUSH k a b c', 'LTRIM k 0 1', 'ltrim k'],
      ['RPUSH k a b c', 'LTRIM k 0 -1', 'ltrim k'],
      ['RPUSH k a b c', 'LTRIM k 5 6', 'ltrim k, del k'],
      ['', 'LTRIM k 0 1', ''],
      ['RPUSH k a b', 'LINSERT k BEFORE b x', 'linsert k'],
      ['RPUSH k a b', 'LINSERT k AFTER z x', ''],
      ['', 'LINSERT k AFTER z x', ''],
      ['RPUSH k a b a', 'LREM k 0 a', 'lrem k'],
      ['RPUSH k a b a', 'LREM k 1 a', 'lrem k'],
      ['RPUSH k a b a', 'LREM k 0 z', ''],
      ['RPUSH k a a', 'LREM k 0 a', 'lrem k, del k'],
      ['RPUSH k a', 'LRANGE k 0 -1', ''],
      ['RPUSH k a', 'LLEN k', ''],
      ['RPUSH k a', 'LINDEX k 0', ''],
      ['RPUSH k a', 'LPOS k a', ''],
    ],
    'hashes' => [
      ['', 'HSET k a 1 b 2', 'hset k'],
      ['HSET k a 1', 'HSET k a 1', 'hset k'],
      ['', 'HMSET k a 1', 'hset k'],
      ['', 'HSETNX k a 1', 'hset k'],
      ['HSET k a 1', 'HSETNX k a 1', ''],
      ['', 'HINCRBY k a 1', 'hincrby k'],
      ['', 'HINCRBYFLOAT k a 1.5', 'hincrbyfloat k'],
      ['HSET k a 1 b 2', 'HDEL k a x', 'hdel k'],
      ['HSET k a 1', 'HDEL k a', 'hdel k, del k'],
      ['HSET k a 1', 'HDEL k x', ''],
      ['', 'HDEL k x', ''],
      ['HSET k a 1', 'HGETALL k', ''],
      ['HSET k a x', 'HINCRBY k a 1', ''],
      ['HSET k a 1', 'HINCRBY k a 0', 'hincrby k'],
    ],
    'sets' => [
      ['', 'SADD k a b', 'sadd k'],
      ['SADD k a', 'SADD k a', ''],
      ['SADD k a b', 'SREM k a x', 'srem k'],
      ['SADD k a', 'SREM k a', 'srem k, del k'],
      ['SADD k a', 'SREM k x', ''],
      ['SADD k a b', 'SPOP k', 'spop k'],
      ['SADD k a', 'SPOP k', 'spop k, del k'],
      ['SADD k a b c', 'SPOP k 2', 'spop k'],
      ['SADD k a b c', 'SPOP k 3', 'spop k, del k'],
      ['SADD k a b c', 'SPOP k 5', 'spop k, del k'],
      ['SADD k a', 'SPOP k 0', ''],
      ['', 'SPOP k', ''],
      ['', 'SPOP k 2', ''],
      ['SADD k a b', 'SMOVE k m a', 'srem k, sadd m'],
      ['SADD k a', 'SMOVE k m a', 'srem k, del k, sadd m'],
      ['SADD k a|SADD m a', 'SMOVE k m a', 'srem k, del k'],
      ['SADD k a b|SADD m a', 'SMOVE k m a', 'srem k'],
      ['SADD k a', 'SMOVE k m x', ''],
      ['SADD k a', 'SMOVE k k a', ''],
      ['', 'SMOVE k m a', ''],
      ['SADD a 1 2|SADD b 2 3', 'SINTERSTORE k a b', 'sinterstore k'],
      ['SADD a 1|SADD b 2|SADD k 1', 'SINTERSTORE k a b', 'del k'],
      ['SADD a 1|SADD b 2', 'SINTERSTORE k a b', ''],
      ['SADD k 1', 'SINTERSTORE k a b', 'del k'],
      ['SADD a 1|SADD b 2', 'SUNIONSTORE k a b', 'sunionstore k'],
      ['SET k v', 'SUNIONSTORE k a b', 'del k'],
      ['SADD a 1 2|SADD b 2', 'SDIFFSTORE k a b', 'sdiffstore k'],
      ['SADD a 1|SADD b 1|SADD k 1', 'SDIFFSTORE k a b', 'del k'],
      ['SADD a 1|RPUSH k 1', 'SUNIONSTORE k a b', 'sunionstore k'],
      ['SADD k 1', 'SUNIONSTORE k k', 'sunionstore k'],
      ['SADD k 1', 'SMEMBERS k', ''],
    ],
    'sorted sets' => [
      ['', 'ZADD k 1 a 2 b', 'zadd k'],
      ['ZADD k 1 a', 'ZADD k 1 a', ''],
      ['ZADD k 1 a', 'ZADD k 2 a', 'zadd k'],
      ['ZADD k 1 a', 'ZADD k NX 2 a', ''],
      ['', 'ZADD k XX 2 a', ''],
      ['ZADD k 1 a', 'ZADD k GT 0 a', ''],
      ['ZADD k 1 a', 'ZADD k CH 3 a', 'zadd k'],
      ['', 'ZADD k INCR 3 a', 'zincr k'],
      ['ZADD k 1 a', 'ZADD k INCR 0 a', ''],
      ['', 'ZINCRBY k 1 a', 'zincr k'],
      ['ZADD k 1 a', 'ZINCRBY k 0 a', ''],
      ['ZADD k 1 a', 'ZADD k NX INCR 1 a', ''],
      ['ZADD k 1 a 2 b', 'ZREM k a x', 'zrem k'],
      ['ZADD k 1 a', 'ZREM k a', 'zrem k, del k'],
      ['ZADD k 1 a', 'ZREM k x', ''],
      ['ZADD k 1 a 2 b', 'ZREMRANGEBYSCORE k 0 1', 'zremrangebyscore k'],
      ['ZADD k 1 a 2 b', 'ZREMRANGEBYRANK k 0 0', 'zremrangebyrank k'],
      ['ZADD k 0 a 0 b', 'ZREMRANGEBYLEX k [a [a', 'zremrangebylex k'],
      ['ZADD k 1 a', 'ZREMRANGEBYSCORE k 0 1', 'zremrangebyscore k, del k'],
      ['ZADD k 1 a', 'ZREMRANGEBYRANK k 0 -1', 'zremrangebyrank k, del k'],
      ['ZADD k 1 a', 'ZREMRANGEBYLEX k - +', 'zremrangebylex k, del k'],
      ['ZADD k 1 a', 'ZREMRANGEBYSCORE k 5 6', ''],
      ['', 'ZREMRANGEBYSCORE k 5 6', ''],
      ['ZADD k 1 a 2 b', 'ZPOPMIN k', 'zpopmin k'],
      ['ZADD k 1 a', 'ZPOPMIN k', 'zpopmin k, del k'],
      ['ZADD k 1 a 2 b', 'ZPOPMAX k', 'zpopmax k'],
      ['ZADD k 1 a 2 b', 'ZPOPMAX k 5', 'zpopmax k, del k'],
      ['ZADD k 1 a 2 b', 'ZPOPMIN k 1', 'zpopmin k'],
      ['ZADD k 1 a', 'ZPOPMIN k 0', ''],
      ['', 'ZPOPMIN k', ''],
      ['ZADD k 1 a 2 b', 'ZMPOP 2 x k MIN', 'zpopmin k'],
      ['ZADD k 1 a 2 b', 'ZMPOP 1 k MAX COUNT 2', 'zpopmax k, del k'],
      ['', 'ZMPOP 1 k MIN', ''],
      ['ZADD a 1 x|ZADD b 2 x', 'ZINTERSTORE k 2 a b', 'zinterstore k'],
      ['ZADD a 1 x|ZADD b 2 y', 'ZUNIONSTORE k 2 a b', 'zunionstore k'],
      ['ZADD a 1 x', 'ZDIFFSTORE k 2 a b', 'zdiffstore k'],
      ['ZADD k 1 x', 'ZINTERSTORE k 2 a b', 'del k'],
      ['', 'ZUNIONSTORE k 2 a b', ''],
      ['SET k v', 'ZUNIONSTORE k 1 a', 'del k'],
      ['SET k v|ZADD a 1 x', 'ZUNIONSTORE k 1 a', 'zunionstore k'],
      ['ZADD k 1 x', 'ZDIFFSTORE k 1 a', 'del k'],
      ['ZADD a 1 x 2 y', 'ZRANGESTORE k a 0 -1', 'zrangestore k'],
      ['ZADD k 1 x', 'ZRANGESTORE k a 0 -1', 'del k'],
      ['', 'ZRANGESTORE k a 0 -1', ''],
      ['ZADD a 1 x', 'ZRANGESTORE k a 5 6', ''],
      ['ZADD k 1 x|ZADD a 1 x', 'ZRANGESTORE k a 5 6', 'del k'],
      ['ZADD a 1 x', 'ZRANGE a 0 -1', ''],
    ],
    'transactions' => [
      ['', 'MULTI|SET k v|INCR n|LPUSH l a|EXEC', 'set k, incrby n, lpush l'],
      ['SET k v', 'MULTI|DEL k|SET k w|EXEC', 'del k, set k'],
      ['SET k v', 'MULTI|SET k v|INCR k|EXEC', 'set k'],
    ],
  }

  cases.each do |family, rows|
    it "of #{family}" do
      notify('KEA')
      listen
      rows.each do |setup, command, expected|
        expect(client.call('FLUSHALL')).to eq :OK
        run(setup)
        got = heard { run(command) }
        other_database = /@1__:/
        if got.any? { |channel, _| channel.match?(other_database) }
          expect(got.map { |channel, _| channel[/@(\d)__/, 1] }.tally.size).to be <= 2
          got = got.partition { |channel, _| !channel.match?(other_database) }
          text = [events(got[0]), events(got[1], database: 1).gsub(/\w+ \w+/) { |event| "#{event}@1" }].reject(&:empty?).join(', ')
        else
          text = events(got)
        end
        expect([setup, command, text]).to eq [setup, command, expected]
      end
    end
  end

  it 'of many equal commands at once' do
    notify('KEA')
    listen
    messages = heard do
      expect(client.pipeline(Array.new(30) { |i| ['SET', "k:#{i % 20}", i] })).to all eq :OK
      client.pipeline(Array.new(30) { |i| ['INCR', "k:#{i % 20}"] })
      client.pipeline(Array.new(10) { |i| ['LPUSH', "l:#{i}", 'a', 'b'] } + Array.new(10) { |i| ['LPOP', "l:#{i}"] })
    end
    told = events(messages).split(', ')
    expect(told.tally).to eq((Array.new(30) { |i| "set k:#{i % 20}" } + Array.new(30) { |i| "incrby k:#{i % 20}" } +
                             Array.new(10) { |i| ["lpush l:#{i}", "lpop l:#{i}"] }.flatten).tally)
  end

  describe 'of keys whose time is up' do
    it 'are sent when they go' do
      notify('KEA')
      listen
      expect(events(heard { client.call('SET', 'k', 'v', 'PX', 50) })).to eq 'set k, expire k'
      expect([subscriber.read_reply, subscriber.read_reply].map { |message| message.last(2) }).to eq [%w[__keyspace@0__:k expired], %w[__keyevent@0__:expired k]]
    end

    it 'come before those of the command that finds one' do
      notify('KEA')
      %w[SET INCR LPUSH].each do |command|
        client.call('SET', "k:#{command}", '1', 'PX', 1)
      end
      subscriber.call('PSUBSCRIBE', '__keyspace@0__:k:*')
      client.call('SET', 'k:SET', '1', 'PX', 1)
      eventually { expect(client.call('EXISTS', 'k:SET')).to eq 0 }
      client.call('SET', 'k:SET', 2)
      client.call('PUBLISH', '__keyspace@0__:k:stop', '')
      told = []
      until (message = subscriber.read_reply)[2] == '__keyspace@0__:k:stop'
        told << message.last if message[2] == '__keyspace@0__:k:SET'
      end
      expect(told.last(4)).to eq %w[set expire expired set]
    end
  end

  describe 'with flags' do
    it 'K and E alone' do
      listen
      notify('$K')
      expect(heard { run('SET k v|DEL k|LPUSH l a') }).to eq [%w[__keyspace@0__:k set]]
      notify('glE')
      expect(heard { run('SET k v|DEL k|LPUSH l a') }).to eq [%w[__keyevent@0__:del k], %w[__keyevent@0__:lpush l]]
      ['A', 'K', 'E', ''].each do |flags|
        notify(flags)
        expect(heard { run('SET k v|DEL k') }).to eq []
      end
    end

    it 'of every class' do
      listen
      commands = { '$' => 'SET k v', 'l' => 'RPUSH k a', 's' => 'SADD k a', 'h' => 'HSET k a 1', 'z' => 'ZADD k 1 a', 'g' => 'EXPIRE k 100' }
      commands.each_key do |flag|
        notify("#{flag}K")
        told = heard { commands.each_value { |command| run("#{'DEL k|' unless flag == 'g'}#{command}") } }
        expect(told.map(&:last).uniq.size).to eq(1), "#{flag}: #{told}"
      end
    end

    it 'n: new keys' do
      listen
      notify('Kn')
      rows = [['', 'SET k v', 'k'], ['SET k v', 'SET k w', ''], ['', 'SET k v EX 100', 'k'], ['', 'MSET a 1 b 2 a 3', 'a b'], ['SET a 1', 'MSET a 1 b 2', 'b'],
              ['', 'INCR k', 'k'], ['SET k 1', 'INCR k', ''], ['', 'LPUSH k a b', 'k'], ['LPUSH k a', 'LPUSH k b', ''], ['SET a 1', 'RENAME a b', 'b'],
              ['SET a 1|SET b 1', 'RENAME a b', 'b'], ['SET a 1', 'COPY a b', 'b'], ['', 'SADD k a', 'k'], ['', 'HSET k a 1', 'k'], ['', 'ZADD k 1 a', 'k'],
              ['RPUSH k a b', 'LMOVE k m LEFT LEFT', 'm'], ['', 'SETRANGE k 1 a', 'k'], ['', 'APPEND k a', 'k'], ['', 'SETBIT k 1 1', 'k']]
      rows.each do |setup, command, expected|
        client.call('FLUSHALL')
        run(setup)
        told = heard { run(command) }
        expect(told.map(&:last).uniq).to eq %w[new] unless expected.empty?
        expect([command, told.map { |channel, _| channel.delete_prefix('__keyspace@0__:') }.join(' ')]).to eq [command, expected]
      end
      told = heard { client.pipeline(Array.new(20) { |i| ['INCR', "counter:#{i % 5}"] } + Array.new(20) { |i| ['SET', "value:#{i % 5}", i] }) }
      expect(told.map(&:first)).to match_array(Array.new(5) { |i| ["__keyspace@0__:counter:#{i}", "__keyspace@0__:value:#{i}"] }.flatten)
    end

    it 'm: keys that are read in vain' do
      listen
      notify('Km')
      run('SET there v|RPUSH list a')
      rows = { 'GET x' => 'x', 'GET there' => '', 'MGET x there y x' => 'x y x', 'STRLEN x' => 'x', 'EXISTS there y' => 'y', 'TTL x' => 'x', 'TYPE x' => 'x',
               'TOUCH x' => 'x', 'LLEN x' => 'x', 'LLEN list' => '', 'HGETALL x' => 'x', 'SINTER x y' => 'x y', 'ZSCORE x a' => 'x', 'SORT x' => 'x',
               'BITCOUNT x' => 'x', 'OBJECT ENCODING x' => '', 'MEMORY USAGE x' => '', 'KEYS *' => '', 'SET x 1 XX' => '', 'DEL x' => '', 'LPOP x' => '',
               'GETDEL x' => 'x', 'GETEX x' => 'x', 'COPY x y' => 'x', 'SUNIONSTORE d x y' => 'x y', 'ZUNIONSTORE d 2 x y' => 'x y', 'BITOP NOT d x' => 'x',
               'MULTI|GET x|LLEN list|SELECT 1|GET there|EXEC|SELECT 0' => 'x there', 'SET new v GET' => 'new', 'GETSET newer v' => 'newer' }
      rows.each do |command, expected|
        told = heard { run(command) }
        expect(told.map(&:last).uniq).to eq %w[keymiss] unless expected.empty?
        expect([command, told.map { |channel, _| channel[/:(.*)/, 1] }.join(' ')]).to eq [command, expected]
      end
    end

    it 'CONFIG SET takes those of Redis, and CONFIG GET shows them in its order' do
      { 'KEA' => 'AKE', 'g$lshzxetdK' => 'AK', 'Kmn' => 'nKm', 'xE' => 'xE', 'KEAmn' => 'AKEm', 'Kt' => 'tK', 'KK' => 'K', 'gKEx$' => 'g$xKE', 'nA' => 'A', 'Ed' => 'dE',
        'A' => 'A', 'm' => 'm', 'EKdtexzhsl$' => '$lshzxetdKE', '' => '' }.each do |flags, expected|
        expect(client.call('CONFIG', 'SET', 'notify-keyspace-events', flags)).to eq :OK
        expect(client.call('CONFIG', 'GET', 'notify-keyspace-events')).to eq ['notify-keyspace-events', expected]
      end
      %w[KEQ kea K,E].each do |flags|
        expect(client.call('CONFIG', 'SET', 'notify-keyspace-events', flags)).to eq error(
          "ERR CONFIG SET failed (possibly related to argument 'notify-keyspace-events') - Invalid event class character. Use 'Ag$lshzxeKEtmdn'."
        )
      end
    end

    it 'are in force for the client that set them, on the spot' do
      listen
      client.call('PUBLISH', '__key__:start', '')
      nil until subscriber.read_reply[2] == '__key__:start'
      10.times do |i|
        expect(client.pipeline([['CONFIG', 'SET', 'notify-keyspace-events', 'KA'], ['SET', 'k', i], ['CONFIG', 'SET', 'notify-keyspace-events', ''], ['SET', 'k', i]]))
          .to eq [:OK] * 4
        expect(subscriber.read_reply.last(2)).to eq %w[__keyspace@0__:k set]
      end
      expect(subscriber.call('PING', 'no more')).to eq ['pong', 'no more']
    end
  end

  it 'name the database' do
    notify('KEA')
    listen
    client.call('SELECT', 3)
    expect(events(heard { run('SET k v|DEL k') }, database: 3)).to eq 'set k, del k'
  end

  it 'take keys of any bytes and length' do
    notify('KEA')
    listen
    ["\x00\xff\r\n *".b, '', 'x' * 2000, 'y' * 2001, 'z' * 2002, 'w' * 20_000].each do |key|
      told = heard do
        client.call('SET', key, 'v')
        client.call('DEL', key)
        client.call('RPUSH', key, 'a')
        client.call('LPOP', key)
        client.call('SET', key, 'v', 'EX', 100)
        client.call('GETDEL', key)
      end
      expect(told.map { |channel, message| channel.start_with?('__keyspace@0__') ? [channel[15..], message] : [message, channel[15..]] })
        .to eq(%w[set del rpush lpop del set expire del].flat_map { |event| [[key, event]] * 2 })
    end
  end

  it 'are sent by psql too, at commit', pgredis_only: 'the SQL side' do
    notify('KEA')
    listen
    database = connect_sql
    told = heard do
      run_sql(database, "SELECT redis_set('k', 'v')")
      database.exec("BEGIN; SELECT redis_lpush('l', 'a'); ROLLBACK")
      database.exec("BEGIN; SELECT redis_lpush('l', 'a'), redis_lpush('l', 'a'); COMMIT")
    end
    expect(events(told)).to eq 'set k, lpush l, lpush l'
    notify('')
    expect(heard { run_sql(database, "SELECT redis_set('k', 'v')") }).to eq []
  end

  it 'can be asked for on the command line', pgredis_only: 'a proxy of its own' do
    proxy = PrivateProxy.new(ENV.fetch('SPEC_DATABASE_URL'), '--notify-keyspace-events', 'KEA')
    eventually { expect(client.call('CONFIG', 'GET', 'notify-keyspace-events').last).to eq 'AKE' }
    listen
    expect(events(heard { client.call('SET', 'k', 'v') })).to eq 'set k'
  ensure
    proxy&.stop
  end
end
