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
