require_relative 'spec_helper'

RSpec.describe 'expiry' do
  let(:not_integer) { error('ERR value is not an integer or out of range') }
  let(:now) { Time.now.to_i }
  let(:largest) { 9_223_372_036_854_775_807 }

  before { call('SET', 'a', '1') }

  it 'is set by EXPIRE and its relatives, and told by TTL and its relatives' do
    expect([call('TTL', 'a'), call('PTTL', 'a'), call('EXPIRETIME', 'a'), call('PEXPIRETIME', 'a')]).to eq [-1] * 4
    expect([call('TTL', 'b'), call('PTTL', 'b'), call('EXPIRETIME', 'b'), call('PEXPIRETIME', 'b')]).to eq [-2] * 4
    expect(call('EXPIRE', 'a', 100)).to eq 1
    expect(call('TTL', 'a')).to be_between(99, 100)
    expect(call('PTTL', 'a')).to be_between(99_000, 100_000)
    expect(call('PEXPIRE', 'a', 200_000)).to eq 1
    expect(call('EXPIRETIME', 'a')).to be_between(now + 199, now + 202)
    expect(call('EXPIREAT', 'a', 4_000_000_000)).to eq 1
    expect(call('EXPIRETIME', 'a')).to eq 4_000_000_000
    expect(call('PEXPIREAT', 'a', 4_000_000_000_499)).to eq 1
    expect([call('EXPIRETIME', 'a'), call('PEXPIRETIME', 'a')]).to eq [4_000_000_000, 4_000_000_000_499]
    expect(call('PEXPIREAT', 'a', 4_000_000_000_500)).to eq 1
    expect(call('EXPIRETIME', 'a')).to eq 4_000_000_001
    %w[EXPIRE PEXPIRE EXPIREAT PEXPIREAT].each { |name| expect(call(name, 'absent', 100)).to eq 0 }
  end

  it 'goes with PERSIST and SET, stays with APPEND and INCR' do
    expect(call('PERSIST', 'a')).to eq 0
    expect(call('PERSIST', 'absent')).to eq 0
    call('EXPIRE', 'a', 100)
    call('INCR', 'a')
    call('APPEND', 'a', '0')
    expect(call('TTL', 'a')).to be_between(99, 100)
    expect(call('PERSIST', 'a')).to eq 1
    expect(call('TTL', 'a')).to eq(-1)
    call('EXPIRE', 'a', 100)
    call('SET', 'a', '1')
    expect(call('TTL', 'a')).to eq(-1)
  end

  it 'rounds TTL to the nearest second' do
    call('PEXPIRE', 'a', 1400)
    expect(call('TTL', 'a')).to eq 1
    call('PEXPIRE', 'a', 1999)
    expect(call('TTL', 'a')).to eq 2
  end

  it 'depends on NX, XX, GT and LT' do
    expect(call('EXPIRE', 'a', 100, 'XX')).to eq 0
    expect(call('EXPIRE', 'a', 100, 'GT')).to eq 0
    expect(call('EXPIRE', 'a', 100, 'nx')).to eq 1
    expect(call('EXPIRE', 'a', 200, 'NX')).to eq 0
    expect(call('EXPIRE', 'a', 200, 'LT')).to eq 0
    expect(call('EXPIRE', 'a', 50, 'GT')).to eq 0
    expect(call('EXPIRE', 'a', 200, 'GT')).to eq 1
    expect(call('EXPIRE', 'a', 150, 'LT')).to eq 1
    expect(call('EXPIRE', 'a', 300, 'XX')).to eq 1
    expect(call('EXPIRE', 'a', 400, 'XX', 'GT')).to eq 1
    expect(call('EXPIRE', 'a', 300, 'XX', 'LT')).to eq 1
    expect(call('TTL', 'a')).to be_between(299, 300)
    call('PERSIST', 'a')
    expect(call('EXPIRE', 'a', 100, 'XX', 'LT')).to eq 0
    expect(call('EXPIRE', 'a', 100, 'LT')).to eq 1
    expect(call('EXPIRE', 'a', 100, 'NX', 'NX')).to eq 0
  end

  it 'refuses contradictions and unknown words' do
    %w[XX GT LT].each do |other|
      expect(call('EXPIRE', 'a', 1, 'NX', other)).to eq error('ERR NX and XX, GT or LT options at the same time are not compatible')
    end
    expect(call('EXPIRE', 'a', 1, 'GT', 'LT')).to eq error('ERR GT and LT options at the same time are not compatible')
    expect(call('EXPIRE', 'a', 1, 'foo')).to eq error('ERR Unsupported option foo')
    expect(call('EXPIRE', 'a', 1, 'NX', 'XX', 'Foo')).to eq error('ERR Unsupported option Foo')
    %w[EXPIRE PEXPIRE EXPIREAT PEXPIREAT].each do |command|
      ['x', '', '1.5', '01', '9223372036854775808', "\xff".b].each do |number|
        expect(call(command, 'a', number)).to eq error('ERR value is not an integer or out of range')
        expect(call(command, 'a', number, 'XX', 'xx', 'gt')).to eq error('ERR value is not an integer or out of range')
      end
      expect(call(command, 'a', 'x', 'foo')).to eq error('ERR Unsupported option foo')
      expect(call(command, 'a', 'x', 'NX', 'GT')).to eq error('ERR NX and XX, GT or LT options at the same time are not compatible')
      expect(call(command, 'a', 'x', 'GT', 'LT')).to eq error('ERR GT and LT options at the same time are not compatible')
      expect(call(command, 'none', 'x', 'NX')).to eq error('ERR value is not an integer or out of range')
    end
    expect(call('EXPIRE', 'a')).to eq error("ERR wrong number of arguments for 'expire' command")
    %w[EXPIRE PEXPIRE EXPIREAT PEXPIREAT].each { |name| expect(call(name, 'a', 'x')).to eq not_integer }
  end

  it 'refuses times that overflow, whether the key is there or not' do
    %w[a absent].each do |key|
      { 'expire' => [largest, largest / 1000, -largest - 1], 'pexpire' => [largest], 'expireat' => [largest, (largest / 1000) + 1, -largest] }
        .each do |name, amounts|
          amounts.each { |amount| expect(call(name, key, amount)).to eq error("ERR invalid expire time in '#{name}' command") }
        end
    end
    expect(call('EXPIREAT', 'a', largest / 1000)).to eq 1
    expect(call('PEXPIREAT', 'a', largest)).to eq 1
    expect(call('PEXPIRETIME', 'a')).to eq largest
  end

  it 'deletes at once when the time is past' do
    { 'EXPIRE' => [0, -1, -1_000_000], 'PEXPIRE' => [0, -largest - 1], 'EXPIREAT' => [0, 1, -1], 'PEXPIREAT' => [1_000_000, -largest - 1] }.each do |name, amounts|
      amounts.each do |amount|
        call('SET', 'a', '1')
        expect(call(name, 'a', amount)).to eq 1
        expect(call('EXISTS', 'a')).to eq 0
      end
    end
    call('SET', 'a', '1')
    expect(call('EXPIRE', 'a', -1, 'GT')).to eq 0
    expect(call('EXPIRE', 'a', -1, 'XX')).to eq 0
    expect(call('EXPIRE', 'a', -1, 'LT')).to eq 1
    call('SET', 'a', '1', 'EX', 100)
    expect(call('EXPIRE', 'a', -1, 'NX')).to eq 0
    expect(call('EXPIRE', 'a', -1, 'XX', 'LT')).to eq 1
  end

  it 'hides an expired key from every command' do
    call('RPUSH', 'list', 'x')
    %w[a list].each { |key| call('PEXPIRE', key, 1) }
    eventually { expect(call('EXISTS', 'a', 'list')).to eq 0 }
    expect(call('TYPE', 'list')).to eq :none
    expect(call('TTL', 'a')).to eq(-2)
    expect(call('KEYS', '*')).to eq []
    expect(call('SCAN', 0)).to eq ['0', []]
    expect(call('RANDOMKEY')).to be_nil
    expect(call('DBSIZE')).to eq 0
    expect(call('OBJECT', 'ENCODING', 'a')).to be_nil
    expect(call('EXPIRE', 'a', 100)).to eq 0
    expect(call('PERSIST', 'a')).to eq 0
    expect(call('RENAME', 'a', 'b')).to eq error('ERR no such key')
    expect(call('COPY', 'a', 'b')).to eq 0
    expect(call('MOVE', 'a', 1)).to eq 0
    expect(call('DEL', 'a', 'list')).to eq 0
  end

  it 'lets an expired name be taken again' do
    call('PEXPIRE', 'a', 1)
    eventually { expect(call('EXISTS', 'a')).to eq 0 }
    call('SET', 'b', '2')
    expect(call('RENAMENX', 'b', 'a')).to eq 1
    expect([call('GET', 'a'), call('TTL', 'a')]).to eq ['2', -1]
    call('PEXPIRE', 'a', 1)
    eventually { expect(call('EXISTS', 'a')).to eq 0 }
    expect(call('RPUSH', 'a', 'x')).to eq 1
    expect(call('TTL', 'a')).to eq(-1)
  end

  context 'in the database', pgredis_only: 'Redis has no rows' do
    def rows
      sql('SELECT count(*)::integer AS n FROM redis.keys').first['n']
    end

    it 'removes expired keys without being asked, elements too' do
      call('RPUSH', 'list', *(1..1000))
      call('SADD', 'set', *(1..10))
      call('RENAME', 'set', 'renamed')
      %w[a list renamed].each { |key| call('PEXPIRE', key, 1) }
      eventually(timeout: 10) do
        expect(rows).to eq 0
        expect(sql('SELECT (SELECT count(*) FROM redis.list_items) + (SELECT count(*) FROM redis.set_members) AS n').first['n'].to_i).to eq 0
        expect(sql('SELECT count(*)::integer AS n FROM redis.expirations').first['n']).to eq 0
      end
    end

    it 'finds a key again whose TTL was pushed on' do
      call('PEXPIRE', 'a', 50)
      call('PEXPIRE', 'a', 1200)
      sleep 0.1 # past the first time
      expect(call('EXISTS', 'a')).to eq 1
      eventually(timeout: 10) { expect(rows).to eq 0 }
    end
  end
end
