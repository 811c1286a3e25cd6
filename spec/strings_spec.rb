require_relative 'spec_helper'

RSpec.describe 'strings' do
  let(:wrongtype) { error('WRONGTYPE Operation against a key holding the wrong kind of value') }
  let(:not_integer) { error('ERR value is not an integer or out of range') }
  let(:not_float) { error('ERR value is not a valid float') }
  let(:syntax_error) { error('ERR syntax error') }
  let(:too_long) { error('ERR string exceeds maximum allowed size (proto-max-bulk-len)') }
  let(:binary) { (0..255).to_a.pack('C*') }
  let(:last_integer) { 9_223_372_036_854_775_807 }

  before { call('RPUSH', 'list', 'element') }

  def wrong_arity(command)
    error("ERR wrong number of arguments for '#{command}' command")
  end

  def invalid_expiry(command)
    error("ERR invalid expire time in '#{command}' command")
  end

  # The two keys are absent: one never was there, the other has expired.
  def absent_keys
    call('SET', 'expired', 'old', 'PX', 1)
    eventually { expect(call('GET', 'expired')).to be_nil }
    %w[absent expired]
  end

  describe 'GET and SET' do
    it 'keep any bytes, in keys and values' do
      ['', 'x', "a\r\nb", binary, "\0", "\xff\xfe".b, 'long' * 5000].each do |bytes|
        expect(call('SET', bytes, bytes)).to eq :OK
        expect(call('GET', bytes)).to eq bytes.b
      end
    end

    it 'tell long keys apart that differ only at the end' do
      first = "#{'k' * 3000}1"
      second = "#{'k' * 3000}2"
      call('SET', first, 'one')
      call('SET', second, 'two')
      expect([call('GET', first), call('GET', second)]).to eq %w[one two]
      expect(call('KEYS', 'kkk*').sort).to eq [first, second]
    end

    it 'answer null for an absent key' do
      absent_keys.each do |key|
        expect(call('GET', key)).to be_nil
        expect(call3('GET', key)).to be_nil
      end
    end

    it 'refuse to read what is no string, but overwrite it' do
      expect(call('GET', 'list')).to eq wrongtype
      expect(call('SET', 'list', 'x')).to eq :OK
      expect(call('GET', 'list')).to eq 'x'
    end

    it 'check the number of arguments' do
      expect(call('GET')).to eq wrong_arity('get')
      expect(call('GET', 'a', 'b')).to eq wrong_arity('get')
      expect(call('SET', 'a')).to eq wrong_arity('set')
    end
  end

  describe 'SET with options' do
    it 'NX creates only, XX overwrites only' do
      absent_keys.each do |key|
        expect(call('SET', key, '1', 'XX')).to be_nil
        expect(call('SET', key, '1', 'nx')).to eq :OK
        expect(call('SET', key, '2', 'NX')).to be_nil
        expect(call('GET', key)).to eq '1'
        expect(call('SET', key, '3', 'xx')).to eq :OK
        expect(call('GET', key)).to eq '3'
      end
      expect(call('SET', 'list', 'x', 'NX')).to be_nil
      expect(call('TYPE', 'list')).to eq :list
      expect(call('SET', 'list', 'x', 'XX')).to eq :OK
    end

    it 'GET answers what was there before' do
      expect(call('SET', 'a', '1', 'GET')).to be_nil
      expect(call('SET', 'a', '2', 'GET')).to eq '1'
      expect(call('SET', 'a', '3', 'GET', 'NX')).to eq '2'
      expect(call('SET', 'absent', '3', 'GET', 'XX')).to be_nil
      expect(call('SET', 'new', '3', 'NX', 'GET')).to be_nil
      expect(call('MGET', 'a', 'absent', 'new')).to eq ['2', nil, '3']
      expect(call('SET', 'list', '1', 'GET')).to eq wrongtype
      expect(call('TYPE', 'list')).to eq :list
    end

    it 'sets an expiry in each unit' do
      now = Time.now.to_i
      call('SET', 'a', '1', 'EX', 100)
      call('SET', 'b', '1', 'px', 100_000)
      call('SET', 'c', '1', 'EXAT', now + 100)
      call('SET', 'd', '1', 'PXAT', (now + 100) * 1000)
      %w[a b c d].each { |key| expect(call('PTTL', key)).to be_between(95_000, 101_000) }
      expect(call('PEXPIRETIME', 'c')).to eq((now + 100) * 1000)
      expect(call('PEXPIRETIME', 'd')).to eq((now + 100) * 1000)
    end

    it 'forgets an expiry, unless KEEPTTL' do
      call('SET', 'a', '1', 'EX', 100)
      expect(call('SET', 'a', '2', 'KEEPTTL')).to eq :OK
      expect(call('TTL', 'a')).to be_between(95, 100)
      expect(call('GET', 'a')).to eq '2'
      expect(call('SET', 'a', '3', 'keepttl', 'GET', 'XX')).to eq '2'
      expect(call('TTL', 'a')).to be_between(95, 100)
      call('SET', 'a', '4')
      expect(call('TTL', 'a')).to eq(-1)
      call('EXPIRE', 'list', 100)
      call('SET', 'list', 'x', 'KEEPTTL')
      expect(call('TTL', 'list')).to be_between(95, 100)
    end

    it 'takes a moment in the past: the key is gone at once' do
      call('SET', 'a', '1')
      expect(call('SET', 'a', '2', 'PXAT', 1)).to eq :OK
      expect(call('GET', 'a')).to be_nil
      expect(call('EXISTS', 'a')).to eq 0
      expect(call('SET', 'a', '2', 'EXAT', 1, 'NX')).to eq :OK
      expect(call('SET', 'a', '3', 'NX')).to eq :OK
    end

    it 'expires' do
      call('SET', 'a', '1', 'PX', 20)
      eventually { expect(call('GET', 'a')).to be_nil }
    end

    it 'refuses an expiry that is none' do
      [0, -1, last_integer, 9_223_372_036_854_776].each do |seconds|
        expect(call('SET', 'a', '1', 'EX', seconds)).to eq invalid_expiry('set')
      end
      [0, -1, last_integer].each { |ms| expect(call('SET', 'a', '1', 'PX', ms)).to eq invalid_expiry('set') }
      [0, -1, 9_223_372_036_854_776].each { |at| expect(call('SET', 'a', '1', 'EXAT', at)).to eq invalid_expiry('set') }
      ['', 'x', '1.5', ' 1', '01', '9223372036854775808'].each do |word|
        expect(call('SET', 'a', '1', 'EX', word)).to eq not_integer
      end
      expect(call('EXISTS', 'a')).to eq 0
      expect(call('SET', 'a', '1', 'PXAT', last_integer)).to eq :OK
      expect(call('PEXPIRETIME', 'a')).to eq last_integer
    end

    it 'refuses what does not fit together' do
      [%w[FOO], %w[NX XX], %w[XX NX], %w[EX], %w[PX], %w[NX EX], %w[EX 1 PX 1], %w[EX 1 EXAT 1], %w[EX 1 KEEPTTL], %w[KEEPTTL PX 1],
       %w[PERSIST], %w[EX 1 PERSIST], [''], ["\0"], %w[NX foo], %w[10]].each do |options|
        expect(call('SET', 'a', '1', *options)).to eq(syntax_error), options.inspect
      end
    end

    it 'takes what is merely repeated, the last expiry counting' do
      expect(call('SET', 'a', '1', 'NX', 'NX', 'EX', 5, 'EX', 100)).to eq :OK
      expect(call('TTL', 'a')).to be_between(95, 100)
      expect(call('SET', 'a', '1', 'KEEPTTL', 'KEEPTTL', 'GET', 'GET')).to eq '1'
    end

    it 'checks the syntax first, then the expiry, then the type' do
      expect(call('SET', 'list', '1', 'GET', 'EX', 'x', 'FOO')).to eq syntax_error
      expect(call('SET', 'list', '1', 'GET', 'EX', 'x')).to eq not_integer
      expect(call('SET', 'list', '1', 'GET', 'EX', 0)).to eq invalid_expiry('set')
      expect(call('SET', 'list', '1', 'GET', 'EX', 1)).to eq wrongtype
    end
  end

  describe 'SETNX, SETEX, PSETEX, GETSET' do
    it 'SETNX creates only' do
      absent_keys.each do |key|
        expect(call('SETNX', key, '1')).to eq 1
        expect(call('SETNX', key, '2')).to eq 0
        expect(call('GET', key)).to eq '1'
        expect(call('TTL', key)).to eq(-1)
      end
      expect(call('SETNX', 'list', '1')).to eq 0
    end

    it 'SETEX and PSETEX set an expiry' do
      expect(call('SETEX', 'a', 100, 'x')).to eq :OK
      expect(call('PSETEX', 'list', 100_000, 'y')).to eq :OK
      expect(call('MGET', 'a', 'list')).to eq %w[x y]
      expect(call('TTL', 'a')).to be_between(95, 100)
      expect(call('PTTL', 'list')).to be_between(95_000, 100_000)
    end

    it 'SETEX and PSETEX refuse an expiry that is none' do
      %w[setex psetex].each do |command|
        [0, -1, last_integer].each { |time| expect(call(command, 'a', time, 'x')).to eq invalid_expiry(command) }
        ['x', '', '1.0'].each { |time| expect(call(command, 'a', time, 'x')).to eq not_integer }
        expect(call(command, 'a', 1)).to eq wrong_arity(command)
      end
      expect(call('EXISTS', 'a')).to eq 0
    end

    it 'GETSET answers what was there and forgets its expiry' do
      absent_keys.each { |key| expect(call('GETSET', key, '1')).to be_nil }
      call('EXPIRE', 'absent', 100)
      expect(call('GETSET', 'absent', '2')).to eq '1'
      expect(call('TTL', 'absent')).to eq(-1)
      expect(call('GETSET', 'list', '1')).to eq wrongtype
    end
  end

  describe 'GETDEL and GETEX' do
    it 'GETDEL deletes' do
      call('SET', 'a', '1')
      expect(call('GETDEL', 'a')).to eq '1'
      expect(call('GETDEL', 'a')).to be_nil
      absent_keys.each { |key| expect(call('GETDEL', key)).to be_nil }
      expect(call('GETDEL', 'list')).to eq wrongtype
      expect(call('EXISTS', 'list')).to eq 1
    end

    it 'GETEX alone only reads' do
      call('SET', 'a', '1', 'EX', 100)
      expect(call('GETEX', 'a')).to eq '1'
      expect(call('TTL', 'a')).to be_between(95, 100)
      absent_keys.each { |key| expect(call('GETEX', key)).to be_nil }
      expect(call('GETEX', 'list')).to eq wrongtype
    end

    it 'GETEX sets and removes the expiry' do
      call('SET', 'a', '1')
      expect(call('GETEX', 'a', 'EX', 100)).to eq '1'
      expect(call('TTL', 'a')).to be_between(95, 100)
      expect(call('GETEX', 'a', 'persist')).to eq '1'
      expect(call('TTL', 'a')).to eq(-1)
      expect(call('GETEX', 'a', 'PX', 100_000)).to eq '1'
      expect(call('PTTL', 'a')).to be_between(95_000, 100_000)
      expect(call('GETEX', 'a', 'EXAT', 9_999_999_999)).to eq '1'
      expect(call('PEXPIRETIME', 'a')).to eq 9_999_999_999_000
      expect(call('GETEX', 'a', 'PXAT', 9_999_999_999_999)).to eq '1'
      expect(call('PEXPIRETIME', 'a')).to eq 9_999_999_999_999
    end

    it 'GETEX with a moment in the past deletes' do
      call('SET', 'a', '1')
      expect(call('GETEX', 'a', 'EXAT', 1)).to eq '1'
      expect(call('EXISTS', 'a')).to eq 0
      call('SET', 'a', '1')
      expect(call('GETEX', 'a', 'PXAT', 1)).to eq '1'
      expect(call('EXISTS', 'a')).to eq 0
    end

    it 'GETEX checks syntax, then key and type, then the expiry' do
      call('SET', 'a', '1')
      [%w[FOO], %w[EX], %w[EX 1 PX 1], %w[PERSIST EX 1], %w[EX 1 PERSIST], %w[KEEPTTL], %w[NX], %w[GET]].each do |options|
        expect(call('GETEX', 'absent', *options)).to eq(syntax_error), options.inspect
      end
      expect(call('GETEX', 'absent', 'EX', 'x')).to be_nil
      expect(call('GETEX', 'list', 'EX', 0)).to eq wrongtype
      expect(call('GETEX', 'a', 'EX', 'x')).to eq not_integer
      [0, -1, last_integer].each { |time| expect(call('GETEX', 'a', 'EX', time)).to eq invalid_expiry('getex') }
    end
  end

  describe 'STRLEN, GETRANGE, SUBSTR' do
    it 'STRLEN counts bytes' do
      call('SET', 'a', 'äöü')
      expect(call('STRLEN', 'a')).to eq 6
      absent_keys.each { |key| expect(call('STRLEN', key)).to eq 0 }
      expect(call('STRLEN', 'list')).to eq wrongtype
    end

    it 'GETRANGE and SUBSTR follow the rules of ranges' do
      call('SET', 'a', 'Hello World')
      call('SET', 'empty', '')
      {
        [0, 4] => 'Hello', [0, -1] => 'Hello World', [-5, -1] => 'World', [-5, 100] => 'World', [6, 6] => 'W', [10, 5] => '', [11, 20] => '',
        [-100, 1] => 'He', [-1, -5] => '', [0, -100] => 'H', [-100, -100] => 'H', [-50, -100] => '', [5, -20] => '',
        [0, last_integer] => 'Hello World', [-last_integer - 1, -1] => 'Hello World', [last_integer, last_integer] => ''
      }.each do |(first, last), bytes|
        expect(call('GETRANGE', 'a', first, last)).to eq(bytes), "#{first} #{last}"
        expect(call('SUBSTR', 'a', first, last)).to eq(bytes), "#{first} #{last}"
        expect(call('GETRANGE', 'empty', first, last)).to eq ''
      end
      absent_keys.each { |key| expect(call('GETRANGE', key, 0, -1)).to eq '' }
      expect(call('GETRANGE', 'list', 0, -1)).to eq wrongtype
      expect(call('GETRANGE', 'list', 'x', -1)).to eq not_integer
      expect(call('GETRANGE', 'a', 0)).to eq wrong_arity('getrange')
    end
  end

  describe 'MGET, MSET, MSETNX' do
    it 'MGET keeps the order and answers null for what is no string' do
      call('MSET', 'a', '1', 'b', binary)
      expect(call('MGET', 'b', 'absent', 'a', 'list', 'a')).to eq [binary, nil, '1', nil, '1']
      expect(call3('MGET', *absent_keys)).to eq [nil, nil]
      expect(call('MGET')).to eq wrong_arity('mget')
    end

    it 'MSET overwrites everything, the last value for a key counting' do
      call('SET', 'a', 'old', 'EX', 100)
      expect(call('MSET', 'a', '1', 'list', '2', 'c', '3', 'a', '4', 'k' * 3000, 'long')).to eq :OK
      expect(call('MGET', 'a', 'list', 'c', 'k' * 3000)).to eq %w[4 2 3 long]
      expect(call('TTL', 'a')).to eq(-1)
    end

    it 'MSET takes many keys' do
      pairs = (1..2500).flat_map { |i| ["key:#{i}", i.to_s] }
      expect(call('MSET', *pairs)).to eq :OK
      expect(call('MGET', *pairs.each_slice(2).map(&:first))).to eq pairs.each_slice(2).map(&:last)
    end

    it 'MSETNX sets all or nothing' do
      keys = absent_keys
      expect(call('MSETNX', 'new', '1', 'list', '2')).to eq 0
      expect(call('EXISTS', 'new', 'list')).to eq 1
      expect(call('MSETNX', *keys.flat_map { |key| [key, key] }, keys.last, 'again')).to eq 1
      expect(call('MGET', *keys)).to eq %w[absent again]
      expect(call('MSETNX', 'new', '1', keys.first, '2')).to eq 0
      expect(call('EXISTS', 'new')).to eq 0
    end

    it 'both refuse an odd number of arguments' do
      expect(call('MSET', 'a', '1', 'b')).to eq wrong_arity('mset')
      expect(call('MSET', 'a')).to eq wrong_arity('mset')
      expect(call('MSETNX', 'a', '1', 'b')).to eq wrong_arity('msetnx')
      expect(call('EXISTS', 'a')).to eq 0
    end
  end

  describe 'INCR, DECR, INCRBY, DECRBY' do
    it 'count from 0' do
      absent_keys.each do |key|
        expect(call('INCR', key)).to eq 1
        expect(call('INCRBY', key, 10)).to eq 11
        expect(call('DECR', key)).to eq 10
        expect(call('DECRBY', key, 15)).to eq(-5)
        expect(call('INCRBY', key, -5)).to eq(-10)
        expect(call('DECRBY', key, -30)).to eq 20
        expect(call('GET', key)).to eq '20'
        expect(call('TTL', key)).to eq(-1)
      end
    end

    it 'keep the expiry' do
      call('SET', 'a', '5', 'EX', 100)
      expect(call('INCR', 'a')).to eq 6
      expect(call('TTL', 'a')).to be_between(95, 100)
    end

    it 'refuse what is no integer' do
      ['', 'x', '1.0', ' 1', '1 ', '+1', '01', '-0', '9223372036854775808', '1' * 30, "1\0", binary, 'x' * 5000].each do |value|
        call('SET', 'a', value)
        expect(call('INCR', 'a')).to eq(not_integer), value.inspect
        expect(call('GET', 'a')).to eq value.b
      end
      ['', 'x', '1.0', '9223372036854775808'].each { |by| expect(call('INCRBY', 'new', by)).to eq not_integer }
      expect(call('EXISTS', 'new')).to eq 0
    end

    it 'refuse to overflow' do
      overflow = error('ERR increment or decrement would overflow')
      call('SET', 'a', last_integer - 1)
      expect(call('INCR', 'a')).to eq last_integer
      expect(call('INCR', 'a')).to eq overflow
      expect(call('INCRBY', 'a', last_integer)).to eq overflow
      expect(call('DECRBY', 'a', last_integer)).to eq 0
      expect(call('DECRBY', 'a', last_integer)).to eq(-last_integer)
      expect(call('DECR', 'a')).to eq(-last_integer - 1)
      expect(call('DECR', 'a')).to eq overflow
      expect(call('DECRBY', 'a', -last_integer - 1)).to eq error('ERR decrement would overflow')
      call('SET', 'a', '1')
      expect(call('INCRBY', 'a', last_integer)).to eq overflow
      expect(call('INCRBY', 'a', -last_integer - 1)).to eq(-last_integer)
    end

    it 'check the increment, then the type' do
      %w[INCR DECR].each { |command| expect(call(command, 'list')).to eq wrongtype }
      %w[INCRBY DECRBY].each do |command|
        expect(call(command, 'list', 1)).to eq wrongtype
        expect(call(command, 'list', 'x')).to eq not_integer
      end
    end
  end

  describe 'INCRBYFLOAT' do
    it 'shows sums as Redis does' do
      {
        ['0.1', '0.2'] => '0.3', ['10.50', '0.1'] => '10.6', ['10.6', '-5'] => '5.6', ['5.0e3', '2.0e2'] => '5200', ['5e-3', '0'] => '0.005',
        ['3000', '0.1'] => '3000.10000000000000009', ['1e20', '1'] => '100000000000000000000', ['-1', '1'] => '0', ['-0', '-0'] => '0',
        ['1.5', '-1.5'] => '0', ['0', '1e-17'] => '0.00000000000000001', ['0', '1e-18'] => '0', ['.5', '5.'] => '5.5', ['+1', '+1'] => '2',
        ['0x1p3', '0X.8'] => '8.5', ['0', '0.000003814697265625'] => '0.00000381469726562', ['123456789.987654321', '0'] => '123456789.98765432099753525',
        ['1e30', '1e-30'] => '1000000000000000000024696061952', ['18446744073709551617', '0'] => '18446744073709551616', ['0', '1e-4000'] => '0'
      }.each do |(value, increment), sum|
        call('SET', 'a', value)
        expect(call('INCRBYFLOAT', 'a', increment)).to eq(sum), "#{value} + #{increment}"
        expect(call('GET', 'a')).to eq sum
      end
    end

    it 'counts from 0 and keeps the expiry' do
      absent_keys.each { |key| expect(call('INCRBYFLOAT', key, '1.25')).to eq '1.25' }
      call('EXPIRE', 'absent', 100)
      expect(call('INCRBYFLOAT', 'absent', '1.25')).to eq '2.5'
      expect(call('TTL', 'absent')).to be_between(95, 100)
    end

    it 'takes numbers beyond doubles' do
      call('SET', 'a', '1e4000')
      sum = call('INCRBYFLOAT', 'a', '1e4000')
      expect(sum.size).to eq 4001
      expect(sum).to start_with('199999999999999999999309277461992475698649')
      expect(sum).to end_with('552699802681344')
    end

    it 'refuses what is no number' do
      call('SET', 'number', '1')
      ['', 'x', ' 1', '1 ', '1,5', '.', 'e5', '1e', '--1', 'nan', '1e5000', '1e-5000', '0x', "1\0", '1' * 6000].each do |word|
        expect(call('INCRBYFLOAT', 'number', word)).to eq(not_float), word
        call('SET', 'a', word)
        expect(call('INCRBYFLOAT', 'a', '1')).to eq(not_float), word
      end
      expect(call('INCRBYFLOAT', 'list', 'x')).to eq wrongtype
    end

    it 'refuses infinities as sums' do
      infinite = error('ERR increment would produce NaN or Infinity')
      call('SET', 'a', '1')
      expect(call('INCRBYFLOAT', 'a', 'inf')).to eq infinite
      expect(call('INCRBYFLOAT', 'a', '-Infinity')).to eq infinite
      call('SET', 'a', 'inf')
      expect(call('INCRBYFLOAT', 'a', '-inf')).to eq infinite
      call('SET', 'a', '1.1e4932')
      expect(call('INCRBYFLOAT', 'a', '1.1e4932')).to eq infinite
    end
  end

  describe 'APPEND and SETRANGE' do
    it 'APPEND creates, extends and keeps the expiry' do
      absent_keys.each { |key| expect(call('APPEND', key, 'ab')).to eq 2 }
      call('EXPIRE', 'absent', 100)
      expect(call('APPEND', 'absent', binary)).to eq 258
      expect(call('APPEND', 'absent', '')).to eq 258
      expect(call('GET', 'absent')).to eq "ab#{binary}".b
      expect(call('TTL', 'absent')).to be_between(95, 100)
      expect(call('APPEND', 'new', '')).to eq 0
      expect(call('EXISTS', 'new')).to eq 1
      expect(call('APPEND', 'list', 'x')).to eq wrongtype
    end

    it 'APPEND grows a value to megabytes' do
      block = Random.new(1).bytes(300_000)
      5.times { |i| expect(call('APPEND', 'a', block)).to eq (i + 1) * 300_000 }
      expect(call('GET', 'a')).to eq block * 5
      expect(call('GETRANGE', 'a', 299_999, 300_001)).to eq block[-1] + block[0, 2]
    end

    it 'SETRANGE overwrites, extends and pads with zero bytes' do
      call('SET', 'a', 'Hello World', 'EX', 100)
      expect(call('SETRANGE', 'a', 6, 'Redis')).to eq 11
      expect(call('GET', 'a')).to eq 'Hello Redis'
      expect(call('SETRANGE', 'a', 9, '123456')).to eq 15
      expect(call('SETRANGE', 'a', 17, 'x')).to eq 18
      expect(call('GET', 'a')).to eq "Hello Red123456\0\0x"
      expect(call('SETRANGE', 'a', 1, 'E')).to eq 18
      expect(call('TTL', 'a')).to be_between(95, 100)
      absent_keys.each do |key|
        expect(call('SETRANGE', key, 3, 'x')).to eq 4
        expect(call('GET', key)).to eq "\0\0\0x"
      end
    end

    it 'SETRANGE of nothing changes nothing' do
      call('SET', 'a', 'abc')
      expect(call('SETRANGE', 'a', 100, '')).to eq 3
      absent_keys.each do |key|
        expect(call('SETRANGE', key, 100, '')).to eq 0
        expect(call('EXISTS', key)).to eq 0
      end
      expect(call('GET', 'a')).to eq 'abc'
    end

    it 'SETRANGE checks its offset, then the type, then the size' do
      expect(call('SETRANGE', 'list', 'x', 'a')).to eq not_integer
      expect(call('SETRANGE', 'list', -1, '')).to eq error('ERR offset is out of range')
      expect(call('SETRANGE', 'list', 536_870_912, 'a')).to eq wrongtype
      expect(call('SETRANGE', 'list', 0, '')).to eq wrongtype
      expect(call('SETRANGE', 'a', 536_870_912, 'a')).to eq too_long
      expect(call('SETRANGE', 'a', 536_870_911, 'ab')).to eq too_long
      expect(call('SETRANGE', 'a', last_integer, 'a')).to eq too_long
      expect(call('EXISTS', 'a')).to eq 0
    end
  end

  describe 'LCS' do
    before { call('MSET', 'a', 'ohmytext', 'b', 'mynewtext', 'empty', '') }

    it 'answers the sequence, or its length' do
      expect(call('LCS', 'a', 'b')).to eq 'mytext'
      expect(call('LCS', 'a', 'b', 'len')).to eq 6
      expect(call('LCS', 'a', 'a')).to eq 'ohmytext'
      expect(call('LCS', 'a', 'absent')).to eq ''
      expect(call('LCS', 'empty', 'a', 'LEN')).to eq 0
      expect(call('LCS', 'a', 'b', 'WITHMATCHLEN', 'MINMATCHLEN', 4)).to eq 'mytext'
    end

    it 'answers where it is, from the end' do
      matches = [[[4, 7], [5, 8]], [[2, 3], [0, 1]]]
      expect(call('LCS', 'a', 'b', 'IDX')).to eq ['matches', matches, 'len', 6]
      expect(call3('LCS', 'a', 'b', 'IDX')).to eq('matches' => matches, 'len' => 6)
      expect(call('LCS', 'a', 'b', 'IDX', 'MINMATCHLEN', 3)).to eq ['matches', matches.take(1), 'len', 6]
      expect(call('LCS', 'a', 'b', 'IDX', 'MINMATCHLEN', -3, 'WITHMATCHLEN')).to eq(
        ['matches', [[[4, 7], [5, 8], 4], [[2, 3], [0, 1], 2]], 'len', 6]
      )
      expect(call('LCS', 'a', 'absent', 'IDX')).to eq ['matches', [], 'len', 0]
    end

    it 'chooses among equal sequences as Redis does' do
      call('MSET', 'x', 'abcbdabxxcbabcc', 'y', 'bdcabaxcbbacbac')
      expect(call('LCS', 'x', 'y')).to eq 'bdabxcbbcc'
      expect(call('LCS', 'y', 'x')).to eq 'bcbaxcbabc'
    end

    it 'takes a thousand bytes quickly' do
      random = Random.new(1)
      call('MSET', 'x', Array.new(1000) { random.rand(97..100).chr }.join, 'y', Array.new(1000) { random.rand(97..100).chr }.join)
      expect(call('LCS', 'x', 'y', 'LEN')).to eq 648
      expect(call('LCS', 'x', 'y').size).to eq 648
    end

    it 'checks the type, then its options' do
      expect(call('LCS', 'a', 'list', 'FOO')).to eq error('ERR The specified keys must contain string values')
      expect(call('LCS', 'list', 'a')).to eq error('ERR The specified keys must contain string values')
      expect(call('LCS', 'a', 'b', 'FOO')).to eq syntax_error
      expect(call('LCS', 'a', 'b', 'MINMATCHLEN')).to eq syntax_error
      expect(call('LCS', 'a', 'b', 'MINMATCHLEN', 'x')).to eq not_integer
      expect(call('LCS', 'a', 'b', 'LEN', 'IDX')).to eq error('ERR If you want both the length and indexes, please just use IDX.')
      expect(call('LCS', 'a')).to eq wrong_arity('lcs')
    end
  end
end
