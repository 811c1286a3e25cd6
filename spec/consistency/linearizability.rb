# Is there an order of these operations, each somewhere between its call and its return, in which one client alone would have got the
# same replies? The search of Wing and Gong, with Lowe's memory of what has been tried. Keys are independent, so a history is that of
# one key, which keeps it short.

require 'set'

# `reply` is IN_DOUBT for an operation that nobody answered: it may take effect at any time after its call, or never.
Operation = Struct.new(:client, :command, :reply, :called_at, :returned_at) do
  def in_doubt?
    reply.equal?(Linearizability::IN_DOUBT)
  end

  def inspect
    format('%<from>12d … %<to>12s  %<client>-8s %<command>s -> %<reply>s', from: called_at, to: in_doubt? ? '' : returned_at,
                                                                           client: client, command: command.join(' '),
                                                                           reply: in_doubt? ? 'in doubt' : reply.inspect)
  end
  alias_method :to_s, :inspect
end

module Linearizability
  IN_DOUBT = Object.new.freeze
  NEVER = Float::INFINITY
  MOST_CONFIGURATIONS = 1_000_000

  class Undecided < StandardError; end

  # A model has `initial`, its first state, and `outcomes(state, command)`: the pairs of reply and next state that are allowed.
  def self.check(operations, model)
    Search.new(operations.sort_by(&:called_at), model).run
  end

  class Search
    def initialize(operations, model)
      @operations = operations
      @model = model
      @calls = operations.map(&:called_at)
      @returns = operations.map { |operation| operation.in_doubt? ? NEVER : operation.returned_at }
      @required = operations.count { |operation| !operation.in_doubt? }
      @seen = Set.new
    end

    # A configuration: which operations have had their effect (bits), the first that has not, how many that must are left, the state.
    def run
      stack = [[0, 0, @required, @model.initial]]
      until stack.empty?
        done, first, left, state = stack.pop
        return true if left.zero?
        next unless @seen.add?([done, state])
        raise Undecided if @seen.size > MOST_CONFIGURATIONS

        candidates(done, first).reverse_each { |i| follow(i, done, first, left, state, stack) }
      end
      false
    end

    private

    # What can be next: nothing that was called only after another one, still to come, had returned.
    def candidates(done, first)
      found = []
      earliest = NEVER
      (first...@calls.size).each do |i|
        break if @calls[i] > earliest
        next unless done[i].zero?

        found << i
        earliest = @returns[i] if @returns[i] < earliest
      end
      found
    end

    def follow(index, done, first, left, state, stack)
      operation = @operations[index]
      done |= 1 << index
      first += 1 while done[first] == 1
      left -= 1 unless operation.in_doubt?
      @model.outcomes(state, operation.command).each do |reply, following|
        stack << [done, first, left, following] if operation.in_doubt? || reply == operation.reply
      end
    end
  end
end
