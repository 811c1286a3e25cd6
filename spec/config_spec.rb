# frozen_string_literal: true

require_relative 'spec_helper'

RSpec.describe 'settings and the proxy itself' do
  describe 'CONFIG' do
    it 'sets and shows, with units' do
      expect(call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru', 'maxmemory', '512mb')).to eq :OK
      expect(call('CONFIG', 'GET', 'maxmemory-policy')).to eq %w[maxmemory-policy allkeys-lru]
      expect(call3('CONFIG', 'GET', 'MAXMEMOR?', 'maxmemory-policy'))
        .to eq('maxmemory' => '536870912', 'maxmemory-policy' => 'allkeys-lru')
      expect(call('CONFIG', 'SET', 'maxmemory-policy', 'noeviction', 'maxmemory', '0')).to eq :OK
      expect(call('CONFIG', 'GET', 'no-such-setting')).to eq []
    end

    it 'takes sizes, shares, and numbers beyond its bounds' do
      { 'hash-max-listpack-value' => [%w[1kb 1024], ['', '0'], %w[64 64]], 'zset-max-ziplist-value' => [%w[1m 1000000], %w[064 64]],
        'maxmemory-clients' => [%w[10% 10%], %w[1mb 1048576], %w[0 0]], 'hz' => [%w[0 1], %w[501 500], %w[10 10]],
        'maxmemory-samples' => [%w[65 65], %w[5 5]] }.each do |name, cases|
        cases.each do |value, shown|
          expect([name, value, call('CONFIG', 'SET', name, value)]).to eq [name, value, :OK]
          expect(call('CONFIG', 'GET', name)).to eq [name, shown]
        end
      end
    end

    {
      %w[hash-max-listpack-value x] => 'argument must be a memory value',
      %w[zset-max-listpack-value -1] => 'argument must be a memory value',
      %w[hash-max-ziplist-value 9223372036854775808] => 'argument must be between 0 and 9223372036854775807 inclusive',
      %w[hz -1] => 'argument must be between 0 and 2147483647 inclusive',
      %w[maxmemory-samples 0] => 'argument must be between 1 and 2147483647 inclusive',
      %w[maxmemory-clients x%] => 'argument must be a memory or percent value',
      %w[loglevel nothing] => 'argument(s) must be one of the following: debug, verbose, notice, warning',
      %w[rdbchecksum no] => "can't set immutable config",
      %w[client-query-buffer-limit 1048575] => 'argument must be between 1048576 and 9223372036854775807 inclusive',
      %w[proto-max-bulk-len 1] => 'argument must be between 1048576 and 9223372036854775807 inclusive'
    }.each do |(name, value), text|
      it "refuses #{name} #{value}" do
        expect(call('CONFIG', 'SET', name, value)).to eq error("ERR CONFIG SET failed (possibly related to argument '#{name}') - #{text}")
      end
    end

    it 'refuses as Redis does' do
      expect(call('CONFIG', 'SET', 'maxclients', 'abc'))
        .to eq error("ERR CONFIG SET failed (possibly related to argument 'maxclients') - argument couldn't be parsed into an integer")
      expect(call('CONFIG', 'SET', 'maxclients', '0'))
        .to eq error("ERR CONFIG SET failed (possibly related to argument 'maxclients') - " \
                     'argument must be between 1 and 4294967295 inclusive')
      expect(call('CONFIG', 'SET', 'maxmemory', '1x'))
        .to eq error("ERR CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a memory value")
      expect(call('CONFIG', 'SET', 'lazyfree-lazy-expire', 'z'))
        .to eq error("ERR CONFIG SET failed (possibly related to argument 'lazyfree-lazy-expire') - argument must be 'yes' or 'no'")
      expect(call('CONFIG', 'SET', 'databases', '5'))
        .to eq error("ERR CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config")
      expect(call('CONFIG', 'SET', 'hz', '20', 'hz', '30'))
        .to eq error("ERR CONFIG SET failed (possibly related to argument 'hz') - duplicate parameter")
      expect(call('CONFIG', 'SET', 'foo', 'bar')).to eq error("ERR Unknown option or number of arguments for CONFIG SET - 'foo'")
      expect(call('CONFIG', 'SET', 'a', 'b', 'c')).to eq error('ERR syntax error')
      expect(call('CONFIG', 'SET', 'a')).to eq error("ERR wrong number of arguments for 'config|set' command")
      expect(call('CONFIG', 'NOSUCH')).to eq error("ERR unknown subcommand 'NOSUCH'. Try CONFIG HELP.")
    end

    it 'is in force on all proxies as soon as it is answered' do
      both = [connect(port: ports.first), connect(port: ports.last)]
      [*77..96, 128].each do |length|
        expect(both[length % 2].call('CONFIG', 'SET', 'slowlog-max-len', length, 'hz', '10')).to eq :OK
        expect(both.map { |client| client.call('CONFIG', 'GET', 'slowlog-max-len') }).to eq [['slowlog-max-len', length.to_s]] * 2
      end
    end

    it 'is so after an EXEC too' do
      both = [connect(port: ports.first), connect(port: ports.last)]
      [*77..86, 128].each do |length|
        expect(both[length % 2].pipeline([%w[MULTI], %w[SET k v], ['CONFIG', 'SET', 'slowlog-max-len', length], %w[GET k], %w[EXEC]]).last)
          .to eq [:OK, :OK, 'v']
        expect(both.map { |client| client.call('CONFIG', 'GET', 'slowlog-max-len') }).to eq [['slowlog-max-len', length.to_s]] * 2
      end
    end

    it 'forgets the statistics' do
      call('GET', 'absent')
      expect(call('INFO', 'stats')).to match(/keyspace_misses:[1-9]/)
      expect(call('CONFIG', 'RESETSTAT')).to eq :OK
      expect(call('INFO', 'stats')).to include 'keyspace_misses:0'
      other = connect(port: ports.last)
      other.call('GET', 'absent')
      expect(call('CONFIG', 'RESETSTAT')).to eq :OK
      expect(other.call('INFO', 'stats')).to include 'keyspace_misses:0'
    end

    it 'has no file to rewrite' do
      expect(call('CONFIG', 'REWRITE')).to eq error('ERR The server is running without a config file')
    end
  end

  it 'explains itself in lines' do
    [%w[CONFIG HELP], %w[COMMAND HELP], %w[CLIENT HELP]].each do |command|
      lines = call(*command)
      expect(lines.length).to be > 3
      expect(lines).to all(be_a(Symbol).or(be_a(String)))
    end
  end

  it 'tracks nothing' do
    expect(call('CLIENT', 'TRACKINGINFO')).to eq ['flags', ['off'], 'redirect', -1, 'prefixes', []]
    expect(call3('CLIENT', 'TRACKINGINFO')).to eq('flags' => Set['off'], 'redirect' => -1, 'prefixes' => [])
  end

  describe 'INFO' do
    # Lines of a section as { name => { field => number } }, without the times.
    def lines(section)
      call('INFO', section).scan(/^(?:cmdstat|errorstat)_(.*?):(.*?)\r$/).to_h do |name, fields|
        [name, fields.scan(/(\w+)=(\d+)/).to_h { |field, number| [field.to_sym, number.to_i] }.except(:usec, :usec_per_call)]
      end
    end

    def calls(calls, failed: 0, rejected: 0)
      { calls: calls, rejected_calls: rejected, failed_calls: failed }
    end

    # What the block does to the two sections.
    def statistics
      call('CONFIG', 'RESETSTAT')
      yield
      [lines('commandstats').except('config|resetstat', 'info'), lines('errorstats').transform_values { |line| line[:count] }]
    end

    it 'counts calls and errors' do
      commands, errors = statistics do
        [%w[SET a 1], %w[GET a], %w[get a], %w[LPUSH a x], %w[SETRANGE a x y], %w[GET], %w[CONFIG GET], %w[CONFIG GET hz], %w[OBJECT ENCODING a],
         %w[OBJECT nosuch], %w[nosuch], %w[PING], %w[EVALSHA 0123456789012345678901234567890123456789 0], %w[SELECT 99], %w[RENAME none b]].each { |command| call(*command) }
        resp2.pipeline(Array.new(100) { %w[INCR n] } + [%w[INCR none 1], %w[INCRBY n x]])
      end
      expect(commands).to eq('set' => calls(1), 'get' => calls(2, rejected: 1), 'lpush' => calls(1, failed: 1), 'setrange' => calls(1, failed: 1),
                             'config|get' => calls(1, rejected: 1), 'object|encoding' => calls(1), 'ping' => calls(1), 'evalsha' => calls(1, failed: 1),
                             'select' => calls(1, failed: 1), 'rename' => calls(1, failed: 1), 'incr' => calls(100, rejected: 1), 'incrby' => calls(1, failed: 1))
      expect(errors).to eq('ERR' => 9, 'WRONGTYPE' => 1, 'NOSCRIPT' => 1)
      expect(call('INFO', 'stats')).to include "\r\ntotal_error_replies:11\r\n"
    end

    it 'counts what transactions and scripts call' do
      commands, errors = statistics do
        resp2.pipeline([%w[MULTI], %w[SET a 1], %w[LPUSH a x], %w[PING], %w[EXEC], %w[MULTI], %w[GET], %w[EXEC], %w[MULTI], %w[EXEC]])
        eval = ->(script) { call('EVAL', script, 1, 'a') }
        eval.call("redis.call('GET', KEYS[1]) redis.pcall('LPUSH', KEYS[1], 1) redis.call('PING') return 1")
        eval.call("return redis.call('LPUSH', KEYS[1], 1)")
        eval.call("return redis.error_reply('MY mistake')")
        eval.call('return nil + 1')
      end
      expect(commands).to eq('multi' => calls(3), 'set' => calls(1), 'lpush' => calls(3, failed: 3), 'ping' => calls(2), 'get' => calls(1, rejected: 1),
                             'exec' => calls(3, failed: 1), 'eval' => calls(4, failed: 3))
      expect(errors).to eq('ERR' => 2, 'WRONGTYPE' => 3, 'MY' => 1, 'EXECABORT' => 1)
    end

    it 'counts those that wait once' do
      commands, errors = statistics do
        waiting = connect
        waiting.write('BLPOP', 'queue', 0)
        eventually { expect(call('CLIENT', 'LIST')).to include 'cmd=blpop' }
        call('LPUSH', 'queue', 'a')
        expect(waiting.read_reply).to eq %w[queue a]
        expect(call('BLPOP', 'queue', 0.01)).to eq NULL_ARRAY
        call('LPUSH', 'queue', 'a')
        call('BLPOP', 'queue', 'x')
        call('BLPOP', 'queue', 1)
      end
      expect(commands.except('client|list')).to eq('blpop' => calls(4, failed: 1), 'lpush' => calls(2))
      expect(errors).to eq('ERR' => 1)
    end

    it 'tells how long commands took' do
      call('CONFIG', 'RESETSTAT')
      call('DEBUG', 'SLEEP', 0.05)
      3.times { call('SET', 'a', 1) }
      figures = call('INFO', 'COMMANDSTATS').lines.map(&:chomp)
      expect(figures.first).to eq '# Commandstats'
      total, each = figures.grep(/\Acmdstat_set:/).first.match(/\Acmdstat_set:calls=3,usec=(\d+),usec_per_call=(\d+\.\d\d),rejected_calls=0,failed_calls=0\z/).captures
      expect(each.to_f).to be_within(0.01).of(total.to_f / 3)
      expect(figures.grep(/\Acmdstat_debug/).first[/usec=(\d+)/, 1].to_i).to be_between(50_000, 5_000_000)
    end

    it 'has them in all sections, and errors in those that are shown by default' do
      shown = ->(*sections) { call('INFO', *sections).scan(/^# (\w+)/).flatten.intersection(%w[Server Commandstats Errorstats]) }
      expect(shown.call).to eq %w[Server Errorstats]
      expect(shown.call('default')).to eq %w[Server Errorstats]
      expect(shown.call('all')).to eq %w[Server Commandstats Errorstats]
      expect(shown.call('Everything')).to eq %w[Server Commandstats Errorstats]
      expect(shown.call('commandstats', 'default')).to eq %w[Server Commandstats Errorstats]
    end

    it 'shows the sections asked for' do
      expect(call('INFO', 'replication')).to start_with "# Replication\r\nrole:master\r\n"
      expect(call('INFO', 'nosuch')).to eq ''
      both = call('INFO', 'cpu', 'SERVER')
      expect(both).to include "# Server\r\n", "# CPU\r\n"
      expect(both).not_to include '# Clients'
    end

    it 'counts the clients of all proxies' do
      both = [connect(port: ports.first), connect(port: ports.last)]
      more = Array.new(10) { |i| connect(port: ports[i % ports.size]) }
      expect(more.map { |client| client.call('PING') }).to all eq :PONG
      [both, both.reverse].each do |client, other|
        eventually do
          connected = client.call('CLIENT', 'LIST').lines.size
          expect(client.call('INFO', 'clients')).to include "\r\nconnected_clients:#{connected}\r\n", "\r\nblocked_clients:0\r\n"
          expect(other.call('INFO')).to include "\r\nconnected_clients:#{connected}\r\n"
        end
      end
      expect(both.first.pipeline([%w[MULTI], %w[INFO clients], %w[EXEC]]).last.first).to start_with "# Clients\r\nconnected_clients:"
    end

    it 'tells of proxies', pgredis_only: 'Redis has none' do
      [ports.first, ports.last].each { |port| expect(connect(port: port).call('INFO', 'pgredis')).to include "\r\nproxies:#{ports.size}\r\n" }
    end

    it 'counts keys' do
      call('SET', 'a', '1')
      call('SET', 'b', '1', 'EX', '100')
      expect(call('INFO', 'keyspace')).to match(/\A# Keyspace\r\ndb0:keys=2,expires=1,avg_ttl=\d+\r\n\z/)
      expect(call3('INFO', 'keyspace')).to be_a Verbatim
    end
  end
end
