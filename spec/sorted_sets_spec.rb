require_relative 'spec_helper'

RSpec.describe 'sorted sets' do
  let(:wrongtype) { error('WRONGTYPE Operation against a key holding the wrong kind of value') }
  let(:syntax) { error('ERR syntax error') }
  let(:no_integer) { error('ERR value is not an integer or out of range') }
  let(:no_float) { error('ERR value is not a valid float') }
  let(:no_bound) { error('ERR min or max is not a float') }
  let(:no_lex_bound) { error('ERR min or max not valid string range item') }

  def make(key, scores)
    scores.each_slice(1000) { |some| call('ZADD', key, *some.flat_map { |member, score| [score, member] }) }
  end

  # Members and scores, in order.
  def pairs(key)
    call('ZRANGE', key, 0, -1, 'WITHSCORES').each_slice(2).to_a
  end

  def scan(key, *options)
    cursor = '0'
    found = []
    loop do
      cursor, some = call('ZSCAN', key, cursor, *options)
      found.concat(some.each_slice(2).to_a)
      return found if cursor == '0'

      yield some if block_given?
    end
  end

  describe 'ZADD' do
    it 'adds members and changes scores' do
      expect(call('ZADD', 'z', 1, 'a')).to eq 1
      expect(call('ZADD', 'z', 2, 'a')).to eq 0
      expect(call('ZADD', 'z', 2, 'a')).to eq 0
      expect(call('ZADD', 'z', 3, 'b', 1, 'c', 1, 'a')).to eq 2
      expect(pairs('z')).to eq [%w[a 1], %w[c 1], %w[b 3]]
      expect(call('ZCARD', 'z')).to eq 3
      expect(call('ZCARD', 'none')).to eq 0
    end

    it 'takes pairs in order, one member several times too' do
      expect(call('ZADD', 'z', 1, 'a', 5, 'a', 3, 'a')).to eq 1
      expect(call('ZSCORE', 'z', 'a')).to eq '3'
      expect(call('ZADD', 'z', 'CH', 4, 'a', 4, 'a', 3, 'a', 1, 'b', 2, 'b')).to eq 4
      expect(call('ZADD', 'z', 'GT', 'CH', 2, 'a', 5, 'a', 4, 'a', 6, 'a', 1, 'c', 3, 'c')).to eq 4
      expect(call('ZADD', 'z', 'LT', 'CH', 9, 'a', 2, 'a', 1, 'a', 7, 'd', 6, 'd', 8, 'd')).to eq 4
      expect(call('ZADD', 'z', 'NX', 'CH', 9, 'a', 5, 'e', 6, 'e')).to eq 1
      expect(call('ZADD', 'z', 'XX', 'CH', 9, 'a', 5, 'f', 6, 'f')).to eq 1
      expect(pairs('z')).to eq [%w[b 2], %w[c 3], %w[e 5], %w[d 6], %w[a 9]]
    end

    it 'knows NX, XX, GT, LT, CH' do
      call('ZADD', 'z', 5, 'a')
      expect(call('ZADD', 'z', 'NX', 9, 'a', 1, 'b')).to eq 1
      expect(call('ZADD', 'z', 'XX', 6, 'a', 1, 'c')).to eq 0
      expect(call('ZADD', 'z', 'xx', 'ch', 7, 'a', 1, 'c')).to eq 1
      expect(call('ZADD', 'z', 'GT', 'CH', 6, 'a', 8, 'b', 2, 'd')).to eq 2
      expect(call('ZADD', 'z', 'XX', 'LT', 'CH', 6, 'a', 9, 'b', 2, 'e')).to eq 1
      expect(pairs('z')).to eq [%w[d 2], %w[a 6], %w[b 8]]
      expect(call('ZADD', 'none', 'XX', 1, 'a')).to eq 0
      expect(call('EXISTS', 'none')).to eq 0
    end

    it 'increases with INCR' do
      expect(call('ZADD', 'z', 'INCR', 5, 'a')).to eq '5'
      expect(call3('ZADD', 'z', 'INCR', 1.5, 'a')).to eq 6.5
      expect(call('ZADD', 'z', 'NX', 'INCR', 1, 'a')).to be_nil
      expect(call('ZADD', 'z', 'XX', 'INCR', 1, 'b')).to be_nil
      expect(call('ZADD', 'none', 'XX', 'INCR', 1, 'b')).to be_nil
      expect(call('ZADD', 'z', 'GT', 'INCR', -1, 'a')).to be_nil
      expect(call('ZADD', 'z', 'LT', 'INCR', -1, 'a')).to eq '5.5'
      expect(call('ZADD', 'z', 'GT', 'INCR', 2, 'b')).to eq '2'
      expect(call('EXISTS', 'none')).to eq 0
    end

    it 'refuses wrong options and scores before it does anything' do
      call('SET', 'string', 'v')
      comparisons = error('ERR GT, LT, and/or NX options at the same time are not compatible')
      { %w[NX XX 1 a] => error('ERR XX and NX options at the same time are not compatible'),
        %w[GT LT 1 a] => comparisons, %w[NX GT 1 a] => comparisons, %w[LT NX 1 a] => comparisons,
        %w[INCR 1 a 2 b] => error('ERR INCR option supports a single increment-element pair'),
        %w[INCR NX] => syntax, %w[1 a 2] => syntax, %w[NX 1 a 2] => syntax, %w[x a] => no_float, %w[1 a x b] => no_float,
        %w[1 a 2 b CH c] => no_float, %w[nan a] => no_float, %w[1e400 a] => no_float, [' 1', 'a'] => no_float, ['', 'a'] => no_float,
        %w[1] => error("ERR wrong number of arguments for 'zadd' command") }.each do |arguments, expected|
        expect(call('ZADD', 'string', *arguments)).to eq(expected), arguments.join(' ')
      end
      expect(call('ZADD', 'string', 1, 'a')).to eq wrongtype
      expect(call('ZADD', 'string', 'XX', 1, 'a')).to eq wrongtype
      expect(call('ZADD', 'string', 'INCR', 1, 'a')).to eq wrongtype
      expect(call('ZADD', 'z', 1, 'a', 'x', 'b')).to eq no_float
      expect(call('EXISTS', 'z')).to eq 0
    end

    it 'takes and shows all kinds of numbers' do
      { '1.5' => '1.5', '+3' => '3', '-0' => '0', '.5' => '0.5', '5.' => '5', '1e3' => '1000', '3.1' => '3.1000000000000001',
        '0.1' => '0.10000000000000001', 'inf' => 'inf', '+INF' => 'inf', '-Infinity' => '-inf', '1e-10' => '1e-10',
        '1e17' => '1e+17', '1e16' => '10000000000000000', '123456789012345678' => '1.2345678901234568e+17', '0x10' => '16',
        '1.7976931348623157e308' => '1.7976931348623157e+308', '5e-324' => '4.9406564584124654e-324',
        '0.0001' => '0.0001', '0.00001' => '1.0000000000000001e-05', '-2.5e-7' => '-2.4999999999999999e-07' }.each do |given, shown|
        call('ZADD', 'z', given, 'm')
        expect(call('ZSCORE', 'z', 'm')).to eq(shown), given
        next if shown.end_with?('e+17') # small ones are shown as integers by ZSCAN

        expect(call('ZSCAN', 'z', 0)).to eq(['0', ['m', shown]]), given
      end
      expect(call('ZADD', 'z', '123456789012345678', 'm')).to eq 0
      expect(call('ZSCAN', 'z', 0)).to eq ['0', %w[m 123456789012345680]]
    end

    it 'takes thousands of pairs at once' do
      scores = Array.new(3000) { |i| ["m#{i}", i % 100] }
      expect(call('ZADD', 'z', *scores.flat_map(&:reverse))).to eq 3000
      expect(call('ZADD', 'z', 'CH', 50, 'new', *scores.flat_map { |member, score| [score + 1, member] })).to eq 3001
      expect(call('ZCOUNT', 'z', 50, 50)).to eq 31
      expect(call('ZRANGE', 'z', 0, 1)).to eq %w[m0 m100]
      expect(call('ZREM', 'z', *scores.map(&:first))).to eq 3000
      expect(pairs('z')).to eq [%w[new 50]]
    end

    it 'keeps every byte, and long members that begin alike' do
      members = [(0..255).to_a.pack('C*'), '', "\0".b, 'x' * 5000 + 'a', 'x' * 5000 + 'b', 'x' * 2000]
      make('z', members.each_with_index.to_a)
      expect(call('ZRANGE', 'z', 0, -1)).to eq members
      members.each_with_index do |member, i|
        expect(call('ZSCORE', 'z', member)).to eq i.to_s
        expect(call('ZRANK', 'z', member)).to eq i
      end
      expect(call('ZADD', 'z', 9, members[3])).to eq 0
      expect(call('ZREM', 'z', *members[2..4])).to eq 3
      expect(call('ZPOPMAX', 'z')).to eq ['x' * 2000, '5']
      expect(call('ZMSCORE', 'z', *members)).to eq ['0', '1', nil, nil, nil, nil]
    end

    it 'starts anew after the expiry' do
      call('ZADD', 'z', 1, 'a')
      call('PEXPIRE', 'z', 1)
      eventually { expect(call('ZSCORE', 'z', 'a')).to be_nil }
      expect(call('ZPOPMIN', 'z')).to eq []
      expect(call('ZADD', 'z', 2, 'b')).to eq 1
      expect(pairs('z')).to eq [%w[b 2]]
      expect(call('TTL', 'z')).to eq(-1)
    end
  end

  describe 'ZINCRBY' do
    it 'answers a negative zero for a new member only' do
      expect(resp2.pipeline([%w[ZINCRBY z -0 a], %w[ZINCRBY z -0.0 a], %w[ZSCORE z a], %w[ZINCRBY z -0 b], %w[ZADD z INCR -0 c], %w[ZINCRBY z 0 c],
                             %w[ZADD y INCR -0 a], %w[ZRANGE z 0 -1 WITHSCORES]]))
        .to eq ['-0', '0', '0', '-0', '-0', '0', '-0', %w[a 0 b 0 c 0]]
      expect(call3('ZINCRBY', 'z', '-0', 'd').to_s).to eq '-0.0'
    end

    it 'takes the smallest numbers there are' do
      expect(resp2.pipeline([%w[ZINCRBY z 5e-324 a], %w[ZADD z INCR -5e-324 b], %w[ZINCRBY z 5e-324 a], %w[ZADD z 5e-324 c], %w[ZINCRBY z -5e-324 c]]))
        .to eq %w[4.9406564584124654e-324 -4.9406564584124654e-324 9.8813129168249309e-324] + [1, '0']
    end

    it 'adds to a score' do
      expect(call('ZINCRBY', 'z', 5, 'a')).to eq '5'
      expect(call('ZINCRBY', 'z', -7.5, 'a')).to eq '-2.5'
      expect(call3('ZINCRBY', 'z', 0, 'a')).to eq(-2.5)
      expect(call('ZINCRBY', 'z', '1e308', 'a')).to eq '1e+308'
      expect(call('ZINCRBY', 'z', '1e308', 'a')).to eq 'inf'
      expect(call('ZINCRBY', 'z', '1', 'a')).to eq 'inf'
      expect(call('ZINCRBY', 'z', '-inf', 'a')).to eq error('ERR resulting score is not a number (NaN)')
      expect(call('ZADD', 'z', 'INCR', '-inf', 'a')).to eq error('ERR resulting score is not a number (NaN)')
      expect(call('ZINCRBY', 'z', 1, 'b')).to eq '1'
      expect(pairs('z')).to eq [%w[b 1], %w[a inf]]
    end

    it 'refuses no numbers and other types' do
      call('SET', 'string', 'v')
      expect(call('ZINCRBY', 'string', 'x', 'a')).to eq no_float
      expect(call('ZINCRBY', 'string', 1, 'a')).to eq wrongtype
    end
  end

  describe 'ZSCORE, ZMSCORE, ZRANK, ZREVRANK' do
    before { make('z', 'a' => 1, 'b' => 2, 'c' => 2, 'd' => 3) }

    it 'look at members' do
      expect(call('ZSCORE', 'z', 'a')).to eq '1'
      expect(call3('ZSCORE', 'z', 'a')).to eq 1.0
      expect(call('ZSCORE', 'z', 'x')).to be_nil
      expect(call('ZSCORE', 'none', 'x')).to be_nil
      expect(call('ZMSCORE', 'z', 'a', 'x', 'd')).to eq ['1', nil, '3']
      expect(call3('ZMSCORE', 'z', 'a', 'x')).to eq [1.0, nil]
      expect(call('ZMSCORE', 'none', 'a', 'x')).to eq [nil, nil]
      expect(%w[a b c d x].map { |member| call('ZRANK', 'z', member) }).to eq [0, 1, 2, 3, nil]
      expect(%w[a b c d x].map { |member| call('ZREVRANK', 'z', member) }).to eq [3, 2, 1, 0, nil]
      expect(call('ZRANK', 'none', 'a')).to be_nil
    end

    it 'tell the score too', pgredis_only: 'WITHSCORE came with Redis 7.2' do
      expect(call('ZRANK', 'z', 'c', 'WITHSCORE')).to eq [2, '2']
      expect(call3('ZREVRANK', 'z', 'c', 'withscore')).to eq [1, 2.0]
      expect(call('ZRANK', 'z', 'x', 'WITHSCORE')).to eq NULL_ARRAY
      expect(call3('ZRANK', 'z', 'x', 'WITHSCORE')).to be_nil
      expect(call('ZRANK', 'z', 'c', 'x')).to eq syntax
    end
  end

  it 'refuse other types' do
    call('SET', 'string', 'v')
    [%w[ZCARD string], %w[ZSCORE string a], %w[ZMSCORE string a], %w[ZRANK string a], %w[ZREVRANK string a], %w[ZREM string a],
     %w[ZCOUNT string 1 2], %w[ZLEXCOUNT string - +], %w[ZRANGE string 0 1], %w[ZRANGE string 0 1 REV], %w[ZREVRANGE string 0 1],
     %w[ZRANGEBYSCORE string 1 2], %w[ZREVRANGEBYSCORE string 2 1], %w[ZRANGEBYLEX string - +], %w[ZREVRANGEBYLEX string + -],
     %w[ZRANGESTORE d string 0 1], %w[ZPOPMIN string], %w[ZPOPMAX string 2], %w[ZMPOP 1 string MIN], %w[ZRANDMEMBER string],
     %w[ZRANDMEMBER string 2], %w[ZSCAN string 0], %w[ZREMRANGEBYRANK string 0 1], %w[ZREMRANGEBYSCORE string 0 1],
     %w[ZREMRANGEBYLEX string - +], %w[ZUNION 1 string], %w[ZINTER 2 none string], %w[ZDIFF 2 none string],
     %w[ZINTERCARD 2 none string], %w[ZUNIONSTORE d 1 string], %w[ZINTERSTORE d 2 none string]].each do |command|
      expect(call(*command)).to eq(wrongtype), command.join(' ')
    end
  end

  describe 'ranges by position' do
    before { make('z', 'a' => 1, 'b' => 2, 'c' => 3, 'd' => 3, 'e' => 5) }

    it 'come from any place, either way round' do
      expect(call('ZRANGE', 'z', 0, -1)).to eq %w[a b c d e]
      expect(call('ZRANGE', 'z', 1, 2)).to eq %w[b c]
      expect(call('ZRANGE', 'z', -2, -1)).to eq %w[d e]
      expect(call('ZRANGE', 'z', -100, 100)).to eq %w[a b c d e]
      expect(call('ZRANGE', 'z', 3, 1)).to eq []
      expect(call('ZRANGE', 'z', 5, 9)).to eq []
      expect(call('ZRANGE', 'none', 0, -1)).to eq []
      expect(call('ZREVRANGE', 'none', -2, 2**63 - 1)).to eq []
      expect(call('ZRANGE', 'z', -2**63, 2**63 - 1)).to eq %w[a b c d e]
      expect(call('ZRANGE', 'z', 3, -2**63)).to eq []
      expect(call('ZREVRANGE', 'z', 0, 1)).to eq %w[e d]
      expect(call('ZREVRANGE', 'z', 3, -1)).to eq %w[b a]
      expect(call('ZRANGE', 'z', 1, 3, 'REV')).to eq %w[d c b]
      expect(call('ZRANGE', 'z', 4, 4, 'rev', 'withscores')).to eq %w[a 1]
      expect(call('ZREVRANGE', 'z', 0, 1, 'WITHSCORES')).to eq %w[e 5 d 3]
      expect(call3('ZRANGE', 'z', 0, 1, 'WITHSCORES')).to eq [['a', 1.0], ['b', 2.0]]
      expect(call3('ZRANGE', 'z', 0, 1, 'REV')).to eq %w[e d]
      expect(call3('ZREVRANGE', 'z', 4, 4, 'WITHSCORES')).to eq [['a', 1.0]]
      expect(call3('ZRANGE', 'none', 0, 1, 'WITHSCORES')).to eq []
    end

    it 'refuse wrong options' do
      limit = error('ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX')
      expect(call('ZRANGE', 'z', 'a', 1)).to eq no_integer
      expect(call('ZRANGE', 'z', 0, '1.0')).to eq no_integer
      expect(call('ZRANGE', 'z', 0, -1, 'WRONG')).to eq syntax
      expect(call('ZRANGE', 'z', 0, -1, 'LIMIT', 0, 1)).to eq limit
      expect(call('ZREVRANGE', 'z', 0, -1, 'LIMIT', 0, 1)).to eq limit
      expect(call('ZRANGE', 'z', 0, 1, 'LIMIT', 0, -1)).to eq %w[a b]
      expect(call('ZRANGE', 'z', 0, -1, 'LIMIT', 0)).to eq syntax
      expect(call('ZREVRANGE', 'z', 0, -1, 'REV')).to eq syntax
      expect(call('ZREVRANGE', 'z', 0, -1, 'BYSCORE')).to eq syntax
      expect(call('ZRANGE', 'z', 'x', 'y', 'REV')).to eq no_integer
    end
  end

  describe 'ranges by score' do
    before { make('z', 'a' => '-inf', 'b' => 1, 'c' => 2, 'd' => 2, 'e' => 3.5, 'f' => 'inf') }

    it 'have inclusive, exclusive and infinite bounds' do
      { %w[-inf +inf] => 'abcdef', %w[1 2] => 'bcd', %w[(1 2] => 'cd', %w[1 (2] => 'b', %w[(1 (2] => '', %w[2 2] => 'cd', %w[(2 2] => '',
        %w[2 (2] => '', %w[2 1] => '', %w[(-inf (inf] => 'bcde', %w[inf inf] => 'f', %w[-inf -inf] => 'a', %w[3 1e400] => 'ef',
        ['', '2'] => 'bcd', ['(', ' 2'] => 'bcd', %w[0x1 +2.0] => 'bcd' }.each do |(min, max), members|
        expect(call('ZRANGEBYSCORE', 'z', min, max)).to eq(members.chars), "#{min} #{max}"
        expect(call('ZREVRANGEBYSCORE', 'z', max, min)).to eq(members.reverse.chars), "#{max} #{min}"
        expect(call('ZRANGE', 'z', min, max, 'BYSCORE')).to eq(members.chars), "#{min} #{max}"
        expect(call('ZRANGE', 'z', max, min, 'BYSCORE', 'REV')).to eq(members.reverse.chars), "#{max} #{min}"
        expect(call('ZCOUNT', 'z', min, max)).to eq(members.size), "#{min} #{max}"
      end
    end

    it 'have limits and scores' do
      expect(call('ZRANGEBYSCORE', 'z', 1, 'inf', 'LIMIT', 1, 2)).to eq %w[c d]
      expect(call('ZRANGEBYSCORE', 'z', 1, 'inf', 'LIMIT', 2, -1)).to eq %w[d e f]
      expect(call('ZRANGEBYSCORE', 'z', 1, 'inf', 'LIMIT', -1, 2)).to eq []
      expect(call('ZRANGEBYSCORE', 'z', 1, 'inf', 'LIMIT', 9, 2)).to eq []
      expect(call('ZRANGEBYSCORE', 'z', 1, 'inf', 'LIMIT', 0, 0)).to eq []
      expect(call('ZRANGEBYSCORE', 'z', 1, 3, 'WITHSCORES', 'LIMIT', 0, 2)).to eq %w[b 1 c 2]
      expect(call('ZREVRANGEBYSCORE', 'z', 'inf', 1, 'LIMIT', 1, 2, 'WITHSCORES')).to eq ['e', '3.5', 'd', '2']
      expect(call3('ZRANGEBYSCORE', 'z', 1, 2, 'WITHSCORES', 'LIMIT', 0, 2)).to eq [['b', 1.0], ['c', 2.0]]
      expect(call3('ZRANGE', 'z', '+inf', '(2', 'BYSCORE', 'REV', 'WITHSCORES')).to eq [['f', Float::INFINITY], ['e', 3.5]]
      expect(call3('ZRANGEBYSCORE', 'z', 1, 2)).to eq %w[b c d]
    end

    it 'refuse wrong bounds and options, before looking at the key' do
      call('SET', 'string', 'v')
      %w[ZRANGEBYSCORE ZREVRANGEBYSCORE ZCOUNT ZREMRANGEBYSCORE].each do |command|
        ['a 1', '1 nan', '1 ((2', '1 1x', '1 [2'].map(&:split).each { |bounds| expect(call(command, 'string', *bounds)).to eq no_bound }
      end
      expect(call('ZRANGE', 'string', 'a', 1, 'BYSCORE')).to eq no_bound
      expect(call('ZRANGEBYSCORE', 'z', 1, 2, 'WRONG')).to eq syntax
      expect(call('ZRANGEBYSCORE', 'z', 1, 2, 'LIMIT', 1)).to eq syntax
      expect(call('ZRANGEBYSCORE', 'z', 1, 2, 'LIMIT', 'x', 1)).to eq no_integer
      expect(call('ZRANGEBYSCORE', 'z', 1, 2, 'REV')).to eq syntax
      expect(call('ZRANGE', 'z', 1, 2, 'BYSCORE', 'BYLEX')).to eq syntax
    end
  end

  describe 'ranges by bytes' do
    before { make('z', %w[a aa b c d].to_h { |member| [member, 0] }) }

    it 'have inclusive, exclusive and infinite bounds' do
      { '- +' => 'a aa b c d', '[a [c' => 'a aa b c', '(a (c' => 'aa b', '[aa +' => 'aa b c d', '- (aa' => 'a', '[b [b' => 'b',
        '(b (b' => '', '[c [a' => '', '+ -' => '', '- -' => '', '+ +' => '', '[ [b' => 'a aa b', '( +' => 'a aa b c d' }.each do |range, found|
        min, max = range.split
        members = found.split
        expect(call('ZRANGEBYLEX', 'z', min, max)).to eq(members), "#{min} #{max}"
        expect(call('ZREVRANGEBYLEX', 'z', max, min)).to eq(members.reverse), "#{max} #{min}"
        expect(call('ZRANGE', 'z', min, max, 'BYLEX')).to eq(members), "#{min} #{max}"
        expect(call('ZRANGE', 'z', max, min, 'BYLEX', 'REV')).to eq(members.reverse), "#{max} #{min}"
        expect(call('ZLEXCOUNT', 'z', min, max)).to eq(members.size), "#{min} #{max}"
      end
    end

    it 'take members in between when their scores differ' do
      call('DEL', 'z')
      make('z', { 'a' => -1, 'aa' => 0, 'b' => 1, 'c' => 2, 'd' => 3 })
      { '[aa [c' => 'aa b c', '(aa (d' => 'b c', '- [b' => 'a aa b', '[b +' => 'b c d', '- +' => 'a aa b c d', '[c [b' => '', '[e +' => '' }.each do |range, found|
        min, max = range.split
        members = found.split
        expect(call('ZRANGE', 'z', min, max, 'BYLEX')).to eq(members), range
        expect(call('ZREVRANGEBYLEX', 'z', max, min)).to eq(members.reverse), range
        expect(call('ZLEXCOUNT', 'z', min, max)).to eq(members.size), range
        expect(call('ZRANGESTORE', 'd', 'z', min, max, 'BYLEX')).to eq(members.size), range
      end
      call('ZADD', 'z', 4, 'bb')
      expect(call('ZLEXCOUNT', 'z', '[c', '[d')).to eq 0 # the last one is below
      call('ZREM', 'z', 'bb')
      expect(call('ZRANGEBYLEX', 'z', '[aa', '+', 'LIMIT', 1, 2)).to eq %w[b c]
      expect(call('ZREMRANGEBYLEX', 'z', '(a', '[b')).to eq 2
      expect(pairs('z')).to eq [%w[a -1], %w[c 2], %w[d 3]]
    end

    it 'have limits' do
      expect(call('ZRANGEBYLEX', 'z', '-', '+', 'LIMIT', 1, 2)).to eq %w[aa b]
      expect(call('ZREVRANGEBYLEX', 'z', '+', '[b', 'LIMIT', 1, -1)).to eq %w[c b]
      expect(call3('ZRANGE', 'z', '-', '+', 'BYLEX', 'LIMIT', 0, 1)).to eq %w[a]
      expect(call('ZRANGEBYLEX', 'none', '-', '+')).to eq []
      expect(call('ZLEXCOUNT', 'none', '-', '+')).to eq 0
    end

    it 'refuse wrong bounds and options, before looking at the key' do
      call('SET', 'string', 'v')
      %w[ZRANGEBYLEX ZREVRANGEBYLEX ZLEXCOUNT ZREMRANGEBYLEX].each do |command|
        [['a', '[b'], ['[a', 'b'], ['-a', '+'], ['-', '+b'], ['', '+']].each { |bounds| expect(call(command, 'string', *bounds)).to eq no_lex_bound }
      end
      scores = error('ERR syntax error, WITHSCORES not supported in combination with BYLEX')
      expect(call('ZRANGE', 'z', '[a', '[c', 'BYLEX', 'WITHSCORES')).to eq scores
      expect(call('ZRANGEBYLEX', 'z', '[a', '[c', 'WITHSCORES')).to eq scores
      expect(call('ZRANGEBYLEX', 'z', '[a', '[c', 'BYSCORE')).to eq syntax
    end
  end

  describe 'ZRANGESTORE' do
    before { make('z', 'a' => 1, 'b' => 2, 'c' => 3) }

    it 'stores a range' do
      expect(call('ZRANGESTORE', 'd', 'z', 1, -1)).to eq 2
      expect(pairs('d')).to eq [%w[b 2], %w[c 3]]
      call('SET', 'd', 'v')
      expect(call('ZRANGESTORE', 'd', 'z', '(3', '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, 1)).to eq 1
      expect(pairs('d')).to eq [%w[b 2]]
      expect(call('ZRANGESTORE', 'd', 'z', '[b', '+', 'BYLEX')).to be_an Integer
      expect(call('ZRANGESTORE', 'z', 'z', 0, 1)).to eq 2
      expect(pairs('z')).to eq [%w[a 1], %w[b 2]]
      expect(call('ZRANGESTORE', 'z', 'none', 0, -1)).to eq 0
      expect(call('EXISTS', 'z')).to eq 0
    end

    it 'refuses wrong options' do
      expect(call('ZRANGESTORE', 'd', 'z', 0, -1, 'WITHSCORES')).to eq syntax
      expect(call('ZRANGESTORE', 'd', 'z', 'x', -1)).to eq no_integer
      expect(call('ZRANGESTORE', 'd', 'z', 0)).to eq error("ERR wrong number of arguments for 'zrangestore' command")
    end
  end

  describe 'ZREM, ZREMRANGEBYRANK, ZREMRANGEBYSCORE, ZREMRANGEBYLEX' do
    before { make('z', 'a' => 1, 'b' => 2, 'c' => 3, 'd' => 4, 'e' => 5) }

    it 'remove' do
      expect(call('ZREM', 'z', 'a', 'x', 'a')).to eq 1
      expect(call('ZREM', 'z', 'x')).to eq 0
      expect(call('ZREMRANGEBYRANK', 'z', -1, -1)).to eq 1
      expect(call('ZREMRANGEBYRANK', 'z', 5, 9)).to eq 0
      expect(call('ZREMRANGEBYSCORE', 'z', '(2', 3)).to eq 1
      expect(call('ZREMRANGEBYSCORE', 'z', 7, 8)).to eq 0
      expect(pairs('z')).to eq [%w[b 2], %w[d 4]]
      expect(call('ZREMRANGEBYLEX', 'z', '-', '+')).to eq 2
      expect(call('EXISTS', 'z')).to eq 0
      make('z', %w[a b c d].to_h { |member| [member, 0] })
      expect(call('ZREMRANGEBYLEX', 'z', '[b', '(d')).to eq 2
      expect(call('ZREMRANGEBYRANK', 'z', 0, 0)).to eq 1
      expect(call('ZREM', 'z', 'd')).to eq 1
      expect(call('EXISTS', 'z')).to eq 0
      expect(call('ZREM', 'z', 'd')).to eq 0
      expect(call('ZREMRANGEBYRANK', 'z', 0, -1)).to eq 0
    end

    it 'refuse positions that are no integers before looking at the key' do
      call('SET', 'string', 'v')
      expect(call('ZREMRANGEBYRANK', 'string', 'x', 0)).to eq no_integer
    end
  end

  describe 'ZPOPMIN, ZPOPMAX, ZMPOP' do
    before { make('z', 'a' => 1, 'b' => 2, 'c' => 2, 'd' => 3.5, 'e' => 4) }

    it 'take from either end' do
      expect(call('ZPOPMIN', 'z')).to eq %w[a 1]
      expect(call('ZPOPMAX', 'z')).to eq %w[e 4]
      expect(call3('ZPOPMAX', 'z')).to eq ['d', 3.5]
      expect(call3('ZPOPMIN', 'z', 1)).to eq [['b', 2.0]]
      expect(call('ZPOPMAX', 'z', 0)).to eq []
      expect(call('ZPOPMAX', 'z', 9)).to eq %w[c 2]
      expect(call('EXISTS', 'z')).to eq 0
      expect(call('ZPOPMIN', 'z')).to eq []
      expect(call('ZPOPMIN', 'z', 2)).to eq []
      expect(call3('ZPOPMIN', 'z')).to eq []
    end

    it 'take several in order' do
      expect(call('ZPOPMAX', 'z', 3)).to eq ['e', '4', 'd', '3.5', 'c', '2']
      expect(call('ZPOPMIN', 'z', 3)).to eq %w[a 1 b 2]
    end

    it 'refuse wrong counts before looking at the key' do
      call('SET', 'string', 'v')
      positive = error('ERR value is out of range, must be positive')
      expect(call('ZPOPMIN', 'string', -1)).to eq positive
      expect(call('ZPOPMAX', 'string', 'x')).to eq positive
      expect(call('ZPOPMIN', 'string', 0)).to eq wrongtype
      expect(call('ZPOPMIN', 'z', 1, 2)).to eq syntax
    end

    it 'take from the first of several that is there' do
      make('y', 'x' => 1)
      expect(call('ZMPOP', 2, 'none', 'z', 'MIN')).to eq ['z', [%w[a 1]]]
      expect(call('ZMPOP', 2, 'z', 'y', 'MAX', 'COUNT', 2)).to eq ['z', [%w[e 4], ['d', '3.5']]]
      expect(call3('ZMPOP', 2, 'z', 'y', 'max', 'count', 9)).to eq ['z', [['c', 2.0], ['b', 2.0]]]
      expect(call('ZMPOP', 2, 'z', 'y', 'MIN')).to eq ['y', [%w[x 1]]]
      expect(call('EXISTS', 'z', 'y')).to eq 0
      expect(call('ZMPOP', 2, 'z', 'y', 'MIN')).to eq NULL_ARRAY
      expect(call3('ZMPOP', 1, 'z', 'MIN')).to be_nil
    end

    it 'refuse wrong arguments' do
      positive = error('ERR numkeys should be greater than 0')
      count = error('ERR count should be greater than 0')
      { %w[0 z MIN] => positive, %w[x z MIN] => positive, %w[-1 z MIN] => positive, %w[2 z MIN] => syntax, %w[1 z WRONG] => syntax,
        %w[9 z MIN] => syntax, %w[1 z MIN COUNT] => syntax, %w[1 z MIN COUNT 0] => count, %w[1 z MIN COUNT x] => count,
        %w[1 z MIN COUNT 1 COUNT 2] => syntax, %w[1 z MIN COUNT x more] => count, %w[1 z MIN WRONG 1] => syntax,
        %w[1 z] => error("ERR wrong number of arguments for 'zmpop' command") }.each do |arguments, expected|
        expect(call('ZMPOP', *arguments)).to eq(expected), arguments.join(' ')
      end
      call('SET', 'string', 'v')
      expect(call('ZMPOP', 2, 'string', 'z', 'MIN')).to eq wrongtype
    end
  end

  describe 'ZRANDMEMBER' do
    it 'shows some: different ones, or with repetitions' do
      { 20 => 'small', 1000 => 'large' }.each do |size, key|
        members = Array.new(size) { |i| "m#{i}" }
        make(key, members.each_with_index.to_a)
        expect(members).to include call('ZRANDMEMBER', key)
        [1, size / 10, size / 2, size - 1].each do |count|
          shown = call('ZRANDMEMBER', key, count)
          expect(shown.uniq.size).to eq count
          expect(shown - members).to eq []
        end
        expect(call('ZRANDMEMBER', key, size + 5).sort).to eq members.sort
        shown = call('ZRANDMEMBER', key, -size * 2)
        expect(shown.size).to eq size * 2
        expect(shown.uniq.size).to be_between(size / 2, size)
        call('ZRANDMEMBER', key, size / 20, 'WITHSCORES').each_slice(2) { |member, score| expect(member).to eq "m#{score}" }
        call3('ZRANDMEMBER', key, -7, 'withscores').each { |member, score| expect(member).to eq "m#{score.to_i}" }
      end
    end

    it 'is fair' do
      make('z', Array.new(200) { |i| ["m#{i}", 0] })
      counts = Array.new(4) { call('ZRANDMEMBER', 'z', -5000) }.flatten.tally
      expect(counts.size).to eq 200
      expect(counts.values.minmax).to all(be_between(15, 350))
    end

    it 'answers for absent keys and wrong counts' do
      make('z', 'a' => 1)
      expect(call('ZRANDMEMBER', 'none')).to be_nil
      expect(call('ZRANDMEMBER', 'none', 2)).to eq []
      expect(call3('ZRANDMEMBER', 'none', 2, 'WITHSCORES')).to eq []
      expect(call('ZRANDMEMBER', 'z', 0, 'WITHSCORES')).to eq []
      expect(call('ZRANDMEMBER', 'z', 'x')).to eq no_integer
      expect(call('ZRANDMEMBER', 'z', 'x', 'WRONG')).to eq no_integer
      expect(call('ZRANDMEMBER', 'z', 1, 'WRONG')).to eq syntax
      expect(call('ZRANDMEMBER', 'z', 1, 'WITHSCORES', 'x')).to eq syntax
      expect(call('ZRANDMEMBER', 'z', '-9223372036854775808'))
        .to eq error('ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807')
      expect(call('ZRANDMEMBER', 'z', '-4611686018427387904', 'WITHSCORES')).to eq error('ERR value is out of range')
    end
  end

  describe 'ZSCAN' do
    it 'gives small ones at once' do
      make('z', 'b' => 1.5, 'a' => 2, 'ab' => 3)
      expect(call('ZSCAN', 'z', 0)).to eq ['0', ['b', '1.5', 'a', '2', 'ab', '3']]
      expect(call3('ZSCAN', 'z', 0, 'MATCH', 'a*', 'COUNT', 1)).to eq ['0', %w[a 2 ab 3]]
      expect(call('ZSCAN', 'none', 0)).to eq ['0', []]
    end

    it 'goes through all' do
      scores = Array.new(1000) { |i| ["m#{i}", i.to_s] }
      make('z', scores)
      expect(scan('z').sort).to eq scores.sort
      expect(scan('z', 'COUNT', 100).sort).to eq scores.sort
      expect(scan('z', 'MATCH', 'm1*').sort).to eq scores.select { |member, _| member.start_with?('m1') }.sort
    end

    it 'returns all that stays, while others come and go and scores change' do
      staying = Array.new(500) { |i| "stay:#{i}" }
      leaving = Array.new(500) { |i| "leave:#{i}" }
      make('z', (staying + leaving).each_with_index.to_a)
      found = scan('z', 'COUNT', 20) do
        call('ZREM', 'z', *leaving.shift(15), leaving.pop)
        call('ZADD', 'z', rand(1000), staying.sample, rand(1000), staying.sample, 1, "new:#{leaving.size}")
      end
      expect(staying - found.map(&:first)).to eq []
    end

    it 'checks the cursor and the options' do
      make('z', 'a' => 1)
      expect(call('ZSCAN', 'z', 'x')).to eq error('ERR invalid cursor')
      expect(call('ZSCAN', 'z', 0, 'WRONG')).to eq syntax
      expect(call('ZSCAN', 'z', 0, 'COUNT', 0)).to eq syntax
    end
  end

  describe 'ZUNION, ZINTER, ZDIFF' do
    before do
      make('y', 'a' => 1, 'b' => 2, 'c' => 3)
      make('z', 'b' => 10, 'c' => 0.5, 'd' => 'inf')
      call('SADD', 's', 'c', 'd')
    end

    it 'combine sorted sets and sets' do
      expect(call('ZUNION', 2, 'y', 'z')).to eq %w[a c b d]
      expect(call('ZUNION', 2, 'y', 'z', 'WITHSCORES')).to eq ['a', '1', 'c', '3.5', 'b', '12', 'd', 'inf']
      expect(call('ZINTER', 3, 'y', 'z', 's', 'WITHSCORES')).to eq ['c', '4.5']
      expect(call('ZINTER', 2, 'y', 'none')).to eq []
      expect(call('ZDIFF', 2, 'y', 's', 'WITHSCORES')).to eq %w[a 1 b 2]
      expect(call('ZDIFF', 3, 'y', 's', 'z')).to eq %w[a]
      expect(call('ZDIFF', 1, 's', 'WITHSCORES')).to eq %w[c 1 d 1]
      expect(call('ZDIFF', 2, 'y', 'y')).to eq []
      expect(call3('ZUNION', 2, 'y', 's', 'WITHSCORES')).to eq [['a', 1.0], ['d', 1.0], ['b', 2.0], ['c', 4.0]]
      expect(call3('ZINTER', 2, 'y', 'z')).to eq %w[c b]
      expect(call3('ZDIFF', 2, 'y', 'z', 'WITHSCORES')).to eq [['a', 1.0]]
    end

    it 'weigh and aggregate' do
      expect(call('ZUNION', 2, 'y', 'z', 'WEIGHTS', 2, 0.5, 'WITHSCORES')).to eq ['a', '2', 'c', '6.25', 'b', '9', 'd', 'inf']
      expect(call('ZUNION', 2, 'y', 'z', 'AGGREGATE', 'MIN', 'WITHSCORES')).to eq ['c', '0.5', 'a', '1', 'b', '2', 'd', 'inf']
      expect(call('ZINTER', 2, 'y', 'z', 'AGGREGATE', 'max', 'WITHSCORES')).to eq %w[c 3 b 10]
      expect(call('ZUNION', 2, 'y', 'z', 'WEIGHTS', 1, 0, 'WITHSCORES')).to eq %w[d 0 a 1 b 2 c 3]
      expect(call('ZUNION', 2, 'y', 'z', 'weights', '-inf', 'inf', 'withscores')).to eq %w[a -inf b 0 c 0 d inf]
      expect(call('ZUNION', 2, 'y', 'y', 'WEIGHTS', '1e308', '1e308', 'WITHSCORES').last).to eq 'inf'
    end

    it 'add up in one order' do
      make('p', 'm' => 0.1, 'x' => 1, 'y' => 1)
      make('q', 'm' => 0.2, 'x' => 1)
      make('r', 'm' => 0.3)
      expect(call('ZINTER', 3, 'p', 'q', 'r', 'WITHSCORES')).to eq call('ZINTER', 3, 'r', 'q', 'p', 'WITHSCORES')
      expect(call('ZINTER', 3, 'p', 'q', 'r', 'WITHSCORES')).to eq ['m', '0.59999999999999998']
    end

    it 'keep the sign of a zero in what they return, though not in what they store, and take what is no number for 0 as Redis does' do
      make('signs', 'a' => 0, 'b' => -1, 'c' => 2)
      call('SADD', 'flat', 'a', 'b')
      expect(call('ZUNION', 1, 'signs', 'WEIGHTS', 0, 'WITHSCORES')).to eq %w[a 0 b -0 c 0]
      expect(call('ZUNION', 1, 'flat', 'WEIGHTS', '-0', 'WITHSCORES')).to eq %w[a -0 b -0]
      %w[MIN MAX].each do |aggregate|
        expect(call('ZINTER', 2, 'flat', 'signs', 'WEIGHTS', 0, 0, 'AGGREGATE', aggregate, 'WITHSCORES')).to eq %w[a 0 b 0]
        expect(call('ZINTER', 2, 'flat', 'signs', 'WEIGHTS', '-0', 0, 'AGGREGATE', aggregate, 'WITHSCORES')).to eq %w[a -0 b -0]
      end
      call('ZUNIONSTORE', 'd', 1, 'signs', 'WEIGHTS', 0)
      expect(call('ZSCORE', 'd', 'b')).to eq '0'
      expect(call('ZUNION', 2, 'flat', 'signs', 'WEIGHTS', 1, 'inf', 'WITHSCORES')).to eq %w[b -inf a 1 c inf]
      expect(call('ZINTER', 2, 'flat', 'signs', 'WEIGHTS', 1, 'inf', 'WITHSCORES')).to eq %w[b -inf a 0]
      expect(call('ZINTER', 2, 'flat', 'signs', 'WEIGHTS', 1, 'inf', 'AGGREGATE', 'MAX', 'WITHSCORES')).to eq %w[a 1 b 1]
    end

    it 'store the result whatever was there' do
      expect(call('ZUNIONSTORE', 'd', 2, 'y', 'z')).to eq 4
      expect(pairs('d')).to eq [%w[a 1], ['c', '3.5'], %w[b 12], %w[d inf]]
      call('SET', 'd', 'v')
      expect(call('ZINTERSTORE', 'd', 2, 'y', 's', 'WEIGHTS', 2, 3)).to eq 1
      expect(pairs('d')).to eq [%w[c 9]]
      expect(call('ZDIFFSTORE', 'y', 2, 'y', 's')).to eq 2
      expect(pairs('y')).to eq [%w[a 1], %w[b 2]]
      expect(call('ZINTERSTORE', 'd', 2, 'y', 'none')).to eq 0
      expect(call('EXISTS', 'd')).to eq 0
    end

    it 'count, up to a limit' do
      expect(call('ZINTERCARD', 2, 'y', 'z')).to eq 2
      expect(call('ZINTERCARD', 2, 'y', 'z', 'LIMIT', 1)).to eq 1
      expect(call('ZINTERCARD', 2, 'y', 'z', 'LIMIT', 0)).to eq 2
      expect(call('ZINTERCARD', 2, 'y', 'none')).to eq 0
      expect(call('ZINTERCARD', 2, 'y', 'z', 'LIMIT', -1)).to eq error("ERR LIMIT can't be negative")
      expect(call('ZINTERCARD', 2, 'y', 'z', 'LIMIT', 'x')).to eq error("ERR LIMIT can't be negative")
      expect(call('ZINTERCARD', 2, 'y', 'z', 'WITHSCORES')).to eq syntax
    end

    it 'refuse wrong arguments' do
      %w[ZUNION ZINTER ZDIFF ZINTERCARD].each do |command|
        none = error("ERR at least 1 input key is needed for '#{command.downcase}' command")
        expect(call(command, 0, 'y')).to eq none
        expect(call(command, -1, 'y')).to eq none
        expect(call(command, 'x', 'y')).to eq no_integer
        expect(call(command, -2**63, 'y')).to eq none
        expect(call(command, 3, 'y', 'z')).to eq syntax
        expect(call(command, 2**63 - 1, 'y', 'z')).to eq syntax
        expect(call(command, 1, 'y', 'WRONG')).to eq syntax
        next if command == 'ZINTERCARD'

        expect(call("#{command}STORE", 'd', 0, 'y')).to eq error("ERR at least 1 input key is needed for '#{command.downcase}store' command")
        expect(call("#{command}STORE", 'd', 2**63 - 1, 'y')).to eq syntax
        expect(call("#{command}STORE", 'd', 1, 'y', 'WITHSCORES')).to eq syntax
      end
      weight = error('ERR weight value is not a float')
      { %w[WEIGHTS 1] => syntax, %w[WEIGHTS 1 x] => weight, %w[WEIGHTS nan 1] => weight, %w[AGGREGATE] => syntax,
        %w[AGGREGATE AVG] => syntax, %w[LIMIT 1] => syntax }.each do |arguments, expected|
        expect(call('ZUNION', 2, 'y', 'z', *arguments)).to eq expected
      end
      expect(call('ZDIFF', 2, 'y', 'z', 'WEIGHTS', 1, 2)).to eq syntax
      expect(call('ZDIFF', 2, 'y', 'z', 'AGGREGATE', 'SUM')).to eq syntax
    end
  end

  it 'keep their count, scores and order together through random calls' do
    random = Random.new(7)
    model = {}
    400.times do
      member = "m#{random.rand(50)}"
      score = random.rand(20)
      case random.rand(6)
      when 0, 1, 2
        expect(call('ZADD', 'z', score, member)).to eq model.key?(member) ? 0 : 1
        model[member] = score
      when 3
        model[member] = model.fetch(member, 0) + score
        expect(call('ZINCRBY', 'z', score, member)).to eq model[member].to_s
      when 4
        expect(call('ZREM', 'z', member)).to eq model.delete(member) ? 1 : 0
      when 5
        lowest = model.min_by { |name, value| [value, name] }
        expect(call('ZPOPMIN', 'z')).to eq lowest ? [lowest[0], lowest[1].to_s] : []
        model.delete(lowest[0]) if lowest
      end
      expect(call('ZCARD', 'z')).to eq model.size
    end
    expect(pairs('z')).to eq model.sort_by { |name, value| [value, name] }.map { |name, value| [name, value.to_s] }
  end
end
