# Random calls at real Redis and at pgredis, whose replies must be the same: run.rb REDIS_PORT PGREDIS_PORT [--calls N] [--seed N]
# [--only command,…]. In pipelines of up to 30 calls, some as transactions, with RESP2 and RESP3. What differs is printed, a command and
# kind of difference once, with what went before; the status tells whether anything did.
require 'optparse'
require_relative '../support/resp_client'
require_relative 'calls'
require_relative 'replies'

options = { calls: 20_000, seed: Random.new_seed % 1_000_000, only: [] }
parser = OptionParser.new
parser.on('--calls N', Integer)
parser.on('--seed N', Integer)
parser.on('--only COMMANDS', Array)
ports = parser.parse(ARGV, into: options).map { |port| Integer(port) }

# Keeps what went before, for what a difference may come from.
class History
  KEPT = 3000

  def initialize
    @entries = []
  end

  def add(call, reply)
    @entries << [call, reply]
    @entries.shift(KEPT) if @entries.size > 2 * KEPT
  end

  # The last ones that had to do with this call's keys.
  def before(call)
    keys = call & Calls::KEYS
    @entries[0..-2].reverse_each.lazy.select { |earlier, _| (earlier & keys).any? || earlier.first.match?(/flush|swapdb/i) }.first(6).reverse
  end

  def forget
    @entries.clear
  end
end

random = Random.new(options[:seed])
clients = [2, 3].map { |resp| ports.map { |port| RespClient.new(port, resp: resp) } }
calls = Calls.new(clients.first.first, random, options[:only])
clients.first.each { |client| client.call('FLUSHALL') }
puts "differential: #{calls.names.size} commands, seed #{options[:seed]}"

# One pipeline: [call, Redis's reply, pgredis's reply] of every call, those of a transaction once more with what EXEC returned.
def compare(pair, commands)
  replies = pair.map { |client| client.pipeline(commands) }
  compared = commands.zip(*replies)
  return compared unless commands.first == ['multi'] && replies.all? { |reply| reply.last.is_a?(Array) }

  queued = compared.select { |_, reply, _| reply == :QUEUED }.map(&:first)
  compared[0..-2] + queued.zip(*replies.map(&:last))
end

# Redis counts keys whose time is up until it comes upon them: its DBSIZE may be more, and is the same in the end.
def settles?(pair, call, one, other)
  return false unless call.first&.casecmp?('dbsize') && [one, other].all?(Integer) && one > other

  50.times do
    return true if pair.map { |client| client.call('DBSIZE') }.uniq.size == 1

    sleep 0.05
  end
  false
end

history = History.new
differences = {}
count = 0
while count < options[:calls] && differences.size < 40
  commands = calls.pipeline
  count += commands.size
  pair = clients[random.rand(2)]
  call, one, other = compare(pair, commands).find do |call, one, other|
    history.add(call, one)
    !Replies.same?(Calls.unwrapped(call), one, other) && !settles?(pair, Calls.unwrapped(call), one, other)
  end
  if call
    unless differences.key?(kind = [*Calls.unwrapped(call).first&.downcase, call.first, one.class, other.class, *[one, other].grep(RespError).map(&:to_s)])
      differences[kind] = true
      puts '', *history.before(call).map { |earlier, reply| "  before: #{earlier.inspect[0, 300]} → #{reply.inspect[0, 200]}" },
           call.inspect[0, 600], "  Redis:   #{one.inspect[0, 400]}", "  pgredis: #{other.inspect[0, 400]}"
    end
    pair.each { |client| client.call('FLUSHALL') }
    history.forget
  else
    forgotten = commands.flat_map { |command| Calls.different_after(command) }
    pair.each { |client| client.call('DEL', *forgotten) } unless forgotten.empty?
  end
end
puts "differential: #{count} calls, #{differences.size} differences (seed #{options[:seed]})"
exit differences.empty?
