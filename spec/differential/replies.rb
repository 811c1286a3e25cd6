# Replies as they can be compared: without the order that Redis does not promise, and without chance.
module Replies
  UNORDERED = %w[keys smembers sunion sinter sdiff hkeys hvals].freeze
  PAIRS = %w[hgetall lcs].freeze # LCS in a script, whose tables have an order of their own
  BY_CHANCE = %w[spop srandmember hrandfield zrandmember randomkey].freeze
  SCANS = %w[scan sscan hscan zscan].freeze
  LIFETIMES = { 'ttl' => 2, 'pttl' => 2000, 'expiretime' => 2, 'pexpiretime' => 2000 }.freeze

  def self.same?(call, one, other)
    return true if one.eql?(other) || one == other && one.class == other.class

    name = call.first.downcase
    return true if left_open?(name, call) && [one, other].grep(RespError).empty?
    # Redis's SORT takes an ERANGE that some earlier command left for one of its own.
    return true if name.start_with?('sort') && one.is_a?(RespError) && one.message.start_with?('ERR One or more scores')

    if other.is_a?(RespError)
      # Options are text, other bytes an error before any other: docs/commands.md.
      call.any? { |word| !word.dup.force_encoding('UTF-8').valid_encoding? }
    elsif one.is_a?(Enumerable) && other.is_a?(Enumerable)
      same_items?(name, call, one, other)
    elsif BY_CHANCE.include?(name)
      one.class == other.class
    elsif LIFETIMES.key?(name)
      one.is_a?(Integer) && other.is_a?(Integer) && (one - other).abs <= LIFETIMES[name]
    else
      false
    end
  end

  # What follows any cursor, and ranges by members over different scores.
  def self.left_open?(name, call)
    SCANS.include?(name) && call[name == 'scan' ? 1 : 2] != '0' || name.include?('lex') || call.map(&:downcase).include?('bylex')
  end

  # Of SORT it is open which of equals come first; with ALPHA bytes end at a zero.
  def self.same_items?(name, call, one, other)
    return false unless one.class == other.class

    if UNORDERED.include?(name) then sorted(one) == sorted(other)
    elsif PAIRS.include?(name) then sorted(one.each_slice(2)) == sorted(other.each_slice(2))
    elsif BY_CHANCE.include?(name) then one.size == other.size
    elsif SCANS.include?(name) then [one, other].any? { |reply| reply.first != '0' } || scanned(name, one) == scanned(name, other)
    elsif name.start_with?('sort') then one.size == other.size && (call.map(&:downcase).include?('by') || one.any? { |item| item&.include?("\0") })
    else false
    end
  end

  # ZSCAN writes large scores otherwise once a set has been large.
  def self.scanned(name, reply)
    return sorted(reply.last) unless name == 'zscan'

    sorted(reply.last.each_slice(2).map { |member, score| [member, score == 'inf' ? Float::INFINITY : score.to_f] })
  end

  def self.sorted(items)
    items.map(&:inspect).sort
  end
end
