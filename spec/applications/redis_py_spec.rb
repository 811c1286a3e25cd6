# redis-py (Debian's python3-redis) at two proxies. RQ and BullMQ look for their workers by the names in CLIENT LIST.
require 'json'
require 'open3'

RSpec.describe 'redis-py' do
  # Runs the body of a Python program with `one` and `other`, connections to two proxies; what it gives to tell().
  def python(body)
    program = <<~PYTHON + body
      import json, sys, redis
      one, other = [redis.Redis(port=int(port), client_name=f'rq:worker:{place}', single_connection_client=True, decode_responses=True)
                    for place, port in enumerate(sys.argv[1:])]
      def tell(what): json.dump(what, sys.stdout)
    PYTHON
    output, status = Open3.capture2e('/usr/bin/python3', '-', ports.first.to_s, ports.last.to_s, stdin_data: program)
    expect(status).to be_success, output
    JSON.parse(output)
  end

  it 'finds the workers of all proxies by their names' do
    found = python(<<~PYTHON)
      tell([sorted(client['name'] for client in connection.client_list() if client['name'].startswith('rq:worker:'))
            for connection in (one, other)])
    PYTHON
    expect(found).to eq [%w[rq:worker:0 rq:worker:1]] * 2
  end

  it 'kills, pauses and sets at the other proxy' do
    told = python(<<~PYTHON)
      ids = [client['id'] for client in one.client_list() if client['name'] == 'rq:worker:1']
      paused, unpaused = one.client_pause(60000, all=False), other.client_unpause()
      one.config_set('slowlog-max-len', 99)
      length = other.config_get('slowlog-max-len')
      other.config_set('slowlog-max-len', 128)
      killed = one.client_kill_filter(_id=ids[0])
      left = [client['name'] for client in one.client_list() if client['name'].startswith('rq:worker:')]
      tell([len(ids), paused, unpaused, length, killed, left])
    PYTHON
    expect(told).to eq [1, true, 'OK', { 'slowlog-max-len' => '99' }, 1, ['rq:worker:0']]
  end

  it 'understands what MONITOR shows' do
    told = python(<<~PYTHON)
      third = redis.Redis(port=int(sys.argv[1]))
      with third.monitor() as monitor:
          one.set('a "key"', b'\\x00\\xff')
          shown = next(monitor.listen())
          while not shown['command'].startswith('SET'):
              shown = next(monitor.listen())
          tell([shown['db'], shown['client_type'], shown['command']])
    PYTHON
    expect(told).to eq [0, 'tcp', 'SET a "key" \x00\xff']
  end
end
