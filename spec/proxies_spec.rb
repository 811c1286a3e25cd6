# The proxies of one database, as one server.
require_relative 'spec_helper'
require_relative 'support/private_cluster'

RSpec.describe 'the proxies of a database', pgredis_only: 'Redis has none' do
  let(:url) { ENV.fetch('SPEC_DATABASE_URL') }

  def listed
    sql('SELECT id FROM redis.proxies ORDER BY id').map { |row| Integer(row['id']) }
  end

  it 'are listed as long as they are alive, however they end' do
    before = listed
    expect(before.size).to eq ports.size
    killed, stopped = Array.new(2) { PrivateProxy.new(url) }
    eventually { expect(listed.size).to eq before.size + 2 }
    killed.kill
    stopped.stop
    eventually { expect(listed).to eq before }
  end

  it 'are listed again after their connection to Postgres was lost' do
    before = listed
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pgredis control'")
    sql('DELETE FROM redis.proxies')
    eventually { expect(listed).to eq before }
  end
end
