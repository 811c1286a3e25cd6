require_relative 'spec_helper'

RSpec.describe 'hashes' do
  let(:wrongtype) { error('WRONGTYPE Operation against a key holding the wrong kind of value') }
  let(:no_integer) { error('ERR value is not an integer or out of range') }
  let(:syntax) { error('ERR syntax error') }

  def wrong_arity(command)
    error("ERR wrong number of arguments for '#{command}' command")
  end

  # The whole hash by HSCAN, and how often each field came.
  def scan(key, *options)
    cursor = '0'
    pairs = []
    loop do
      cursor, items = call('HSCAN', key, cursor, *options)
      pairs.concat(items.each_slice(2).to_a)
      yield if block_given?
      return pairs if cursor == '0'
    end
  end

  describe 'HSET, HMSET, HSETNX' do
    it 'set fields and count the new ones' do
      expect(call('HSET', 'h', 'a', '1')).to eq 1
      expect(call('HSET', 'h', 'a', '2')).to eq 0
      expect(call('HSET', 'h', 'b', '3', 'a', '4', 'c', '5')).to eq 2
      expect(call('HMSET', 'h', 'd', '6')).to eq :OK
      expect(call('HMSET', 'h', 'd', '7', 'e', '8')).to eq :OK
      expect(call('HGETALL', 'h')).to eq %w[a 4 b 3 c 5 d 7 e 8]
      expect(call('HLEN', 'h')).to eq 5
    end

    it 'take the last value of a repeated field' do
      expect(call('HSET', 'h', 'x', '1', 'y', '2', 'x', '3', 'z', '4', 'y', '5')).to eq 3
      expect(call('HGETALL', 'h')).to eq %w[x 3 y 5 z 4]
    end

    it 'set only absent fields, with NX' do
      expect(call('HSETNX', 'h', 'a', '1')).to eq 1
      expect(call('HSETNX', 'h', 'a', '2')).to eq 0
      expect(call('HSETNX', 'h', 'b', '3')).to eq 1
      expect(call('HGETALL', 'h')).to eq %w[a 1 b 3]
    end

    it 'refuse odd arguments and other types' do
      call('SET', 's', 'v')
      expect(call('HSET', 's', 'a')).to eq wrong_arity('hset')
      expect(call('HSET', 's', 'a', '1', 'b')).to eq wrong_arity('hset')
      expect(call('HMSET', 's', 'a', '1', 'b')).to eq wrong_arity('hmset')
      expect(call('HSET', 's', 'a', '1')).to eq wrongtype
      expect(call('HSET', 's', 'a', '1', 'b', '2')).to eq wrongtype
      expect(call('HMSET', 's', 'a', '1')).to eq wrongtype
      expect(call('HSETNX', 's', 'a', '1')).to eq wrongtype
    end

    it 'take any bytes, and fields of any length' do
      fields = ['', "\x00\xFF".b, 'f' * 2000, 'f' * 2001, 'f' * 3000, "#{'f' * 3000}g"]
      expect(call('HSET', 'h', *fields.flat_map { |f| [f, "v#{f.bytesize}"] })).to eq 6
      expect(call('HKEYS', 'h')).to match_array fields
      expect(call('HMGET', 'h', *fields)).to eq(fields.map { |f| "v#{f.bytesize}" })
      expect(call('HSET', 'h', fields[4], "\x00".b)).to eq 0
      expect(call('HGET', 'h', fields[4])).to eq "\x00".b
      expect(call('HDEL', 'h', fields[3], fields[5])).to eq 2
      expect(call('HKEYS', 'h')).to match_array fields.values_at(0, 1, 2, 4)
    end

    it 'take many fields at once, new and old' do
      pairs = (1..3000).flat_map { |i| ["f#{i}", i] }
      expect(call('HSET', 'h', *pairs)).to eq 3000
      expect(call('HSET', 'h', *pairs, 'g', 0)).to eq 1
      expect(call('HLEN', 'h')).to eq 3001
      expect(call('HGET', 'h', 'f2999')).to eq '2999'
      expect(call3('HGETALL', 'h').size).to eq 3001
    end

    it 'keep the time to live, and begin anew when it is over' do
      call('HSET', 'h', 'a', '1')
      call('EXPIRE', 'h', 1000)
      call('HSET', 'h', 'a', '2')
      call('HSET', 'h', 'b', '2')
      expect(call('TTL', 'h')).to be > 0
      call('PEXPIRE', 'h', 1)
      eventually { expect(call('HLEN', 'h')).to eq 0 }
      expect(call('HGET', 'h', 'a')).to be_nil
      expect(call('HSET', 'h', 'a', '3')).to eq 1
      expect(call('TTL', 'h')).to eq(-1)
      expect(call('HGETALL', 'h')).to eq %w[a 3]
    end
  end

  describe 'reading' do
    before { call('HSET', 'h', 'a', '1', 'bb', '22', 'c', '') }

    it 'answers single fields' do
      expect(call('HGET', 'h', 'bb')).to eq '22'
      expect(call('HGET', 'h', 'x')).to be_nil
      expect(call('HMGET', 'h', 'c', 'x', 'a', 'a')).to eq ['', nil, '1', '1']
      expect(call('HEXISTS', 'h', 'a')).to eq 1
      expect(call('HEXISTS', 'h', 'x')).to eq 0
      expect(call('HSTRLEN', 'h', 'bb')).to eq 2
      expect(call('HSTRLEN', 'h', 'c')).to eq 0
      expect(call('HSTRLEN', 'h', 'x')).to eq 0
    end

    it 'answers all of them in the order of insertion' do
      call('HSET', 'h', 'bb', '23')
      expect(call('HKEYS', 'h')).to eq %w[a bb c]
      expect(call('HVALS', 'h')).to eq ['1', '23', '']
      expect(call('HGETALL', 'h')).to eq ['a', '1', 'bb', '23', 'c', '']
      expect(call3('HGETALL', 'h')).to eq('a' => '1', 'bb' => '23', 'c' => '')
      expect(call('HLEN', 'h')).to eq 3
    end

    it 'finds nothing in an absent key' do
      expect(call('HGET', 'none', 'a')).to be_nil
      expect(call('HMGET', 'none', 'a', 'b')).to eq [nil, nil]
      expect(call('HEXISTS', 'none', 'a')).to eq 0
      expect(call('HSTRLEN', 'none', 'a')).to eq 0
      expect(call('HLEN', 'none')).to eq 0
      %w[HKEYS HVALS HGETALL].each { |command| expect(call(command, 'none')).to eq [] }
      expect(call3('HGETALL', 'none')).to eq({})
    end

    it 'refuses other types' do
      call('SET', 's', 'v')
      %w[HGET HMGET HEXISTS HSTRLEN].each { |command| expect(call(command, 's', 'a')).to eq wrongtype }
      %w[HLEN HKEYS HVALS HGETALL HRANDFIELD].each { |command| expect(call(command, 's')).to eq wrongtype }
    end
  end

  describe 'HDEL' do
    it 'removes fields, and the hash with the last' do
      call('HSET', 'h', 'a', '1', 'b', '2', 'c', '3', 'd', '4')
      expect(call('HDEL', 'h', 'b')).to eq 1
      expect(call('HDEL', 'h', 'b', 'x')).to eq 0
      expect(call('HDEL', 'h', 'd', 'd', 'x', 'a')).to eq 2
      expect(call('HGETALL', 'h')).to eq %w[c 3]
      call('HSET', 'h', 'a', '5')
      expect(call('HGETALL', 'h')).to eq %w[c 3 a 5]
      expect(call('HDEL', 'h', 'a', 'c')).to eq 2
      expect(call('EXISTS', 'h')).to eq 0
      expect(call('HDEL', 'h', 'a')).to eq 0
      call('SET', 's', 'v')
      expect(call('HDEL', 's', 'a')).to eq wrongtype
    end

    it 'removes any of very many' do
      left = (1..1500).to_h { |i| ["f#{i}", i.to_s] }
      call('HSET', 'h', *left.to_a.flatten)
      left.keys.shuffle(random: Random.new(3)).first(1100).each_slice(50) do |fields|
        expect(call('HDEL', 'h', *fields, fields.first)).to eq 50
        fields.each { |field| left.delete(field) }
        expect(call3('HGETALL', 'h')).to eq left
        expect(call('HLEN', 'h')).to eq left.size
        expect(left).to include(call('HRANDFIELD', 'h'))
      end
      call('HSET', 'h', 'new', '1')
      expect(call3('HGETALL', 'h')).to eq left.merge('new' => '1')
    end
  end

  describe 'HINCRBY' do
    it 'adds to an integer' do
      expect(call('HINCRBY', 'h', 'n', 5)).to eq 5
      expect(call('HINCRBY', 'h', 'n', -7)).to eq(-2)
      call('HSET', 'h', 'n', '9223372036854775806')
      expect(call('HINCRBY', 'h', 'n', 1)).to eq 9_223_372_036_854_775_807
      expect(call('HGET', 'h', 'n')).to eq '9223372036854775807'
    end

    it 'refuses overflow and what is no integer' do
      overflow = error('ERR increment or decrement would overflow')
      call('HSET', 'h', 'max', '9223372036854775807', 'min', '-9223372036854775808', 'x', 'foo', 'blank', ' 1', 'empty', '')
      call('SET', 's', 'v')
      expect(call('HINCRBY', 'h', 'max', 1)).to eq overflow
      expect(call('HINCRBY', 'h', 'min', -1)).to eq overflow
      %w[x blank empty].each { |f| expect(call('HINCRBY', 'h', f, 1)).to eq error('ERR hash value is not an integer') }
      expect(call('HINCRBY', 's', 'n', 'x')).to eq no_integer
      expect(call('HINCRBY', 's', 'n', 1)).to eq wrongtype
    end
  end

  describe 'HINCRBYFLOAT' do
    it 'adds as Redis does' do
      expect(call('HINCRBYFLOAT', 'h', 'n', '10.5')).to eq '10.5'
      expect(call('HINCRBYFLOAT', 'h', 'n', '0.1')).to eq '10.6'
      expect(call('HINCRBYFLOAT', 'h', 'n', '-10.6')).to eq '0'
      call('HSET', 'h', 'n', '5.0e3', 'm', '3.0')
      expect(call('HINCRBYFLOAT', 'h', 'n', '2.0e2')).to eq '5200'
      expect(call('HINCRBYFLOAT', 'h', 'm', '1.000000000000000005')).to eq '4.00000000000000001'
      expect(call('HINCRBYFLOAT', 'h', 'm', '1e20')).to eq '100000000000000000008'
      expect(call('HGET', 'h', 'm')).to eq '100000000000000000008'
      expect(call3('HINCRBYFLOAT', 'h', 'n', '1')).to eq '5201'
    end

    it 'refuses what is no number, and infinity' do
      call('HSET', 'h', 'x', 'foo', 'blank', ' 1', 'inf', 'inf')
      call('SET', 's', 'v')
      expect(call('HINCRBYFLOAT', 's', 'n', 'x')).to eq error('ERR value is not a valid float')
      expect(call('HINCRBYFLOAT', 's', 'n', 'nan')).to eq error('ERR value is not a valid float')
      expect(call('HINCRBYFLOAT', 's', 'n', 'inf')).to eq error('ERR value is NaN or Infinity')
      expect(call('HINCRBYFLOAT', 's', 'n', '1')).to eq wrongtype
      expect(call('HINCRBYFLOAT', 'h', 'x', '1')).to eq error('ERR hash value is not a float')
      expect(call('HINCRBYFLOAT', 'h', 'blank', '1')).to eq error('ERR hash value is not a float')
      expect(call('HINCRBYFLOAT', 'h', 'inf', '1')).to eq error('ERR increment would produce NaN or Infinity')
    end
  end

  describe 'HRANDFIELD' do
    before { call('HSET', 'h', 'a', '1', 'b', '2', 'c', '3', 'd', '4', 'e', '5') }

    it 'answers one, some, or all' do
      call('HDEL', 'h', 'b')
      fields = %w[a c d e]
      expect(fields).to include(call('HRANDFIELD', 'h'))
      some = call('HRANDFIELD', 'h', 3)
      expect(some.uniq.size).to eq 3
      expect(some - fields).to eq []
      expect(call('HRANDFIELD', 'h', 4)).to match_array fields
      expect(call('HRANDFIELD', 'h', 100)).to match_array fields
      many = call('HRANDFIELD', 'h', -50)
      expect(many.size).to eq 50
      expect(many.uniq).to match_array(fields).or satisfy { |u| (u - fields).empty? && u.size > 1 }
      expect(call('HRANDFIELD', 'h', 0)).to eq []
    end

    it 'answers values too: flat in RESP2, pairs in RESP3' do
      flat = call('HRANDFIELD', 'h', -6, 'withvalues')
      expect(flat.size).to eq 12
      flat.each_slice(2) { |field, value| expect(call('HGET', 'h', field)).to eq value }
      pairs = call3('HRANDFIELD', 'h', 5, 'WITHVALUES')
      expect(pairs).to match_array [%w[a 1], %w[b 2], %w[c 3], %w[d 4], %w[e 5]]
      expect(call3('HRANDFIELD', 'h', 2).size).to eq 2
      expect(call3('HRANDFIELD', 'h', 2).first).to be_a String
    end

    it 'finds nothing in an absent key' do
      expect(call('HRANDFIELD', 'none')).to be_nil
      expect(call('HRANDFIELD', 'none', 2)).to eq []
      expect(call('HRANDFIELD', 'none', -2, 'WITHVALUES')).to eq []
      expect(call3('HRANDFIELD', 'none', 2, 'WITHVALUES')).to eq []
    end

    it 'checks its arguments first' do
      call('SET', 's', 'v')
      expect(call('HRANDFIELD', 's', 'x', 'y')).to eq no_integer
      expect(call('HRANDFIELD', 's', 1, 'y')).to eq syntax
      expect(call('HRANDFIELD', 's', 1, 'WITHVALUES', 'y')).to eq syntax
      expect(call('HRANDFIELD', 's', 1)).to eq wrongtype
      expect(call('HRANDFIELD', 's', '-9223372036854775808')).to eq error(
        'ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807'
      )
      expect(call('HRANDFIELD', 's', '9223372036854775807', 'WITHVALUES')).to eq error('ERR value is out of range')
    end

    it 'is fair, with gaps and without' do
      call('HDEL', 'h', 'a', 'c')
      counts = call('HRANDFIELD', 'h', -3000).tally
      expect(counts.keys).to match_array %w[b d e]
      expect(counts.values).to all be_between(800, 1200)
      call('HSET', 'big', *(1..2000).flat_map { |i| [i, i] })
      call('HDEL', 'big', *(1..1000))
      draws = call('HRANDFIELD', 'big', -4000).map(&:to_i)
      expect(draws.minmax.first).to be > 1000
      expect(draws.sum / 4000.0).to be_between(1475, 1525)
      expect(call('HRANDFIELD', 'big', 300).uniq.size).to eq 300
      expect(call('HRANDFIELD', 'big', 900).uniq.size).to eq 900
    end
  end

  describe 'HSCAN' do
    it 'answers a small hash at once' do
      call('HSET', 'h', 'a', '1', 'b', '2', 'ab', '3')
      expect(call('HSCAN', 'h', 0)).to eq ['0', %w[a 1 b 2 ab 3]]
      expect(call('HSCAN', 'h', 0, 'COUNT', 1)).to eq ['0', %w[a 1 b 2 ab 3]]
      expect(call('HSCAN', 'h', 0, 'match', 'a*', 'count', 5)).to eq ['0', %w[a 1 ab 3]]
      expect(call('HSCAN', 'h', 0, 'MATCH', 'x')).to eq ['0', []]
      expect(call('HSCAN', 'h', 77)).to eq ['0', %w[a 1 b 2 ab 3]]
      expect(call3('HSCAN', 'h', 0, 'MATCH', 'b')).to eq ['0', %w[b 2]]
    end

    it 'answers a big one bit by bit, and all that stays' do
      all = (1..2000).to_h { |i| ["f#{i}", i.to_s] }
      call('HSET', 'h', *all.to_a.flatten)
      expect(call('HSCAN', 'h', 0, 'COUNT', 50)[1].size).to be < 400
      expect(scan('h').uniq.to_h).to eq all
      gone = (1..2000).step(3).map { |i| "f#{i}" }
      queue = gone.dup
      seen = scan('h', 'COUNT', 20) { queue.shift(20).then { |f| call('HDEL', 'h', *f) unless f.empty? } }.to_h
      expect(seen).to include(all.reject { |f, _| gone.include?(f) })
      expect(scan('h', 'MATCH', 'f1?99').map(&:first).uniq).to match_array(%w[f1199 f1299 f1399 f1499 f1599 f1699 f1799 f1899 f1999]
        .concat(%w[f1099]).reject { |f| gone.include?(f) })
    end

    it 'checks the cursor, then the key, then its options' do
      call('HSET', 'h', 'a', '1')
      call('SET', 's', 'v')
      expect(call('HSCAN', 'none', 'x')).to eq error('ERR invalid cursor')
      expect(call('HSCAN', 'none', 0, 'foo')).to eq ['0', []]
      expect(call('HSCAN', 's', 0, 'foo')).to eq wrongtype
      expect(call('HSCAN', 'h', 0, 'foo')).to eq syntax
      expect(call('HSCAN', 'h', 0, 'COUNT')).to eq syntax
      expect(call('HSCAN', 'h', 0, 'COUNT', 0)).to eq syntax
      expect(call('HSCAN', 'h', 0, 'COUNT', 'x')).to eq no_integer
    end
  end

  it 'shows live hashes in a view', pgredis_only: 'the SQL side' do
    call('HSET', 'a', 'f', '1', 'g', '2')
    call('HSET', 'b', 'f', '3')
    call('PEXPIRE', 'b', 1)
    eventually { expect(call('EXISTS', 'b')).to eq 0 }
    rows = sql('SELECT db, key, field, value, expires_at FROM redis.hashes ORDER BY key, field')
    expect(rows.map { |r| r.values_at('key', 'field', 'value') }).to eq [%w[a f 1], %w[a g 2]]
  end
end
