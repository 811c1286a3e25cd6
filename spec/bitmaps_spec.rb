require_relative 'spec_helper'

RSpec.describe 'bitmaps' do
  let(:wrongtype) { error('WRONGTYPE Operation against a key holding the wrong kind of value') }
  let(:not_integer) { error('ERR value is not an integer or out of range') }
  let(:syntax_error) { error('ERR syntax error') }
  let(:bad_offset) { error('ERR bit offset is not an integer or out of range') }
  let(:bad_type) { error('ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.') }

  before { call('RPUSH', 'list', 'element') }

  def wrong_arity(command)
    error("ERR wrong number of arguments for '#{command}' command")
  end

  # The two keys are absent: one never was there, the other has expired.
  def absent_keys
    call('SET', 'expired', "\xff".b, 'PX', 1)
    eventually { expect(call('GET', 'expired')).to be_nil }
    %w[absent expired]
  end

  describe 'SETBIT and GETBIT' do
    it 'count from the highest bit of the first byte' do
      expect(call('SETBIT', 'a', 1, 1)).to eq 0
      expect(call('SETBIT', 'a', 7, 1)).to eq 0
      expect(call('GET', 'a')).to eq 'A'
      expect(call('SETBIT', 'a', 7, 0)).to eq 1
      expect((0..8).map { |i| call('GETBIT', 'a', i) }).to eq [0, 1, 0, 0, 0, 0, 0, 0, 0]
      expect(call('SETBIT', 'a', 19, 1)).to eq 0
      expect(call('GET', 'a')).to eq "@\0\x10"
    end

    it 'create and extend, with zeros too' do
      absent_keys.each do |key|
        expect(call('GETBIT', key, 0)).to eq 0
        expect(call('SETBIT', key, 17, 0)).to eq 0
        expect(call('GET', key)).to eq "\0\0\0"
        expect(call('TTL', key)).to eq(-1)
      end
    end

    it 'keep the expiry' do
      call('SET', 'a', 'x', 'EX', 100)
      call('SETBIT', 'a', 100, 1)
      expect(call('TTL', 'a')).to be_between(95, 100)
    end

    it 'reach far into a long string' do
      call('SETBIT', 'a', 8_000_000, 1)
      expect(call('STRLEN', 'a')).to eq 1_000_001
      expect(call('GETBIT', 'a', 8_000_000)).to eq 1
      expect(call('GETBIT', 'a', 7_999_999)).to eq 0
      expect(call('GETBIT', 'a', 4_294_967_295)).to eq 0
    end

    it 'check the offset, then the bit, then the type' do
      ['x', '', '-1', '1.5', '4294967296', '9223372036854775808'].each do |offset|
        expect(call('SETBIT', 'list', offset, 'x')).to eq bad_offset
        expect(call('GETBIT', 'list', offset)).to eq bad_offset
      end
      ['x', '', '2', '-1', '01'].each do |bit|
        expect(call('SETBIT', 'list', 0, bit)).to eq error('ERR bit is not an integer or out of range')
      end
      expect(call('SETBIT', 'list', 0, 1)).to eq wrongtype
      expect(call('GETBIT', 'list', 0)).to eq wrongtype
      expect(call('SETBIT', 'a', 0)).to eq wrong_arity('setbit')
    end
  end

  describe 'BITCOUNT' do
    before { call('SET', 'a', 'foobar') }

    it 'counts the whole string' do
      expect(call('BITCOUNT', 'a')).to eq 26
      absent_keys.each { |key| expect(call('BITCOUNT', key)).to eq 0 }
      call('SET', 'empty', '')
      expect(call('BITCOUNT', 'empty')).to eq 0
      expect(call('BITCOUNT', 'empty', 0, -1, 'BIT')).to eq 0
    end

    it 'counts ranges of bytes and bits' do
      {
        [0, 0] => 4, [1, 1] => 6, [0, -5] => 10, [-100, 100] => 26, [5, 30] => 4, [6, 7] => 0, [3, 2] => 0, [-1, -2] => 0, [0, -100] => 4,
        [5, 30, 'BIT'] => 17, [0, 0, 'bit'] => 0, [1, 1, 'BIT'] => 1, [0, -1, 'BIT'] => 26, [-8, -1, 'BIT'] => 4, [3, 12, 'BIT'] => 5,
        [100, 200, 'BIT'] => 0, [-1, -2, 'BIT'] => 0, [1, 1, 'BYTE'] => 6, [7, 8, 'BIT'] => 0, [47, 47, 'BIT'] => 0
      }.each { |range, count| expect(call('BITCOUNT', 'a', *range)).to eq(count), range.inspect }
    end

    it 'looks at the key first, then at the range' do
      expect(call('BITCOUNT', 'absent', 'x')).to eq 0
      expect(call('BITCOUNT', 'list', 'x')).to eq wrongtype
      expect(call('BITCOUNT', 'a', 0)).to eq syntax_error
      expect(call('BITCOUNT', 'a', 0, 1, 'BIT', 1)).to eq syntax_error
      expect(call('BITCOUNT', 'a', 'x', 1, 'FOO')).to eq not_integer
      expect(call('BITCOUNT', 'a', 0, 'x', 'FOO')).to eq not_integer
      expect(call('BITCOUNT', 'a', 0, 1, 'FOO')).to eq syntax_error
      expect(call('BITCOUNT', 'a', -1, -2, 'FOO')).to eq 0
    end

    it 'counts megabytes' do
      bytes = Random.new(1).bytes(2_000_000)
      call('SET', 'a', bytes)
      expect(call('BITCOUNT', 'a')).to eq bytes.unpack1('B*').count('1')
      expect(call('BITCOUNT', 'a', 999_999, 1_000_000)).to eq bytes[999_999, 2].unpack1('B*').count('1')
      expect(call('BITCOUNT', 'a', 13, 7_999_999, 'BIT')).to eq bytes.unpack1('B*')[13..7_999_999].count('1')
    end
  end

  describe 'BITPOS' do
    it 'finds the first bit' do
      call('SET', 'a', "\xff\xf0\x00".b)
      call('SET', 'zero', "\0\0\0")
      expect(call('BITPOS', 'a', 0)).to eq 12
      expect(call('BITPOS', 'a', 1)).to eq 0
      expect(call('BITPOS', 'zero', 1)).to eq(-1)
      expect(call('BITPOS', 'zero', 0)).to eq 0
      absent_keys.each do |key|
        expect(call('BITPOS', key, 0)).to eq 0
        expect(call('BITPOS', key, 1)).to eq(-1)
      end
    end

    it 'takes zeros to follow the string, unless an end is given' do
      call('SET', 'a', "\xff\xff\xff".b)
      call('SET', 'empty', '')
      expect(call('BITPOS', 'a', 0)).to eq 24
      expect(call('BITPOS', 'a', 0, 1)).to eq 24
      expect(call('BITPOS', 'a', 0, 3)).to eq(-1)
      expect(call('BITPOS', 'a', 0, 0, -1)).to eq(-1)
      expect(call('BITPOS', 'a', 0, 0, -1, 'BIT')).to eq(-1)
      expect(call('BITPOS', 'empty', 0)).to eq(-1)
      expect(call('BITPOS', 'empty', 0, 0)).to eq(-1)
    end

    it 'searches ranges of bytes and bits' do
      call('SET', 'a', "\x00\xff\xf0\x01".b)
      {
        [1, 0] => 8, [1, 2] => 16, [1, -1] => 31, [1, 3, 3] => 31, [0, 1, 1] => -1, [0, 1, 2] => 20, [1, 2, 1] => -1, [1, 4, 9] => -1, [0, -1] => 24,
        [1, 7, 15, 'BIT'] => 8, [0, 9, 30, 'BIT'] => 20, [1, 20, 30, 'BIT'] => -1, [1, 20, 31, 'bit'] => 31, [0, -1, -1, 'BIT'] => -1,
        [0, 10, 12, 'BIT'] => -1, [1, 10, 12, 'BIT'] => 10, [1, 1, -1, 'BYTE'] => 8, [1, -100, 100, 'BIT'] => 8, [1, 3, 1, 'BIT'] => -1
      }.each { |arguments, position| expect(call('BITPOS', 'a', *arguments)).to eq(position), arguments.inspect }
    end

    it 'checks the bit, then the key, then the range' do
      call('SET', 'a', 'x')
      expect(call('BITPOS', 'list', 2)).to eq error('ERR The bit argument must be 1 or 0.')
      expect(call('BITPOS', 'list', 'x')).to eq not_integer
      expect(call('BITPOS', 'list', 0, 'x')).to eq wrongtype
      expect(call('BITPOS', 'absent', 0, 'x')).to eq 0
      expect(call('BITPOS', 'a', 0, 'x', 'y', 'FOO')).to eq not_integer
      expect(call('BITPOS', 'a', 0, 0, 'x', 'FOO')).to eq syntax_error
      expect(call('BITPOS', 'a', 0, 0, 'x', 'BIT')).to eq not_integer
      expect(call('BITPOS', 'a', 0, 0, 1, 'BIT', 1)).to eq syntax_error
      expect(call('BITPOS', 'a')).to eq wrong_arity('bitpos')
    end
  end

  describe 'BITOP' do
    before { call('MSET', 'a', "\xf0\x0f\xaa".b, 'b', "\x3c".b, 'empty', '') }

    it 'combines, the shorter strings followed by zeros' do
      {
        %w[AND a b] => '300000', %w[or a b] => 'fc0faa', %w[XOR a b] => 'cc0faa', %w[NOT a] => '0ff055', %w[AND a] => 'f00faa',
        %w[AND a absent] => '000000', %w[OR absent b] => '3c', %w[XOR a b a] => '3c0000', %w[OR a a] => 'f00faa', %w[AND empty b a] => '000000'
      }.each do |(operation, *keys), hex|
        expect(call('BITOP', operation, 'to', *keys)).to eq(hex.size / 2), "#{operation} #{keys}"
        expect(call('GET', 'to').unpack1('H*')).to eq(hex), "#{operation} #{keys}"
      end
    end

    it 'overwrites the destination, and its expiry' do
      call('EXPIRE', 'list', 100)
      expect(call('BITOP', 'OR', 'list', 'a')).to eq 3
      expect(call('TTL', 'list')).to eq(-1)
      call('EXPIRE', 'a', 100)
      expect(call('BITOP', 'NOT', 'a', 'a')).to eq 3
      expect(call('GET', 'a')).to eq "\x0f\xf0\x55".b
      expect(call('TTL', 'a')).to eq(-1)
    end

    it 'deletes the destination when there is nothing to store' do
      expect(call('BITOP', 'AND', 'list', *absent_keys, 'empty')).to eq 0
      expect(call('BITOP', 'NOT', 'a', 'empty')).to eq 0
      expect(call('EXISTS', 'list', 'a')).to eq 0
    end

    it 'checks the operation, then the number of keys, then the types' do
      expect(call('BITOP', 'NAND', 'to', 'list')).to eq syntax_error
      expect(call('BITOP', 'NOT', 'to', 'list', 'a')).to eq error('ERR BITOP NOT must be called with a single source key.')
      expect(call('BITOP', 'AND', 'to', 'a', 'list')).to eq wrongtype
      expect(call('BITOP', 'AND', 'to')).to eq wrong_arity('bitop')
      expect(call('EXISTS', 'to')).to eq 0
    end

    it 'combines megabytes' do
      random = Random.new(1)
      x = random.bytes(1_500_000)
      y = random.bytes(1_200_000)
      call('MSET', 'x', x, 'y', y)
      expect(call('BITOP', 'XOR', 'to', 'x', 'y')).to eq 1_500_000
      expect(call('BITOP', 'XOR', 'to', 'to', 'y')).to eq 1_500_000
      expect(call('GET', 'to')).to eq x
    end
  end

  describe 'BITFIELD' do
    it 'reads and writes fields of any width anywhere' do
      expect(call('BITFIELD', 'a', 'SET', 'u8', 3, 255, 'GET', 'u4', 0, 'GET', 'i4', 3, 'GET', 'u1', 11, 'GET', 'i64', 0)).to eq(
        [0, 1, -1, 0, 0x1fe0_0000_0000_0000]
      )
      expect(call('GET', 'a')).to eq "\x1f\xe0".b
      expect(call('BITFIELD', 'a', 'SET', 'i64', 5, -2, 'GET', 'i64', 5, 'GET', 'u63', 6)).to eq(
        [-288_230_376_151_711_744, -2, 9_223_372_036_854_775_806]
      )
      expect(call('STRLEN', 'a')).to eq 9
    end

    it 'counts offsets in fields after #' do
      expect(call('BITFIELD', 'a', 'SET', 'u8', '#0', 65, 'set', 'u8', '#2', 67, 'incrby', 'u8', '#1', 66, 'get', 'u16', '#1')).to eq(
        [0, 0, 66, 67 * 256]
      )
      expect(call('GET', 'a')).to eq 'ABC'
    end

    it 'wraps, saturates or fails' do
      overflow = ->(mode, *operation) { call('BITFIELD', 'a', 'OVERFLOW', mode, *operation) }
      call('BITFIELD', 'a', 'SET', 'u8', 0, 250, 'SET', 'i8', 8, 120)
      expect(overflow.call('wrap', 'INCRBY', 'u8', 0, 10, 'INCRBY', 'i8', 8, 10)).to eq [4, -126]
      expect(overflow.call('SAT', 'INCRBY', 'u8', 0, -10, 'INCRBY', 'i8', 8, -10)).to eq [0, -128]
      expect(overflow.call('SAT', 'INCRBY', 'u8', 0, 300, 'INCRBY', 'i8', 8, 300)).to eq [255, 127]
      expect(overflow.call('fail', 'INCRBY', 'u8', 0, 1, 'INCRBY', 'i8', 8, 1, 'GET', 'u8', 0)).to eq [nil, nil, 255]
      expect(overflow.call('FAIL', 'SET', 'u8', 0, 256, 'SET', 'u8', 0, -1, 'SET', 'i8', 8, -129)).to eq [nil, nil, nil]
      expect(overflow.call('SAT', 'SET', 'u8', 0, -1, 'GET', 'u8', 0)).to eq [255, 255]
      expect(overflow.call('WRAP', 'SET', 'u8', 0, -2, 'GET', 'u8', 0, 'SET', 'u2', 0, 6, 'GET', 'u2', 0)).to eq [255, 254, 3, 2]
      expect(overflow.call('SAT', 'SET', 'i64', 0, 9_223_372_036_854_775_807, 'INCRBY', 'i64', 0, 1)[1]).to eq 9_223_372_036_854_775_807
      expect(overflow.call('WRAP', 'INCRBY', 'i64', 0, 1)).to eq [-9_223_372_036_854_775_808]
      expect(overflow.call('WRAP', 'SET', 'i5', 0, 4, 'INCRBY', 'i5', 0, -9_223_372_036_854_775_808)).to eq [-16, 4]
      [-9_223_372_036_854_775_808, -9_223_372_036_854_743_041, -9_223_372_036_854_743_040].each do |value|
        overflow.call('SAT', 'SET', 'i16', 0, value)
        expect(call('BITFIELD', 'a', 'GET', 'i16', 0)).to eq [value == -9_223_372_036_854_743_040 ? -32_768 : 32_767]
      end
    end

    it 'takes OVERFLOW for the operations behind it, WRAP before' do
      expect(call3('BITFIELD', 'a', 'SET', 'u2', 0, 3, 'INCRBY', 'u2', 0, 1, 'OVERFLOW', 'SAT', 'INCRBY', 'u2', 0, 9, 'OVERFLOW', 'FAIL',
                   'INCRBY', 'u2', 0, 1)).to eq [0, 0, 3, nil]
    end

    it 'creates and extends even when the operation fails, but not to read' do
      absent_keys.each do |key|
        expect(call('BITFIELD', key, 'GET', 'u8', 1000)).to eq [0]
        expect(call('BITFIELD', key)).to eq []
        expect(call('EXISTS', key)).to eq 0
        expect(call('BITFIELD', key, 'OVERFLOW', 'FAIL', 'SET', 'u2', 100, 7)).to eq [nil]
        expect(call('GET', key)).to eq "\0" * 13
      end
    end

    it 'keeps the expiry' do
      call('SET', 'a', 'x', 'EX', 100)
      call('BITFIELD', 'a', 'SET', 'u8', 100, 1)
      expect(call('TTL', 'a')).to be_between(95, 100)
    end

    it 'reads far behind the end' do
      expect(call('BITFIELD', 'a', 'GET', 'i64', 4_294_967_295, 'GET', 'u8', 0)).to eq [0, 0]
    end

    it 'checks every operation before it does any' do
      expect(call('BITFIELD', 'a', 'SET', 'u8', 0, 1, 'FOO')).to eq syntax_error
      [%w[GET u8], %w[SET u8 0], %w[INCRBY u8 0], %w[OVERFLOW], %w[GET]].each do |arguments|
        expect(call('BITFIELD', 'a', *arguments)).to eq(syntax_error), arguments.inspect
      end
      expect(call('BITFIELD', 'a', 'OVERFLOW', 'FOO', 'GET')).to eq error('ERR Invalid OVERFLOW type specified')
      %w[u64 i65 u0 i0 x8 8 u U8 u08 u-1].each { |type| expect(call('BITFIELD', 'list', 'GET', type, 'x')).to eq bad_type }
      %w[x -1 # #x #-1 4294967296 #536870912 #9223372036854775807].each do |offset|
        expect(call('BITFIELD', 'list', 'SET', 'u8', offset, 'x')).to eq(bad_offset), offset
      end
      expect(call('BITFIELD', 'list', 'SET', 'u8', 0, 'x')).to eq not_integer
      expect(call('BITFIELD', 'list', 'SET', 'u8', 0, 1)).to eq wrongtype
      expect(call('BITFIELD', 'list', 'GET', 'u8', 0)).to eq wrongtype
      expect(call('BITFIELD', 'list')).to eq wrongtype
      expect(call('EXISTS', 'a')).to eq 0
    end
  end

  describe 'BITFIELD_RO' do
    it 'only reads' do
      call('SET', 'a', 'AB')
      expect(call('BITFIELD_RO', 'a', 'GET', 'u8', 0, 'get', 'u8', '#1', 'GET', 'u8', '#2')).to eq [65, 66, 0]
      expect(call('BITFIELD_RO', 'absent', 'GET', 'i8', 0)).to eq [0]
      expect(call('BITFIELD_RO', 'a')).to eq []
      expect(call('BITFIELD_RO', 'a', 'OVERFLOW', 'SAT', 'GET', 'u8', 0)).to eq [65]
      %w[SET INCRBY].each do |word|
        expect(call('BITFIELD_RO', 'list', 'GET', 'u8', 0, word, 'u8', 0, 1)).to eq error('ERR BITFIELD_RO only supports the GET subcommand')
      end
      expect(call('BITFIELD_RO', 'list', 'GET', 'u8', 0)).to eq wrongtype
      expect(call('BITFIELD_RO', 'a', 'GET', 'u8')).to eq syntax_error
    end
  end
end
