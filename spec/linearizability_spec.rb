# The judge of auto/run-consistency, judged: histories whose verdict is known. No server takes part.

require_relative 'consistency/models'
require_relative 'consistency/linearizability'

RSpec.describe Linearizability do
  # Each operation as [command, reply, called at, returned at]; without a reply: in doubt.
  def linearizable?(model, *history)
    operations = history.each_with_index.map do |(command, reply, from, to), i|
      Operation.new("client #{i}", command, to ? reply : Linearizability::IN_DOUBT, from, to)
    end
    described_class.check(operations, MODELS.fetch(model))
  end

  def set(value, from, to) = [['SET', value], 'OK', from, to]
  def get(value, from, to) = [%w[GET], value, from, to]

  it 'accepts what happened one after another' do
    expect(linearizable?(:register)).to be true
    expect(linearizable?(:register, get(nil, 1, 2), set('a', 3, 4), get('a', 5, 6))).to be true
  end

  it 'refuses a stale read, and one from the future' do
    expect(linearizable?(:register, set('a', 1, 2), set('b', 3, 4), get('a', 5, 6))).to be false
    expect(linearizable?(:register, get('a', 1, 2), set('a', 3, 4))).to be false
  end

  it 'lets concurrent operations happen in any order, but in one' do
    expect(linearizable?(:register, set('a', 1, 10), get(nil, 2, 3), get('a', 4, 5))).to be true
    expect(linearizable?(:register, set('a', 1, 10), get('a', 2, 3), get(nil, 4, 5))).to be false
    expect(linearizable?(:register, set('a', 1, 10), set('b', 1, 10), get('a', 11, 12), get('b', 11, 12))).to be false
    expect(linearizable?(:register, set('a', 1, 10), set('b', 1, 10), get('a', 2, 3), get('b', 4, 5), get('a', 6, 7))).to be false
  end

  it 'lets what is in doubt happen late, or never, but not twice' do
    in_doubt = [%w[SET a], nil, 1, nil]
    expect(linearizable?(:register, in_doubt, get(nil, 2, 3), get(nil, 4, 5))).to be true
    expect(linearizable?(:register, in_doubt, get(nil, 2, 3), get('a', 4, 5))).to be true
    expect(linearizable?(:register, in_doubt, get('a', 2, 3), get(nil, 4, 5))).to be false
    expect(linearizable?(:register, in_doubt, get('a', 2, 3), set('b', 4, 5), get('a', 6, 7))).to be false
  end

  it 'finds lost and doubled increments' do
    expect(linearizable?(:counter, [%w[INCR], 1, 1, 5], [%w[INCR], 2, 2, 6], [%w[GET], '2', 7, 8])).to be true
    expect(linearizable?(:counter, [%w[INCR], 1, 1, 5], [%w[INCR], 1, 2, 6])).to be false
    expect(linearizable?(:counter, [%w[INCR], nil, 1, nil], [%w[GET], '2', 7, 8])).to be false
  end

  it 'finds elements popped twice, or in the wrong order' do
    push = [%w[RPUSH a], 1, 1, 2]
    expect(linearizable?(:list, push, [%w[LPOP], 'a', 3, 5], [%w[LPOP], nil, 3, 5])).to be true
    expect(linearizable?(:list, push, [%w[LPOP], 'a', 3, 5], [%w[LPOP], 'a', 3, 5])).to be false
    expect(linearizable?(:list, push, [%w[LPUSH b], 2, 3, 4], [%w[RPOP], 'b', 5, 6])).to be false
  end

  it 'takes any member of a set for a random one, and no other' do
    added = [[%w[SADD a], 1, 1, 2], [%w[SADD b], 1, 1, 2]]
    expect(linearizable?(:set, *added, [%w[SPOP], 'b', 3, 4], [%w[SMEMBERS], %w[a], 5, 6])).to be true
    expect(linearizable?(:set, *added, [%w[SPOP], 'c', 3, 4])).to be false
    expect(linearizable?(:set, *added, [%w[SPOP], nil, 3, nil], [%w[SCARD], 1, 5, 6], [%w[SISMEMBER a], 1, 7, 8])).to be true
  end

  it 'knows scores and fields' do
    expect(linearizable?(:zset, [['ZADD', 2, 'm'], 1, 1, 2], [['ZINCRBY', 3, 'm'], 5.0, 3, 4], [%w[ZSCORE m], 5.0, 5, 6])).to be true
    expect(linearizable?(:zset, [['ZADD', 2, 'm'], 1, 1, 2], [['ZINCRBY', 3, 'm'], 3.0, 3, 4])).to be false
    expect(linearizable?(:hash, [%w[HSET f 1], 1, 1, 2], [['HINCRBY', 'f', 2], 3, 3, 4], [%w[HGETALL], { 'f' => '3' }, 5, 6])).to be true
    expect(linearizable?(:hash, [%w[HSET f 1], 1, 1, 2], [%w[HSET f 2], 1, 3, 4])).to be false
  end
end
