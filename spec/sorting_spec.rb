require_relative 'spec_helper'

RSpec.describe 'SORT' do
  let(:wrongtype) { error('WRONGTYPE Operation against a key holding the wrong kind of value') }
  let(:syntax_error) { error('ERR syntax error') }
  let(:not_integer) { error('ERR value is not an integer or out of range') }
  let(:no_number) { error("ERR One or more scores can't be converted into double") }

  def list(*elements)
    call('DEL', 'l')
    call('RPUSH', 'l', *elements)
  end

  def sorted(*options)
    call('SORT', 'l', *options)
  end

  it 'sorts by number, either way' do
    list('3', '-1', '10', '2.5', '1e2', '0')
    expect(sorted).to eq %w[-1 0 2.5 3 10 1e2]
    expect(sorted('ASC')).to eq %w[-1 0 2.5 3 10 1e2]
    expect(sorted('desc')).to eq %w[1e2 10 3 2.5 0 -1]
    expect(sorted('DESC', 'asc')).to eq %w[-1 0 2.5 3 10 1e2]
    expect(call('SORT_RO', 'l', 'DESC')).to eq %w[1e2 10 3 2.5 0 -1]
  end

  it 'takes what strtod takes' do
    list('', ' 5', '0x10', 'inf', '-inf', 'infinity', '1e5', '.5', '5.', '+3', '9223372036854775807', "\t\n\v\f\r 4", "1\0x".b,
         "\0".b, '-0', '0x1p2', 'INF', '2.2250738585072014e-308')
    expect(sorted).to eq ['-inf', '', "\0", '-0', '2.2250738585072014e-308', '.5', "1\0x", '+3', "\t\n\v\f\r 4", '0x1p2', ' 5',
                          '5.', '0x10', '1e5', '9223372036854775807', 'INF', 'inf', 'infinity']
    words = ['nan', '-nan', '5 ', ' ', '1e400', '1e-400', '4e-320', 'abc', '1 2', '0x', '1e', '1e+', '-', '.', 'infinit', '--1',
             '1,5']
    words.each do |word|
      list('1', word)
      expect([word, sorted]).to eq [word, no_number]
    end
  end

  it 'puts equal numbers in the order of their bytes' do
    list('1.0', '1', '01', '1.00', '2')
    expect(sorted).to eq %w[01 1 1.0 1.00 2]
    expect(sorted('DESC')).to eq %w[2 1.00 1.0 1 01]
  end

  it 'sorts bytes with ALPHA' do
    list('b', 'a', '', '10', '9', 'B', "\xff".b, 'ab')
    expect(sorted('ALPHA')).to eq ['', '10', '9', 'B', 'a', 'ab', 'b', "\xff".b]
    expect(sorted('alpha', 'desc')).to eq ["\xff".b, 'b', 'ab', 'a', 'B', '9', '10', '']
  end

  it 'looks no further than a zero byte with ALPHA, unless it stores' do
    list("a\0b", "a\0a", 'a')
    expect(sorted('ALPHA')).to eq ["a\0b", "a\0a", 'a']
    expect(sorted('ALPHA', 'STORE', 'd')).to eq 3
    expect(call('LRANGE', 'd', 0, -1)).to eq ['a', "a\0a", "a\0b"]
  end

  it 'sorts sets and sorted sets, by their members' do
    call('SADD', 's', 3, 1, 20)
    call('ZADD', 'z', 1, '3', 2, '1', 3, '20')
    expect(call('SORT', 's')).to eq %w[1 3 20]
    expect(call('SORT', 'z')).to eq %w[1 3 20]
    call('SADD', 'words', 'c', 'a', 'b')
    expect(call('SORT', 'words', 'ALPHA', 'DESC')).to eq %w[c b a]
    expect(call('SORT', 'words')).to eq no_number
  end

  it 'sorts elements longer than an index entry' do
    long = %w[x y].map { |c| c * 3000 }
    call('SADD', 's', *long)
    call('ZADD', 'z', 2, long[0], 1, long[1])
    call('SET', "w#{long[0]}", 1)
    call('HSET', "h#{long[0]}", long[0], 'field')
    expect(call('SORT', 's', 'ALPHA')).to eq long
    expect(call('SORT', 'z', 'ALPHA', 'DESC')).to eq long.reverse
    expect(call('SORT', 'z', 'BY', 'nosort')).to eq long.reverse
    expect(call('SORT', 's', 'BY', 'w*', 'GET', 'w*', 'GET', "h*->#{long[0]}", 'DESC')).to eq ['1', 'field', nil, nil]
  end

  it 'has nothing of an absent key' do
    expect(call('SORT', 'absent')).to eq []
    expect(call('SORT_RO', 'absent', 'BY', 'w*', 'GET', '#')).to eq []
    expect(call3('SORT', 'absent')).to eq []
    call('RPUSH', 'd', 'x')
    expect(call('SORT', 'absent', 'STORE', 'd')).to eq 0
    expect(call('EXISTS', 'd')).to eq 0
  end

  it 'does not see what has expired' do
    call('RPUSH', 'l', '2', '1')
    call('SET', 'w2', '0')
    call('HSET', 'h2', 'f', 'v')
    call('PEXPIRE', 'w2', 1)
    call('PEXPIRE', 'h2', 1)
    eventually { expect(call('EXISTS', 'w2', 'h2')).to eq 0 }
    expect(sorted('BY', 'w*', 'GET', 'w*', 'GET', 'h*->f')).to eq [nil] * 4
    call('PEXPIRE', 'l', 1)
    eventually { expect(sorted).to eq [] }
  end

  describe 'LIMIT' do
    it 'takes a part' do
      list(5, 3, 1, 2, 4)
      most = 9_223_372_036_854_775_807
      expected = { [0, 2] => %w[1 2], [1, 2] => %w[2 3], [4, 9] => %w[5], [5, 1] => [], [9, 9] => [], [0, 0] => [],
                   [-3, 2] => %w[1 2], [2, -1] => %w[3 4 5], [3, -7] => %w[4 5],
                   [0, most] => %w[1 2 3 4 5], [1, most] => %w[2 3 4 5], [most, most] => [] }
      expected.each do |limit, result|
        expect([limit, sorted('LIMIT', *limit)]).to eq [limit, result]
      end
      expect(sorted('DESC', 'LIMIT', 1, 2)).to eq %w[4 3]
      expect(sorted('LIMIT', 0, 1, 'limit', 1, 1)).to eq %w[2]
      expect(sorted('BY', 'w*', 'LIMIT', 1, 2)).to eq %w[2 3]
    end

    it 'takes a part of what is not sorted' do
      list(5, 3, 1, 2, 4)
      call('ZADD', 'z', 1, 'a', 2, 'b', 3, 'c', 4, 'd')
      expect(sorted('BY', 'x', 'LIMIT', 1, 2)).to eq %w[3 1]
      expect(sorted('BY', 'x', 'LIMIT', 1, 2, 'DESC')).to eq %w[2 1]
      expect(sorted('BY', 'x', 'LIMIT', 3, -1, 'DESC')).to eq %w[3 5]
      expect(sorted('BY', 'x', 'LIMIT', 9, 2, 'DESC')).to eq []
      expect(sorted('BY', 'x', 'LIMIT', 0, 0)).to eq []
      expect(call('SORT', 'z', 'BY', 'x', 'LIMIT', 1, 2)).to eq %w[b c]
      expect(call('SORT', 'z', 'BY', 'x', 'DESC', 'LIMIT', 1, 2)).to eq %w[c b]
      expect(call('SORT', 'z', 'BY', 'x', 'DESC', 'LIMIT', 9, 2)).to eq []
    end
  end

  describe 'BY' do
    it 'sorts by the strings of other keys, absent ones being 0' do
      list(*%w[a b c d])
      call('MSET', 'w_a', 3, 'w_b', -1, 'w_d', 2)
      expect(sorted('BY', 'w_*')).to eq %w[b c d a]
      expect(sorted('BY', 'w_*', 'DESC')).to eq %w[a d c b]
      expect(sorted('BY', 'absent_*', 'DESC')).to eq %w[d c b a]
    end

    it 'sorts by fields of hashes' do
      list(*%w[a b c])
      call('HSET', 'h:a:x', 'f', 3, 'f->g', 1)
      call('HSET', 'h:b:x', 'f', -1, 'f->g', 2)
      expect(sorted('BY', 'h:*:x->f')).to eq %w[b c a]
      expect(sorted('BY', 'h:*:x->f->g')).to eq %w[c a b]
      expect(sorted('BY', 'h:*:x->absent')).to eq %w[a b c]
    end

    it 'sorts by bytes with ALPHA, absent ones first and equal ones as they were' do
      list(*%w[a b c d e])
      call('MSET', 'w_a', 'z', 'w_b', '', 'w_d', 'y', 'w_e', 'y')
      expect(sorted('BY', 'w_*', 'ALPHA')).to eq %w[c b d e a]
      expect(sorted('BY', 'w_*', 'ALPHA', 'DESC')).to eq %w[a d e b c]
      expect(sorted('BY', 'w_*')).to eq no_number
    end

    it 'takes keys of other types for absent' do
      list(*%w[b a])
      call('RPUSH', 'w_a', 9)
      call('HSET', 'h_a', 'f', 9)
      call('SET', 's_a', 9)
      expect(sorted('BY', 'w_*', 'GET', 'w_*', 'GET', 'w_*->f')).to eq [nil] * 4
      expect(sorted('BY', 'h_*', 'GET', 'h_*')).to eq [nil] * 2
      expect(sorted('BY', 's_*->f', 'GET', '#', 'GET', 's_*->f')).to eq ['a', nil, 'b', nil]
    end

    it 'sorts nothing without a *' do
      list(*%w[c a b])
      call('ZADD', 'z', 3, 'a', 2, 'b', 1, 'c')
      call('SADD', 's', 3, 1, 2)
      expect(sorted('BY', 'nosort')).to eq %w[c a b]
      expect(sorted('BY', '', 'DESC')).to eq %w[b a c]
      expect(sorted('BY', '#', 'ALPHA')).to eq %w[c a b]
      expect(call('SORT', 'z', 'BY', 'nosort')).to eq %w[c b a]
      expect(call('SORT', 'z', 'BY', 'nosort', 'DESC')).to eq %w[a b c]
      expect(call('SORT', 's', 'BY', 'nosort', 'DESC')).to eq %w[1 2 3]
      call('MSET', 'w_a', 1, 'w_b', 2, 'w_c', 3)
      expect(sorted('BY', 'nosort', 'BY', 'w_*')).to eq %w[c a b]
      expect(sorted('BY', 'absent_*', 'BY', 'w_*')).to eq %w[a b c]
    end

    it 'takes the first * and a -> behind it' do
      list(*%w[a b])
      call('MSET', 'a*', 2, 'b*', 1, 'x->a', 2, 'x->b', 1, 'a->', 2, 'b->', 1, '->a', 2)
      call('HSET', 'x*a', 'y', 2)
      expect(sorted('BY', '**')).to eq %w[b a]
      expect(sorted('BY', 'x->*', 'GET', 'x->*')).to eq %w[1 2]
      expect(sorted('BY', '*->', 'GET', '*->')).to eq %w[1 2]
      expect(sorted('GET', 'x**->y', 'GET', '->*', 'ALPHA')).to eq [nil, '2', nil, nil]
    end
  end

  describe 'GET' do
    it 'returns other things in place of the elements, several ones in turn' do
      list(*%w[2 1])
      call('MSET', 'n1', 'one', 'n2', 'two')
      call('HSET', 'h1', 'f', 'field')
      expect(sorted('GET', 'n*')).to eq %w[one two]
      expect(sorted('GET', '#', 'GET', 'n*', 'GET', 'h*->f', 'get', '#')).to eq ['1', 'one', 'field', '1', '2', 'two', nil, '2']
      expect(call3('SORT_RO', 'l', 'GET', 'h*->f')).to eq ['field', nil]
      expect(sorted('LIMIT', 1, 1, 'GET', 'n*', 'GET', '#')).to eq %w[two 2]
    end

    it 'finds nothing without a *' do
      list(*%w[2 1])
      call('SET', 'n', 'x')
      expect(sorted('GET', 'n', 'GET', '##')).to eq [nil] * 4
      expect(sorted('GET', '')).to eq [nil] * 2
    end

    it 'takes elements of any bytes' do
      element = "\0\xff\n*->".b
      field = "\xff\0f".b
      call('RPUSH', 'l', element)
      call('SET', "a#{element}b".b, 'found')
      call('HSET', "h#{element}".b, field, 'field')
      expect(sorted('BY', 'x', 'GET', 'a*b', 'GET', "h*->#{field}".b)).to eq %w[found field]
    end
  end

  describe 'STORE' do
    it 'makes a list of the result' do
      list(3, 1, 2)
      call('SET', 'd', 'overwritten', 'EX', 100)
      expect(sorted('STORE', 'd')).to eq 3
      expect(call('LRANGE', 'd', 0, -1)).to eq %w[1 2 3]
      expect(call('TTL', 'd')).to eq(-1)
      call('RPUSH', 'd', 'x')
      call('LPUSH', 'd', 'y')
      expect(call('LRANGE', 'd', 0, -1)).to eq %w[y 1 2 3 x]
      expect(sorted('LIMIT', 5, 1, 'STORE', 'd')).to eq 0
      expect(call('EXISTS', 'd')).to eq 0
    end

    it 'stores what is absent as empty' do
      list(2, 1)
      call('SET', 'n1', 'one')
      expect(sorted('GET', 'n*', 'GET', '#', 'STORE', 'd')).to eq 4
      expect(call('LRANGE', 'd', 0, -1)).to eq ['one', '1', '', '2']
    end

    it 'may store in the key that it reads' do
      call('SADD', 's', 3, 1, 2)
      expect(call('SORT', 's', 'STORE', 's')).to eq 3
      expect(call('LRANGE', 's', 0, -1)).to eq %w[1 2 3]
    end

    it 'takes the last of several destinations' do
      list(2, 1)
      expect(sorted('STORE', 'd', 'STORE', 'e')).to eq 2
      expect(call('EXISTS', 'd', 'e')).to eq 1
    end

    it 'sorts the bytes of a set that shall not be sorted' do
      call('SADD', 's', 3, 1, 10, 2)
      expect(call('SORT', 's', 'BY', 'nosort', 'STORE', 'd')).to eq 4
      expect(call('LRANGE', 'd', 0, -1)).to eq %w[1 10 2 3]
      call('SORT', 's', 'BY', 'nosort', 'DESC', 'LIMIT', 1, 2, 'GET', '#', 'STORE', 'd')
      expect(call('LRANGE', 'd', 0, -1)).to eq %w[2 10]
      call('ZADD', 'z', 1, 'b', 2, 'a')
      call('SORT', 'z', 'BY', 'nosort', 'STORE', 'd')
      expect(call('LRANGE', 'd', 0, -1)).to eq %w[b a]
    end

    it 'leaves everything alone when it fails' do
      call('SET', 'd', 'kept')
      list('1', 'x')
      expect(sorted('STORE', 'd')).to eq no_number
      expect(call('SORT', 'd', 'STORE', 'l')).to eq wrongtype
      expect(call('GET', 'd')).to eq 'kept'
      expect(call('LLEN', 'l')).to eq 2
    end

    it 'is not for SORT_RO' do
      list('1')
      expect(call('SORT_RO', 'l', 'STORE', 'd')).to eq syntax_error
      expect(call('EXISTS', 'd')).to eq 0
    end
  end

  it 'refuses nonsense, the options before the type' do
    call('SET', 'str', 'x')
    call('HSET', 'hash', 'f', 'x')
    list('x')
    expect(call('SORT', 'str')).to eq wrongtype
    expect(call('SORT', 'hash', 'BY', 'nosort')).to eq wrongtype
    expect(call('SORT_RO', 'str')).to eq wrongtype
    [%w[FOO], %w[BY], %w[GET], %w[STORE], %w[LIMIT], %w[LIMIT 1], %w[LIMIT 1 2 3], ['']].each do |options|
      expect(call('SORT', 'str', *options)).to eq syntax_error
    end
    [%w[LIMIT a 1], %w[LIMIT 1 a], %w[LIMIT 0 99999999999999999999], %w[LIMIT x y FOO]].each do |options|
      expect(call('SORT', 'str', *options)).to eq not_integer
    end
    expect(call('SORT', 'str', 'FOO', 'LIMIT', 'x', 'y')).to eq syntax_error
    expect(sorted).to eq no_number
    expect(call('SORT')).to eq error("ERR wrong number of arguments for 'sort' command")
    expect(call('SORT_RO')).to eq error("ERR wrong number of arguments for 'sort_ro' command")
  end

  it 'sorts big ones' do
    numbers = (1..3000).to_a.shuffle(random: Random.new(1))
    list(*numbers)
    call('MSET', *numbers.flat_map { |i| ["w#{i}", -i] })
    expect(sorted).to eq (1..3000).map(&:to_s)
    expect(sorted('BY', 'w*', 'LIMIT', 10, 3)).to eq %w[2990 2989 2988]
    expect(sorted('BY', 'w*', 'GET', 'w*', 'STORE', 'd')).to eq 3000
    expect(call('LRANGE', 'd', 0, 1)).to eq %w[-3000 -2999]
  end

  it 'stores from two proxies into each other\'s keys without deadlocks' do
    call('RPUSH', 'a', 2, 1)
    call('RPUSH', 'b', 4, 3)
    others = [%w[a b], %w[b a]].each_with_index.map do |keys, i|
      client = connect(port: ports[i % ports.size])
      Thread.new { Array.new(50) { client.call('SORT', keys[0], 'STORE', keys[1]) } }
    end
    expect(others.flat_map(&:value).uniq).to eq [2]
    expect(call('LRANGE', 'a', 0, -1)).to eq call('LRANGE', 'b', 0, -1)
  end
end
