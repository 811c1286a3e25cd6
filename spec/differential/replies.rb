# Replies as they can be compared: without the order that Redis does not promise, and without chance.
module Replies
  UNORDERED = %w[keys smembers sunion sinter sdiff hkeys hvals].freeze
  PAIRS = %w[hgetall].freeze
  BY_CHANCE = %w[spop srandmember hrandfield zrandmember randomkey].freeze
  SCANS = %w[scan sscan hscan zscan].freeze
  LIFETIMES = { 'ttl' => 2, 'pttl' => 2000, 'expiretime' => 2, 'pexpiretime' => 2000 }.freeze

  def self.same?(call, one, other)
    return true if one.eql?(other) || one == other && one.class == other.class

    name = call.first.downcase
    if other.is_a?(RespError)
      # Options are text: docs/commands.md.
      other.message == 'ERR syntax error' && call.any? { |word| !word.dup.force_encoding('UTF-8').valid_encoding? }
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

  def self.same_items?(name, call, one, other)
    return false unless one.class == other.class

    if UNORDERED.include?(name) then sorted(one) == sorted(other)
    elsif PAIRS.include?(name) then sorted(one.each_slice(2)) == sorted(other.each_slice(2))
    elsif BY_CHANCE.include?(name) then one.size == other.size
    elsif SCANS.include?(name) then [one, other].any? { |reply| reply.first != '0' } || sorted(one.last) == sorted(other.last)
    elsif name.start_with?('sort') then call.map(&:downcase).include?('by') && one.size == other.size # which of equals come first
    else false
    end
  end

  def self.sorted(items)
    items.map(&:inspect).sort
  end
end
