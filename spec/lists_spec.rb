require_relative 'spec_helper'

RSpec.describe 'lists' do
  let(:wrongtype) { error('WRONGTYPE Operation against a key holding the wrong kind of value') }

  def list(key = 'l')
    call('LRANGE', key, 0, -1)
  end

  def make(*elements)
    call('DEL', 'l')
    call('RPUSH', 'l', *elements)
  end

  describe 'LPUSH, RPUSH, LPUSHX, RPUSHX' do
    it 'add at either end, one after the other, and answer the length' do
      expect(call('LPUSH', 'l', 'a')).to eq 1
      expect(call('LPUSH', 'l', 'b', 'c')).to eq 3
      expect(call('RPUSH', 'l', 'x', 'y')).to eq 5
      expect(list).to eq %w[c b a x y]
    end

    it 'only to what exists, with X' do
      expect(call('LPUSHX', 'l', 'a')).to eq 0
      expect(call('RPUSHX', 'l', 'a', 'b')).to eq 0
      expect(call('EXISTS', 'l')).to eq 0
      call('RPUSH', 'l', 'm')
      expect(call('LPUSHX', 'l', 'a', 'b')).to eq 3
      expect(call('RPUSHX', 'l', 'z')).to eq 4
      expect(list).to eq %w[b a m z]
    end

    it 'refuse other types and too few arguments' do
      call('SET', 's', 'v')
      %w[LPUSH RPUSH LPUSHX RPUSHX].each do |command|
        expect(call(command, 's', 'a')).to eq wrongtype
        expect(call(command, 's')).to eq error("ERR wrong number of arguments for '#{command.downcase}' command")
      end
      expect(call('GET', 's')).to eq 'v'
    end

    it 'take any bytes, empty and long elements, and long keys' do
      elements = ['', "\x00\xFF\r\n".b, 'x' * 100_000]
      key = "k\x00".b + ('y' * 5000)
      expect(call('RPUSH', key, *elements)).to eq 3
      expect(call('LRANGE', key, 0, -1)).to eq elements
      expect(call('LPOP', key)).to eq ''
      expect(call('RPOP', key)).to eq elements[2]
      expect(call('LLEN', key)).to eq 1
    end

    it 'keep the time to live, and begin anew when it is over' do
      make('a')
      call('PEXPIRE', 'l', 100_000)
      call('RPUSH', 'l', 'b')
      expect(call('PTTL', 'l')).to be_between(1, 100_000)
      call('PEXPIRE', 'l', 1)
      eventually { expect(call('EXISTS', 'l')).to eq 0 }
      expect(call('RPUSHX', 'l', 'c')).to eq 0
      expect(call('RPUSH', 'l', 'c')).to eq 1
      expect(call('PTTL', 'l')).to eq(-1)
      expect(list).to eq ['c']
    end

    it 'take many elements at once' do
      many = (1..5000).map(&:to_s)
      expect(call('RPUSH', 'l', *many)).to eq 5000
      expect(call('LPUSH', 'l', *many)).to eq 10_000
      expect(list).to eq many.reverse + many
    end
  end

  describe 'LPOP, RPOP' do
    it 'take one, and delete the list with the last' do
      make('a', 'b', 'c')
      expect(call('LPOP', 'l')).to eq 'a'
      expect(call('RPOP', 'l')).to eq 'c'
      expect(call('RPOP', 'l')).to eq 'b'
      expect(call('EXISTS', 'l')).to eq 0
      expect(call('LPOP', 'l')).to be_nil
      expect(call3('RPOP', 'l')).to be_nil
    end

    it 'take several with a count' do
      make(*'a'..'g')
      expect(call('LPOP', 'l', 2)).to eq %w[a b]
      expect(call('RPOP', 'l', 2)).to eq %w[g f]
      expect(call('LPOP', 'l', 0)).to eq []
      expect(call('RPOP', 'l', 100)).to eq %w[e d c]
      expect(call('TYPE', 'l')).to eq :none
      expect(call('LPOP', 'l', 1)).to equal NULL_ARRAY
      expect(call('LPOP', 'l', 0)).to equal NULL_ARRAY
      expect(call3('RPOP', 'l', 1)).to be_nil
    end

    it 'check the count first' do
      call('SET', 's', 'v')
      positive = error('ERR value is out of range, must be positive')
      expect(call('LPOP', 's', 'x')).to eq positive
      expect(call('RPOP', 'l', -1)).to eq positive
      expect(call('LPOP', 's', '99999999999999999999')).to eq positive
      expect(call('LPOP', 's', 1)).to eq wrongtype
      expect(call('RPOP', 's')).to eq wrongtype
      expect(call('LPOP', 's', 1, 2)).to eq error("ERR wrong number of arguments for 'lpop' command")
      expect(call('RPOP', 's', 1, 2)).to eq error("ERR wrong number of arguments for 'rpop' command")
    end

    it 'make a queue and a stack' do
      200.times { |i| call('RPUSH', 'l', i) }
      100.times { |i| expect(call('LPOP', 'l')).to eq i.to_s }
      100.times { |i| call('LPUSH', 'l', i) }
      100.times { |i| expect(call('LPOP', 'l')).to eq((99 - i).to_s) }
      expect(list).to eq (100..199).map(&:to_s)
    end

    it 'see no expired list' do
      make('a')
      call('PEXPIRE', 'l', 1)
      eventually { expect(call('LPOP', 'l', 0)).to equal NULL_ARRAY }
      expect(call('LPOP', 'l')).to be_nil
    end
  end

  describe 'LMPOP' do
    it 'pops from the first list that exists' do
      make('a', 'b', 'c', 'd')
      expect(call('LMPOP', 2, 'none', 'l', 'LEFT')).to eq ['l', ['a']]
      expect(call('LMPOP', 2, 'l', 'none', 'right', 'count', 2)).to eq ['l', %w[d c]]
      expect(call('LMPOP', 1, 'l', 'LEFT', 'COUNT', 10)).to eq ['l', ['b']]
      expect(call('LMPOP', 2, 'l', 'none', 'LEFT')).to equal NULL_ARRAY
      expect(call3('LMPOP', 1, 'l', 'LEFT')).to be_nil
    end

    it 'checks its arguments' do
      make('a')
      call('SET', 's', 'v')
      syntax = error('ERR syntax error')
      expect(call('LMPOP', 0, 'l', 'LEFT')).to eq error('ERR numkeys should be greater than 0')
      expect(call('LMPOP', 'x', 'l', 'LEFT')).to eq error('ERR numkeys should be greater than 0')
      expect(call('LMPOP', 2, 'l', 'LEFT')).to eq syntax
      expect(call('LMPOP', '9223372036854775807', 'l', 'LEFT')).to eq syntax
      expect(call('LMPOP', 1, 'l', 'UP')).to eq syntax
      expect(call('LMPOP', 1, 'l', "\xFF".b)).to eq syntax
      expect(call('LMPOP', 1, 'l', 'LEFT', 'COUNT')).to eq syntax
      expect(call('LMPOP', 1, 'l', 'LEFT', 'COUNT', 0)).to eq error('ERR count should be greater than 0')
      expect(call('LMPOP', 1, 'l', 'LEFT', 'COUNT', 'x')).to eq error('ERR count should be greater than 0')
      expect(call('LMPOP', 1, 'l', 'LEFT', 'COUNT', 1, 'COUNT', 1)).to eq syntax
      expect(call('LMPOP', 2, 'none', 's', 'LEFT')).to eq wrongtype
      expect(call('LMPOP', 2, 'l', 's', 'LEFT')).to eq ['l', ['a']]
    end
  end

  describe 'LMOVE, RPOPLPUSH' do
    it 'move between all ends of two lists' do
      make('a', 'b', 'c', 'd')
      expect(call('LMOVE', 'l', 'm', 'LEFT', 'RIGHT')).to eq 'a'
      expect(call('LMOVE', 'l', 'm', 'right', 'left')).to eq 'd'
      expect(call('LMOVE', 'l', 'm', 'LEFT', 'LEFT')).to eq 'b'
      expect(list('m')).to eq %w[b d a]
      expect(call('RPOPLPUSH', 'l', 'm')).to eq 'c'
      expect(call('EXISTS', 'l')).to eq 0
      expect(list('m')).to eq %w[c b d a]
      expect(call('RPOPLPUSH', 'l', 'm')).to be_nil
      expect(call3('LMOVE', 'l', 'm', 'LEFT', 'LEFT')).to be_nil
    end

    it 'rotate one list' do
      make('a', 'b', 'c')
      expect(call('RPOPLPUSH', 'l', 'l')).to eq 'c'
      expect(list).to eq %w[c a b]
      expect(call('LMOVE', 'l', 'l', 'LEFT', 'RIGHT')).to eq 'c'
      expect(list).to eq %w[a b c]
      expect(call('LMOVE', 'l', 'l', 'LEFT', 'LEFT')).to eq 'a'
      expect(call('LMOVE', 'l', 'l', 'RIGHT', 'RIGHT')).to eq 'c'
      expect(list).to eq %w[a b c]
      expect(call('LINDEX', 'l', -1)).to eq 'c'
    end

    it 'rotate a list of one, which keeps its time to live' do
      make('a')
      call('EXPIRE', 'l', 1000)
      expect(call('LMOVE', 'l', 'l', 'LEFT', 'RIGHT')).to eq 'a'
      expect(list).to eq ['a']
      expect(call('TTL', 'l')).to be > 0
    end

    it 'check syntax, then the source, then the destination' do
      make('a')
      call('SET', 's', 'v')
      expect(call('LMOVE', 's', 'l', 'UP', 'LEFT')).to eq error('ERR syntax error')
      expect(call('LMOVE', 'none', 's', 'LEFT', 'LEFT')).to be_nil
      expect(call('LMOVE', 'l', 's', 'LEFT', 'LEFT')).to eq wrongtype
      expect(call('LMOVE', 's', 'none', 'LEFT', 'LEFT')).to eq wrongtype
      expect(call('RPOPLPUSH', 's', 's')).to eq wrongtype
      expect(list).to eq ['a']
    end
  end

  describe 'LLEN, LRANGE, LINDEX' do
    it 'count from both ends' do
      make(*'a'..'e')
      expect(call('LLEN', 'l')).to eq 5
      expect(call('LRANGE', 'l', 1, 3)).to eq %w[b c d]
      expect(call('LRANGE', 'l', -2, -1)).to eq %w[d e]
      expect(call('LRANGE', 'l', -100, 100)).to eq %w[a b c d e]
      expect(call('LRANGE', 'l', 3, 1)).to eq []
      expect(call('LRANGE', 'l', 5, 9)).to eq []
      expect(call('LRANGE', 'l', 0, -6)).to eq []
      expect(call('LRANGE', 'l', '-9223372036854775808', '9223372036854775807')).to eq %w[a b c d e]
      expect(call('LRANGE', 'l', '9223372036854775807', '-9223372036854775808')).to eq []
      expect(call('LINDEX', 'l', 0)).to eq 'a'
      expect(call('LINDEX', 'l', -1)).to eq 'e'
      expect(call('LINDEX', 'l', 5)).to be_nil
      expect(call('LINDEX', 'l', -6)).to be_nil
      expect(call('LINDEX', 'l', '-9223372036854775808')).to be_nil
    end

    it 'are empty for what is absent' do
      expect(call('LLEN', 'none')).to eq 0
      expect(call('LRANGE', 'none', 0, -1)).to eq []
      expect(call('LINDEX', 'none', 0)).to be_nil
      expect(call('LINDEX', 'none', 'x')).to be_nil
    end

    it 'refuse other types and what is no number' do
      make('a')
      call('SET', 's', 'v')
      no_integer = error('ERR value is not an integer or out of range')
      expect(call('LLEN', 's')).to eq wrongtype
      expect(call('LRANGE', 's', 0, 1)).to eq wrongtype
      expect(call('LRANGE', 's', 'x', 1)).to eq no_integer
      expect(call('LRANGE', 's', 1, '1.5')).to eq no_integer
      expect(call('LINDEX', 's', 'x')).to eq wrongtype
      expect(call('LINDEX', 'l', 'x')).to eq no_integer
    end
  end

  describe 'LSET' do
    it 'replaces at an index' do
      make('a', 'b', 'c')
      expect(call('LSET', 'l', 1, 'B')).to eq :OK
      expect(call('LSET', 'l', -1, 'C')).to eq :OK
      expect(list).to eq %w[a B C]
    end

    it 'checks the key, the type, the index and its range in this order' do
      make('a')
      call('SET', 's', 'v')
      expect(call('LSET', 'none', 'x', 'a')).to eq error('ERR no such key')
      expect(call('LSET', 's', 'x', 'a')).to eq wrongtype
      expect(call('LSET', 'l', 'x', 'a')).to eq error('ERR value is not an integer or out of range')
      expect(call('LSET', 'l', 1, 'a')).to eq error('ERR index out of range')
      expect(call('LSET', 'l', -2, 'a')).to eq error('ERR index out of range')
    end
  end

  describe 'LINSERT' do
    it 'inserts beside the first pivot, near either end' do
      make(*'a'..'f')
      expect(call('LINSERT', 'l', 'BEFORE', 'a', '0')).to eq 7
      expect(call('LINSERT', 'l', 'after', 'f', '9')).to eq 8
      expect(call('LINSERT', 'l', 'AFTER', 'b', '2')).to eq 9
      expect(call('LINSERT', 'l', 'BEFORE', 'e', '5')).to eq 10
      expect(call('LINSERT', 'l', 'AFTER', '0', '1')).to eq 11
      expect(list).to eq %w[0 1 a b 2 c d 5 e f 9]
      expect(call('LLEN', 'l')).to eq 11
      expect((0..10).map { |i| call('LINDEX', 'l', i) }).to eq %w[0 1 a b 2 c d 5 e f 9]
    end

    it 'answers -1 without a pivot and 0 without a key' do
      make('a')
      expect(call('LINSERT', 'l', 'BEFORE', 'x', 'y')).to eq(-1)
      expect(call('LINSERT', 'none', 'BEFORE', 'x', 'y')).to eq 0
      call('SET', 's', 'v')
      expect(call('LINSERT', 's', 'AFTER', 'x', 'y')).to eq wrongtype
      expect(call('LINSERT', 's', 'BESIDE', 'x', 'y')).to eq error('ERR syntax error')
    end
  end

  describe 'LREM' do
    it 'removes from the left, from the right, or everywhere' do
      elements = %w[a x b x c x d x e]
      { 1 => %w[a b x c x d x e], 2 => %w[a b c x d x e], -1 => %w[a x b x c x d e], -3 => %w[a x b c d e],
        0 => %w[a b c d e], 9 => %w[a b c d e], -9 => %w[a b c d e] }.each do |count, left|
        make(*elements)
        expect(call('LREM', 'l', count, 'x')).to eq elements.size - left.size
        expect(list).to eq left
        expect(call('LLEN', 'l')).to eq left.size
        expect([call('LINDEX', 'l', 0), call('LINDEX', 'l', -1)]).to eq %w[a e]
        call('RPUSH', 'l', 'end')
        call('LPUSH', 'l', 'begin')
        expect(list).to eq ['begin', *left, 'end']
      end
    end

    it 'deletes what it empties, and leaves what has no match' do
      make('x', 'x')
      expect(call('LREM', 'l', 0, 'y')).to eq 0
      expect(call('LREM', 'l', 0, 'x')).to eq 2
      expect(call('EXISTS', 'l')).to eq 0
      expect(call('LREM', 'l', 0, 'x')).to eq 0
    end

    it 'checks the count before the key' do
      call('SET', 's', 'v')
      expect(call('LREM', 's', 'x', 'a')).to eq error('ERR value is not an integer or out of range')
      expect(call('LREM', 's', 1, 'a')).to eq wrongtype
      make('a', 'b')
      expect(call('LREM', 'l', '-9223372036854775808', 'a')).to eq 1
    end
  end

  describe 'LTRIM' do
    it 'keeps a range' do
      { [1, 3] => %w[b c d], [-2, -1] => %w[d e], [-100, 100] => %w[a b c d e], [0, 0] => %w[a], [4, 9] => %w[e],
        [3, 1] => [], [5, 9] => [], [0, -6] => [] }.each do |(start, stop), left|
        make(*'a'..'e')
        expect(call('LTRIM', 'l', start, stop)).to eq :OK
        expect(list).to eq left
        expect(call('LLEN', 'l')).to eq left.size
        expect(call('EXISTS', 'l')).to eq left.empty? ? 0 : 1
      end
    end

    it 'checks its numbers, then the key' do
      call('SET', 's', 'v')
      expect(call('LTRIM', 's', 'x', 1)).to eq error('ERR value is not an integer or out of range')
      expect(call('LTRIM', 's', 0, 1)).to eq wrongtype
      expect(call('LTRIM', 'none', 0, 1)).to eq :OK
    end
  end

  describe 'LPOS' do
    before { make(*%w[a b c 1 2 3 c c]) }

    it 'finds an element, by rank, count and within a length' do
      expect(call('LPOS', 'l', 'c')).to eq 2
      expect(call('LPOS', 'l', 'c', 'RANK', 2)).to eq 6
      expect(call('LPOS', 'l', 'c', 'RANK', -1)).to eq 7
      expect(call('LPOS', 'l', 'c', 'RANK', 4)).to be_nil
      expect(call('LPOS', 'l', 'c', 'COUNT', 2)).to eq [2, 6]
      expect(call('LPOS', 'l', 'c', 'count', 0)).to eq [2, 6, 7]
      expect(call('LPOS', 'l', 'c', 'COUNT', 0, 'RANK', -2)).to eq [6, 2]
      expect(call('LPOS', 'l', 'c', 'COUNT', 0, 'RANK', -1, 'MAXLEN', 2)).to eq [7, 6]
      expect(call('LPOS', 'l', 'c', 'COUNT', 0, 'MAXLEN', 7)).to eq [2, 6]
      expect(call('LPOS', 'l', 'c', 'MAXLEN', 2)).to be_nil
      expect(call('LPOS', 'l', 'c', 'RANK', 1, 'RANK', 2, 'MAXLEN', 1000)).to eq 6
    end

    it 'finds nothing' do
      expect(call('LPOS', 'l', 'x')).to be_nil
      expect(call('LPOS', 'l', 'x', 'COUNT', 1)).to eq []
      expect(call('LPOS', 'none', 'x')).to be_nil
      expect(call('LPOS', 'none', 'x', 'COUNT', 1)).to eq []
      expect(call3('LPOS', 'l', 'x')).to be_nil
      expect(call('LPOS', 'l', 'c', 'RANK', '-9223372036854775807')).to be_nil
      expect(call('LPOS', 'l', 'c', 'RANK', '-9223372036854775808')).to eq 7
    end

    it 'checks its options, then the key' do
      call('SET', 's', 'v')
      syntax = error('ERR syntax error')
      expect(call('LPOS', 's', 'a', 'RANK', 0)).to eq error(
        "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list"
      )
      expect(call('LPOS', 's', 'a', 'RANK', 'x')).to eq error('ERR value is not an integer or out of range')
      expect(call('LPOS', 's', 'a', 'COUNT', -1)).to eq error("ERR COUNT can't be negative")
      expect(call('LPOS', 's', 'a', 'COUNT', 'x')).to eq error("ERR COUNT can't be negative")
      expect(call('LPOS', 's', 'a', 'MAXLEN', -1)).to eq error("ERR MAXLEN can't be negative")
      expect(call('LPOS', 's', 'a', 'MAXLEN', 'x')).to eq error("ERR MAXLEN can't be negative")
      expect(call('LPOS', 's', 'a', 'RANK')).to eq syntax
      expect(call('LPOS', 's', 'a', 'FIRST', 1)).to eq syntax
      expect(call('LPOS', 's', 'a')).to eq wrongtype
    end
  end

  it 'behaves as an array does, whatever happens to it' do
    random = Random.new(7)
    model = []
    400.times do
      e = %w[a b c d e][random.rand(5)]
      from, to = random.rand(-12..12), random.rand(-12..12)
      case random.rand(8)
      when 0 then call('LPUSH', 'l', e) && model.unshift(e)
      when 1, 2 then call('RPUSH', 'l', e, e + e) && model.push(e, e + e)
      when 3 then expect(call('LPOP', 'l')).to eq model.shift
      when 4 then expect(call('RPOP', 'l')).to eq model.pop
      when 5
        at = model.index(e)
        expect(call('LINSERT', 'l', 'BEFORE', e, 'new')).to eq(model.empty? ? 0 : at ? model.insert(at, 'new').size : -1)
      when 6
        count = random.rand(-2..2)
        at = model.each_index.select { |i| model[i] == e }
        at = count.negative? ? at.last(-count) : at.first(count.zero? ? at.size : count)
        expect(call('LREM', 'l', count, e)).to eq at.size
        at.reverse_each { |i| model.delete_at(i) }
      else
        expect(call('LRANGE', 'l', from, to)).to eq(model[[from.negative? ? model.size + from : from, 0].max..to] || [])
      end
      expect(list).to eq model
      expect(call('LLEN', 'l')).to eq model.size
    end
  end

  it 'shows live lists in a view', pgredis_only: 'the SQL side' do
    call('RPUSH', 'a', 'x', 'y')
    call('LPUSH', 'a', 'w')
    call('RPUSH', 'b', 'z')
    call('PEXPIRE', 'b', 1)
    eventually { expect(call('EXISTS', 'b')).to eq 0 }
    rows = sql('SELECT db, key, index, value, expires_at FROM redis.lists ORDER BY key, index')
    expect(rows.map { |r| r.values_at('index', 'value') }).to eq [[0, 'w'], [1, 'x'], [2, 'y']]
  end
end
