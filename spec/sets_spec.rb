require_relative 'spec_helper'

RSpec.describe 'sets' do
  let(:wrongtype) { error('WRONGTYPE Operation against a key holding the wrong kind of value') }

  def make(key, *members)
    members.each_slice(1000) { |some| call('SADD', key, *some) }
  end

  def members(key)
    call('SMEMBERS', key).sort
  end

  # All that a whole SSCAN returns; the block runs between its steps.
  def scan(key, *options)
    cursor = '0'
    found = []
    loop do
      cursor, some = call('SSCAN', key, cursor, *options)
      found.concat(some)
      return found if cursor == '0'

      yield some if block_given?
    end
  end

  describe 'SADD, SREM, SCARD' do
    it 'add what is new, remove what is there, and count' do
      expect(call('SADD', 's', 'a')).to eq 1
      expect(call('SADD', 's', 'a')).to eq 0
      expect(call('SADD', 's', 'b', 'c', 'b', 'a')).to eq 2
      expect(call('SCARD', 's')).to eq 3
      expect(call('SREM', 's', 'b', 'x', 'b')).to eq 1
      expect(call('SREM', 's', 'x')).to eq 0
      expect(members('s')).to eq %w[a c]
      expect(call('SREM', 's', 'a')).to eq 1
      expect(call('SREM', 's', 'c')).to eq 1
      expect(call('EXISTS', 's')).to eq 0
      expect(call('SCARD', 's')).to eq 0
      expect(call('SREM', 's', 'c', 'd')).to eq 0
    end

    it 'keep every byte, and long members that begin alike' do
      all = [(0..255).to_a.pack('C*'), '', "\0".b, 'x' * 5000 + 'a', 'x' * 5000 + 'b', 'x' * 2000, 'x' * 1969]
      expect(call('SADD', 's', *all)).to eq all.size
      expect(members('s')).to eq all.sort
      all.each { |member| expect(call('SISMEMBER', 's', member)).to eq 1 }
      expect(call('SADD', 's', all[3])).to eq 0
      expect(call('SREM', 's', *all[3..])).to eq 4
      expect(members('s')).to eq all.first(3).sort
    end

    it 'take thousands of members at once' do
      all = Array.new(3000) { |i| "member:#{i}" }
      expect(call('SADD', 's', *all)).to eq 3000
      expect(call('SADD', 's', 'new', *all)).to eq 1
      expect(call('SREM', 's', *all.first(2000))).to eq 2000
      expect(members('s')).to eq (all.drop(2000) + ['new']).sort
      expect(call('SREM', 's', *all, 'new')).to eq 1001
      expect(call('EXISTS', 's')).to eq 0
    end

    it 'refuse other types and too few arguments' do
      call('SET', 'string', 'v')
      [%w[SADD string a], %w[SADD string a b], %w[SREM string a], %w[SREM string a b], %w[SCARD string], %w[SISMEMBER string a],
       %w[SMISMEMBER string a], %w[SMEMBERS string], %w[SPOP string], %w[SPOP string 2], %w[SRANDMEMBER string],
       %w[SRANDMEMBER string 2], %w[SSCAN string 0], %w[SMOVE string other a], %w[SINTER string], %w[SUNION none string],
       %w[SDIFF none string], %w[SINTERCARD 2 none string], %w[SUNIONSTORE d string], %w[SINTERSTORE d none string]].each do |command|
        expect(call(*command)).to eq(wrongtype), command.join(' ')
      end
      expect(call('SADD', 's')).to eq error("ERR wrong number of arguments for 'sadd' command")
      expect(call('SISMEMBER', 's')).to eq error("ERR wrong number of arguments for 'sismember' command")
    end

    it 'start anew after the expiry' do
      call('SADD', 's', 'a')
      call('PEXPIRE', 's', 1)
      eventually { expect(call('SISMEMBER', 's', 'a')).to eq 0 }
      expect(call('SREM', 's', 'a')).to eq 0
      expect(call('SPOP', 's')).to be_nil
      expect(call('SADD', 's', 'b')).to eq 1
      expect(members('s')).to eq %w[b]
      expect(call('TTL', 's')).to eq(-1)
    end
  end

  describe 'SISMEMBER, SMISMEMBER, SMEMBERS' do
    it 'tell what is in a set' do
      make('s', 'a', 'b')
      expect(call('SISMEMBER', 's', 'a')).to eq 1
      expect(call('SISMEMBER', 's', 'x')).to eq 0
      expect(call('SISMEMBER', 'none', 'x')).to eq 0
      expect(call('SMISMEMBER', 's', 'b', 'x', 'a', 'b')).to eq [1, 0, 1, 1]
      expect(call3('SMISMEMBER', 'none', 'b', 'x')).to eq [0, 0]
      expect(members('s')).to eq %w[a b]
      expect(call3('SMEMBERS', 's')).to eq Set['a', 'b']
      expect(call('SMEMBERS', 'none')).to eq []
      expect(call3('SMEMBERS', 'none')).to eq Set[]
    end

    it 'give few integers in their order' do
      make('s', *%w[10 9 -1 0 100 -9223372036854775808 9223372036854775807])
      expect(call('SMEMBERS', 's')).to eq %w[-9223372036854775808 -1 0 9 10 100 9223372036854775807]
      make('t', *%w[3 1 2])
      expect(call('SINTER', 't', 't')).to eq %w[1 2 3]
      expect(call('SUNION', 't', 'none')).to eq %w[1 2 3]
      expect(call('SDIFF', 't', 'none')).to eq %w[1 2 3]
      make('t', *%w[01 9223372036854775808])
      expect(members('t')).to eq %w[01 1 2 3 9223372036854775808]
    end
  end

  describe 'SPOP and SRANDMEMBER' do
    it 'take one' do
      make('s', 'a', 'b', 'c')
      popped = Array.new(3) { call('SPOP', 's') }
      expect(popped.sort).to eq %w[a b c]
      expect(call('SPOP', 's')).to be_nil
      expect(call('EXISTS', 's')).to eq 0
      expect(call('SRANDMEMBER', 's')).to be_nil
      make('s', 'a')
      expect(call('SRANDMEMBER', 's')).to eq 'a'
      expect(call('SCARD', 's')).to eq 1
    end

    it 'take some' do
      all = Array.new(100) { |i| "m#{i}" }
      make('s', *all)
      popped = call('SPOP', 's', 5)
      expect(popped.uniq.size).to eq 5
      popped += call('SPOP', 's', 60)
      expect(call('SPOP', 's', 0)).to eq []
      expect(call('SCARD', 's')).to eq 35
      expect((popped + call('SPOP', 's', 1000)).sort).to eq all.sort
      expect(call('EXISTS', 's')).to eq 0
      expect(call('SPOP', 's', 2)).to eq []
      make('s', 'a')
      expect(call3('SPOP', 's', 0)).to eq Set[]
      expect(call3('SPOP', 's', 2)).to eq Set['a']
      expect(call3('SPOP', 's', 2)).to eq Set[]
    end

    it 'show some: different ones, or with repetitions' do
      all = Array.new(50) { |i| "m#{i}" }
      make('s', *all)
      [1, 10, 30, 49].each do |count|
        shown = call('SRANDMEMBER', 's', count)
        expect(shown.uniq.size).to eq count
        expect(shown - all).to eq []
      end
      expect(call('SRANDMEMBER', 's', 50).sort).to eq all.sort
      expect(call('SRANDMEMBER', 's', 5000).sort).to eq all.sort
      shown = call('SRANDMEMBER', 's', -500)
      expect(shown.size).to eq 500
      expect(shown.uniq.size).to be_between(20, 50)
      expect(shown - all).to eq []
      expect(call('SRANDMEMBER', 's', 0)).to eq []
      expect(call3('SRANDMEMBER', 's', 2)).to be_an Array
      expect(call3('SRANDMEMBER', 'none', 2)).to eq []
      expect(call('SCARD', 's')).to eq 50
    end

    it 'are fair' do
      make('s', *'a'..'j')
      counts = call('SRANDMEMBER', 's', -10_000).tally
      expect(counts.size).to eq 10
      expect(counts.values).to all be_between(500, 1800)
      counts = Array.new(600) do
        make('t', *'a'..'f')
        call('SPOP', 't')
      end.tally
      expect(counts.size).to eq 6
      expect(counts.values).to all be_between(30, 250)
    end

    it 'refuse wrong counts' do
      make('s', 'a')
      positive = error('ERR value is out of range, must be positive')
      ['-1', 'x', '9223372036854775808'].each { |count| expect(call('SPOP', 's', count)).to eq positive }
      expect(call('SRANDMEMBER', 's', 'x')).to eq error('ERR value is not an integer or out of range')
      expect(call('SRANDMEMBER', 's', '-9223372036854775808'))
        .to eq error('ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807')
      expect(call('SPOP', 's', '1', '2')).to eq error('ERR syntax error')
      expect(call('SRANDMEMBER', 's', '1', '2')).to eq error('ERR syntax error')
      expect(call('SRANDMEMBER', 's', 'x', '2', '3')).to eq error('ERR syntax error')
    end
  end

  describe 'SMOVE' do
    it 'moves a member' do
      make('s', 'a', 'b')
      make('d', 'b')
      expect(call('SMOVE', 's', 'd', 'a')).to eq 1
      expect(call('SMOVE', 's', 'd', 'b')).to eq 1
      expect(call('SMOVE', 's', 'd', 'b')).to eq 0
      expect(members('d')).to eq %w[a b]
      expect(call('EXISTS', 's')).to eq 0
      expect(call('SMOVE', 'd', 'new', 'x')).to eq 0
      expect(call('SMOVE', 'd', 'new', 'a')).to eq 1
      expect(members('new')).to eq %w[a]
      expect(call('SMOVE', 'new', 'new', 'a')).to eq 1
      expect(call('SMOVE', 'new', 'new', 'x')).to eq 0
      expect(members('new')).to eq %w[a]
    end

    it 'refuses other types' do
      call('SET', 'string', 'v')
      make('s', 'a')
      expect(call('SMOVE', 's', 'string', 'a')).to eq wrongtype
      expect(call('SMOVE', 's', 'string', 'x')).to eq wrongtype
      expect(call('SMOVE', 'none', 'string', 'a')).to eq 0
      expect(members('s')).to eq %w[a]
    end
  end

  describe 'SINTER, SUNION, SDIFF' do
    before do
      make('a', *%w[1 2 3 x y])
      make('b', *%w[2 3 x z])
      make('c', *%w[3 x])
    end

    it 'combine sets' do
      expect(call('SINTER', 'a', 'b').sort).to eq %w[2 3 x]
      expect(call('SINTER', 'a', 'b', 'c').sort).to eq %w[3 x]
      expect(call('SINTER', 'a', 'none', 'b')).to eq []
      expect(call('SINTER', 'a').sort).to eq %w[1 2 3 x y]
      expect(call('SUNION', 'a', 'b', 'none').sort).to eq %w[1 2 3 x y z]
      expect(call('SDIFF', 'a', 'b', 'none').sort).to eq %w[1 y]
      expect(call('SDIFF', 'a', 'a')).to eq []
      expect(call('SDIFF', 'none', 'a')).to eq []
      expect(call3('SINTER', 'a', 'c')).to eq Set['3', 'x']
      expect(call3('SUNION', 'c', 'c')).to eq Set['3', 'x']
      expect(call3('SDIFF', 'a', 'b')).to eq Set['1', 'y']
      expect(call3('SDIFF', 'none')).to eq Set[]
    end

    it 'store the result whatever was there' do
      expect(call('SINTERSTORE', 'd', 'a', 'b')).to eq 3
      expect(members('d')).to eq %w[2 3 x]
      call('EXPIRE', 'd', 100)
      expect(call('SUNIONSTORE', 'd', 'd', 'c', 'none')).to eq 3
      expect(call('TTL', 'd')).to eq(-1)
      call('SET', 'd', 'v')
      expect(call('SDIFFSTORE', 'd', 'a', 'b')).to eq 2
      expect(members('d')).to eq %w[1 y]
      expect(call('SINTERSTORE', 'd', 'a', 'none')).to eq 0
      expect(call('EXISTS', 'd')).to eq 0
      expect(call('SUNIONSTORE', 'd', 'none')).to eq 0
      expect(call('SDIFFSTORE', 'a', 'a', 'b')).to eq 2
      expect(members('a')).to eq %w[1 y]
    end

    it 'count, up to a limit' do
      expect(call('SINTERCARD', 2, 'a', 'b')).to eq 3
      expect(call('SINTERCARD', 2, 'a', 'b', 'LIMIT', 2)).to eq 2
      expect(call('SINTERCARD', 2, 'a', 'b', 'limit', 0)).to eq 3
      expect(call('SINTERCARD', 2, 'a', 'b', 'LIMIT', 1, 'LIMIT', 9)).to eq 3
      expect(call('SINTERCARD', 2, 'a', 'none')).to eq 0
      positive = error('ERR numkeys should be greater than 0')
      expect(call('SINTERCARD', 0, 'a')).to eq positive
      expect(call('SINTERCARD', 'x', 'a')).to eq positive
      expect(call('SINTERCARD', 2, 'a')).to eq error("ERR Number of keys can't be greater than number of args")
      expect(call('SINTERCARD', 2**63 - 1, 'a')).to eq error("ERR Number of keys can't be greater than number of args")
      expect(call('SINTERCARD', 1, 'a', 'LIMIT', -1)).to eq error("ERR LIMIT can't be negative")
      expect(call('SINTERCARD', 1, 'a', 'LIMIT', 'x')).to eq error("ERR LIMIT can't be negative")
      expect(call('SINTERCARD', 1, 'a', 'LIMIT')).to eq error('ERR syntax error')
      expect(call('SINTERCARD', 1, 'a', 'b')).to eq error('ERR syntax error')
    end
  end

  describe 'SSCAN' do
    it 'goes through all' do
      all = Array.new(1000) { |i| "m#{i}" }
      make('s', *all)
      expect(scan('s').sort).to eq all.sort
      expect(scan('s', 'COUNT', 100).sort).to eq all.sort
      expect(scan('s', 'MATCH', 'm1*').sort).to eq all.grep(/\Am1/).sort
      expect(scan('s', 'MATCH', 'm[12]?', 'COUNT', 5000).sort).to eq all.grep(/\Am[12].\z/).sort
    end

    it 'gives few integers at once' do
      make('s', *0..300)
      expect(call('SSCAN', 's', 0)).to eq ['0', (0..300).map(&:to_s)]
      expect(call('SSCAN', 's', 0, 'MATCH', '1?', 'COUNT', 1)).to eq ['0', (10..19).map(&:to_s)]
    end

    it 'returns all that stays, while others come and go' do
      staying = Array.new(500) { |i| "stay:#{i}" }
      leaving = Array.new(500) { |i| "leave:#{i}" }
      make('s', *staying.zip(leaving).flatten)
      found = scan('s', 'COUNT', 20) do
        call('SREM', 's', *leaving.shift(15), leaving.pop)
        call('SADD', 's', "new:#{leaving.size}")
      end
      expect(staying - found).to eq []
    end

    it 'checks the cursor, then the key, then the options' do
      make('s', 'a')
      expect(call('SSCAN', 's', 'x')).to eq error('ERR invalid cursor')
      expect(call('SSCAN', 'none', 'x')).to eq error('ERR invalid cursor')
      expect(call('SSCAN', 'none', 0, 'WRONG')).to eq ['0', []]
      expect(call('SSCAN', 's', 0, 'WRONG')).to eq error('ERR syntax error')
      expect(call('SSCAN', 's', 0, 'COUNT', 0)).to eq error('ERR syntax error')
      expect(call('SSCAN', 's', 0, 'COUNT', 'x')).to eq error('ERR value is not an integer or out of range')
      expect(call('SSCAN', 's', 0, 'TYPE', 'set')).to eq error('ERR syntax error')
    end
  end

  it 'keeps its count and its members together through random calls' do
    random = Random.new(7)
    model = Set.new
    300.times do
      some = Array.new(random.rand(1..12)) { "m#{random.rand(60)}" }
      case random.rand(4)
      when 0, 1
        expect(call('SADD', 's', *some)).to eq some.count { |member| model.add?(member) }
      when 2
        expect(call('SREM', 's', *some)).to eq some.count { |member| model.delete?(member) }
      when 3
        popped = call('SPOP', 's', random.rand(4))
        expect(popped - model.to_a).to eq []
        model.subtract(popped)
      end
      expect(call('SCARD', 's')).to eq model.size
    end
    expect(members('s')).to eq model.to_a.sort
    expect(call('SRANDMEMBER', 's', -1000).to_set).to eq model
  end
end
