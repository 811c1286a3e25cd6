require_relative 'spec_helper'

# OBJECT ENCODING and MEMORY USAGE of collections.
RSpec.describe 'encodings' do
  let(:at_limit) { 'x' * 64 }
  let(:beyond) { 'x' * 65 }

  def encoding(key)
    call('OBJECT', 'ENCODING', key)
  end

  it 'of lists are quicklists' do
    call('RPUSH', 'short', 'a')
    call('RPUSH', 'long', *(1..3000))
    call('RPUSH', 'wide', 'x' * 100_000)
    expect(%w[short long wide].map { |key| encoding(key) }).to eq %w[quicklist] * 3
  end

  it 'of hashes change beyond 512 fields' do
    call('HSET', 'h', *(1..512).flat_map { |i| [i, i] })
    expect(encoding('h')).to eq 'listpack'
    call('HSET', 'h', 512, 'again')
    expect(encoding('h')).to eq 'listpack'
    call('HINCRBY', 'h', 513, 1)
    expect(encoding('h')).to eq 'hashtable'
  end

  it 'of hashes change with fields or values of more than 64 bytes' do
    call('HSET', 'h', at_limit, at_limit)
    expect(encoding('h')).to eq 'listpack'
    call('COPY', 'h', 'i')
    call('HSET', 'h', 'f', beyond)
    expect(encoding('h')).to eq 'hashtable'
    call('HSETNX', 'i', beyond, '')
    expect(encoding('i')).to eq 'hashtable'
    call('HSET', 'j', 'f' * 3000, 'v')
    expect(encoding('j')).to eq 'hashtable'
    call('HSET', 'k', 'f', 'v' * 100_000)
    expect(encoding('k')).to eq 'hashtable'
  end

  it 'of sets change beyond 512 integers' do
    call('SADD', 's', *(1..512))
    expect(encoding('s')).to eq 'intset'
    call('SADD', 's', 512)
    expect(encoding('s')).to eq 'intset'
    call('SADD', 's', 513)
    expect(encoding('s')).to eq 'hashtable'
    call('SADD', 't', *(1..513))
    expect(encoding('t')).to eq 'hashtable'
  end

  it 'of sets change with what is no integer' do
    ['0', '-1', '9223372036854775807', '-9223372036854775808'].each do |member|
      call('SADD', 's', member)
      expect([member, encoding('s')]).to eq [member, 'intset']
    end
    ['a', '', '01', '-0', '+1', '1.0', ' 1', '9223372036854775808', '-9223372036854775809', '1' * 30, '1' * 3000].each do |member|
      call('DEL', 's')
      call('SADD', 's', 1, member)
      expect([member, encoding('s')]).to eq [member, 'hashtable']
    end
  end

  it 'of sorted sets change beyond 128 members' do
    call('ZADD', 'z', *(1..128).flat_map { |i| [i, i] })
    expect(encoding('z')).to eq 'listpack'
    call('ZADD', 'z', 1000, 128)
    expect(encoding('z')).to eq 'listpack'
    call('ZINCRBY', 'z', 1, 129)
    expect(encoding('z')).to eq 'skiplist'
  end

  it 'of sorted sets change with members of more than 64 bytes' do
    call('ZADD', 'z', 1, at_limit)
    expect(encoding('z')).to eq 'listpack'
    call('ZADD', 'z', 1, beyond)
    expect(encoding('z')).to eq 'skiplist'
    call('ZADD', 'y', 1, 'm' * 3000)
    expect(encoding('y')).to eq 'skiplist'
  end

  it 'of results are those of their contents' do
    call('SADD', 'ints', *(1..300))
    call('SADD', 'more ints', *(200..600))
    call('SADD', 'words', 'a', 'b', 1)
    call('ZADD', 'z', *(1..200).flat_map { |i| [i, i] })
    call('SINTERSTORE', 'inter', 'ints', 'more ints')
    call('SUNIONSTORE', 'union', 'ints', 'more ints')
    call('SDIFFSTORE', 'diff', 'ints', 'words')
    call('ZINTERSTORE', 'zinter', 2, 'z', 'words')
    call('ZUNIONSTORE', 'zunion', 1, 'z')
    call('ZRANGESTORE', 'zrange', 'z', 0, 127)
    call('SORT', 'ints', 'STORE', 'sorted')
    expected = { 'inter' => 'intset', 'union' => 'hashtable', 'diff' => 'intset', 'zinter' => 'listpack',
                 'zunion' => 'skiplist', 'zrange' => 'listpack', 'sorted' => 'quicklist' }
    expect(expected.keys.to_h { |key| [key, encoding(key)] }).to eq expected
  end

  it 'stay what they are through RENAME, COPY and MOVE' do
    call('SADD', 'intset', 1, 2)
    call('HSET', 'hashtable', 'f', beyond)
    call('ZADD', 'skiplist', 1, beyond)
    call('ZADD', 'listpack', 1, 'm')
    call('RPUSH', 'quicklist', 'e')
    %w[intset hashtable skiplist listpack quicklist].each do |name|
      call('COPY', name, 'copy', 'REPLACE')
      call('RENAME', 'copy', 'renamed')
      expect(encoding('renamed')).to eq name
      call('MOVE', 'renamed', 1)
      call('SELECT', 1)
      expect(encoding('renamed')).to eq name
      call('DEL', 'renamed')
      call('SELECT', 0)
    end
  end

  describe 'MEMORY USAGE' do
    it 'tells bytes: more than the contents, less than a few times as many' do
      elements = (1..1000).map { |i| format('%0100d', i) }
      call('RPUSH', 'list', *elements)
      call('HSET', 'hash', *elements.flat_map { |e| [e[-10..], e] })
      call('SADD', 'set', *elements)
      call('ZADD', 'zset', *elements.flat_map { |e| [1, e] })
      %w[list hash set zset].each do |key|
        [[], ['SAMPLES', 0], ['SAMPLES', 100]].each do |options|
          expect(call('MEMORY', 'USAGE', key, *options)).to be_between(100_000, 600_000)
        end
      end
    end

    it 'grows and shrinks with the collection' do
      add = { 'list' => ->(i) { ['RPUSH', 'list', i] }, 'hash' => ->(i) { ['HSET', 'hash', i, i] },
              'set' => ->(i) { ['SADD', 'set', i] }, 'zset' => ->(i) { ['ZADD', 'zset', i, i] } }
      add.each do |key, command|
        (1..20).each { |i| call(*command.call(i.to_s * 20)) }
        small = call('MEMORY', 'USAGE', key, 'SAMPLES', 0)
        (21..600).each { |i| call(*command.call(i.to_s * 20)) }
        expect(call('MEMORY', 'USAGE', key, 'SAMPLES', 0)).to be > 5 * small
      end
      big = call('MEMORY', 'USAGE', 'list', 'SAMPLES', 0)
      call('LTRIM', 'list', 0, 9)
      expect(call('MEMORY', 'USAGE', 'list', 'SAMPLES', 0)).to be < big / 5
    end
  end

  # What happens to collections as wholes, whatever their type and size.
  describe 'of every type and size' do
    let(:sizes) { [1, 130, 3000] }

    def create(key, size)
      numbers = (1..size)
      case key
      when /list/ then call('RPUSH', key, *numbers)
      when /hash/ then call('HSET', key, *numbers.flat_map { |i| [i, i] })
      when /zset/ then call('ZADD', key, *numbers.flat_map { |i| [i, i] })
      else call('SADD', key, *numbers)
      end
    end

    def contents(key)
      case key
      when /list/ then call('LRANGE', key, 0, -1)
      when /hash/ then call('HGETALL', key).each_slice(2).sort
      when /zset/ then call('ZRANGE', key, 0, -1, 'WITHSCORES')
      else call('SMEMBERS', key).sort
      end
    end

    def add(key)
      case key
      when /list/ then call('RPUSH', key, 'new')
      when /hash/ then call('HSET', key, 'new', 'new')
      when /zset/ then call('ZADD', key, 0, 'new')
      else call('SADD', key, 'new')
      end
    end

    def size(key)
      case key
      when /list/ then call('LLEN', key)
      when /hash/ then call('HLEN', key)
      when /zset/ then call('ZCARD', key)
      else call('SCARD', key)
      end
    end

    def each_collection
      %w[list hash set zset].each do |key|
        sizes.each do |n|
          call('FLUSHALL')
          create(key, n)
          yield key, n, contents(key)
        end
      end
    end

    it 'COPY makes an independent one' do
      each_collection do |key, n, before|
        call('PEXPIRE', key, 100_000)
        expect(call('COPY', key, "#{key}2")).to eq 1
        expect(call('PTTL', "#{key}2")).to be_between(1, 100_000)
        add(key)
        expect(contents("#{key}2")).to eq before
        call('DEL', key)
        add("#{key}2")
        expect(size("#{key}2")).to eq n + 1
      end
    end

    it 'RENAME takes the contents along, over another collection too' do
      each_collection do |key, n, before|
        create("#{key}2", 500)
        expect(call('RENAME', key, "#{key}2")).to eq :OK
        expect(contents("#{key}2")).to eq before
        add(key)
        expect(size(key)).to eq 1
        add("#{key}2")
        expect(size("#{key}2")).to eq n + 1
      end
    end

    it 'MOVE takes the contents to another database' do
      each_collection do |key, n, before|
        expect(call('MOVE', key, 1)).to eq 1
        add(key)
        expect(size(key)).to eq 1
        call('SELECT', 1)
        expect(contents(key)).to eq before
        add(key)
        expect(size(key)).to eq n + 1
        call('SELECT', 0)
      end
    end

    it 'expiry makes it absent, and room for a new one' do
      each_collection do |key, _, _|
        call('PEXPIRE', key, 1)
        eventually { expect(size(key)).to eq 0 }
        expect(call('TYPE', key)).to eq :none
        expect(call('COPY', key, 'other')).to eq 0
        expect(call('RENAME', key, 'other')).to eq error('ERR no such key')
        expect(contents(key)).to be_empty
        add(key)
        expect(size(key)).to eq 1
        expect(call('TTL', key)).to eq(-1)
      end
    end

    it 'SET overwrites it, and its time to live' do
      each_collection do |key, _, _|
        call('EXPIRE', key, 100)
        expect(call('SET', key, 'string')).to eq :OK
        expect(call('TTL', key)).to eq(-1)
        call('DEL', key)
        add(key)
        expect(size(key)).to eq 1
      end
    end

    it 'SORT … STORE makes a list of it' do
      each_collection do |key, n, _|
        next if key == 'hash'

        expect(call('SORT', key, 'DESC', 'STORE', 'sorted list')).to eq n
        expect(contents('sorted list')).to eq (1..n).map(&:to_s).reverse
        expect(call('SORT', key, 'STORE', key)).to eq n
        expect(call('LRANGE', key, 0, -1)).to eq (1..n).map(&:to_s)
      end
    end
  end
end
