# What one client alone would see: for each type, the commands that the clients give, and what Redis answers. A command is without its key.
# States and replies are plain frozen values; replies as Replies.of makes them of what a proxy or Postgres returned.

module Replies
  module_function

  def of(name, reply)
    case reply
    when Symbol then reply.to_s
    when NULL_ARRAY then nil
    when true then 1
    when false then 0
    else shaped(name, reply)
    end
  end

  # Scores come as text or as numbers, members in any order.
  def shaped(name, reply)
    case name
    when 'ZSCORE', 'ZINCRBY' then reply && Float(reply)
    when 'ZRANGE' then reply.each_slice(2).to_h { |member, score| [member, Float(score)] }
    when 'HGETALL' then reply.each_slice(2).to_h
    when 'SMEMBERS' then reply.sort
    else reply
    end
  end
end

class Register
  def initial = nil
  def final = %w[GET]

  def command(dice, unique)
    [['SET', unique], ['SET', unique], %w[GET], %w[GET], %w[GET], %w[DEL], ['GETSET', unique], ['SETNX', unique]].sample(random: dice)
  end

  def outcomes(state, command)
    name, value = command
    case name
    when 'SET' then [['OK', value]]
    when 'GET' then [[state, state]]
    when 'GETSET' then [[state, value]]
    when 'DEL' then [[state ? 1 : 0, nil]]
    when 'SETNX' then state ? [[0, state]] : [[1, value]]
    end
  end
end

class Counter
  def initial = nil
  def final = %w[GET]

  def command(dice, _unique)
    [%w[INCR], %w[INCR], ['INCRBY', dice.rand(2..9)], %w[DECR], %w[GET], %w[GET], %w[DEL]].sample(random: dice)
  end

  def outcomes(state, command)
    name, amount = command
    case name
    when 'GET' then [[state&.to_s, state]]
    when 'DEL' then [[state ? 1 : 0, nil]]
    else
      number = state.to_i + { 'INCR' => 1, 'DECR' => -1, 'INCRBY' => amount }[name]
      [[number, number]]
    end
  end
end

class List
  def initial = [].freeze
  def final = %w[LRANGE 0 -1]

  def command(dice, unique)
    [['LPUSH', unique], ['RPUSH', unique], %w[LPOP], %w[RPOP], %w[LLEN], %w[LRANGE 0 -1]].sample(random: dice)
  end

  def outcomes(state, command)
    name, value = command
    case name
    when 'LPUSH' then [[state.size + 1, [value, *state].freeze]]
    when 'RPUSH' then [[state.size + 1, [*state, value].freeze]]
    when 'LPOP' then [[state.first, state.drop(1).freeze]]
    when 'RPOP' then [[state.last, state[0...-1].to_a.freeze]]
    when 'LLEN' then [[state.size, state]]
    when 'LRANGE' then [[state, state]]
    end
  end
end

class Members
  def initial = [].freeze
  def final = %w[SMEMBERS]

  def command(dice, _unique)
    member = "m#{dice.rand(4)}"
    [['SADD', member], ['SADD', member], ['SREM', member], ['SISMEMBER', member], %w[SPOP], %w[SCARD], %w[SMEMBERS]].sample(random: dice)
  end

  def outcomes(state, command)
    name, member = command
    there = state.include?(member) ? 1 : 0
    case name
    when 'SADD' then [[1 - there, (state | [member]).sort.freeze]]
    when 'SREM' then [[there, (state - [member]).freeze]]
    when 'SISMEMBER' then [[there, state]]
    when 'SPOP' then state.empty? ? [[nil, state]] : state.map { |popped| [popped, (state - [popped]).freeze] }
    when 'SCARD' then [[state.size, state]]
    when 'SMEMBERS' then [[state, state]]
    end
  end
end

class Scores
  def initial = {}.freeze
  def final = %w[ZRANGE 0 -1 WITHSCORES]

  def command(dice, _unique)
    member = "m#{dice.rand(3)}"
    [['ZADD', dice.rand(9), member], ['ZINCRBY', dice.rand(1..9), member], ['ZSCORE', member], ['ZSCORE', member], ['ZREM', member], %w[ZCARD],
     %w[ZRANGE 0 -1 WITHSCORES]].sample(random: dice)
  end

  def outcomes(state, command)
    name, *arguments, member = command
    score = state[member]
    case name
    when 'ZADD' then [[score ? 0 : 1, state.merge(member => Float(arguments[0])).freeze]]
    when 'ZINCRBY' then [[score.to_f + arguments[0], state.merge(member => score.to_f + arguments[0]).freeze]]
    when 'ZSCORE' then [[score, state]]
    when 'ZREM' then [[score ? 1 : 0, state.reject { |key, _| key == member }.freeze]]
    when 'ZCARD' then [[state.size, state]]
    when 'ZRANGE' then [[state, state]]
    end
  end
end

class Fields
  def initial = {}.freeze
  def final = %w[HGETALL]

  def command(dice, _unique)
    field = "f#{dice.rand(3)}"
    [['HSET', field, dice.rand(100).to_s], ['HINCRBY', field, dice.rand(1..9)], ['HGET', field], ['HGET', field], ['HDEL', field], %w[HLEN],
     %w[HGETALL]].sample(random: dice)
  end

  def outcomes(state, command)
    name, field, value = command
    old = state[field]
    case name
    when 'HSET' then [[old ? 0 : 1, state.merge(field => value).freeze]]
    when 'HINCRBY' then [[old.to_i + value, state.merge(field => (old.to_i + value).to_s).freeze]]
    when 'HGET' then [[old, state]]
    when 'HDEL' then [[old ? 1 : 0, state.reject { |key, _| key == field }.freeze]]
    when 'HLEN' then [[state.size, state]]
    when 'HGETALL' then [[state, state]]
    end
  end
end

MODELS = { register: Register.new, counter: Counter.new, list: List.new, set: Members.new, zset: Scores.new, hash: Fields.new }.freeze
