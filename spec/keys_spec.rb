require_relative 'spec_helper'

RSpec.describe 'keys' do
  let(:syntax_error) { error('ERR syntax error') }
  let(:not_integer) { error('ERR value is not an integer or out of range') }
  let(:no_database) { error('ERR DB index is out of range') }
  let(:same) { error('ERR source and destination objects are the same') }
  let(:not_an_int) { error('ERR value is out of range, value must between -2147483648 and 2147483647') }

  # One key of each type there is, by its type's name.
  def create_all_types
    call('SET', 'string', 'value')
    call('RPUSH', 'list', 'a', 'b', 'c')
    call('HSET', 'hash', 'f', '1', 'g', '2')
    call('SADD', 'set', 'x', 'y')
    call('ZADD', 'zset', '1', 'm', '2', 'n')
    %w[string list hash set zset]
  end

  def contents(key)
    case call('TYPE', key)
    when :string then call('GET', key)
    when :list then call('LRANGE', key, 0, -1)
    when :hash then call('HGETALL', key).each_slice(2).sort
    when :set then call('SMEMBERS', key).sort
    when :zset then call('ZRANGE', key, 0, -1, 'WITHSCORES')
    end
  end

  def scan(*options)
    cursor = '0'
    found = []
    loop do
      cursor, keys = call('SCAN', cursor, *options)
      found.concat(keys)
      return found if cursor == '0'
    end
  end

  describe 'DEL, UNLINK, EXISTS and TOUCH' do
    it 'count what is there; a key twice is deleted once, but exists twice' do
      types = create_all_types
      expect(call('EXISTS', *types, 'absent', 'string')).to eq 6
      expect(call('TOUCH', *types, 'absent', 'string')).to eq 6
      expect(call('DEL', 'string', 'list', 'absent', 'string')).to eq 2
      expect(call('UNLINK', 'hash', 'set', 'zset', 'set')).to eq 3
      expect(call('EXISTS', *types)).to eq 0
      expect(call('DEL', 'string')).to eq 0
      expect(call('DBSIZE')).to eq 0
    end

    it 'delete one key, of any type' do
      create_all_types.each do |key|
        expect(call('DEL', key)).to eq 1
        expect(call('EXISTS', key)).to eq 0
      end
    end

    it 'delete big collections, which are new and empty when created again' do
      call('RPUSH', 'big', *(1..500))
      expect(call('DEL', 'big')).to eq 1
      call('RPUSH', 'big', 'new')
      expect(call('LRANGE', 'big', 0, -1)).to eq ['new']
    end

    it 'delete thousands of keys' do
      keys = (1..2500).map { |i| "many:#{i}" }
      call('MSET', *keys.flat_map { |key| [key, '1'] })
      expect(call('DEL', *keys)).to eq 2500
    end

    # pgredis keeps the row of such a key for a while.
    it 'leave nothing of a string with a TTL' do
      [%w[GET k], %w[GETDEL k], %w[GETEX k EX 10], %w[STRLEN k], %w[EXISTS k], %w[TYPE k], %w[TTL k], %w[EXPIRETIME k], %w[OBJECT ENCODING k],
       %w[DEL k], %w[UNLINK k k], %w[EXPIRE k 10], %w[EXPIRE k -1], %w[PERSIST k], %w[COPY k o], %w[RENAME k o], %w[MOVE k 1], %w[SORT k], %w[TOUCH k],
       %w[MGET k], %w[SET k x], %w[SET k x NX], %w[SET k x XX], %w[SET k x KEEPTTL], %w[SET k x GET], %w[SET k x NX PX 5000], %w[SETNX k x],
       %w[GETSET k x], %w[MSET k x l y], %w[MSETNX k x l y], %w[INCR k], %w[DECRBY k 2], %w[INCRBYFLOAT k 1.5], %w[APPEND k x], %w[SETRANGE k 2 x],
       %w[SETRANGE k 2] + [''], %w[GETRANGE k 0 -1], %w[SETBIT k 9 1], %w[BITFIELD k INCRBY u8 0 1], %w[BITCOUNT k], %w[BITOP NOT o k], %w[LPUSH k a],
       %w[RPUSHX k a], %w[LPOP k], %w[LMOVE k o LEFT LEFT], %w[LLEN k], %w[HSET k f v], %w[HINCRBY k f 1], %w[HGETALL k], %w[SADD k m], %w[SPOP k],
       %w[SUNIONSTORE o k], %w[ZADD k 1 m], %w[ZINCRBY k 1 m], %w[ZPOPMIN k], %w[KEYS *], %w[SCAN 0], %w[RANDOMKEY], %w[DBSIZE]].each do |command|
        fresh, deleted = [false, true].map do |was_there|
          call('FLUSHALL')
          if was_there
            call('SET', 'k', 'v', 'PX', '100000')
            call('DEL', 'k')
          end
          [call(*command), call('TTL', 'k'), call('DBSIZE'), contents('k'), contents('o'), call('KEYS', '*').sort]
        end
        expect([command, deleted]).to eq [command, fresh]
      end
    end

    it 'need a key' do
      %w[DEL UNLINK EXISTS TOUCH].each do |name|
        expect(call(name)).to eq error("ERR wrong number of arguments for '#{name.downcase}' command")
      end
    end
  end

  describe 'TYPE' do
    it 'names each type, and none' do
      types = create_all_types
      expect(types.map { |key| call('TYPE', key) }).to eq types.map(&:to_sym)
      expect(call('TYPE', 'absent')).to eq :none
    end
  end

  describe 'RENAME and RENAMENX' do
    it 'keep value and TTL, whatever the type' do
      create_all_types.each do |key|
        before = contents(key)
        call('EXPIRE', key, 100)
        expect(call('RENAME', key, 'renamed')).to eq :OK
        expect(contents('renamed')).to eq before
        expect(call('TTL', 'renamed')).to be_between(99, 100)
        expect(call('EXISTS', key)).to eq 0
      end
    end

    it 'overwrite the destination, and its TTL' do
      create_all_types
      call('EXPIRE', 'list', 100)
      expect(call('RENAME', 'string', 'list')).to eq :OK
      expect(call('GET', 'list')).to eq 'value'
      expect(call('TTL', 'list')).to eq(-1)
    end

    it 'refuse an absent source, also when both names are the same' do
      expect(call('RENAME', 'absent', 'x')).to eq error('ERR no such key')
      expect(call('RENAME', 'absent', 'absent')).to eq error('ERR no such key')
      expect(call('RENAMENX', 'absent', 'absent')).to eq error('ERR no such key')
    end

    it 'take a key to its own name' do
      call('SET', 'a', '1', 'EX', 100)
      expect(call('RENAME', 'a', 'a')).to eq :OK
      expect(call('RENAMENX', 'a', 'a')).to eq 0
      expect(call('TTL', 'a')).to be_between(99, 100)
    end

    it 'leave a taken name alone, with NX' do
      call('MSET', 'a', '1', 'b', '2')
      expect(call('RENAMENX', 'a', 'b')).to eq 0
      expect(call('RENAMENX', 'a', 'c')).to eq 1
      expect(call('MGET', 'a', 'b', 'c')).to eq [nil, '2', '1']
    end

    it 'work with names longer than an index entry' do
      long = 'n' * 5000
      call('SET', 'a', '1')
      call('RENAME', 'a', long)
      expect(call('KEYS', '*')).to eq [long]
      call('RENAME', long, 'a')
      expect(call('KEYS', '*')).to eq ['a']
    end
  end

  describe 'COPY' do
    it 'copies each type with its TTL; the copies are independent' do
      create_all_types.each do |key|
        call('EXPIRE', key, 100)
        expect(call('COPY', key, "#{key}2")).to eq 1
        expect(contents("#{key}2")).to eq contents(key)
        expect(call('TTL', "#{key}2")).to be_between(99, 100)
      end
      call('RPUSH', 'list', 'd')
      call('DEL', 'hash')
      expect(call('LLEN', 'list2')).to eq 3
      expect(call('HLEN', 'hash2')).to eq 2
    end

    it 'overwrites only with REPLACE' do
      create_all_types
      expect(call('COPY', 'string', 'list')).to eq 0
      expect(call('COPY', 'string', 'list', 'replace')).to eq 1
      expect(call('GET', 'list')).to eq 'value'
      expect(call('COPY', 'absent', 'list', 'REPLACE')).to eq 0
      expect(call('GET', 'list')).to eq 'value'
    end

    it 'reaches other databases' do
      call('SET', 'a', '1')
      expect(call('COPY', 'a', 'a', 'DB', 1)).to eq 1
      expect(call('COPY', 'a', 'a', 'DB', 1)).to eq 0
      expect(call('COPY', 'a', 'b', 'REPLACE', 'DB', 1)).to eq 1
      call('SELECT', 1)
      expect(call('MGET', 'a', 'b')).to eq %w[1 1]
    end

    it 'refuses nonsense' do
      call('SET', 'a', '1')
      expect(call('COPY', 'a', 'a')).to eq same
      expect(call('COPY', 'absent', 'absent')).to eq same
      expect(call('COPY', 'a', 'b', 'FOO')).to eq syntax_error
      expect(call('COPY', 'a', 'b', 'DB')).to eq syntax_error
      expect(call('COPY', 'a', 'b', 'DB', 'x')).to eq not_integer
      expect(call('COPY', 'a', 'b', 'DB', 16)).to eq no_database
      expect(call('COPY', 'a', 'b', 'DB', -1)).to eq no_database
      expect(call('COPY', 'a', 'b', 'DB', 99_999_999_999)).to eq not_an_int
    end
  end

  describe 'MOVE' do
    it 'takes a key with its TTL to another database' do
      create_all_types.each do |key|
        before = contents(key)
        call('EXPIRE', key, 100)
        expect(call('MOVE', key, 1)).to eq 1
        expect(call('EXISTS', key)).to eq 0
        call('SELECT', 1)
        expect(contents(key)).to eq before
        expect(call('TTL', key)).to be_between(99, 100)
        call('SELECT', 0)
      end
    end

    it 'leaves alone what is there already' do
      call('SET', 'a', 'zero')
      call('SELECT', 1)
      call('SET', 'a', 'one')
      expect(call('MOVE', 'a', 0)).to eq 0
      expect(call('MOVE', 'absent', 0)).to eq 0
      expect(call('GET', 'a')).to eq 'one'
    end

    it 'refuses nonsense' do
      call('SET', 'a', '1')
      expect(call('MOVE', 'a', 0)).to eq same
      expect(call('MOVE', 'a', 16)).to eq no_database
      expect(call('MOVE', 'a', -1)).to eq no_database
      expect(call('MOVE', 'a', 'x')).to eq not_integer
      expect(call('MOVE', 'a', 99_999_999_999)).to eq not_an_int
    end
  end

  describe 'KEYS' do
    it 'matches any bytes by the rules of glob patterns' do
      names = ['', 'hello', 'hallo', 'hxllo', 'hllo', 'heello', 'Hello', 'h*llo', 'h[llo', 'h\\llo', "h\nllo", "h\0llo", "h\xffllo".b, 'h]llo', 'h^llo',
               'h-llo']
      names.each { |name| call('SET', name, '1') }
      ['*', 'hello', 'h?llo', 'h*llo', 'h[ae]llo', 'h[^e]llo', 'h[a-e]llo', 'h[e-a]llo', 'h\\*llo', 'h\\[llo', 'h\\\\llo', 'h[\\]]llo', 'h[]llo', 'h[^]llo',
       'h[*]llo', 'h[a-', 'h[', 'h[^', 'h\\', '*o', 'hell*', 'h**o', '**', '?', '', "h\0*", "h[\x80-\xff]llo".b, "h[\xff-a]llo".b, "h[\0-\n]llo", 'h[a\\-z]llo',
       'h[^^]llo', '[h]*', '\\h*', "*\n*"].each do |pattern|
        expected = names.select { |name| glob?(name.b, pattern.b) }.map(&:b).sort
        expect([pattern, call('KEYS', pattern).sort]).to eq [pattern, expected]
      end
    end

    # The rules, as plainly as they can be said.
    def glob?(string, pattern)
      return string.empty? if pattern.empty?
      return pattern == '*' if string.empty?

      regexp = +''
      rest = pattern.dup
      until rest.empty?
        case taken = rest.slice!(0)
        when '*' then regexp << '.*'
        when '?' then regexp << '.'
        when '[' then regexp << "(?:#{glob_class(rest)})"
        when '\\' then regexp << quoted(rest.empty? ? taken : rest.slice!(0))
        else regexp << quoted(taken)
        end
      end
      Regexp.new("\\A#{regexp}\\z", Regexp::MULTILINE | Regexp::NOENCODING).match?(string)
    end

    def glob_class(rest)
      negated = rest.delete_prefix!('^')
      bytes = []
      until rest.empty?
        taken = rest.slice!(0)
        break if taken == ']'

        if taken == '\\' && !rest.empty?
          bytes << rest.slice!(0).ord
        elsif rest.size >= 2 && rest[0] == '-'
          rest.slice!(0)
          low, high = [taken, rest.slice!(0)].map { |c| [c.ord].pack('C').unpack1('c') }.minmax
          bytes.concat((low..high).map { |signed| signed % 256 })
        else
          bytes << taken.ord
        end
      end
      bytes = (0..255).to_a - bytes if negated
      bytes.empty? ? '(?!)' : bytes.map { |byte| quoted(byte.chr) }.join('|')
    end

    def quoted(char)
      format('\\x%02x', char.ord)
    end

    it 'sees one database only' do
      call('SET', 'zero', '1')
      call('SELECT', 1)
      expect(call('KEYS', '*')).to eq []
    end
  end

  describe 'SCAN' do
    it 'returns every key once when nothing changes' do
      names = (1..300).map { |i| "key:#{i}" }
      call('MSET', *names.flat_map { |name| [name, 'x'] })
      expect(scan.uniq.sort).to eq names.sort
      expect(scan('COUNT', 7).uniq.sort).to eq names.sort
      expect(scan('COUNT', 100_000).sort).to eq names.sort
      expect(scan('COUNT', 9_223_372_036_854_775_807).sort).to eq names.sort
    end

    it 'returns what is there throughout, whatever else happens' do
      stable = (1..100).map { |i| "stable:#{i}" }
      call('MSET', *stable.flat_map { |name| [name, 'x'] })
      found = []
      cursor = '0'
      round = 0
      loop do
        cursor, keys = call('SCAN', cursor, 'COUNT', 5)
        found.concat(keys)
        break if cursor == '0'

        round += 1
        call('SET', "new:#{round}", 'x')
        call('DEL', "new:#{round - 1}")
        call('SET', stable.sample, 'y' * rand(1000))
        call('SET', 'other', 'x')
        call('RENAME', 'other', stable.sample)
      end
      expect(stable - found).to eq []
    end

    it 'filters by pattern and type' do
      create_all_types
      expect(scan('MATCH', 's*').sort).to eq %w[set string]
      expect(scan('TYPE', 'zset', 'COUNT', 100)).to eq ['zset']
      expect(scan('type', 'LIST')).to eq ['list']
      expect(scan('TYPE', 'nonsense')).to eq []
      expect(scan('MATCH', '*s*', 'TYPE', 'hash', 'COUNT', 1)).to eq ['hash']
    end

    it 'answers cursor and array, empty at the end' do
      expect(call('SCAN', 0)).to eq ['0', []]
      expect(call3('SCAN', 0)).to eq ['0', []]
    end

    it 'takes what strtoul takes as a cursor' do
      ['', '+0', '00'].each { |cursor| expect(call('SCAN', cursor)).to eq ['0', []] }
      expect(call('SCAN', '18446744073709551615').first).to eq '0'
      ['x', '1x', ' 1', '-', '18446744073709551616', '1.0'].each { |cursor| expect(call('SCAN', cursor)).to eq error('ERR invalid cursor') }
    end

    it 'refuses nonsense' do
      [%w[1], %w[COUNT], %w[MATCH], %w[TYPE], %w[COUNT 0], %w[COUNT -1], %w[FOO 1]].each do |options|
        expect(call('SCAN', 0, *options)).to eq syntax_error
      end
      expect(call('SCAN', 0, 'COUNT', 'x')).to eq not_integer
      expect(call('SCAN', 'x', 'FOO')).to eq error('ERR invalid cursor')
    end
  end

  describe 'RANDOMKEY' do
    it 'is null in an empty database' do
      expect(call('RANDOMKEY')).to be_nil
    end

    it 'returns each key now and then' do
      names = %w[a b c d]
      call('MSET', *names.flat_map { |name| [name, 'x'] })
      expect(Array.new(200) { call('RANDOMKEY') }.uniq.sort).to eq names
    end

    it 'finds the last key of many deleted ones' do
      names = (1..1000).map { |i| "gone:#{i}" }
      call('MSET', *names.flat_map { |name| [name, 'x'] })
      call('SET', 'left', '1')
      call('DEL', *names)
      expect(call('RANDOMKEY')).to eq 'left'
    end
  end

  describe 'OBJECT' do
    it 'ENCODING tells what the default limits would choose' do
      call('SET', 'int', '12345')
      call('SET', 'embstr', 'x' * 44)
      call('SET', 'raw', 'x' * 45)
      call('SET', 'zeros', '007')
      call('RPUSH', 'list', 'a')
      call('HSET', 'small hash', 'f', 'v' * 64)
      call('HSET', 'wide hash', 'f', 'v' * 65)
      call('HSET', 'long hash', *(1..513).flat_map { |i| [i, i] })
      call('SADD', 'ints', 1, -5, 100)
      call('SADD', 'words', 1, 'x')
      call('SADD', 'many', *(1..513))
      call('ZADD', 'small zset', 1, 'm' * 64)
      call('ZADD', 'wide zset', 1, 'm' * 65)
      call('ZADD', 'long zset', *(1..129).flat_map { |i| [i, i] })
      expected = { 'int' => 'int', 'embstr' => 'embstr', 'raw' => 'raw', 'zeros' => 'embstr', 'list' => 'quicklist', 'small hash' => 'listpack',
                   'wide hash' => 'hashtable', 'long hash' => 'hashtable', 'ints' => 'intset', 'words' => 'hashtable', 'many' => 'hashtable',
                   'small zset' => 'listpack', 'wide zset' => 'skiplist', 'long zset' => 'skiplist', 'absent' => nil }
      expect(expected.keys.to_h { |key| [key, call('OBJECT', 'ENCODING', key)] }).to eq expected
    end

    it 'answers politely otherwise' do
      call('SET', 'a', 'b')
      expect(call('OBJECT', 'IDLETIME', 'a')).to eq 0
      expect(call('OBJECT', 'REFCOUNT', 'a')).to eq 1
      { '0' => 2_147_483_647, '9999' => 2_147_483_647, '42' => 2_147_483_647, '10000' => 1, '-1' => 1, '007' => 1, '1.5' => 1, '' => 1 }.each do |value, count|
        call('SET', 'b', value)
        expect([value, call('OBJECT', 'REFCOUNT', 'b')]).to eq [value, count]
      end
      call('RPUSH', 'l', '1')
      expect(call('OBJECT', 'REFCOUNT', 'l')).to eq 1
      expect(call('OBJECT', 'FREQ', 'a')).to eq error(/\AERR An LFU maxmemory policy is not selected, access frequency not tracked\. Please note that .* to adjust\.\z/)
      %w[IDLETIME REFCOUNT FREQ].each { |subcommand| expect(call('OBJECT', subcommand, 'absent')).to be_nil }
      expect(call('OBJECT', 'HELP').first).to start_with 'OBJECT <subcommand> [<arg> '
      expect(call('OBJECT', 'foo', 'a')).to eq error("ERR unknown subcommand 'foo'. Try OBJECT HELP.")
      expect(call('OBJECT', 'ENCODING')).to eq error("ERR wrong number of arguments for 'object|encoding' command")
    end
  end

  describe 'WAIT' do
    it 'knows of no replicas' do
      expect(call('WAIT', 0, 10)).to eq 0
      expect(call('WAIT', 1, 10)).to eq 0
      expect(call('WAIT', 'x', 10)).to eq not_integer
      expect(call('WAIT', 0, 'x')).to eq error('ERR timeout is not an integer or out of range')
      expect(call('WAIT', 0, -1)).to eq error('ERR timeout is negative')
    end
  end
end
